"""Desired against observed, as data.

| declared | observed | action |
|---|---|---|
| vault.create, key usable | vault absent | CreateVault |
| vaultPolicy Manage | our statement absent or changed | PutVaultPolicy with our statement |
| vaultPolicy Manage | our statement twice, or under the Sid of an earlier release | PutVaultPolicy |
| vaultPolicy Manage | somebody else's statement under our Sid | none: it is told |
| vaultPolicy Manage | our statement absent, and no room for it | none: it is told |
| recovery point in scope | no copy, no job, prerequisites met, budget left | StartCopy |
| recovery point in scope | job running, or copy present | none |
| object deleted, RemoveOwned | our statement as this policy wrote it, claimed by nobody | PutVaultPolicy without it |
| anything | not seen | none (unknown is never "missing") |
| a write that AWS refused | refused still, its time has not come | none now (postponed) |

Protection grows before it shrinks: vaults, then statements, then copies. What depends on a vault that has to be
created waits for the look that sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from ..aspects import lifecycle, vault_policy
from ..aspects.copies import doubts, evidence, foresight, pairing, starts, states
from ..aspects.vault import key
from ..iam import documents, meaning
from ..words.problems import ErrorClass
from . import prerequisites
from .model import (
    Action,
    Conflict,
    CreateVault,
    DeletionPolicy,
    Desired,
    Destination,
    DestinationSight,
    Drift,
    Evidence,
    Neighbour,
    Observed,
    Ownership,
    Plan,
    Postponed,
    Prerequisite,
    PrerequisiteStatus,
    PutVaultPolicy,
    Result,
    Sharing,
    Standing,
    StartCopy,
    Unseen,
)

ALONE = Sharing()

__all__ = ["ALONE", "Plan", "diff", "may_go_on", "removes_something", "restrict"]


_NOTHING_WRITTEN: Mapping[str, str] = MappingProxyType({})


def diff(
    desired: Desired,
    observed: Observed,
    *,
    claims: frozenset[tuple[str, str]] = frozenset(),
    neighbours: Iterable[Neighbour] = (),
    written: Mapping[str, str] = _NOTHING_WRITTEN,
    sharing: Sharing = ALONE,
) -> Plan:
    """Return what has to be done so that ``observed`` becomes ``desired``.

    Args:
        desired: What one policy declares.
        observed: What was seen for it.
        claims: (vault ARN, Sid) of the statements that other policies need.
        neighbours: What other policies declare for the same pairs of vaults.
        written: The statements that this policy is recorded as having written: their digests by ARN of the vault.
        sharing: Who else copies out of the source's account.
    """
    pairs = tuple(zip(desired.destinations, observed.destinations, strict=True))
    if desired.deleting:
        removals = [_remove_statement(desired, *each, claims, written) for each in pairs]
        writes, postponed = _split(observed, [action for action in removals if action is not None])
        return Plan(actions=writes, postponed=postponed)
    rows = prerequisites.judge(desired, observed)
    wanted: list[CreateVault | PutVaultPolicy] = []
    drift: list[Drift] = []
    for action, difference in (
        *(_vault(destination, sight, rows) for destination, sight in pairs),
        *(_statement(desired, destination, sight, claims, written) for destination, sight in pairs),
        *((None, _other_key(destination, sight)) for destination, sight in pairs),
    ):
        # What somebody could get in by, or what nobody takes away again, waits until the source is proven.
        proven = action is None or prerequisites.unproven(rows, action.destination) is None
        wanted += [action] if action is not None and proven else []
        drift += [difference] if difference is not None else []
    judged = {each[0].name: _judged(desired, observed, each, rows, tuple(neighbours)) for each in pairs}
    standings = {name: each.standings for name, each in judged.items()}
    rows = lifecycle.counted(rows, desired, observed, standings)
    begun, standings = starts.choose_starts(desired, observed, rows, standings, sharing)
    writes, postponed = _split(observed, wanted)
    return Plan(
        (*writes, *begun),
        tuple(drift),
        rows,
        standings,
        conflicts=tuple(conflict for each in judged.values() for conflict in each.conflicts),
        evidence={name: each.evidence for name, each in judged.items()},
        postponed=postponed,
    )


def _split(
    observed: Observed, wanted: Iterable[CreateVault | PutVaultPolicy]
) -> tuple[tuple[CreateVault | PutVaultPolicy, ...], tuple[Postponed, ...]]:
    """Part the writes to do now from those that AWS has just refused: asking again at once would not change it."""
    writes: list[CreateVault | PutVaultPolicy] = []
    postponed: list[Postponed] = []
    for each in wanted:
        refused = observed.refused_writes.get(each.key)
        if refused is not None:
            postponed.append(Postponed(each, refused.problem, refused.retry_at))
        else:
            writes.append(each)
    return tuple(writes), tuple(postponed)


def restrict(plan: Plan, desired: Desired, *, ordered: bool = True) -> Plan:
    """Take out of a plan what mode, suspension and deletion policy do not permit.

    ``ordered`` is False when the object goes because its CRD or namespace goes: nothing in AWS follows from that.
    """
    permitted = desired.acts and (not desired.deleting or removes_something(desired, ordered=ordered))
    return plan if permitted else replace(plan, actions=())


def removes_something(desired: Desired, *, ordered: bool) -> bool:
    """Tell whether the deletion of this policy has anything to remove in AWS."""
    removes = desired.deletion_policy is DeletionPolicy.REMOVE_OWNED
    return desired.deleting and ordered and removes and desired.acts


def may_go_on(failed: Result, action: Action) -> bool:
    """Tell whether ``action`` may still be carried out in the pass in which another one failed.

    A vault or a statement holds up what depends on it: its own destination. A copy refused for good concerns that one
    recovery point; one that the source account is too busy or too troubled for concerns all of them.
    """
    if failed.problem is None:
        return True
    if isinstance(failed.action, StartCopy):
        return failed.problem.error_class is ErrorClass.STUCK or not isinstance(action, StartCopy)
    return failed.action.destination != action.destination


# --- Vault and policy ----------------------------------------------------------------------------------------------


def _vault(
    destination: Destination, sight: DestinationSight, rows: tuple[Prerequisite, ...]
) -> tuple[CreateVault | None, Drift | None]:
    if not destination.create or isinstance(sight.vault, Unseen) or sight.vault.value is not None:
        return None, None
    unusable = any(
        row.name == key.NAME and row.blocks and row.status is not PrerequisiteStatus.MET
        for row in rows
        if row.destination == destination.name
    )
    difference = Drift(destination.name, "vault", destination.vault.name, "present", "absent")
    key_arn = _key_to_create_with(sight)
    if unusable or key_arn is None:
        return None, difference
    return CreateVault(destination.name, destination.vault, key_arn), difference


def _key_to_create_with(sight: DestinationSight) -> str | None:
    """Return the ARN of the declared key as KMS says it."""
    seen = None if isinstance(sight.wanted_key, Unseen) else sight.wanted_key.value
    return seen.arn if seen is not None else None


def _other_key(destination: Destination, sight: DestinationSight) -> Drift | None:
    """Compare the key of an existing vault with the declared one; a vault keeps its key for ever.

    An alias, or a key id, that could not be looked up says nothing.
    """
    wanted = destination.encryption_key
    if wanted is None or isinstance(sight.vault, Unseen) or sight.vault.value is None:
        return None
    has, looked_up = sight.vault.value.encryption_key_arn, sight.wanted_key
    names = wanted if ":key/" in wanted else None
    if names is None and not isinstance(looked_up, Unseen) and looked_up.value is not None:
        names = looked_up.value.arn
    if has is None or names is None or has == names:
        return None
    return Drift(
        destination.name,
        "vault_key",
        "encryptionKey",
        wanted if wanted == names else f"{wanted} ({names})",
        has,
        "A vault's key cannot be changed: name another vault, or declare the key that this one has.",
    )


def _statement(
    desired: Desired,
    destination: Destination,
    sight: DestinationSight,
    claims: frozenset[tuple[str, str]],
    written: Mapping[str, str],
) -> tuple[PutVaultPolicy | None, Drift | None]:
    """Compare our statement with the one in the vault policy; a vault that is absent has no policy to put."""
    if destination.vault_policy is not Ownership.MANAGE or isinstance(sight.policy, Unseen):
        return None, None
    if isinstance(sight.vault, Unseen) or sight.vault.value is None:
        return None, None
    role, current = desired.copy_role_arn, sight.policy.value
    wanted = vault_policy.statement_for(role)
    try:
        there = documents.statements(current)
        ours = [each for each in there if vault_policy.is_ours(each, role)]
        # What this policy wrote for the copy role that it had before is of no use to anybody else.
        former = [
            each
            for each in there
            if each not in ours
            and vault_policy.digest_of(each) == written.get(destination.vault.arn)
            and (destination.vault.arn, each.get("Sid")) not in claims
        ]
        other = vault_policy.usurped(there, role)
        if other is not None:
            remedy = "Give that statement another Sid, or remove it; ours is then added beside it."
            return None, Drift(destination.name, "vault_policy", wanted["Sid"], "ours", f"of {other}", remedy)
        if len(ours) == 1 and meaning.same_meaning(wanted, ours[0]):
            return None, None
        document = _put(current, wanted, [*ours, *former])
    except documents.MalformedPolicyError as error:
        return None, Drift(destination.name, "vault_policy", wanted["Sid"], "present", f"unreadable policy: {error}")
    difference = Drift(destination.name, "vault_policy", wanted["Sid"], "present", _changes(wanted, ours))
    if not former and vault_policy.no_room(current, role) is not None:
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


def _remove_statement(
    desired: Desired,
    destination: Destination,
    sight: DestinationSight,
    claims: frozenset[tuple[str, str]],
    written: Mapping[str, str],
) -> PutVaultPolicy | None:
    """Take our statement out where this policy wrote it, as it wrote it, and nobody else needs it."""
    role = desired.copy_role_arn
    sid = vault_policy.sid_of(role)
    if destination.vault_policy is not Ownership.MANAGE or (destination.vault.arn, sid) in claims:
        return None
    if isinstance(sight.policy, Unseen) or sight.policy.value is None:
        return None
    there = vault_policy.standing(sight.policy.value, role)
    if there is None or vault_policy.digest_of(there) != written.get(destination.vault.arn):
        return None
    text = documents.canonical(there)
    document = documents.remove(sight.policy.value, lambda each: documents.canonical(each) == text)
    foreign = sum(documents.canonical(each) != text for each in documents.statements(sight.policy.value))
    return PutVaultPolicy(
        destination.name, destination.vault, sight.policy.value, document, sid, foreign, frozenset({text})
    )


# --- Copies --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Judged:
    """What is to be said of the copies at one destination; nothing when either side was not seen."""

    standings: tuple[Standing, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def _judged(
    desired: Desired,
    observed: Observed,
    each: tuple[Destination, DestinationSight],
    rows: tuple[Prerequisite, ...],
    neighbours: tuple[Neighbour, ...],
) -> _Judged:
    """Judge every recovery point towards one destination, and on what ground copies of them may start."""
    destination, sight = each
    there = observed.contents(sight)
    if there is None:
        return _Judged()
    ends, seen = (desired.source.arn, destination.vault.arn), sight.copies_at or observed.at
    paired = pairing.pair(there.points, there.copies, there.jobs, desired.source.arn)
    weighed = evidence.weigh(paired, there.jobs, *ends, now=observed.at, copies_seen=seen)
    cleared = prerequisites.cleared(rows, destination.name)
    known = _known(observed, destination, sight)
    view = states.Viewpoint(desired, destination, observed.at, seen, cleared, known)
    locked = known.vault is not None and known.vault.bounds is not None
    settled = doubts.settle(paired.pairs, states.judge(paired.pairs, view), weighed, view, locked=locked)
    beside = tuple(one for one in neighbours if one.acts and one.vaults == ends and one.key != desired.key)
    conflicts = doubts.conflicts_of(view, beside)
    return _Judged(doubts.yielded(settled, view, beside, conflicts), tuple(weighed.of_kind.values()), conflicts)


def _known(observed: Observed, destination: Destination, sight: DestinationSight) -> foresight.Circumstances:
    """Return what was seen that bears on single recovery points."""
    return foresight.Circumstances(
        None if isinstance(sight.vault, Unseen) else sight.vault.value,
        observed.source_keys,
        {arn: each for (arn, vault), each in observed.refused.items() if vault == destination.vault.arn},
    )
