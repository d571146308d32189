"""The access policy of a destination vault: our one statement in it, and whether it lets the copy role in.

https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

from ...engine.declared import Desired, Destination, Ownership, VaultRef
from ...engine.looks import UNASKED, Look, Seen, Unseen
from ...engine.observed import Sight, WriteKey
from ...engine.parts import Part, Parts
from ...engine.plan import Action, Case, Change, Declaring, Drift, Finding, Room, Side
from ...engine.rows import UNKNOWN, UNMET, Prerequisite, by_the_operator, met, unknown, unproven
from ...iam import documents, evaluation, meaning
from ...iam.context import UNSEEN, Caller, Fact, NotKnown, Request
from ...iam.documents import MalformedPolicyError
from ...iam.evaluation import Ground, Judgement, Verdict
from ...words.explanations import EXPLANATIONS
from ...words.problems import Problem
from ...words.reasons import Reason
from ..copy_role import COPY_ROLE
from ..organization import ORGANIZATION
from ..vault.key import no_vault
from ..vault.seen import VAULT
from .statement import COPY_INTO, digest_of, is_ours, no_room, sid_of, standing, statement_for, usurped

ROW = "VaultPolicy"
_SHOWN = 3

OWNERSHIP: Part[Ownership] = Part("vault policy", Ownership.MANAGE)
"""Whether our statement is kept at a destination, or only checked."""

POLICY: Part[Look[str | None]] = Part("policy", UNASKED, lambda look: (look,))
"""The vault's access policy as AWS keeps it; None when it has none."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the source's account and the vault's are in the organization, where a policy speaks of it, else None."""

    source: Look[str] | None = None
    vault: Look[str] | None = None


PATHS: Part[Paths] = Part("paths", Paths())

CLAIMS: Part[frozenset[tuple[str, str]]] = Part("claims", frozenset())
"""(vault ARN, Sid) of the statements that other policies need."""

WRITTEN: Part[Mapping[str, str]] = Part("written", MappingProxyType({}))
"""The statements that this policy is recorded as having written: their digests by ARN of the vault."""


@dataclass(frozen=True, slots=True)
class PutVaultPolicy:
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
    once: ClassVar[bool] = False
    alone: ClassVar[bool] = False
    tells: ClassVar[bool] = False

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
        verb, reason = ("Restored", Reason.DRIFT_CORRECTED) if repaired else ("Added", Reason.VAULT_POLICY_UPDATED)
        kept = f"{self.foreign_statements} other statement{'' if self.foreign_statements == 1 else 's'} untouched"
        return (
            reason,
            f"{self.destination}: {verb} statement {self.sid} in the policy of vault {self.vault.name} ({kept}).",
        )

    def summed(self, count: int) -> None:
        """Return nothing: each tells of itself."""


def destination(declaring: Declaring) -> Parts:
    """Read ``vaultPolicy`` of a destination."""
    return Parts().having(OWNERSHIP, declaring.fields.choice("vaultPolicy", Ownership.MANAGE))


def claims_of(desired: Desired) -> frozenset[tuple[str, str]]:
    """Return (vault ARN, Sid) of every statement a policy wants to be kept."""
    if desired.deleting:
        return frozenset()
    sid = sid_of(desired[COPY_ROLE])
    return frozenset((d.vault.arn, sid) for d in desired.destinations)


# --- Judging -------------------------------------------------------------------------------------------------------


def judge(side: Side) -> Finding:
    """Judge a destination vault's policy.

    | vaultPolicy | our statement | found |
    |---|---|---|
    | any | not seen | Unknown; no copy is started where it is kept |
    | any | the policy lets the copy role in | Met |
    | any | the policy denies it | Unmet |
    | Check | lacks | Unmet |
    | Manage | lacks, or is changed, doubled, or under the Sid of an earlier release | Unmet, ours; PutVaultPolicy |
    | Manage | somebody else's statement stands under our Sid, or there is no room | Unmet; it is told |
    """
    action, difference = _statement(side)
    return Finding(
        (_row(side),),
        (difference,) if difference is not None else (),
        (action,) if action is not None else (),
    )


