"""The operator on the real API server, when nothing is wrong: what it writes, and that it writes nothing more."""

import logging
import secrets
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.kit.kube_operator import ACCOUNTS, FINALIZER, GROUP, Cluster, FakeCore, RunningOperator, fast
from tests.kit.waiting import until
from tools.controlplane import ControlPlane

from crossvault.status.outcome import Cadence
from crossvault.words.reasons import Reason

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
    """An operator that is ready; its own lists come so rarely that the watch has to do the work."""
    installed[0].clear()
    with RunningOperator(fast(installed[1], relist_interval_seconds=600), core) as operator:
        until(operator.is_ready, "the operator is ready")
        until(lambda: len(operator.around.vitals.watch_activity) == 4, "everything is watched")
        yield operator
    assert operator.code == 0


def test_new_policy_gets_finalizer_status_and_event(cluster: Cluster, running: RunningOperator) -> None:
    """One pass after the creation everything is there, and nothing of kopf's."""
    namespace = cluster.namespace()
    cluster.policy(namespace, "orders")
    until(lambda: cluster.ready(namespace, "orders") == "Protected", "the status is written")
    events = until(lambda: cluster.events(namespace, "orders"), "the event is posted")

    body = cluster.get(namespace, "orders") or {}
    assert body["metadata"]["finalizers"] == [FINALIZER]
    assert "annotations" not in body["metadata"]
    assert [(each["reason"], each["reportingController"]) for each in events] == [
        ("Protected", "crossvault.io/crossvault")
    ]
    assert [report.key.name for report in running.board.reports()] == ["orders"]


def test_accounts_with_one_role_are_told_of_each_other(
    installed: tuple[Cluster, Path], cluster: Cluster, core: FakeCore
) -> None:
    """The cluster is known by its uid before the first pass, which may be over any of them."""
    found: list[str] = []
    cluster.clear()
    running = RunningOperator(fast(installed[1], relist_interval_seconds=600), core)
    running.around.found_cluster = lambda uid: found.append(f"{uid} after {len(core.passes)} passes")
    with running:
        until(running.is_ready, "the operator is ready")
        cluster.account("one")
        until(lambda: core.twins.get("one") == (), "the first is alone")
        cluster.account("two")
        until(lambda: core.twins.get("one") == ("two",), "the first is told of the second")
        until(lambda: core.twins.get("two") == ("one",), "the second is told of the first")
    uid = cluster.plane.kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}").stdout

    assert found == [f"{uid} after 0 passes"]


@pytest.mark.usefixtures("running")
def test_changed_spec_is_seen_at_once(cluster: Cluster, core: FakeCore) -> None:
    """A new generation gets a pass of its own and its status says so."""
    namespace = cluster.namespace()
    cluster.policy(namespace, "orders")
    until(lambda: cluster.ready(namespace, "orders"), "the first status is written")
    cluster.policy(namespace, "orders", suspend=True)

    until(lambda: cluster.ready(namespace, "orders"), "the status is about the new spec")
    assert core.count("orders") >= 2


def test_changed_account_brings_its_policies_up(installed: tuple[Cluster, Path], core: FakeCore) -> None:
    """Policies that name an account are looked at when it appears or changes, others wait for their turn."""
    cluster, kubeconfig = installed
    cluster.clear()
    rare = replace(fast(kubeconfig), cadence=Cadence(interval=timedelta(hours=1), follow=timedelta(hours=1)))
    with RunningOperator(rare, core) as operator:
        until(operator.is_ready, "the operator is ready")
        namespace, name = cluster.namespace(), f"a-{secrets.token_hex(3)}"
        cluster.policy(namespace, "naming", source=name)
        cluster.policy(namespace, "other", source="somebody")
        for policy in ("naming", "other"):
            until(lambda policy=policy: cluster.ready(namespace, policy), "the first status is written")  # type: ignore[misc]
        path = f"/api/v1/namespaces/{namespace}"
        cluster.call("PATCH", path, {"metadata": {"labels": {"heard": "yes"}}}, "application/merge-patch+json")
        until(lambda: "heard" in core.judged["other"], "all that there is to hear of the namespace was heard")
        core.reason = Reason.CATCHING_UP
        cluster.account(name)

        until(lambda: cluster.ready(namespace, "naming") == "CatchingUp", "the policy is looked at again")
        account = until(
            lambda: cluster.plane.api.json("GET", f"/apis/{GROUP}/v1alpha1/{ACCOUNTS}/{name}").get("status"),
            "the account has a status",
        )
        assert cluster.ready(namespace, "other") == "Protected"
    assert account["conditions"][0]["status"] == "True"


