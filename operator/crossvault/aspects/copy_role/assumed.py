"""A role that a service of AWS assumes: whether it is there, and whether its trust policy lets the service in. Pure.

What it may do besides is another question. https://docs.aws.amazon.com/aws-backup/latest/devguide/iam-service-roles.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...engine import fixes
from ...engine.declared import Account, VaultRef
from ...engine.fixes import Fix
from ...engine.looks import Look, Unseen
from ...engine.rows import UNKNOWN, Prerequisite, met, unknown, unmet
from ...iam import evaluation, meaning
from ...iam.context import Request, ServiceCaller
from ...iam.documents import MalformedPolicyError
from ...iam.evaluation import Ground, Judgement, Verdict
from ...words.reasons import Reason
from .controlled import NOWHERE, Around, assumption
from .trials import SERVICE

DEFAULT = "AWSBackupDefaultServiceRole"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Role:
    """What iam:GetRole says; ``trust`` is its AssumeRolePolicyDocument, parsed."""

    arn: str
    trust: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Use:
    """A role as it is declared, and what for.

    Attributes:
        row: Of which row it is.
        field: Where it is declared.
        does: What it is assumed for, as in "to copy".
        policy: AWS's own policy for that, by path and name.
        missing: The reason of a role that is not there.
        untrusting: The reason of one that does not let the service in.
        service: Who assumes it, and how people call that.
        sid: The statement that lets it in.
        holds: No copy is started without it, and nothing is written.
    """

    row: str
    arn: str
    field: str
    does: str
    policy: str
    missing: Reason
    untrusting: Reason
    service: tuple[str, str] = (SERVICE, "AWS Backup")
    sid: str = "CrossvaultBackup"
    holds: bool = True

    @property
    def name(self) -> str:
        """The name of the role without its path."""
        return self.arn.rsplit("/", 1)[-1]

    @property
    def path(self) -> str:
        """Its path."""
        return self.arn.split(":role", 1)[-1].rsplit("/", 1)[0] + "/"

    @property
    def managed(self) -> str:
        """The ARN of AWS's policy."""
        return f"arn:{self.arn.split(':')[1]}:iam::aws:policy/{self.policy}"

    @property
    def trusted(self) -> Mapping[str, Any]:
        """The statement of a trust policy that lets the service in."""
        return {"Effect": "Allow", "Principal": {"Service": self.service[0]}, "Action": "sts:AssumeRole"}


def row(use: Use, source: VaultRef, look: Look[Role | None], known: Around = NOWHERE) -> Prerequisite:
    """Judge a role of the source account.

    | role | its trust policy | row |
    |---|---|---|
    | not seen | | Unknown; AWS decides when it is used |
    | none of that name | | Unmet |
    | of that name with another path | | Unmet: AWS would be told of a role that is not there |
    | there | lets the service in | Met; Unmet where a resource control policy certainly keeps it out |
    | there | nothing in it lets the service in, or a Deny keeps it out | Unmet |
    | there | has what cannot be judged from here | Unknown |
    """
    if isinstance(look, Unseen):
        return unknown(use.row, "", look.problem)
    if look.value is None or look.value.arn != use.arn:
        return _absent(use, source, look.value)
    where, (principal, who) = _where(source.account), use.service
    found = trusting(look.value, source.account.account_id, principal)
    if found.verdict is Verdict.UNKNOWN:
        why = _grounds(found)
        message = f"Whether {who} may assume role {use.name} in {where} depends on its trust policy: {why}."
        return Prerequisite(use.row, "", UNKNOWN, use.untrusting, message)
    if found.verdict is Verdict.DENIED:
        words = f"{who} may not assume role {use.name} in {where}: its trust policy denies it: {_grounds(found)}."
        remedy = (
            f"Remove or narrow {' and '.join(each.statement for each in found.grounds)} in the role's trust policy."
        )
        return _unmet(use, use.untrusting, words, remedy)
    if found.verdict is Verdict.NOT_ALLOWED:
        return _unmet(
            use,
            use.untrusting,
            f"{who} may not assume role {use.name} in {where} ({use.field}): its trust policy does not let"
            f" {principal} in.",
            f"Allow sts:AssumeRole to the service {principal} in the role's trust policy:"
            f" aws iam update-assume-role-policy --role-name {use.name} --policy-document '{_trust(use)}'",
            _trusting(use, source, look.value),
        )
    barring, undecided = assumption(use.arn, principal, source.account.account_id, known)
    if barring:
        words = f"{who} may not assume role {use.name} in {where}: denied by {barring}."
        remedy = f"The management account, or who administers its policies, has to remove or narrow {barring}."
        return _unmet(use, use.untrusting, words, remedy)
    more = f" Not decided, and {'copies are' if use.holds else 'it is'} tried: {undecided}." if undecided else ""
    return met(use.row, "", f"{who} may assume role {use.name} in {where}.{more}")


