"""What happens in a world whose roles have exactly the documents of ``crossvault iam``, pass by pass.

A life is a folder of manifests, a world, and what happens in it; two lives are alike when people see the same of both.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.kit import sessions
from tests.kit import stage as scene
from tests.kit.least import own_account, world
from tests.kit.stage import AWAY, BACKUP, CADENCE, HOME, PAYER, PRODUCTION, SECOND, Json

from backup_simulator.faults import Kind
from backup_simulator.transport import InProcess
from crossvault.aspects.effects import AwsAccounts
from crossvault.aws import AwsSettings
from crossvault.aws.own import NewSession
from crossvault.aws.threads import NoThreads
from crossvault.kinds import ACCOUNT, KINDS, POLICY
from crossvault.kinds.kind import ObjectKey, Occasion
from crossvault.local import Folder
from crossvault.work.desk import Desk

ROUNDS, APART = 2, 15
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z|copyjob-[0-9a-f-]+|[0-9a-f-]{36}")

# --- Lives ---------------------------------------------------------------------------------------------------------


class OtherwiseError(Exception):
    """Something is seen in a life that is otherwise than expected."""


class Life:
    """An operator over everything that a folder declares, in virtual time."""

    def __init__(
        self,
        cloud: InProcess,
        folder: Folder,
        expected: Sequence[Json] | None = None,
        *,
        wrapped: Callable[[NewSession], NewSession] = lambda new: new,
    ) -> None:
        self.cloud, self.control = cloud, cloud.control
        self.steps: list[Json] = []
        self._expected = expected
        reaching, _ = sessions.reaching(cloud)
        self.new_session = wrapped(reaching)
        created = self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.bodies: dict[ObjectKey, Json] = {
            key: {**body, "metadata": {**body["metadata"], "generation": 1, "creationTimestamp": created}, "status": {}}
            for kind in KINDS
            for key, body in folder.objects.items()
            if key.kind == kind
        }
        self.labels = folder.labels
        self._begin()

    def _begin(self) -> None:
        self.desk = Desk()
        for namespace, each in self.labels.items():
            self.desk.put_labels(namespace, each)
        for key, body in self.bodies.items():
            self.desk.put(key, body)
        settings = AwsSettings(region=HOME, attempts=1, read_timeout=10.0)
        self.aws = AwsAccounts(
            settings,
            clock=self.clock,
            sleep=lambda _seconds: None,
            new_session=self.new_session,
            new_threads=lambda _name: NoThreads(),
        )

    def restart(self) -> None:
        """Forget everything that a process remembers."""
        self.aws.close()
        self._begin()

    def clock(self) -> datetime:
        """Return virtual time."""
        return datetime.fromtimestamp(self.control.now(), UTC)

    def rounds(self, count: int = ROUNDS) -> None:
        """Pass over everything so many times, some virtual seconds apart."""
        for number in range(count):
            for key in list(self.bodies):
                if key.kind != ACCOUNT.name or number == 0:
                    self.once(key)
            self.control.advance(APART)

    def once(self, key: ObjectKey) -> None:
        """Pass over one object."""
        self.control.advance(1)
        request = self.desk.request(key, self.bodies[key], Occasion(self.clock()))
        outcome = request.reconcile(self.aws, clock=self.clock, cadence=CADENCE, stopping=lambda: False)
        if outcome.status is not None:
            self.bodies[key] = {**self.bodies[key], "status": outcome.status}
            self.desk.put(key, self.bodies[key], changed=False)
        self.steps.append(self.seen())
        if self._expected is not None and self.steps[-1] != self._expected[len(self.steps) - 1]:
            raise OtherwiseError

    def change(self, kind: str, edit: Callable[[Json], None]) -> None:
        """Edit every object of a kind as kubectl would."""
        for key, body in self.bodies.items():
            if key.kind == kind:
                edited = copy.deepcopy(body)
                edit(edited)
                edited["metadata"]["generation"] += 1
                self.bodies[key] = edited
                self.desk.put(key, edited)

    def seen(self) -> Json:
        """Return what a person sees of it: all statuses but for moments, and what AWS has denied."""
        return {
            "statuses": {str(key): _timeless(_untried(body["status"])) for key, body in self.bodies.items()},
            "denied": sorted(
                {(each.account, each.operation) for each in self.control.calls() if "Denied" in each.outcome}
            ),
            "copies": self.copies(),
        }

    def copies(self) -> int:
        """Count what lies in the vaults of the backup account."""
        vaults = self.cloud.state.accounts[BACKUP].region(AWAY).vaults.values()
        return sum(len(each.points) for each in vaults)


def _untried(status: Mapping[str, Any]) -> Json:
    """Leave out what IAM decides when it is asked to try the role out, but for that it may not be asked.

    It would tell of a right that nothing needs, too.
    """
    told = [each for each in status.get("conditions", ()) if each["type"] != "PermissionsGranted" or _refused(each)]
    rows = [each for each in status.get("permissions", ()) if each["reason"] == "AccessDenied"]
    return {**status, "conditions": told, "permissions": rows}


def _refused(condition: Mapping[str, Any]) -> bool:
    return bool(condition["reason"] == "AccessDenied")


def _timeless(status: Mapping[str, Any]) -> Any:
    return json.loads(_MOMENT.sub("…", json.dumps(status, sort_keys=True)))


Play = Callable[[Life], None]


@dataclass(frozen=True, slots=True)
class Tale:
    """What happens: how the world is otherwise than in order, and what is done in it."""

    name: str
    world: Callable[[Json], Json] = lambda made: made
    play: Play = Life.rounds
    fits: Callable[[Folder], bool] = field(default=lambda _folder: True)


def lived(
    cloud: InProcess,
    folder: Folder,
    tale: Tale,
    permitted: Callable[[Json], Json],
    expected: Sequence[Json] | None = None,
    *,
    wrapped: Callable[[NewSession], NewSession] = lambda new: new,
) -> Life:
    """Let a tale happen in a world that is permitted so.

    Raises:
        OtherwiseError: What was seen after some pass is not what was expected then.
    """
    cloud.control.clear_calls()
    cloud.control.faults.clear()
    cloud.control.clear_outcomes()
    cloud.control.load(tale.world(permitted(world())))
    life = Life(cloud, folder, expected, wrapped=wrapped)
    try:
        tale.play(life)
    finally:
        life.aws.close()
    return life


def _has(kind: str) -> Callable[[Folder], bool]:
    return lambda folder: any(key.kind == kind for key in folder.objects)


def _closed_source_keys(made: Json) -> Json:
    """Leave the keys of the source to their own account."""
    for key in scene.account(made, PRODUCTION)["keys"]:
        key["policy"]["Statement"] = [own_account(PRODUCTION)]
    return made


def _closed_vault_key(made: Json) -> Json:
    """Let the accounts use the keys of their vaults, but for their service-linked roles."""
    shut = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/aws-service-role/*"}}
    for account_id in (BACKUP, SECOND):
        own = own_account(account_id)
        deny = {**own, "Sid": "Shut", "Effect": "Deny", "Action": "kms:CreateGrant", "Condition": shut}
        for key in scene.account(made, account_id)["keys"]:
            key["policy"]["Statement"] = [own, deny]
    return made


def _half(life: Life) -> None:
    """Let the list of vaults leave the key of each out, once they are there."""
    life.rounds(2)
    life.control.faults.add(Kind.OMIT, operation="ListBackupVaults", member="BackupVaultList[].EncryptionKeyArn")
    life.restart()
    life.rounds(1)


def _left(life: Life) -> None:
    """Let the account with the copies leave the organization."""
    life.rounds()
    life.cloud.client("organizations", PAYER, "admin", region="us-east-1").remove_account_from_organization(
        AccountId=BACKUP
    )
    life.restart()
    life.rounds(2)


def _deleted(life: Life) -> None:
    """Delete the policies once all is copied."""
    life.rounds()
    gone = life.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    life.change(POLICY.name, lambda body: body["metadata"].update(deletionTimestamp=gone))
    life.rounds(1)


def _shorter_before(life: Life) -> None:
    """Have copies made that live shorter than is declared then."""
    wanted = {key: body["spec"] for key, body in life.bodies.items() if key.kind == POLICY.name}

    def shorter(body: Json) -> None:
        for each in body["spec"]["destinations"]:
            each.pop("existingCopies", None)
            each["lifecycle"] = {"deleteAfterDays": 30}

    life.change(POLICY.name, shorter)
    life.rounds()
    life.change(POLICY.name, lambda body: body.update(spec=next(iter(wanted.values()))))
    life.rounds()


def _switch_off(made: Json) -> Json:
    """Have the switch of the organization off."""
    made["organization"]["cross_account_backup"] = False
    return made


def _vault_there(made: Json) -> Json:
    """Have the vault of the copies there already, of whatever kind it is declared to be: a standard one."""
    account = scene.account(made, BACKUP)
    vaults = [
        {"region": AWAY, "name": each, "key": "alias/orders-copies"} for each in ("orders-copies", "orders-vault")
    ]
    account.setdefault("vaults", []).extend(vaults)
    return made


def _updates(folder: Folder) -> bool:
    return any("existingCopies" in each for body in folder.policies.values() for each in body["spec"]["destinations"])


def _no_service_role(made: Json) -> Json:
    """Let the backup account never have used AWS Backup; its vault's key is left to the account."""
    account = scene.account(made, BACKUP)
    account["service_linked_role"] = False
    for key in account["keys"]:
        key["policy"]["Statement"] = [own_account(BACKUP)]
    return made


