"""What AWS's texts about failed copy jobs mean."""

from __future__ import annotations

import pytest
from tests.kit import recorded

from crossvault.aspects.copies.failures import FailureClass, classify
from crossvault.words.reasons import Reason

RETRY, WAIT, TERMINAL = FailureClass.RETRY, FailureClass.WAIT, FailureClass.TERMINAL

EXPECTED = {
    "vault-access-denied": (Reason.COPY_DENIED, WAIT),
    "vault-access-denied-with-a-dot": (Reason.COPY_DENIED, WAIT),
    "service-not-authorized": (Reason.COPY_ROLE_DENIED, WAIT),
    "access-denied": (Reason.COPY_ROLE_DENIED, WAIT),
    "not-authorized-to": (Reason.COPY_ROLE_DENIED, WAIT),
    "role-not-assumed": (Reason.COPY_ROLE_DENIED, WAIT),
    "no-permission": (Reason.COPY_ROLE_DENIED, WAIT),
    "missing-permission": (Reason.COPY_ROLE_DENIED, WAIT),
    "tags-not-listed": (Reason.COPY_ROLE_DENIED, WAIT),
    "role-insufficient": (Reason.COPY_ROLE_DENIED, WAIT),
    "role-may-not": (Reason.COPY_ROLE_DENIED, WAIT),
    "role-may-not-use-key": (Reason.COPY_ROLE_DENIED, WAIT),
    "key-does-not-let-role-in": (Reason.KEY_NOT_SHARED, WAIT),
    "key-does-not-let-service-in": (Reason.KEY_NOT_SHARED, WAIT),
    "organization": (Reason.NOT_SAME_ORGANIZATION, WAIT),
    "organization-without-a-dot": (Reason.NOT_SAME_ORGANIZATION, WAIT),
    "organization-with-a-prefix": (Reason.NOT_SAME_ORGANIZATION, WAIT),
    "toggle-off": (Reason.FEATURE_NOT_ENABLED, WAIT),
    "service-key-at-the-destination": (Reason.VAULT_KEY_UNSUITABLE, WAIT),
    "storage-gateway": (Reason.VAULT_KEY_UNSUITABLE, WAIT),
    "managed-key": (Reason.AWS_MANAGED_KEY, TERMINAL),
    "managed-key-of-ebs": (Reason.AWS_MANAGED_KEY, TERMINAL),
    "marketplace-image": (Reason.UNSUPPORTED_COPY, TERMINAL),
    "combination": (Reason.UNSUPPORTED_COPY, TERMINAL),
    "combination-of-rds": (Reason.UNSUPPORTED_COPY, TERMINAL),
    "unsupported-type": (Reason.UNSUPPORTED_COPY, TERMINAL),
    "option-group": (Reason.UNSUPPORTED_COPY, WAIT),
    "too-many-copies": (Reason.TOO_MANY_COPIES, RETRY),
    "running-job": (Reason.TOO_MANY_COPIES, RETRY),
    "vault-lock": (Reason.RETENTION_REFUSED, WAIT),
    "key-state": (Reason.KEY_ACCESS_DENIED, WAIT),
    "key-not-accessible": (Reason.KEY_ACCESS_DENIED, WAIT),
    "key-of-an-image": (Reason.KEY_ACCESS_DENIED, WAIT),
    "key-of-an-image-in-2022": (Reason.KEY_ACCESS_DENIED, WAIT),
    "kms-key": (Reason.KEY_ACCESS_DENIED, WAIT),
    "source-key-of-rds": (Reason.KEY_ACCESS_DENIED, WAIT),
    "target-key-of-rds": (Reason.KEY_ACCESS_DENIED, WAIT),
    "key-does-not-exist": (Reason.KEY_ACCESS_DENIED, WAIT),
    "does-not-exist": (Reason.SOURCE_GONE, TERMINAL),
    "no-resource": (Reason.SOURCE_GONE, TERMINAL),
    "no-cryopod": (Reason.SOURCE_GONE, TERMINAL),
    "no-recovery-point": (Reason.SOURCE_GONE, TERMINAL),
    "resource-not-found": (Reason.SOURCE_GONE, TERMINAL),
    "no-longer-available": (Reason.SOURCE_GONE, TERMINAL),
    "vault-does-not-exist": (Reason.DESTINATION_VAULT_MISSING, WAIT),
    "image-not-allowed": (Reason.COPY_ROLE_DENIED, WAIT),
    "storage-of-an-image": (Reason.COPY_ROLE_DENIED, WAIT),
    "subscriber-limit": (Reason.QUOTA_EXCEEDED, RETRY),
    "subscriber-limit-in-short": (Reason.QUOTA_EXCEEDED, RETRY),
    "active-snapshots": (Reason.QUOTA_EXCEEDED, RETRY),
    "snapshots-of-a-volume": (Reason.QUOTA_EXCEEDED, RETRY),
    "user-snapshots": (Reason.QUOTA_EXCEEDED, RETRY),
    "images-of-a-region": (Reason.QUOTA_EXCEEDED, RETRY),
    "at-most": (Reason.QUOTA_EXCEEDED, RETRY),
    "too-many-tags": (Reason.TOO_MANY_TAGS, WAIT),
    "more-than-50-tags": (Reason.TOO_MANY_TAGS, WAIT),
    "token-expired": (Reason.SERVICE_FAILURE, RETRY),
    "internal-error": (Reason.SERVICE_FAILURE, RETRY),
    "fatal-error": (Reason.SERVICE_FAILURE, RETRY),
    "fatal-error-with-advice": (Reason.SERVICE_FAILURE, RETRY),
    "instance-state": (Reason.RESOURCE_STATE, RETRY),
    "not-in-the-available-state": (Reason.RESOURCE_STATE, RETRY),
    "not-in-available-state": (Reason.RESOURCE_STATE, RETRY),
    "volume-busy": (Reason.RESOURCE_STATE, RETRY),
    "maintenance-window": (Reason.RESOURCE_STATE, RETRY),
    "backup-window": (Reason.RESOURCE_STATE, RETRY),
}
BY_CATEGORY = {"is-invalid", "air-gapped"}
"""What says too little to decide by itself: the category does."""


