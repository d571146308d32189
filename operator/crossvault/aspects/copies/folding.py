"""Compares two vaults resource by resource, and those only in which something happens.

Recovery points of different resources have nothing to do with each other, so each resource is compared by itself, in
the same way as all would be together. One about which nothing is to be done is remembered as sums, until one of its
recovery points, copies or jobs changes, or time makes one of them stand otherwise. What links resources makes an
exception: nested recovery points, and copy jobs that name a recovery point or a copy of another resource than their
own. All such are compared together, in every pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from ...engine.declared import Scope
from ..copy_role import COPY_ROLE
from ..lifecycle import LIFECYCLE, declared_days
from ..lifecycle.existing import EXISTING
from . import evidence, existing, foresight, plain, states
from .contents import Contents
from .declared import COPIES, BackfillMode
from .evidence import Traces, settling
from .memory import Groups, Newer, Open, Settled, Totals
from .packing import Packed, types
from .pairing import Pair, Pairing, pair
from .planned import Standing, State
from .seen import CopyJob, RecoveryPoint
from .states import Viewpoint

ANEW = timedelta(minutes=10)
"""How long a resource with something to be done is taken for one, unless it changes: time alone may settle it."""


@dataclass(frozen=True, slots=True)
class Folded:
    """Two vaults, compared.

    Attributes:
        paired: The recovery points about which something is, or may be, to be done.
        settled: All others, as sums.
        traces: What the pairs of both tell.
        begun: Since when at the latest there are jobs of a resource, where those are of settled recovery points.
    """

    paired: Pairing
    settled: Totals
    traces: Traces
    begun: Mapping[str, datetime] = field(default_factory=dict)


def fold(there: Contents, view: Viewpoint) -> Folded:
    """Compare what lies in two vaults, as one policy sees it."""
    view_key = _key(view)
    last = there.memory.last(view_key, there.whole)
    if last is not None:
        totals = replace(last, after=partial(_settled_since, there, view, None))
        return Folded(Pairing(()), totals, last.traces)
    names = _names(there, view)
    meant = there.memory.of(view_key, len(names))
    beside = there.memory.beside((view.desired.source.arn, view.destination.vault.arn))
    found: dict[str, Settled | Open] = {}
    for name in names:
        groups, known = there.of(name), meant.get(name)
        if known is None or not known.holds(groups, view.now):
            those = meant if _is_meant(name, groups[0], view.desired.scope) else beside
            known = those.get(name)
            if known is None or not known.holds(groups, view.now):
                known = those[name] = _found(there, name, view, groups)
        found[name] = known
    for those in (meant, beside):
        for name in those.keys() - names:
            those.pop(name, None)
    return _together(there, view, found)


def _is_meant(name: str, group: Packed[RecoveryPoint] | None, scope: Scope) -> bool:
    """Tell whether a policy may mean a recovery point of a resource.

    One of which it means none stands out of scope for it, whatever else it declares.
    """
    return group is not None and any(scope.selects(each, name) for each in types(group))


def _found(there: Contents, name: str, view: Viewpoint, groups: Groups) -> Settled | Open:
    read = plain.read(there, name, view)
    if read is not None and read[1] is None:
        points, copies, jobs = groups
        return replace(read[0], points=points, copies=copies, jobs=jobs)
    if read is not None and read[1] is not None:
        found = _Compared(there, name, read[1]).found(view, groups)
        if isinstance(found, Open) and not found.links and not found.nested:
            return replace(found, older=read[0], newer=read[1])
    return _Compared(there, name).found(view, groups)


def _together(there: Contents, view: Viewpoint, found: Mapping[str, Settled | Open]) -> Folded:
    """Add up what is settled, and match all else."""
    open_ = {name: each for name, each in found.items() if isinstance(each, Open)}
    linked = frozenset().union(*(each.links for each in open_.values()))
    settled = {name: each for name, each in found.items() if isinstance(each, Settled) and name not in linked}
    newer = {name: each.newer for name, each in open_.items() if each.newer is not None and name not in linked}
    older = [each.older for name, each in open_.items() if each.older is not None and name in newer]
    cuts: dict[str, datetime | None] = {**dict.fromkeys(settled), **{name: each.cut for name, each in newer.items()}}
    after = partial(_settled_since, there, view, cuts)
    totals = Totals.of((*settled.values(), *older), after)
    timed = any(each.until is not None or each.since is not None for each in settled.values())
    there.memory.keep(_key(view), there.whole, None if open_ or timed else totals)
    ends = view.desired.source.arn, view.destination.vault.arn
    paired = _paired(there, sorted((open_.keys() | linked) - newer.keys()), newer.values(), ends[0])
    told = evidence.traces(paired, *ends, view.copies_seen, there.points.groups.keys())
    begun = {name: each.begun for name, each in newer.items() if each.begun is not None}
    return Folded(paired, totals, evidence.joined((totals.traces, told)), begun)


def _names(there: Contents, view: Viewpoint) -> frozenset[str]:
    """Return the resources that matter: not those of which the destination has only copies of other vaults.

    Many accounts copy into one vault, and no copy of theirs is taken for one of ours.
    """
    ours = {None, view.desired.source.arn, view.destination.vault.arn} | there.points.by_origin.keys()
    lying = (there.copies.by_origin.get(origin, ()) for origin in ours)
    return frozenset().union(there.points.groups, there.jobs.groups, *lying)


def _paired(there: Contents, names: Iterable[str], newer: Iterable[Newer], source_vault_arn: str) -> Pairing:
    points, copies, jobs = list[RecoveryPoint](), list[RecoveryPoint](), list[CopyJob]()
    for name in names:
        points += there.points.of(name)
        copies += there.copies.of(name)
        jobs += there.jobs.of(name)
    for each in newer:
        points += each.points
        copies += each.copies
        jobs += each.jobs
    return pair(points, copies, jobs, source_vault_arn, lists_parts=there.copies.lists_parts)


def _settled_since(
    there: Contents,
    view: Viewpoint,
    cuts: Mapping[str, datetime | None] | None,
    moment: datetime,
    resource: str | None = None,
) -> Iterator[Standing]:
    """Yield how what is settled of some resources stands that was created after a moment, and until their cut.

    Without ``cuts`` of all resources.
    """
    settled = there.points.groups if cuts is None else cuts
    for name in settled if resource is None else settled.keys() & {resource}:
        group, cut = there.points.groups.get(name), cuts[name] if cuts is not None else None
        if group is not None and group.is_newer(moment) and (cut is None or cut > moment):
            standings = states.stand(_Compared(there, name).paired(view).pairs, view)
            yield from (each for each in standings if moment < each.point.created <= (cut or each.point.created))


def _key(view: Viewpoint) -> Hashable:
    """Return all on which it depends how a settled recovery point stands, but for itself and the time."""
    desired, destination, vault = view.desired, view.destination, view.known.vault
    backfill = desired[COPIES].backfill
    return (
        desired.scope,
        backfill,
        desired.created if backfill.mode in {BackfillMode.NONE, BackfillMode.LATEST} else None,
        desired[COPY_ROLE],
        desired.source.arn,
        destination.vault.arn,
        destination[LIFECYCLE],
        destination[EXISTING],
        vault is not None and vault.air_gapped,
        foresight.managed_keys(view.known),
    )


class _Compared:
    """One resource in both vaults, or what is newer of it."""

    def __init__(self, there: Contents, name: str, newer: Newer | None = None) -> None:
        self._there, self._name = there, name
        self._points, self._copies, self._jobs = (
            (there.points.of(name), there.copies.of(name), there.jobs.of(name))
            if newer is None
            else (newer.points, newer.copies, newer.jobs)
        )
        self._begun = {name: newer.begun} if newer is not None and newer.begun is not None else {}
        self._here, self._arrived = {each.arn for each in self._points}, {each.arn for each in self._copies}

    def paired(self, view: Viewpoint) -> Pairing:
        """Match its recovery points with their copies."""
        return pair(self._points, self._copies, self._jobs, view.desired.source.arn)

    def found(self, view: Viewpoint, groups: Groups) -> Settled | Open:
        """Return its sums; or that something is, or may be, to be done."""
        unsettled = Open(groups, view.now + ANEW, frozenset(self._links()), nested=self._has_nested())
        alone = self._name and not unsettled.links and not unsettled.nested
        if not alone or not all(self._has_ended(job, view) for job in self._jobs):
            return unsettled
        paired = self.paired(view)
        standings = states.stand(paired.pairs, view, self._begun)
        if not all(map(partial(_is_settled, view), paired.pairs, standings)):
            return unsettled
        copied = [each.point for each in standings if each.state is State.COPIED]
        meant = [each.point.created for each in standings if each.state is not State.OUT_OF_SCOPE]
        return Settled(
            *groups,
            tuple(Counter((each.state, each.reason) for each in standings).items()),
            sum(each.size for each in copied),
            max(meant, default=None),
            max((each.created for each in copied), default=None),
            evidence.traces(paired, view.desired.source.arn, view.destination.vault.arn, view.copies_seen),
            *_between(standings, view),
        )

    def _has_ended(self, job: CopyJob, view: Viewpoint) -> bool:
        """Tell whether a job has brought all that it will, and that is seen, or had time to be."""
        if job.is_running or not job.ended_well:
            return not job.is_running
        arrived = job.destination_point_arn in self._arrived
        return job.completed is not None and (arrived or not settling(job, view.copies_seen))

    def _has_nested(self) -> bool:
        return any(each.parent_arn is not None or each.is_parent for each in (*self._points, *self._copies))

    def _links(self) -> set[str]:
        """Return the other resources that it is linked with, by parents or by what jobs name."""
        points, copies, jobs = self._there.points, self._there.copies, self._there.jobs
        parents = {points.where(each.parent_arn) for each in self._points if each.parent_arn is not None}
        parents |= {copies.where(each.parent_arn) for each in self._copies if each.parent_arn is not None}
        named = {points.where(job.source_point_arn) for job in self._jobs if job.source_point_arn not in self._here}
        arrivals = {job.destination_point_arn for job in self._jobs} - self._arrived
        named |= {copies.where(arn) for arn in arrivals if arn is not None}
        naming = {each for arn in self._here for each in jobs.sources.but(self._name, arn)}
        naming |= {each for arn in self._arrived for each in jobs.arrivals.but(self._name, arn)}
        return {each for each in parents | named | naming if each is not None and each != self._name}


def _is_settled(view: Viewpoint, each: Pair, standing: Standing) -> bool:
    """Tell whether a recovery point stands as it does until it changes, or a time comes that is known."""
    match standing.state:
        case State.COPIED:
            return not view.destination[EXISTING].updates or not existing.lives_otherwise(each, standing, view)
        case State.INELIGIBLE:
            return standing.point.arn not in view.known.refused
        case _:
            return standing.state is State.OUT_OF_SCOPE


def _between(standings: Iterable[Standing], view: Viewpoint) -> tuple[datetime | None, datetime | None]:
    """Return until when, and since when, uncopied recovery points stand as they do, though nothing changes.

    They go cold, are about to expire, or would outlive their copies. A clock may be set back.
    """
    least = timedelta(days=view.desired.scope.min_remaining_days)
    days = declared_days(view.destination)
    times: list[datetime] = []
    for point in (each.point for each in standings if each.state is not State.COPIED):
        times += [point.cold_at] if point.cold_at is not None else []
        times += [point.delete_at - least] if point.delete_at is not None else []
        times += [point.created + timedelta(days=days) - least] if days is not None else []
    until = min((each for each in times if each >= view.now), default=None)
    return until, max((each for each in times if each < view.now), default=None)
