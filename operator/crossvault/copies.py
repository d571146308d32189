"""Pairing of two vaults and the state of every recovery point.

Pairing needs no memory of ours: a copy keeps its source's CreationDate and ResourceArn and names the vault it came
from (AWS Backup Developer Guide, creating a copy; DescribeRecoveryPoint.SourceBackupVaultArn). Copy jobs name both
ARNs, so they win where they exist; they are forgotten by AWS 30 days after they finished.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from .failures import Failure, FailureClass, classify
from .model import GAP_STATES, BackfillMode, CopyJob, Desired, Destination, RecoveryPoint, Scope, Standing, State
from .reasons import Reason

TOLERANCE = timedelta(seconds=1)
"""How far the CreationDate of a copy may be from its source's: the guide says "the same" and no more."""

SETTLING = timedelta(minutes=10)
"""How long a finished job may precede the sight of its copy before the copy counts as gone."""

ENDED_STATES = frozenset({"COMPLETED", "PARTIAL", "FAILED", "ABORTED", "EXPIRED"})
"""States a copy job never leaves. Every other one, also one that AWS has yet to invent, may still bring a copy."""

ENDED_WELL = frozenset({"COMPLETED", "PARTIAL"})
GOOD_STATUSES = frozenset({"COMPLETED", "AVAILABLE", "PARTIAL"})
UNFINISHED_STATUSES = frozenset({"CREATING", "DELETING"})
UNSUPPORTED_TYPES = frozenset({"CloudFormation", "Redshift", "Redshift Serverless"})
"""Types AWS cannot copy to another account (feature availability by resource)."""

SLOW_RETRY = timedelta(hours=1)
SLOWEST_RETRY = timedelta(hours=24)
"""How slowly a copy is tried again whose failure only a person can end; that person may do so unseen."""

_CONTINUOUS_ARN = re.compile(
    r":(cluster-)?auto-backup:|:continuous:|^arn:[^:]+:backup:[^:]*:[^:]*:recovery-point:(?!.*-[0-9]{14}-[0-9a-f]{8}$)[^:/]+-[0-9a-f]{8}$"
)
_BASIC_DYNAMODB_ARN = re.compile(r"^arn:[^:]+:dynamodb:")


# --- Pairing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """One source recovery point with its copy, if any, and the jobs AWS still shows, oldest first."""

    point: RecoveryPoint
    copy: RecoveryPoint | None
    jobs: tuple[CopyJob, ...]

    @property
    def last_job(self) -> CopyJob | None:
        """The youngest job, running or ended."""
        return self.jobs[-1] if self.jobs else None


def pair(
    points: Iterable[RecoveryPoint], copies: Iterable[RecoveryPoint], jobs: Iterable[CopyJob], source_vault_arn: str
) -> tuple[Pair, ...]:
    """Match the recovery points of the source vault with their copies, one to one.

    Returns:
        One pair for every source point, in the order of ``points``.
    """
    points = tuple(points)
    in_vault = {each.arn: each for each in copies}
    by_point: dict[str, list[CopyJob]] = defaultdict(list)
    for job in sorted(jobs, key=lambda each: (each.created, each.id)):
        by_point[job.source_point_arn].append(job)
    matched = _matched_by_jobs(points, by_point, in_vault)
    for good in (True, False):
        taken = {copy.arn for copy in matched.values()}
        matched |= _matched_by_date(
            (point for point in points if point.arn not in matched),
            (
                copy
                for copy in in_vault.values()
                if copy.source_vault_arn == source_vault_arn
                and copy.arn not in taken
                and (copy.status in GOOD_STATUSES) is good
            ),
        )
    return tuple(Pair(each, matched.get(each.arn), tuple(by_point.get(each.arn, ()))) for each in points)


def is_running(job: CopyJob) -> bool:
    """Tell whether a copy job may still bring a copy."""
    return job.state not in ENDED_STATES


def _matched_by_jobs(
    points: Iterable[RecoveryPoint], jobs: Mapping[str, list[CopyJob]], copies: Mapping[str, RecoveryPoint]
) -> dict[str, RecoveryPoint]:
    """Take the copy that a job of the point names; a good one before a bad one, the youngest before older ones."""
    matched: dict[str, RecoveryPoint] = {}
    for point in points:
        named = [job.destination_point_arn or "" for job in jobs.get(point.arn, ())]
        made = [copies[arn] for arn in named if arn in copies]
        if made:
            matched[point.arn] = next((copy for copy in reversed(made) if copy.status in GOOD_STATUSES), made[-1])
    return matched


