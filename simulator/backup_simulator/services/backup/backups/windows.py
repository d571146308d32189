"""The windows of a backup job: when it has to start and when it has to be done."""

from __future__ import annotations

from ....fidelity import Behaviour

MINUTE = 60.0
START, COMPLETION = 480, 10_080
"""Minutes when nothing is said: eight hours, seven days (botocore)."""
MIN_START, MAX = 60, 52_560_000


def flaw(start: int | None, completion: int | None) -> str | None:
    """What is wrong with windows in minutes; None when nothing is."""
    if start is not None and not MIN_START <= start <= MAX:
        return f"Invalid start window. StartWindowMinutes cannot be less than {MIN_START} or more than {MAX} minutes"
    if completion is not None and not 1 <= completion <= MAX:
        return f"Invalid completion window. CompletionWindowMinutes cannot be less than 1 or more than {MAX} minutes"
    return None


FIDELITY = (
    Behaviour(
        "Start windows are 60 minutes at least, windows a hundred years at most; eight hours and seven days by default",
        "botocore; texts, and the seven days of on-demand jobs: assumed",
        "test_backup_failures.py::test_a_job_that_cannot_be_is_refused",
    ),
)
