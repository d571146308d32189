"""An operator for tests on the real API server: the whole kube edge, with a core that needs no AWS.

Tests say what AWS is like (``core.dead``, ``core.hold``), wait for conditions, and never sleep for luck.
"""

import asyncio
import json
import secrets
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, cast
from urllib.error import HTTPError

from tests.kit.broken_manifests import ACCOUNT, POLICY
from tests.kit.waiting import until
from tools.apiclient import ApiError
from tools.controlplane import ControlPlane

from crossvault.engine.declared import PolicyKey
from crossvault.engine.rounds import Aws
from crossvault.kinds.account.reconcile import AccountRequest
from crossvault.kinds.kind import Clock, Request
from crossvault.kinds.policy.reconcile import PolicyRequest
from crossvault.kube import operator
from crossvault.kube.settings import OperatorSettings
from crossvault.status.events import Event
from crossvault.status.outcome import Cadence, Outcome, Report
from crossvault.words.reasons import Reason
from crossvault.work.board import Board

CRDS = Path(__file__).parents[2] / "crds"
POLICIES = "crossaccountbackuppolicies"
ACCOUNTS = "backupaccounts"
ORGANIZATIONS = "backuporganizations"
GROUP = "crossvault.io"
API = f"/apis/{GROUP}/v1alpha1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
FINALIZER = "crossvault.io/finalizer"
OPERATOR_USER = "crossvault-operator"

# What the operator needs, and nothing else: the tests run it with exactly these rights.
RULES: list[dict[str, list[str]]] = [
    {"apiGroups": [GROUP], "resources": [POLICIES], "verbs": ["list", "watch", "patch"]},
    {"apiGroups": [GROUP], "resources": [ACCOUNTS, ORGANIZATIONS], "verbs": ["list", "watch"]},
    {
        "apiGroups": [GROUP],
        "resources": [f"{POLICIES}/status", f"{ACCOUNTS}/status", f"{ORGANIZATIONS}/status"],
        "verbs": ["patch"],
    },
    {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": ["list", "watch"]},
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list", "watch"]},
    {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]},
]

FAST = OperatorSettings(
    host="127.0.0.1",
    metrics_port=0,
    probe_port=0,
    instance="test-operator",
    cadence=Cadence(interval=timedelta(seconds=2), follow=timedelta(seconds=0.5)),
    workers=8,
    relist_interval=timedelta(seconds=3),
    deletion_wait=timedelta(seconds=3),
    connect_timeout=timedelta(seconds=2),
    request_timeout=timedelta(seconds=3),
)


class Core(Protocol):
    """What passes are done with."""

    def reconcile(
        self, request: Request, aws: Aws, *, clock: Clock, cadence: Cadence, stopping: Callable[[], bool]
    ) -> Outcome:
        """Do one pass."""


