"""What AWS's texts about failed copy jobs mean."""

from __future__ import annotations

import pytest
from tests.unit.builders import TARGET_ARN

from crossvault.aspects.copies.failures import FailureClass, classify
from crossvault.words.reasons import Reason

RETRY, WAIT, TERMINAL = FailureClass.RETRY, FailureClass.WAIT, FailureClass.TERMINAL

TEXTS = [
    ("Access Denied trying to call AWS Backup service", Reason.COPY_DENIED, WAIT),
    ("You are not authorized to perform this operation.", Reason.COPY_ROLE_DENIED, WAIT),
    ("User: arn:aws:sts::111111111111:assumed-role/r/s is not authorized to perform: x", Reason.COPY_ROLE_DENIED, WAIT),
    ("Role arn:aws:iam::111111111111:role/r cannot be assumed by AWS Backup", Reason.COPY_ROLE_DENIED, WAIT),
    ("The role does not have permission to copy.", Reason.COPY_ROLE_DENIED, WAIT),
    ("The role is missing permission ec2:CopySnapshot.", Reason.COPY_ROLE_DENIED, WAIT),
    ("Access denied exception while trying to list tags", Reason.COPY_ROLE_DENIED, WAIT),
    (
        "IAM Role arn:aws:iam::111111111111:role/r does not have sufficient permissions to execute the backup.",
        Reason.COPY_ROLE_DENIED,
        WAIT,
    ),
    (
        "Copy job failed. Both source and destination account must be a member of the same organization.",
        Reason.NOT_SAME_ORGANIZATION,
        WAIT,
    ),
    (
        "Access denied: Copy job failed. Both source and destination account must be a member of the same organization",
        Reason.NOT_SAME_ORGANIZATION,
        WAIT,
    ),
    (
        (
            "Copy job failed because the destination Backup vault is encrypted with the default Backup service "
            "managed key. The contents of this vault cannot be copied. Only the contents of a Backup vault "
            "encrypted by an AWS KMS key may be copied."
        ),
        Reason.VAULT_KEY_UNSUITABLE,
        WAIT,
    ),
    (
        "Snapshots encrypted with the AWS managed key can't be shared. Specify another snapshot.",
        Reason.AWS_MANAGED_KEY,
        TERMINAL,
    ),
    ("Encrypted snapshots with Amazon EBS default key cannot be shared", Reason.AWS_MANAGED_KEY, TERMINAL),
    ("Images from AWS Marketplace cannot be copied to another AWS account.", Reason.UNSUPPORTED_COPY, TERMINAL),
    ("There are too many copy jobs running for resource.", Reason.TOO_MANY_COPIES, RETRY),
    ("Backup job failed because there was a running job for the same resource.", Reason.TOO_MANY_COPIES, RETRY),
    (
        "Copy job failed. Cross-account copy feature is not enabled for the current organization.",
        Reason.FEATURE_NOT_ENABLED,
        WAIT,
    ),
    (
        (
            "Copy job failed. The retention specified in the job is not within the range specified for the target "
            "Backup Vault."
        ),
        Reason.RETENTION_REFUSED,
        WAIT,
    ),
    (
        "KMS key is either disabled or pending deletion or access to KMS key is denied",
        Reason.KEY_ACCESS_DENIED,
        WAIT,
    ),
    ("Given key ID is not accessible", Reason.KEY_ACCESS_DENIED, WAIT),
    (
        (
            "AMI snapshot copy failed with error: Given key ID is not accessible. You must have DescribeKey "
            "permissions on the default CMK"
        ),
        Reason.KEY_ACCESS_DENIED,
        WAIT,
    ),
    (
        (
            "The source snapshot KMS key [arn:aws:kms:eu-west-1:111111111111:key/x] does not exist, is not enabled or "
            "you do not have permissions to access it."
        ),
        Reason.KEY_ACCESS_DENIED,
        WAIT,
    ),
    ("Given key ID does not exist", Reason.KEY_ACCESS_DENIED, WAIT),
    (
        (
            "User: arn:aws:sts::111111111111:assumed-role/copy-role/AWSBackup is not authorized to perform: "
            "kms:CreateGrant on resource: arn:aws:kms:eu-west-1:111111111111:key/x because no identity-based policy "
            "allows the kms:CreateGrant action"
        ),
        Reason.COPY_ROLE_DENIED,
        WAIT,
    ),
    (
        (
            "User: arn:aws:sts::111111111111:assumed-role/copy-role/AWSBackup is not authorized to perform: "
            "kms:DescribeKey on resource: arn:aws:kms:eu-west-1:111111111111:key/x because no resource-based policy "
            "allows the kms:DescribeKey action"
        ),
        Reason.KEY_NOT_SHARED,
        WAIT,
    ),
    (
        (
            "User: arn:aws:sts::222222222222:assumed-role/AWSServiceRoleForBackup/x is not authorized to perform: "
            "kms:Decrypt on resource: arn:aws:kms:eu-west-1:111111111111:key/x"
        ),
        Reason.KEY_NOT_SHARED,
        WAIT,
    ),
    ("Could not find resource", Reason.SOURCE_GONE, TERMINAL),
    ("Could not find cryopod", Reason.SOURCE_GONE, TERMINAL),
    ("Cannot find recovery point", Reason.SOURCE_GONE, TERMINAL),
    ("The resource not found", Reason.SOURCE_GONE, TERMINAL),
    ("The snapshot is no longer available", Reason.SOURCE_GONE, TERMINAL),
    ("Snapshot snap-1 does not exist.", Reason.SOURCE_GONE, TERMINAL),
    (f"Copy job failed because backup vault {TARGET_ARN} does not exist.", Reason.DESTINATION_VAULT_MISSING, WAIT),
    ("Source AMI not found in Region", Reason.COPY_ROLE_DENIED, WAIT),
    ("Subscriber limit exceeded: You have reached the maximum concurrent number.", Reason.QUOTA_EXCEEDED, RETRY),
    ("Maximum allowed active snapshot limit exceeded.", Reason.QUOTA_EXCEEDED, RETRY),
    ("Maximum allowed in-progress snapshots for a single volume exceeded.", Reason.QUOTA_EXCEEDED, RETRY),
    ("Cannot create more than 20 user snapshots", Reason.QUOTA_EXCEEDED, RETRY),
    ("You have reached your quota of 50,000 for the number of images allowed.", Reason.QUOTA_EXCEEDED, RETRY),
    ("A file system can have at most 500 backups", Reason.QUOTA_EXCEEDED, RETRY),
    ("The resultant tag set must not have more than 50 user tags.", Reason.TOO_MANY_TAGS, WAIT),
    ("More than 50 tags specified", Reason.TOO_MANY_TAGS, WAIT),
    ("Token expired. Try again.", Reason.SERVICE_FAILURE, RETRY),
    (
        (
            "UnsupportedOperation : Storage Gateway backup copies require a user-created backup vault and key "
            "at destination."
        ),
        Reason.VAULT_KEY_UNSUITABLE,
        WAIT,
    ),
    (
        (
            "Copy job from us-west-2 to us-east-1 cannot be initiated for RDS resources. Feature is not supported "
            "for provided resource type."
        ),
        Reason.UNSUPPORTED_COPY,
        TERMINAL,
    ),
    ("Unsupported resource type", Reason.UNSUPPORTED_COPY, TERMINAL),
    ("Instance is not in state available", Reason.RESOURCE_STATE, RETRY),
    ("The cluster is not in the available state", Reason.RESOURCE_STATE, RETRY),
    ("The cluster is not in available state", Reason.RESOURCE_STATE, RETRY),
    ("Cannot snapshot volume vol-1", Reason.RESOURCE_STATE, RETRY),
    (
        "could not start because it is either inside or too close to the weekly maintenance window configured",
        Reason.RESOURCE_STATE,
        RETRY,
    ),
    ("An internal error occurred.", Reason.SERVICE_FAILURE, RETRY),
    ("Copy job encountered a fatal error. Please contact AWS Support.", Reason.SERVICE_FAILURE, RETRY),
    ("The snapshot requires a target option group with the following options: X", Reason.UNSUPPORTED_COPY, WAIT),
    ("You do not have permission to access the storage of this ami.", Reason.COPY_ROLE_DENIED, WAIT),
]


@pytest.mark.parametrize(("text", "reason", "failure_class"), [pytest.param(*row, id=row[0][:60]) for row in TEXTS])
def test_every_documented_text_has_its_reason_and_class(text: str, reason: Reason, failure_class: FailureClass) -> None:
    """The text decides alone, in any case, and whatever the category says."""
    for written, category in ((text, None), (text.upper(), "MISCELLANEOUS"), (f"  {text}\n", "FATAL_ERROR")):
        failure = classify(written, category)

        assert (failure.reason, failure.failure_class) == (reason, failure_class)


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
