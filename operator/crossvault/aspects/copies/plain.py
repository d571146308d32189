"""What is nearly always so, read off the records: each recovery point of a resource has its copy.

A shorter way to what :mod:`.pairing`, :mod:`.states` and :mod:`.evidence` say, for a listing of hundreds of thousands.
Whatever is out of the ordinary is left to them. A property holds both ways equal (``unit/test_folding.py``).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import astuple, dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from ...words.reasons import Reason
from ..lifecycle import LIFECYCLE
from ..lifecycle.existing import EXISTING
from .contents import Contents
from .declared import COPIES, BackfillMode
from .evidence import Tally, Traces
from .grounds import Kind
from .memory import Newer, Settled
from .packing import Packed, shared
from .pairing import TOLERANCE, is_of_others
from .planned import State
from .records import BIAS, NEVER, JobProfile, Name, PointProfile, moment_of, number_of
from .seen import RecoveryPoint
from .states import A_DAY, Viewpoint

READY = frozenset({"COMPLETED", "AVAILABLE"})
_APART = 2 * TOLERANCE // timedelta(microseconds=1)
_DAY = A_DAY // timedelta(microseconds=1)
_HOUR = _DAY // 24


@dataclass(frozen=True, slots=True)
class _Rows:
    """Recovery points of one resource in one vault, oldest first.

    Attributes:
        profiles: What they have in common, by number.
        records: Creation, size, how long after it each ends and goes cold, number of the profile, end of the ARN.
        created: When each was created.
    """

    profiles: tuple[PointProfile, ...]
    records: tuple[tuple[Any, ...], ...]
    created: tuple[int, ...]

    @classmethod
    def of(cls, group: Packed[RecoveryPoint]) -> _Rows:
        """Read a group."""
        records = tuple(group.records())
        profiles = tuple(PointProfile(*each) for each in group.profiles)
        return cls(profiles, records, tuple(record[0] for record in records))

    def upto(self, number: int) -> _Rows:
        """Return so many of them, from the oldest on."""
        return _Rows(self.profiles, self.records[:number], self.created[:number])

    def is_plain(self, place: int) -> bool:
        """Tell whether one is complete, not nested, and not near to the one before it in time."""
        profile = self.profile(place)
        ready = profile.status in READY and profile.parent_arn is None and not profile.is_parent and profile.odd is None
        return ready and (place == 0 or self.created[place] - self.created[place - 1] > _APART)

    def names(self) -> dict[Name, int]:
        """Return the place of each ARN."""
        return {
            (self.profiles[record[4]].beginning, self.profiles[record[4]].written, record[5]): place
            for place, record in enumerate(self.records)
        }

    def profile(self, place: int) -> PointProfile:
        """Return what one has in common with others."""
        number: int = self.records[place][4]
        return self.profiles[number]


def read(there: Contents, name: str, view: Viewpoint) -> tuple[Settled, Newer | None] | None:
    """Return the sums of a resource, from its oldest recovery point on, and what is newer than that is plain.

    None where the oldest is out of the ordinary already. That nothing links what is newer with other resources has to
    be seen to by the caller.
    """
    points, copies, jobs = there.of(name)
    if not name or points is None or copies is None or view.destination[EXISTING].updates:
        return None
    if _is_named_elsewhere(there, name):
        return None
    there_are, arrived = _Rows.of(points), _Rows.of(copies)
    number, place = _oldest_plain(there_are, arrived)
    if number == 0:
        return None
    at = {created: place for place, created in enumerate(arrived.created[:place])}
    pairs = {number: at[created] for number, created in enumerate(there_are.created[:number])}
    newer = there_are.names().keys() - there_are.upto(number).names().keys()
    plain = _Plain(there, name, there_are.upto(number), arrived.upto(place), pairs, frozenset(newer))
    found = plain.settled(view)
    if found is None or (number == len(points) and place == len(copies)):
        return (found, None) if found is not None else None
    cut = moment_of(there_are.created[number - 1])
    later = tuple(points.since(cut))
    named = {each.arn for each in later}
    theirs = tuple(job for job in jobs if job.source_point_arn in named) if jobs is not None else ()
    begun = cut if found.ended is not None else None
    return found, Newer(later, tuple(copies.since(cut)), theirs, cut, begun)


def _oldest_plain(points: _Rows, copies: _Rows) -> tuple[int, int]:
    """Return how many points, from the oldest on, have one copy each of their date, and how many copies those are."""
    at, number, place = {created: place for place, created in enumerate(copies.created)}, 0, 0
    for created in points.created:
        end = at.get(created, -1) + 1
        if end <= place or not points.is_plain(number) or not all(map(copies.is_plain, range(place, end))):
            break
        number, place = number + 1, end
    while place < len(copies.created) and number == len(points.created) and copies.is_plain(place):
        place += 1  # what is newer than all points is nobody's copy
    while number and (_goes_on_near(points, number) or _goes_on_near(copies, place)):
        number -= 1
        place = bisect_left(copies.created, points.created[number]) if number else 0
    return number, place


def _goes_on_near(rows: _Rows, number: int) -> bool:
    """Tell whether the row after so many is near to the one before it in time."""
    return 0 < number < len(rows.created) and rows.created[number] - rows.created[number - 1] <= _APART


@lru_cache(maxsize=4096)
def _traces(kind: Kind, tally: tuple[Any, ...], unexplained: tuple[tuple[str, int], ...]) -> Traces:
    """Return what pairs tell; the same object for all resources of which they tell the same."""
    return Traces(((kind, Tally(*tally)),), unexplained=unexplained)


def _is_named_elsewhere(there: Contents, name: str) -> bool:
    """Tell whether jobs about another resource may name one of these recovery points, or copies."""
    points, copies, jobs = there.points.groups[name], there.copies.groups[name], there.jobs
    named = jobs.sources.may_be_elsewhere(points.short_names(), name)
    return named or jobs.arrivals.may_be_elsewhere(copies.short_names(), name)


@dataclass(frozen=True, slots=True)
class _Plain:
    """Recovery points of a resource that have one copy each of their date.

    Attributes:
        pairs: The place of each one's copy.
        newer: The names of recovery points of the resource that are not among them.
    """

    there: Contents
    name: str
    points: _Rows
    copies: _Rows
    pairs: Mapping[int, int]
    newer: AbstractSet[Name]

    def settled(self, view: Viewpoint) -> Settled | None:
        """Return the sums; None where a copy is not as declared, or a job has not brought what it says."""
        kind = self._kind(view.desired.source.arn)
        tally = self._tally()
        if kind is None or tally is None:
            return None
        ended, tally.first_ended = tally.first_ended, None
        first = self._first_in_scope(kind, view)
        if not all(self._lives_long_enough(number, view) for number in range(first, len(self.points.records))):
            return None
        meant = self.points.records[first:]
        counts: tuple[tuple[tuple[State, Reason | None], int], ...] = (
            ((State.OUT_OF_SCOPE, None), first),
            ((State.COPIED, None), len(meant)),
        )
        newest = moment_of(meant[-1][0]) if meant else None
        return Settled(
            *self.there.of(self.name),
            shared(tuple(each for each in counts if each[1])),
            sum(record[1] for record in meant),
            newest,
            newest,
            _traces(kind, astuple(tally), tuple(self._unexplained(view).items())),
            None,
            None,
            ended,
        )

    def _kind(self, vault_arn: str) -> Kind | None:
        """Return of what kind all of them are; None where they are of several, or one came from elsewhere."""
        profiles = map(self.points.profile, range(len(self.points.records)))
        used = {(each.resource_type, each.source_vault_arn) for each in profiles}
        if len(used) > 1 or is_of_others(self.name, vault_arn):
            return None
        ((resource_type, origin),) = used
        return Kind(resource_type, brought=False) if origin is None else None

    def _first_in_scope(self, kind: Kind, view: Viewpoint) -> int:
        """Return how many of them, from the oldest on, the policy does not mean."""
        created, desired = self.points.created, view.desired
        if not desired.scope.selects(kind.resource_type, self.name):
            return len(created)
        match desired[COPIES].backfill.mode:
            case BackfillMode.ALL | BackfillMode.LATEST:
                return 0
            case BackfillMode.SINCE:
                since = desired[COPIES].backfill.since
                return 0 if since is None else bisect_left(created, number_of(since) + BIAS)
            case BackfillMode.NONE:
                since = desired.created
                return len(created) if since is None else bisect_left(created, number_of(since) + BIAS)

    def _lives_long_enough(self, number: int, view: Viewpoint) -> bool:
        """Tell whether a copy lives as long as declared, and never goes cold."""
        lifecycle = view.destination[LIFECYCLE]
        days = lifecycle.delete_after_days if lifecycle is not None else None
        _, _, lasts, *_ = self.points.records[number]
        _, _, copy_lasts, warm, *_ = self.copies.records[self.pairs[number]]
        wanted = lasts if days is None or days < 0 else days * _DAY
        return bool(warm == NEVER and (copy_lasts == NEVER or (wanted != NEVER and copy_lasts >= wanted - _DAY)))

    def _tally(self) -> Tally | None:
        """Count what the pairs show; None where a job has not brought what it says, or where it says."""
        tally = Tally()
        by_job = self._by_job(tally)
        if by_job is None:
            return None
        for number, created in enumerate(self.points.created):
            if number in by_job:
                tally.agree += 1
            else:
                tally.by_date += 1
                tally.telling += bool((created - BIAS) % _HOUR)
        return tally

    def _by_job(self, tally: Tally) -> set[int] | None:
        """Return which recovery points have a job that names their copy, and count the jobs."""
        group, found = self.there.jobs.groups.get(self.name), set[int]()
        if group is None:
            return found
        profiles = [JobProfile(*each) for each in group.profiles]
        sources, arrivals, first = self.points.names(), self.copies.names(), None
        for created, lasted, _, number, _, source_end, copy_end in group.records():
            source, copy = profiles[number].names[1:]
            point, place = sources.get((*source, source_end)), arrivals.get((*copy, copy_end))
            if (*source, source_end) in self.newer:
                if place is not None:
                    return None
                continue
            if profiles[number].state != "COMPLETED" or lasted == NEVER:
                return None
            if point is None and not self._lies_elsewhere((*source, source_end), (*copy, copy_end), place):
                continue
            if point is None or place is None or place != self.pairs[point]:
                return None
            found.add(point)
            tally.jobs += 1
            tally.telling += bool((self.points.created[point] - BIAS) % _HOUR)
            first = created + lasted if first is None else min(first, created + lasted)
        tally.linked = tally.exact = tally.jobs
        if first is not None:
            tally.largest, tally.first_ended = timedelta(), moment_of(first)
        return found

    def _lies_elsewhere(self, source: Name, copy: Name, place: int | None) -> bool:
        """Tell whether the source of a job may lie under another resource, or its copy that is not here."""
        if self.there.points.may_be_elsewhere(source, self.name):
            return True
        return place is None and copy[0] is not None and self.there.copies.may_be_elsewhere(copy, self.name)

    def _unexplained(self, view: Viewpoint) -> Counter[str]:
        """Count the copies that are nobody's, by type; see :func:`.evidence.traces`."""
        taken = frozenset(self.pairs.values())
        ours = {None, view.desired.source.arn, view.destination.vault.arn}
        left = (self.copies.profile(place) for place in range(len(self.copies.records)) if place not in taken)
        return Counter(each.resource_type for each in left if each.source_vault_arn in ours)
