"""The access policy of a destination vault: our one statement in it, and whether it lets the copy role in.

https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

from ...engine import fixes
from ...engine.declared import Desired, Destination, Ownership, VaultRef
from ...engine.kept import KeptWrite
from ...engine.looks import UNASKED, Look, Seen, Unseen
from ...engine.observed import Sight, WriteKey
from ...engine.parts import Part
from ...engine.plan import Action, Case, Change, Drift, Finding, Room, Side
from ...engine.rows import UNKNOWN, UNMET, Prerequisite, by_the_operator, met, unknown, unmet, unproven
from ...iam import documents, evaluation, meaning
from ...iam.context import Caller, Request
from ...iam.documents import MalformedPolicyError
from ...iam.evaluation import Ground, Judgement, Verdict
from ...words.explanations import EXPLANATIONS
from ...words.reasons import Reason
from ..copy_role import COPY_ROLE
from ..vault.key import no_vault
from ..vault.seen import VAULT
from . import by_hand, leaving, rights
from .caller import PATHS, Paths, caller_of
from .grantee import GRANTEE, OWNERSHIP, Grantee, claims_of, destination, grantee_in, guest_of, wanted_for
from .statement import (
    COPY_INTO,
    digest_of,
    is_dead,
    is_for_deleted_role,
    is_ours,
    no_room,
    sid_of,
    stale_in,
    usurped,
    written_in,
)

__all__ = [
    "CLAIMS",
    "GRANTEE",
    "OWNERSHIP",
    "PATHS",
    "POLICY",
    "ROOM",
    "WRITTEN",
    "Grantee",
    "Paths",
    "PutVaultPolicy",
    "caller_of",
    "claims_of",
    "grantee_in",
    "guest_of",
    "is_settled",
]

ROW = "VaultPolicy"
_SHOWN = 3

POLICY: Part[Look[str | None]] = Part("policy", UNASKED, lambda look: (look,))
"""The vault's access policy as AWS keeps it; None when it has none."""


CLAIMS: Part[AbstractSet[tuple[str, str]]] = Part("claims", frozenset())
"""(vault ARN, Sid) of the statements that other policies need."""

WRITTEN: Part[Mapping[str, str]] = Part("written", MappingProxyType({}))
"""The statements that this policy is recorded as having written: their digests by ARN of the vault."""


