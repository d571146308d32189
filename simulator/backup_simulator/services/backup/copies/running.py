"""How a copy job lives: CREATED, admitted, RUNNING, done; on the virtual clock.

Who waits for what is told in `queue`, what goes wrong in `rules`, parents and children in `composite`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....records import resource_types
from ....records.state import CopyJob, RecoveryPoint
from ...iam import service_role
from .. import backup_events, outcomes, parents
from ..backups import continuous, primary
from ..points import ageing, lifecycles
from . import composite, queue, rules, texts
from .attempt import Attempt, Moment

if TYPE_CHECKING:
    from ....records.state import Outcome, State, Vault


def begin(state: State, job: CopyJob) -> None:
    """Let a fresh job live."""
    backup_events.copy_job(state, job, job.created)
    state.scheduler.at(job.created + state.durations.created, _admit, state, job)


def attempt_of(state: State, job: CopyJob, now: float) -> Attempt:
    """The attempt a job makes, for the rules."""
    return Attempt(
        state,
        None,
        job.account,
        job.source_vault_arn,
        job.source_point_arn,
        job.destination_vault_arn,
        job.role_arn,
        job.lifecycle,
        now,
        job,
    )


def _admit(state: State, job: CopyJob, now: float) -> None:
    """Wait for the resource, then for a slot; too many who wait are turned away."""
    broken = rules.first_broken(Moment.ADMISSION, attempt_of(state, job, now))
    if broken:
        rule, message = broken
        job.message, job.category = message, rule.code
        _conclude(state, job, "FAILED", now)
        return
    if queue.occupy(state, job) and queue.take(state, job):
        _start(state, job, now)


def _start(state: State, job: CopyJob, now: float) -> None:
    outcome = outcomes.ordered(state, job)
    if outcome and outcome.state == "STUCK_CREATED":
        return
    if outcome and outcome.state == "VANISHED":
        _vanish(state, job, now)
        return
    attempt = attempt_of(state, job, now)
    broken = rules.first_broken(Moment.START, attempt)
    if broken:
        rule, message = broken
        _fail(state, job, message, rule.code, now)
        return
    _run(attempt, job)
    if outcome and outcome.state == "STUCK_RUNNING":
        return
    if job.is_parent and not outcome:
        _bear(attempt, job, now)
        return
    seconds = state.durations.running_by_type.get(job.resource_type, state.durations.running)
    state.scheduler.at(now + seconds, _end, state, job, outcome)


def _run(attempt: Attempt, job: CopyJob) -> None:
    """The source is busy from now on, the destination's service-linked role at work."""
    state, vault, point, role = attempt.state, attempt.destination, attempt.point, attempt.role
    job.state = "RUNNING"
    job.role_id = role.unique_id if role else None
    if point:
        point.copying += 1
    if vault:
        job.destination_key_arn = vault.key_arn
        job.destination_lock_state = "LOCKED" if vault.lock else "UNLOCKED"
        service_role.ensure(state, vault.account, attempt.now)
    backup_events.copy_job(state, job, attempt.now)


def _bear(attempt: Attempt, job: CopyJob, now: float) -> None:
    """Let a parent's children go; a parent without any ends at once."""
    if attempt.source is None or attempt.point is None:
        raise AssertionError("the rules refuse a copy without source")
    children = composite.bear(attempt.state, job, attempt.source, attempt.point, now)
    for child in children:
        begin(attempt.state, child)
    if not children:
        _end_parent(attempt.state, job, now)


def _end(state: State, job: CopyJob, outcome: Outcome | None, now: float) -> None:
    if outcome and outcome.state == "FAILED":
        _fail(state, job, outcome.message, outcome.category, now)
        return
    attempt = attempt_of(state, job, now)
    broken = rules.first_broken(Moment.END, attempt)
    if broken:
        rule, message = broken
        _fail(state, job, message, rule.code, now)
        return
    _deliver(attempt, job)
    job.message, job.category = _remark(attempt, job, outcome)
    _finish(state, job, "COMPLETED", now)
    if attempt.source and attempt.point and attempt.destination:
        primary.copied(state, attempt.source, attempt.point, attempt.destination, now)


def _remark(attempt: Attempt, job: CopyJob, outcome: Outcome | None) -> tuple[str | None, str]:
    """What a completed job has to say: what was ordered, or that nobody was left to take the sharing back."""
    if outcome:
        return outcome.message, outcome.category
    gone = attempt.role is None or attempt.role.unique_id != job.role_id
    shared = attempt.cross_account and attempt.row is not None and not attempt.row.fully_managed
    return (texts.UNSHARED, "MISCELLANEOUS") if gone and shared else (None, "SUCCESS")


def _deliver(attempt: Attempt, job: CopyJob) -> RecoveryPoint:
    """Put the copy into its vault."""
    if attempt.point is None or attempt.destination is None:
        raise AssertionError("the rules refuse a copy without source or destination")
    copy = _copied(attempt, job, attempt.point, attempt.destination)
    ageing.enter(attempt.state, attempt.destination, copy, attempt.now)
    job.destination_point_arn = copy.arn
    return copy


