"""The operator on the real API server, when the API server or the operator's rights fail it.

One control plane of their own, with controllers: the tests kill, freeze and starve it, and leave it as it was.
"""

import asyncio
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import kopf
import pytest
import yaml
from tests.kit.kube_operator import (
    ACCOUNTS,
    API,
    OPERATOR_USER,
    POLICIES,
    Cluster,
    FakeCore,
    RunningOperator,
    fast,
    role_binding,
)
from tests.kit.waiting import until
from tools import binaries
from tools.controlplane import ControlPlane

from crossvault.words.reasons import Reason

pytestmark = [pytest.mark.kube, pytest.mark.timeout(120)]


class NoDefinitionError(Exception):
    """As kopf's own."""

    status = 404


@pytest.fixture(scope="module")
def installed() -> Iterator[tuple[Cluster, Path]]:
    """A cluster that may be broken, and the operator's kubeconfig."""
    if binaries.find("kube-controller-manager") is None:
        pytest.fail("kube-controller-manager missing; run `python -m tools.binaries` first, it shows its progress")
    with ControlPlane.start(controller_manager=True) as plane:
        cluster = Cluster(plane)
        yield cluster, cluster.install()


@pytest.fixture
def cluster(installed: tuple[Cluster, Path]) -> Cluster:
    """The API server."""
    return installed[0]


@pytest.fixture
def core() -> FakeCore:
    """A core that needs no AWS."""
    return FakeCore()


@pytest.fixture
def running(installed: tuple[Cluster, Path], core: FakeCore) -> Iterator[RunningOperator]:
    """An operator that is ready."""
    installed[0].clear()
    with RunningOperator(fast(installed[1]), core) as operator:
        until(operator.is_ready, "the operator is ready")
        yield operator
    assert operator.code == 0


@pytest.fixture
def protected(cluster: Cluster, running: RunningOperator) -> str:
    """A namespace with the policy ``orders``, which has its status."""
    del running
    namespace = cluster.namespace()
    cluster.policy(namespace, "orders")
    until(lambda: cluster.ready(namespace, "orders") == "Protected", "the status is written")
    return namespace


def test_killed_server_comes_back(cluster: Cluster, core: FakeCore, running: RunningOperator, protected: str) -> None:
    """Readiness goes and returns, the status that could not be written is written, no restart is needed."""
    cluster.plane.kill_apiserver()
    core.reason = Reason.CATCHING_UP
    until(lambda: not running.is_ready(), "the operator notices")
    assert running.get("/healthz")[0] == 200
    cluster.plane.start_apiserver()

    until(lambda: cluster.ready(protected, "orders") == "CatchingUp", "the status is written")
    until(running.is_ready, "the operator is ready again")
    cluster.policy(protected, "later")
    until(lambda: cluster.ready(protected, "later"), "new policies are seen")


def test_hung_server_goes_on(cluster: Cluster, core: FakeCore, running: RunningOperator, protected: str) -> None:
    """Requests that time out may have been carried out: the operator looks again and ends up right."""
    core.reason = Reason.CATCHING_UP
    cluster.plane.pause_apiserver()
    try:
        passes = core.count("orders")
        until(lambda: not running.is_ready(), "the operator notices")
        until(lambda: core.count("orders") > passes, "it goes on looking at AWS")
        timeouts = running.around.vitals.api_requests
        until(lambda: timeouts.read().get(("PATCH", "timeout"), 0) >= 2, "writes time out", 60)
    finally:
        cluster.plane.resume_apiserver()

    until(lambda: cluster.ready(protected, "orders") == "CatchingUp", "the status is written")
    until(running.is_ready, "the operator is ready again")
    assert running.around.vitals.internal_errors.read() == {}


def test_deletions_that_no_watch_tells_are_found(
    cluster: Cluster, core: FakeCore, installed: tuple[Cluster, Path]
) -> None:
    """Objects that go while nobody watches, before a restart of the server that forgets history, leave the store."""
    cluster.clear()
    namespace = cluster.namespace()
    for number in range(3):
        cluster.policy(namespace, f"ghost-{number}")
    unheard = fast(installed[1], relist_interval_seconds=1)
    with RunningOperator(unheard, core) as operator:
        until(lambda: len(operator.board.reports()) == 3, "all are known")
        cluster.unbind()  # watches end with the server and are not given again
        until(lambda: operator.around.vitals.api_requests.read().get(("GET", "403")), "rights are gone")
        cluster.plane.kill_apiserver()
        cluster.plane.start_apiserver()
        for number in range(3):
            cluster.merge(namespace, f"ghost-{number}", {"metadata": {"finalizers": None}})
            cluster.delete(namespace, f"ghost-{number}")
        cluster.bind()

        until(lambda: operator.board.reports() == (), "the ghosts are gone")


