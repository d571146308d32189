"""Which recovery point of the destination is the copy of which one of the source.

Pairing needs no memory of ours. A backup is its resource and its creation date, wherever it lies: a copy keeps both
(AWS Backup Developer Guide, "Creating backup copies": copies retain the creation date of their source). Copy jobs name
both ARNs, so they win where they exist; AWS forgets them 30 days after they finished. From which vault a copy says that
it came is a preference among equals and no condition: what brought a backup there does not matter.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from .inventory import by_age
from .seen import GOOD_STATUSES, CopyJob, RecoveryPoint

TOLERANCE = timedelta(seconds=1)
"""How far the CreationDate of a copy may be from its source's: the guide says "the same" and no more."""

GONE_STATUSES = frozenset({"EXPIRED", "DELETING"})
"""Statuses of a copy that is none any more. One that is new to this release says nothing of the kind."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One source recovery point with its copy, if any, and the jobs AWS still shows, oldest first.

    Attributes:
        by_job: A job names the copy; otherwise resource and date do.
        repeats: The recovery point in the same vault that is the same backup and stands for it: this one came back
            from somewhere, and is no new thing to protect.
        shadowed: Another recovery point of this resource and date has a copy. They may be one backup that came back
            without a trace of where from, or two.
        lacking: How many nested recovery points of a composite its copy does not have.
    """

    point: RecoveryPoint
    copy: RecoveryPoint | None
    jobs: tuple[CopyJob, ...]
    by_job: bool = False
    repeats: RecoveryPoint | None = None
    shadowed: bool = False
    lacking: int = 0

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
    points: Iterable[RecoveryPoint],
    copies: Iterable[RecoveryPoint],
    jobs: Iterable[CopyJob],
    source_vault_arn: str,
    *,
    lists_parts: bool = False,
) -> Pairing:
    """Match the recovery points of the source vault with their copies, one backup with one copy.

    A job that names its copy decides; then equal resources match by date, the nearest first, so that twins within a
    second do not swap; a good copy comes before one that is not, whatever their dates.
    """
    points, listed = tuple(points), {each.arn: each for each in copies}
    by_point: dict[str, list[CopyJob]] = defaultdict(list)
    for job in sorted(jobs, key=lambda each: (each.created, each.id)):
        by_point[job.source_point_arn].append(job)
    backups = [_with_jobs(each, by_point) for each in _backups(points, source_vault_arn)]
    by_job = _matched_by_jobs(backups, listed)
    matched = dict(by_job)
    for good in (True, False):
        left = [each for each in backups if each.points[0].arn not in matched]
        if not left:
            break
        taken = {copy.arn for copy in matched.values()}
        free = [each for each in listed.values() if each.arn not in taken and (each.status in GOOD_STATUSES) is good]
        matched |= _matched_by_date(left, free, source_vault_arn)
    matched = _longest(matched, listed)
    gaps = {each.points[0].resource_arn for each in backups if each.points[0].arn not in matched}
    covered = _Covered(
        each.points[0] for each in backups if each.points[0].resource_arn in gaps and each.points[0].arn in matched
    )
    pairs = {each.point.arn: each for backup in backups for each in _pairs_of(backup, matched, by_job, covered)}
    pairs |= _without_parts(pairs.values(), listed.values(), lists_parts=lists_parts)
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
        jobs_of = jobs.get(backup.points[0].arn)
        return _Backup(backup.points, tuple(jobs_of)) if jobs_of else backup
    found = (job for point in backup.points for job in jobs.get(point.arn, ()))
    return replace(backup, jobs=tuple(sorted(found, key=lambda each: (each.created, each.id))))


def _pairs_of(
    backup: _Backup,
    matched: Mapping[str, RecoveryPoint],
    by_job: Mapping[str, RecoveryPoint],
    covered: _Covered,
) -> Iterator[Pair]:
    first, *others = backup.points
    copy, named = matched.get(first.arn), first.arn in by_job
    yield Pair(first, copy, backup.jobs, by_job=named, shadowed=copy is None and covered.has_date_of(first))
    for each in others:
        yield Pair(each, copy, backup.jobs, by_job=named, repeats=first)