@pytest.mark.parametrize("name", EXPECTED)
def test_every_recorded_text_has_its_reason_and_class(name: str) -> None:
    """The text decides alone, in any case, whatever the category says, and whatever stands around a part of one."""
    said = recorded.copy_failures()[name]
    around = [f"Resource x of account 111111111111: {said.text} (request 1)."] if said.form == "part" else []
    for written in (said.text, said.text.upper(), f"  {said.text}\n", *around):
        for category in (None, "MISCELLANEOUS", "FATAL_ERROR", said.category):
            failure = classify(written, category)

            assert (failure.reason, failure.failure_class) == EXPECTED[name]


def test_no_recorded_text_is_forgotten() -> None:
    """Every job that ended in failure, by its text or by its category."""
    failed = {said.name for said in recorded.copy_failures().values() if said.ending == "FAILED"}

    assert failed == EXPECTED.keys() | BY_CATEGORY
    for name in BY_CATEGORY:
        said = recorded.copy_failures()[name]
        assert classify(said.text, None) == classify(None, None)
        assert classify(said.text, said.category).failure_class is TERMINAL


@pytest.mark.parametrize(
    ("category", "reason", "failure_class"),
    [
        ("ACCESS_DENIED", Reason.COPY_DENIED, WAIT),
        ("CONCURRENT_JOB", Reason.TOO_MANY_COPIES, RETRY),
        ("FEATURE_NOT_ENABLED", Reason.FEATURE_NOT_ENABLED, WAIT),
        ("FATAL_ERROR", Reason.SERVICE_FAILURE, RETRY),
        ("INVALID_LIFECYCLE", Reason.RETENTION_REFUSED, WAIT),
        ("INVALID_STATE", Reason.RESOURCE_STATE, RETRY),
        ("KMS_KEY_ERROR", Reason.KEY_ACCESS_DENIED, WAIT),
        ("LIMIT_EXCEEDED", Reason.QUOTA_EXCEEDED, RETRY),
        ("LOGICALLY_AIR_GAPPED_BACKUP_VAULT_NOT_SUPPORTED", Reason.UNSUPPORTED_COPY, TERMINAL),
        ("RESOURCE_NOT_FOUND", Reason.SOURCE_GONE, TERMINAL),
        ("RESOURCE_NOT_SUPPORTED", Reason.UNSUPPORTED_COPY, TERMINAL),
        ("TOKEN_EXPIRED", Reason.SERVICE_FAILURE, RETRY),
        ("UNSUPPORTED_OPERATION", Reason.UNSUPPORTED_COPY, TERMINAL),
        ("MISCELLANEOUS", Reason.UNKNOWN_FAILURE, RETRY),
        ("A_CATEGORY_OF_TOMORROW", Reason.UNKNOWN_FAILURE, RETRY),
        (None, Reason.UNKNOWN_FAILURE, RETRY),
    ],
)
@pytest.mark.parametrize("text", [None, "", "Something that nobody has seen."])
def test_an_unknown_text_falls_back_to_its_category(
    text: str | None, category: str | None, reason: Reason, failure_class: FailureClass
) -> None:
    """Without a known text the category decides, and without either time may help."""
    failure = classify(text, category)

    assert (failure.reason, failure.failure_class) == (reason, failure_class)
