"""Somebody has the token of the operator's ServiceAccount, and plays with it on the real API server.

What the chart installs lets them change nothing that people declared: of a policy only our finalizer and the status.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import pytest
from tests.kit.broken_manifests import ACCOUNT, POLICY
from tests.kit.chart import CHART, NAMESPACE, helm, only, rendered
from tests.kit.kube_operator import ACCOUNTS, API, FINALIZER, POLICIES, RBAC, Cluster, FakeCore, RunningOperator, fast
from tests.kit.waiting import until
from tools.apiclient import ApiError
from tools.controlplane import ControlPlane

from crossvault.kube import objects
from crossvault.kube.events import CONTROLLER
from crossvault.kube.settings import OperatorSettings, kopf_settings

pytestmark = pytest.mark.kube

MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
REFUSED = "ValidatingAdmissionPolicy 'crossvault-"
OTHERS = ["example.com/other", "example.com/another"]
DECLARED = {
    "labels": {"team": "orders"},
    "annotations": {"example.com/owner": "orders"},
    "finalizers": [*OTHERS, FINALIZER],
    "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "orders", "uid": "1-2-3"}],
}


@pytest.fixture(scope="module")
def owner() -> Iterator[Cluster]:
    """The administrator's view of a cluster with the release."""
    with ControlPlane.start() as plane:
        result = helm("install", "crossvault", CHART, "--namespace", NAMESPACE, "--create-namespace", plane=plane)
        assert result.returncode == 0, result.stderr
        cluster = Cluster(plane)
        cluster.apply_crds()
        yield cluster


@pytest.fixture(scope="module")
def thief(owner: Cluster) -> Cluster:
    """The cluster as who has the token sees it, once the API server holds them to the policies."""
    thief = Cluster(owner.plane, owner.plane.service_account_token(NAMESPACE, "crossvault"))
    namespace = owner.namespace()
    owner.policy(namespace, "first")
    tries = count()  # one that slips through before must not make the next one a change of nothing

    def refused() -> bool:
        return REFUSED in said(thief, namespace, "first", {"metadata": {"labels": {"try": str(next(tries))}}})

    until(refused, "admission holds", 90.0)
    until(lambda: REFUSED in told(thief, namespace, {**event(namespace), **OTHER}), "events too", 90.0)
    return thief


@pytest.fixture
def namespace(owner: Cluster) -> str:
    """A namespace with a policy that others take part in."""
    namespace = owner.namespace()
    owner.policy(namespace, "orders")
    owner.merge(namespace, "orders", {"metadata": DECLARED})
    return namespace


def attempt(thief: Cluster, method: str, path: str, body: object = None, kind: str = "application/json") -> str:
    """Send a request with the token; return what it is refused with, nothing when it was taken."""
    try:
        thief.call(method, path, body, kind)
    except ApiError as error:
        return str(error)
    return ""


def said(thief: Cluster, namespace: str, name: str, patch: Mapping[str, Any]) -> str:
    """Merge a patch into a policy with the token."""
    return attempt(thief, "PATCH", f"{API}/namespaces/{namespace}/{POLICIES}/{name}", patch, MERGE)


OTHER = {"reportingController": "kubernetes.io/kubelet"}


def event(namespace: str) -> dict[str, Any]:
    """Return an event as the operator posts it."""
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"generateName": "orders-", "namespace": namespace},
        "eventTime": "2026-11-01T00:00:00.000000Z",
        "reportingController": CONTROLLER,
        "reportingInstance": "crossvault-0",
        "action": "Reconciling",
        "type": "Normal",
        "reason": "Protected",
        "note": "All is well.",
        "regarding": {
            "apiVersion": f"{objects.GROUP}/{objects.VERSION}",
            "kind": "CrossAccountBackupPolicy",
            "name": "orders",
            "namespace": namespace,
        },
    }


