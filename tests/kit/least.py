"""Least privilege: examples, what ``crossvault iam`` prints for them, and worlds whose roles have exactly that."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kit import stage as scene
from tests.kit.stage import BACKUP, HOME, PRODUCTION, SECOND, TOOLS, Json

from crossvault.cli import iam
from crossvault.kinds import ACCOUNT
from crossvault.kinds.entries import Operator
from crossvault.kinds.kind import ObjectKey
from crossvault.local import Folder

EXAMPLES = Path(__file__).parents[2] / "examples"
OPERATOR = Operator(f"arn:aws:iam::{TOOLS}:user/crossvault-operator")


def _administered(account_id: str) -> Json:
    """Return the statement of who looks after a key: nothing of its use is left to the account's own policies."""
    return {
        "Sid": "Administered",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:user/admin"},
        "Action": ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"],
        "Resource": "*",
    }


def folder_of(name: str) -> Folder:
    """Return what an example declares, and beside an organization what the quickstart does."""
    found = Folder.read(EXAMPLES / name)
    if name == "organization":
        other = Folder.read(EXAMPLES / "quickstart")
        found = Folder({**other.objects, **found.objects}, {**other.labels, **found.labels})
    return Folder({key: _unhurried(body) for key, body in found.objects.items()}, found.labels)


def _unhurried(body: Any) -> Json:
    """Return an object without the limits of an account, in which time would be waited away."""
    if body["kind"] != ACCOUNT.name:
        return dict(body)
    return {**body, "spec": {**body["spec"], "limits": {"readsPerSecond": 1000, "startsPerSecond": 100}}}


def edited(folder: Folder, kind: str, edit: Callable[[Json], None]) -> Folder:
    """Return a folder with every object of a kind edited."""
    objects: dict[ObjectKey, Json] = {key: copy.deepcopy(dict(body)) for key, body in folder.objects.items()}
    for key, body in objects.items():
        if key.kind == kind:
            edit(body)
    return Folder(objects, folder.labels)


def documents_of(folder: Folder) -> Json:
    """Return what ``crossvault iam`` prints for a folder."""
    declared, faults = iam.declared_in(folder)
    assert faults == []
    return iam.make(declared, OPERATOR)


# --- Worlds --------------------------------------------------------------------------------------------------------


def world() -> Json:
    """Return the quickstart's world with a few recovery points, in which nobody is let in by any key yet."""
    made = scene.world()
    for account_id in (BACKUP, SECOND):
        scene.account(made, account_id)["service_linked_role"] = True  # a key cannot name a role that is not there
    air_gapped = {"air_gapped": True, "lock": {"min_days": 7, "max_days": 365}}
    scene.account(made, PRODUCTION)["vaults"].append({"region": HOME, "name": "orders-air-gapped", **air_gapped})
    # What the schedules of the examples name, and what bears their tags.
    scanner = {"services": ["malware-protection.guardduty.amazonaws.com"]}
    scene.account(made, PRODUCTION)["roles"].append({"name": "backup-scanner", "trust": scanner, "policies": []})
    tagged = {"region": HOME, "tags": {"backup": "true"}}
    scene.account(made, PRODUCTION)["resources"] = [
        {**tagged, "resource_type": "EBS", "resource": "vol-plan", "key": "alias/orders-storage"},
        {**tagged, "resource_type": "S3", "resource": "orders-plan"},
    ]
    for account_id, number in ((PRODUCTION, 2), (BACKUP, 1), (SECOND, 1)):
        keys = scene.account(made, account_id)["keys"]
        assert len(keys) == number
        for key in keys:
            key["policy"] = {"Version": "2012-10-17", "Statement": [own_account(account_id)]}
    return made


def own_account(account_id: str) -> Json:
    """Return the statement of KMS's default policy."""
    return {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }


def permit(made: Json, answer: Json, *, narrow: bool = False) -> Json:
    """Give a world exactly what is printed; ``narrow`` leaves nothing about keys to the IAM of their own account."""
    for entry in answer["accounts"]:
        account = scene.account(made, entry["accountId"])
        name = entry["role"].rsplit("/", 1)[-1]
        account["roles"] = [each for each in account["roles"] if each["name"] != name]
        account["roles"].append({"name": name, "trust": entry["trust"], "policies": [entry["permissions"]]})
        for each in entry["copyRoles"]:
            path, _, copier = each["role"].partition(":role")[2].rpartition("/")
            account["roles"] = [one for one in account["roles"] if one["name"] != copier]
            role = {"name": copier, "path": f"{path}/", "trust": each["trust"], "policies": each["managedPolicies"]}
            account["roles"].append(role)
        for need in entry["keyStatements"]:
            for key in account["keys"]:
                if narrow:
                    statements = [_administered(entry["accountId"]), *need["statements"]]
                else:
                    # What the own role needs of the key is left to its permissions.
                    others = [each for each in need["statements"] if each["Principal"]["AWS"] != entry["role"]]
                    statements = [*key["policy"]["Statement"], *others]
                key["policy"] = {"Version": "2012-10-17", "Statement": statements}
    (operator,) = [each for each in scene.account(made, TOOLS)["users"] if each["name"] == "crossvault-operator"]
    operator["policies"] = [answer["operator"]["permissions"]]
    return made


def wide(made: Json, answer: Json) -> Json:
    """Give the same identities all rights, and the keys what is printed."""
    permit(made, answer)
    for entry in answer["accounts"]:
        role = scene.role(made, entry["accountId"], entry["role"].rsplit("/", 1)[-1])
        role["policies"] = ["full"]
    (operator,) = [each for each in scene.account(made, TOOLS)["users"] if each["name"] == "crossvault-operator"]
    operator["policies"] = ["full"]
    return made


@dataclass(frozen=True, slots=True)
class Allowed:
    """One action of one statement of one identity: ``""`` is the operator's own."""

    account: str
    sid: str
    action: str

    def __str__(self) -> str:
        return f"{self.account or 'operator'}: {self.sid}: {self.action}"


def allowed(answer: Json) -> Iterator[tuple[Allowed, Json, Json]]:
    """Yield every action that is allowed, with its identity and its statement."""
    own = {**answer["operator"], "account": ""}
    for entry in (own, *answer["accounts"]):
        for statement in entry["permissions"]["Statement"]:
            for action in _several(statement["Action"]):
                yield Allowed(entry["account"], statement["Sid"], action), entry, statement


def without(answer: Json, one: Allowed) -> Json:
    """Return the documents without one action of one statement."""
    less = copy.deepcopy(answer)
    for each, entry, statement in list(allowed(less)):
        if each != one:
            continue
        statement["Action"] = [action for action in _several(statement["Action"]) if action != one.action]
        if not statement["Action"]:
            entry["permissions"]["Statement"].remove(statement)
        if not entry["permissions"]["Statement"]:
            nothing = {"Sid": "Nothing", "Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"}
            entry["permissions"]["Statement"].append(nothing)
    return less


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