def _copied(attempt: Attempt, job: CopyJob, source: RecoveryPoint, vault: Vault) -> RecoveryPoint:
    """The recovery point a copy leaves: its creation date is the source's."""
    row = resource_types.of_point(source.resource_type, source.arn)
    form = resource_types.in_air_gapped(row) if vault.air_gapped else row
    return RecoveryPoint(
        arn=resource_types.point_arn(
            form, source.resource_arn, region=vault.region, account=vault.account, ids=attempt.state.ids, copy=True
        ),
        sequence=next(attempt.state.sequence),
        resource_arn=source.resource_arn,
        resource_type=source.resource_type,
        created=source.created,
        completed=round(attempt.now, 3),
        size=source.size,
        role_arn=_keeper(attempt, job),
        key_arn=None if attempt.stays_unencrypted else vault.key_arn,
        lifecycle=lifecycles.of_copy(job.lifecycle, source.lifecycle),
        source_vault_arn=job.source_vault_arn,
        resource_name=source.resource_name,
        tags=dict(source.tags),
        created_by=job.created_by,
        is_parent=source.is_parent,
    )


def _keeper(attempt: Attempt, job: CopyJob) -> str:
    """Who will delete the copy one day: across accounts the destination's service-linked role."""
    if not attempt.cross_account:
        return job.role_arn
    keeper = service_role.find(attempt.state, attempt.destination_account)
    return keeper.identity_arn if keeper else job.role_arn


def _fail(state: State, job: CopyJob, message: str, category: str, now: float) -> None:
    job.message, job.category = message, category
    _finish(state, job, "FAILED", now)


def _finish(state: State, job: CopyJob, ending: str, now: float) -> None:
    point = attempt_of(state, job, now).point
    if point and job.state == "RUNNING":
        point.copying -= 1
    _release(state, job, now)
    _conclude(state, job, ending, now)


def _conclude(state: State, job: CopyJob, ending: str, now: float) -> None:
    """End a job that holds nothing, and its parent with it if that waited for this one."""
    job.state, job.completed = ending, round(now, 3)
    backup_events.copy_job(state, job, now)
    state.scheduler.at(now + state.durations.job_history, _forget, state, job)
    _let_go(state, job, now)


def _vanish(state: State, job: CopyJob, now: float) -> None:
    """End without a trace: no event, no record; who waits for the job goes on as if it had failed."""
    job.state, job.completed = "FAILED", round(now, 3)
    job.message, job.category = texts.VANISHED, "MISCELLANEOUS"
    _forget(state, job, now)
    _release(state, job, now)
    _let_go(state, job, now)


def _let_go(state: State, job: CopyJob, now: float) -> None:
    """Let the temporary snapshot and the parent know that this job is over."""
    attempt = attempt_of(state, job, now)
    if job.backup_job_id and attempt.source and attempt.point:
        continuous.copied(state, attempt.source, attempt.point, now)
    if job.parent_id:
        parent = state.accounts[job.account].region(job.region).copy_jobs.get(job.parent_id)
        if parent and parent.state == "RUNNING":
            _end_parent(state, parent, now)


def _end_parent(state: State, parent: CopyJob, now: float) -> None:
    """End a parent when its last child has ended."""
    children = parent.children
    ending = parents.ending(Counter(child.state for child in children))
    if ending is None:
        return
    attempt = attempt_of(state, parent, now)
    if ending == "FAILED" or attempt.point is None or attempt.destination is None:
        failed = next((child for child in children if child.state == "FAILED"), None)
        text, category = (failed.message, failed.category) if failed else (texts.NO_POINT, "RESOURCE_NOT_FOUND")
        _fail(state, parent, text or "", category or "MISCELLANEOUS", now)
        return
    copy = _deliver(attempt, parent)
    copy.status = ending
    composite.adopt(attempt.destination, copy, children)
    parent.category = "SUCCESS" if ending == "COMPLETED" else None
    _finish(state, parent, ending, now)


def _release(state: State, job: CopyJob, now: float) -> None:
    """Give back slot and resource, and let those who wait for them go on."""
    following = queue.give(state, job)
    if following:
        state.scheduler.at(now, _start, state, following)
    if not job.is_parent:
        release(state, queue.resource(job), now)


def release(state: State, resource: tuple[str, str], now: float) -> None:
    """Let go of a resource (account and ARN), which a copy or a backup was busy with, for the copy that waits next."""
    following = queue.leave(state, resource)
    if following:
        state.scheduler.at(now, _admit, state, following)


def _forget(state: State, job: CopyJob, _now: float) -> None:
    """Copy job records are dropped thirty days after their end."""
    state.accounts[job.account].region(job.region).copy_jobs.pop(job.job_id, None)


FIDELITY = (
    Behaviour(
        "The copy is visible only when the job is COMPLETED",
        "assumed",
        "test_copy_jobs.py::test_nothing_is_at_the_destination_before_the_end",
    ),
    Behaviour(
        "ARN forms of copies, `copyjob-` in them; in air-gapped vaults every type has AWS Backup's own form",
        "DG, issue",
        "test_copy_jobs.py::test_copies_have_arns_of_their_type",
    ),
    Behaviour(
        "Tags travel with the copy",
        "DG",
        "test_copy_jobs.py::test_tags_travel_with_the_copy",
    ),
    Behaviour(
        "Durations: 5 s CREATED, 60 s RUNNING, configurable",
        "ours",
        "test_copy_jobs.py::test_a_job_goes_through_its_states_on_the_virtual_clock",
    ),
    Behaviour(
        "Jobs are gone 30 days after their end",
        "DG",
        "test_copy_jobs.py::test_history_is_gone_after_thirty_days",
    ),
    Behaviour(
        "A copy role deleted while its snapshot is copied: COMPLETED with `Failed to unshare snapshot`",
        "DG; the category assumed",
        "test_copy_documented.py::test_a_documented_failure_is_brought_about",
    ),
    Behaviour(
        "IamRoleArn of a copy from another account is the destination's service-linked role",
        "assumed",
        "test_copy_keys.py::test_the_first_copy_makes_the_service_linked_role",
    ),
)
