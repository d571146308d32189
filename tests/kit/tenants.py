"""Tenants of one cluster: the real API server, the simulated AWS, and the whole operator in this process, counted.

Each test has its own namespaces, BackupAccounts and vaults, so that all of them can share one operator.
"""

from __future__ import annotations

import copy
import io
import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.kit import stage as scene
from tests.kit.chart_cluster import lively
from tests.kit.kube_operator import ACCOUNTS, API, POLICIES, Cluster, RunningOperator, fast
from tests.kit.waiting import until
from tools.controlplane import ControlPlane

from backup_simulator.server import SimulatorServer
from crossvault.aspects.effects import AwsAccounts
from crossvault.aws import AwsSettings, queue, tenants
from crossvault.aws.calls import CallCounts
from crossvault.engine.rounds import Aws
from crossvault.kinds.kind import Clock, Request
from crossvault.kinds.policy.reconcile import PolicyRequest
from crossvault.kube.settings import OperatorSettings
from crossvault.status.outcome import Cadence, Outcome
from crossvault.work import logs

Json = dict[str, Any]

COPIERS = tuple(f"copier-{number:02}" for number in range(20))
"""Copy roles of the production account beside the default one."""
WEAK = "weak"
"""A copy role that may do nothing."""
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"


def world(vaults: Mapping[str, int]) -> Json:
    """Return a world with source vaults that hold so many recovery points, of a volume each, and vaults for copies.

    Those have the same names with ``-copies`` behind.
    """
    made = lively()
    made["durations"] |= {"created": 0.1, "running": 0.3}
    production, backup = scene.account(made, scene.PRODUCTION), scene.account(made, scene.BACKUP)
    production["vaults"] = [
        {
            "region": scene.HOME,
            "name": name,
            "key": "alias/orders",
            "recovery_points": [
                {"resource_type": "EBS", "resource": f"vol-{name}-{number}", "key": "alias/orders-storage", "age": "1d"}
                for number in range(points)
            ],
        }
        for name, points in vaults.items()
    ]
    backup["vaults"] = [
        {"region": scene.AWAY, "name": f"{name}-copies", "key": "alias/orders-copies"} for name in vaults
    ]
    for name in (*COPIERS, WEAK):
        trust = {"services": ["backup.amazonaws.com"]}
        production["roles"].append({"name": name, "trust": trust, "policies": [MANAGED] if name != WEAK else []})
    for statement in scene.role(made, scene.PRODUCTION, "crossvault-source")["policies"][0]["Statement"]:
        if statement["Sid"] == "PassCopyRole":
            statement["Resource"] = f"arn:aws:iam::{scene.PRODUCTION}:role/*"
        # Nobody is told of a role that cannot copy before its jobs fail.
        if isinstance(statement["Action"], list) and "iam:SimulatePrincipalPolicy" in statement["Action"]:
            statement["Action"].remove("iam:SimulatePrincipalPolicy")
    text = json.dumps([each["policy"] for each in production["keys"]])
    named = "arn:aws:iam::*:role/service-role/AWSBackupDefaultServiceRole"
    for key, policy in zip(production["keys"], json.loads(text.replace(named, "arn:aws:iam::*:role/*")), strict=True):
        key["policy"] = policy
    return made


class ByNamespace(CallCounts):
    """Takes note of each request: which BackupAccount is asked, and for which namespace."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str]] = []

    def record(self, account: str, service: str, operation: str, outcome: str, seconds: float) -> None:
        """Note one request."""
        self.asked.append((account, tenants.current()))
        super().record(account, service, operation, outcome, seconds)

    def count(self, namespace: str) -> int:
        """Return how many requests have been made for a namespace."""
        return [each for _, each in list(self.asked)].count(namespace)

    def of(self, account: str) -> list[str]:
        """Return for which namespaces an account was asked, request by request."""
        return [each for name, each in list(self.asked) if name == account]


class Watched:
    """The real core; it says which passes began and ended, and holds those of a namespace."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self.ended: Counter[str] = Counter()
        self.held: dict[str, threading.Event] = {}

    def reconcile(
        self, request: Request, aws: Aws, *, clock: Clock, cadence: Cadence, stopping: Callable[[], bool]
    ) -> Outcome:
        """Do one pass."""
        metadata = request.body["metadata"]
        if not isinstance(request, PolicyRequest):
            return request.reconcile(aws, clock=clock, cadence=cadence, stopping=stopping)
        self.begun.append((metadata["namespace"], metadata["name"]))
        hold = self.held.get(metadata["namespace"])
        if hold is not None:
            hold.wait(120)
        try:
            return request.reconcile(aws, clock=clock, cadence=cadence, stopping=stopping)
        finally:
            self.ended[metadata["namespace"]] += 1

    @contextmanager
    def hold(self, namespace: str) -> Iterator[None]:
        """Let no pass of a namespace go on meanwhile."""
        self.held[namespace] = threading.Event()
        try:
            yield
        finally:
            self.held.pop(namespace).set()


