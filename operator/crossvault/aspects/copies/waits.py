"""What a recovery point without a good copy waits for, until when, and whether trying again helps.

| recovery point | waits for | until |
|---|---|---|
| a copy job runs | that job | not known: AWS tells no end |
| a copy job has completed, and its copy is not listed | the listing | 15 minutes after the end of the job |
| the policy's own plan made it | the plan, which copies it | the end of copying.planGracePeriod |
| it may start | the next pass; or somebody to let the policy act | not known |
| limits, or another copy of its resource | a running copy to end | not known |
| a prerequisite is unmet | that prerequisite | not known |
| copies of its type are denied, and another one is tried | that one | not known |
| it failed, and is tried again | the next attempt | as the job history says |
| only a person can end it | who acts; beside that the next attempt | of the attempt, where there is one |
| it failed for good | the same; beside that one of its kind | 28 days after the last job of its kind |
| it cannot, or must not, be copied; or it is copied | nothing | |
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ...engine.declared import Desired
from ...engine.plan import Plan
from ...engine.rows import Prerequisite, blocking
from ...words.explanations import EXPLANATIONS
from ...words.explanations.meaning import AUTHOR, NOBODY, PLATFORM
from ...words.reasons import Reason
from .failures import TERMINAL_REASONS, FailureClass, classify
from .planned import GAP_STATES, Standing, State
from .remedies import remedy
from .states import ARRIVAL, amiss, may_start


class Again(StrEnum):
    """Whether trying again helps a copy that failed."""

    YES = "yes"
    ONCE_MENDED = "once_mended"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Wait:
    """What a recovery point waits for; ``until`` None where nobody knows when that comes.

    Attributes:
        who: Who has to act; empty where nobody has to.
        remedy: What they do.
    """

    what: str
    until: datetime | None = None
    who: str = ""
    remedy: str = ""


def again(standing: Standing) -> Again | None:
    """Return whether trying again helps; None of what has not failed.

    | failed | helps |
    |---|---|
    | for good, or as all that AWS still remembers of its kind | no |
    | so that somebody has to act | once that is done |
    | otherwise | yes, by itself |
    """
    reason = amiss(standing)
    if reason is None:
        return None
    if standing.state is State.FAILED and _is_final(standing):
        return Again.NO
    return Again.ONCE_MENDED if standing.needs_action else Again.YES


def _is_final(standing: Standing) -> bool:
    job = standing.job
    if job is not None and not (job.ended_well or job.is_running):
        failure = classify(job.message, job.category)
        if failure.reason is standing.reason:
            return failure.failure_class is FailureClass.TERMINAL
    return standing.reason in TERMINAL_REASONS


def wait(standing: Standing, plan: Plan, desired: Desired, destination: str, now: datetime) -> Wait | None:
    """Return what a recovery point waits for; None where it waits for nothing."""
    if standing.state not in GAP_STATES:
        return None
    due = may_start(standing, now)
    if due and (rows := tuple(blocking(plan.prerequisites, destination))):
        return _for_rows(rows)
    if not due and standing.needs_action and standing.reason is not None:
        return _for_somebody(standing, standing.reason)
    if standing.state is State.IN_PROGRESS:
        return _for_a_job(standing)
    return _for_its_turn(standing, desired, due=due)


def _for_its_turn(standing: Standing, desired: Desired, *, due: bool) -> Wait:
    """Return what one waits for that is started without anybody doing anything, as far as the policy acts."""
    if standing.state is State.FAILED and not due:
        return Wait("the next attempt", standing.retry_at)
    if not desired.acts and standing.reason is not Reason.EXPECTED_FROM_PLAN:
        return Wait("the policy to act", who=AUTHOR, remedy=f"Set {' and '.join(desired.held_by)}.")
    if due:
        queued = standing.reason is not None
        return Wait("one of the next passes, which starts it" if queued else "the next pass, which starts it")
    return Wait(_FOR.get(standing.reason, _SOMETHING) if standing.reason else _SOMETHING, standing.retry_at)


_SOMETHING = "something that this release has no word for"
_FOR = {
    Reason.EXPECTED_FROM_PLAN: "the policy's own backup plan, which copies it",
    Reason.BUDGET: "a running copy of the policy to end",
    Reason.ACCOUNT_LIMIT: "a running copy of the account to end",
    Reason.RESOURCE_BUSY: "the running copy of its resource to end",
    Reason.COPY_DENIED: "another one of its type, which finds out whether copies are still denied",
}


def _for_somebody(standing: Standing, reason: Reason) -> Wait:
    explained = EXPLANATIONS[reason]
    who = explained.who if explained.who != NOBODY else PLATFORM
    if standing.retry_at is not None:
        words = f"{who}, or the next attempt"
    else:
        words = who if standing.trial_at is None else f"{who}, or the trial of one of its kind"
    return Wait(words, standing.retry_at or standing.trial_at, who, remedy(reason, (standing,)))


def _for_a_job(standing: Standing) -> Wait:
    job = standing.job
    if job is None:
        return Wait("its copy, which is being made")
    if job.is_running:
        return Wait(f"copy job {job.id}")
    return Wait(f"the copy of job {job.id} to be listed", job.completed + ARRIVAL if job.completed else None)


def _for_rows(rows: tuple[Prerequisite, ...]) -> Wait:
    first = rows[0]
    words = f"{'prerequisite' if len(rows) == 1 else 'prerequisites'} {', '.join(each.name for each in rows)}"
    return Wait(words, who=EXPLANATIONS[first.reason].who, remedy=first.remedy or first.message)
