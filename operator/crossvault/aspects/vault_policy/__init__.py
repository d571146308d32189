"""The access policy of a destination vault: our one statement in it, and whether it lets the copy role in.

We own statements, not documents: ``iam.documents`` puts ours in and takes it out, every foreign one keeps its bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...engine.model import (
    AccountSight,
    Desired,
    Destination,
    DestinationSight,
    Look,
    Ownership,
    Prerequisite,
    PrerequisiteStatus,
    Unseen,
)
from ...iam import documents, evaluation, meaning
from ...iam.context import UNSEEN, Caller, Fact, NotKnown, Request
from ...iam.documents import MalformedPolicyError
from ...iam.evaluation import Ground, Judgement, Verdict
from ...kinds.account.grants import MOST_COPY_ROLES
from ...words.explanations import EXPLANATIONS
from ...words.problems import Problem
from ...words.reasons import Reason

COPY_INTO = "backup:CopyIntoBackupVault"
SID_PREFIX = "CrossvaultCopyIn"
ROW = "VaultPolicy"

MOST_OF_ONE_ACCOUNT, MOST = MOST_COPY_ROLES, 100
"""How many statements of ours a vault's policy holds: for the copy roles of one account, and in all."""

_DELETED = re.compile(r"A(?:RO|ID)A[A-Z0-9]{1,60}")
_SHOWN = 3
_UNMET, _UNKNOWN = PrerequisiteStatus.UNMET, PrerequisiteStatus.UNKNOWN


# --- Our statement -------------------------------------------------------------------------------------------------


def sid_of(role_arn: str) -> str:
    """Return the Sid of the statement that lets ``role_arn`` in.

    It follows from what the statement says, not from who asked: policies that need the same statement share it,
    and a restarted operator finds it again. Nobody can make a role whose Sid is that of another one: 128 bits of it are
    those of a hash.
    """
    return SID_PREFIX + hashlib.sha256(role_arn.encode()).hexdigest()[:32]


def former_sid_of(role_arn: str) -> str:
    """Return the Sid that earlier releases gave the same statement; what stands under it is replaced in one write."""
    return SID_PREFIX + hashlib.sha256(role_arn.encode()).hexdigest()[:10]


def is_ours(statement: Mapping[str, Any], role_arn: str) -> bool:
    """Tell whether a statement is ours to replace: its Sid is, and so is its principal.

    AWS writes the unique id of a role, ``AROA…``, in the place of the ARN of one that was deleted (IAM User Guide, AWS
    JSON policy elements: Principal). Such a principal lets nobody in any more, also not a new role of the same name.
    """
    if statement.get("Sid") not in {sid_of(role_arn), former_sid_of(role_arn)} or "NotPrincipal" in statement:
        return False
    found = meaning.principals_of(statement.get("Principal"), meaning.partition_of(role_arn))
    named = found.get("AWS", frozenset())
    return set(found) == {"AWS"} and all(each == role_arn or _DELETED.fullmatch(each) for each in named)


def usurped(statements: Iterable[Mapping[str, Any]], role_arn: str) -> str | None:
    """Return whom a statement under our Sid lets in that is not ours to touch; None where there is none."""
    for each in statements:
        if each.get("Sid") == sid_of(role_arn) and not is_ours(each, role_arn):
            listed = meaning.principals_of(each.get("Principal"), meaning.partition_of(role_arn))
            names = sorted(name for kind in listed.values() for name in kind)
            return meaning.spoken(", ".join(names) or "others")
    return None


def digest_of(statement: Mapping[str, Any]) -> str:
    """Return what tells a statement from every other, for the record of who wrote it: SHA-256, hexadecimal."""
    return hashlib.sha256(documents.canonical(statement).encode()).hexdigest()


def standing(document: str | None, role_arn: str) -> dict[str, Any] | None:
    """Return our statement as it stands in a policy; None where there is none, or the policy cannot be read."""
    try:
        found = [each for each in documents.statements(document) if is_ours(each, role_arn)]
    except MalformedPolicyError:
        return None
    return found[0] if found else None