def _matched_by_date(points: Iterable[RecoveryPoint], copies: Iterable[RecoveryPoint]) -> dict[str, RecoveryPoint]:
    """Walk both sides in the order of (resource, creation) and match neighbours within the tolerance."""
    by_resource: dict[str, list[RecoveryPoint]] = defaultdict(list)
    for copy in sorted(copies, key=lambda each: (each.created, each.arn)):
        by_resource[copy.resource_arn].append(copy)
    matched: dict[str, RecoveryPoint] = {}
    position: dict[str, int] = defaultdict(int)
    for point in sorted(points, key=lambda each: (each.created, each.arn)):
        candidates = by_resource.get(point.resource_arn, [])
        index = position[point.resource_arn]
        while index < len(candidates) and candidates[index].created < point.created - TOLERANCE:
            index += 1
        if index < len(candidates) and candidates[index].created <= point.created + TOLERANCE:
            matched[point.arn] = candidates[index]
            index += 1
        position[point.resource_arn] = index
    return matched


# --- Scope ---------------------------------------------------------------------------------------------------------


def in_scope(point: RecoveryPoint, scope: Scope) -> bool:
    """Tell whether the policy's selection means this recovery point.

    Children of a composite are copied with their parent and never on their own account.
    """
    if point.parent_arn is not None or point.status in UNFINISHED_STATUSES:
        return False
    if scope.resource_types and point.resource_type not in scope.resource_types:
        return False
    if scope.resources and point.resource_arn not in scope.resources:
        return False
    return point.resource_arn not in scope.exclude_resources


def floors(pairs: Iterable[Pair], desired: Desired) -> dict[str, datetime]:
    """Return for every resource the creation date from which on its recovery points are in scope.

    With backfill Latest that is the newest point there was when the policy was created, or an older one that already
    has a job: what is being worked on stays in scope, whatever restarts. A copy alone is no job of ours: one that
    somebody made by hand two years ago must not pull in everything since.
    """
    begin = desired.created
    result: dict[str, datetime] = {}
    for each in sorted(pairs, key=lambda pair: pair.point.created, reverse=True):
        resource, created = each.point.resource_arn, each.point.created
        known = result.get(resource)
        old_news = known is not None and begin is not None and known > begin
        if known is None or old_news or each.jobs:
            result[resource] = created
    return result


def _within_backfill(each: Pair, desired: Desired, floor: Mapping[str, datetime]) -> bool:
    point, backfill = each.point, desired.backfill
    if backfill.mode is BackfillMode.ALL:
        return True
    if backfill.mode is BackfillMode.SINCE:
        return backfill.since is None or point.created >= backfill.since
    if backfill.mode is BackfillMode.LATEST:
        return each.copy is not None or point.created >= floor[point.resource_arn]
    return desired.created is not None and point.created >= desired.created


def ineligible(point: RecoveryPoint, scope: Scope, now: datetime) -> Reason | None:
    """Return why AWS could not, or we should not, copy this recovery point at all."""
    if point.status == "STOPPED" or _CONTINUOUS_ARN.search(point.arn):
        return Reason.CONTINUOUS_BACKUP
    if point.status == "EXPIRED":
        return Reason.EXPIRED
    if point.status not in GOOD_STATUSES:
        return Reason.NOT_COMPLETED
    if point.resource_type in UNSUPPORTED_TYPES or _BASIC_DYNAMODB_ARN.match(point.arn):
        return Reason.TYPE_NOT_SUPPORTED
    if point.cold_at is not None and point.cold_at <= now:
        return Reason.COLD_STORAGE
    if point.delete_at is not None and point.delete_at - now < timedelta(days=scope.min_remaining_days):
        return Reason.EXPIRING
    return None


def outlived(point: RecoveryPoint, destination: Destination, scope: Scope, now: datetime) -> bool:
    """Tell whether a copy would already be past its own declared retention.

    Retention of a copy counts from the creation of the source recovery point, not from the copy.
    """
    days = destination.lifecycle.delete_after_days if destination.lifecycle else None
    if days is None or days < 0:
        return False
    return point.created + timedelta(days=days) - now < timedelta(days=scope.min_remaining_days)


