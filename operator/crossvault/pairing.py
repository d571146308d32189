"""Which recovery point of the destination is the copy of which one of the source.

Pairing needs no memory of ours. A backup is its resource and its creation date, wherever it lies: a copy keeps both
(AWS Backup Developer Guide, "Creating backup copies": copies retain the creation date of their source). Copy jobs name
both ARNs, so they win where they exist; AWS forgets them 30 days after they finished. From which vault a copy says that
it came is a preference among equals and no condition: what brought a backup there does not matter.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from .model import CopyJob, RecoveryPoint

TOLERANCE = timedelta(seconds=1)
"""How far the CreationDate of a copy may be from its source's: the guide says "the same" and no more."""


ENDED_WELL = frozenset({"COMPLETED", "PARTIAL"})
GOOD_STATUSES = frozenset({"COMPLETED", "AVAILABLE", "PARTIAL"})
_MAY_BECOME_GOOD = GOOD_STATUSES | {"CREATING"}


@dataclass(frozen=True, slots=True)
class Pair:
    """One source recovery point with its copy, if any, and the jobs AWS still shows, oldest first.

    Attributes:
        by_job: A job names the copy; otherwise resource and date do.
        repeats: The recovery point in the same vault that is the same backup and stands for it: this one came back
            from somewhere, and is no new thing to protect.
    """

    point: RecoveryPoint
    copy: RecoveryPoint | None
    jobs: tuple[CopyJob, ...]
    by_job: bool = False
    repeats: RecoveryPoint | None = None

    @property
    def last_job(self) -> CopyJob | None:
        """The youngest job, running or ended."""
        return self.jobs[-1] if self.jobs else None


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two vaults, matched.

    Attributes:
        pairs: One for every source point, in the order in which those were given.
        loose: What lies in the destination, is or becomes good, and is nobody's copy as far as can be told.
        listed: Everything in the destination by its ARN.
    """

    pairs: tuple[Pair, ...]
    loose: tuple[RecoveryPoint, ...] = ()
    listed: Mapping[str, RecoveryPoint] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Backup:
    """The recovery points of the source vault that are one backup; the first stands for all."""

    points: tuple[RecoveryPoint, ...]
    jobs: tuple[CopyJob, ...] = ()


def pair(
    points: Iterable[RecoveryPoint], copies: Iterable[RecoveryPoint], jobs: Iterable[CopyJob], source_vault_arn: str
) -> Pairing:
    """Match the recovery points of the source vault with their copies, one backup with one copy.

    A job that names its copy decides; then equal resources match by date, the nearest first, so that twins within a
    second do not swap; a good copy comes before one that is not, whatever their dates.
    """
    points = tuple(points)
    listed = {each.arn: each for each in copies}
    by_point: dict[str, list[CopyJob]] = defaultdict(list)
    for job in sorted(jobs, key=lambda each: (each.created, each.id)):
        by_point[job.source_point_arn].append(job)
    backups = [_with_jobs(each, by_point) for each in _backups(points, source_vault_arn)]
    by_job = _matched_by_jobs(backups, listed)
    matched = dict(by_job)
    for good in (True, False):
        taken = {copy.arn for copy in matched.values()}
        free = [each for each in listed.values() if each.arn not in taken and (each.status in GOOD_STATUSES) is good]
        left = [each for each in backups if each.points[0].arn not in matched]
        matched |= _matched_by_date(left, free, source_vault_arn)
    pairs = {each.point.arn: each for backup in backups for each in _pairs_of(backup, matched, by_job)}
    return Pairing(tuple(pairs[each.arn] for each in points), _loose(backups, matched, listed), listed)


def blind(paired: Pairing, source_vault_arn: str) -> Iterator[tuple[Pair, RecoveryPoint | None]]:
    """Yield what jobs pair, with the copy that date and resource alone would find: how far those can be trusted."""
    known = [each for each in paired.pairs if each.by_job and each.repeats is None]
    by_date = {each.copy.arn for each in paired.pairs if each.copy is not None and not each.by_job}
    free = [each for each in paired.listed.values() if each.arn not in by_date]
    found = _matched_by_date([_Backup((each.point,)) for each in known], free, source_vault_arn)
    yield from ((each, found.get(each.point.arn)) for each in known)


def _with_jobs(backup: _Backup, jobs: Mapping[str, list[CopyJob]]) -> _Backup:
    if len(backup.points) == 1:
        return replace(backup, jobs=tuple(jobs.get(backup.points[0].arn, ())))
    found = (job for point in backup.points for job in jobs.get(point.arn, ()))
    return replace(backup, jobs=tuple(sorted(found, key=lambda each: (each.created, each.id))))


def _pairs_of(
    backup: _Backup, matched: Mapping[str, RecoveryPoint], by_job: Mapping[str, RecoveryPoint]
) -> Iterator[Pair]:
    first, *others = backup.points
    copy, named = matched.get(first.arn), first.arn in by_job
    yield Pair(first, copy, backup.jobs, by_job=named)
    for each in others:
        yield Pair(each, copy, backup.jobs, by_job=named, repeats=first)


# --- One backup, however many recovery points ----------------------------------------------------------------------


def came_from_elsewhere(point: RecoveryPoint, vault_arn: str) -> bool:
    """Tell whether a recovery point was brought to its vault by a copy.

    Some listings name the vault itself as origin of what was made in it.
    """
    return point.source_vault_arn is not None and point.source_vault_arn != vault_arn


def _backups(points: Sequence[RecoveryPoint], vault_arn: str) -> Iterator[_Backup]:
    """Put together what is one backup: copies that came back beside their original, or by several ways."""
    by_resource: dict[str, list[RecoveryPoint]] = defaultdict(list)
    for each in points:
        if each.resource_arn and each.parent_arn is None:
            by_resource[each.resource_arn].append(each)
        else:
            yield _Backup((each,))
    for group in by_resource.values():
        brought = [each for each in group if came_from_elsewhere(each, vault_arn)]
        if brought:
            made = [each for each in group if not came_from_elsewhere(each, vault_arn)]
            yield from _gathered(made, sorted(brought, key=_by_age))
        else:
            yield from (_Backup((each,)) for each in group)


def _by_age(point: RecoveryPoint) -> tuple[datetime, str]:
    return point.created, point.arn


class _Timeline:
    """Recovery points by date, so that the neighbours of a moment are found without a walk."""

    __slots__ = ("_dates", "_points")

    def __init__(self, points: Iterable[RecoveryPoint]) -> None:
        self._points = sorted(points, key=_by_age)
        self._dates = [each.created for each in self._points]

    def near(self, moment: datetime) -> Sequence[RecoveryPoint]:
        """Return what lies within the tolerance of a moment."""
        first = bisect_left(self._dates, moment - TOLERANCE)
        return self._points[first : bisect_right(self._dates, moment + TOLERANCE)]


def _gathered(made: list[RecoveryPoint], brought: list[RecoveryPoint]) -> Iterator[_Backup]:
    """Give what was brought to the original of the same moment; what has none stands for itself, once a moment."""
    beside: dict[str, list[RecoveryPoint]] = {each.arn: [] for each in made}
    alone: list[RecoveryPoint] = []
    originals = _Timeline(made)
    for each in brought:
        near = originals.near(each.created)
        if near:
            original = min(near, key=lambda one: (abs(one.created - each.created), one.arn))
            beside[original.arn].append(each)
        else:
            alone.append(each)
    for original in made:
        members = (original, *beside[original.arn])
        yield _Backup(tuple(sorted(members, key=lambda each: each.status not in GOOD_STATUSES)))
    for moment in _moments(alone):
        yield from _by_origin(moment)


def _moments(points: list[RecoveryPoint]) -> Iterator[list[RecoveryPoint]]:
    """Cut what is sorted by date into runs that lie within the tolerance of their first."""
    run: list[RecoveryPoint] = []
    for each in points:
        if run and each.created - run[0].created > TOLERANCE:
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _by_origin(moment: list[RecoveryPoint]) -> Iterator[_Backup]:
    """One vault sends a backup once, so as many backups are here as the busiest origin has sent."""
    origins: dict[str, list[RecoveryPoint]] = defaultdict(list)
    for each in moment:
        origins[each.source_vault_arn or ""].append(each)
    most = max(origins.values(), key=len)
    others = [each for group in origins.values() if group is not most for each in group]
    members = [[each] for each in most]
    for number, each in enumerate(others):
        members[number % len(members)].append(each)
    yield from (_Backup(tuple(each)) for each in members)


# --- Matching ------------------------------------------------------------------------------------------------------


def _matched_by_jobs(backups: Iterable[_Backup], listed: Mapping[str, RecoveryPoint]) -> dict[str, RecoveryPoint]:
    """Take the copy that a job of the backup names; a good one before a bad one, the youngest before older ones."""
    matched: dict[str, RecoveryPoint] = {}
    for backup in backups:
        made = [listed[arn] for job in backup.jobs if (arn := job.destination_point_arn or "") in listed]
        if made:
            good = (copy for copy in reversed(made) if copy.status in GOOD_STATUSES)
            matched[backup.points[0].arn] = next(good, made[-1])
    return matched


def _matched_by_date(
    backups: Collection[_Backup], copies: Collection[RecoveryPoint], vault_arn: str
) -> dict[str, RecoveryPoint]:
    """Match within the tolerance, the nearest dates first; among equals our vault's copies before others."""
    by_resource: dict[str, list[RecoveryPoint]] = defaultdict(list)
    for copy in copies:
        if copy.resource_arn:
            by_resource[copy.resource_arn].append(copy)
    wanted: dict[str, list[RecoveryPoint]] = defaultdict(list)
    for backup in backups:
        if backup.points[0].resource_arn in by_resource:
            wanted[backup.points[0].resource_arn].append(backup.points[0])
    matched: dict[str, RecoveryPoint] = {}
    for resource, points in wanted.items():
        there = sorted(by_resource[resource], key=lambda each: (each.source_vault_arn != vault_arn, each.arn))
        _match_equal_dates(sorted(points, key=_by_age), there, matched)
        _match_near_dates([each for each in points if each.arn not in matched], there, matched, vault_arn)
    return matched


