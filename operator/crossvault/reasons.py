"""Every reason, once: the same word stands in conditions, events, metrics, the CLI and the documentation.

``EXPLANATIONS`` is the source of ``docs/reference/reasons.md``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why a condition, an event, a prerequisite or a recovery point is as it is."""

    # Ready
    PROTECTED = "Protected"
    CATCHING_UP = "CatchingUp"
    OBJECTIVE_MISSED = "ObjectiveMissed"
    DRIFTED = "Drifted"
    PREREQUISITE_UNMET = "PrerequisiteUnmet"
    COPIES_FAILING = "CopiesFailing"
    CANNOT_OBSERVE = "CannotObserve"
    INVALID_SPEC = "InvalidSpec"
    ACCOUNT_NOT_FOUND = "AccountNotFound"
    # The other conditions
    ALL_MET = "AllMet"
    IN_SYNC = "InSync"
    NO_FAILURES = "NoFailures"
    WITHIN_OBJECTIVE = "WithinObjective"
    NO_OBJECTIVE = "NoObjective"
    SUSPENDED = "Suspended"
    COPYING = "Copying"
    # Accounts
    VERIFIED = "Verified"
    ASSUME_ROLE_DENIED = "AssumeRoleDenied"
    EXTERNAL_ID_REFUSED = "ExternalIdRefused"
    ROLE_NOT_FOUND = "RoleNotFound"
    WRONG_ACCOUNT = "WrongAccount"
    NO_CREDENTIALS = "NoCredentials"
    CREDENTIALS_EXPIRED = "CredentialsExpired"
    CREDENTIALS_REFUSED = "CredentialsRefused"
    # Looking at AWS
    ACCESS_DENIED = "AccessDenied"
    THROTTLED = "Throttled"
    SERVICE_UNAVAILABLE = "ServiceUnavailable"
    TIMED_OUT = "TimedOut"
    UNREACHABLE = "Unreachable"
    REQUEST_REFUSED = "RequestRefused"
    NOT_FOUND = "NotFound"
    CHANGED_MEANWHILE = "ChangedMeanwhile"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    UNEXPECTED_ANSWER = "UnexpectedAnswer"
    INTERNAL_ERROR = "InternalError"
    # Prerequisites
    DIFFERENT_ORGANIZATION = "DifferentOrganization"
    NO_ORGANIZATION = "NoOrganization"
    CROSS_ACCOUNT_BACKUP_OFF = "CrossAccountBackupOff"
    SOURCE_VAULT_MISSING = "SourceVaultMissing"
    DESTINATION_VAULT_MISSING = "DestinationVaultMissing"
    DEFAULT_VAULT = "DefaultVault"
    AWS_MANAGED_VAULT_KEY = "AwsManagedVaultKey"
    KEY_NOT_FOUND = "KeyNotFound"
    KEY_NOT_USABLE = "KeyNotUsable"
    VAULT_POLICY_MISSING = "VaultPolicyMissing"
    VAULT_POLICY_UNCLEAR = "VaultPolicyUnclear"
    VAULT_POLICY_DENIES = "VaultPolicyDenies"
    RETENTION_OUT_OF_BOUNDS = "RetentionOutOfBounds"
    # Recovery points
    CONTINUOUS_BACKUP = "ContinuousBackup"
    COLD_STORAGE = "ColdStorage"
    EXPIRING = "Expiring"
    NOT_COMPLETED = "NotCompleted"
    TYPE_NOT_SUPPORTED = "TypeNotSupported"
    BUDGET = "Budget"
    RESOURCE_BUSY = "ResourceBusy"
    BACKING_OFF = "BackingOff"
    HELD = "Held"
    QUEUED = "Queued"
    # Failed copy jobs
    NOT_SAME_ORGANIZATION = "NotSameOrganization"
    FEATURE_NOT_ENABLED = "FeatureNotEnabled"
    COPY_DENIED = "CopyDenied"
    COPY_ROLE_DENIED = "CopyRoleDenied"
    KEY_NOT_SHARED = "KeyNotShared"
    AWS_MANAGED_KEY = "AwsManagedKey"
    VAULT_KEY_UNSUITABLE = "VaultKeyUnsuitable"
    RETENTION_REFUSED = "RetentionRefused"
    TOO_MANY_COPIES = "TooManyCopies"
    QUOTA_EXCEEDED = "QuotaExceeded"
    TOO_MANY_TAGS = "TooManyTags"
    RESOURCE_STATE = "ResourceState"
    SOURCE_GONE = "SourceGone"
    UNSUPPORTED_COPY = "UnsupportedCopy"
    SERVICE_FAILURE = "ServiceFailure"
    COPY_PARTIAL = "CopyPartial"
    COPY_VANISHED = "CopyVanished"
    UNKNOWN_FAILURE = "UnknownFailure"
    # What we did
    VAULT_CREATED = "VaultCreated"
    VAULT_POLICY_UPDATED = "VaultPolicyUpdated"
    DRIFT_CORRECTED = "DriftCorrected"
    COPIES_STARTED = "CopiesStarted"
    COPY_COMPLETED = "CopyCompleted"
    ACTION_FAILED = "ActionFailed"
    DELETION_RETAINED = "DeletionRetained"
    DELETION_REMOVED = "DeletionRemoved"
    DELETION_INCOMPLETE = "DeletionIncomplete"


class Explanation(NamedTuple):
    """What a reason means, who acts, and how."""

    meaning: str
    who: str
    remedy: str
