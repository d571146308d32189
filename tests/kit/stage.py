"""A world, a policy and the engine in one process: what fault tests drive pass by pass, on a clock they move.

AWS is the simulator, in the same process or over HTTP, where faults of the wire are real. Nothing here waits: virtual
time is moved instead.
"""

from __future__ import annotations

import copy
import functools
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import yaml
from tests.kit import sessions

from backup_simulator.calls import Call
from backup_simulator.records.state import Vault
from backup_simulator.server import SimulatorServer
from backup_simulator.transport import InProcess
from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.effects import AwsAccounts
from crossvault.aws import AwsSettings
from crossvault.engine.declared import Desired, PolicyKey
from crossvault.engine.observed import Observed
from crossvault.engine.plan import Plan
from crossvault.kinds import ACCOUNT, ORGANIZATION, POLICY
from crossvault.kinds.account.parse import AccountDeclaration, parse_account
from crossvault.kinds.account.reconcile import AccountRequest
from crossvault.kinds.kind import ObjectKey, Occasion
from crossvault.kinds.policy.reconcile import PolicyRequest, plan_policy
from crossvault.kinds.rejected import Rejected
from crossvault.status.outcome import Cadence, Outcome
from crossvault.work.desk import desk_of

Json = dict[str, Any]

WORLD = Path(__file__).parents[2] / "simulator" / "worlds" / "quickstart.yaml"
PRODUCTION, BACKUP, TOOLS, PAYER, SECOND, STRANGER = (number * 12 for number in "125934")
HOME, AWAY = "eu-west-1", "eu-central-1"
EXTERNAL_ID = "demo-external-id"
COPY_ROLE = f"arn:aws:iam::{PRODUCTION}:role/service-role/AWSBackupDefaultServiceRole"
OPERATOR_KEY = {
    "AWS_ACCESS_KEY_ID": "AKIAOPERATOR55555555",
    "AWS_SECRET_ACCESS_KEY": "crossvault-operator-secret",
}
PERMITTED = frozenset(
    {
        *("CreateBackupVault", "PutBackupVaultAccessPolicy", "DeleteBackupVaultAccessPolicy", "StartCopyJob"),
        *("CreateBackupPlan", "UpdateBackupPlan", "DeleteBackupPlan", "TagResource"),
        *("CreateBackupSelection", "DeleteBackupSelection"),
        *("UpdateGlobalSettings", "PutKeyPolicy", "CreateServiceLinkedRole", "CreateLogicallyAirGappedBackupVault"),
        "PutBackupVaultLockConfiguration",
    }
)
"""All that the operator may ever do to AWS (invariant 1 among others)."""
CADENCE = Cadence(timedelta(minutes=5), timedelta(seconds=30))
POINTS: tuple[Json, ...] = (
    {"resource_type": "EBS", "resource": "vol-0a", "key": "alias/orders-storage", "age": "1d"},
    {"resource_type": "EBS", "resource": "vol-0a", "key": "alias/orders-storage", "age": "2d"},
    {"resource_type": "RDS", "resource": "orders-db", "key": "alias/orders-storage", "age": "1d"},
    {"resource_type": "S3", "resource": "orders-invoices", "age": "1d"},
)


# --- Worlds --------------------------------------------------------------------------------------------------------


def world(*points: Json, **changes: Any) -> Json:
    """Return the quickstart's world with a few recovery points, a second backup account, and a stranger.

    The clock stands still; accounts come with the same roles and permissions that the documentation asks for.
    """
    made = copy.deepcopy(_quickstart())
    made["clock"] = {"start": "now", "frozen": True}
    made["durations"] = {"created": "1s", "running": "10s", "toggle_off": "15m"}
    vault = account(made, PRODUCTION)["vaults"][0]
    del vault["generate"]
    vault["recovery_points"] = [dict(each) for each in (points or POINTS)]
    for account_id, name in ((SECOND, "second"), (STRANGER, "stranger")):
        made["accounts"].append(_like_backup(made, account_id, name))
    made["organization"]["members"].append(SECOND)
    return made | changes