def no_room(document: str | None, role_arn: str) -> str | None:
    """Say why no further statement of ours is put into a policy for a role; None where there is room.

    AWS does not document how long a vault's policy may be. So that the copy roles of one account can never keep those
    of another out, their statements are bounded by number, long before any length that AWS is known to refuse.
    """
    try:
        there = documents.statements(document)
    except MalformedPolicyError:
        return None
    if any(is_ours(each, role_arn) for each in there):
        return None
    owners = Counter(_account_of(each) for each in there if str(each.get("Sid", "")).startswith(SID_PREFIX))
    mine = owners[role_arn.split(":")[4]]
    if mine < MOST_OF_ONE_ACCOUNT and owners.total() < MOST:
        return None
    counts = ", ".join(f"{count} for copy roles of account {account}" for account, count in owners.most_common(3))
    return (
        f"has no room for another statement: of its {len(there)} statements Crossvault wrote {counts}; it puts in"
        f" {MOST_OF_ONE_ACCOUNT} for one account and {MOST} in all"
    )


def _account_of(statement: Mapping[str, Any]) -> str:
    named = [each for kind in meaning.principals_of(statement.get("Principal"), "aws").values() for each in kind]
    parts = named[0].split(":") if len(named) == 1 else []
    return parts[4] if len(parts) > 4 and parts[4] else "unknown"


def statement_for(role_arn: str) -> dict[str, Any]:
    """Return the least statement that lets the copy role copy in.

    ``Resource`` of a vault policy is always ``*``, meaning this vault (AWS Backup Developer Guide, vault access
    policies).
    """
    return {
        "Sid": sid_of(role_arn),
        "Effect": "Allow",
        "Principal": {"AWS": role_arn},
        "Action": COPY_INTO,
        "Resource": "*",
    }


def claims_of(desired: Desired) -> frozenset[tuple[str, str]]:
    """Return (vault ARN, Sid) of every statement a policy wants to be kept."""
    if desired.deleting:
        return frozenset()
    sid = sid_of(desired.copy_role_arn)
    return frozenset((d.vault.arn, sid) for d in desired.destinations)


# --- Who asks ------------------------------------------------------------------------------------------------------


def caller_of(desired: Desired, source: AccountSight, sight: DestinationSight) -> Caller:
    """Return the copy role as the vault's policy sees it; what could not be looked at says so."""
    return Caller(
        desired.copy_role_arn,
        source.account.account_id,
        organization=_organization(source),
        vault_organization=_organization(sight.account),
        path=_path(sight.source_path),
        vault_path=_path(sight.vault_path),
    )


def _organization(sight: AccountSight) -> Fact:
    if isinstance(sight.organization, Unseen):
        return _not_known(sight.organization.problem)
    return sight.organization.value.id if sight.organization.value is not None else ""


def _path(look: Look[str] | None) -> Fact:
    if look is None:
        return UNSEEN
    return _not_known(look.problem) if isinstance(look, Unseen) else look.value


def _not_known(problem: Problem) -> NotKnown:
    return NotKnown(f"is not known: {problem.message.removesuffix('.')}")


# --- What it decides -----------------------------------------------------------------------------------------------


def judge(document: str | None, caller: Caller, vault_arn: str) -> Judgement:
    """Decide whether the vault's policy lets the caller copy in, as AWS would.

    Raises:
        MalformedPolicyError: The text is not a policy document.
    """
    return evaluation.judge(document, Request(caller, vault_arn), COPY_INTO)


