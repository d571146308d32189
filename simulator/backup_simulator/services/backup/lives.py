"""What the lives of backup jobs and of copy jobs have in common: how they begin, change, end and are forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ...records.backups import BackupJob
from ...records.state import CopyJob
from . import backup_events

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...records.state import Outcome, State

Job = TypeVar("Job", BackupJob, CopyJob)

UNFINISHED = frozenset({"CREATED", "PENDING", "RUNNING", "ABORTING"})


class Ending(NamedTuple):
    """How a job ends, and what it says about it."""

    state: str
    message: str | None
    category: str | None


COMPLETED = Ending("COMPLETED", None, "SUCCESS")


def failure(broken: tuple[str, str] | None) -> Ending | None:
    """How a job ends that breaks a rule."""
    return Ending("FAILED", *broken) if broken else None


def ordered_failure(outcome: Outcome | None) -> Ending | None:
    """How a job ends that was ordered to fail."""
    return Ending("FAILED", outcome.message, outcome.category) if outcome and outcome.state == "FAILED" else None


def begin(state: State, job: Job, leave: Callable[[State, Job, float], None]) -> None:
    """Enter a fresh job among its Region's; `leave` is how it leaves CREATED."""
    _history(state, job)[job.job_id] = job
    become(state, job, "CREATED", job.created)
    state.scheduler.at(job.created + state.durations.created, leave, state, job)


def become(state: State, job: Job, name: str, now: float) -> None:
    """Every change of a job's state goes through here, and is told."""
    job.state = name
    if isinstance(job, CopyJob):
        backup_events.copy_job(state, job, now)
    else:
        backup_events.backup_job(state, job, now)


def seconds(state: State, job: Job) -> float:
    """How long a job runs."""
    return state.durations.running_by_type.get(job.resource_type, state.durations.running)


def end(state: State, job: Job, ending: Ending, now: float) -> None:
    """End a job; it stays listed for a while, thirty days unless the world says otherwise."""
    job.completed, job.message, job.category = round(now, 3), ending.message, ending.category
    become(state, job, ending.state, now)
    state.scheduler.at(now + state.durations.job_history, forget, state, job)


def vanish(state: State, job: Job, message: str, now: float) -> None:
    """End a job without a trace: no event, no record; who waits for it takes it as failed."""
    job.state, job.completed, job.message, job.category = "FAILED", round(now, 3), message, "MISCELLANEOUS"
    forget(state, job, now)


def forget(state: State, job: Job, _now: float) -> None:
    """Drop a job from the lists."""
    _history(state, job).pop(job.job_id, None)


def parent_of(state: State, job: Job) -> Job | None:
    """The job that waits for this one."""
    return _history(state, job).get(job.parent_id or "")


def parents_state(parent: BackupJob | CopyJob) -> str | None:
    """How a parent ends, given how its children ended; None while some are at it, or when it is over already."""
    states = {child.state for child in parent.children}
    if parent.state != "RUNNING" or UNFINISHED & states:
        return None
    if states <= {"COMPLETED"}:
        return "COMPLETED"
    return "PARTIAL" if states & {"COMPLETED", "PARTIAL"} else "FAILED"


def childs_failure(child: BackupJob | CopyJob) -> Ending:
    """How a parent ends whose children all failed: as the first of them."""
    return Ending("FAILED", child.message, child.category or "MISCELLANEOUS")


def _history(state: State, job: Job) -> dict[str, Job]:
    region = state.accounts[job.account].region(job.region)
    if isinstance(job, CopyJob):
        return region.copy_jobs
    return region.backup_jobs