@functools.cache
def _quickstart() -> Json:
    return cast("Json", yaml.safe_load(WORLD.read_text("utf-8")))


def _like_backup(made: Json, account_id: str, name: str) -> Json:
    twin = copy.deepcopy(account(made, BACKUP)) | {"id": account_id, "name": name}
    twin["users"][0]["access_key"] = {"id": f"AKIA{name.upper()}{account_id}"[:20], "secret": f"{name}-admin-secret"}
    twin["roles"] = json.loads(json.dumps(twin["roles"]).replace(BACKUP, account_id))
    twin["keys"][0]["id"] = f"{account_id[:8]}-0000-4000-8000-000000000001"
    return twin


def account(made: Json, account_id: str) -> Json:
    """Return the part of a world that describes an account."""
    return next(cast("Json", each) for each in made["accounts"] if each["id"] == account_id)


def role(made: Json, account_id: str, name: str) -> Json:
    """Return the part of a world that describes a role."""
    return next(cast("Json", each) for each in account(made, account_id)["roles"] if each["name"] == name)


# --- Manifests -----------------------------------------------------------------------------------------------------


def backup_account(name: str, account_id: str, role_name: str, **spec: Any) -> Json:
    """Return a BackupAccount that namespace orders may use, as fast as the schema lets it be."""
    declared = {
        "accountId": account_id,
        "roleArn": f"arn:aws:iam::{account_id}:role/{role_name}",
        "externalId": EXTERNAL_ID,
        "allowedNamespaces": {"names": ["orders"]},
        "limits": {"readsPerSecond": 1000, "startsPerSecond": 100},
    }
    return {
        "apiVersion": "crossvault.io/v1alpha1",
        "kind": "BackupAccount",
        "metadata": {"name": name, "generation": 1},
        "spec": declared | spec,
    }


def accounts() -> dict[str, Json]:
    """Return the accounts of the world as BackupAccounts."""
    return {
        "production": backup_account("production", PRODUCTION, "crossvault-source"),
        "dr": backup_account("dr", BACKUP, "crossvault-destination"),
        "second": backup_account("second", SECOND, "crossvault-destination"),
        "stranger": backup_account("stranger", STRANGER, "crossvault-destination"),
        "payer": backup_account("payer", PAYER, "crossvault-management", allowedNamespaces={}),
    }


def organization(wanted: str = "Enabled", name: str = "main", account: str = "payer") -> Json:
    """Return a BackupOrganization."""
    return {
        "apiVersion": "crossvault.io/v1alpha1",
        "kind": "BackupOrganization",
        "metadata": {"name": name, "generation": 1},
        "spec": {"managementAccountRef": {"name": account}, "crossAccountBackup": wanted},
        "status": {},
    }


def destination(name: str = "vault-account", **changes: Any) -> Json:
    """Return a destination whose vault is to be created."""
    made: Json = {
        "name": name,
        "accountRef": {"name": "dr"},
        "region": AWAY,
        "vault": {"name": "orders-copies", "create": True, "encryptionKey": "alias/orders-copies"},
    }
    return made | changes


def policy(**spec: Any) -> Json:
    """Return a policy that wants every recovery point of vault orders in vault orders-copies."""
    declared: Json = {
        "source": {"accountRef": {"name": "production"}, "region": HOME, "vault": {"name": "orders"}},
        "destinations": [destination()],
        "backfill": {"mode": "All"},
    }
    return {
        "apiVersion": "crossvault.io/v1alpha1",
        "kind": "CrossAccountBackupPolicy",
        "metadata": {"name": "orders", "namespace": "orders", "generation": 1},
        "spec": declared | spec,
        "status": {},
    }


# --- What a status says --------------------------------------------------------------------------------------------


def condition(body: Mapping[str, Any], kind: str = "Ready") -> tuple[str, str]:
    """Return status and reason of a condition."""
    found = {each["type"]: (each["status"], each["reason"]) for each in body["status"]["conditions"]}
    return cast("tuple[str, str]", found.get(kind, ("", "")))


