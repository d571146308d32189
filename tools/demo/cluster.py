"""The demo on a real Kubernetes API: the operator runs with exactly the rights that its chart grants."""

from __future__ import annotations

import itertools
import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from backup_simulator.server import SimulatorServer
from tools import binaries
from tools.controlplane import ControlPlane
from tools.processes import ReservedPort, TetheredProcess

from . import stage, world

NAMESPACE = "crossvault-system"
CRD_HOLD = timedelta(seconds=3)  # two, and one for a condition's whole seconds
CHART = world.ROOT / "deploy" / "helm" / "crossvault"
SHOWN = (
    "crossvault_recovery_points{",
    "crossvault_copy_lag_seconds{",
    "crossvault_drift{",
    'crossvault_policy_condition{condition="Ready"',
)


class ClusterDemo:
    """One run. Everything it starts ends with the ``with`` blocks of :func:`run`."""

    def __init__(self, plane: ControlPlane, aws: SimulatorServer, programs: dict[str, Path]) -> None:
        self.plane, self.aws, self.programs = plane, aws, programs
        self.administrator = world.Administrator(aws)
        self.metrics_port, self.probe_port = ReservedPort(), ReservedPort()
        self.applied_at = datetime.now(UTC)

    def install(self) -> None:
        """Install the chart, as a user would."""
        words = ["helm", "install", "crossvault", "deploy/helm/crossvault", "-n", NAMESPACE, "--create-namespace"]
        stage.command(words)
        answer = subprocess.run(
            [self.programs["helm"], *words[1:3], CHART, *words[4:]],
            env=self.plane.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            raise stage.DemoError(answer.stderr)
        stage.say("\n".join(line for line in answer.stdout.splitlines() if line.startswith(("STATUS", "NAME:"))))
        self.plane.kubectl("wait", "--for=condition=Established", "crd", "-l", "app.kubernetes.io/name=crossvault")

    def settle(self) -> None:
        """Wait until the new CRDs are as old as they are whenever a person gets to use them.

        The API server holds the first object of a CRD back for two seconds while its Established condition is younger
        than that (apiextensions-apiserver, customresource_handler.go), which would be counted as ours.
        """

        def old_enough() -> bool | None:
            crds = json.loads(self.plane.kubectl("get", "crd", "-o", "json").stdout)["items"]
            since = [
                datetime.fromisoformat(each["lastTransitionTime"])
                for crd in crds
                for each in crd["status"]["conditions"]
                if each["type"] == "Established"
            ]
            return datetime.now(UTC) - max(since) > CRD_HOLD or None

        stage.wait("the CRDs to settle", old_enough, timeout=30)

    def start_operator(self) -> TetheredProcess:
        """Run the operator as a process with the token of the chart's ServiceAccount: there are no nodes here."""
        kubeconfig = self.plane.kubeconfig_for_service_account(NAMESPACE, "crossvault")
        self.metrics_port.release()
        self.probe_port.release()
        operator = TetheredProcess(
            [
                *(sys.executable, "-m", "crossvault", "operator", "--kubeconfig", kubeconfig),
                *("--metrics-port", str(self.metrics_port.number), "--probe-port", str(self.probe_port.number)),
                *("--interval", "3s", "--follow-interval", "1s"),
                *("--log-format", "text"),
            ],
            log=self.plane.folder / "operator.log",
            environment=world.operator_environment(self.aws),
        )
        stage.wait("the operator's first lists", lambda: self._ready(operator), timeout=60)
        return operator

    def _ready(self, operator: TetheredProcess) -> bool | None:
        if not operator.running:
            raise stage.DemoError(f"the operator ended:\n{operator.last_lines()}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.probe_port.number}/readyz", timeout=2) as answer:
                return True if answer.status == 200 else None
        except OSError:
            return None

    def apply(self) -> None:
        """Declare the accounts and the policy."""
        stage.command(["kubectl", "apply", "-f", "examples/quickstart/"])
        self.applied_at = datetime.now(UTC)
        stage.say(self.plane.kubectl("apply", "-f", world.MANIFESTS).stdout)

    def follow(self) -> None:
        """Show the table whenever it says something new, until every recovery point has its copy."""
        stage.command(["kubectl", "get", "cabp", "-A"])
        shown: list[str] = []

        def look() -> bool | None:
            policy = self.policy()
            ready = condition(policy, "Ready")
            summary = policy.get("status", {}).get("summary", {})
            fact = f"{ready.get('reason')} {summary.get('copied')}"
            if fact not in shown:
                table = steady(self.plane.kubectl("get", "cabp", "-A").stdout.splitlines())
                stage.say("\n".join(table if not shown else table[1:]))
                shown.append(fact)
            copied = str(summary.get("copied", "")).split("/")
            return True if ready.get("reason") == "Protected" and copied[0] == copied[-1] else None

        stage.wait("all copies", look, timeout=180)

    def policy(self) -> dict[str, Any]:
        """Return the policy object."""
        answer = self.plane.kubectl("get", "cabp", "orders", "-n", "orders", "-o", "json").stdout
        found: dict[str, Any] = json.loads(answer)
        return found

    def first_start(self) -> float:
        """Return the seconds from ``kubectl apply`` to the first StartCopyJob."""
        return self.aws.control.calls(operation="StartCopyJob")[0].time - self.applied_at.timestamp()

    def show_conditions(self) -> None:
        """Print the conditions and the events."""
        for each in self.policy()["status"]["conditions"]:
            stage.say(f"{each['type']:<17} {each['status']:<8} {each['reason']:<17} {each['message']}")
        words = ["get", "events", "-n", "orders", "--sort-by=.metadata.creationTimestamp"]
        stage.command(["kubectl", *words])
        columns = "custom-columns=TYPE:.type,REASON:.reason,MESSAGE:.message"
        stage.say(self.plane.kubectl(*words, "-o", columns).stdout)

    def show_metrics(self) -> None:
        """Print some of what Prometheus would scrape."""
        stage.command(["curl", "-s", f"http://127.0.0.1:{self.metrics_port.number}/metrics"])
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port.number}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        stage.say("\n".join(line for line in lines if line.startswith(SHOWN)))

    def break_and_repair(self) -> float:
        """Remove the vault policy by hand and wait for the operator to find and mend it; return the seconds."""
        stage.command(["aws", "backup", "delete-backup-vault-access-policy", "--backup-vault-name", "orders-copies"])
        self.administrator.remove_policy()
        began = time.monotonic()
        stage.wait("the repair", self.administrator.policy, timeout=60)
        seconds = time.monotonic() - began
        message = stage.wait("the event", self._drift_event, timeout=30)
        stage.say(f"after {seconds:.0f} s: {message}")
        return seconds

    def _drift_event(self) -> str | None:
        template = '{.items[?(@.reason=="DriftCorrected")].message}'
        answer = self.plane.kubectl("get", "events", "-n", "orders", "-o", f"jsonpath={template}").stdout
        return answer or None