@dataclass(frozen=True, slots=True)
class PutVaultPolicy(KeptWrite):
    """Replace the vault policy ``expected`` by ``document``; they differ in our one statement only.

    A ``document`` of None removes the policy, which is planned only when nothing but our statement stood in it.
    ``replaces`` holds the statements of ``expected`` that are ours, as canonical JSON: nothing else of it may be lost.
    """

    destination: str
    vault: VaultRef
    expected: str | None
    document: str | None
    sid: str
    foreign_statements: int = 0
    replaces: frozenset[str] = frozenset()

    mends: ClassVar[str] = ROW

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one: also what it replaces."""
        return ("PutVaultPolicy", self.vault, self.expected, self.document)

    def after(self, sight: Sight) -> Sight:
        """Return the destination with this policy."""
        return sight.having(POLICY, Seen(self.document))

    def told(self) -> Change:
        """Return how a plan lists it."""
        others = f"{self.foreign_statements} foreign statement{'' if self.foreign_statements == 1 else 's'}"
        change = "add" if self.expected is None or self.sid not in self.expected else "change"
        where = f"{self.vault.account.name}/{self.vault.name}"
        return Change(change, "vault policy", where, f"statement {self.sid} ({others} kept)")

    def done(self, *, repaired: bool) -> tuple[Reason, str]:
        """Return the event about it."""
        put = "Put" if self.replaces else "Added"
        verb, reason = ("Restored", Reason.DRIFT_CORRECTED) if repaired else (put, Reason.VAULT_POLICY_UPDATED)
        kept = f"{self.foreign_statements} other statement{'' if self.foreign_statements == 1 else 's'} untouched"
        anew = any(is_for_deleted_role(json.loads(each)) for each in self.replaces)
        why = " It was for a role that was deleted: the copy role was made anew." if anew else ""
        where = f"in the policy of vault {self.vault.name} ({kept})"
        return reason, f"{self.destination}: {verb} statement {self.sid} {where}.{why}"


# --- Judging -------------------------------------------------------------------------------------------------------


def judge(side: Side) -> Finding:
    """Judge a destination vault's policy; that of the source vault as :func:`.leaving.row` has it.

    | vaultPolicy | our statement | found |
    |---|---|---|
    | any | may not be read | Unknown; copies are tried |
    | any | not seen for now | Unknown; no copy is started where it is kept |
    | any | the policy lets the copy role in | Met |
    | any | the policy denies it | Unmet |
    | Check | lacks | Unmet |
    | Manage | lacks, or is changed, doubled, or under the Sid of an earlier release | Unmet, ours; PutVaultPolicy |
    | Manage | somebody else's statement stands under our Sid, or there is no room | Unmet; it is told |
    """
    action, difference = _statement(side)
    return Finding(
        (_row(side), *leaving.row(side)),
        (difference,) if difference is not None else (),
        (action,) if action is not None else (),
    )


def _row(side: Side) -> Prerequisite:
    destination, look, vault = side.destination, side.sight[POLICY], side.sight[VAULT]
    managed = destination[OWNERSHIP] is Ownership.MANAGE
    if isinstance(look, Unseen):
        # Who may not read it will not be able to in the next pass either, and AWS may take copies all the while.
        waits = managed and look.problem.reason is not Reason.ACCESS_DENIED
        return unknown(ROW, destination.name, look.problem, blocks=waits)
    if not isinstance(vault, Unseen) and vault.value is None:
        return no_vault(ROW, destination, "policy")
    added = by_the_operator(side.desired, "adds the statement", unproven(side.rows, destination.name))
    found = row(side.desired, destination, caller_of(side.desired, side.source, side.sight), look.value, added)
    if found.reason is not Reason.VAULT_POLICY_MISSING or not managed:
        return found
    return unmendable(found, side.desired, destination, look.value) or replace(found, ours=True)


def _statement(side: Side) -> tuple[PutVaultPolicy | None, Drift | None]:
    """Compare our statement with the one in the vault policy; a vault that is absent has no policy to put.

    What takes the place of the statement of an earlier declaration is put in the write that takes that one out.
    """
    destination, vault, policy = side.destination, side.sight[VAULT], side.sight[POLICY]
    wanted = wanted_for(side.desired, destination, caller_of(side.desired, side.source, side.sight))
    if destination[OWNERSHIP] is not Ownership.MANAGE or isinstance(policy, Unseen) or wanted is None:
        return None, None
    if isinstance(vault, Unseen) or vault.value is None:
        return None, None
    guest, current = guest_of(side.desired, destination), policy.value
    try:
        there = documents.statements(current)
        ours = [each for each in there if is_ours(each, guest)]
        former = _former(side, there, ours)
        other = usurped(there, guest)
        if other is not None:
            return None, Drift(destination.name, "vault_policy", wanted["Sid"], "ours", other, _renamed(guest, other))
        if len(ours) == 1 and meaning.same_meaning(wanted, ours[0]) and not former:
            return None, None
        # AWS takes no policy with a role that was deleted: what we wrote for one goes with the next write.
        dead = [each for each in there if is_dead(each) and each not in ours and each not in former]
        document = _put(current, wanted, [*ours, *former, *dead])
    except documents.MalformedPolicyError as error:
        return None, Drift(destination.name, "vault_policy", wanted["Sid"], "present", f"unreadable policy: {error}")
    difference = Drift(destination.name, "vault_policy", wanted["Sid"], "present", _changes(wanted, ours, former))
    stale = stale_in(current, guest)
    if stale:
        difference = replace(difference, remedy=_correct(stale, destination))
    if stale or (not former and no_room(current, guest) is not None):
        return None, difference
    action = PutVaultPolicy(
        destination.name,
        destination.vault,
        current,
        document,
        wanted["Sid"],
        foreign_statements=len(there) - len(ours) - len(former) - len(dead),
        replaces=frozenset(map(documents.canonical, (*ours, *former, *dead))),
    )
    return action, difference


def _former(side: Side, there: Sequence[dict[str, Any]], ours: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what this policy wrote for whom it let in before, as far as that is of use to nobody else."""
    vault_arn = side.destination.vault.arn
    written = side.case.around[WRITTEN].get(vault_arn)
    return [
        each
        for each in there
        if each not in ours and digest_of(each) == written and not _is_claimed(side.case, vault_arn, each)
    ]


