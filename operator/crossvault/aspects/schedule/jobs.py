"""Backup jobs of plans that fail: nobody copies what was never backed up. Pure.

A job that failed is told until a later one of the same plan and resource has made a recovery point.
https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupJob.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ...engine import fixes
from ...engine.looks import UNASKED, Look, Unseen
from ...engine.observed import Sight
from ...engine.parts import Part
from ...engine.plan import Base
from ...engine.rows import Prerequisite, met, unknown, unmet
from ...words.instants import instant
from ...words.reasons import Reason
from ...words.sanitise import sanitise
from .seen import BackupPlan

JOBS_ROW = "BackupJobs"
FAILED = frozenset({"FAILED", "ABORTED", "EXPIRED"})
MADE = frozenset({"COMPLETED", "PARTIAL"})
HISTORY = timedelta(days=30)
"""How long AWS remembers a job."""
OVERLAP = timedelta(minutes=15)
"""How much of the last listing is listed again: what ends is shown late."""


@dataclass(frozen=True, slots=True)
class BackupJob:
    """A job of a plan that has ended.

    Attributes:
        ended: In seconds since 1970.
        message: What AWS says of it.
    """

    plan_id: str
    resource: str
    state: str
    ended: float
    message: str = ""


@dataclass(frozen=True, slots=True)
class BackupJobs:
    """The resources of an account and Region that plans fail to back up.

    Attributes:
        failing: The last job of each plan and resource that failed, with no later one that made something.
        until: What had ended by then is known.
    """

    failing: Mapping[tuple[str, str], BackupJob] = field(default_factory=dict)
    until: datetime | None = None

    def since(self, now: datetime) -> datetime:
        """Return from when on jobs have to be listed, to know of all."""
        return now - HISTORY if self.until is None else max(self.until - OVERLAP, now - HISTORY)

    def having(self, ended: Iterable[BackupJob], now: datetime) -> BackupJobs:
        """Return what is known when these jobs were listed, too; in whatever order, and some of them again."""
        last: dict[tuple[str, str], BackupJob] = {}
        for each in ended:
            if each.state in FAILED | MADE:
                pair = (each.plan_id, each.resource)
                last[pair] = max(last.get(pair, each), each, key=lambda job: job.ended)
        failing = {pair: each for pair, each in self.failing.items() if each.ended > (now - HISTORY).timestamp()}
        for pair, job in last.items():
            known = failing.get(pair)
            if known is not None and known.ended > job.ended:
                continue
            if job.state in FAILED:
                failing[pair] = job
            else:
                failing.pop(pair, None)
        return BackupJobs(failing, now)

    def of(self, plan_id: str) -> tuple[BackupJob, ...]:
        """Return what a plan fails to back up, the newest failure first."""
        own = [job for (plan, _), job in self.failing.items() if plan == plan_id]
        return tuple(sorted(own, key=lambda job: (-job.ended, job.resource)))


JOBS: Part[Look[BackupJobs]] = Part("backup jobs", UNASKED)
"""What the plans of the source's account fail to back up. Nothing waits for it."""


def judge(base: Base, plan: BackupPlan) -> Prerequisite:
    """Judge the backup jobs of a plan.

    | jobs | row |
    |---|---|
    | not seen | Unknown |
    | the last one of some resource failed, was aborted, or expired | Unmet, with AWS's words about the newest |
    | anything else | Met |

    Nothing is held because of it: what is there is copied.
    """
    look, where = base.sight[JOBS], base.desired.source
    if isinstance(look, Unseen):
        return unknown(JOBS_ROW, "", look.problem)
    found = look.value.of(plan.id)
    if not found:
        return met(JOBS_ROW, "", "No resource is known whose last backup job of the plan has failed.")
    newest, count = found[0], len(found)
    at = instant(datetime.fromtimestamp(newest.ended, UTC))
    message = (
        f"Backup jobs of the plan fail for {count} resource{'' if count == 1 else 's'}, newest {newest.resource} at"
        f" {at}: {newest.state}: {sanitise(newest.message) or 'AWS gives no reason'}"
    )
    listed = fixes.aws("backup", "list-backup-jobs", region=where.region, by_state=newest.state)
    remedy = (
        "Put right what AWS names: mostly the role lacks rights for the type, or the resource was busy or is gone. All"
        f" of them: {listed}. It is met once a later job of each has made a recovery point, or after 30 days."
    )
    return unmet(JOBS_ROW, "", Reason.BACKUPS_FAILING, message, remedy, blocks=False)


def failing(sight: Sight, plan_id: str) -> int | None:
    """Return how many resources a plan fails to back up; None where that is not known."""
    look = sight[JOBS]
    return None if isinstance(look, Unseen) else len(look.value.of(plan_id))
