"""How a backup job lives on the virtual clock: CREATED, RUNNING, then COMPLETED, FAILED, EXPIRED or ABORTED.

While another job works on the resource it stays CREATED and is tried again every ten minutes until its start window
is over (botocore: BackupRule.StartWindowMinutes).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....records import resource_types
from ....records.state import CopyJob, Lifecycle, RecoveryPoint
from ...iam import service_role
from .. import backup_events, outcomes, parents
from ..copies import running as copying
from ..points import ageing, lifecycles
from . import composite, continuous, primary, rules, texts
from .rules import Attempt, Moment

if TYPE_CHECKING:
    from ....records.backups import BackupJob
    from ....records.resource_types import ResourceType
    from ....records.resources import Resource
    from ....records.state import Outcome, State, Vault
    from ....wire import Params

RETRY = 600.0


def begin(state: State, job: BackupJob) -> None:
    """Enter a fresh job among its Region's and let it live."""
    state.accounts[job.account].region(job.region).backup_jobs[job.job_id] = job
    _become(state, job, "CREATED", job.created)
    state.scheduler.at(job.created + state.durations.created, _try, state, job)


def _become(state: State, job: BackupJob, name: str, now: float) -> None:
    """Every change of a job's state goes through here, and is told."""
    job.state = name
    backup_events.backup_job(state, job, now)


def _try(state: State, job: BackupJob, now: float) -> None:
    """Start, unless the resource is busy: then once more in ten minutes, or at the end of the start window."""
    if job.state != "CREATED":
        return
    if job.is_parent or (job.account, job.resource_arn) not in state.queue.busy:
        _start(state, job, now)
    elif now < job.start_by:
        state.scheduler.at(min(now + RETRY, job.start_by), _try, state, job)
    else:
        _finish(state, job, "EXPIRED", now, texts.BUSY, "CONCURRENT_JOB")


def _start(state: State, job: BackupJob, now: float) -> None:
    outcome = outcomes.of_backup(state, job)
    if outcome and outcome.state == "VANISHED":
        _vanish(state, job, now)
        return
    if outcome and outcome.state == "STUCK_CREATED":
        state.scheduler.at(job.start_by, _expire, state, job)
        return
    attempt = Attempt(state, job)
    broken = rules.first_broken(Moment.START, attempt)
    if broken:
        rule, message = broken
        if job.continuous and rule.category == "ACCESS_DENIED":
            continuous.interrupt(state, job, now)
        _finish(state, job, "FAILED", now, message, rule.category)
        return
    _run(attempt, now)
    if job.is_parent and not outcome:
        _bear(state, job, now)
        return
    done = now + state.durations.running_by_type.get(job.resource_type, state.durations.running)
    due = job.complete_by or now
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
    vault, resource = attempt.vault, attempt.resource
    if vault is None or resource is None:
        raise AssertionError("the rules refuse a backup without vault or resource")
    job.key_arn, job.size = _key(attempt.row, vault, resource), resource.size
    job.lock_state, job.vault_type = "LOCKED" if vault.lock else "UNLOCKED", vault.kind
    if job.complete_by is None:
        job.complete_by = now + job.completion_window
    _become(state, job, "RUNNING", now)


def _bear(state: State, job: BackupJob, now: float) -> None:
    """Let a parent's children go; a parent without any ends at once."""
    state.scheduler.at(job.complete_by or now, _expire, state, job)
    children = composite.bear(state, job, now)
    for child in children:
        begin(state, child)
    if not children:
        _end_parent(state, job, now)


def _end_parent(state: State, parent: BackupJob, now: float) -> None:
    """End a parent when its last child has ended."""
    children = parent.children
    ending = parents.ending(Counter(child.state for child in children))
    if ending is None or parent.state != "RUNNING":
        return
    attempt = Attempt(state, parent)
    broken = rules.first_broken(Moment.END, attempt)
    if broken:
        rule, message = broken
        _finish(state, parent, "FAILED", now, message, rule.category)
        return
    if ending == "FAILED":
        failed = children[0]
        _finish(state, parent, ending, now, failed.message, failed.category or "MISCELLANEOUS")
        return
    vault, resource = attempt.vault, attempt.resource
    if vault is None or resource is None:
        raise AssertionError("the rules refuse a backup without vault or resource")
    arn = fresh_arn(state, parent, attempt.row, now)
    point = _point(state, parent, attempt.row, resource, arn, now)
    point.is_parent, point.status = True, ending
    composite.adopt(vault, point, children)
    ageing.enter(state, vault, point, now)
    parent.point_arn, parent.size = arn, point.size
    _finish(state, parent, ending, now, None, "SUCCESS")
    _copy(state, parent, point, primary.copy_actions(parent, attempt.row), now)