# --- State ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """From where and when the pairs of one destination are judged.

    Attributes:
        copies_seen: When the destination vault was listed.
        cleared: Failure reasons whose prerequisite was verified meanwhile; those are tried again soon.
    """

    desired: Desired
    destination: Destination
    now: datetime
    copies_seen: datetime
    cleared: frozenset[Reason] = frozenset()


def judge(pairs: Iterable[Pair], view: Viewpoint) -> tuple[Standing, ...]:
    """Give every source recovery point its state towards one destination."""
    pairs = tuple(pairs)
    floor = floors((each for each in pairs if in_scope(each.point, view.desired.scope)), view.desired)
    return tuple(_judge_one(each, view, floor) for each in pairs)


def _judge_one(each: Pair, view: Viewpoint, floor: Mapping[str, datetime]) -> Standing:
    desired, point = view.desired, each.point
    if not in_scope(point, desired.scope) or not _within_backfill(each, desired, floor):
        return Standing(point, State.OUT_OF_SCOPE)
    if each.copy is not None and each.copy.status in GOOD_STATUSES:
        return Standing(point, State.COPIED, job=each.last_job, message=_remark(each.last_job))
    running = _unfinished(each, view.copies_seen)
    if running is not None:
        gone = _vanished(each, view.copies_seen)
        return Standing(point, State.IN_PROGRESS, Reason.COPYING, job=running, vanished=gone)
    if outlived(point, view.destination, desired.scope, view.now):
        return Standing(point, State.OUT_OF_SCOPE)
    return _judge_uncopied(each, view)


def _judge_uncopied(each: Pair, view: Viewpoint) -> Standing:
    reason = ineligible(each.point, view.desired.scope, view.now)
    if reason is not None:
        return Standing(each.point, State.INELIGIBLE, reason)
    if each.last_job is None:
        return Standing(each.point, State.MISSING)
    return _after_failure(each, each.last_job, view)


def _unfinished(each: Pair, copies_seen: datetime) -> CopyJob | None:
    """Return the job that is under way, or just ended and whose copy may not have been listed yet."""
    return next(
        (job for job in each.jobs if is_running(job) or (job.state in ENDED_WELL and _settling(job, copies_seen))), None
    )


def _remark(job: CopyJob | None) -> str | None:
    return job.message if job is not None and job.state == "COMPLETED" else None


def _settling(job: CopyJob, copies_seen: datetime) -> bool:
    return job.completed is None or job.completed > copies_seen - SETTLING


def _after_failure(each: Pair, job: CopyJob, view: Viewpoint) -> Standing:
    """Say that the last copy failed, whatever the class of the failure, and when it is tried again.

    Time ends a failure of class RETRY, for as many attempts as are declared; what a person has to end is tried slowly,
    and soon once the prerequisite behind it was seen to be met.
    """
    failure, attempts, copying = _failure_of(job), len(each.jobs), view.desired.copying
    waits = failure.failure_class is FailureClass.WAIT and failure.reason not in view.cleared
    slow = waits or attempts >= copying.max_attempts
    pause = copying.backoff * _growth(attempts)
    if slow:
        pause = min(max(copying.backoff, SLOW_RETRY) * _growth(attempts), SLOWEST_RETRY)
    never = failure.failure_class is FailureClass.TERMINAL
    return Standing(
        each.point,
        State.FAILED,
        failure.reason,
        job,
        attempts,
        retry_at=None if never else (job.completed or job.created) + pause,
        needs_action=slow or never,
        message=job.message,
        vanished=_vanished(each, view.copies_seen),
    )


def _growth(attempts: int) -> int:
    return 1 << min(attempts - 1, 12)


def _failure_of(job: CopyJob) -> Failure:
    if job.state == "COMPLETED":
        return Failure(Reason.COPY_VANISHED, FailureClass.RETRY)
    if job.state == "PARTIAL":
        return Failure(Reason.COPY_PARTIAL, FailureClass.RETRY)
    return classify(job.message, job.category)


def _vanished(each: Pair, copies_seen: datetime) -> bool:
    """Tell whether a job brought a copy of this uncopied point that is there no more."""
    return any(job.state == "COMPLETED" and not _settling(job, copies_seen) for job in each.jobs)


def failing(standing: Standing) -> Reason | None:
    """Return why a point counts as failing now, or None: the one place that decides it.

    What failed last is failing, while it backs off and while it is due again, and so is what a person has to act for
    before it can be started; a copy that was complete and is gone is a loss until it is back, also while it is on its
    way again.
    """
    if standing.state is State.FAILED or (standing.state in GAP_STATES and standing.needs_action):
        return standing.reason
    return Reason.COPY_VANISHED if standing.vanished and standing.state in GAP_STATES else None


def may_start(standing: Standing, now: datetime) -> bool:
    """Tell whether a copy of this point may be started now, limits aside."""
    if standing.state is State.MISSING:
        return True
    return standing.state is State.FAILED and standing.retry_at is not None and standing.retry_at <= now
