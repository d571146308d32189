"""What earlier comparisons of two vaults have found to be settled, so that it is not compared again.

Only a memory: whatever it has forgotten is compared anew, with the same result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, TypeAlias
from weakref import ref

from ...words.reasons import Reason
from .evidence import Traces, joined
from .inventory import Inventory
from .jobs import Jobs
from .packing import Packed
from .planned import Standing, State
from .seen import CopyJob, RecoveryPoint

MOST_VIEWS = 16
"""So many policies' views of all resources of two vaults are remembered at once; of a view that has none all that it
means is compared. Of policies that mean a few of the resources each, there may be as many more."""
FEW = 4096
"""So many resources are remembered for views in any case."""

Groups: TypeAlias = tuple[Packed[RecoveryPoint] | None, Packed[RecoveryPoint] | None, Packed[CopyJob] | None]
"""What there is of one resource: recovery points at the source, at the destination, and copy jobs."""


Whole: TypeAlias = tuple[Inventory, Inventory, Jobs]
"""All recovery points at the source, all at the destination, and all copy jobs."""


@dataclass(frozen=True, slots=True)
class Settled:
    """One resource about which nothing is to be done, as sums.

    Attributes:
        points, copies, jobs: What was compared.
        counts: (state, reason) → recovery points.
        bytes_copied: Size of those that are copied.
        newest_source: When the newest was created that is in scope; None without any.
        newest_copy: When the newest was created that is copied; None without any.
        traces: What its pairs tell of how AWS writes copies down.
        until: When a recovery point may come to stand otherwise, though nothing changes; None for never.
        since: When one came to stand as it does, though nothing changed; None for ever.
        ended: When the first of the jobs ended that ``traces`` does not say of; None where it says all.
    """

    points: Packed[RecoveryPoint] | None
    copies: Packed[RecoveryPoint] | None
    jobs: Packed[CopyJob] | None
    counts: tuple[tuple[tuple[State, Reason | None], int], ...]
    bytes_copied: int
    newest_source: datetime | None
    newest_copy: datetime | None
    traces: Traces
    until: datetime | None
    since: datetime | None = None
    ended: datetime | None = None

    def holds(self, groups: Groups, now: datetime) -> bool:
        """Tell whether it is true still, of what there is now."""
        if (self.until is not None and now >= self.until) or (self.since is not None and now <= self.since):
            return False
        points, copies, jobs = groups
        return self.points is points and self.copies is copies and self.jobs is jobs


@dataclass(frozen=True, slots=True)
class Newer:
    """What there is of one resource beyond what is settled of it.

    Attributes:
        points, copies: What was created after ``cut``.
        jobs: Those of its points.
        cut: When the newest was created that is settled.
        begun: The same, where a settled one has a job; None where none has.
    """

    points: tuple[RecoveryPoint, ...]
    copies: tuple[RecoveryPoint, ...]
    jobs: tuple[CopyJob, ...]
    cut: datetime
    begun: datetime | None


@dataclass(frozen=True, slots=True)
class Open:
    """One resource about which something is, or may be, to be done.

    Attributes:
        groups: What was compared.
        until: When it is to be seen whether that is still so, though nothing changes.
        links: Other resources that are linked with it.
        nested: One of its rows is part of a composite, or is one.
        older: The sums of what is settled of it; None where nothing is known to be.
        newer: All else; None where nothing is known to be settled.
    """

    groups: Groups
    until: datetime
    links: frozenset[str]
    nested: bool = False
    older: Settled | None = None
    newer: Newer | None = None

    def holds(self, groups: Groups, now: datetime) -> bool:
        """Tell whether it is so still, of what there is now."""
        return now < self.until and all(before is after for before, after in zip(self.groups, groups, strict=True))


class After(Protocol):
    """Tells of settled recovery points one by one."""

    def __call__(self, moment: datetime, resource: str | None = None) -> Iterable[Standing]:
        """Return how those stand that were created after a moment, of one resource or of all."""


def nothing_after(moment: datetime, resource: str | None = None) -> Iterable[Standing]:  # noqa: ARG001 - as After has it
    """Return nothing: there is nothing settled."""
    return ()


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything about which nothing is to be done, as sums; see :class:`Settled`.

    Attributes:
        after: Returns how those stand that were created after a moment, of one resource or of all, which takes reading
            them; resource by resource.
    """

    counts: tuple[tuple[tuple[State, Reason | None], int], ...] = ()
    bytes_copied: int = 0
    newest_source: datetime | None = None
    newest_copy: datetime | None = None
    traces: Traces = field(default_factory=Traces)
    after: After = field(default=nothing_after, compare=False, repr=False)

    @property
    def copied(self) -> int:
        """How many recovery points are copied."""
        return self.states()[State.COPIED]

    def states(self) -> Counter[State]:
        """Return how many recovery points are in each state."""
        states: Counter[State] = Counter()
        for (state, _), count in self.counts:
            states[state] += count
        return states

    @classmethod
    def of(cls, parts: Iterable[Settled], after: After) -> Totals:
        """Add up; ``after`` is as above."""
        parts = tuple(parts)
        counts: Counter[tuple[State, Reason | None]] = Counter()
        for each in parts:
            for standing, count in each.counts:
                counts[standing] += count
        return cls(
            tuple(counts.items()),
            sum(each.bytes_copied for each in parts),
            max((each.newest_source for each in parts if each.newest_source is not None), default=None),
            max((each.newest_copy for each in parts if each.newest_copy is not None), default=None),
            joined((each.traces for each in parts), (each.ended for each in parts)),
            after,
        )