def _no_copy_role(made: Json) -> Json:
    """Let there be no role of that name."""
    account = scene.account(made, PRODUCTION)
    account["roles"] = [each for each in account["roles"] if each["name"] != "AWSBackupDefaultServiceRole"]
    return _closed_source_keys(made)


def _copy_role_elsewhere(made: Json) -> Json:
    """Let the role of that name have another path."""
    scene.role(made, PRODUCTION, "AWSBackupDefaultServiceRole")["path"] = "/elsewhere/"
    return _closed_source_keys(made)


def _manages_keys(folder: Folder) -> bool:
    return any(body["spec"]["source"].get("keyPolicy") == "Manage" for body in folder.policies.values())


def _air_gapped(folder: Folder) -> bool:
    return any("kind" in each["vault"] for body in folder.policies.values() for each in body["spec"]["destinations"])


def _creates(folder: Folder) -> bool:
    return not _updates(folder)


def _removes(folder: Folder) -> bool:
    return any(body["spec"].get("deletionPolicy") == "RemoveOwned" for body in folder.policies.values())


def _managed(folder: Folder) -> bool:
    return bool(folder.organizations)


def _plan_changed(life: Life) -> None:
    """Let somebody change the backup plan, and what it selects."""
    life.rounds()
    backup = life.cloud.client("backup", PRODUCTION, "admin", region=HOME)
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    rule = {"RuleName": "other", "TargetBackupVaultName": "orders", "Lifecycle": {"DeleteAfterDays": 7}}
    document = {"BackupPlanName": plan["BackupPlanName"], "Rules": [rule]}
    backup.update_backup_plan(BackupPlanId=plan["BackupPlanId"], BackupPlan=document)
    life.restart()
    life.rounds(1)