def test_rights_taken_away_and_given_back(
    cluster: Cluster, core: FakeCore, running: RunningOperator, protected: str
) -> None:
    """A 403 is a state of the world: nothing ends, nothing is lost, and what was refused is done soon after."""
    cluster.unbind()
    core.reason = Reason.CATCHING_UP
    requests = running.around.vitals.api_requests
    until(lambda: requests.read().get(("PATCH", "403")), "a write is refused")
    assert cluster.ready(protected, "orders") == "Protected"
    cluster.bind()

    until(lambda: cluster.ready(protected, "orders") == "CatchingUp", "the status is written")
    assert running.around.vitals.internal_errors.read() == {}


def test_token_is_replaced(cluster: Cluster, core: FakeCore) -> None:
    """A ServiceAccount is deleted and made anew: its old token dies, the one in the file is picked up."""
    cluster.clear()
    namespace = cluster.namespace()
    account = {"kind": "ServiceAccount", "namespace": namespace, "name": "operator"}

    def issue() -> Path:
        cluster.plane.kubectl("create", "serviceaccount", "-n", namespace, "operator")
        return cluster.plane.kubeconfig_for_service_account(namespace, "operator")

    cluster.apply(role_binding(account, "token-test"))
    kubeconfig = issue()
    with RunningOperator(fast(kubeconfig), core) as operator:
        until(operator.is_ready, "the operator is ready")
        cluster.policy(namespace, "orders")
        until(lambda: cluster.ready(namespace, "orders"), "the status is written")
        cluster.plane.kubectl("delete", "serviceaccount", "-n", namespace, "operator")
        requests = operator.around.vitals.api_requests
        until(lambda: requests.read().get(("GET", "401")), "the old token is refused")
        core.reason = Reason.CATCHING_UP
        until(lambda: requests.read().get(("PATCH", "401")), "a write is refused")
        user = yaml.safe_load(issue().read_text())["users"]
        kubeconfig.write_text(
            yaml.safe_dump(
                {
                    **yaml.safe_load(kubeconfig.read_text()),
                    "users": [{**user[0], "name": yaml.safe_load(kubeconfig.read_text())["users"][0]["name"]}],
                }
            )
        )

        until(lambda: cluster.ready(namespace, "orders") == "CatchingUp", "the status is written")
        cluster.policy(namespace, "later")
        until(lambda: cluster.ready(namespace, "later"), "new policies are seen")
    assert operator.code == 0


def test_schema_without_our_fields_is_a_bug_not_a_loop(
    cluster: Cluster, core: FakeCore, running: RunningOperator, protected: str
) -> None:
    """A status the schema refuses is counted and logged, written again once it fits, and never in a hot loop."""
    crd = f"{POLICIES}.crossvault.io"
    status = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/observedGeneration"
    removal = f'[{{"op":"remove","path":"{status}"}}]'
    cluster.plane.kubectl("patch", "crd", crd, "--type=json", "-p", removal)
    until(lambda: _refuses_generation(cluster, protected), "the schema is in force")
    cluster.policy(protected, "orders", suspend=True)
    errors = running.around.vitals.internal_errors
    until(lambda: errors.read().get("status"), "the refusal is counted")
    before = core.count("orders")
    until(lambda: core.count("orders") >= before + 2, "two more passes")
    assert errors.read()["status"] <= core.count("orders")
    cluster.apply_crds()

    until(lambda: cluster.ready(protected, "orders") == "Protected", "the status is written")


def _refuses_generation(cluster: Cluster, namespace: str) -> bool:
    path = f"{API}/namespaces/{namespace}/{POLICIES}/orders"
    return "observedGeneration" not in (cluster.plane.api.json("GET", path).get("status") or {})