def _is_claimed(case: Case, vault_arn: str, statement: Mapping[str, Any]) -> bool:
    return (vault_arn, str(statement.get("Sid"))) in case.around[CLAIMS]


def _put(current: str | None, wanted: Mapping[str, Any], before: list[dict[str, Any]]) -> str:
    """Return the policy with our statement in it once, whatever stood there for it before."""
    texts = set(map(documents.canonical, before))

    def which(each: Mapping[str, Any]) -> bool:
        return documents.canonical(each) in texts

    alone = current if current is None or len(before) < 2 else documents.remove(current, which)
    return documents.put(alone, wanted, which)


def _changes(wanted: Mapping[str, Any], ours: list[dict[str, Any]], former: list[dict[str, Any]]) -> str:
    """Say how our statement stands in the policy, which is not as wanted."""
    if not ours:
        return "absent"
    if len(ours) == 1 and former and meaning.same_meaning(wanted, ours[0]):
        return f"beside {former[0]['Sid']}, which let others in for this policy"
    clauses = dict.fromkeys(clause for each in ours for clause in meaning.differences(wanted, each))
    doubled = [f"it stands there {len(ours)} times"] if len(ours) > 1 else []
    return f"changed: {'; '.join([*doubled, *clauses])}"


def remove(case: Case, destination: Destination, sight: Sight) -> tuple[Action, ...]:
    """Take our statement out where this policy wrote it, as it wrote it, and nobody else needs it."""
    vault_arn, look = destination.vault.arn, sight[POLICY]
    if destination[OWNERSHIP] is not Ownership.MANAGE or isinstance(look, Unseen) or look.value is None:
        return ()
    there = written_in(look.value, case.around[WRITTEN].get(vault_arn))
    if there is None or _is_claimed(case, vault_arn, there):
        return ()
    text, sid = documents.canonical(there), str(there["Sid"])
    document = documents.remove(look.value, lambda each: documents.canonical(each) == text)
    foreign = sum(documents.canonical(each) != text for each in documents.statements(look.value))
    return (PutVaultPolicy(destination.name, destination.vault, look.value, document, sid, foreign, frozenset({text})),)


# --- What it decides -----------------------------------------------------------------------------------------------


def decide(document: str | None, caller: Caller, vault_arn: str) -> Judgement:
    """Decide whether the vault's policy lets the caller copy in, as AWS would.

    Raises:
        MalformedPolicyError: The text is not a policy document.
    """
    return evaluation.evaluate(document, Request(caller, vault_arn), COPY_INTO)


def is_settled(desired: Desired, destination: Destination, caller: Caller, document: str | None) -> bool:
    """Tell whether nothing is amiss with the policy of a vault: one that is so is looked at more seldom.

    It lets the caller in for certain and, where our statement is kept, that stands there once, as it should be.
    """
    guest, wanted = guest_of(desired, destination), wanted_for(desired, destination, caller)
    try:
        if destination[OWNERSHIP] is Ownership.MANAGE:
            there = documents.statements(document)
            ours = [each for each in there if is_ours(each, guest)]
            if wanted is None or usurped(there, guest) is not None or len(ours) != 1:
                return False
            if not meaning.same_meaning(wanted, ours[0]):
                return False
        return decide(document, caller, destination.vault.arn).verdict is Verdict.ALLOWED
    except MalformedPolicyError:
        return False


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
    vault, role = destination.vault.name, desired[COPY_ROLE]
    try:
        found = decide(document, caller, destination.vault.arn)
    except MalformedPolicyError as error:
        message = f"The policy of vault {vault} cannot be read: {error}."
        remedy = "Correct the policy of the vault; the operator does not mend what others wrote."
        return Prerequisite(ROW, destination.name, UNKNOWN, Reason.VAULT_POLICY_UNCLEAR, message, remedy)
    match found.verdict:
        case Verdict.ALLOWED:
            message = f"Vault {vault} lets {role} copy in."
            return met(ROW, destination.name, message, clears=[Reason.COPY_DENIED])
        case Verdict.DENIED:
            return _denied(destination, role, found)
        case Verdict.NOT_ALLOWED:
            missing = _missing(desired, destination, found, added)
            stale = stale_in(document, guest_of(desired, destination))
            if stale:
                then = missing.remedy.replace("Nothing: the operator", "The operator then", 1)
                return replace(missing, remedy=f"{_correct(stale, destination)} {then}")
            return replace(missing, fix=by_hand.fix(desired, destination, caller, document))
        case Verdict.UNKNOWN:
            message = f"Whether vault {vault} lets {role} copy in depends on {_grounds(found.grounds)}."
            remedy = (
                "Nothing: copies are tried, and their result tells. To know before, narrow or remove what is unclear."
            )
            return Prerequisite(ROW, destination.name, UNKNOWN, Reason.VAULT_POLICY_UNCLEAR, message, remedy)


