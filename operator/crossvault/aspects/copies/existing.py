"""Copies that are there and live otherwise than declared: which get the declared lifecycle now, and what holds others.

How one copy is judged stands in :mod:`~crossvault.aspects.lifecycle.existing`. Here is which copies are meant:

| a copy that is to be changed | what is done |
|---|---|
| of a vault that is locked | nothing: AWS changes no lifecycle in it |
| that no job names, and that does not say that it came from the source vault | nothing: it may be somebody else's |
| of which AWS has parts, or that is one | nothing: parts live by themselves |
| that is to go earlier, while another policy keeps it longer | nothing |
| that AWS has refused to change, until it is asked again | nothing now |
| any other | UpdateLifecycle, the most urgent ones first, so many in a pass |
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

from ...engine.observed import RefusedWrite, WriteKey
from ...engine.parts import Part
from ...engine.plan import Plan, Postponed
from ...words.explanations import EXPLANATIONS
from ...words.reasons import Reason
from ...words.sanitise import sanitise
from ...words.texts import clip
from ..lifecycle import LIFECYCLE, Lifecycle
from ..lifecycle.existing import EXISTING, Fate, Life, Verdict, verdict
from .declared import Neighbour
from .pairing import Pair
from .planned import Standing, State
from .seen import GOOD_STATUSES, RecoveryPoint
from .starts import PASS_SECONDS
from .states import Viewpoint, expiry
from .updates import UpdateLifecycle, at_vault, copies_told

CALLS = 3
"""Requests for one copy: it is looked at, changed, and looked at again; a pass must not wait long for its budget."""

GROUPS = 20
"""So many are told at most."""

_NEVER = datetime.max.replace(tzinfo=UTC)


class Step(StrEnum):
    """What is done with copies."""

    PROLONG = "Prolong"
    KEEP_WARM = "KeepWarm"
    SHORTEN = "Shorten"
    NOTHING = "Nothing"


@dataclass(frozen=True, slots=True)
class Group:
    """Copies of which the same is to be told.

    Attributes:
        example: The ARN of one of them.
        days: The retention that is declared.
        words: What holds them, where something does.
    """

    step: Step
    reason: Reason
    count: int
    example: str
    days: int
    words: str = ""

    def message(self, *, acts: bool) -> str:
        """Return what is done about them, or would be if the policy did act."""
        one = self.count == 1
        gets = ("gets" if one else "get") if acts else "would get"
        many, retention = copies_told(self.count), f"{gets} a retention of {self.days} days"
        match self.step:
            case Step.PROLONG:
                words = f"{'expires' if one else 'expire'} earlier than declared and {retention}."
            case Step.KEEP_WARM:
                words = f"would go to cold storage earlier than declared and {gets} the later date."
            case Step.SHORTEN:
                words = f"{'lives' if one else 'live'} longer than declared and {retention}."
            case Step.NOTHING:
                words = f"{'stays as it is' if one else 'stay as they are'}. {self.words}"
        return sanitise(f"{many} {words}")

    @property
    def remedy(self) -> str:
        """What a person can do about it; empty where nothing has to be, or can be."""
        if self.step is not Step.NOTHING:
            return ""
        if self.reason is Reason.COPY_LIVES_LONGER:
            accept = f"set shortenExistingToDays: {self.days}"
            return f"To have such copies deleted earlier {accept}; or declare the longer retention."
        return EXPLANATIONS[self.reason].remedy


@dataclass(frozen=True, slots=True)
class Held:
    """Why a copy is not changed now; ``retry_at`` only where that ends by itself."""

    reason: Reason
    words: str
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lifecycles:
    """The copies of one destination that live otherwise than declared.

    Attributes:
        due: Those that get another lifecycle with this pass, the most urgent ones first.
        groups: What is told of all of them.
        early: What is done about those that expire too early, by ARN of their source; None for "it is prolonged".
        postponed: What AWS has just refused.
    """

    due: tuple[UpdateLifecycle, ...] = ()
    groups: tuple[Group, ...] = ()
    early: Mapping[str, Held | None] = field(default_factory=dict)
    postponed: tuple[Postponed, ...] = ()

    @property
    def pending(self) -> int:
        """How many copies are to be changed, now and with the next passes."""
        return sum(each.count for each in self.groups if each.step is not Step.NOTHING)


LIFECYCLES: Part[Mapping[str, Lifecycles]] = Part("lifecycles of existing copies", MappingProxyType({}))
"""By name of the destination."""


def lifecycles(plan: Plan, destination: str) -> Lifecycles:
    """Return what is to be said of the copies at a destination that are there."""
    return plan[LIFECYCLES].get(destination, Lifecycles())


# --- Judging -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """From where the copies of one destination are judged.

    Attributes:
        rivals: What other policies declare for the same vaults, also those that do not act.
        refused: What AWS has just refused.
    """

    view: Viewpoint
    rivals: tuple[Neighbour, ...] = ()
    refused: Mapping[WriteKey, RefusedWrite] = field(default_factory=dict)


def judge(pairs: Iterable[Pair], standings: Iterable[Standing], look: Look) -> Lifecycles:
    """Judge the good copies of what is in scope, where the policy declares that their lifecycles are kept."""
    destination = look.view.destination
    declared = destination[LIFECYCLE]
    if not destination[EXISTING].updates or declared is None:
        return Lifecycles()
    found = _Found()
    for each, copy in _meant(pairs, standings):
        life = Life(copy.created, copy.delete_at, copy.cold_at)
        judged = verdict(life, declared, destination[EXISTING], look.view.now)
        if judged.fate is not Fate.AS_DECLARED or judged.target is not None:
            action = _action(copy, judged, look.view)
            found.add(each, action, _held(each, action, look))
    return found.all(look)


def lives_otherwise(pair: Pair, standing: Standing, view: Viewpoint) -> bool:
    """Tell whether the policy may have something done about the lifecycle of a copy that is there."""
    found = judge((pair,), (standing,), Look(view))
    return bool(found.due or found.groups)


def _meant(pairs: Iterable[Pair], standings: Iterable[Standing]) -> Iterator[tuple[Pair, RecoveryPoint]]:
    """Yield the good copies of recovery points in scope, each once."""
    for each, standing in zip(pairs, standings, strict=True):
        in_scope = standing.state is State.COPIED or standing.reason is Reason.COPY_EXPIRES_EARLY
        if in_scope and each.repeats is None and each.copy is not None and each.copy.status in GOOD_STATUSES:
            yield each, each.copy


def _action(copy: RecoveryPoint, judged: Verdict, view: Viewpoint) -> UpdateLifecycle:
    destination = view.destination
    return UpdateLifecycle(
        destination.name,
        view.desired.source,
        destination.vault,
        copy,
        destination[LIFECYCLE] or Lifecycle(),
        destination[EXISTING],
        judged,
    )


def _held(pair: Pair, action: UpdateLifecycle, look: Look) -> Held | None:
    """Return what holds a copy as it is, None where it gets another lifecycle; by the table of this module."""
    view, judged, copy = look.view, action.verdict, pair.copy
    if view.known.vault is None or view.known.vault.bounds is not None:
        words = f"Vault {action.vault.name} is locked: AWS changes no lifecycle in it, in whichever direction."
        return Held(Reason.LIFECYCLE_LOCKED, words)
    if judged.target is None:
        return _as_it_is(judged, action)
    if not pair.by_job and (copy is None or copy.source_vault_arn != view.desired.source.arn):
        words = "No copy job names it, and AWS does not say that it came from the source vault: it is left alone."
        return Held(Reason.LIFECYCLE_KEPT, words)
    if copy is not None and (copy.is_parent or copy.parent_arn is not None):
        return Held(Reason.LIFECYCLE_KEPT, "It is a composite, or a part of one; its parts live by themselves.")
    rival = _who_keeps_longer(pair.point, look) if judged.shortens else None
    if rival is not None:
        whose = f"Policy {rival.key}" if rival.key.namespace == view.desired.key.namespace else "Another policy"
        return Held(Reason.LIFECYCLE_CONFLICT, f"{whose} copies between the same vaults and keeps it longer.")
    return _refusal(action, look)


def _as_it_is(judged: Verdict, action: UpdateLifecycle) -> Held:
    days = action.declared.delete_after_days
    match judged.fate:
        case Fate.LONGER:
            words = f"It lives longer than the {days} days that are declared, and is not shortened."
            return Held(Reason.COPY_LIVES_LONGER, words)
        case Fate.END_PASSED:
            words = f"It is {days} days old, or will be within a day: with that retention AWS would delete it at once."
            return Held(Reason.LIFECYCLE_KEPT, words)
        case Fate.IN_COLD:
            words = f"It is in cold storage, where AWS keeps it for 90 days, and is not shortened to {days} days."
            return Held(Reason.LIFECYCLE_KEPT, words)
        case _:
            words = "It moves to cold storage within a day; until then AWS takes no other lifecycle."
            return Held(Reason.LIFECYCLE_KEPT, words)


def _who_keeps_longer(point: RecoveryPoint, look: Look) -> Neighbour | None:
    """Return another policy that means this recovery point and would keep its copy longer, whether it acts or not."""
    mine = expiry(point, look.view.destination[LIFECYCLE]) or _NEVER
    return next(
        (
            each
            for each in look.rivals
            if each.scope.selects(point.resource_type, point.resource_arn)
            and (expiry(point, each.lifecycle) or _NEVER) > mine
        ),
        None,
    )


def _refusal(action: UpdateLifecycle, look: Look) -> Held | None:
    for key in (at_vault(action.vault), action.key):
        refused = look.refused.get(key)
        if refused is not None:
            return Held(refused.problem.reason, refused.problem.message, refused.retry_at)
    return None


# --- What is told --------------------------------------------------------------------------------------------------


_Kind: TypeAlias = tuple[Step, Reason, str]


@dataclass(slots=True)
class _Seen:
    """Copies of one group, while they are counted."""

    count: int
    action: UpdateLifecycle
    held: Held | None

    @property
    def example(self) -> str:
        return self.action.copy.arn if self.action.copy is not None else ""


class _Found:
    """Copies as they are found; what is kept of each is no more than what is done about it."""

    def __init__(self) -> None:
        self._groups: dict[_Kind, _Seen] = {}
        self._free: list[UpdateLifecycle] = []
        self._early: dict[str, Held | None] = {}

    def add(self, pair: Pair, action: UpdateLifecycle, held: Held | None) -> None:
        kind = _kind(action, held)
        if held is None:
            self._free.append(action)
        group = self._groups.setdefault(kind, _Seen(0, action, held))
        group.count += 1
        if _arn(action) < group.example:
            group.action, group.held = action, held
        if action.verdict.fate is Fate.PROLONG:
            self._early[pair.point.arn] = held

    def all(self, look: Look) -> Lifecycles:
        limits = look.view.destination.vault.account.limits
        rate = min(limits.starts_per_second, limits.reads_per_second / CALLS)
        due = tuple(heapq.nsmallest(max(1, math.ceil(rate * PASS_SECONDS)), self._free, key=_urgency))
        steps = list(Step)
        ordered = sorted(self._groups.items(), key=lambda each: (steps.index(each[0][0]), *each[0][1:]))
        groups = tuple(_group(step, reason, seen) for (step, reason, _), seen in ordered)
        return Lifecycles(due, groups[:GROUPS], self._early, tuple(_postponed(self._groups.values(), look)))


def _kind(action: UpdateLifecycle, held: Held | None) -> _Kind:
    """Return of what group a copy is: of those that are left alone for good, all with the same cause."""
    if held is None:
        return (*_step(action.verdict), "")
    return Step.NOTHING, held.reason, held.words if held.reason is Reason.LIFECYCLE_KEPT and not held.retry_at else ""


def _step(judged: Verdict) -> tuple[Step, Reason]:
    match judged.fate:
        case Fate.PROLONG:
            return Step.PROLONG, Reason.COPY_EXPIRES_EARLY
        case Fate.SHORTEN:
            return Step.SHORTEN, Reason.COPY_LIVES_LONGER
        case _:
            return Step.KEEP_WARM, Reason.COPY_COLD_EARLY


def _urgency(action: UpdateLifecycle) -> tuple[int, datetime, str]:
    """Order by what protects most: first what would be deleted first, last of all what is shortened."""
    copy, step = action.copy, _step(action.verdict)[0]
    at = (copy.cold_at if step is Step.KEEP_WARM else copy.delete_at) if copy is not None else None
    return list(Step).index(step), at or _NEVER, _arn(action)


def _arn(action: UpdateLifecycle) -> str:
    return action.copy.arn if action.copy is not None else ""


def _postponed(groups: Iterable[_Seen], look: Look) -> Iterator[Postponed]:
    """Yield one refused change for each reason, by which it is known when to look again."""
    for each in groups:
        if each.held is not None and each.held.retry_at is not None:
            refused = next(
                look.refused[key] for key in (at_vault(each.action.vault), each.action.key) if key in look.refused
            )
            yield Postponed(each.action, refused.problem, refused.retry_at)


def _group(step: Step, reason: Reason, seen: _Seen) -> Group:
    words = seen.held.words if seen.held is not None else ""
    return Group(step, reason, seen.count, seen.example, seen.action.declared.delete_after_days or 0, words)


def row(group: Group, *, acts: bool) -> dict[str, Any]:
    """Return the entry of ``status.destinations[].existingCopies`` for some copies."""
    return {
        "change": str(group.step),
        "reason": str(group.reason),
        "count": group.count,
        "example": group.example,
        "message": clip(group.message(acts=acts)),
        **({"remedy": group.remedy} if group.remedy else {}),
    }


def mended(standings: Iterable[Standing], found: Lifecycles, *, acts: bool) -> tuple[Standing, ...]:
    """Return the standings, of which those with a copy that expires too early say what is done about it."""
    return tuple(_mended(each, found.early, acts=acts) for each in standings)


def _mended(standing: Standing, early: Mapping[str, Held | None], *, acts: bool) -> Standing:
    if standing.reason is not Reason.COPY_EXPIRES_EARLY or standing.point.arn not in early:
        return standing
    held = early[standing.point.arn]
    if held is not None:
        return replace(standing, message=f"{standing.message} {held.words}")
    if not acts:
        return standing
    return replace(standing, needs_action=False, message=f"{standing.message} It is prolonged, as existingCopies says.")