class FakeCore:
    """Stands for the core and AWS: says Protected, and that a deletion is done, unless told otherwise."""

    def __init__(self) -> None:
        self.dead = False
        self.broken = False
        self.reason = Reason.PROTECTED
        self.hold: threading.Event | None = None
        self.passes: list[str] = []
        self.ordered: dict[str, bool] = {}
        self.claims: dict[str, AbstractSet[tuple[str, str]]] = {}
        self.twins: dict[str, tuple[str, ...]] = {}
        self.judged: dict[str, Mapping[str, str]] = {}
        self.removed: list[str] = []

    def count(self, name: str) -> int:
        """Return how many passes an object had."""
        return self.passes.count(name)

    def reconcile(
        self, request: Request, aws: Aws, *, clock: Clock, cadence: Cadence, stopping: Callable[[], bool]
    ) -> Outcome:
        """Do one pass over an object."""
        del aws, stopping
        name = request.body["metadata"]["name"]
        self.passes.append(name)
        if isinstance(request, AccountRequest):
            self.twins[name] = request.twins
            return self._outcome(request.body, clock(), cadence)
        assert isinstance(request, PolicyRequest)
        self.claims[name] = request.claims
        if self.hold is not None:
            self.hold.wait(60)
        if self.broken:
            raise RuntimeError("a bug of ours")
        if request.body["metadata"].get("deletionTimestamp"):
            return self._deletion(name, request, cadence)
        outcome = self._outcome(request.body, clock(), cadence)
        self.judged[name] = request.namespace_labels
        return outcome

    def _deletion(self, name: str, request: PolicyRequest, cadence: Cadence) -> Outcome:
        self.ordered[name] = request.ordered
        if self.dead:
            return Outcome(None, requeue=cadence.follow, failed=True)
        if request.ordered and request.body["spec"].get("deletionPolicy") == "RemoveOwned":
            self.removed.append(name)
        event = Event("Normal", Reason.DELETION_RETAINED, f"Left {name} in AWS.")
        return Outcome(None, events=(event,), done=True, summary=event.message)

    def _outcome(self, body: Mapping[str, Any], now: datetime, cadence: Cadence) -> Outcome:
        metadata, before = body["metadata"], (body.get("status") or {}).get("conditions", [{}])[0]
        ready = "Unknown" if self.dead else "True"
        reason = Reason.CANNOT_OBSERVE if self.dead else self.reason
        same = before.get("status") == ready
        condition = {
            "type": "Ready",
            "status": ready,
            "reason": str(reason),
            "message": f"{reason}.",
            "observedGeneration": metadata["generation"],
            "lastTransitionTime": before["lastTransitionTime"] if same else now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        changed = before.get("reason") != reason
        return Outcome(
            {"observedGeneration": metadata["generation"], "conditions": [condition]},
            events=(Event("Normal", reason, f"{reason}."),) if changed else (),
            requeue=cadence.interval,
            failed=self.dead,
            summary=f"Ready is {ready}: {reason}" if changed else "",
            report=Report(
                body["kind"],
                PolicyKey(metadata.get("namespace", ""), metadata["name"]),
                (("Ready", ready, str(reason)),),
            ),
        )


class RunningOperator:
    """The operator in a thread and a loop of its own; a context manager that ends it."""

    def __init__(self, settings: OperatorSettings, core: Core, aws: Aws | None = None) -> None:
        self.settings = settings
        self.core = core
        self._aws = aws
        self.board = Board()
        self.around = operator.Surroundings(reconcile=core.reconcile)
        self.code: int | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._main, daemon=True)

    def _main(self) -> None:
        aws = cast("Aws", self._aws)
        try:
            self.code = self._loop.run_until_complete(operator.run(self.settings, aws, self.board, self.around))
        finally:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0.1))
            self._loop.close()

    def __enter__(self) -> Self:
        self._thread.start()
        until(lambda: self.around.probe_port or self.code is not None, "the operator starts")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> float:
        """End the operator and return how many seconds that took."""
        start = time.monotonic()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self.around.stop.set)
            self._thread.join(10)
        assert not self._thread.is_alive()
        return time.monotonic() - start

    def get(self, path: str) -> tuple[int, str]:
        """Ask one of the ports."""
        port = self.around.metrics_port if path == "/metrics" else self.around.probe_port
        url = f"http://127.0.0.1:{port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def is_ready(self) -> bool:
        """Tell whether the operator says that it is ready."""
        return self.get("/readyz")[0] == 200