def _key(row: ResourceType, vault: Vault, resource: Resource) -> str | None:
    """What encrypts the backup: the vault's key where AWS Backup manages the type in full, else the resource's."""
    return vault.key_arn if row.fully_managed else resource.key_arn


def _expire(state: State, job: BackupJob, now: float) -> None:
    if job.state in {"CREATED", "RUNNING"}:
        _finish(state, job, "EXPIRED", now, texts.EXPIRED, "JOB_EXPIRED")


def _end(state: State, job: BackupJob, outcome: Outcome | None, now: float) -> None:
    if job.state != "RUNNING":
        return
    if outcome and outcome.state == "FAILED":
        _finish(state, job, "FAILED", now, outcome.message, outcome.category)
        return
    attempt = Attempt(state, job)
    broken = rules.first_broken(Moment.END, attempt)
    if broken:
        rule, message = broken
        _finish(state, job, "FAILED", now, message, rule.category)
        return
    vault, resource = attempt.vault, attempt.resource
    if vault is None or resource is None:
        raise AssertionError("the rules refuse a backup without vault or resource")
    snapshot = _backed_up(state, job, attempt.row, vault, resource, now)
    remark, category = (outcome.message, outcome.category) if outcome else (None, "SUCCESS")
    _finish(state, job, "COMPLETED", now, remark, category)
    if snapshot:
        _copy(state, job, snapshot, primary.copy_actions(job, attempt.row), now)


def _backed_up(
    state: State, job: BackupJob, row: ResourceType, vault: Vault, resource: Resource, now: float
) -> RecoveryPoint | None:
    """Leave what a job leaves; returns the snapshot to copy.

    A continuous rule keeps one continuous recovery point per resource; only for its copies it takes a snapshot too.
    """
    if job.continuous:
        kept = continuous.current(state, job.account, job.region, resource.arn)
        if kept and kept[0] is vault and kept[1].lifecycle != job.lifecycle:
            continuous.end(state, vault, kept[1], now)
            kept = None
        if kept is None:
            arn = continuous.point_arn(row, resource, region=vault.region, account=vault.account, ids=state.ids)
            kept = vault, _point(state, job, row, resource, arn, now)
            kept[1].continuous, kept[1].status = True, "AVAILABLE"
            ageing.enter(state, vault, kept[1], now)
        if kept[0] is vault:
            continuous.refresh(kept[1], job, now)
            job.point_arn = kept[1].arn
            if not job.copy_actions:
                return None
    arn = job.point_arn if job.point_arn and not job.continuous else fresh_arn(state, job, row, now)
    point = _point(state, job, row, resource, arn, now)
    ageing.enter(state, vault, point, now)
    job.point_arn = job.point_arn or arn
    return point


def fresh_arn(state: State, job: BackupJob, row: ResourceType, now: float) -> str:
    """A new recovery point ARN in the form of the job's resource type."""
    vault = state.vault(job.vault_arn)
    while (arn := composite.point_arn(job, now)) is not None:
        if vault is None or arn not in vault.points:
            return arn
        now += 1.0  # an EKS backup is named by its second
    return resource_types.point_arn(row, job.resource_arn, region=job.region, account=job.account, ids=state.ids)


def _point(state: State, job: BackupJob, row: ResourceType, resource: Resource, arn: str, now: float) -> RecoveryPoint:
    return RecoveryPoint(
        arn=arn,
        sequence=next(state.sequence),
        resource_arn=resource.arn,
        resource_type=resource.resource_type,
        created=job.created,
        completed=round(now, 3),
        size=resource.size,
        role_arn=job.role_arn,
        key_arn=job.key_arn,
        lifecycle=primary.lifecycle(job, row),
        resource_name=resource.name,
        tags=resource.tags | job.tags,
        created_by=job.created_by,
        initiated=job.initiated,
    )