def unmendable(
    row: Prerequisite, desired: Desired, destination: Destination, document: str | None
) -> Prerequisite | None:
    """Return the row of a missing statement that the operator cannot add; None where it can."""
    vault, role, guest = destination.vault.name, desired[COPY_ROLE], guest_of(desired, destination)
    other = usurped(documents.statements(document), guest)
    if other is not None:
        return replace(row, remedy=_renamed(guest, other), fix=fixes.NONE)
    full = no_room(document, guest)
    if full is None:
        return row if stale_in(document, guest) else None
    message = f"Vault {vault} does not let {role} copy in, and its policy {full}."
    remedy = EXPLANATIONS[Reason.VAULT_POLICY_FULL].remedy
    return replace(row, reason=Reason.VAULT_POLICY_FULL, message=message, remedy=remedy, fix=fixes.NONE)


def _renamed(guest: str, other: str) -> str:
    """Say what makes room for our statement where another one has its Sid."""
    remedy = f"Give statement {sid_of(guest)}, which is {other}, another Sid, or remove it; ours is then added."
    return f"{remedy} The operator does not touch what others wrote."


def _correct(stale: tuple[str, ...], destination: Destination) -> str:
    return fixes.correcting(stale, f"the policy of vault {destination.vault.name}")


def _denied(destination: Destination, role: str, found: Judgement) -> Prerequisite:
    """Return the row about a Deny, which comes first: where no statement allows either, to add one is in vain."""
    vault = destination.vault.name
    lacking = " No statement allows it either, but to add one would not help." if found.allowed is False else ""
    message = f"The policy of vault {vault} denies {role} to copy in: {_grounds(found.grounds)}.{lacking}"
    *most, last = [each.statement for each in found.grounds]
    remedy = f"Remove or narrow {', '.join(most) + ' and ' if most else ''}{last}: the operator touches only its own."
    return Prerequisite(ROW, destination.name, UNMET, Reason.VAULT_POLICY_DENIES, message, remedy, blocks=True)


def _missing(desired: Desired, destination: Destination, found: Judgement, added: str) -> Prerequisite:
    role, sid = desired[COPY_ROLE], sid_of(guest_of(desired, destination))
    near = f" What speaks of it does not mean it: {_grounds(found.grounds)}." if found.grounds else ""
    near += f" What may deny it all the same: {_grounds(found.doubts)}." if found.doubts else ""
    message = f"Vault {destination.vault.name} does not let {role} copy in (statement {sid}).{near}"
    if destination[OWNERSHIP] is Ownership.CHECK:
        added = f"Set vaultPolicy: Manage, or add a statement that allows {role} the action {COPY_INTO}."
    return unmet(ROW, destination.name, Reason.VAULT_POLICY_MISSING, message, added)


def _grounds(grounds: tuple[Ground, ...]) -> str:
    """Name statements, and why they do what they do; what is beyond a few only counts."""
    shown = ", ".join(map(str, grounds[:_SHOWN]))
    more = len(grounds) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


ROOM = Room(
    "vault_policy",
    judge=judge,
    remove=remove,
    destination=destination,
    drifts=("vault_policy",),
    rights=rights.RIGHTS,
    rows=(ROW, leaving.ROW),
)
