"""The role that AWS Backup assumes for a copy: whether it is there, and whether it lets AWS Backup in.

What it may do is in :mod:`.permissions`. https://docs.aws.amazon.com/aws-backup/latest/devguide/iam-service-roles.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...engine import fixes
from ...engine.declared import Desired, VaultRef, partition_of
from ...engine.fixes import Fix
from ...engine.looks import UNASKED, Look, Unseen
from ...engine.parts import Part, Parts
from ...engine.plan import Base, Declaring, Finding, Room, Side
from ...engine.rows import UNKNOWN, Prerequisite, met, unknown, unmet
from ...iam import evaluation, meaning
from ...iam.context import Request, ServiceCaller
from ...iam.documents import MalformedPolicyError
from ...iam.evaluation import Ground, Judgement, Verdict
from ...manifest.fields import Fields, show
from ...words.reasons import Reason
from . import permissions, rights
from .controlled import NOWHERE, Around, around, assumption
from .declared import COPY_ROLE

__all__ = ["COPY_ROLE", "DEFAULT", "NAME", "ROLE", "ROOM", "SERVICE", "Role", "role_name", "row", "trusts"]

NAME = "CopyRole"
SERVICE = permissions.SERVICE
DEFAULT = "AWSBackupDefaultServiceRole"

_TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"backup.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)
_TRUSTING = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}
_PERMISSIONS = permissions.MANAGED
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Role:
    """What iam:GetRole says; ``trust`` is its AssumeRolePolicyDocument, parsed."""

    arn: str
    trust: Mapping[str, Any]


ROLE: Part[Look[Role | None]] = Part("role", UNASKED)
"""The role of that name; None when there is none."""

_ROLE_NAME = r"[A-Za-z0-9_+=,.@/-]+"
_ROLE_ARN = re.compile(rf"arn:(?P<partition>aws|aws-cn|aws-us-gov):iam::(?P<account>[0-9]{{12}}):role/{_ROLE_NAME}")
_NAMED_ROLE = re.compile(_ROLE_NAME)


# --- Declared ------------------------------------------------------------------------------------------------------


def role_name(text: str) -> str:
    """Return path and name of a role, however it is named: by its ARN, or by its name with the path that it has.

    AWS Backup makes its own role in a path (Developer Guide, default service role), so that one needs none.
    """
    name = text.partition(":role/")[2] if text.startswith("arn:") else text
    return f"service-role/{name}" if text == DEFAULT else name


def policy(declaring: Declaring) -> Parts:
    """Read ``copyRole`` of the source."""
    return Parts().having(COPY_ROLE, _arn(declaring.fields.object("source"), declaring.vault))


def _arn(fields: Fields, source: VaultRef) -> str:
    """Return the ARN of the copy role; a bare name belongs to the source account."""
    role = fields.text("copyRole", DEFAULT)
    account_id, partition = source.account.account_id, partition_of(source.region)
    if role and not _NAMED_ROLE.fullmatch(role) and not _ROLE_ARN.fullmatch(role):
        words = f"must be the name of a role, such as {DEFAULT}, or its ARN"
        fields.fault("copyRole", f"{words}; is {show(role)}")
        return role
    if not role.startswith("arn:"):
        return f"arn:{partition}:iam::{account_id}:role/{role_name(role)}"
    arn = _ROLE_ARN.fullmatch(role)
    if arn is not None and account_id and (arn["account"], arn["partition"]) != (account_id, partition):
        fields.fault("copyRole", f"must be a role of the source account {account_id} in partition {partition}")
    return role


# --- Judging -------------------------------------------------------------------------------------------------------


def source(base: Base) -> Finding:
    """Judge the role."""
    desired, seen = base.desired, base.sight
    passing = permissions.may_pass(desired, seen[permissions.PASSING], desired[COPY_ROLE], around(seen))
    return Finding((row(desired, seen[ROLE], around(seen)), *passing))


def judge(side: Side) -> Finding:
    """Judge what the role may do for a destination; of one that is not there another row tells."""
    look, role, there = side.sight[permissions.COPYING], side.desired[COPY_ROLE], side.source[ROLE]
    if not isinstance(there, Unseen) and there.value is None:
        return Finding()
    return Finding(permissions.may_copy(side.desired, side.destination, look, role, around(side.source, side.sight)))


def row(desired: Desired, look: Look[Role | None], known: Around = NOWHERE) -> Prerequisite:
    """Judge the role.

    | role | its trust policy | row |
    |---|---|---|
    | not seen | | Unknown; AWS decides when a copy is started |
    | none of that name | | Unmet |
    | of that name with another path | | Unmet: AWS would be told of a role that is not there |
    | there | lets AWS Backup in | Met; Unmet where a resource control policy certainly keeps AWS Backup out |
    | there | nothing in it lets AWS Backup in, or a Deny keeps it out | Unmet |
    | there | has what cannot be judged from here | Unknown |
    """
    if isinstance(look, Unseen):
        return unknown(NAME, "", look.problem)
    name, where = _named(desired)
    if look.value is None or look.value.arn != desired[COPY_ROLE]:
        return _absent(desired, look.value)
    found = trusting(look.value, desired.source.account.account_id)
    if found.verdict is Verdict.UNKNOWN:
        why = _grounds(found)
        message = f"Whether AWS Backup may assume role {name} in {where} depends on its trust policy: {why}."
        return Prerequisite(NAME, "", UNKNOWN, Reason.COPY_ROLE_UNTRUSTING, message)
    if found.verdict is Verdict.DENIED:
        words = f"AWS Backup may not assume role {name} in {where}: its trust policy denies it: {_grounds(found)}."
        remedy = (
            f"Remove or narrow {' and '.join(each.statement for each in found.grounds)} in the role's trust policy."
        )
        return unmet(NAME, "", Reason.COPY_ROLE_UNTRUSTING, words, remedy, proves=True)
    if found.verdict is Verdict.NOT_ALLOWED:
        return unmet(
            NAME,
            "",
            Reason.COPY_ROLE_UNTRUSTING,
            f"AWS Backup may not assume role {name} in {where} (spec.source.copyRole): its trust policy does not let"
            f" {SERVICE} in.",
            f"Allow sts:AssumeRole to the service {SERVICE} in the role's trust policy:"
            f" aws iam update-assume-role-policy --role-name {name} --policy-document '{_TRUST}'",
            proves=True,
            fix=_trusting(desired, look.value),
        )
    barring, undecided = assumption(desired, known)
    if barring:
        words = f"AWS Backup may not assume role {name} in {where}: denied by {barring}."
        remedy = f"The management account, or who administers its policies, has to remove or narrow {barring}."
        return unmet(NAME, "", Reason.COPY_ROLE_UNTRUSTING, words, remedy, proves=True)
    more = f" Not decided, and copies are tried: {undecided}." if undecided else ""
    return met(NAME, "", f"AWS Backup may assume role {name} in {where}.{more}")


def _grounds(found: Judgement) -> str:
    return ", ".join(map(str, found.grounds[:_SHOWN]))


def _named(desired: Desired) -> tuple[str, str]:
    """Return the name of the declared role, and the account it has to be in as people know it."""
    account = desired.source.account
    return desired[COPY_ROLE].rsplit("/", 1)[-1], f"account {account.name} ({account.account_id})"


def _absent(desired: Desired, other: Role | None) -> Prerequisite:
    """Say that there is no such role, or only one of the same name with another path."""
    name, where = _named(desired)
    if other is not None:
        return unmet(
            NAME,
            "",
            Reason.COPY_ROLE_MISSING,
            f"There is no role {desired[COPY_ROLE]}; the one named {name} in {where} is {other.arn}.",
            f"Declare spec.source.copyRole: {other.arn}",
            proves=True,
        )
    return unmet(
        NAME,
        "",
        Reason.COPY_ROLE_MISSING,
        f"There is no role {name} in {where}, which AWS Backup would assume to copy (spec.source.copyRole).",
        _create(name, desired[COPY_ROLE]),
        proves=True,
        fix=_made(desired),
    )


def _made(desired: Desired) -> Fix:
    """Return what makes the role in its path, with AWS's own policy for backups."""
    arn, (name, _) = desired[COPY_ROLE], _named(desired)
    trust = fixes.policy_of([_TRUSTING])
    region = desired.source.region
    create = fixes.aws(
        "iam", "create-role", region=region, role_name=name, path=_path(arn), assume_role_policy_document=trust
    )
    return fixes.within(desired.source.account, create, permissions.attaching(arn, region))


