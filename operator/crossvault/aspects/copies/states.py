"""The state of every recovery point towards one destination, from its pair and from what the pairing is worth."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from ...engine.declared import Desired, Destination, Scope
from ...words.reasons import Reason
from ..copy_role import COPY_ROLE
from ..lifecycle import LIFECYCLE, Lifecycle, declared_days
from ..resource_types.matrix import NEVER_COLD, never_copied
from . import foresight, retries
from .declared import COPIES, BackfillMode
from .evidence import settling
from .failures import classify
from .pairing import GONE_STATUSES, Pair
from .planned import GAP_STATES, Standing, State
from .seen import ENDED_WELL, GOOD_STATUSES, CopyJob, RecoveryPoint

UNFINISHED_STATUSES = frozenset({"CREATING", "DELETING"})

ARRIVAL = timedelta(minutes=15)
"""How long after its job a copy may be missing from the listing before somebody is told; no listing was seen to lag."""

STUCK_AFTER = timedelta(days=7)
"""How long a copy job may take: as long as a scheduled backup may by default (CompletionWindowMinutes, 10,080)."""

A_DAY = timedelta(days=1)
NONE: Mapping[str, datetime] = MappingProxyType({})

_CONTINUOUS_ARN = re.compile(
    r":(cluster-)?auto-backup:|:continuous:|^arn:[^:]+:backup:[^:]*:[^:]*:recovery-point:(?!.*-[0-9]{14}-[0-9a-f]{8}$)[^:/]+-[0-9a-f]{8}$"
)


# --- Scope ---------------------------------------------------------------------------------------------------------


def in_scope(point: RecoveryPoint, scope: Scope, carriers: Collection[str] | None = None) -> bool:
    """Tell whether the policy's selection means this recovery point.

    Args:
        point: The recovery point.
        scope: The selection.
        carriers: The composites whose copies bring their parts along: a part of another one is meant by itself, though
            it is never copied by itself. None for all.
    """
    if point.parent_arn is not None and (carriers is None or point.parent_arn in carriers):
        return False
    return point.status not in UNFINISHED_STATUSES and _selected(point, scope)


def _selected(point: RecoveryPoint, scope: Scope) -> bool:
    return scope.selects(point.resource_type, point.resource_arn)


def carriers(pairs: Collection[Pair], scope: Scope, now: datetime) -> frozenset[str]:
    """Return the composites that are copied, or are still being made: their parts are accounted for with them."""
    composites = {each.point.parent_arn for each in pairs if each.point.parent_arn is not None}
    return frozenset(
        each.point.arn
        for each in pairs
        if each.point.arn in composites
        and _selected(each.point, scope)
        and (each.copy or each.point.status in UNFINISHED_STATUSES or ineligible(each.point, scope, now) is None)
    )


def floors(pairs: Iterable[Pair], desired: Desired, begun: Mapping[str, datetime]) -> dict[str, datetime]:
    """Return for every resource the creation date from which on its recovery points are in scope.

    With backfill Latest that is the newest point there was when the policy was created, or an older one that already
    has a job: what is being worked on stays in scope, whatever restarts. A copy alone is no job of ours: one that
    somebody made by hand two years ago must not pull in everything since. ``begun`` has dates from before all these
    pairs, of resources of which older ones have jobs.
    """
    begin = desired.created
    result: dict[str, datetime] = {}
    for each in sorted(pairs, key=lambda pair: pair.point.created, reverse=True):
        resource, created = _resource_of(each.point), each.point.created
        known = result.get(resource)
        old_news = known is not None and begin is not None and known > begin
        if known is None or old_news or each.jobs:
            result[resource] = created
    return {**result, **begun}


def _resource_of(point: RecoveryPoint) -> str:
    """Return the resource; a point of which AWS names none stands for itself."""
    return point.resource_arn or point.arn


def _within_backfill(each: Pair, desired: Desired, floor: Mapping[str, datetime]) -> bool:
    point, backfill = each.point, desired[COPIES].backfill
    if backfill.mode is BackfillMode.ALL:
        return True
    if backfill.mode is BackfillMode.SINCE:
        return backfill.since is None or point.created >= backfill.since
    if backfill.mode is BackfillMode.LATEST:
        return each.copy is not None or point.created >= floor[_resource_of(point)]
    return desired.created is not None and point.created >= desired.created


def ineligible(point: RecoveryPoint, scope: Scope, now: datetime) -> Reason | None:
    """Return why AWS could not, or we should not, copy this recovery point at all."""
    if point.status == "STOPPED" or _CONTINUOUS_ARN.search(point.arn):
        return Reason.CONTINUOUS_BACKUP
    if point.status == "EXPIRED":
        return Reason.EXPIRED
    if point.status not in GOOD_STATUSES:
        return Reason.NOT_COMPLETED
    if never_copied(point.resource_type, point.arn) is not None:
        return Reason.TYPE_NOT_SUPPORTED
    if point.cold_at is not None and point.cold_at <= now and point.resource_type not in NEVER_COLD:
        return Reason.COLD_STORAGE
    if point.delete_at is not None and point.delete_at - now < timedelta(days=scope.min_remaining_days):
        return Reason.EXPIRING
    return Reason.NESTED if point.parent_arn is not None else None


def outlived(point: RecoveryPoint, destination: Destination, scope: Scope, now: datetime) -> bool:
    """Tell whether a copy would have fewer days left of its own declared retention than a point has to have.

    Retention of a copy counts from the creation of the source recovery point, not from the copy.
    """
    days = declared_days(destination)
    if days is None:
        return False
    return point.created + timedelta(days=days) - now < timedelta(days=scope.min_remaining_days)


# --- State ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """From where and when the pairs of one destination are judged.

    Attributes:
        copies_seen: When the destination vault was listed.
        cleared: Failure reasons whose prerequisite was is seen to be met; those are tried again soon.
        known: What bears on single points.
    """

    desired: Desired
    destination: Destination
    now: datetime
    copies_seen: datetime
    cleared: frozenset[Reason] = frozenset()
    known: foresight.Circumstances = field(default_factory=foresight.Circumstances)


def stand(pairs: Iterable[Pair], view: Viewpoint, begun: Mapping[str, datetime] = NONE) -> tuple[Standing, ...]:
    """Give every source recovery point its state towards one destination; ``begun`` is as for :func:`floors`."""
    pairs, scope = tuple(pairs), view.desired.scope
    carrying = carriers(pairs, scope, view.now)
    meant = {each.point.arn for each in pairs if each.repeats is None and in_scope(each.point, scope, carrying)}
    floor = floors((each for each in pairs if each.point.arn in meant), view.desired, begun)
    return tuple(_stand_one(each, view, floor, meant=each.point.arn in meant) for each in pairs)


def _stand_one(each: Pair, view: Viewpoint, floor: Mapping[str, datetime], *, meant: bool) -> Standing:
    desired, point = view.desired, each.point
    if each.repeats is not None:
        return Standing(point, State.OUT_OF_SCOPE, Reason.SAME_BACKUP)
    if not meant or not _within_backfill(each, desired, floor):
        return Standing(point, State.OUT_OF_SCOPE)
    if each.copy is not None and each.copy.status not in GONE_STATUSES:
        return _there(each, each.copy, view)
    running = _unfinished(each, view.copies_seen)
    if running is not None:
        return replace(_on_its_way(point, running, view.now), vanished=_vanished(each, view.copies_seen))
    if outlived(point, view.destination, desired.scope, view.now):
        return Standing(point, State.OUT_OF_SCOPE, Reason.COPY_EXPIRING)
    return _stand_uncopied(each, view)


def _stand_uncopied(each: Pair, view: Viewpoint) -> Standing:
    reason = ineligible(each.point, view.desired.scope, view.now)
    if each.point.source_vault_arn == view.destination.vault.arn:
        # It came out of the destination: it was there, and whoever took it away there did not mean to have it back.
        reason = Reason.CAME_FROM_DESTINATION
    if reason is not None:
        unsupported = never_copied(each.point.resource_type, each.point.arn)
        words = unsupported if reason is Reason.TYPE_NOT_SUPPORTED else None
        return Standing(each.point, State.INELIGIBLE, reason, message=words)
    ours = _telling(each.jobs, view.desired[COPY_ROLE])
    last = ours[-1] if ours else None
    standing = foresight.foreseen(each.point, view.desired, view.destination, view.known, view.now, last)
    if standing is None:
        standing = Standing(each.point, State.MISSING) if last is None else _after_failure(each, ours, view)
    # All that AWS shows makes the token, whoever asked: two that ask at once must ask for one and the same job.
    return replace(standing, job=each.last_job, attempts=len(each.jobs))


def _telling(jobs: Iterable[CopyJob], role_arn: str) -> tuple[CopyJob, ...]:
    """Return the ended jobs that tell how a copy with this role ends: what another role was refused says nothing.

    Otherwise whoever copies the same vault into the same one with a role that cannot would decide when others may.
    """
    return tuple(job for job in jobs if job.ended_well or job.role_arn in {None, role_arn})


def _unfinished(each: Pair, copies_seen: datetime) -> CopyJob | None:
    """Return the job that is under way, or just ended and whose copy may not have been listed yet."""
    return next((job for job in each.jobs if job.is_running or (job.ended_well and settling(job, copies_seen))), None)


def _on_its_way(point: RecoveryPoint, job: CopyJob | None, now: datetime) -> Standing:
    """Judge a copy that a job is making; a job without an end is for a person, and no reason to start another."""
    if job is not None and job.ended_well and job.completed is not None and now - job.completed > ARRIVAL:
        words = (
            f"Copy job {job.id} completed more than {ARRIVAL.seconds // 60} minutes ago, and its copy is not listed."
        )
        return Standing(point, State.IN_PROGRESS, Reason.COPY_NOT_LISTED, job, needs_action=True, message=words)
    if job is None or not job.is_running or now - job.created < STUCK_AFTER:
        return Standing(point, State.IN_PROGRESS, Reason.COPYING, job)
    words = f"Copy job {job.id} has been {job.state} for more than {STUCK_AFTER.days} days."
    return Standing(point, State.IN_PROGRESS, Reason.COPY_JOB_STUCK, job, needs_action=True, message=words)


def _remark(job: CopyJob | None) -> str | None:
    return job.message if job is not None and job.state == "COMPLETED" else None


def _there(each: Pair, copy: RecoveryPoint, view: Viewpoint) -> Standing:
    """Judge a copy that is listed: good, on its way, in parts, or in a state that says nothing to this release."""
    if copy.status == "CREATING":
        return replace(_on_its_way(each.point, each.last_job, view.now), copy=copy)
    if copy.status not in GOOD_STATUSES:
        words = f"Nothing is started: the copy has the status {copy.status}, which this release does not know."
        return _wanting(each, copy, Reason.COPY_UNCERTAIN, words, State.WAITING)
    if copy.status == "PARTIAL" and each.point.status != "PARTIAL":
        said = each.last_job.message if each.last_job is not None else None
        words = said or "The copy is a part of its source: nested recovery points were not copied."
        return _wanting(each, copy, Reason.COPY_PARTIAL, words)
    if each.lacking:
        words = f"The copy lacks {each.lacking} of the nested recovery points of its source."
        return _wanting(each, copy, Reason.COPY_PARTIAL, words)
    return _copied(each, copy, view.destination)


def _wanting(each: Pair, copy: RecoveryPoint, reason: Reason, words: str, state: State = State.FAILED) -> Standing:
    """Say of a copy that is listed that it does not do, and that a person has to act."""
    return Standing(each.point, state, reason, each.last_job, needs_action=True, message=words, copy=copy)


def _copied(each: Pair, copy: RecoveryPoint, destination: Destination) -> Standing:
    """Judge a good copy by how long it lives: one that goes earlier than declared does not do, whoever made it."""
    wanted = kept_until(each.point, destination)
    if copy.delete_at is None or (wanted is not None and copy.delete_at >= wanted - A_DAY):
        reason = Reason.COPY_COLD_EARLY if _cold_early(each.point, copy, destination) else None
        return Standing(each.point, State.COPIED, reason, each.last_job, message=_remark(each.last_job), copy=copy)
    lives, declared = (copy.delete_at - each.point.created).days, wanted and (wanted - each.point.created).days
    kept = "it is to be kept for ever" if declared is None else f"{declared} days are declared"
    return _wanting(each, copy, Reason.COPY_EXPIRES_EARLY, f"The copy lives {lives} days, but {kept}.")


def _cold_early(point: RecoveryPoint, copy: RecoveryPoint, destination: Destination) -> bool:
    """Tell whether a copy goes to cold storage before it is declared to, or although it never should."""
    wanted = cold_from(point, destination[LIFECYCLE])
    if copy.cold_at is None or copy.resource_type in NEVER_COLD:  # AWS ignores the date, and may show it all the same
        return False
    return wanted is None or copy.cold_at < wanted - A_DAY


def cold_from(point: RecoveryPoint, lifecycle: Lifecycle | None) -> datetime | None:
    """Return when a copy with this lifecycle would go cold, None for never; without a lifecycle as its source."""
    if lifecycle is None:
        return point.cold_at
    days = lifecycle.move_to_cold_storage_after_days
    return None if days is None or days < 0 else point.created + timedelta(days=days)


def kept_until(point: RecoveryPoint, destination: Destination) -> datetime | None:
    """Return when a copy made as the policy declares would expire, None for never."""
    return expiry(point, destination[LIFECYCLE])


def expiry(point: RecoveryPoint, lifecycle: Lifecycle | None) -> datetime | None:
    """Return when a copy with this lifecycle would expire, None for never; without days of its own as its source.

    Retention of a copy counts from the creation of the source recovery point, not from the copy.
    """
    days = lifecycle.delete_after_days if lifecycle else None
    return point.delete_at if days is None or days < 0 else point.created + timedelta(days=days)


def _after_failure(each: Pair, jobs: tuple[CopyJob, ...], view: Viewpoint) -> Standing:
    """Say that the last copy failed, whatever the class of the failure, and when it is tried again."""
    job = jobs[-1]
    if job.state in ENDED_WELL:
        # AWS said that it is there. Whether it is made again depends on what such words are worth: see doubts.
        reason = Reason.COPY_VANISHED if job.state == "COMPLETED" else Reason.COPY_PARTIAL
        vanished = _vanished(each, view.copies_seen)
        return Standing(each.point, State.FAILED, reason, needs_action=True, message=job.message, vanished=vanished)
    failure = classify(job.message, job.category)
    retry = retries.after(jobs, failure, view.desired[COPIES].copying, met=failure.reason in view.cleared)
    return Standing(
        each.point,
        State.FAILED,
        failure.reason,
        retry_at=retry.at,
        needs_action=retry.needs_action,
        message=job.message,
        vanished=_vanished(each, view.copies_seen),
    )


def _vanished(each: Pair, copies_seen: datetime) -> bool:
    """Tell whether a job brought a copy of this uncopied point that is there no more."""
    return any(job.state == "COMPLETED" and not settling(job, copies_seen) for job in each.jobs)


def needs_somebody(standing: Standing) -> bool:
    """Tell whether somebody has to act before a point has a good copy, whatever its state."""
    return standing.state in GAP_STATES and standing.needs_action


def amiss(standing: Standing) -> Reason | None:
    """Return why something is amiss with the copy of a point, or None: the one place that decides it.

    | recovery point | |
    |---|---|
    | failed when it was last tried, while it backs off and while it is due again | amiss |
    | waits, or is on its way, and somebody has to act | amiss, and not failed |
    | had a copy that is gone, until that is back, also while it is on its way again | amiss: lost |
    | all others | not amiss |
    """
    if standing.state is State.FAILED or needs_somebody(standing):
        return standing.reason
    return Reason.COPY_VANISHED if standing.vanished and standing.state in GAP_STATES else None


def may_start(standing: Standing, now: datetime) -> bool:
    """Tell whether a copy of this point may be started now, limits aside."""
    if standing.state is State.MISSING:
        return True
    return standing.state is State.FAILED and standing.retry_at is not None and standing.retry_at <= now