def _row(side: Side) -> Prerequisite:
    destination, look, vault = side.destination, side.sight[POLICY], side.sight[VAULT]
    managed = destination[OWNERSHIP] is Ownership.MANAGE
    if isinstance(look, Unseen):
        return unknown(ROW, destination.name, look.problem, blocks=managed)
    if not isinstance(vault, Unseen) and vault.value is None:
        return no_vault(ROW, destination, "policy")
    added = by_the_operator(side.desired, "adds the statement", unproven(side.rows, destination.name))
    found = row(side.desired, destination, caller_of(side.desired, side.source, side.sight), look.value, added)
    if found.reason is not Reason.VAULT_POLICY_MISSING or not managed:
        return found
    return unmendable(found, side.desired, destination, look.value) or replace(found, ours=True)


def _statement(side: Side) -> tuple[PutVaultPolicy | None, Drift | None]:
    """Compare our statement with the one in the vault policy; a vault that is absent has no policy to put."""
    destination, vault, policy = side.destination, side.sight[VAULT], side.sight[POLICY]
    claims, written = side.case.around[CLAIMS], side.case.around[WRITTEN]
    if destination[OWNERSHIP] is not Ownership.MANAGE or isinstance(policy, Unseen):
        return None, None
    if isinstance(vault, Unseen) or vault.value is None:
        return None, None
    role, current = side.desired[COPY_ROLE], policy.value
    wanted = statement_for(role)
    try:
        there = documents.statements(current)
        ours = [each for each in there if is_ours(each, role)]
        # What this policy wrote for the copy role that it had before is of no use to anybody else.
        former = [
            each
            for each in there
            if each not in ours
            and digest_of(each) == written.get(destination.vault.arn)
            and (destination.vault.arn, each.get("Sid")) not in claims
        ]
        other = usurped(there, role)
        if other is not None:
            remedy = "Give that statement another Sid, or remove it; ours is then added beside it."
            return None, Drift(destination.name, "vault_policy", wanted["Sid"], "ours", f"of {other}", remedy)
        if len(ours) == 1 and meaning.same_meaning(wanted, ours[0]):
            return None, None
        document = _put(current, wanted, [*ours, *former])
    except documents.MalformedPolicyError as error:
        return None, Drift(destination.name, "vault_policy", wanted["Sid"], "present", f"unreadable policy: {error}")
    difference = Drift(destination.name, "vault_policy", wanted["Sid"], "present", _changes(wanted, ours))
    if not former and no_room(current, role) is not None:
        return None, difference
    action = PutVaultPolicy(
        destination.name,
        destination.vault,
        current,
        document,
        wanted["Sid"],
        foreign_statements=len(there) - len(ours) - len(former),
        replaces=frozenset(map(documents.canonical, (*ours, *former))),
    )
    return action, difference


def _put(current: str | None, wanted: Mapping[str, Any], before: list[dict[str, Any]]) -> str:
    """Return the policy with our statement in it once, whatever stood there for it before."""
    texts = set(map(documents.canonical, before))

    def which(each: Mapping[str, Any]) -> bool:
        return documents.canonical(each) in texts

    alone = current if current is None or len(before) < 2 else documents.remove(current, which)
    return documents.put(alone, wanted, which)


def _changes(wanted: Mapping[str, Any], ours: list[dict[str, Any]]) -> str:
    """Say how our statement stands in the policy, which is not as wanted."""
    if not ours:
        return "absent"
    clauses = dict.fromkeys(clause for each in ours for clause in meaning.differences(wanted, each))
    doubled = [f"it stands there {len(ours)} times"] if len(ours) > 1 else []
    return f"changed: {'; '.join([*doubled, *clauses])}"