def _trusting(desired: Desired, role: Role) -> Fix:
    """Return what lets AWS Backup in beside whoever is let in already; none where a Deny has to go first."""
    statement = {"Sid": "CrossvaultBackup", **_TRUSTING}
    added = Role(role.arn, {**role.trust, "Statement": [*_several(role.trust.get("Statement")), statement]})
    if trusts(added, desired.source.account.account_id) is not True:
        return fixes.NONE
    region, name = desired.source.region, role.arn.rsplit("/", 1)[-1]
    read = fixes.aws("iam", "get-role", region=region, role_name=name)
    command = fixes.adding(
        [statement],
        json.dumps(role.trust),
        read=f"{read} --query Role.AssumeRolePolicyDocument --output json",
        write=fixes.aws("iam", "update-assume-role-policy", region=region, role_name=name),
        option="--policy-document",
    )
    return fixes.within(desired.source.account, *([command] if command else []))


def _path(arn: str) -> str:
    return arn.split(":role", 1)[-1].rsplit("/", 1)[0] + "/"


def _create(name: str, arn: str) -> str:
    path = _path(arn)
    partition = arn.split(":")[1]
    by_hand = (
        f"aws iam create-role --role-name {name} --path {path} --assume-role-policy-document '{_TRUST}'; then"
        f" aws iam attach-role-policy --role-name {name} --policy-arn arn:{partition}:iam::aws:policy/{_PERMISSIONS}"
    )
    if name == DEFAULT:
        return (
            "Create it: in AWS Backup's console of that account choose Create on-demand backup with the default role,"
            f" or run {by_hand}"
        )
    return f"Name another one in spec.source.copyRole, or create it: {by_hand}"


# --- Trust ---------------------------------------------------------------------------------------------------------


def trusts(role: Role, account_id: str) -> bool | None:
    """Tell whether the trust policy of a role lets AWS Backup assume it; None where that is not known from here."""
    return {
        Verdict.ALLOWED: True,
        Verdict.UNKNOWN: None,
        Verdict.NOT_ALLOWED: False,
        Verdict.DENIED: False,
    }[trusting(role, account_id).verdict]


def trusting(role: Role, account_id: str) -> Judgement:
    """Decide whether the trust policy of a role lets AWS Backup assume it.

    AWS Backup says for which account it asks; its documentation names no ARN.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    backup = ServiceCaller(SERVICE, meaning.partition_of(role.arn))
    request = Request(backup, role.arn, {"aws:sourceaccount": account_id})
    try:
        return evaluation.evaluate(json.dumps(dict(role.trust)), request, "sts:AssumeRole")
    except MalformedPolicyError as error:
        return Judgement(Verdict.UNKNOWN, (Ground("what cannot be read", str(error)),), None)


def _several(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


ROOM = Room(
    "copy_role",
    judge=judge,
    source=source,
    policy=policy,
    rights=rights.RIGHTS,
    rows=(NAME, permissions.PASS, permissions.MAY_COPY),
)