def _without_parts(pairs: Iterable[Pair], listed: Iterable[RecoveryPoint], *, lists_parts: bool) -> dict[str, Pair]:
    """Return the composites whose copy has fewer good parts than its source.

    Only where the destination lists nested recovery points at all: that a listing has them is documented for the
    console, and one that never had any would make every copy of a composite look torn.
    """
    wanted, there = _parts(each.point for each in pairs), _parts(listed)
    if not wanted or not (there or lists_parts):
        return {}
    composites = [each for each in pairs if each.copy is not None and wanted[each.point.arn]]
    return {
        each.point.arn: replace(each, lacking=lacking)
        for each in composites
        if each.copy is not None and (lacking := wanted[each.point.arn] - there[each.copy.arn]) > 0
    }


def _parts(points: Iterable[RecoveryPoint]) -> Counter[str]:
    return Counter(each.parent_arn for each in points if each.parent_arn and each.status in GOOD_STATUSES)


class _Covered:
    """The moments of which a resource has a copy; a date may have lost its fraction on the way."""

    __slots__ = ("_cut", "_exact")

    def __init__(self, points: Iterable[RecoveryPoint]) -> None:
        self._exact = {(each.resource_arn, each.created) for each in points if each.resource_arn}
        self._cut = {(resource, date.replace(microsecond=0)) for resource, date in self._exact}

    def has_date_of(self, point: RecoveryPoint) -> bool:
        """Tell whether there is a copy of the same resource and date."""
        exact = (point.resource_arn, point.created)
        cut = (point.resource_arn, point.created.replace(microsecond=0))
        return exact in self._exact or exact in self._cut or cut in self._exact


# --- One backup, however many recovery points ----------------------------------------------------------------------


def came_from_elsewhere(point: RecoveryPoint, vault_arn: str) -> bool:
    """Tell whether a recovery point was brought to its vault by a copy.

    Some listings name the vault itself as origin of what was made in it, and the origin may be missing from what was
    not; then a resource of another account tells.
    """
    if point.source_vault_arn is not None:
        return point.source_vault_arn != vault_arn
    return is_of_others(point.resource_arn, vault_arn)


def is_of_others(resource_arn: str, vault_arn: str) -> bool:
    """Tell whether a resource is of another account than a vault."""
    owner = resource_arn.split(":", maxsplit=5)[4:5]
    return bool(owner and owner[0]) and owner != vault_arn.split(":")[4:5]


def _backups(points: Iterable[RecoveryPoint], vault_arn: str) -> Iterator[_Backup]:
    """Put together what is one backup: copies that came back beside their original, or by several ways."""
    by_resource: dict[str, list[RecoveryPoint]] = defaultdict(list)
    for each in points:
        if each.resource_arn and each.parent_arn is None:
            by_resource[each.resource_arn].append(each)
        else:
            yield _Backup((each,))
    for whole in by_resource.values():
        group = sorted(whole, key=by_age)
        made, brought = _by_descent(group, vault_arn)
        if brought:
            yield from _gathered(made, brought)
        else:
            yield from (_Backup((each,)) for each in group)


class _Timeline:
    """Recovery points by date, so that the neighbours of a moment are found without a walk."""

    __slots__ = ("_dates", "_points")

    def __init__(self, points: Iterable[RecoveryPoint]) -> None:
        self._points = sorted(points, key=by_age)
        self._dates = [each.created for each in self._points]

    def near(self, moment: datetime) -> Sequence[RecoveryPoint]:
        """Return what lies within the tolerance of a moment."""
        first = bisect_left(self._dates, moment - TOLERANCE)
        return self._points[first : bisect_right(self._dates, moment + TOLERANCE)]


def _by_descent(group: list[RecoveryPoint], vault_arn: str) -> tuple[list[RecoveryPoint], list[RecoveryPoint]]:
    """Tell what was made in the vault from what was brought; the vault's own name beside an original is a way round."""
    originals = _Timeline(each for each in group if each.source_vault_arn is None)
    brought = [
        each
        for each in group
        if came_from_elsewhere(each, vault_arn) or (each.source_vault_arn is not None and originals.near(each.created))
    ]
    arns = {each.arn for each in brought}
    return [each for each in group if each.arn not in arns], brought


