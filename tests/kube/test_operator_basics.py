"""The operator on the real API server, when nothing is wrong: what it writes, and that it writes nothing more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kube.operator_kit import FINALIZER, Cluster, FakeCore, RunningOperator, fast, wait_until
from tools.controlplane import ControlPlane

pytestmark = pytest.mark.kube


@pytest.fixture(scope="module")
def installed(control_plane: ControlPlane) -> tuple[Cluster, Path]:
    """A cluster that serves our kinds, and the operator's kubeconfig."""
    cluster = Cluster(control_plane)
    return cluster, cluster.install()


@pytest.fixture
def core() -> FakeCore:
    """A core that needs no AWS."""
    return FakeCore()


@pytest.fixture
def cluster(installed: tuple[Cluster, Path]) -> Cluster:
    """The API server."""
    return installed[0]


@pytest.fixture
def running(installed: tuple[Cluster, Path], core: FakeCore) -> Iterator[RunningOperator]:
    """An operator that is ready."""
    with RunningOperator(fast(installed[1]), core) as operator:
        wait_until(operator.is_ready, "the operator is ready")
        yield operator
    assert operator.code == 0


def test_new_policy_gets_finalizer_status_and_event(cluster: Cluster, running: RunningOperator) -> None:
    """One pass after the creation everything is there."""
    namespace = cluster.namespace()
    cluster.policy(namespace, "orders")
    wait_until(lambda: cluster.ready(namespace, "orders") == "Protected", "the status is written")
    events = wait_until(lambda: cluster.events(namespace, "orders"), "the event is posted")

    body = cluster.get(namespace, "orders") or {}
    assert body["metadata"]["finalizers"] == [FINALIZER]
    assert "annotations" not in body["metadata"] or not [
        each for each in body["metadata"]["annotations"] if "kopf" in each
    ]
    assert [(each["reason"], each["reportingController"]) for each in events] == [
        ("Protected", "crossvault.io/crossvault")
    ]
