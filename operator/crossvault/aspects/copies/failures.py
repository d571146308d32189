"""What the StatusMessage of a failed copy job means, who can end the failure, and when to try again.

Texts decide before categories: MessageCategory is too coarse to act on (ACCESS_DENIED covers the organization, the
vault policy, the role and keys). Source: AWS Backup Developer Guide, reasons for problematic jobs, and users' reports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ...words.problems import ErrorClass, Problem
from ...words.reasons import Reason


class FailureClass(StrEnum):
    """What ends a failure of a copy job: time, somebody, or nothing."""

    RETRY = "retry"
    WAIT = "wait"
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True)
class Failure:
    """How one StatusMessage is to be understood."""

    reason: Reason
    failure_class: FailureClass


_R, _W, _T = FailureClass.RETRY, FailureClass.WAIT, FailureClass.TERMINAL

_BY_MESSAGE: tuple[tuple[re.Pattern[str], Failure], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), Failure(reason, failure_class))
    for pattern, reason, failure_class in (
        (r"member of the same organization", Reason.NOT_SAME_ORGANIZATION, _W),
        (r"cross-account copy feature is not enabled", Reason.FEATURE_NOT_ENABLED, _W),
        (r"retention specified in the job is not within", Reason.RETENTION_REFUSED, _W),
        (r"encrypted with the default backup service managed key", Reason.VAULT_KEY_UNSUITABLE, _W),
        (r"require a user-created backup vault and key at destination", Reason.VAULT_KEY_UNSUITABLE, _W),
        (r"aws managed key can.t be shared|ebs default key cannot be shared", Reason.AWS_MANAGED_KEY, _T),
        (r"images from aws marketplace", Reason.UNSUPPORTED_COPY, _T),
        (r"feature is not supported for provided resource type", Reason.UNSUPPORTED_COPY, _T),
        (r"unsupported resource type", Reason.UNSUPPORTED_COPY, _T),
        (r"snapshot requires a target option group", Reason.UNSUPPORTED_COPY, _W),
        # Who lacks the right decides: the key's own policy, or what the copy role may do.
        (r"AWSServiceRoleForBackup\S{0,100} is not authorized to perform:? kms:", Reason.KEY_NOT_SHARED, _W),
        (r"no resource-based policy allows the kms:", Reason.KEY_NOT_SHARED, _W),
        (r"is not authorized to perform:? ", Reason.COPY_ROLE_DENIED, _W),
        (r"given key id|kms key", Reason.KEY_ACCESS_DENIED, _W),
        (r"access denied trying to call aws backup service", Reason.COPY_DENIED, _W),
        (r"cannot be assumed by aws backup", Reason.COPY_ROLE_DENIED, _W),
        (r"tag policy does not allow|tag polic(y|ies)", Reason.TAG_POLICY_REFUSED, _W),
        (r"cold storage|storage class cold", Reason.COLD_STORAGE, _T),
        (r"continuous", Reason.CONTINUOUS_BACKUP, _T),
        (
            r"in (status|state) \S+ cannot be|recovery point is not (completed|available)",
            Reason.NOT_COMPLETED,
            _T,
        ),
        (r"invalid lifecycle|deleteafterdays|movetocoldstorageafterdays", Reason.LIFECYCLE_REFUSED, _W),
        (r"too many copy jobs running|running job for the same resource", Reason.TOO_MANY_COPIES, _R),
        (r"50 (user )?tags", Reason.TOO_MANY_TAGS, _W),
        (
            r"subscriber limit exceeded|maximum allowed|cannot create more than|can have at most|quota of",
            Reason.QUOTA_EXCEEDED,
            _R,
        ),
        (r"token expired|internal error occurred|fatal error", Reason.SERVICE_FAILURE, _R),
        (
            r"not authorized|(does|do) not have (sufficient )?permission|missing permission|access denied",
            Reason.COPY_ROLE_DENIED,
            _W,
        ),
        (
            r"not in (the )?available state|instance is not in state|cannot snapshot volume|window configured",
            Reason.RESOURCE_STATE,
            _R,
        ),
        (r"vault \S+ does not exist", Reason.DESTINATION_VAULT_MISSING, _W),
        (r"source ami not found", Reason.COPY_ROLE_DENIED, _W),
        (
            r"does not exist|cannot find recovery point|could not find|not found|no longer available",
            Reason.SOURCE_GONE,
            _T,
        ),
    )
)
_BY_CATEGORY = {
    "ACCESS_DENIED": Failure(Reason.COPY_DENIED, _W),
    "CONCURRENT_JOB": Failure(Reason.TOO_MANY_COPIES, _R),
    "FEATURE_NOT_ENABLED": Failure(Reason.FEATURE_NOT_ENABLED, _W),
    "FATAL_ERROR": Failure(Reason.SERVICE_FAILURE, _R),
    "INVALID_LIFECYCLE": Failure(Reason.RETENTION_REFUSED, _W),
    "INVALID_STATE": Failure(Reason.RESOURCE_STATE, _R),
    "KMS_KEY_ERROR": Failure(Reason.KEY_ACCESS_DENIED, _W),
    "LIMIT_EXCEEDED": Failure(Reason.QUOTA_EXCEEDED, _R),
    "LOGICALLY_AIR_GAPPED_BACKUP_VAULT_NOT_SUPPORTED": Failure(Reason.UNSUPPORTED_COPY, _T),
    "RESOURCE_NOT_FOUND": Failure(Reason.SOURCE_GONE, _T),
    "RESOURCE_NOT_SUPPORTED": Failure(Reason.UNSUPPORTED_COPY, _T),
    "TOKEN_EXPIRED": Failure(Reason.SERVICE_FAILURE, _R),
    "UNSUPPORTED_OPERATION": Failure(Reason.UNSUPPORTED_COPY, _T),
}

TERMINAL_REASONS = frozenset(
    each.reason for each in (*(one for _, one in _BY_MESSAGE), *_BY_CATEGORY.values()) if each.failure_class is _T
) - frozenset(
    each.reason for each in (*(one for _, one in _BY_MESSAGE), *_BY_CATEGORY.values()) if each.failure_class is not _T
)
"""What fails for good whenever it fails for this reason."""

SOMEBODYS_REASONS = frozenset(
    each.reason for each in (*(one for _, one in _BY_MESSAGE), *_BY_CATEGORY.values()) if each.failure_class is _W
)
"""What time does not end: where nobody is called, what is seen behind it has come to be met, and the next try tells."""

_REFUSALS = {
    Reason.ACCESS_DENIED: Failure(Reason.ACCESS_DENIED, _W),
    Reason.NOT_FOUND: Failure(Reason.NOT_FOUND, _W),
    Reason.QUOTA_EXCEEDED: Failure(Reason.QUOTA_EXCEEDED, _W),
    Reason.REQUEST_REFUSED: Failure(Reason.REQUEST_REFUSED, _W),
}
"""How AWS refuses a single request for a copy; everything else is about the way into the account, or ends by itself."""


def classify_refusal(problem: Problem) -> Failure | None:
    """Understand why AWS would not even begin a copy job; None where the recovery point has nothing to do with it.

    AWS documents the names of StartCopyJob's errors and not their texts, so the texts of failed jobs are looked for;
    what a denial says is about the caller, though, and not about the copy role.
    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_StartCopyJob.html
    """
    if problem.reason is Reason.COPY_JOB_FORGOTTEN:
        return Failure(Reason.COPY_JOB_FORGOTTEN, FailureClass.RETRY)
    otherwise = _REFUSALS.get(problem.reason)
    if problem.error_class is ErrorClass.RETRY or problem.code is None or otherwise is None:
        return None
    if problem.reason is Reason.ACCESS_DENIED:
        return otherwise
    return _by_message(problem.said) or otherwise


def _by_message(message: str | None) -> Failure | None:
    return next((failure for pattern, failure in _BY_MESSAGE if message and pattern.search(message)), None)


def classify(message: str | None, category: str | None) -> Failure:
    """Understand a failed copy job: its StatusMessage first, its MessageCategory second.

    The category is too coarse to act on (ACCESS_DENIED covers the organization, the vault policy, the role and keys),
    so the texts decide (AWS Backup Developer Guide, reasons for problematic jobs).
    """
    unknown = Failure(Reason.UNKNOWN_FAILURE, FailureClass.RETRY)
    return _by_message(message) or _BY_CATEGORY.get(category or "", unknown)


def is_denial(message: str | None, category: str | None) -> bool:
    """Tell whether a copy job may have failed because its role was not let in, or may too little."""
    return category == "ACCESS_DENIED" or classify(message, category).reason in _DENIALS


_DENIALS = frozenset({Reason.COPY_DENIED, Reason.COPY_ROLE_DENIED})