def _unmet(use: Use, reason: Reason, words: str, remedy: str, fix: Fix = fixes.NONE) -> Prerequisite:
    return unmet(use.row, "", reason, words, remedy, blocks=use.holds, proves=use.holds, fix=fix)


def _grounds(found: Judgement) -> str:
    return ", ".join(map(str, found.grounds[:_SHOWN]))


def _where(account: Account) -> str:
    return f"account {account.name} ({account.account_id})"


def _absent(use: Use, source: VaultRef, other: Role | None) -> Prerequisite:
    """Say that there is no such role, or only one of the same name with another path."""
    where = _where(source.account)
    if other is not None:
        words = f"There is no role {use.arn}; the one named {use.name} in {where} is {other.arn}."
        return _unmet(use, use.missing, words, f"Declare {use.field}: {other.arn}")
    words = f"There is no role {use.name} in {where}, which {use.service[1]} would assume {use.does} ({use.field})."
    return _unmet(use, use.missing, words, _create(use), _made(use, source))


def _made(use: Use, source: VaultRef) -> Fix:
    """Return what makes the role in its path, with AWS's own policy for what it does."""
    trust, region = fixes.policy_of([use.trusted]), source.region
    create = fixes.aws(
        "iam", "create-role", region=region, role_name=use.name, path=use.path, assume_role_policy_document=trust
    )
    attach = fixes.aws("iam", "attach-role-policy", region=region, role_name=use.name, policy_arn=use.managed)
    return fixes.within(source.account, create, attach)


def _trusting(use: Use, source: VaultRef, role: Role) -> Fix:
    """Return what lets the service in beside whoever is let in already; none where a Deny has to go first."""
    statement = {"Sid": use.sid, **use.trusted}
    added = Role(role.arn, {**role.trust, "Statement": [*_several(role.trust.get("Statement")), statement]})
    if trusts(added, source.account.account_id, use.service[0]) is not True:
        return fixes.NONE
    region = source.region
    read = fixes.aws("iam", "get-role", region=region, role_name=use.name)
    command = fixes.adding(
        [statement],
        json.dumps(role.trust),
        read=f"{read} --query Role.AssumeRolePolicyDocument --output json",
        write=fixes.aws("iam", "update-assume-role-policy", region=region, role_name=use.name),
        option="--policy-document",
    )
    return fixes.within(source.account, *([command] if command else []))


def _trust(use: Use) -> str:
    return fixes.policy_of([use.trusted])


def _create(use: Use) -> str:
    by_hand = (
        f"aws iam create-role --role-name {use.name} --path {use.path} --assume-role-policy-document '{_trust(use)}';"
        f" then aws iam attach-role-policy --role-name {use.name} --policy-arn {use.managed}"
    )
    if use.name == DEFAULT:
        return (
            "Create it: in AWS Backup's console of that account choose Create on-demand backup with the default role,"
            f" or run {by_hand}"
        )
    return f"Name another one in {use.field}, or create it: {by_hand}"


# --- Trust ---------------------------------------------------------------------------------------------------------


def trusts(role: Role, account_id: str, service: str = SERVICE) -> bool | None:
    """Tell whether the trust policy of a role lets a service assume it; None where that is not known from here."""
    return {
        Verdict.ALLOWED: True,
        Verdict.UNKNOWN: None,
        Verdict.NOT_ALLOWED: False,
        Verdict.DENIED: False,
    }[trusting(role, account_id, service).verdict]


def trusting(role: Role, account_id: str, service: str = SERVICE) -> Judgement:
    """Decide whether the trust policy of a role lets a service assume it.

    The service says for which account it asks; AWS Backup's documentation names no ARN.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    caller = ServiceCaller(service, meaning.partition_of(role.arn))
    request = Request(caller, role.arn, {"aws:sourceaccount": account_id})
    try:
        return evaluation.evaluate(json.dumps(dict(role.trust)), request, "sts:AssumeRole")
    except MalformedPolicyError as error:
        return Judgement(Verdict.UNKNOWN, (Ground("what cannot be read", str(error)),), None)


def _several(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