def row(desired: Desired, destination: Destination, caller: Caller, document: str | None, added: str) -> Prerequisite:
    """Judge the policy of a vault that exists.

    | judgement | row | message names | remedy |
    |---|---|---|---|
    | allowed | Met | | |
    | a Deny applies, whatever allows | VaultPolicyDenies | every Deny, its condition | remove or narrow it |
    | nothing allows, no Deny is certain | VaultPolicyMissing | ours, and who nearly allows | ``added``, or add one |
    | unknown, unreadable | VaultPolicyUnclear, holds nothing up | the condition key, and why | copies are tried |

    Args:
        desired: What one policy declares.
        destination: Where the vault is.
        caller: The copy role, as :func:`caller_of` sees it.
        document: The vault's policy, None without one.
        added: What adds our statement, where the operator does.
    """
    vault, role = destination.vault.name, desired.copy_role_arn
    try:
        found = judge(document, caller, destination.vault.arn)
    except MalformedPolicyError as error:
        message = f"The policy of vault {vault} cannot be read: {error}."
        remedy = "Correct the policy of the vault; the operator does not mend what others wrote."
        return Prerequisite(ROW, destination.name, _UNKNOWN, Reason.VAULT_POLICY_UNCLEAR, message, remedy)
    match found.verdict:
        case Verdict.ALLOWED:
            message = f"Vault {vault} lets {role} copy in."
            return Prerequisite(ROW, destination.name, PrerequisiteStatus.MET, Reason.ALL_MET, message)
        case Verdict.DENIED:
            return _denied(destination, role, found)
        case Verdict.NOT_ALLOWED:
            return _missing(destination, role, found, added)
        case Verdict.UNKNOWN:
            message = f"Whether vault {vault} lets {role} copy in depends on {_grounds(found.grounds)}."
            remedy = (
                "Nothing: copies are tried, and their result tells. To know before, narrow or remove what is unclear."
            )
            return Prerequisite(ROW, destination.name, _UNKNOWN, Reason.VAULT_POLICY_UNCLEAR, message, remedy)


def hindered(
    row: Prerequisite, desired: Desired, destination: Destination, document: str | None
) -> Prerequisite | None:
    """Return the row of a missing statement that the operator cannot add; None where it can."""
    vault, role = destination.vault.name, desired.copy_role_arn
    other = usurped(documents.statements(document), role)
    if other is not None:
        remedy = f"Give statement {sid_of(role)}, which is about {other}, another Sid, or remove it."
        return replace(row, remedy=f"{remedy} The operator does not touch what others let in.")
    full = no_room(document, role)
    if full is None:
        return None
    message = f"Vault {vault} does not let {role} copy in, and its policy {full}."
    return replace(
        row, reason=Reason.VAULT_POLICY_FULL, message=message, remedy=EXPLANATIONS[Reason.VAULT_POLICY_FULL].remedy
    )


def _denied(destination: Destination, role: str, found: Judgement) -> Prerequisite:
    """Return the row about a Deny, which comes first: where no statement allows either, to add one is in vain."""
    vault = destination.vault.name
    lacking = " No statement allows it either, but to add one would not help." if found.allowed is False else ""
    message = f"The policy of vault {vault} denies {role} to copy in: {_grounds(found.grounds)}.{lacking}"
    *most, last = [each.statement for each in found.grounds]
    remedy = f"Remove or narrow {', '.join(most) + ' and ' if most else ''}{last}: the operator touches only its own."
    return Prerequisite(ROW, destination.name, _UNMET, Reason.VAULT_POLICY_DENIES, message, remedy, blocks=True)


def _missing(destination: Destination, role: str, found: Judgement, added: str) -> Prerequisite:
    near = f" What speaks of it does not mean it: {_grounds(found.grounds)}." if found.grounds else ""
    near += f" What may deny it all the same: {_grounds(found.doubts)}." if found.doubts else ""
    message = f"Vault {destination.vault.name} does not let {role} copy in (statement {sid_of(role)}).{near}"
    if destination.vault_policy is Ownership.CHECK:
        added = f"Set vaultPolicy: Manage, or add a statement that allows {role} the action {COPY_INTO}."
    return Prerequisite(ROW, destination.name, _UNMET, Reason.VAULT_POLICY_MISSING, message, added, blocks=True)


def _grounds(grounds: tuple[Ground, ...]) -> str:
    """Name statements, and why they do what they do; what is beyond a few only counts."""
    shown = ", ".join(f"{each.statement} ({each.why})" for each in grounds[:_SHOWN])
    more = len(grounds) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
