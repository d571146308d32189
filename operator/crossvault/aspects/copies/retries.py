"""When a copy that failed is tried again, derived from AWS's own job history, so that a restart forgets nothing.

| failure | tried again |
|---|---|
| nothing can end it | never |
| time may end it | after the declared pause, doubled each time; after so many attempts as are declared, slowly |
| somebody has to end it, and may do so unseen | slowly: from hourly to daily |
| the prerequisite behind it is seen to be met now, and it failed so once | at once |
| the same, and it failed so more than once | after the declared pause, doubled for each try that came so in vain |

Of what failed more than once although all that is seen is met, a person is called once as many attempts were in vain as
are declared; at once where AWS says the same of causes that are not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...words.reasons import Reason
from .declared import Copying
from .failures import Failure, FailureClass, classify
from .seen import CopyJob

_UNSEEN = frozenset({Reason.COPY_ROLE_DENIED, Reason.KEY_ACCESS_DENIED})
"""What AWS says of many causes, of which the rows about role and keys do not see all."""

SLOW_RETRY = timedelta(hours=1)
SLOWEST_RETRY = timedelta(hours=24)
"""How slowly a copy is tried again whose failure only a person can end; that person may do so unseen."""

SLOWEST_WHEN_MET = SLOWEST_RETRY / 2
"""How slowly at last, where all is as it has to be: below the other, so that the history tells which of them it was."""


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed copy is due again, None for never, and whether a person is called."""

    at: datetime | None
    needs_action: bool


def after(jobs: Sequence[CopyJob], failure: Failure, copying: Copying, *, met: bool) -> Retry:
    """Return when to try again after the last of some jobs.

    Args:
        jobs: All that tell how such a copy ends, oldest first.
        failure: What the last of them says.
        copying: What the policy declares.
        met: The prerequisite behind the failure is seen to be met.
    """
    ended, attempts = _ended(jobs[-1]), len(jobs)
    if failure.failure_class is FailureClass.TERMINAL:
        return Retry(None, needs_action=True)
    if met:
        tries, again = _in_vain(jobs, copying), _is_known(jobs, failure)
        pause = _grown(copying.backoff, max(tries, 1), SLOWEST_WHEN_MET) if again else timedelta()
        calls = tries >= copying.max_attempts or (again and failure.reason in _UNSEEN)
        return Retry(ended + pause, needs_action=calls)
    if failure.failure_class is FailureClass.WAIT or attempts >= copying.max_attempts:
        return Retry(ended + _slow(copying, attempts), needs_action=True)
    return Retry(ended + copying.backoff * _growth(attempts), needs_action=False)


def _is_known(jobs: Sequence[CopyJob], failure: Failure) -> bool:
    """Tell whether a copy failed for this reason before: what comes back is not tried at once."""
    failed = (job for job in jobs[:-1] if not job.ended_well)
    return any(classify(job.message, job.category).reason is failure.reason for job in failed)


def _in_vain(jobs: Sequence[CopyJob], copying: Copying) -> int:
    """Count the last tries that came sooner than they would have while nobody saw the prerequisite met."""
    count = 0
    for number in range(len(jobs) - 1, 0, -1):
        if jobs[number].created - _ended(jobs[number - 1]) >= _slow(copying, number):
            break
        count += 1
    return count


def _ended(job: CopyJob) -> datetime:
    return job.completed or job.created


def _slow(copying: Copying, attempts: int) -> timedelta:
    return _grown(max(copying.backoff, SLOW_RETRY), attempts, SLOWEST_RETRY)


def _grown(pause: timedelta, attempts: int, most: timedelta) -> timedelta:
    return min(pause * _growth(attempts), most)


def _growth(attempts: int) -> int:
    return 1 << min(attempts - 1, 16)