def _match_equal_dates(
    points: Iterable[RecoveryPoint], copies: Iterable[RecoveryPoint], matched: dict[str, RecoveryPoint]
) -> None:
    at: dict[object, list[RecoveryPoint]] = defaultdict(list)
    for copy in copies:
        at[copy.created].append(copy)
    for point in points:
        there = at.get(point.created)
        if there:
            matched[point.arn] = there.pop(0)


def _match_near_dates(
    points: list[RecoveryPoint], copies: list[RecoveryPoint], matched: dict[str, RecoveryPoint], vault_arn: str
) -> None:
    taken = {copy.arn for copy in matched.values()}
    free = _Timeline(each for each in copies if each.arn not in taken)
    near = [
        (abs(copy.created - point.created), copy.source_vault_arn != vault_arn, point.arn, copy.arn, copy)
        for point in points
        for copy in free.near(point.created)
    ]
    for _, _, point_arn, copy_arn, copy in sorted(near, key=lambda each: each[:4]):
        if point_arn not in matched and copy_arn not in taken:
            matched[point_arn] = copy
            taken.add(copy_arn)


# --- What is left over ---------------------------------------------------------------------------------------------


def _loose(
    backups: Iterable[_Backup], matched: Mapping[str, RecoveryPoint], listed: Mapping[str, RecoveryPoint]
) -> tuple[RecoveryPoint, ...]:
    """Return what could still be a copy that was not recognised; a second copy of what has one is explained."""
    taken = {copy.arn for copy in matched.values()}
    left = [each for each in listed.values() if each.arn not in taken and each.parent_arn is None]
    left = [each for each in left if each.status in _MAY_BECOME_GOOD]
    if not left:
        return ()
    known: dict[str, list[RecoveryPoint]] = defaultdict(list)
    for backup in backups:
        if backup.points[0].arn in matched:
            known[backup.points[0].resource_arn].append(backup.points[0])
    dates = {resource: _Timeline(points) for resource, points in known.items()}
    none = _Timeline(())
    return tuple(each for each in left if not dates.get(each.resource_arn, none).near(each.created))
