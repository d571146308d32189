"""Desired against observed, as data: what the rooms find, put together in the order in which it is done.

Protection grows before it shrinks: rooms act in the order of their list, so vaults come before statements, and those
before copies. What depends on a vault that has to be created waits for the look that sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from ..manifest.fields import Fields
from ..words.problems import ErrorClass, Problem
from ..words.reasons import Reason
from . import rows as rows_
from .declared import DeletionPolicy, Desired, Destination, VaultRef
from .fights import REPAIRS, Mended, Repairs
from .fixes import NONE
from .observed import Observed, Sight, WriteKey
from .parts import Part, Parts
from .rights import Right
from .rows import UNMET, Prerequisite

T = TypeVar("T")


# --- What is found and done ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """An action as a plan tells it: ``change`` is ``add``, ``change`` or ``remove``."""

    change: str
    aspect: str
    where: str
    what: str


@runtime_checkable
class Action(Protocol):
    """One step. Rooms have classes of their own; here is what every one of them answers.

    Attributes:
        mends: The row that is met once this is done; empty where none is.
        once: It is not done again in a later round of the same pass.
        alone: What keeps one such action from being done concerns that one only, and none at its destination.
        bars: What comes after it at its destination needs it, and is not done in a pass in which it fails.
        tells: What it has changed is read anew because of it; after others the next pass looks at everything anew.
        restores: Done again it is a repair of what had been as declared.
    """

    mends: ClassVar[str]
    once: ClassVar[bool]
    alone: ClassVar[bool]
    bars: ClassVar[bool]
    tells: ClassVar[bool]
    restores: ClassVar[bool]

    @property
    def which(self) -> str:
        """Of what the row is about several of, which one it mends; empty where that is one thing."""

    @property
    def piece(self) -> str:
        """Which of several things it does that together mend that, once in a pass; empty where it is the only one."""

    @property
    def destination(self) -> str:
        """The name of the destination that it is about; empty for the source."""

    @property
    def key(self) -> WriteKey | None:
        """What makes this the same write as another one; None for what AWS is asked again as often as it is due."""

    def after(self, sight: Sight) -> Sight:
        """Return the destination as it looks when this is done."""

    def told(self) -> Change | None:
        """Return how a plan lists it; None for what it counts."""

    def done(self, *, repaired: bool) -> tuple[Reason, str] | None:
        """Return the event, ``repaired`` when all is known to have been as declared; None for what is counted."""

    def summed(self, count: int) -> tuple[Reason, str] | None:
        """Return the event about so many of them at its destination; None for what tells of each by itself."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one action; ``problem`` None means that it is done.

    ``found`` says that somebody else had done it: nothing was written, and it is not ours to tell. ``withheld`` says
    that nothing was asked of AWS, because others have taken the places since it was planned.
    """

    action: Action
    problem: Problem | None = None
    found: bool = False
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Drift:
    """One aspect that AWS has otherwise than declared.

    A ``remedy`` makes it a hazard: the operator cannot mend it, and a person has to.
    """

    destination: str
    aspect: str
    path: str
    desired: str
    observed: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Postponed:
    """A write that waits: AWS refused it when it was last asked, or somebody undoes it again and again."""

    action: Action
    problem: Problem
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pass would do, as data. The order of ``actions`` is the order of execution.

    Attributes:
        postponed: What would be done, too, if AWS had not just refused it, or others not just undone it.
        parts: What rooms found besides.
    """

    actions: tuple[Action, ...] = ()
    drift: tuple[Drift, ...] = ()
    prerequisites: tuple[Prerequisite, ...] = ()
    postponed: tuple[Postponed, ...] = ()
    parts: Parts = field(default_factory=Parts)

    def __getitem__(self, part: Part[T]) -> T:
        """Return what a room found."""
        return self.parts[part]


# --- What judges ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """All that is judged: one policy, the picture of AWS, and what others have at stake (``around``)."""

    desired: Desired
    observed: Observed
    around: Parts = field(default_factory=Parts)

    def sides(self) -> tuple[tuple[Destination, Sight], ...]:
        """Return every destination with what was seen of it."""
        return tuple(zip(self.desired.destinations, self.observed.destinations, strict=True))