class Memory:
    """What is settled between two vaults, for each view of them.

    What a policy does not mean stands as it does for every other one that does not mean it, and is remembered once.

    Passes that run at once may share one: each step here is one that the interpreter does not interrupt, and what one
    of them loses to another is compared again.
    """

    def __init__(self) -> None:
        self._views: dict[Hashable, MutableMapping[str, Settled | Open]] = {}
        self._beside: dict[Hashable, MutableMapping[str, Settled | Open]] = {}
        self._last: dict[Hashable, tuple[tuple[ref[Any], ...], Totals]] = {}

    def of(self, view: Hashable, resources: int) -> MutableMapping[str, Settled | Open]:
        """Return what is known of what is meant by who looks in some way, by resource; whoever asks may add to it.

        ``resources`` is how many there are.
        """
        known = self._views.pop(view, None)
        if known is None:
            self._make_room(max(MOST_VIEWS * resources, FEW))
        self._views[view] = known = {} if known is None else known
        return known

    def _make_room(self, most: int) -> None:
        """Forget the views that nobody has had for longest, until the others know of so many resources together."""
        views = list(self._views.items())
        beyond = sum(max(len(each), 1) for _, each in views) - most
        for oldest, each in views:
            if beyond <= 0:
                break
            beyond -= max(len(each), 1)
            self._views.pop(oldest, None)
            self._last.pop(oldest, None)

    def beside(self, ends: Hashable) -> MutableMapping[str, Settled | Open]:
        """Return what is known of what is not meant, between two vaults; whoever asks may add to it."""
        return self._beside.setdefault(ends, {})

    def keep(self, view: Hashable, whole: Whole, totals: Totals | None) -> None:
        """Note that everything is settled, whatever the time; None where it is not.

        What lies in the vaults is not kept for that: of a view that nobody has any more it would be long outdated.
        """
        self._last.pop(view, None)
        if totals is not None:
            self._last[view] = tuple(map(ref, whole)), replace(totals, after=nothing_after)

    def last(self, view: Hashable, whole: Whole) -> Totals | None:
        """Return the sums of all, but for ``after``, where everything was settled and nothing has changed; or None."""
        compared, totals = self._last.get(view, ((), None))
        same = compared and all(before() is after for before, after in zip(compared, whole, strict=True))
        return totals if same else None