def remove(case: Case, destination: Destination, sight: Sight) -> tuple[Action, ...]:
    """Take our statement out where this policy wrote it, as it wrote it, and nobody else needs it."""
    role, vault_arn = case.desired[COPY_ROLE], destination.vault.arn
    sid, look = sid_of(role), sight[POLICY]
    if destination[OWNERSHIP] is not Ownership.MANAGE or (vault_arn, sid) in case.around[CLAIMS]:
        return ()
    if isinstance(look, Unseen) or look.value is None:
        return ()
    there = standing(look.value, role)
    if there is None or digest_of(there) != case.around[WRITTEN].get(vault_arn):
        return ()
    text = documents.canonical(there)
    document = documents.remove(look.value, lambda each: documents.canonical(each) == text)
    foreign = sum(documents.canonical(each) != text for each in documents.statements(look.value))
    return (PutVaultPolicy(destination.name, destination.vault, look.value, document, sid, foreign, frozenset({text})),)


# --- Who asks ------------------------------------------------------------------------------------------------------


def caller_of(desired: Desired, source: Sight, sight: Sight) -> Caller:
    """Return the copy role as the vault's policy sees it; what could not be looked at says so."""
    return Caller(
        desired[COPY_ROLE],
        source.account.account_id,
        organization=_organization(source),
        vault_organization=_organization(sight),
        path=_path(sight[PATHS].source),
        vault_path=_path(sight[PATHS].vault),
    )


def _organization(sight: Sight) -> Fact:
    look = sight[ORGANIZATION]
    if isinstance(look, Unseen):
        return _not_known(look.problem)
    return look.value.id if look.value is not None else ""


def _path(look: Look[str] | None) -> Fact:
    if look is None:
        return UNSEEN
    return _not_known(look.problem) if isinstance(look, Unseen) else look.value


def _not_known(problem: Problem) -> NotKnown:
    return NotKnown(f"is not known: {problem.message.removesuffix('.')}")


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
    role = desired[COPY_ROLE]
    try:
        if destination[OWNERSHIP] is Ownership.MANAGE:
            there = documents.statements(document)
            ours = [each for each in there if is_ours(each, role)]
            if usurped(there, role) is not None or len(ours) != 1:
                return False
            if not meaning.same_meaning(statement_for(role), ours[0]):
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
            return met(ROW, destination.name, message, clears=Reason.COPY_DENIED)
        case Verdict.DENIED:
            return _denied(destination, role, found)
        case Verdict.NOT_ALLOWED:
            return _missing(destination, role, found, added)
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
    vault, role = destination.vault.name, desired[COPY_ROLE]
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
    return Prerequisite(ROW, destination.name, UNMET, Reason.VAULT_POLICY_DENIES, message, remedy, blocks=True)


def _missing(destination: Destination, role: str, found: Judgement, added: str) -> Prerequisite:
    near = f" What speaks of it does not mean it: {_grounds(found.grounds)}." if found.grounds else ""
    near += f" What may deny it all the same: {_grounds(found.doubts)}." if found.doubts else ""
    message = f"Vault {destination.vault.name} does not let {role} copy in (statement {sid_of(role)}).{near}"
    if destination[OWNERSHIP] is Ownership.CHECK:
        added = f"Set vaultPolicy: Manage, or add a statement that allows {role} the action {COPY_INTO}."
    return Prerequisite(ROW, destination.name, UNMET, Reason.VAULT_POLICY_MISSING, message, added, blocks=True)


def _grounds(grounds: tuple[Ground, ...]) -> str:
    """Name statements, and why they do what they do; what is beyond a few only counts."""
    shown = ", ".join(f"{each.statement} ({each.why})" for each in grounds[:_SHOWN])
    more = len(grounds) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


ROOM = Room("vault_policy", judge=judge, remove=remove, destination=destination, drifts=("vault_policy",))