@pytest.mark.usefixtures("running")
def test_deleted_policy_is_let_go_with_an_event(cluster: Cluster, core: FakeCore, running: RunningOperator) -> None:
    """Deletion passes through the core, says what it left, and takes the metrics with it."""
    namespace = cluster.namespace()
    cluster.policy(namespace, "orders", deletionPolicy="RemoveOwned")
    until(lambda: cluster.ready(namespace, "orders"), "the status is written")
    cluster.delete(namespace, "orders")
    until(lambda: cluster.gone(namespace, "orders"), "the policy is gone")
    until(lambda: len(cluster.events(namespace, "orders")) == 2, "the farewell is posted")

    assert core.removed == ["orders"]
    assert [each["reason"] for each in cluster.events(namespace, "orders")][-1] in {"DeletionRetained", "Protected"}
    until(lambda: running.board.reports() == (), "its metrics are gone")


@pytest.mark.usefixtures("running")
def test_what_other_policies_want_is_known(cluster: Cluster, core: FakeCore) -> None:
    """Two policies of one vault claim the same statement; after one is deleted the other claims alone."""
    namespace = cluster.namespace()
    for name, number in (("production", "111111111111"), ("dr", "222222222222")):
        cluster.account(name, account_id=number)
    for name in ("one", "two"):
        cluster.policy(namespace, name)
    until(lambda: core.claims.get("one") and core.claims.get("two"), "each knows what the other wants")
    assert core.claims["one"] == core.claims["two"]
    cluster.delete(namespace, "one")

    until(lambda: core.claims["two"] == frozenset(), "the other is alone")


def test_in_sync_means_silent(cluster: Cluster, core: FakeCore, running: RunningOperator) -> None:
    """Over two resyncs of a world in which nothing changes not one write reaches the API server."""
    namespace, account = cluster.namespace(), f"a-{secrets.token_hex(3)}"
    names = [f"p-{number}" for number in range(5)]
    cluster.account(account)
    for name in names:
        cluster.policy(namespace, name, source=account)
    for name in names:
        until(lambda name=name: cluster.ready(namespace, name), "every status is written")  # type: ignore[misc]
        until(lambda name=name: cluster.events(namespace, name), "every event is posted")  # type: ignore[misc]
    until(lambda: cluster.events("default", account), "the account's event is posted")
    before, passes = cluster.plane.request_counts(), len(core.passes)
    until(lambda: len(core.passes) >= passes + 12, "two resyncs are over")

    since = cluster.plane.request_counts().since(before)
    writes = {
        (each.verb, each.resource, each.subresource): count
        for each, count in since.counts.items()
        if each.verb in {"POST", "PUT", "PATCH", "APPLY", "DELETE"} and each.group in {GROUP, "events.k8s.io"}
    }
    assert writes == {}
    assert running.get("/healthz") == (200, "ok\n")


def test_ordinary_ends_are_not_worth_a_line(
    installed: tuple[Cluster, Path], core: FakeCore, caplog: pytest.LogCaptureFixture
) -> None:
    """Policies come and go, one by one and with their namespace, while everything is listed all the time."""
    cluster, kubeconfig = installed
    cluster.clear()
    caplog.set_level(logging.INFO, "crossvault")
    with RunningOperator(fast(kubeconfig, relist_interval_seconds=0.2), core) as operator:
        until(operator.is_ready, "the operator is ready")
        stays, goes = cluster.namespace(), cluster.namespace()
        lists = operator.around.vitals.api_requests.read
        for number in range(8):
            for namespace in (stays, goes):
                cluster.policy(namespace, f"orders-{number}")
        names = [f"orders-{number}" for number in range(8)]
        until(lambda: all(cluster.ready(stays, name) == "Protected" for name in names), "all are protected")
        until(lambda: all(cluster.ready(goes, name) == "Protected" for name in names), "all are protected")
        caplog.clear()
        cluster.call("DELETE", f"/api/v1/namespaces/{goes}")
        for name in names:
            cluster.delete(stays, name)
            cluster.delete(goes, name)  # no controller empties a namespace here
        until(lambda: all(cluster.gone(stays, name) and cluster.gone(goes, name) for name in names), "all are gone")
        until(lambda: not operator.board.reports(), "nobody is remembered")
        before = lists()["GET", "200"]
        until(lambda: lists()["GET", "200"] > before + 9, "three more comparisons")
        lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]

    assert sorted(lines) == sorted(f"Left {name} in AWS." for name in names * 2), "each end is told once"