def test_deleted_definition_removes_nothing_in_aws_and_comes_back(
    cluster: Cluster, core: FakeCore, running: RunningOperator
) -> None:
    """Deleting the CRD deletes every policy: none of them counts as ordered. Created anew, it works without restart."""
    namespace = cluster.namespace()
    for number in range(3):
        cluster.policy(namespace, f"p-{number}", deletionPolicy="RemoveOwned")
    until(lambda: len(running.board.reports()) == 3, "all are known")
    cluster.plane.kubectl("delete", "crd", f"{POLICIES}.crossvault.io", f"{ACCOUNTS}.crossvault.io", "--timeout=30s")

    assert core.removed == []
    assert set(core.ordered.values()) == {False}
    until(lambda: running.board.reports() == (), "nothing is known any more")
    cluster.apply_crds()
    cluster.policy(namespace, "anew", deletionPolicy="RemoveOwned")
    until(lambda: cluster.ready(namespace, "anew"), "new policies are seen")
    cluster.delete(namespace, "anew")
    until(lambda: core.removed == ["anew"], "a deletion by name counts as ordered")


def test_watching_goes_on_when_a_watch_finds_no_definition(
    cluster: Cluster, installed: tuple[Cluster, Path], core: FakeCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kopf ends with a 404 when its watch notices a deleted definition before its list of definitions does."""
    run = kopf.run_tasks
    ended: list[Collection[asyncio.Task[None]]] = []

    async def without_definition(tasks: Collection[asyncio.Task[None]], **options: Any) -> None:
        if not ended:
            ended.append(tasks)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            raise NoDefinitionError
        await run(tasks, **options)

    monkeypatch.setattr(kopf, "run_tasks", without_definition)
    with RunningOperator(fast(installed[1]), core) as operator:
        namespace = cluster.namespace()
        until(lambda: ended, "kopf has ended once")
        cluster.policy(namespace, "later")
        until(lambda: cluster.ready(namespace, "later"), "a policy is seen")

    assert operator.code == 0


def test_deleted_namespace_removes_nothing_in_aws(cluster: Cluster, core: FakeCore, protected: str) -> None:
    """The namespace goes with everything in it, and none of its policies counts as ordered."""
    cluster.policy(protected, "owning", deletionPolicy="RemoveOwned")
    until(lambda: cluster.ready(protected, "owning"), "the status is written")
    cluster.plane.kubectl("delete", "namespace", protected, "--timeout=60s")

    assert core.removed == []
    assert core.ordered["owning"] is False


def test_deletion_with_dead_aws_is_bounded(
    cluster: Cluster, core: FakeCore, running: RunningOperator, protected: str
) -> None:
    """When AWS cannot be asked, the policy is let go after the wait, and an event says what is left."""
    del running
    core.dead = True
    cluster.delete(protected, "orders")
    until(lambda: cluster.gone(protected, "orders"), "the policy is let go", 15)
    warnings = until(
        lambda: [each for each in cluster.events(protected, "orders") if each["reason"] == "DeletionIncomplete"],
        "the event is posted",
    )

    assert warnings[0]["type"] == "Warning"


def test_bug_in_a_deletion_is_bounded_too(
    cluster: Cluster, core: FakeCore, running: RunningOperator, protected: str
) -> None:
    """A core that raises cannot keep an object for ever."""
    core.broken = True
    cluster.delete(protected, "orders")

    until(lambda: cluster.gone(protected, "orders"), "the policy is let go", 15)
    assert running.around.vitals.internal_errors.read()["deletion"] >= 1


def test_deletion_while_the_operator_was_away_is_completed(
    cluster: Cluster, core: FakeCore, installed: tuple[Cluster, Path]
) -> None:
    """What was deleted without us is let go when we come."""
    cluster.clear()
    namespace = cluster.namespace()
    with RunningOperator(fast(installed[1]), core):
        cluster.policy(namespace, "orders")
        until(lambda: cluster.ready(namespace, "orders"), "the status is written")
    cluster.delete(namespace, "orders")
    assert not cluster.gone(namespace, "orders")
    with RunningOperator(fast(installed[1]), core):
        until(lambda: cluster.gone(namespace, "orders"), "the policy is let go")


def test_user_is_the_one_the_rights_are_for(cluster: Cluster) -> None:
    """The tests above ran with the least rights, not as an administrator."""
    allowed = cluster.plane.kubectl("auth", "can-i", "--as", OPERATOR_USER, "delete", "cabp", check=False)

    assert allowed.stdout.strip() == "no"
