"""The real commands as processes of their own: killed without warning, asked for plans, ended with a signal."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.kit import recorded
from tests.kit import stage as scene
from tools.demo.world import operator_environment
from tools.processes import TetheredProcess

from backup_simulator.server import SimulatorServer

GOAL = "--until-protected"
DEADLINE = 90.0


class Machine:
    """A folder with manifests, an AWS with a running clock, and our command."""

    def __init__(self, folder: Path, aws: SimulatorServer) -> None:
        self.folder, self.aws = folder, aws
        self.manifests = folder / "manifests"
        self.manifests.mkdir()
        self.environment = operator_environment(aws)
        self.declare()

    def declare(self, **spec: Any) -> None:
        """Write the manifests."""
        policy = scene.policy(**spec)
        del policy["status"]
        del policy["metadata"]["generation"]
        accounts = [{**each, "metadata": {"name": name}} for name, each in scene.accounts().items()]
        for each in accounts:
            each["spec"]["limits"] = {"readsPerSecond": 50, "startsPerSecond": 5}
        text = yaml.safe_dump_all([*accounts, policy], allow_unicode=True)
        (self.manifests / "all.yaml").write_text(text, "utf-8")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ours to its end."""
        command = [sys.executable, "-m", "crossvault", words[0], "-f", str(self.manifests), *words[1:]]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=DEADLINE, check=False
        )

    def keep(self, number: int, *goal: str) -> TetheredProcess:
        """Start ``crossvault run`` and leave it running."""
        words: list[str | Path] = [sys.executable, "-m", "crossvault", "run", "-f", self.manifests]
        return TetheredProcess(
            [*words, *goal, "--interval", "2s", "--follow-interval", "1s"],
            log=self.folder / f"run-{number}.log",
            environment=self.environment,
        )

    def jobs(self) -> Counter[str]:
        """Count the copy jobs AWS has by recovery point."""
        with self.aws.simulator.lock:
            jobs = self.aws.state.accounts[scene.PRODUCTION].regions[scene.HOME].copy_jobs.values()
            return Counter(each.source_point_arn for each in jobs)

    def copies(self) -> Counter[tuple[str, float]]:
        """Count the copies in the destination vault."""
        with self.aws.simulator.lock:
            vault = self.aws.control.vault(scene.BACKUP, scene.AWAY, "orders-copies")
            return Counter((each.resource_arn, each.created) for each in vault.points.values())


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine whose AWS copies within a second."""
    world = scene.world()
    world["clock"] = {"start": "now"}
    world["durations"] = {"created": 0.3, "running": 1}
    with SimulatorServer(world) as aws:
        yield Machine(tmp_path, aws)


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_moments(machine: Machine, seed: int) -> None:
    """SIGKILL after a random number of AWS calls, three times, then a life to the end: everything is copied once."""
    chance = random.Random(seed)  # noqa: S311 - the same moments every time, as far as a machine can
    for life in range(3):
        process = machine.keep(life, GOAL)
        wanted = len(machine.aws.control.calls()) + chance.randrange(1, 45)
        try:
            end = time.monotonic() + DEADLINE
            while process.running and len(machine.aws.control.calls()) < wanted:
                assert time.monotonic() < end, process.last_lines()
                time.sleep(0.002)
        finally:
            process.kill()
    process = machine.keep(9, GOAL)
    try:
        assert process.wait(DEADLINE), process.last_lines()
    finally:
        process.kill()
    assert machine.jobs().keys() == {each for each in machine.jobs() if machine.jobs()[each] == 1}
    assert set(machine.copies().values()) == {1}
    assert len(machine.copies()) == len(scene.POINTS)


@pytest.mark.parametrize(
    ("number", "goal", "code"),
    [
        pytest.param(signal.SIGTERM, (), 0, id="a service that is stopped has done what it was for"),
        pytest.param(signal.SIGINT, (), 130, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, (GOAL,), 2, id="a goal that is not reached"),
        pytest.param(signal.SIGINT, (GOAL,), 130, id="Ctrl-C before the goal"),
    ],
)
def test_a_signal_ends_the_run_with_a_table(
    machine: Machine, number: signal.Signals, goal: tuple[str, ...], code: int
) -> None:
    """The pass under way comes to its end, the table says how things stand, and no started copy is lost."""
    process = machine.keep(0, *goal)
    try:
        end = time.monotonic() + DEADLINE
        while not machine.aws.control.calls(operation="StartCopyJob"):
            assert time.monotonic() < end, process.last_lines()
            time.sleep(0.01)
        process.send(number)
        assert process.wait(30), process.last_lines()
    finally:
        process.kill()
    assert process.returncode == code, process.last_lines()
    assert "NAMESPACE" in process.last_lines()
    assert "Copies that AWS has accepted go on there." in process.last_lines()
    assert set(machine.jobs().values()) == {1}


def test_who_asks_twice_does_not_wait_for_aws(machine: Machine) -> None:
    """A second Ctrl-C while a call hangs ends the process at once."""
    machine.aws.control.faults.add("hang", operation="ListRecoveryPointsByBackupVault", seconds=60)
    process = machine.keep(0)
    try:
        end = time.monotonic() + DEADLINE
        while not machine.aws.control.calls(operation="GetCallerIdentity"):
            assert time.monotonic() < end, process.last_lines()
            time.sleep(0.01)
        process.send(signal.SIGINT)
        while process.running:
            assert time.monotonic() < end, process.last_lines()
            process.send(signal.SIGINT)
            time.sleep(0.05)
    finally:
        process.kill()
    assert process.returncode == 130


def test_the_exit_codes_of_a_plan(machine: Machine) -> None:
    """2 while there is something to do, 0 when there is nothing, 1 when AWS cannot be looked at; never a write."""
    first = machine.run("plan", "-o", "json")
    assert first.returncode == 2, first.stderr
    assert not machine.aws.control.calls(mutating=True)
    document = json.loads(first.stdout)
    assert document["apiVersion"] == "cli.crossvault.io/v1"
    assert document["kind"] == "Plan"
    assert document["summary"] == {
        "policies": 1,
        "toAdd": document["summary"]["toAdd"],
        "toChange": 0,
        "toRemove": 0,
        "copies": len({each["resource"] for each in scene.POINTS}),
        "copiesBytes": document["summary"]["copiesBytes"],
        "copiesFollow": 1,  # the older one of a disk, of which one copy runs at a time
        "copiesWait": 0,
        "copiesHeld": 0,
        "copiesWhole": len(scene.POINTS),
        "copiesWholeBytes": document["summary"]["copiesWholeBytes"],
        "unmet": 0,
        "unknown": 0,
        "failed": 0,
        "needsAction": 0,
        "lost": 0,
        "lifecycles": 0,
        "hazards": 0,
        "notReady": 0,
        "sharedPairs": 0,
        "notLookedAt": 0,
        "notActing": 0,
        "awsReads": document["summary"]["awsReads"],
        "awsWrites": 0,
    }
    (policy,) = document["policies"]
    assert set(policy) == {"policy", "mode", "suspended", "acts", "source", "destinations"}
    assert set(policy["destinations"][0]) == {
        *("name", "vault", "account", "looked", "toAdd", "toChange", "changes", "copies", "unmet", "states", "pairing"),
        *("hazards", "reasons", "needsAction", "failures", "existingCopies"),
    }

    done = machine.run("run", "--until-protected", "--interval", "2s", "--follow-interval", "1s")
    assert done.returncode == 0, done.stderr
    machine.aws.control.clear_calls()
    assert machine.run("plan").returncode == 0
    machine.aws.control.faults.add("error", service="backup", status=403, code="AccessDeniedException")
    blind = machine.run("plan", "-o", "json")
    assert blind.returncode == 1
    assert json.loads(blind.stdout)["policies"][0]["problem"]["reason"] == "AccessDenied"
    assert not machine.aws.control.calls(mutating=True)


def test_a_plan_of_nothing_usable(machine: Machine) -> None:
    """A folder without policies, and manifests that the schema refuses, end with 1 and say why."""
    machine.declare(destinations=[scene.destination(vault={"name": "Default"})])
    refused = machine.run("plan")
    assert refused.returncode == 1
    assert "the vault named Default cannot receive copies" in refused.stderr
    (machine.manifests / "all.yaml").unlink()
    empty = machine.run("plan")
    assert empty.returncode == 1
    assert not machine.aws.control.calls()


def test_once_does_one_pass(machine: Machine) -> None:
    """Run --once: copies have begun, not ended, so its exit code is 2."""
    once = machine.run("run", "--once")
    assert once.returncode == 2, once.stderr
    assert len(machine.jobs()) == 3


def test_a_run_tells_machines_and_people_what_is_wrong(machine: Machine) -> None:
    """One JSON document of all statuses, its summary first; as text the table, and below it what is wrong and why."""
    quota = recorded.said("user-snapshots")
    machine.aws.control.order("FAILED", message=quota, category="LIMIT_EXCEEDED")
    machine.run("run", "--timeout", "8s", "--interval", "2s", "--follow-interval", "1s")
    done = machine.run("run", "--once", "-o", "json")
    document = json.loads(done.stdout)
    text = machine.run("run", "--once").stdout

    assert done.returncode == 2, done.stderr
    assert list(document) == ["apiVersion", "kind", "summary", "policies", "organizations"]
    assert (document["kind"], document["summary"]["policies"]) == ("Status", 1)
    assert document["summary"]["failed"] in {3, 4}  # the older point of a disk is tried after the newer one
    (policy,) = document["policies"]
    assert policy["status"]["failures"][0]["reason"] == "QuotaExceeded"
    assert policy["status"]["failures"][0]["retryAt"]
    assert text.splitlines()[0].split()[:4] == ["NAMESPACE", "NAME", "READY", "REASON"]
    assert f"QuotaExceeded (time ends it): {quota}" in text
    assert "tried again at" in text


def test_what_turns_false_is_a_warning_in_the_log(machine: Machine) -> None:
    """Each condition, once, in its own words."""
    machine.declare(mode="Observe")
    once = machine.run("run", "--once", "--log-format", "json")
    lines = [json.loads(line) for line in once.stderr.splitlines() if line.startswith("{")]
    warned = [each["msg"] for each in lines if each["level"] == "warning"]

    assert len([each for each in warned if "DestinationVault: Account dr has no vault" in each]) == 1
    assert [each for each in warned if each.startswith("Synced is False: Drifted (")]


def test_a_policy_that_observes_runs_without_a_write(machine: Machine) -> None:
    """Run --once in mode Observe tells the drift and makes no mutating call."""
    machine.declare(mode="Observe")
    once = machine.run("run", "--once")
    assert once.returncode == 2, once.stderr
    assert not machine.aws.control.calls(mutating=True)
