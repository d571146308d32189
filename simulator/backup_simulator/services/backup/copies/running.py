"""How a copy job lives: CREATED, admitted, RUNNING, done; on the virtual clock.

Who waits for what is told in `queue`, what goes wrong in `rules`, parents and children in `composite`, what a copy
leaves behind in `leaving`; what copy jobs share with backup jobs in `lives`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ...iam import service_role
from .. import lives, outcomes
from ..backups import continuous, primary
from ..lives import Ending
from . import composite, leaving, queue, rules, texts
from .attempt import Attempt, Moment

if TYPE_CHECKING:
    from ....records.state import CopyJob, Outcome, State

NO_POINT = Ending("FAILED", texts.NO_POINT, "RESOURCE_NOT_FOUND")


def begin(state: State, job: CopyJob) -> None:
    """Let a fresh job live."""
    lives.begin(state, job, _admit)


def attempt_of(state: State, job: CopyJob, now: float) -> Attempt:
    """The attempt a job makes, for the rules."""
    return Attempt(
        state=state,
        account=job.account,
        source_vault_arn=job.source_vault_arn,
        point_arn=job.source_point_arn,
        destination_arn=job.destination_vault_arn,
        role_arn=job.role_arn,
        lifecycle=job.lifecycle,
        now=now,
        job=job,
    )


def _admit(state: State, job: CopyJob, now: float) -> None:
    """Wait for the resource, then for a slot; too many who wait are turned away."""
    failed = rules.failure(Moment.ADMISSION, attempt_of(state, job, now))
    if failed:
        _conclude(state, job, failed, now)
    elif queue.occupy(state, job) and queue.take(state, job):
        _start(state, job, now)


def _start(state: State, job: CopyJob, now: float) -> None:
    outcome = outcomes.ordered(state, job)
    if outcome and outcome.state == "STUCK_CREATED":
        return
    if outcome and outcome.state == "VANISHED":
        lives.vanish(state, job, texts.VANISHED, now)
        _release(state, job, now)
        _tell_waiting(state, job, now)
        return
    attempt = attempt_of(state, job, now)
    failed = rules.failure(Moment.START, attempt)
    if failed:
        _finish(state, job, failed, now)
        return
    _run(attempt, job)
    if outcome and outcome.state == "STUCK_RUNNING":
        return
    if job.is_parent and not outcome:
        _bear(attempt, job, now)
        return
    state.scheduler.at(now + lives.seconds(state, job), _end, state, job, outcome)


def _run(attempt: Attempt, job: CopyJob) -> None:
    """The source is busy from now on, the destination's service-linked role at work."""
    vault, point, role = attempt.destination, attempt.point, attempt.role
    job.role_id = role.unique_id if role else None
    if point:
        point.copying += 1
    if vault:
        job.destination_key_arn = vault.key_arn
        job.destination_lock_state = "LOCKED" if vault.lock else "UNLOCKED"
        service_role.ensure(attempt.state, vault.account, attempt.now)
    lives.become(attempt.state, job, "RUNNING", attempt.now)


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
    attempt = attempt_of(state, job, now)
    failed = lives.ordered_failure(outcome) or rules.failure(Moment.END, attempt)
    if failed:
        _finish(state, job, failed, now)
        return
    leaving.deliver(attempt, job)
    _finish(state, job, _completed(attempt, job, outcome), now)
    if attempt.source and attempt.point and attempt.destination:
        primary.copied(state, attempt.source, attempt.point, attempt.destination, now)


def _completed(attempt: Attempt, job: CopyJob, outcome: Outcome | None) -> Ending:
    """What a completed job has to say: what was ordered, or that nobody was left to take the sharing back."""
    if outcome:
        return Ending("COMPLETED", outcome.message, outcome.category)
    gone = attempt.role is None or attempt.role.unique_id != job.role_id
    shared = attempt.cross_account and attempt.row is not None and not attempt.row.fully_managed
    return Ending("COMPLETED", texts.UNSHARED, "MISCELLANEOUS") if gone and shared else lives.COMPLETED


def _end_parent(state: State, parent: CopyJob, now: float) -> None:
    """End a parent when its last child has ended."""
    ending = lives.parents_state(parent)
    if ending is None:
        return
    attempt, children = attempt_of(state, parent, now), parent.children
    if ending == "FAILED" or attempt.point is None or attempt.destination is None:
        failed = next((child for child in children if child.state == "FAILED"), None)
        _finish(state, parent, lives.childs_failure(failed) if failed else NO_POINT, now)
        return
    copy = leaving.deliver(attempt, parent)
    copy.status = ending
    composite.adopt(attempt.destination, copy, children)
    _finish(state, parent, Ending(ending, None, "SUCCESS" if ending == "COMPLETED" else None), now)


def _finish(state: State, job: CopyJob, ending: Ending, now: float) -> None:
    """End a job that has its resource and its slot, and give them back."""
    point = attempt_of(state, job, now).point
    if point and job.state == "RUNNING":
        point.copying -= 1
    _release(state, job, now)
    _conclude(state, job, ending, now)


def _conclude(state: State, job: CopyJob, ending: Ending, now: float) -> None:
    """End a job that holds nothing, and let those go on who wait for it."""
    lives.end(state, job, ending, now)
    _tell_waiting(state, job, now)


def _tell_waiting(state: State, job: CopyJob, now: float) -> None:
    """Let the temporary snapshot and the parent know that this job is over."""
    attempt = attempt_of(state, job, now)
    if job.backup_job_id and attempt.source and attempt.point:
        continuous.copied(state, attempt.source, attempt.point, now)
    parent = lives.parent_of(state, job)
    if parent:
        _end_parent(state, parent, now)


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


FIDELITY = (
    Behaviour(
        "The copy is visible only when the job is COMPLETED",
        "assumed",
        "test_copy_jobs.py::test_nothing_is_at_the_destination_before_the_end",
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
)