def _copy(state: State, job: BackupJob, point: RecoveryPoint, actions: tuple[Params, ...], now: float) -> None:
    """Start the copies that the rule asks for (botocore: CopyJob.CreatedByBackupJobId)."""
    jobs = state.accounts[job.account].region(job.region).copy_jobs
    if job.point_arn != point.arn and point.resource_type in continuous.REMOVING:
        point.awaited = len(actions)  # what the job leaves is the continuous point, this one is for copies only
    # A copy without a lifecycle of its own would inherit that of a temporary snapshot.
    inherited = (job.lifecycle or Lifecycle()) if point.lifecycle.delete_after_event else None
    for action in actions:
        destination = state.vault(action["DestinationBackupVaultArn"])
        copy = CopyJob(
            job_id=state.ids.job(),
            sequence=next(state.sequence),
            account=job.account,
            region=job.region,
            source_vault_arn=job.vault_arn,
            source_point_arn=point.arn,
            destination_vault_arn=action["DestinationBackupVaultArn"],
            role_arn=job.role_arn,
            lifecycle=lifecycles.parse(action.get("Lifecycle")) or inherited,
            resource_arn=point.resource_arn,
            resource_type=point.resource_type,
            size=point.size,
            created=round(now, 3),
            resource_name=point.resource_name,
            created_by=job.created_by,
            backup_job_id=job.job_id,
            destination_vault_type=destination.kind if destination else "BACKUP_VAULT",
            is_parent=point.is_parent,
        )
        jobs[copy.job_id] = copy
        copying.begin(state, copy)


def stop(state: State, job: BackupJob, now: float) -> None:
    """Stop a job by its user's wish, and its children with it: ABORTING at once, ABORTED shortly after."""
    _become(state, job, "ABORTING", now)
    for child in job.children:
        if child.state in {"CREATED", "RUNNING"}:
            stop(state, child, now)
    state.scheduler.at(now + state.durations.created, _abort, state, job)


def _abort(state: State, job: BackupJob, now: float) -> None:
    _finish(state, job, "ABORTED", now, texts.STOPPED, "MISCELLANEOUS")


def _finish(state: State, job: BackupJob, ending: str, now: float, message: str | None, category: str) -> None:
    job.completed, job.message, job.category = round(now, 3), message, category
    _become(state, job, ending, now)
    state.scheduler.at(now + state.durations.job_history, _forget, state, job)
    if job.busy:
        job.busy = False
        copying.release(state, (job.account, job.resource_arn), now)
    _let_go(state, job, now)


def _vanish(state: State, job: BackupJob, now: float) -> None:
    """End without a trace: no event, no record; the parent goes on as if the job had failed."""
    job.state, job.completed = "FAILED", round(now, 3)
    job.message, job.category = texts.VANISHED, "MISCELLANEOUS"
    _forget(state, job, now)
    _let_go(state, job, now)


def _let_go(state: State, job: BackupJob, now: float) -> None:
    """Let the parent know that this job is over."""
    if job.parent_id:
        parent = state.accounts[job.account].region(job.region).backup_jobs.get(job.parent_id)
        if parent and parent.state == "RUNNING":
            _end_parent(state, parent, now)


def _forget(state: State, job: BackupJob, _now: float) -> None:
    """Backup jobs are listed for thirty days after their end."""
    state.accounts[job.account].region(job.region).backup_jobs.pop(job.job_id, None)


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
        "A recovery point's creation date is that of its job, and it appears when the job is COMPLETED",
        "assumed",
        "test_backup_jobs.py::test_a_job_goes_through_its_states_and_leaves_a_recovery_point",
    ),
    Behaviour(
        "The first backup makes the account's service-linked role",
        "DG",
        "test_backup_jobs.py::test_the_first_backup_makes_the_service_linked_role",
    ),
    Behaviour(
        "A recovery point has the tags of its resource and those of the job",
        "DG",
        "test_backup_jobs.py::test_a_recovery_point_has_the_tags_of_resource_and_job",
    ),
    Behaviour(
        "Backups of types managed in full are encrypted with the vault's key, others with the resource's",
        "DG",
        "test_backup_jobs.py::test_recovery_points_have_the_arn_and_the_key_of_their_type",
    ),
    Behaviour(
        "Copies of a rule start when the backup is COMPLETED, with CreatedBy and CreatedByBackupJobId",
        "botocore",
        "test_plans_run.py::test_copy_actions_start_copies",
    ),
    Behaviour("VSS backups have no VSS result", "missing"),
)