def row(body: Mapping[str, Any], name: str, where: str = "vault-account") -> tuple[str, str]:
    """Return status and reason of a prerequisite."""
    for each in body["status"]["prerequisites"]:
        if each["name"] == name and each.get("destination", "") == where:
            return each["status"], each["reason"]
    raise LookupError(f"there is no prerequisite {name} of {where}")


def numbers(body: Mapping[str, Any], name: str = "vault-account") -> Json:
    """Return the figures of a destination."""
    return next(cast("Json", each) for each in body["status"]["destinations"] if each["name"] == name)


# --- The stage -----------------------------------------------------------------------------------------------------


class Stage:
    """One operator's engine over one world; ``restart`` is what the kernel does to it."""

    def __init__(self, cloud: InProcess | SimulatorServer) -> None:
        self.cloud, self.control = cloud, cloud.control
        self.new_session, url = sessions.reaching(cloud)
        self.settings = AwsSettings(endpoint_url=url, region=HOME, attempts=1, read_timeout=10.0)
        self.declared = accounts()
        self.body = policy()
        self.claims: frozenset[tuple[str, str]] = frozenset()
        self.labels: dict[str, str] = {}
        self.begin(world())

    def begin(self, made: Json) -> None:
        """Load a world and start the operator in it."""
        self.control.clear_calls()
        self.control.faults.clear()
        self.control.clear_outcomes()
        self.control.load(made)
        self.body["metadata"]["creationTimestamp"] = self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.body["status"] = {}
        self.aws = self._new()

    def _new(self) -> AwsAccounts:
        return AwsAccounts(self.settings, clock=self.clock, sleep=lambda _seconds: None, new_session=self.new_session)

    def restart(self) -> None:
        """Throw away everything that a process remembers; the status stays, as the API server would keep it."""
        self.aws.close()
        self.aws = self._new()

    def later(self, by: str) -> None:
        """Let hours or days pass: virtual ones, which botocore, on the wall clock, cannot renew credentials for."""
        self.control.advance(by)
        self.restart()

    def close(self) -> None:
        """Close connections and threads."""
        self.control.faults.clear()
        self.aws.close()

    def clock(self) -> datetime:
        """Return virtual time."""
        return datetime.fromtimestamp(self.control.now(), UTC)

    # --- acting

    def declare(self, **spec: Any) -> None:
        """Change the policy as kubectl would."""
        self.body["spec"] = {**self.body["spec"], **spec}
        self.body["metadata"]["generation"] += 1

    def request(self, **changes: Any) -> PolicyRequest:
        """Return what a pass begins with."""
        parsed = {name: parse_account(each) for name, each in self.declared.items()}
        usable = {name: each for name, each in parsed.items() if isinstance(each, AccountDeclaration)}
        values: Json = {
            "body": self.body,
            "accounts": usable,
            "namespace_labels": self.labels,
            "not_before": self.clock(),
            "claims": self.claims,
        }
        return PolicyRequest(**(values | changes))

    def look(self, **changes: Any) -> Outcome:
        """Do one pass a second later and write its status, as the edges do."""
        self.control.advance(1)
        outcome = self.request(**changes).reconcile(self.aws, clock=self.clock, cadence=CADENCE)
        if outcome.status is not None:
            self.body["status"] = outcome.status
        return outcome

    def look_at_account(self, name: str) -> Outcome:
        """Do one pass over an account and write its status."""
        self.control.advance(1)
        body = self.declared[name]
        outcome = AccountRequest(body, self.clock()).reconcile(self.aws, clock=self.clock, cadence=CADENCE)
        body["status"] = outcome.status
        return outcome

    def look_at_named_account(self, name: str, *others: Json) -> Outcome:
        """Do one pass over an account that the policy names, and ``others``, and write its status."""
        self.control.advance(1)
        bodies = [*self.declared.values(), *others]
        objects = {ObjectKey(each["kind"], "", each["metadata"]["name"]): each for each in bodies}
        desk = desk_of({**objects, POLICY.key(PolicyKey("orders", "orders")): self.body})
        key, body = ObjectKey(ACCOUNT.name, "", name), self.declared[name]
        request = desk.request(key, body, Occasion(self.clock()))
        outcome = request.reconcile(self.aws, clock=self.clock, cadence=CADENCE, stopping=lambda: False)
        body["status"] = outcome.status
        return outcome

    def look_at_organization(self, body: Json, *others: Json) -> Outcome:
        """Do one pass over an organization, beside others and the policy, and write its status."""
        self.control.advance(1)
        objects = {ObjectKey(each["kind"], "", each["metadata"]["name"]): each for each in self.declared.values()}
        objects |= {ObjectKey(each["kind"], "", each["metadata"]["name"]): each for each in (body, *others)}
        desk = desk_of({**objects, POLICY.key(PolicyKey("orders", "orders")): self.body})
        key = ObjectKey(ORGANIZATION.name, "", body["metadata"]["name"])
        request = desk.request(key, body, Occasion(self.clock()))
        outcome = request.reconcile(self.aws, clock=self.clock, cadence=CADENCE, stopping=lambda: False)
        body["status"] = outcome.status
        return outcome

    def go_on(self, done: Callable[[], bool] | None = None, *, passes: int = 20, seconds: float = 6) -> None:
        """Pass after pass, some virtual seconds apart, until it is so.

        Raises:
            AssertionError: It was not within ``passes``.
        """
        done = done or self.protected
        for _ in range(passes):
            self.look()
            if done():
                return
            self.control.advance(seconds)
        raise AssertionError(f"not so after {passes} passes: {self.body['status']}")

    def protected(self) -> bool:
        """Tell whether every recovery point in scope has its copy at every destination, as the status says."""
        rows = self.body["status"].get("destinations", [])
        return condition(self.body) == ("True", "Protected") and all(
            each.get("copied", -1) == each.get("inScope") for each in rows
        )

    # --- what AWS says

    def writes(self, *operations: str) -> list[Call]:
        """Return the mutating calls so far, all or those of some operations."""
        found = self.control.calls(mutating=True, service="backup")
        return [each for each in found if not operations or each.operation in operations]

    def vault(self, name: str = "orders-copies", account_id: str = BACKUP, region: str = AWAY) -> Vault:
        """Return a vault of the living world."""
        return self.control.vault(account_id, region, name)

    def statements(self, name: str = "orders-copies", account_id: str = BACKUP) -> list[Json]:
        """Return the statements of a vault's policy."""
        policy = self.vault(name, account_id).policy
        return list(policy.document["Statement"]) if policy is not None else []

    def jobs(self) -> Counter[tuple[str, str]]:
        """Count the copy jobs AWS has by recovery point and destination vault."""
        region = self.cloud.state.accounts[PRODUCTION].regions[HOME]
        return Counter((each.source_point_arn, each.destination_vault_arn) for each in region.copy_jobs.values())

    def copies(self, name: str = "orders-copies", account_id: str = BACKUP) -> Counter[tuple[str, float]]:
        """Count the copies in a destination vault by what they are copies of."""
        points = self.vault(name, account_id).points.values()
        return Counter((each.resource_arn, each.created) for each in points)

    def admin(self, account_id: str = BACKUP, region: str = AWAY, service: str = "backup") -> Any:
        """Return a client of somebody with all rights in an account."""
        return self.cloud.client(service, account_id, "admin", region=region)


def started(outcome: Outcome) -> list[str]:
    """Return the recovery points whose copy a pass asked for with success."""
    return [
        each.action.point.arn for each in outcome.results if isinstance(each.action, StartCopy) and each.problem is None
    ]


def patient(stage: Stage) -> AwsSettings:
    """Return settings with botocore's retries."""
    return replace(stage.settings, attempts=3)


def hasty(stage: Stage) -> AwsSettings:
    """Return settings that give up on an answer soon."""
    return replace(stage.settings, read_timeout=3.0)


def planned(request: PolicyRequest, aws: AwsAccounts) -> tuple[Desired, Observed, Plan]:
    """Return what a pass would do, for a policy that can be planned."""
    found = plan_policy(request, aws)
    assert not isinstance(found, Rejected)
    return found