class Town:
    """What tests declare and see."""

    def __init__(self, plane: ControlPlane, aws: SimulatorServer) -> None:
        self.cluster, self.aws, self.control = Cluster(plane), aws, aws.control
        self.core, self.calls, self.log = Watched(), ByNamespace(), io.StringIO()
        self._kubeconfig = self.cluster.install()
        self._operator: RunningOperator | None = None
        self._accounts: AwsAccounts | None = None
        self.queue_url = ""

    # --- the operator

    def start(self, **changes: Any) -> None:
        """Start the operator; its lists come so rarely that the watch has to do the work. It listens to the queue."""
        settings = replace(fast(Path(self._kubeconfig), relist_interval_seconds=600), workers=20, **changes)
        assert isinstance(settings, OperatorSettings)
        self._accounts = AwsAccounts(
            AwsSettings(endpoint_url=self.aws.url, region=scene.HOME, attempts=2), recorder=self.calls
        )
        self._operator = RunningOperator(settings, self.core, self._accounts)
        place = queue.place_of(self.queue_url)
        if place is not None:
            around = self._operator.around
            around.heed, around.listen = self._accounts.heed, queue.Listener(self._accounts.queue(place)).start
        self._operator.__enter__()
        until(self._operator.is_ready, "the operator is ready")

    def stop(self) -> None:
        """End the operator."""
        assert self._operator is not None
        assert self._accounts is not None
        self._accounts.close()
        self._operator.stop()
        assert self._operator.code == 0

    def restart(self, **changes: Any) -> None:
        """Replace the process by one that remembers nothing."""
        self.stop()
        self.start(**changes)

    def additions(self) -> int:
        """Return how often something was put into the operator's queue because somebody changed something."""
        assert self._operator is not None
        workers = self._operator.around.workers
        return workers.figures().added if workers is not None else 0

    def hints(self) -> dict[str, int]:
        """Return what became of the messages of the queue."""
        assert self._operator is not None
        return self._operator.around.vitals.hints.read()

    # --- what is declared

    def tenant(self) -> Iterator[str]:
        """Yield the name of a new namespace, and delete what was declared in it."""
        name = self.cluster.namespace()
        yield name
        self.cluster.call("DELETE", f"{API}/namespaces/{name}/{POLICIES}")

    def accounts(self, label: str, source: Sequence[Json], destination: Sequence[Json], **limits: float) -> None:
        """Declare the production and the backup account as ``LABEL-source`` and ``LABEL-destination``, with grants."""
        for side, name, grants in (("source", "production", source), ("destination", "dr", destination)):
            body = copy.deepcopy(scene.accounts()[name])
            body["metadata"] = {"name": f"{label}-{side}"}
            body["spec"] |= {"allowedNamespaces": {}, "grants": list(grants)}
            body["spec"]["limits"] |= limits
            self.cluster.apply(body)

    def shared(self, label: str, *namespaces: str, roles: Sequence[str] = (), **limits: float) -> None:
        """Grant some namespaces the vaults of a label on both sides, with the default role or these."""
        whom: Json = {"namespaces": {"names": list(namespaces)}}
        source = {**whom, "as": ["Source"], "vaults": [f"{label}*"]} | ({"copyRoles": list(roles)} if roles else {})
        into = {**whom, "as": ["Destination"], "vaults": [f"{label}*"], "keys": ["alias/orders-*"]}
        self.accounts(label, [source], [into], **limits)

    def policy(self, namespace: str, name: str, label: str, **changes: Any) -> Json:
        """Return a policy between the vaults of a label; changes are of ``source``, ``destination``, or of the spec."""
        source = {
            "accountRef": {"name": f"{label}-source"},
            "region": scene.HOME,
            "vault": {"name": label},
        } | changes.pop("source", {})
        destination = {
            "name": "dr",
            "accountRef": {"name": f"{label}-destination"},
            "region": scene.AWAY,
            "vault": {"name": f"{label}-copies"},
        } | changes.pop("destination", {})
        spec = {"source": source, "destinations": [destination], "backfill": {"mode": "All"}} | changes
        metadata = {"name": name, "namespace": namespace}
        return {"apiVersion": "crossvault.io/v1alpha1", "kind": "CrossAccountBackupPolicy", "metadata": metadata} | {
            "spec": spec
        }

    def declare(self, namespace: str, name: str, label: str, **changes: Any) -> None:
        """Apply :meth:`policy`."""
        self.cluster.apply(self.policy(namespace, name, label, **changes))

    # --- what is seen

    def status(self, namespace: str, name: str) -> Json:
        """Return the status of a policy, empty while it is about another spec."""
        body = self.cluster.get(namespace, name) or {}
        status: Json = body.get("status") or {}
        return status if status.get("observedGeneration") == body.get("metadata", {}).get("generation") else {}

    def wait(self, namespace: str, name: str, reason: str) -> Json:
        """Wait until Ready has a reason, and return the status."""
        seen: Json = {}

        def look() -> bool:
            seen.clear()
            seen.update(self.status(namespace, name))
            return self.cluster.ready(namespace, name) == reason

        try:
            until(look, f"{name} is {reason}", timeout=90)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{json.dumps(seen, indent=1)}\n{self.log.getvalue()[-3000:]}") from error
        return self.status(namespace, name)

    def account_faults(self, name: str) -> str:
        """Return what is wrong with a BackupAccount, empty while nothing is."""
        body = self.cluster.plane.api.json("GET", f"{API}/{ACCOUNTS}/{name}")
        found = [each for each in (body.get("status") or {}).get("conditions", ()) if each["reason"] == "InvalidSpec"]
        return str(found[0]["message"]) if found else ""

    def copied(self, namespace: str, name: str) -> Json:
        """Wait until a policy is Protected with every recovery point copied, and return its status."""

        def look() -> bool:
            rows = self.status(namespace, name).get("destinations") or []
            all_there = all(each.get("copied") == each.get("inScope") for each in rows)
            return bool(rows) and all_there and self.cluster.ready(namespace, name) == "Protected"

        try:
            until(look, f"{name} has all its copies", timeout=90)
        except AssertionError as error:
            told = json.dumps(self.status(namespace, name), indent=1)
            raise AssertionError(f"{error}\n{told}\n{self.log.getvalue()[-3000:]}") from error
        return self.status(namespace, name)

    def events(self, namespace: str, name: str, reason: str = "") -> list[tuple[str, str]]:
        """Return reason and note of the events about a policy, all or those of one reason."""
        found = [(each["reason"], each["note"]) for each in self.cluster.events(namespace, name)]
        return [each for each in found if reason in {"", each[0]}]

    def statements(self, vault: str) -> dict[str, str]:
        """Return the principals of the statements in the policy of a destination vault, by Sid."""
        with self.aws.simulator.lock:
            policy = self.control.vault(scene.BACKUP, scene.AWAY, vault).policy
            listed = list(policy.document["Statement"]) if policy is not None else []
        return {each["Sid"]: str(each["Principal"]) for each in listed}

    def jobs(self, label: str) -> Counter[str]:
        """Count the copy jobs out of a source vault by the name of their destination vault."""
        with self.aws.simulator.lock:
            jobs = list(self.aws.state.accounts[scene.PRODUCTION].regions[scene.HOME].copy_jobs.values())
        return Counter(
            each.destination_vault_arn.rsplit(":", 1)[-1]
            for each in jobs
            if each.source_vault_arn.endswith(f":{label}")
        )

    def has_vault(self, name: str) -> bool:
        """Tell whether the backup account has a vault."""
        with self.aws.simulator.lock:
            try:
                return bool(self.control.vault(scene.BACKUP, scene.AWAY, name))
            except LookupError:
                return False

    def admin(self) -> Any:
        """Return a client of somebody with all rights in the backup account."""
        return self.aws.client("backup", scene.BACKUP, "admin", region=scene.AWAY)

    def lines(self) -> list[str]:
        """Return the lines of the operator's log."""
        return self.log.getvalue().splitlines()

    def writes(self) -> set[str]:
        """Return the mutating calls that the operator made."""
        found = self.control.calls(mutating=True, service="backup")
        return {each.operation for each in found if "/crossvault-" in each.principal}


@contextmanager
def logging_into(stream: io.StringIO) -> Iterator[None]:
    """Send the operator's log, as the process writes it in text, to a stream."""
    handler, root, ours = logging.StreamHandler(stream), logging.getLogger(), logging.getLogger("crossvault")
    handler.setFormatter(logs.TextFormatter())
    level = ours.level
    root.addHandler(handler)
    ours.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        ours.setLevel(level)


def told(status: Mapping[str, Any], events: Sequence[tuple[str, str]]) -> str:
    """Return all that a tenant reads of a policy, but for times."""
    conditions = [
        {key: each[key] for key in ("type", "status", "reason", "message")} for each in status.get("conditions", ())
    ]
    rest = {key: value for key, value in status.items() if key not in {"conditions", "lastChanged"}}
    return json.dumps([conditions, rest, list(events)], sort_keys=True)