@dataclass(frozen=True, slots=True)
class Side:
    """One destination of a case, with the rows that were judged before: the source's, then its own."""

    case: Case
    destination: Destination
    sight: Sight
    rows: tuple[Prerequisite, ...]

    @property
    def desired(self) -> Desired:
        """What the policy declares."""
        return self.case.desired

    @property
    def source(self) -> Sight:
        """What was seen of the source."""
        return self.case.observed.source


@dataclass(frozen=True, slots=True)
class Base:
    """The source of a case, from which everything is copied, with the rows of it that were judged before."""

    case: Case
    rows: tuple[Prerequisite, ...] = ()

    @property
    def desired(self) -> Desired:
        """What the policy declares."""
        return self.case.desired

    @property
    def sight(self) -> Sight:
        """What was seen of the source."""
        return self.case.observed.source


@dataclass(frozen=True, slots=True)
class Finding:
    """What a room finds on one side; its actions are done only where everything is proven (``Prerequisite.proves``)."""

    rows: tuple[Prerequisite, ...] = ()
    drift: tuple[Drift, ...] = ()
    actions: tuple[Action, ...] = ()


def _judges_nothing(_side: Side) -> Finding:
    return Finding()


def _needs_nothing(_base: Base) -> Finding:
    return Finding()


def _nothing_at_source(_case: Case) -> tuple[Action, ...]:
    return ()


def _as_it_is(_case: Case, plan: Plan) -> Plan:
    return plan


def _nothing_of_ours(_case: Case, _destination: Destination, _sight: Sight) -> tuple[Action, ...]:
    return ()


def _declares_nothing(_declaring: Declaring) -> Parts:
    return Parts()


@dataclass(frozen=True, slots=True)
class Declaring:
    """A manifest as one room reads it, with its vault resolved.

    Attributes:
        fields: ``spec`` of the policy, or one of its destinations.
        vault: The source vault, or that of the destination.
    """

    fields: Fields
    vault: VaultRef


@dataclass(frozen=True, slots=True)
class Room:
    """One aspect, as the engine and the kinds use it: what is declared of it, and how it is judged. All of it pure.

    Attributes:
        name: As it is called in its folder.
        judge: Judges one destination.
        source: Judges what the source needs; its actions and drift name no destination.
        conclude: Adds what can be told only when all rooms have judged every side.
        remove: Takes away what is this policy's own at a destination, when the policy is deleted.
        remove_source: Takes away what is its own at the source.
        policy: Reads what is declared for a policy as a whole.
        destination: Reads what is declared for a destination.
        drifts: What may differ from what is declared, as drift and metrics call it.
        rights: What its looks and actions need to be allowed in AWS.
        rows: The names of its prerequisites, in the order in which a person mends them.
    """

    name: str
    judge: Callable[[Side], Finding] = _judges_nothing
    source: Callable[[Base], Finding] = _needs_nothing
    conclude: Callable[[Case, Plan], Plan] = _as_it_is
    remove: Callable[[Case, Destination, Sight], tuple[Action, ...]] = _nothing_of_ours
    remove_source: Callable[[Case], tuple[Action, ...]] = _nothing_at_source
    policy: Callable[[Declaring], Parts] = _declares_nothing
    destination: Callable[[Declaring], Parts] = _declares_nothing
    drifts: tuple[str, ...] = ()
    rights: tuple[Right[Any], ...] = ()
    rows: tuple[str, ...] = ()


def diff(rooms: Sequence[Room], case: Case) -> Plan:
    """Return what has to be done so that what was observed becomes what is declared."""
    if case.desired.deleting:
        removals = [action for room in rooms for action in room.remove_source(case)]
        removals += [action for room in rooms for each in case.sides() for action in room.remove(case, *each)]
        actions, postponed = _split(case.observed, removals, {})
        return Plan(actions=actions, postponed=postponed)
    rows, found = _judged(rooms, case)
    in_order = [finding for _, finding in sorted(found, key=lambda each: each[0])]
    wanted = [action for each in in_order for action in each.actions]
    proven = [action for action in wanted if _may_be_written(rows, action)]
    actions, postponed = _split(case.observed, proven, case.around[REPAIRS])
    plan = Plan(actions, tuple(drift for each in in_order for drift in each.drift), rows, postponed)
    for room in rooms:
        plan = room.conclude(case, plan)
    return plan


