"""The three classes of errors, and the problem every one of them carries.

An error is raised only where something was tried (the AWS edge, the manifest parser) and caught once per pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .reasons import Reason


class ErrorClass(StrEnum):
    """Who can end an error: time, a person, or a release of ours."""

    RETRY = "retry"
    STUCK = "stuck"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something could not be seen or done, in words for the person who has to act.

    Attributes:
        reason: The word that stands in conditions, events, metrics and documentation.
        message: One sentence with a full stop: what, where, why, what to do. No request ids, no times.
        error_class: Whether to retry, to wait for somebody, or to report a bug.
        code: AWS's own error code, when there was one.
        said: AWS's own text, when there was one.
        detail: What only cluster administrators may read, such as whose identity the operator has: shown in the
            status of a BackupAccount, and in no policy's status and no event.
    """

    reason: Reason
    message: str
    error_class: ErrorClass = ErrorClass.RETRY
    code: str | None = None
    said: str = ""
    detail: str = ""


class CrossvaultError(Exception):
    """Carries a :class:`Problem` from an edge to the one place that catches it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem
