"""What is known of how AWS writes copies down, measured where it matters, and what may be started on that ground.

That a copy has its source's ResourceArn and CreationDate is documented, for no type excepted, and seen in public for
EBS only. Were it otherwise for a type, every recovery point older than the job history would look uncopied and be
copied again. So copy jobs, which name both ends, judge per destination and type whether dates and ARNs can be trusted;
and a recovery point without a job is started only where it is certain that it has no copy.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest

from .grounds import Evidence, Ground, Kind, Verdict
from .inventory import by_age
from .jobs import Jobs
from .pairing import TOLERANCE, Pair, Pairing, blind, came_from_elsewhere
from .seen import ENDED_WELL, CopyJob, RecoveryPoint

SETTLING = timedelta(hours=2)
"""How long a finished job may precede the sight of its copy before it says anything that the copy is not listed."""

HISTORY = timedelta(days=28)
"""What AWS is trusted to remember of copy jobs at the most; it documents 30 days."""

CANARY_AGE = timedelta(days=7)
"""A recovery point younger than this would show the job that copied it, however short AWS's memory is."""

ENOUGH = 3
"""So many copies found where their jobs say prove a type."""

ALL_ARE_ENOUGH_AFTER = timedelta(hours=24)
MARGIN = timedelta(days=1)
"""How much older than its source the date of a copy may be written before it is no copy of it."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The evidence of one destination, and what may be started on it.

    Attributes:
        oldest_job: When the first of the jobs ended that AWS still shows: it forgets them so long after their end.
        of_kind: What is known of each kind that the source vault has.
        busy: Kinds with a job that is under way, or whose copy was not seen yet.
        could_be: (type, resource, origin) → when the youngest unexplained recovery point of the destination was
            created; the resource is empty where it is none of the source vault's.
    """

    source_vault_arn: str
    now: datetime
    oldest_job: datetime | None = None
    of_kind: Mapping[Kind, Evidence] = field(default_factory=dict)
    busy: frozenset[Kind] = frozenset()
    could_be: Mapping[tuple[str, str, str], datetime] = field(default_factory=dict)

    def kind_of(self, point: RecoveryPoint) -> Kind:
        """Return whose law a recovery point is under."""
        return kind_of(point, self.source_vault_arn)

    def evidence(self, point: RecoveryPoint) -> Evidence:
        """Return what is known of the kind of a recovery point."""
        kind = self.kind_of(point)
        return self.of_kind.get(kind, Evidence(kind))

    def ground(self, point: RecoveryPoint) -> Ground | None:
        """Return why it is certain that a recovery point without a finished job has no copy, None where it is not.

        | ground | because |
        |---|---|
        | JOBS | every copy needs a job younger than the point, and all jobs since then are listed |
        | PROVEN | copies of this kind were seen to be listed with the date and the resource of their source |
        | NOTHING_THERE | nothing in the destination could be it |

        A kind of which nothing is known sends its newest recovery point ahead, see :meth:`sends_ahead`.
        """
        if self.oldest_job is not None and point.created > max(self.oldest_job, self.now - HISTORY):
            return Ground.JOBS
        known = self.evidence(point)
        if known.verdict is Verdict.PROVEN and (known.telling or on_the_hour(point.created)):
            return Ground.PROVEN
        return Ground.NOTHING_THERE if self.nothing_there(point) else None

    def sends_ahead(self, point: RecoveryPoint) -> bool:
        """Tell whether this recovery point, the newest uncopied of its kind, may go as a canary.

        It is young enough that a job which copied it would still be listed, and the one before it was seen to arrive.
        """
        young = point.created > self.now - CANARY_AGE
        return young and self.evidence(point).verdict is Verdict.UNPROVEN and self.kind_of(point) not in self.busy

    def nothing_there(self, point: RecoveryPoint) -> bool:
        """Tell whether nothing unexplained in the destination could be a copy of this recovery point.

        A copy is never older than its source; its resource may be written as the source's, not at all, or in a way
        that is not known; it names our vault, no vault, or the one its source names.
        """
        for resource in (point.resource_arn, ""):
            for origin in {self.source_vault_arn, "", point.source_vault_arn or ""}:
                newest = self.could_be.get((point.resource_type, resource, origin))
                if newest is not None and newest >= point.created - MARGIN:
                    return False
        return True

    def arns_match(self, point: RecoveryPoint) -> bool:
        """Tell whether jobs of this kind name their copies as the destination lists them."""
        return self.evidence(point).linked >= ENOUGH


def on_the_hour(moment: datetime) -> bool:
    """Tell whether cutting a date to the hour would not change it."""
    return moment.minute == moment.second == moment.microsecond == 0


