"""How a backup job lives on the virtual clock: CREATED, RUNNING, then COMPLETED, FAILED, EXPIRED or ABORTED.

While another job works on the resource it stays CREATED and is tried again every ten minutes until its start window
is over (botocore: BackupRule.StartWindowMinutes). What it shares with copy jobs is in `lives`, what it leaves behind
in `leaving`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....records.state import Lifecycle
from ...iam import service_role
from .. import lives, outcomes
from ..copies import fresh
from ..copies import running as copying
from ..lives import Ending
from ..points import ageing, lifecycles
from . import composite, continuous, leaving, primary, rules, texts
from .rules import Attempt, Moment

if TYPE_CHECKING:
    from ....records.backups import BackupJob
    from ....records.state import Outcome, RecoveryPoint, State

RETRY = 600.0
BUSY = Ending("EXPIRED", texts.BUSY, "CONCURRENT_JOB")
LATE = Ending("EXPIRED", texts.EXPIRED, "JOB_EXPIRED")
STOPPED = Ending("ABORTED", texts.STOPPED, "MISCELLANEOUS")


def begin(state: State, job: BackupJob) -> None:
    """Let a fresh job live."""
    lives.begin(state, job, _try)


def _try(state: State, job: BackupJob, now: float) -> None:
    """Start, unless the resource is busy: then once more in ten minutes, or at the end of the start window."""
    if job.state != "CREATED":
        return
    if job.is_parent or (job.account, job.resource_arn) not in state.queue.busy:
        _start(state, job, now)
    elif now < job.start_by:
        state.scheduler.at(min(now + RETRY, job.start_by), _try, state, job)
    else:
        _finish(state, job, BUSY, now)


def _start(state: State, job: BackupJob, now: float) -> None:
    outcome = outcomes.of_backup(state, job)
    if outcome and outcome.state == "VANISHED":
        lives.vanish(state, job, texts.VANISHED, now)
        _tell_parent(state, job, now)
        return
    if outcome and outcome.state == "STUCK_CREATED":
        state.scheduler.at(job.start_by, _expire, state, job)
        return
    attempt = Attempt(state, job)
    failed = rules.failure(Moment.START, attempt)
    if failed:
        if job.continuous and failed.category == "ACCESS_DENIED":
            continuous.interrupt(state, job, now)
        _finish(state, job, failed, now)
        return
    _run(attempt, now)
    if job.is_parent and not outcome:
        _bear(state, job, now)
        return
    done, due = now + lives.seconds(state, job), job.complete_by or now
    if done <= due and not (outcome and outcome.state == "STUCK_RUNNING"):
        state.scheduler.at(done, _end, state, job, outcome)
    else:
        state.scheduler.at(due, _expire, state, job)


def _run(attempt: Attempt, now: float) -> None:
    """The resource is busy from now on, and what the job writes with is known."""
    state, job = attempt.state, attempt.job
    service_role.ensure(state, job.account, now)
    job.initiated, job.busy = round(now, 3), not job.is_parent
    if job.busy:
        state.queue.busy.add((job.account, job.resource_arn))
    vault, resource = attempt.ends()
    job.key_arn, job.size = leaving.key(attempt.row, vault, resource), resource.size
    job.lock_state, job.vault_type = "LOCKED" if vault.lock else "UNLOCKED", vault.kind
    if job.complete_by is None:
        job.complete_by = now + job.completion_window
    lives.become(state, job, "RUNNING", now)


def _bear(state: State, job: BackupJob, now: float) -> None:
    """Let a parent's children go; a parent without any ends at once."""
    state.scheduler.at(job.complete_by or now, _expire, state, job)
    children = composite.bear(state, job, now)
    for child in children:
        begin(state, child)
    if not children:
        _end_parent(state, job, now)


def _end(state: State, job: BackupJob, outcome: Outcome | None, now: float) -> None:
    if job.state != "RUNNING":
        return
    attempt = Attempt(state, job)
    failed = lives.ordered_failure(outcome) or rules.failure(Moment.END, attempt)
    if failed:
        _finish(state, job, failed, now)
        return
    snapshot = leaving.backed_up(attempt, now)
    _finish(state, job, Ending("COMPLETED", outcome.message, outcome.category) if outcome else lives.COMPLETED, now)
    if snapshot:
        _copy(attempt, snapshot, now)