@pytest.mark.usefixtures("running")
def test_stranger_in_the_status_is_corrected(cluster: Cluster) -> None:
    """What somebody else wrote into the status does not stay, whatever version we knew."""
    namespace = cluster.namespace()
    cluster.policy(namespace, "orders")
    until(lambda: cluster.ready(namespace, "orders"), "the status is written")
    cluster.merge(namespace, "orders", {"status": {"organization": "o-wrong", "conditions": []}}, "/status")

    until(lambda: cluster.ready(namespace, "orders") == "Protected", "the status is ours again")
    assert "organization" not in (cluster.get(namespace, "orders") or {})["status"]


@pytest.mark.usefixtures("running")
def test_status_written_onto_a_changed_object_is_written_again(cluster: Cluster, core: FakeCore) -> None:
    """An object that was changed during the pass is looked at again, and the status written onto its new version."""
    namespace = cluster.namespace()
    core.hold = threading.Event()
    cluster.policy(namespace, "orders")
    until(lambda: core.count("orders"), "the pass is under way")
    for number in range(5):
        cluster.merge(namespace, "orders", {"metadata": {"labels": {"n": str(number)}}})
    core.hold.set()

    until(lambda: cluster.ready(namespace, "orders") == "Protected", "the status is written")


def test_failing_pass_is_tried_again_and_says_so(cluster: Cluster, core: FakeCore, running: RunningOperator) -> None:
    """AWS away: the status says Unknown; AWS back: it recovers by itself."""
    namespace = cluster.namespace()
    core.dead = True
    cluster.policy(namespace, "orders")
    until(lambda: cluster.ready(namespace, "orders") == "CannotObserve", "the status says so")
    core.dead = False

    until(lambda: cluster.ready(namespace, "orders") == "Protected", "it recovers", 20)
    assert running.around.vitals.internal_errors.read() == {}


def test_bug_in_the_core_takes_the_green_away(cluster: Cluster, core: FakeCore, running: RunningOperator) -> None:
    """A pass that raises leaves Ready Unknown instead of what it was, is counted, and is tried again."""
    namespace = cluster.namespace()
    cluster.policy(namespace, "orders")
    until(lambda: cluster.ready(namespace, "orders") == "Protected", "the status is written")
    core.broken = True

    until(lambda: cluster.ready(namespace, "orders") == "CannotObserve", "the status says Unknown")
    until(lambda: running.around.vitals.internal_errors.read().get("pass", 0) >= 1, "the bug is counted")
    core.broken = False
    until(lambda: cluster.ready(namespace, "orders") == "Protected", "it recovers", 20)


def test_pass_over_its_deadline_is_reported_and_not_doubled(installed: tuple[Cluster, Path], core: FakeCore) -> None:
    """A pass that hangs is reported; its key is not worked on a second time until it returns."""
    cluster, kubeconfig = installed
    cluster.clear()
    with RunningOperator(fast(kubeconfig, pass_deadline_seconds=0.5), core) as operator:
        until(operator.is_ready, "the operator is ready")
        namespace = cluster.namespace()
        core.hold = threading.Event()
        cluster.policy(namespace, "orders")
        until(lambda: cluster.ready(namespace, "orders") == "CannotObserve", "the status says so")
        cluster.policy(namespace, "orders", suspend=True)
        assert core.count("orders") == 1
        core.hold.set()

        until(lambda: cluster.ready(namespace, "orders") == "Protected", "the next pass ends well")


def test_operator_waits_for_its_kinds_to_be_served(tmp_path: Path) -> None:
    """Without an API server nothing is ready and nothing is worked on; the process stays and waits."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],"
        " clusters: [{name: k, cluster: {server: 'https://127.0.0.1:1'}}], users: [{name: u, user: {token: t}}]}"
    )
    with RunningOperator(fast(kubeconfig), FakeCore()) as operator:
        assert operator.get("/readyz") == (503, "the first lists are not complete\n")
        assert operator.get("/healthz")[0] == 200
    assert operator.code == 0
