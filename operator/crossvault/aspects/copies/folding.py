"""Compares two vaults resource by resource, and those only in which something happens.

Recovery points of different resources have nothing to do with each other, so each resource is compared by itself, in
the same way as all would be together. One about which nothing is to be done is remembered as sums, until one of its
recovery points, copies or jobs changes, or time makes one of them stand otherwise. What links resources makes an
exception: nested recovery points, and copy jobs that name a recovery point or a copy of another resource than their
own. All such are compared together, in every pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from ..lifecycle import LIFECYCLE, declared_days
from ..lifecycle.existing import EXISTING
from . import evidence, existing, foresight, states
from .contents import Contents
from .declared import COPIES
from .evidence import Traces, settling
from .memory import Groups, Settled, Totals
from .pairing import Pair, Pairing, pair
from .planned import Standing, State
from .seen import CopyJob, RecoveryPoint
from .states import Viewpoint


@dataclass(frozen=True, slots=True)
class Folded:
    """Two vaults, compared.

    Attributes:
        paired: The recovery points about which something is, or may be, to be done.
        settled: All others, as sums.
        traces: What the pairs of both tell.
    """

    paired: Pairing
    settled: Totals
    traces: Traces


def fold(there: Contents, view: Viewpoint) -> Folded:
    """Compare what lies in two vaults, as one policy sees it."""
    known = there.memory.of(_key(view))
    settled: dict[str, Settled] = {}
    linked: set[str] = set()
    for name in there.points.groups.keys() | there.copies.groups.keys() | there.jobs.groups.keys():
        groups = _groups(there, name)
        found = known.get(name)
        if found is None or not found.holds(groups, view.now):
            compared = _Compared(there, name)
            found = compared.settled(view, groups)
            if found is None:
                linked |= compared.links
                continue
            known[name] = found
        settled[name] = found
    for name in known.keys() - settled.keys():
        known.pop(name, None)
    for name in linked:
        settled.pop(name, None)
    ends = view.desired.source.arn, view.destination.vault.arn
    paired = _paired_without(settled.keys(), there, ends[0])
    totals = Totals.of(settled.values(), partial(_settled_since, there, view, tuple(settled)))
    told = evidence.traces(paired, *ends, view.copies_seen)
    return Folded(paired, totals, evidence.joined((totals.traces, told)))


def _paired_without(settled: Iterable[str], there: Contents, source_vault_arn: str) -> Pairing:
    names = frozenset(settled)
    return pair(
        (each for name, group in there.points.groups.items() if name not in names for each in group),
        (each for name, group in there.copies.groups.items() if name not in names for each in group),
        (each for name, group in there.jobs.groups.items() if name not in names for each in group),
        source_vault_arn,
    )


def _settled_since(there: Contents, view: Viewpoint, names: Iterable[str], moment: datetime) -> Iterator[Standing]:
    """Yield how the recovery points of some resources stand that were created after a moment."""
    for name in names:
        group = there.points.groups.get(name)
        if group is not None and group.is_newer(moment):
            standings = states.stand(_Compared(there, name).paired(view).pairs, view)
            yield from (each for each in standings if each.point.created > moment)


def _groups(there: Contents, name: str) -> Groups:
    return there.points.groups.get(name), there.copies.groups.get(name), there.jobs.groups.get(name)


def _key(view: Viewpoint) -> Hashable:
    """Return all on which it depends how a settled recovery point stands, but for itself and the time."""
    desired, destination, vault = view.desired, view.destination, view.known.vault
    return (
        desired.scope,
        desired[COPIES].backfill,
        desired.created,
        desired.source.arn,
        destination.vault.arn,
        destination[LIFECYCLE],
        destination[EXISTING],
        vault is not None and vault.air_gapped,
        foresight.managed_keys(view.known),
    )


class _Compared:
    """One resource in both vaults.

    Attributes:
        links: Resources of recovery points and copies that are linked to its own.
    """

    def __init__(self, there: Contents, name: str) -> None:
        self.links: set[str] = set()
        self._there, self._name = there, name
        self._points, self._copies, self._jobs = there.points.of(name), there.copies.of(name), there.jobs.of(name)

    def paired(self, view: Viewpoint) -> Pairing:
        """Match its recovery points with their copies."""
        return pair(self._points, self._copies, self._jobs, view.desired.source.arn)

    def settled(self, view: Viewpoint, groups: Groups) -> Settled | None:
        """Return its sums; None where something is, or may be, to be done."""
        alone = self._stands_alone()
        if not alone or not self._name or any(not _has_ended(job, view.copies_seen) for job in self._jobs):
            return None
        paired = self.paired(view)
        standings = states.stand(paired.pairs, view)
        if not all(map(partial(_is_settled, view), paired.pairs, standings)):
            return None
        copied = [each.point for each in standings if each.state is State.COPIED]
        meant = [each.point.created for each in standings if each.state is not State.OUT_OF_SCOPE]
        return Settled(
            groups,
            tuple(Counter((each.state, each.reason) for each in standings).items()),
            sum(each.size for each in copied),
            max(meant, default=None),
            max((each.created for each in copied), default=None),
            evidence.traces(paired, view.desired.source.arn, view.destination.vault.arn, view.copies_seen),
            _until(standings, view),
        )

    def _stands_alone(self) -> bool:
        """Tell whether nothing links it with other resources, and note what does."""
        points, copies, jobs = self._there.points, self._there.copies, self._there.jobs
        nested = {*_nested(self._points, points.where), *_nested(self._copies, copies.where)}
        here, arrived = {each.arn for each in self._points}, {each.arn for each in self._copies}
        named = {points.where(job.source_point_arn) for job in self._jobs if job.source_point_arn not in here}
        named |= {
            copies.where(job.destination_point_arn)
            for job in self._jobs
            if job.destination_point_arn is not None and job.destination_point_arn not in arrived
        }
        naming = {each for arn in here if jobs.sources.maybe_of(arn, self._name) for each in jobs.sources.of(arn)}
        naming |= {each for arn in arrived if jobs.arrivals.maybe_of(arn, self._name) for each in jobs.arrivals.of(arn)}
        linked = (nested | named | naming) - {self._name}
        self.links = {each for each in linked if each is not None}
        return not (nested or self.links)


def _nested(points: Iterable[RecoveryPoint], where: Callable[[str], str | None]) -> Iterator[str | None]:
    """Yield for each nested, or composite, recovery point the resource of its parent."""
    for each in points:
        if each.parent_arn is not None or each.is_parent:
            yield where(each.parent_arn or each.arn)


def _has_ended(job: CopyJob, copies_seen: datetime) -> bool:
    """Tell whether a job has brought all that it will, and that was seen."""
    return not job.is_running and not (job.ended_well and settling(job, copies_seen))


def _is_settled(view: Viewpoint, each: Pair, standing: Standing) -> bool:
    """Tell whether a recovery point stands as it does until it changes, or a time comes that is known."""
    match standing.state:
        case State.COPIED:
            return not view.destination[EXISTING].updates or not existing.lives_otherwise(each, standing, view)
        case State.INELIGIBLE:
            return standing.point.arn not in view.known.refused
        case _:
            return standing.state is State.OUT_OF_SCOPE


def _until(standings: Iterable[Standing], view: Viewpoint) -> datetime | None:
    """Return when the first uncopied recovery point goes cold, is about to expire, or would outlive its copy."""
    least = timedelta(days=view.desired.scope.min_remaining_days)
    days = declared_days(view.destination)
    times: list[datetime] = []
    for point in (each.point for each in standings if each.state is not State.COPIED):
        times += [point.cold_at] if point.cold_at is not None else []
        times += [point.delete_at - least] if point.delete_at is not None else []
        times += [point.created + timedelta(days=days) - least] if days is not None else []
    return min((each for each in times if each >= view.now), default=None)
