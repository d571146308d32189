"""The copy jobs of an account between its vaults and others, as AWS remembers them: packed by resource, and counted."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import ClassVar, NamedTuple, TypeAlias, TypeVar

from ...words.reasons import Reason
from .failures import FailureClass, classify
from .marks import Marks, mark_of
from .packing import Packed, Packing, changed, shared
from .records import BIAS, JOBS, NEVER, Apart, JobProfile, Key, moment_of, number_of
from .seen import ENDED_WELL, CopyJob, is_running
from .whereabouts import Whereabouts

R = TypeVar("R", bound=Hashable)

Ends: TypeAlias = tuple[str, str]
"""ARNs of the source vault and of the destination vault."""
Span: TypeAlias = tuple[datetime, datetime]
"""After which moment, and until which one."""
Outcome: TypeAlias = tuple[str, str]
"""How a job ended, and for which reason."""


class Ending(NamedTuple):
    """How some jobs about a resource ended.

    Attributes:
        role_arn: With which copy role; None where AWS does not say, or where it does not matter.
        reason: Why they failed for good; None where they ended otherwise.
    """

    resource_type: str
    role_arn: str | None
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class _Counted:
    """What is asked of the jobs about one resource again and again.

    Attributes:
        running: Those that may still bring a copy.
        outcomes: (outcome, reason), and how many.
        created: When the first was created.
        moved: When the last of them was created, or ended.
        ends: When each ended, or was created if it has not, in the order of the rows; see :data:`.records.BIAS`.
        ended: When the first of them ended.
        completed: When the first of those ended that were completed, and the last.
        endings: How those ended that have.
    """

    running: tuple[CopyJob, ...]
    outcomes: tuple[tuple[Outcome, int], ...]
    created: datetime
    moved: datetime
    ends: array[int]
    ended: datetime | None
    completed: tuple[datetime, datetime] | None
    endings: tuple[Ending, ...]

    @classmethod
    def of(cls, group: Packed[CopyJob]) -> _Counted:
        """Count the jobs about one resource, of which there is at least one, off their records."""
        profiles = [JobProfile(*each) for each in group.profiles]
        outcomes = [_outcome(each.state, each.message, each.category) for each in profiles]
        records = tuple(group.records())
        numbers = Counter(record[3] for record in records)
        counted = Counter[Outcome]()
        for number, times in numbers.items():
            counted[outcomes[number]] += times
        ended = [(created + lasted, number) for created, lasted, _, number, *_ in records if lasted != NEVER]
        ends = [moment for moment, _ in ended]
        completed = [moment for moment, number in ended if profiles[number].state == "COMPLETED"]
        return cls(
            tuple(job for job in group if job.is_running) if _RUNNING in counted else (),
            shared(tuple(counted.items())),
            moment_of(records[0][0]),
            moment_of(max(records[-1][0], *ends)) if ends else moment_of(records[-1][0]),
            array("Q", (created if lasted == NEVER else created + lasted for created, lasted, *_ in records)),
            moment_of(min(ends)) if ends else None,
            (moment_of(min(completed)), moment_of(max(completed))) if completed else None,
            shared(_endings(profiles[number] for number in numbers)),
        )


_RUNNING: Outcome = ("running", "")
_UNSHARED = "failed to unshare"
REMARKED: Outcome = ("completed_with_message", "")
_LEFT_SHARED: Outcome = ("completed_with_message", Reason.SNAPSHOTS_STAY_SHARED)


@lru_cache(maxsize=4096)
def _outcome(state: str, message: str | None, category: str | None) -> Outcome:
    if is_running(state):
        return _RUNNING
    if state == "COMPLETED":
        shared = Reason.SNAPSHOTS_STAY_SHARED if message and _UNSHARED in message.lower() else ""
        return ("completed_with_message" if message else "completed"), shared
    if state == "PARTIAL":
        return "partial", Reason.COPY_PARTIAL
    return "failed", classify(message, category).reason


def _endings(jobs: Iterable[JobProfile]) -> tuple[Ending, ...]:
    return tuple(sorted({found for each in jobs if (found := _ending(each)) is not None}, key=repr))


def _ending(job: JobProfile) -> Ending | None:
    """Return how a job ended; None for one under way."""
    if is_running(job.state):
        return None
    failure = classify(job.message, job.category) if job.state not in ENDED_WELL else None
    if failure is None or failure.failure_class is not FailureClass.TERMINAL:
        return Ending(job.resource_type, None, None)
    return Ending(job.resource_type, job.role_arn, failure.reason)


class Jobs:
    """Copy jobs, each once. Never changes; equal to others of the same jobs."""

    __hash__: ClassVar[None]  # type: ignore[assignment] # compared in tests only

    def __init__(self, jobs: Iterable[CopyJob] = ()) -> None:
        """Take in what is listed."""
        packing = Packing(JOBS)
        for each in jobs:
            packing.add(each.resource_arn, each)
        self.groups: Mapping[str, Packed[CopyJob]] = packing.packed()
        """The jobs about every resource; under no name those of which AWS names none."""
        self._counted = {name: _Counted.of(group) for name, group in self.groups.items()}
        self.sources = Whereabouts(self.groups, 1)
        """About which resources jobs are, by the ARN of the recovery point that they copy."""
        self.arrivals = Whereabouts(self.groups, 2)
        """The same by the ARN of the copy."""

    def among(self, groups: Mapping[str, Packed[CopyJob]]) -> Jobs:
        """Return the jobs of these groups, some of which are those here."""
        moved = changed(groups, self.groups)
        if not moved:
            return self
        made = Jobs()
        made.groups = groups
        made._counted = {
            name: _Counted.of(group) if name in moved else self._counted[name] for name, group in groups.items()
        }
        made.sources, made.arrivals = self.sources.among(groups, moved), self.arrivals.among(groups, moved)
        return made

    def of(self, resource: str) -> tuple[CopyJob, ...]:
        """Return the jobs about a resource, oldest first."""
        return tuple(self.groups.get(resource, ()))

    def moved(self, since: datetime, but: Collection[Key] = ()) -> Iterator[tuple[Key, CopyJob]]:
        """Yield the jobs that were created, or ended, after a moment, by their short names, but for some."""
        for name, counted in self._counted.items():
            if counted.moved > since:
                yield from self.groups[name].moved(since, but)

    def ended(self, spans: Sequence[Span], but: Collection[Key] = ()) -> Iterator[tuple[Key, CopyJob]]:
        """Yield the jobs that ended in one of some spans, by their short names, but for some.

        A job that has not ended counts with its creation.
        """
        first = min((after for after, _ in spans), default=None)
        numbers = [(number_of(after) + BIAS, number_of(until) + BIAS) for after, until in spans]
        least = min((after for after, _ in numbers), default=0)
        for name, counted in self._counted.items():
            if first is not None and counted.moved > first:
                late = [(place, end) for place, end in enumerate(counted.ends) if end > least]
                places = [at for at, end in late if any(after < end <= until for after, until in numbers)]
                yield from self.groups[name].picked(places, but)

    def endings(self) -> Iterator[tuple[str, datetime, tuple[Ending, ...]]]:
        """Yield the resources of jobs that ended: when one was created, or ended, last, and how those ended."""
        for name, each in self._counted.items():
            if each.endings:
                yield name, each.moved, each.endings

    def made(self) -> Mapping[str, datetime]:
        """Return when the last copy of each type was made."""
        found: dict[str, datetime] = {}
        for each in self._counted.values():
            if each.completed is not None:
                for ending in each.endings:
                    known = found.get(ending.resource_type, each.completed[1])
                    found[ending.resource_type] = max(known, each.completed[1])
        return found

    @cached_property
    def running(self) -> tuple[CopyJob, ...]:
        """The jobs that may still bring a copy."""
        return tuple(job for each in self._counted.values() for job in each.running)

    @cached_property
    def unshared(self) -> tuple[CopyJob, ...]:
        """The jobs that made their copy, and left the snapshot shared that they made it of."""
        names = [name for name, each in self._counted.items() if any(key == _LEFT_SHARED for key, _ in each.outcomes)]
        found = (job for name in names for job in self.of(name))
        return tuple(job for job in found if _outcome(job.state, job.message, job.category) == _LEFT_SHARED)

    @cached_property
    def remarked(self) -> CopyJob | None:
        """The last created of the jobs that made their copy, and of which AWS says that something was left undone."""
        names = [name for name, each in self._counted.items() if any(key == REMARKED for key, _ in each.outcomes)]
        found = (job for name in names for job in self.of(name))
        told = (job for job in found if _outcome(job.state, job.message, job.category) == REMARKED)
        return max(told, key=lambda job: (job.created, job.id), default=None)

    @cached_property
    def outcomes(self) -> Mapping[tuple[str, str], int]:
        """How the jobs ended, and why: (outcome, reason) → how many."""
        total = Counter[Outcome]()
        for each in self._counted.values():
            for outcome, count in each.outcomes:
                total[outcome] += count
        return total

    @cached_property
    def first_created(self) -> datetime | None:
        """When the first of the jobs was created; None without any."""
        return min((each.created for each in self._counted.values()), default=None)

    @cached_property
    def first_ended(self) -> datetime | None:
        """When the first of those ended that have; None without any."""
        return min((each.ended for each in self._counted.values() if each.ended), default=None)

    @cached_property
    def first_completed(self) -> datetime | None:
        """When the first of those ended that were completed; None without any."""
        return min((each.completed[0] for each in self._counted.values() if each.completed), default=None)

    @cached_property
    def last_completed(self) -> datetime | None:
        """When the last of those ended that were completed; None without any."""
        return max((each.completed[1] for each in self._counted.values() if each.completed), default=None)

    def renewed(self, found: Iterable[CopyJob], since: datetime) -> Jobs:
        """Return these jobs as they were ``found``, without those that ended before ``since``.

        What was under way and is not found is there no more.
        """
        by_resource: dict[str, dict[str, CopyJob]] = defaultdict(dict)
        for job in found:
            by_resource[job.resource_arn][job.id] = job
        names = by_resource.keys() | {
            name
            for name, each in self._counted.items()
            if each.running or (each.ended is not None and each.ended <= since)
        }
        others: dict[str, tuple[CopyJob, ...]] = {}
        for name in names:
            known = self.of(name)
            lasting = {job.id: job for job in known if not job.is_running and (job.completed or job.created) > since}
            rows = lasting | by_resource[name]
            if rows != {job.id: job for job in known}:
                others[name] = tuple(rows.values())
        return self._with(others) if others else self

    def _with(self, others: Mapping[str, tuple[CopyJob, ...]]) -> Jobs:
        packing = Packing(JOBS, self.groups)
        for name, rows in others.items():
            for each in rows:
                packing.add(name, each)
        lasting = {name: group for name, group in self.groups.items() if name not in others}
        return self.among({**lasting, **packing.packed()})

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self.groups.values()))

    def __iter__(self) -> Iterator[CopyJob]:
        """Yield them, resource by resource."""
        for group in self.groups.values():
            yield from group

    def __eq__(self, other: object) -> bool:
        """Compare the jobs."""
        return isinstance(other, Jobs) and {each.id: each for each in self} == {each.id: each for each in other}

    def __repr__(self) -> str:
        return f"Jobs({tuple(self)!r})"


NONE = Jobs()


class JobBook:
    """The copy jobs of an account in a Region, by the vaults that they copy between. Never changes."""

    def __init__(self, jobs: Iterable[CopyJob] = ()) -> None:
        """Take in what is listed."""
        self.by_ends: Mapping[Ends, Jobs] = {ends: Jobs(each) for ends, each in _by_ends(jobs).items()}

    @classmethod
    def listed(
        cls,
        rows: Iterable[R],
        read: Callable[[R], tuple[Ends, str, Apart]],
        like: JobBook | None = None,
        *,
        whole: bool = True,
    ) -> JobBook:
        """Take in what is listed, as it is kept; jobs that are the same are the same objects.

        Args:
            rows: As they come. One that is known is not read again where ``whole``.
            read: Returns of a row the vaults and the resource of a job, and it as a record takes it.
            like: What is known already.
            whole: Whether all of that is listed.
        """
        known = like.by_ends if like is not None else {}
        again = Marks([each.marks for jobs in known.values() for each in jobs.groups.values()]) if whole else None

        def packing_of(ends: Ends) -> Packing[CopyJob]:
            return Packing(JOBS, known.get(ends, NONE).groups, again=again)

        packings = {ends: packing_of(ends) for ends in known} if whole else {}
        for row in rows:
            mark = mark_of(row)
            if again is None or not again.tick(mark):
                ends, resource, apart = read(row)
                packing = packings.get(ends) or packings.setdefault(ends, packing_of(ends))
                packing.take(resource, apart, mark)
        book = cls()
        found = {ends: known.get(ends, NONE).among(packing.packed()) for ends, packing in packings.items()}
        book.by_ends = {ends: jobs for ends, jobs in found.items() if jobs.groups}
        return book

    def between(self, source_vault_arn: str, destination_vault_arn: str) -> Jobs:
        """Return the jobs that copy from one vault into another."""
        return self.by_ends.get((source_vault_arn, destination_vault_arn), NONE)

    def shows(self, job_id: str, ends: Ends, resource: str) -> bool:
        """Tell whether a job between two vaults is among those about a resource."""
        group = self.between(*ends).groups.get(resource)
        return group is not None and group.named(job_id) is not None

    def into(self, destination_vault_arn: str) -> tuple[Jobs, ...]:
        """Return the jobs that copy into a vault, from each source."""
        return tuple(jobs for (_, into), jobs in self.by_ends.items() if into == destination_vault_arn)

    @cached_property
    def running(self) -> tuple[CopyJob, ...]:
        """The jobs that may still bring a copy."""
        return tuple(job for each in self.by_ends.values() for job in each.running)

    def renewed(self, found: Iterable[CopyJob], since: datetime) -> JobBook:
        """Return these jobs as they were ``found``, without those that ended before ``since``; see :class:`Jobs`."""
        there = _by_ends(found)
        made = {
            ends: self.by_ends.get(ends, NONE).renewed(there.get(ends, ()), since)
            for ends in self.by_ends.keys() | there.keys()
        }
        if all(jobs is self.by_ends.get(ends) for ends, jobs in made.items()):
            return self
        book = JobBook()
        book.by_ends = {ends: jobs for ends, jobs in made.items() if jobs.groups}
        return book

    def __iter__(self) -> Iterator[CopyJob]:
        """Yield the jobs, vault by vault."""
        for each in self.by_ends.values():
            yield from each


def _by_ends(jobs: Iterable[CopyJob]) -> Mapping[Ends, list[CopyJob]]:
    found: dict[Ends, list[CopyJob]] = defaultdict(list)
    for each in jobs:
        found[each.source_vault_arn, each.destination_vault_arn].append(each)
    return found