def steady(table: list[str]) -> list[str]:
    """Give the columns of kubectl a width that stays from one table to the next."""
    heads = list(re.finditer(r"\S+( \S+)*", table[0]))
    bounds = [(each.start(), after.start()) for each, after in itertools.pairwise(heads)]
    bounds.append((heads[-1].start(), max(map(len, table))))
    widths = [max(len(each[0]), 10) + 1 for each in heads]

    def again(line: str) -> str:
        cells = (line[start:end].strip() for start, end in bounds)
        return " ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()

    return [again(line) for line in table]


def condition(policy: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return one condition of an object, empty when there is none."""
    found = policy.get("status", {}).get("conditions", [])
    return next((each for each in found if each["type"] == kind), {})


def run(*, keep: bool) -> None:
    """Play the demo.

    Raises:
        stage.DemoError: Something did not happen that should have.
    """
    began = time.monotonic()
    stage.title(1, "Tools: a real Kubernetes API server, etcd and Helm (fetched or built once, then cached)")
    programs = binaries.ensure("kube-apiserver", "etcd", "kubectl", "helm")
    stage.say(f"in {programs['kube-apiserver'].parent}")
    stage.title(2, "Start the API server, and an AWS with a payer, a production and an empty backup account")
    with world.serve() as aws, ControlPlane.start() as plane:
        stage.say(f"Kubernetes {plane.url}   AWS {aws.url}")
        demo = ClusterDemo(plane, aws, programs)
        operator = None
        try:
            stage.title(3, "Install the chart, and run the operator as its ServiceAccount")
            demo.install()
            operator = demo.start_operator()
            demo.settle()
            stage.title(4, "Declare what is wanted")
            demo.apply()
            stage.title(5, "Watch every recovery point arrive in the other account")
            demo.follow()
            stage.title(6, "What is true now")
            demo.show_conditions()
            demo.show_metrics()
            stage.title(7, "Somebody removes the vault's policy by hand")
            repaired = demo.break_and_repair()
            stage.title(8, "Summary")
            copies, first = demo.administrator.copies(), demo.first_start()
            stage.say(f"{copies} recovery points of account 111111111111 also lie in account 222222222222.")
            stage.say(f"First StartCopyJob {first:.1f} s after kubectl apply; drift repaired in {repaired:.0f} s.")
            stage.say(f"The demo took {time.monotonic() - began:.0f} s.")
            if keep:
                leave_running(plane, aws)
        finally:
            if operator is not None:
                operator.stop(10)


def leave_running(plane: ControlPlane, aws: SimulatorServer) -> None:
    """Print how to reach everything and wait for Ctrl-C."""
    click.echo()
    click.echo(f"export KUBECONFIG={plane.kubeconfig_admin()}")
    for name, value in world.exports(aws, *world.BACKUP_ADMIN, world.DESTINATION_REGION).items():
        click.echo(f"export {name}={value}")
    click.echo(f"# operator log: {plane.folder / 'operator.log'}")
    click.echo("# Everything runs until Ctrl-C.")
    signal.pause()
