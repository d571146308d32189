"""The demo without Kubernetes: the same engine over the same manifests, from files."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from backup_simulator.server import SimulatorServer
from tools.processes import TetheredProcess

from . import stage, world


def crossvault(aws: SimulatorServer, *words: str) -> int:
    """Run a command of ours to its end, show what it prints, and return its exit code."""
    stage.command(["crossvault", *words[:-1], "examples/quickstart/"])
    answer = subprocess.run(
        [sys.executable, "-m", "crossvault", *words],
        env=world.operator_environment(aws),
        capture_output=True,
        text=True,
        check=False,
    )
    stage.say(answer.stdout or answer.stderr)
    return answer.returncode


def run(*, keep: bool) -> None:
    """Play the demo.

    Raises:
        stage.DemoError: Something did not happen that should have.
    """
    began = time.monotonic()
    manifests = str(world.MANIFESTS)
    stage.title(1, "Start an AWS with a payer, a production and an empty backup account")
    with world.serve() as aws, tempfile.TemporaryDirectory(prefix="crossvault-demo-") as scratch:
        stage.say(f"AWS {aws.url}")
        administrator = world.Administrator(aws)
        stage.title(2, "What would be done")
        expect(crossvault(aws, "plan", "-f", manifests), 2, "crossvault plan")
        stage.title(3, "Do it, and go on keeping it so")
        runner = TetheredProcess(
            [
                *(sys.executable, "-m", "crossvault", "run", "-f", manifests),
                *("--interval", "3s", "--follow-interval", "1s"),
            ],
            log=Path(scratch) / "run.log",
            environment=world.operator_environment(aws),
        )
        try:
            follow(administrator)
            stage.title(4, "Somebody removes the vault's policy by hand")
            repaired = break_and_repair(administrator)
            stage.title(5, "What would be done now")
            expect(crossvault(aws, "plan", "-f", manifests), 0, "crossvault plan")
            if keep:
                leave_running(aws)
        finally:
            runner.send(signal.SIGINT)
            runner.wait(10)
            runner.stop(5)
        stage.title(6, "Summary")
        stage.say(runner.last_lines(14))
        stage.say(f"Drift repaired in {repaired:.0f} s. The demo took {time.monotonic() - began:.0f} s.")


def follow(administrator: world.Administrator) -> None:
    """Count the copies in the destination vault until all are there."""
    shown: list[int] = []

    def look() -> bool | None:
        copies = administrator.copies() if administrator.policy() else 0
        if copies not in shown:
            stage.say(f"{copies} copies in the backup account")
            shown.append(copies)
        return True if copies == TOTAL else None

    stage.wait("all copies", look, timeout=120)


TOTAL = 24


def break_and_repair(administrator: world.Administrator) -> float:
    """Remove the vault policy by hand and wait for its repair; return the seconds."""
    administrator.remove_policy()
    began = time.monotonic()
    stage.wait("the repair", administrator.policy, timeout=60)
    stage.say("The statement is back.")
    return time.monotonic() - began


def expect(code: int, wanted: int, what: str) -> None:
    """Fail when a command ended otherwise."""
    if code != wanted:
        raise stage.DemoError(f"{what} ended with {code} instead of {wanted}")


def leave_running(aws: SimulatorServer) -> None:
    """Print how to reach the simulated AWS and wait for Ctrl-C."""
    stage.say("# the operator, for crossvault plan and run")
    for name, value in world.exports(aws, *world.OPERATOR, world.SOURCE_REGION).items():
        stage.say(f"export {name}={value}")
    stage.say("# an administrator of the backup account, for the AWS CLI")
    for name, value in world.exports(aws, *world.BACKUP_ADMIN, world.DESTINATION_REGION).items():
        stage.say(f"# export {name}={value}")
    stage.say("# Everything runs until Ctrl-C.")
    signal.pause()