def _end_parent(state: State, parent: BackupJob, now: float) -> None:
    """End a parent when its last child has ended."""
    ending = lives.parents_state(parent)
    if ending is None:
        return
    attempt, children = Attempt(state, parent), parent.children
    failed = rules.failure(Moment.END, attempt) or (lives.childs_failure(children[0]) if ending == "FAILED" else None)
    if failed:
        _finish(state, parent, failed, now)
        return
    vault, _ = attempt.ends()
    point = leaving.point(attempt, leaving.fresh_arn(state, parent, attempt.row, now), now)
    point.is_parent, point.status = True, ending
    composite.adopt(vault, point, children)
    ageing.enter(state, vault, point, now)
    parent.point_arn, parent.size = point.arn, point.size
    _finish(state, parent, Ending(ending, None, "SUCCESS"), now)
    _copy(attempt, point, now)


def _copy(attempt: Attempt, point: RecoveryPoint, now: float) -> None:
    """Start the copies that the rule asks for (botocore: CopyJob.CreatedByBackupJobId)."""
    state, job, actions = attempt.state, attempt.job, primary.copy_actions(attempt.job, attempt.row)
    if job.point_arn != point.arn and point.resource_type in continuous.REMOVING:
        point.awaited = len(actions)  # what the job leaves is the continuous point, this one is for copies only
    # A copy without a lifecycle of its own would inherit that of a temporary snapshot.
    inherited = (job.lifecycle or Lifecycle()) if point.lifecycle.delete_after_event else None
    vault, _ = attempt.ends()
    for action in actions:
        copy = fresh.job(
            state,
            vault,
            point,
            destination_arn=action["DestinationBackupVaultArn"],
            role_arn=job.role_arn,
            lifecycle=lifecycles.parse(action.get("Lifecycle")) or inherited,
            now=now,
        )
        copy.created_by, copy.backup_job_id = job.created_by, job.job_id
        copying.begin(state, copy)


def stop(state: State, job: BackupJob, now: float) -> None:
    """Stop a job by its user's wish, and its children with it: ABORTING at once, ABORTED shortly after."""
    lives.become(state, job, "ABORTING", now)
    for child in job.children:
        if child.state in {"CREATED", "RUNNING"}:
            stop(state, child, now)
    state.scheduler.at(now + state.durations.created, _abort, state, job)


def _abort(state: State, job: BackupJob, now: float) -> None:
    _finish(state, job, STOPPED, now)


def _expire(state: State, job: BackupJob, now: float) -> None:
    if job.state in {"CREATED", "RUNNING"}:
        _finish(state, job, LATE, now)


def _finish(state: State, job: BackupJob, ending: Ending, now: float) -> None:
    """End a job, and let those go on who wait for it."""
    lives.end(state, job, ending, now)
    if job.busy:
        job.busy = False
        copying.release(state, (job.account, job.resource_arn), now)
    _tell_parent(state, job, now)


def _tell_parent(state: State, job: BackupJob, now: float) -> None:
    parent = lives.parent_of(state, job)
    if parent:
        _end_parent(state, parent, now)


FIDELITY = (
    Behaviour(
        "A backup of a resource that another backup or copy works on stays CREATED, is tried again every ten minutes, "
        "and EXPIRED when the start window is over",
        "DG, botocore",
        "test_backup_jobs.py::test_a_busy_resource_makes_a_job_wait_and_expire",
    ),
    Behaviour(
        "A backup that is not done within its completion window is EXPIRED: `Backup job expired before completion.`",
        "issue",
        "test_backup_jobs.py::test_a_job_that_takes_too_long_expires",
    ),
    Behaviour(
        "The completion window of an on-demand job counts from its creation, that of a plan's job from its start",
        "botocore",
        "test_plans_run.py::test_the_completion_window_of_a_rule_counts_from_the_start",
    ),
    Behaviour(
        "Backups start as soon as the resource is free; AWS spreads them over the start window",
        "assumed",
        "test_plans_run.py::test_a_plan_runs_at_its_moment",
    ),
    Behaviour(
        "The first backup makes the account's service-linked role",
        "DG",
        "test_backup_jobs.py::test_the_first_backup_makes_the_service_linked_role",
    ),
    Behaviour(
        "Copies of a rule start when the backup is COMPLETED, with CreatedBy and CreatedByBackupJobId",
        "botocore",
        "test_plans_run.py::test_copy_actions_start_copies",
    ),
)
