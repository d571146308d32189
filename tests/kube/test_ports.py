"""The real process under attack on its ports, and scrapers that the real API server knows."""

import json
import re
import resource
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest
from tests.kit.chart import CHART, NAMESPACE, helm
from tests.kit.kube_operator import Cluster, FakeCore, RunningOperator, fast
from tests.kit.operator_process import process
from tests.kit.waiting import until
from tools.controlplane import ControlPlane

pytestmark = pytest.mark.kube

CROWD = 1100
FILES = 400
"""How many files the process may have open: fewer than there are attackers."""
HALF = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Half: "
PORTS = re.compile(r"metrics are on port (\d+), probes on port (\d+)")


def get(port: int, path: str, token: str = "") -> tuple[int, str]:
    """Ask as a kubelet or Prometheus does."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - http, our own server
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


@contextmanager
def crowd(*ports: int, number: int = CROWD) -> Iterator[None]:
    """Hold connections open on each port that have sent half a request."""
    wanted = number * len(ports) + 200
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], wanted), before[1]))
    with ExitStack() as held:
        held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        for _ in range(number):
            for port in ports:
                one = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
                one.sendall(HALF)
        yield


def open_files(pid: int) -> int:
    """Return how many files a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_crowd_of_half_sent_requests_does_no_harm(control_plane: ControlPlane, tmp_path: Path) -> None:
    """More of them than the process may have files, on both ports: scrapes, probes and policies go on."""
    cluster = Cluster(control_plane)
    kubeconfig, log = cluster.install(), tmp_path / "log"
    cluster.clear()
    namespace = cluster.namespace()
    with process(log, kubeconfig) as running:
        resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
        found = until(lambda: PORTS.findall(log.read_text()), "the ports are told")
        metrics, probes = map(int, found[0])
        until(lambda: get(probes, "/readyz")[0] == 200, "it is ready")
        calm = open_files(running.pid)
        with crowd(metrics, probes):
            answers = [(get(metrics, "/metrics"), get(probes, "/healthz")) for _ in range(10)]
            most = open_files(running.pid)
            cluster.policy(namespace, "orders")
            until(lambda: cluster.ready(namespace, "orders"), "policies are looked after")
            answers += [(get(metrics, "/metrics"), get(probes, "/healthz"))]
        until(lambda: open_files(running.pid) <= calm + 10, "the connections are gone")
        ended = running.poll()

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(page[0], "crossvault_build_info" in page[1], health) for page, health in answers] == [
        (200, True, (200, "ok\n"))
    ] * 11
    assert most < calm + 150
    assert ended is None
    assert [line for line in lines if line["level"] != "info"] == []


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[ControlPlane, RunningOperator]]:
    """A cluster with the release and its metrics guarded, and the operator as its ServiceAccount."""
    with ControlPlane.start() as plane:
        words = ("install", "crossvault", CHART, "--namespace", NAMESPACE, "--create-namespace")
        result = helm(*words, "--set", "metrics.authorization.enabled=true", plane=plane)
        assert result.returncode == 0, result.stderr
        Cluster(plane).apply_crds()
        for name in ("prometheus", "stranger"):
            plane.kubectl("create", "serviceaccount", name, "-n", NAMESPACE)
        plane.kubectl(
            *("create", "clusterrolebinding", "scrape", "--clusterrole=crossvault-metrics-reader"),
            f"--serviceaccount={NAMESPACE}:prometheus",
        )
        kubeconfig = plane.kubeconfig_for_service_account(NAMESPACE, "crossvault")
        running = RunningOperator(fast(kubeconfig, authorize_scrapers=True), FakeCore())
        running.around.metrics = lambda: b"metric 1\n"
        with running:
            until(running.is_ready, "it is ready")
            yield plane, running


def test_metrics_are_for_whom_rbac_lets_get_them(guarded: tuple[ControlPlane, RunningOperator]) -> None:
    """With the rights that the chart gives the operator, and the role that it brings for Prometheus."""
    plane, running = guarded
    port = running.around.metrics_port
    tokens = {name: plane.service_account_token(NAMESPACE, name) for name in ("prometheus", "stranger", "crossvault")}

    answers = {name: get(port, "/metrics", token) for name, token in tokens.items()}

    assert answers.pop("prometheus") == (200, "metric 1\n")
    assert {code for code, _ in answers.values()} == {403}
    assert get(port, "/metrics")[0] == 401
    assert get(port, "/metrics", tokens["prometheus"][:-4] + "AAAA")[0] == 401
    assert get(running.around.probe_port, "/healthz") == (200, "ok\n")


def test_scrapers_are_asked_about_once_in_a_while(guarded: tuple[ControlPlane, RunningOperator]) -> None:
    """Twenty scrapes of one scraper are one question to the API server."""
    plane, running = guarded
    token = plane.service_account_token(NAMESPACE, "prometheus")

    def asked() -> int:
        counts = plane.request_counts().counts.items()
        return sum(number for request, number in counts if request.resource == "subjectaccessreviews")

    before = asked()
    answers = {get(running.around.metrics_port, "/metrics", token)[0] for _ in range(20)}

    assert answers == {200}
    assert asked() - before == 1