def _scheduled(folder: Folder) -> bool:
    return any("schedule" in body["spec"] for body in folder.policies.values())


def _no_source_vault(made: Json) -> Json:
    """Let there be no source vault yet."""
    account = scene.account(made, PRODUCTION)
    account["vaults"] = [each for each in account["vaults"] if each["name"] != "orders"]
    return made


def _makes_source(folder: Folder) -> bool:
    return any(body["spec"]["source"]["vault"].get("create") for body in folder.policies.values())


TALES = (
    Tale("nothing is amiss", fits=_creates),
    Tale("copies live too short", _vault_there, _shorter_before, _updates),
    Tale("the switch is off", _switch_off, fits=_managed),
    Tale("the keys of the source let nobody in", _closed_source_keys),
    Tale("there is no copy role", _no_copy_role, fits=_updates),
    Tale("the copy role has another path", _copy_role_elsewhere, fits=_updates),
    Tale("there is no service-linked role yet", _no_service_role, fits=_manages_keys),
    Tale("the key of the vault lets nobody in", lambda made: _vault_there(_closed_vault_key(made))),
    Tale("the vault is there, and of another kind", _vault_there, fits=_air_gapped),
    Tale("the list of vaults is half an answer", play=_half, fits=_creates),
    Tale("the list of vaults is half an answer", _vault_there, _half, _updates),
    Tale("the account with the copies has left", play=_left, fits=_managed),
    Tale("there is no source vault yet", _no_source_vault, fits=_makes_source),
    Tale("somebody changes the plan", play=_plan_changed, fits=_scheduled),
    Tale("the policy is deleted", play=_deleted, fits=_removes),
)