@dataclass(frozen=True, slots=True)
class Traces:
    """What pairs tell of how AWS writes copies down.

    Attributes:
        tallies: What was counted, for each kind that the source vault has.
        busy: Kinds with a job that is under way, or whose copy was not seen yet.
        unexplained: Recovery points of the destination that are nobody's copy as far as can be told, and do not say
            that they came from a vault of others, by type.
        twins: Recovery points of one resource in the source within a second of another, by type.
        could_be: (type, resource, origin) → the youngest unexplained recovery point; see :class:`Weighed`.
    """

    tallies: tuple[tuple[Kind, Tally], ...] = ()
    busy: frozenset[Kind] = frozenset()
    unexplained: tuple[tuple[str, int], ...] = ()
    twins: tuple[tuple[str, int], ...] = ()
    could_be: tuple[tuple[tuple[str, str, str], datetime], ...] = ()


def traces(
    paired: Pairing,
    source_vault_arn: str,
    destination_vault_arn: str,
    copies_seen: datetime,
    resources: Collection[str] = (),
) -> Traces:
    """Read off the pairs of one destination what they tell.

    Args:
        paired: Recovery points of both vaults, matched.
        source_vault_arn: Where the source's lie.
        destination_vault_arn: Where their copies lie.
        copies_seen: When the destination was listed.
        resources: Those of the source vault, beside those of the pairs.
    """
    tallies: dict[Kind, Tally] = defaultdict(Tally)
    busy: set[Kind] = set()
    for pair in paired.pairs:
        if pair.point.parent_arn is not None or pair.repeats is not None:
            continue
        kind = kind_of(pair.point, source_vault_arn)
        tallies[kind].add(pair, paired.listed, copies_seen)
        if pair.copy is None and any(_pending(job, copies_seen) for job in pair.jobs):
            busy.add(kind)
    for pair, found in blind(paired, source_vault_arn):
        tallies[kind_of(pair.point, source_vault_arn)].compare(pair, found)
    could_be = _could_be(paired, destination_vault_arn, resources)
    ours = (None, source_vault_arn, destination_vault_arn)
    unexplained = Counter(each.resource_type for each in paired.loose if each.source_vault_arn in ours)
    return Traces(
        tuple(tallies.items()),
        frozenset(busy),
        tuple(unexplained.items()),
        tuple(_twins(paired).items()),
        tuple(could_be.items()),
    )


def joined(parts: Iterable[Traces], ended: Iterable[datetime | None] = ()) -> Traces:
    """Return what several comparisons tell that have no resource in common.

    Args:
        parts: What each of them tells.
        ended: When the first of the jobs ended, for each of them, where it does not tell that itself.
    """
    tallies: dict[Kind, Tally] = defaultdict(Tally)
    busy: set[Kind] = set()
    unexplained: Counter[str] = Counter()
    twins: Counter[str] = Counter()
    could_be: dict[tuple[str, str, str], datetime] = {}
    for each, first_ended in zip_longest(parts, ended):
        for kind, tally in each.tallies:
            tallies[kind].join(tally, first_ended)
        busy |= each.busy
        for resource_type, count in each.unexplained:
            unexplained[resource_type] += count
        for resource_type, count in each.twins:
            twins[resource_type] += count
        for key, at in each.could_be:
            could_be[key] = max(at, could_be.get(key, at))
    return Traces(
        tuple(tallies.items()),
        frozenset(busy),
        tuple(unexplained.items()),
        tuple(twins.items()),
        tuple(could_be.items()),
    )


def weigh(found: Traces, jobs: Jobs, source_vault_arn: str, *, now: datetime, copies_seen: datetime) -> Weighed:
    """Judge from what is listed anyway what pairing by date is worth, for each kind at one destination.

    Args:
        found: What the pairs tell.
        jobs: Every copy job between the two vaults that AWS shows.
        source_vault_arn: Where the recovery points lie that were paired.
        now: The present.
        copies_seen: When the destination was listed.
    """
    unexplained, twins = dict(found.unexplained), dict(found.twins)
    of_kind = {
        kind: tally.evidence(
            kind,
            copies_seen,
            unexplained=unexplained.get(kind.resource_type, 0),
            twins=twins.get(kind.resource_type, 0),
        )
        for kind, tally in found.tallies
    }
    return Weighed(source_vault_arn, now, jobs.first_ended, of_kind, found.busy, dict(found.could_be))


def kind_of(point: RecoveryPoint, source_vault_arn: str) -> Kind:
    """Return whose law a recovery point of a source vault is under."""
    return Kind(point.resource_type, came_from_elsewhere(point, source_vault_arn))


def _pending(job: CopyJob, copies_seen: datetime) -> bool:
    return job.is_running or (job.state in ENDED_WELL and settling(job, copies_seen))


def settling(job: CopyJob, copies_seen: datetime) -> bool:
    """Tell whether the copy of a finished job may not have been listed yet."""
    return job.completed is None or job.completed > copies_seen - SETTLING


