"""The operator as a process: how it starts, what it logs, and how fast it ends."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
from tests.kit.kube_operator import Cluster
from tests.kit.operator_process import process
from tests.kit.waiting import until
from tools.controlplane import ControlPlane

pytestmark = pytest.mark.kube


@pytest.fixture(scope="module")
def installed(control_plane: ControlPlane) -> tuple[Cluster, Path]:
    """A cluster that serves our kinds, and the operator's kubeconfig."""
    cluster = Cluster(control_plane)
    kubeconfig = cluster.install()
    cluster.clear()
    return cluster, kubeconfig


def ended(running: subprocess.Popen[bytes], number: signal.Signals) -> int:
    """Send a signal; return the exit code, which has to come well before Kubernetes kills (30 s)."""
    running.send_signal(number)
    return running.wait(20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly(installed: tuple[Cluster, Path], tmp_path: Path, number: signal.Signals) -> None:
    """Exit code 0, soon, and every line of the log is JSON with the documented keys."""
    cluster, kubeconfig = installed
    namespace, log = cluster.namespace(), tmp_path / "log"
    with process(log, kubeconfig) as running:
        cluster.policy(namespace, "orders")
        until(lambda: cluster.ready(namespace, "orders"), "the status is written")
        code = ended(running, number)

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert code == 0, log.read_text()
    passed = next(line for line in lines if line.get("name") == "orders")
    assert {"ts", "level", "msg", "namespace", "name", "pass"} <= set(passed)
    assert [line for line in lines if line["level"] != "info"] == []


def test_hanging_aws_call_does_not_hold_up_the_end(installed: tuple[Cluster, Path], tmp_path: Path) -> None:
    """A thread inside an AWS call cannot be ended; the process ends all the same."""
    cluster, kubeconfig = installed
    namespace, log = cluster.namespace(), tmp_path / "log"
    with process(log, kubeconfig, "60") as running:
        cluster.policy(namespace, "orders")
        until(lambda: "hanging" in log.read_text(), "the pass is in AWS")
        code = ended(running, signal.SIGTERM)

    assert code == 0, log.read_text()
