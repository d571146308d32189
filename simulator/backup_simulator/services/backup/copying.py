"""How a copy job lives: CREATED, admitted, RUNNING, done; on the virtual clock.

One job per resource at a time; fully managed types share slots per account and destination Region (facts §3.7, §5).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ... import resource_types
from ...fidelity import Behaviour
from ...state import CopyJob, RecoveryPoint
from . import ageing, copy_rules, lifecycles, outcomes
from .copy_rules import Attempt, Moment

if TYPE_CHECKING:
    from ...state import Outcome, State, Vault


def begin(state: State, job: CopyJob) -> None:
    """Let a fresh job live."""
    state.scheduler.at(job.created + state.durations.created, lambda now: _admit(state, job, now))


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
    )


def _resource(job: CopyJob) -> tuple[str, str]:
    return job.account, job.resource_arn


def _slot(job: CopyJob) -> tuple[str, str]:
    return job.account, job.destination_vault_arn.split(":")[3]


def _admit(state: State, job: CopyJob, now: float) -> None:
    """Wait for the resource, then for a slot."""
    queue = state.queue
    if _resource(job) in queue.busy:
        queue.per_resource.setdefault(_resource(job), deque()).append(job)
        return
    queue.busy.add(_resource(job))
    if _needs_slot(job) and not _slot_free(state, job):
        queue.per_region.setdefault(_slot(job), deque()).append(job)
        return
    _start(state, job, now)


def _needs_slot(job: CopyJob) -> bool:
    return resource_types.of_point(job.resource_type, job.source_point_arn).fully_managed


def _slot_free(state: State, job: CopyJob) -> bool:
    """A slot of the Region; beyond those every destination vault has a few of its own."""
    queue, limits = state.queue, state.limits
    in_vault = queue.running_in_vault[job.destination_vault_arn]
    return queue.running[_slot(job)] < limits.copies_per_region or in_vault < limits.copies_per_vault


def _start(state: State, job: CopyJob, now: float) -> None:
    outcome = outcomes.ordered(state, job)
    if outcome and outcome.state == "STUCK_CREATED":
        return
    if outcome and outcome.state == "VANISHED":
        _forget(state, job)
        _release(state, job, now)
        return
    broken = copy_rules.first_broken(Moment.START, attempt_of(state, job, now))
    if broken:
        _fail(state, job, broken[1], broken[0].code, now)
        return
    _run(state, job)
    vault = state.vault(job.destination_vault_arn)
    if vault:
        job.destination_key_arn = vault.key_arn
        job.destination_lock_state = "LOCKED" if vault.lock else "UNLOCKED"
    if _needs_slot(job):
        job.holds_slot = True
        state.queue.running[_slot(job)] += 1
        state.queue.running_in_vault[job.destination_vault_arn] += 1
    if outcome and outcome.state == "STUCK_RUNNING":
        return
    seconds = state.durations.running_by_type.get(job.resource_type, state.durations.running)
    state.scheduler.at(now + seconds, lambda moment: _end(state, job, outcome, moment))


def _run(state: State, job: CopyJob) -> None:
    """The source is busy from now on."""
    job.state = "RUNNING"
    point = attempt_of(state, job, job.created).point
    if point:
        point.copying += 1


def _end(state: State, job: CopyJob, outcome: Outcome | None, now: float) -> None:
    if outcome:
        _fail(state, job, outcome.message, outcome.category, now)
        return
    attempt = attempt_of(state, job, now)
    broken = copy_rules.first_broken(Moment.END, attempt)
    if broken:
        _fail(state, job, broken[1], broken[0].code, now)
        return
    if attempt.point is None or attempt.destination is None:
        raise AssertionError("the rules refuse a copy without source or destination")
    copy = _copied(state, job, attempt.point, attempt.destination, now)
    ageing.enter(state, attempt.destination, copy, now)
    job.destination_point_arn = copy.arn
    job.category = "SUCCESS"
    _finish(state, job, "COMPLETED", now)


def _copied(state: State, job: CopyJob, source: RecoveryPoint, vault: Vault, now: float) -> RecoveryPoint:
    """The recovery point a copy leaves: its creation date is the source's (facts §0.4)."""
    row = resource_types.of_point(source.resource_type, source.arn)
    unencrypted = source.key_arn is None and row.stays_unencrypted
    return RecoveryPoint(
        arn=resource_types.point_arn(
            row, source.resource_arn, region=vault.region, account=vault.account, ids=state.ids, copy=True
        ),
        sequence=next(state.sequence),
        resource_arn=source.resource_arn,
        resource_type=source.resource_type,
        created=source.created,
        completed=round(now, 3),
        size=source.size,
        role_arn=job.role_arn,
        key_arn=None if unencrypted else vault.key_arn,
        lifecycle=lifecycles.of_copy(job.lifecycle, source.lifecycle),
        source_vault_arn=job.source_vault_arn,
        resource_name=source.resource_name,
        tags=dict(source.tags),
    )


def _fail(state: State, job: CopyJob, message: str, category: str, now: float) -> None:
    job.message, job.category = message, category
    _finish(state, job, "FAILED", now)


def _finish(state: State, job: CopyJob, ending: str, now: float) -> None:
    point = attempt_of(state, job, now).point
    if point and job.state == "RUNNING":
        point.copying -= 1
    job.state, job.completed = ending, round(now, 3)
    state.scheduler.at(now + state.durations.job_history, lambda _moment: _forget(state, job))
    _release(state, job, now)


def _release(state: State, job: CopyJob, now: float) -> None:
    """Give back resource and slot, and let those who wait for them go on."""
    queue = state.queue
    if job.holds_slot:
        job.holds_slot = False
        queue.running[_slot(job)] -= 1
        queue.running_in_vault[job.destination_vault_arn] -= 1
    waiting = queue.per_region.get(_slot(job))
    if waiting and _slot_free(state, waiting[0]):
        freed = waiting.popleft()
        state.scheduler.at(now, lambda moment: _start(state, freed, moment))
    release(state, _resource(job), now)


def release(state: State, resource: tuple[str, str], now: float) -> None:
    """Let go of a resource (account and ARN), which a copy or a backup was busy with, for the copy that waits next."""
    queue = state.queue
    queue.busy.discard(resource)
    waiting = queue.per_resource.get(resource)
    if waiting:
        following = waiting.popleft()
        if not waiting:
            del queue.per_resource[resource]
        state.scheduler.at(now, lambda moment: _admit(state, following, moment))


def _forget(state: State, job: CopyJob) -> None:
    """Copy job records are dropped thirty days after their end (facts §0.6)."""
    state.accounts[job.account].region(job.region).copy_jobs.pop(job.job_id, None)


FIDELITY = (
    Behaviour(
        "One job per resource, others wait in CREATED",
        "DG",
        "test_copy_jobs.py::test_one_resource_is_copied_once_at_a_time",
    ),
    Behaviour(
        "100 per account and destination Region for fully managed types, 5 more per vault",
        "DG",
        "test_copy_jobs.py::test_a_hundred_copies_run_and_the_next_waits",
    ),
    Behaviour(
        "30 per resource, RDS's 20 and FSx's 5 snapshot copies",
        "missing",
    ),
    Behaviour(
        "The copy is visible only when the job is COMPLETED",
        "assumed",
        "test_copy_jobs.py::test_nothing_is_at_the_destination_before_the_end",
    ),
    Behaviour(
        "ARN forms of copies, `copyjob-` in them",
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
)