def _could_be(
    paired: Pairing, destination_vault_arn: str, resources: Collection[str]
) -> dict[tuple[str, str, str], datetime]:
    compared = {each.point.resource_arn for each in paired.pairs}
    newest: dict[tuple[str, str, str], datetime] = {}
    for each in paired.loose:
        resource = each.resource_arn if each.resource_arn in compared or each.resource_arn in resources else ""
        origin = each.source_vault_arn if came_from_elsewhere(each, destination_vault_arn) else None
        key = each.resource_type, resource, origin or ""
        newest[key] = max(each.created, newest.get(key, each.created))
    return newest


def _twins(paired: Pairing) -> Counter[str]:
    """Count recovery points of one resource within a second of the one before, by type."""
    twins: Counter[str] = Counter()
    before: dict[str, datetime] = {}
    for point in sorted((each.point for each in paired.pairs if not each.repeats), key=by_age):
        last = before.get(point.resource_arn)
        if last is not None and point.created - last <= TOLERANCE and point.parent_arn is None:
            twins[point.resource_type] += 1
        before[point.resource_arn] = point.created
    return twins


@dataclass(slots=True)
class Tally:
    """Counts what the pairs of one kind show; see :class:`.grounds.Evidence`.

    Attributes:
        not_found: Jobs whose copy is not listed, of recovery points without any.
        first_ended: When the first of the jobs ended.
    """

    jobs: int = 0
    linked: int = 0
    mismatched: int = 0
    exact: int = 0
    by_date: int = 0
    telling: int = 0
    not_found: int = 0
    agree: int = 0
    differ: int = 0
    none: int = 0
    largest: timedelta | None = None
    first_ended: datetime | None = None

    def add(self, pair: Pair, listed: Mapping[str, RecoveryPoint], copies_seen: datetime) -> None:
        """Take one pair in."""
        if pair.copy is not None and not pair.by_job and pair.copy.created == pair.point.created:
            self.by_date += 1
            self.telling += not on_the_hour(pair.point.created)
        for job in pair.jobs:
            copy = listed.get(job.destination_point_arn or "")
            seen = copy is not None or not settling(job, copies_seen)
            if job.state in ENDED_WELL and job.completed is not None and seen:
                self._job(pair, job.completed, copy)

    def _job(self, pair: Pair, ended: datetime, copy: RecoveryPoint | None) -> None:
        self.jobs += 1
        self.first_ended = min(ended, self.first_ended or ended)
        if copy is None or copy.status == "DELETING":  # it would prove something for a minute
            self.not_found += pair.copy is None
            return
        apart = abs(copy.created - pair.point.created)
        same = bool(copy.resource_arn) and copy.resource_arn == pair.point.resource_arn
        fits = same and apart <= TOLERANCE
        self.largest = max(apart, self.largest or timedelta())
        self.linked += 1
        self.exact += not apart
        self.mismatched += not fits
        self.telling += fits and not on_the_hour(pair.point.created)

    def compare(self, pair: Pair, found: RecoveryPoint | None) -> None:
        """Take in which copy pairing by date alone finds for what a job pairs; a second copy of it is the same."""
        copy = pair.copy
        if copy is None or found is None:
            self.none += 1
        elif (found.resource_arn, found.created) == (copy.resource_arn, copy.created):
            self.agree += 1
        else:
            self.differ += 1

    def join(self, other: Tally, ended: datetime | None = None) -> None:
        """Take in what was counted elsewhere; ``ended`` is when the first of the jobs did, if that was not."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.largest is not None:
            self.largest = max(other.largest, self.largest or timedelta())
        for first in (other.first_ended, ended):
            if first is not None:
                self.first_ended = min(first, self.first_ended or first)

    def evidence(self, kind: Kind, copies_seen: datetime, *, unexplained: int, twins: int) -> Evidence:
        """Return what was counted, and what it proves."""
        return Evidence(
            kind,
            verdict=self._verdict(copies_seen),
            jobs=self.jobs,
            linked=self.linked,
            mismatched=self.mismatched,
            exact=self.exact,
            largest_difference=self.largest,
            by_date=self.by_date,
            telling=self.telling,
            blind_agree=self.agree,
            blind_differ=self.differ,
            blind_none=self.none,
            unexplained=unexplained,
            twins=twins,
        )

    def _verdict(self, copies_seen: datetime) -> Verdict:
        if self.mismatched:
            return Verdict.CONTRADICTED
        long_ago = self.first_ended is not None and self.first_ended <= copies_seen - ALL_ARE_ENOUGH_AFTER
        if self.linked >= ENOUGH or self.by_date >= ENOUGH or (0 < self.linked == self.jobs and long_ago):
            return Verdict.PROVEN
        return Verdict.CONTRADICTED if self.jobs and self.not_found == self.jobs else Verdict.UNPROVEN


_COUNTS = ("jobs", "linked", "mismatched", "exact", "by_date", "telling", "not_found", "agree", "differ", "none")