def told(thief: Cluster, namespace: str, body: object) -> str:
    """Post an event with the token."""
    return attempt(thief, "POST", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", body)


@pytest.mark.parametrize(
    ("patch", "what"),
    [
        pytest.param({"spec": {"suspend": True}}, "spec", id="stop the copies"),
        pytest.param({"spec": {"deletionPolicy": "RemoveOwned"}}, "spec", id="have more removed"),
        pytest.param({"spec": {"source": {"vault": {"name": "hers"}}}}, "spec", id="protect another vault"),
        pytest.param({"metadata": {"labels": {"team": "hers"}}}, "metadata.labels", id="change a label"),
        pytest.param({"metadata": {"labels": None}}, "metadata.labels", id="take the labels"),
        pytest.param({"metadata": {"annotations": {"x": "y"}}}, "metadata.annotations", id="annotate"),
        pytest.param({"metadata": {"annotations": None}}, "metadata.annotations", id="take the annotations"),
        pytest.param(
            {"metadata": {"ownerReferences": None}}, "metadata.ownerReferences", id="keep it from being collected"
        ),
        pytest.param(
            {"metadata": {"ownerReferences": [{**DECLARED["ownerReferences"][0], "uid": "4"}]}},  # type: ignore[index]
            "metadata.ownerReferences",
            id="have it collected",
        ),
        pytest.param({"metadata": {"finalizers": [FINALIZER]}}, "no finalizer", id="take the finalizers of others"),
        pytest.param({"metadata": {"finalizers": None}}, "no finalizer", id="take all finalizers"),
        pytest.param(
            {"metadata": {"finalizers": [*OTHERS, FINALIZER, "hers.com/x"]}}, "no finalizer", id="block its deletion"
        ),
        pytest.param(
            {"metadata": {"finalizers": [*reversed(OTHERS), FINALIZER]}}, "no finalizer", id="reorder finalizers"
        ),
        pytest.param(
            {"metadata": {"finalizers": OTHERS}, "spec": {"suspend": True}}, "spec", id="hide it in a release"
        ),
    ],
)
def test_what_people_declared_stays(
    owner: Cluster, thief: Cluster, namespace: str, patch: Mapping[str, Any], what: str
) -> None:
    """The API server refuses each change, and says what it is that the operator does not do."""
    before = owner.get(namespace, "orders")

    answer = said(thief, namespace, "orders", patch)

    assert REFUSED in answer, answer
    assert what in answer
    assert owner.get(namespace, "orders") == before


def test_other_ways_to_write_are_closed(owner: Cluster, thief: Cluster, namespace: str) -> None:
    """JSON patch, server-side apply, and what RBAC gives no right to at all."""
    before, path = owner.get(namespace, "orders"), f"{API}/namespaces/{namespace}/{POLICIES}/orders"
    operations = [{"op": "replace", "path": "/spec/suspend", "value": True}]
    applied = {**POLICY, "metadata": {"name": "orders", "namespace": namespace}}
    fresh = {**POLICY, "metadata": {"name": "hers", "namespace": namespace}}
    account = {"spec": {"allowedNamespaces": {"all": True}}}
    owner.apply({**ACCOUNT, "metadata": {"name": "production"}})

    answers = [
        attempt(thief, "PATCH", path, operations, "application/json-patch+json"),
        attempt(thief, "PATCH", f"{path}?fieldManager=x&force=true", applied, APPLY),
        attempt(thief, "PATCH", f"{path.removesuffix('orders')}hers?fieldManager=x", fresh, APPLY),
        attempt(thief, "PUT", path, before),
        attempt(thief, "DELETE", path),
        attempt(thief, "PATCH", f"{API}/{ACCOUNTS}/production", account, MERGE),
    ]

    assert [each.split(":")[0] for each in answers] == ["HTTP 422", "HTTP 422", *["HTTP 403"] * 4], answers
    assert owner.get(namespace, "orders") == before


def test_status_is_no_way_around(owner: Cluster, thief: Cluster, namespace: str) -> None:
    """Through the subresource of the status nothing else can be changed: the API server leaves the rest out."""
    before = owner.get(namespace, "orders") or {}
    patch = {
        "metadata": {"labels": {"team": "hers"}, "annotations": {"x": "y"}, "finalizers": [], "ownerReferences": []},
        "spec": {"suspend": True},
        "status": {"observedGeneration": 1},
    }

    answer = attempt(thief, "PATCH", f"{API}/namespaces/{namespace}/{POLICIES}/orders/status", patch, MERGE)

    after = owner.get(namespace, "orders") or {}
    assert answer == ""
    assert after["status"] == {"observedGeneration": 1}
    assert after["spec"] == before["spec"]
    assert {each: after["metadata"].get(each) for each in DECLARED} == {
        each: before["metadata"].get(each) for each in DECLARED
    }


@pytest.mark.parametrize("present", [[*OTHERS, FINALIZER], OTHERS, [FINALIZER], None])
def test_own_finalizer_comes_and_goes(owner: Cluster, thief: Cluster, present: list[str] | None) -> None:
    """That is what the right is for, with finalizers of others around it and without."""
    namespace = owner.namespace()
    owner.policy(namespace, "orders")
    owner.merge(namespace, "orders", {"metadata": {"finalizers": present}})
    others = [each for each in present or [] if each != FINALIZER]

    for finalizers in ([*others, FINALIZER], others, [FINALIZER, *others], others):
        assert said(thief, namespace, "orders", {"metadata": {"finalizers": finalizers}}) == ""


@pytest.mark.parametrize(
    ("change", "what"),
    [
        pytest.param(OTHER, "reportingController", id="in the kubelet's name"),
        pytest.param(
            {"regarding": {"apiVersion": "v1", "kind": "Pod", "name": "x"}}, "about objects", id="about a Pod"
        ),
        pytest.param({"related": {"apiVersion": "v1", "kind": "Pod", "name": "x"}}, "about objects", id="beside one"),
    ],
)
def test_events_are_its_own(thief: Cluster, namespace: str, change: Mapping[str, Any], what: str) -> None:
    """The token posts events as the operator does and no others."""
    regarding = {**event(namespace)["regarding"], **change.get("regarding", {}), "namespace": namespace}

    answer = told(thief, namespace, {**event(namespace), **change, "regarding": regarding})

    assert REFUSED in answer, answer
    assert what in answer
    assert told(thief, namespace, event(namespace)) == ""


def test_events_of_the_old_group_are_no_way_around(owner: Cluster, thief: Cluster, namespace: str) -> None:
    """Also where somebody gave the ServiceAccount the right to them: they are the same events, and convert to ours."""
    role = "old-events"
    subject = {"kind": "ServiceAccount", "name": "crossvault", "namespace": NAMESPACE}
    rules = [{"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]}]
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": role}}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    owner.apply({**kind, "kind": "ClusterRole", "rules": rules})
    owner.apply({**kind, "kind": "ClusterRoleBinding", "roleRef": reference, "subjects": [subject]})
    involved = {**event(namespace)["regarding"], "kind": "CrossAccountBackupPolicy"}
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": "x-", "namespace": namespace},
        "type": "Warning",
        "reason": "Failed",
        "message": "x",
    }
    kubelet = {**body, "involvedObject": {**involved, "apiVersion": "v1", "kind": "Pod"}, "reportingComponent": ""}
    disguised = {**body, "involvedObject": involved, "reportingComponent": CONTROLLER}
    path = f"/api/v1/namespaces/{namespace}/events"

    def answer(each: object) -> str:
        found = attempt(thief, "POST", path, each)
        return "" if "is forbidden: User" in found else found or "taken"

    until(lambda: answer(body), "the right is there")
    answers = [answer({**each, "source": {"component": "kubelet"}}) for each in (kubelet, disguised)]

    owner.call("DELETE", f"{RBAC}/clusterrolebindings/{role}")
    assert all(REFUSED in each for each in answers), answers
    assert "deprecatedSource" in answers[1]


def test_operator_works_under_it(owner: Cluster, thief: Cluster) -> None:
    """Finalizer, status, event and the release of a deleted policy, beside finalizers of others and with this token."""
    del thief  # the policies are in force
    namespace, core = owner.namespace(), FakeCore()
    owner.account("production")
    kubeconfig = owner.plane.kubeconfig_for_service_account(NAMESPACE, "crossvault")
    with RunningOperator(fast(kubeconfig), core) as operator:
        owner.policy(namespace, "orders")
        owner.merge(namespace, "orders", {"metadata": {"finalizers": ["example.com/other"]}})
        until(lambda: owner.ready(namespace, "orders") == "Protected", "the status is written")
        until(lambda: owner.events(namespace, "orders"), "the event is posted")
        finalizers = (owner.get(namespace, "orders") or {})["metadata"]["finalizers"]
        owner.delete(namespace, "orders")
        until(
            lambda: (owner.get(namespace, "orders") or {})["metadata"]["finalizers"] == ["example.com/other"],
            "it is released",
        )
        errors = operator.around.vitals.internal_errors.read()
    owner.merge(namespace, "orders", {"metadata": {"finalizers": None}})

    assert sorted(finalizers) == ["crossvault.io/finalizer", "example.com/other"]
    assert not errors


def test_others_are_not_held(owner: Cluster, thief: Cluster, namespace: str) -> None:
    """People and controllers change their policies as before."""
    del thief

    owner.merge(namespace, "orders", {"spec": {"suspend": True}, "metadata": {"labels": {"team": "payments"}}})

    assert (owner.get(namespace, "orders") or {})["spec"]["suspend"] is True


def test_policy_names_what_the_operator_uses() -> None:
    """Finalizers and controller in the chart are those of the code; the account is the release's, whatever its name."""
    objects_ = rendered("serviceAccount.name=backup")
    policies = only(objects_, "ValidatingAdmissionPolicy", "crossvault-policies")["spec"]
    events = only(objects_, "ValidatingAdmissionPolicy", "crossvault-events")["spec"]
    own = f"['{objects.FINALIZER}', '{kopf_settings(OperatorSettings()).persistence.finalizer}']"
    account = f'request.userInfo.username == "system:serviceaccount:{NAMESPACE}:backup"'

    assert policies["variables"] == [{"name": "own", "expression": own}]
    assert any(f"== '{CONTROLLER}'" in each["expression"] for each in events["validations"])
    assert {each["matchConditions"][0]["expression"] for each in (policies, events)} == {account}


def test_it_can_be_switched_off() -> None:
    """A cluster with its own policies for this does without ours."""
    kinds = {each["kind"] for each in rendered("admissionPolicy.enabled=false")}

    assert not {each for each in kinds if each.startswith("ValidatingAdmission")}