def prerequisites(rooms: Sequence[Room], case: Case) -> tuple[Prerequisite, ...]:
    """Return every row, as AWS is."""
    return _judged(rooms, case)[0]


def _may_be_written(rows: tuple[Prerequisite, ...], action: Action) -> bool:
    """Tell whether everything is proven where an action writes, but for what it mends itself."""
    unproven = rows_.unproven(rows, action.destination)
    return unproven is None or (unproven.ours and (unproven.destination, unproven.name) == mended_by(action)[:2])


def _judged(rooms: Sequence[Room], case: Case) -> tuple[tuple[Prerequisite, ...], list[tuple[int, Finding]]]:
    """Return the rows, the source's first, and what each room found at each side, with its place in the list."""
    rows, found = tuple[Prerequisite, ...](), list[tuple[int, Finding]]()
    for place, room in enumerate(rooms):
        finding = room.source(Base(case, rows))
        rows += finding.rows
        found.append((place, finding))
    source = rows
    for destination, sight in case.sides():
        own: tuple[Prerequisite, ...] = ()
        for place, room in enumerate(rooms):
            finding = room.judge(Side(case, destination, sight, (*source, *own)))
            own += finding.rows
            found.append((place, finding))
        rows += own
    return rows_.told_once(rows), found


def _split(
    observed: Observed, wanted: Iterable[Action], repairs: Repairs
) -> tuple[tuple[Action, ...], tuple[Postponed, ...]]:
    """Part the writes to do now from those that wait: asking again at once would not change what undid the last one."""
    writes: list[Action] = []
    postponed: list[Postponed] = []
    for each in wanted:
        refused = observed.refused_writes.get(each.key) if each.key is not None else None
        mended = mended_by(each)
        repair = repairs.get(mended) if each.restores else None
        if refused is not None:
            postponed.append(Postponed(each, refused.problem, refused.retry_at))
        elif repair is not None and repair.due > observed.at:
            postponed.append(Postponed(each, repair.problem(mended), repair.due))
        else:
            writes.append(each)
    return tuple(writes), tuple(postponed)


def mended_by(action: Action) -> Mended:
    """Return what an action mends."""
    return Mended(action.destination, action.mends, action.which)


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

    A write holds up what depends on it: its own destination, if anything does. What stands alone and is refused for
    good concerns that one; what the account is too busy or too troubled for concerns all of its kind.
    """
    if failed.problem is None:
        return True
    if failed.action.alone:
        return failed.problem.error_class is ErrorClass.STUCK or not action.alone
    if failed.action.destination != action.destination:
        return True
    return not failed.action.bars and failed.action.key != action.key


def hindered(
    rows: Iterable[Prerequisite], results: Iterable[Result], postponed: Iterable[Postponed] = (), *, acts: bool
) -> tuple[Prerequisite, ...]:
    """Return the rows as people have to mend them: what the operator does by itself sooner or later is not for them.

    Where it tried to mend one in vain, AWS's refusal takes the place of the remedy, and the commands stay.
    """
    refused: dict[tuple[str, str], str] = {}
    for each in results:
        if each.problem is not None and each.action.mends:
            refused[each.action.mends, each.action.destination] = each.problem.message
    for one in postponed:
        at = f"{one.retry_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        refused[one.action.mends, one.action.destination] = f"{one.problem.message} It is tried again at {at}."

    def told(row: Prerequisite) -> Prerequisite:
        why = refused.get((row.name, row.destination))
        return replace(row, remedy=why) if why is not None else replace(row, fix=NONE) if acts else row

    return tuple(told(row) if row.status is UNMET and row.ours else row for row in rows)