class Cluster:
    """What tests do with an API server that serves our kinds."""

    def __init__(self, plane: ControlPlane, token: str | None = None) -> None:
        self.plane = plane
        self._token = token or plane.admin_token

    def install(self) -> Path:
        """Serve our kinds and return a kubeconfig with the operator's rights."""
        self.apply_crds()
        self.apply(_role())
        self.bind()
        return self.plane.kubeconfig_for_user(OPERATOR_USER)

    def apply_crds(self) -> None:
        """Serve our kinds."""
        self.plane.kubectl("apply", "-f", CRDS)
        self.plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", CRDS)
        for each in (POLICIES, ACCOUNTS, ORGANIZATIONS):  # established is not yet served: "storage is (re)initializing"
            until(lambda each=each: self.plane.api.json("GET", f"{API}/{each}"), f"{each} are served")  # type: ignore[misc]

    def bind(self) -> None:
        """Give the operator its rights."""
        self.apply(role_binding({"kind": "User", "name": OPERATOR_USER, "apiGroup": "rbac.authorization.k8s.io"}))

    def unbind(self) -> None:
        """Take the operator's rights away."""
        self.call("DELETE", f"{RBAC}/clusterrolebindings/{OPERATOR_USER}")

    def call(self, method: str, path: str, body: object = None, content_type: str = "application/json") -> None:
        """Send one request, as the administrator without another token; a tenth of what kubectl takes."""
        request = urllib.request.Request(  # noqa: S310 - https, our own server
            self.plane.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": content_type},
        )
        context = ssl.create_default_context(cafile=self.plane.ca_file)
        try:
            urllib.request.urlopen(request, timeout=30, context=context).close()  # noqa: S310 - as above
        except HTTPError as error:
            raise ApiError(error.code, error.read().decode()) from error

    def apply(self, body: Mapping[str, Any]) -> None:
        """Apply one object, as ``kubectl apply --server-side`` does."""
        name = body["metadata"]["name"]
        path = f"{collection(body)}/{name}?fieldManager=test&force=true"
        self.call("PATCH", path, body, "application/apply-patch+yaml")

    def merge(self, namespace: str, name: str, patch: Mapping[str, Any], subresource: str = "") -> None:
        """Merge a patch into a policy."""
        path = f"{API}/namespaces/{namespace}/{POLICIES}/{name}{subresource}"
        self.call("PATCH", path, patch, "application/merge-patch+json")

    def namespace(self, **labels: str) -> str:
        """Create a namespace and return its name."""
        name = f"t-{secrets.token_hex(4)}"
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        return name

    def account(self, name: str, *, account_id: str = "111111111111") -> None:
        """Declare an account that every namespace may use."""
        spec = {**ACCOUNT["spec"], "accountId": account_id, "allowedNamespaces": {"all": True}}
        spec["roleArn"] = f"arn:aws:iam::{account_id}:role/crossvault"
        self.apply({**ACCOUNT, "metadata": {"name": name}, "spec": spec})

    def policy(self, namespace: str, name: str, *, source: str = "production", **spec: object) -> None:
        """Declare a policy."""
        body = {**POLICY["spec"], **spec}
        body["source"] = {**body["source"], "accountRef": {"name": source}}
        body["destinations"] = body["destinations"][:1]
        self.apply({**POLICY, "metadata": {"name": name, "namespace": namespace}, "spec": body})

    def get(self, namespace: str, name: str) -> dict[str, Any] | None:
        """Return a policy, None when there is none."""
        path = f"{API}/namespaces/{namespace}/{POLICIES}/{name}"
        try:
            return cast("dict[str, Any]", self.plane.api.json("GET", path))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def gone(self, namespace: str, name: str) -> bool:
        """Tell whether a policy does not exist."""
        return self.get(namespace, name) is None

    def ready(self, namespace: str, name: str) -> str:
        """Return the reason of Ready, once the status is about the present spec."""
        body = self.get(namespace, name) or {}
        status = body.get("status") or {}
        if status.get("observedGeneration") != body.get("metadata", {}).get("generation"):
            return ""
        return next((str(each["reason"]) for each in status["conditions"] if each["type"] == "Ready"), "")

    def events(self, namespace: str, name: str) -> list[dict[str, Any]]:
        """Return the events about an object."""
        found = self.plane.api.json("GET", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events")["items"]
        return [each for each in found if each["regarding"]["name"] == name]

    def delete(self, namespace: str, name: str) -> None:
        """Ask for a policy's deletion and do not wait for it."""
        self.call("DELETE", f"{API}/namespaces/{namespace}/{POLICIES}/{name}")

    def clear(self) -> None:
        """Delete every policy, organization and account without the operator's help."""
        for each in self.plane.api.json("GET", f"{API}/{POLICIES}")["items"]:
            metadata = each["metadata"]
            self.merge(metadata["namespace"], metadata["name"], {"metadata": {"finalizers": None}})
            if "deletionTimestamp" not in metadata:
                self.delete(metadata["namespace"], metadata["name"])
        for each in (ORGANIZATIONS, ACCOUNTS):
            self.call("DELETE", f"{API}/{each}")


def collection(body: Mapping[str, Any]) -> str:
    """Return the path of the collection an object belongs to."""
    namespace = body["metadata"].get("namespace", "")
    return {
        "Namespace": "/api/v1/namespaces",
        "BackupAccount": f"{API}/{ACCOUNTS}",
        "CrossAccountBackupPolicy": f"{API}/namespaces/{namespace}/{POLICIES}",
        "ClusterRole": f"{RBAC}/clusterroles",
        "ClusterRoleBinding": f"{RBAC}/clusterrolebindings",
    }[body["kind"]]


def fast(kubeconfig: Path, *, authorize_scrapers: bool = False, **seconds: float) -> OperatorSettings:
    """Return settings with short intervals; keywords like ``relist_interval_seconds`` change one."""
    changes = {name.removesuffix("_seconds"): timedelta(seconds=each) for name, each in seconds.items()}
    return replace(FAST, kubeconfig=kubeconfig, authorize_scrapers=authorize_scrapers, **cast("Any", changes))


def _role() -> dict[str, Any]:
    metadata = {"name": OPERATOR_USER}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": metadata,
        "rules": RULES,
    }


def role_binding(subject: Mapping[str, str], name: str = OPERATOR_USER) -> dict[str, Any]:
    """Return the binding that gives the operator's rights to somebody."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": OPERATOR_USER},
        "subjects": [dict(subject)],
    }