def _gathered(made: list[RecoveryPoint], brought: list[RecoveryPoint]) -> Iterator[_Backup]:
    """Give what was brought to the original of the same moment; what has none is one backup where dates are equal.

    Two backups of one resource made in the same millisecond and both copied here look like one that was copied twice,
    and are taken for that: to send it on twice helps nobody, and a ring of vaults would never come to rest.
    """
    beside: dict[str, list[RecoveryPoint]] = {each.arn: [] for each in made}
    alone: dict[datetime, list[RecoveryPoint]] = defaultdict(list)
    originals = _Timeline(made)
    for each in brought:
        near = originals.near(each.created)
        if near:
            original = min(near, key=lambda one: (abs(one.created - each.created), one.arn))
            beside[original.arn].append(each)
        else:
            alone[each.created].append(each)
    for members in (*((original, *beside[original.arn]) for original in made), *alone.values()):
        yield _Backup(tuple(sorted(members, key=lambda each: each.status not in GOOD_STATUSES)))


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
        equal = _match_equal_dates(sorted(points, key=by_age), there)
        matched |= equal
        if len(equal) < min(len(points), len(there)):
            taken = {copy.arn for copy in equal.values()}
            left = [each for each in points if each.arn not in equal]
            matched |= _match_near_dates(left, [each for each in there if each.arn not in taken], vault_arn)
    return matched


def _match_equal_dates(points: Iterable[RecoveryPoint], copies: Iterable[RecoveryPoint]) -> dict[str, RecoveryPoint]:
    at: dict[datetime, list[RecoveryPoint]] = defaultdict(list)
    for copy in copies:
        at[copy.created].append(copy)
    return {point.arn: at[point.created].pop(0) for point in points if at.get(point.created)}


def _match_near_dates(
    points: Iterable[RecoveryPoint], copies: Iterable[RecoveryPoint], vault_arn: str
) -> dict[str, RecoveryPoint]:
    free = _Timeline(copies)
    near = [
        (abs(copy.created - point.created), copy.source_vault_arn != vault_arn, point.arn, copy.arn, copy)
        for point in points
        for copy in free.near(point.created)
    ]
    matched: dict[str, RecoveryPoint] = {}
    taken: set[str] = set()
    for _, _, point_arn, copy_arn, copy in sorted(near, key=lambda each: each[:4]):
        if point_arn not in matched and copy_arn not in taken:
            matched[point_arn] = copy
            taken.add(copy_arn)
    return matched


def _longest(matched: Mapping[str, RecoveryPoint], listed: Mapping[str, RecoveryPoint]) -> dict[str, RecoveryPoint]:
    """Take the copy of a backup that lives longest, where several of the same moment lie there and are nobody's."""
    taken = {copy.arn for copy in matched.values()}
    free: dict[tuple[str, datetime], list[RecoveryPoint]] = defaultdict(list)
    for copy in listed.values():
        if copy.arn not in taken and copy.resource_arn and copy.status in GOOD_STATUSES:
            free[copy.resource_arn, copy.created].append(copy)
    if not free:
        return dict(matched)
    longest: dict[str, RecoveryPoint] = {}
    for arn, copy in matched.items():
        others = free.get((copy.resource_arn, copy.created), ())
        longest[arn] = max((copy, *others), key=_lives_until) if copy.status in GOOD_STATUSES else copy
        if longest[arn] is not copy:
            free[copy.resource_arn, copy.created].remove(longest[arn])
    return longest


def _lives_until(copy: RecoveryPoint) -> tuple[bool, datetime]:
    return copy.delete_at is None, copy.delete_at or copy.created


# --- What is left over ---------------------------------------------------------------------------------------------


def _loose(
    backups: Iterable[_Backup], matched: Mapping[str, RecoveryPoint], listed: Mapping[str, RecoveryPoint]
) -> tuple[RecoveryPoint, ...]:
    """Return what could still be a copy that was not recognised; a second copy of what has one is explained."""
    taken = {copy.arn for copy in matched.values()}
    left = [each for each in listed.values() if each.arn not in taken and each.parent_arn is None]
    left = [each for each in left if each.status not in GONE_STATUSES]
    if not left:
        return ()
    known: dict[str, list[RecoveryPoint]] = defaultdict(list)
    for backup in backups:
        if backup.points[0].arn in matched:
            known[backup.points[0].resource_arn].append(backup.points[0])
    dates = {resource: _Timeline(points) for resource, points in known.items()}
    none = _Timeline(())
    return tuple(each for each in left if not dates.get(each.resource_arn, none).near(each.created))
