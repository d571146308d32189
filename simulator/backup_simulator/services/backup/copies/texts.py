"""The words of failed and refused copies, as AWS writes them, and the table of all that AWS documents.

Sources: the Developer Guide's dashboards page ("reasons for problematic jobs") and users' reports.
Those marked *assumed* have no public source.
"""

from __future__ import annotations

from dataclasses import dataclass

ORGANIZATION = "Copy job failed. Both source and destination account must be a member of the same organization."
TOGGLE = "Copy job failed. Cross-account copy feature is not enabled for the current organization."
ACCESS = "Access Denied trying to call AWS Backup service"
UNAUTHORIZED = "You are not authorized to perform this operation."
TAGS_HIDDEN = "Access denied exception while trying to list tags"
SERVICE_KEY = (
    "Copy job failed because the destination Backup vault is encrypted with the default Backup service managed key. "
    "The contents of this vault cannot be copied. "
    "Only the contents of a Backup vault encrypted by an AWS KMS key may be copied."
)
GATEWAY = (
    "UnsupportedOperation : Storage Gateway backup copies require a user-created backup vault and key at destination."
)
UNSUPPORTED = (
    "Copy job from {source} to {destination} cannot be initiated for {type} resources. "
    "Feature is not supported for provided resource type."
)
EBS_DEFAULT_KEY = "Encrypted snapshots with Amazon EBS default key cannot be shared"
MANAGED_KEY = "Snapshots encrypted with the AWS managed key can't be shared. Specify another snapshot."
MARKETPLACE = "Images from AWS Marketplace cannot be copied to another AWS account."
IMAGE_HIDDEN = "Source AMI not found in Region"
CROWDED = "There are too many copy jobs running for resource."
LOCK = (
    "Copy job failed. The retention specified in the job is not within the range specified for the target Backup Vault."
)
KEY_STATE = "KMS key is either disabled or pending deletion or access to KMS key is denied"
KEY_CLOSED = "Given key ID is not accessible"
KEY_GONE = "Given key ID does not exist"
IMAGE_KEY = (
    "AMI snapshot copy failed with error: Given key ID is not accessible. "
    "You must have DescribeKey permissions on the default key"
)
RDS_SOURCE_KEY = (
    "The source snapshot KMS key [{key}] does not exist, is not enabled or you do not have permissions to access it."
)
RDS_TARGET_KEY = (
    "The target KMS key [{key}] does not exist, is not enabled or you do not have permissions to access it."
)
OPTION_GROUP = "The snapshot requires a target option group with the following options: {options}"
TOO_MANY_TAGS = "The resultant tag set must not have more than 50 user tags."
TAG_FORBIDDEN = "The tag policy does not allow the specified value for the following tag key: '{key}'."
UNSHARED = "Failed to unshare snapshot"
ROLE = "IAM Role {role} cannot be assumed by AWS Backup"
NO_POINT = "Cannot find recovery point"
INSUFFICIENT = "Insufficient privileges to perform this action."

# ours: what a parent says whose nested jobs vanished without a trace (an ordered outcome)
VANISHED = "Copy job failed. A nested copy job is gone."

# assumed
NEVER_COPIED = "Copy job failed. Unsupported resource type: {type}"
AIR_GAPPED = "Copy job failed. Logically air-gapped backup vaults do not take recovery points of {type}."
CONTINUOUS = "Copy of a continuous recovery point is not supported."
COLD = "Recovery point in cold storage cannot be copied."
UNFINISHED = "Recovery point in status {status} cannot be copied."
CLUSTER_STATE = "The cluster state of an EKS backup cannot be copied without its composite recovery point."
FOREIGN_ROLE = "Cross-account pass role is not allowed."


@dataclass(frozen=True, slots=True)
class Documented:
    """One row of what AWS documents about failed copies.

    `rule` names the rule that brings the text about; None is a failure of the service, which a world orders under
    `outcomes`. `fragment` texts are parts of what AWS writes; what is around them here is ours.
    """

    name: str
    category: str
    text: str
    rule: str | None = None
    ending: str = "FAILED"
    fragment: bool = False


MANAGED, CLOSED = "source key managed by AWS", "source key does not admit who copies"
UNUSABLE = "source key unusable"

DOCUMENTED: tuple[Documented, ...] = (
    Documented("vault policy or role", "ACCESS_DENIED", ACCESS, "destination vault missing, or it or the role refuses"),
    Documented(
        "service permission", "ACCESS_DENIED", UNAUTHORIZED, "role lacks a right in the service of the resource"
    ),
    Documented("tags hidden", "ACCESS_DENIED", TAGS_HIDDEN, "role may not list tags"),
    Documented(
        "role untrusting", "ACCESS_DENIED", "cannot be assumed by AWS Backup", "role cannot be assumed", fragment=True
    ),
    Documented("fragment not authorized", "ACCESS_DENIED", "not authorized to", fragment=True),
    Documented("fragment no permission", "ACCESS_DENIED", "does not have permission", fragment=True),
    Documented("fragment missing permission", "ACCESS_DENIED", "missing permission", fragment=True),
    Documented("organization", "ACCESS_DENIED", ORGANIZATION, "not one organization"),
    Documented("aws/backup at the destination", "ACCESS_DENIED", SERVICE_KEY, "aws/backup at the destination"),
    Documented("default vault", "ACCESS_DENIED", SERVICE_KEY, "default vault"),
    Documented("managed key of a snapshot", "ACCESS_DENIED", MANAGED_KEY, MANAGED),
    Documented("managed key of EBS", "ACCESS_DENIED", EBS_DEFAULT_KEY, MANAGED),
    Documented("Marketplace image", "ACCESS_DENIED", MARKETPLACE, "image from the Marketplace"),
    Documented("too many copies", "CONCURRENT_JOB", CROWDED, "too many copies of the resource"),
    Documented("toggle", "FEATURE_NOT_ENABLED", TOGGLE, "toggle off"),
    Documented("vault lock", "INVALID_LIFECYCLE", LOCK, "retention outside the vault lock"),
    Documented("key state", "KMS_KEY_ERROR", KEY_STATE, UNUSABLE),
    Documented("key closed", "KMS_KEY_ERROR", KEY_CLOSED, CLOSED),
    Documented("key of an image", "KMS_KEY_ERROR", IMAGE_KEY, CLOSED),
    Documented("key of RDS", "KMS_KEY_ERROR", "The source snapshot KMS key [", CLOSED, fragment=True),
    Documented(
        "target key of RDS",
        "KMS_KEY_ERROR",
        "The target KMS key [",
        "destination key does not admit who copies",
        fragment=True,
    ),
    Documented("key deleted", "RESOURCE_NOT_FOUND", KEY_GONE, "source key deleted"),
    Documented(
        "recovery point deleted", "RESOURCE_NOT_FOUND", NO_POINT, "recovery point deleted meanwhile", fragment=True
    ),
    Documented("image not allowed", "RESOURCE_NOT_FOUND", IMAGE_HIDDEN, "image not allowed in the destination"),
    Documented("fragment no resource", "RESOURCE_NOT_FOUND", "Could not find resource", fragment=True),
    Documented("fragment no cryopod", "RESOURCE_NOT_FOUND", "Could not find cryopod", fragment=True),
    Documented("fragment resource not found", "RESOURCE_NOT_FOUND", "resource not found", fragment=True),
    Documented("fragment no longer available", "RESOURCE_NOT_FOUND", "no longer available", fragment=True),
    Documented("fragment is invalid", "RESOURCE_NOT_FOUND", "is invalid", fragment=True),
    Documented(
        "subscriber limit",
        "LIMIT_EXCEEDED",
        "Subscriber limit exceeded: You have reached the maximum concurrent number of backups, which is 300. "
        "Wait until other jobs finish, and try again. You can also reach out to Support to request a quota increase.",
    ),
    Documented("snapshot limit", "LIMIT_EXCEEDED", "Maximum allowed active snapshot limit exceeded."),
    Documented(
        "snapshots of a volume", "LIMIT_EXCEEDED", "Maximum allowed in-progress snapshots for a single volume exceeded."
    ),
    Documented("user snapshots", "LIMIT_EXCEEDED", "Cannot create more than 20 user snapshots"),
    Documented(
        "images of a Region",
        "LIMIT_EXCEEDED",
        "You have reached your quota of 50,000 for the number of public and private images allowed in this Region. "
        "Deregister unused images, or request an increase in your AMI quota.",
    ),
    Documented("fragment can have at most", "LIMIT_EXCEEDED", "can have at most", fragment=True),
    Documented("fragment more than 50 tags", "LIMIT_EXCEEDED", "More than 50 tags specified", fragment=True),
    Documented("too many tags", "LIMIT_EXCEEDED", TOO_MANY_TAGS, "too many tags"),
    Documented(
        "tags lost",
        "TAG_COPY_ERROR",
        "We are unable to copy resource tags to your backup because of the Internal Failure.",
        ending="COMPLETED",
    ),
    Documented(
        "tags of an unavailable point",
        "TAG_COPY_ERROR",
        "We are unable to copy resource tags to your backup because source or destination recovery point is "
        "unavailable",
        ending="COMPLETED",
    ),
    Documented("token expired", "TOKEN_EXPIRED", "Token expired. Try again."),
    Documented("Storage Gateway", "UNSUPPORTED_OPERATION", GATEWAY, "Storage Gateway into aws/backup"),
    Documented(
        "combination of type and Region",
        "UNSUPPORTED_OPERATION",
        "Feature is not supported for provided resource type.",
        "type cannot be copied so",
        fragment=True,
    ),
    Documented(
        "type without copies",
        "RESOURCE_NOT_SUPPORTED",
        "Unsupported resource type",
        "type is never copied",
        fragment=True,
    ),
    Documented(
        "air-gapped vault",
        "LOGICALLY_AIR_GAPPED_BACKUP_VAULT_NOT_SUPPORTED",
        "Logically air-gapped",
        "type cannot enter an air-gapped vault",
        fragment=True,
    ),
    Documented("instance state", "INVALID_STATE", "Instance is not in state", fragment=True),
    Documented("not in the available state", "INVALID_STATE", "not in the available state", fragment=True),
    Documented("not in available state", "INVALID_STATE", "not in available state", fragment=True),
    Documented("volume busy", "INVALID_STATE", "Cannot snapshot volume", fragment=True),
    Documented("internal error", "FATAL_ERROR", "An internal error occurred."),
    Documented("fatal error", "FATAL_ERROR", "Copy job encountered a fatal error."),
    Documented(
        "fatal error with advice",
        "FATAL_ERROR",
        "Copy job encountered a fatal error. Please contact AWS Support for further assistance.",
    ),
    Documented(
        "option group",
        "MISCELLANEOUS",
        "The snapshot requires a target option group with the following options:",
        "option group missing at the destination",
        fragment=True,
    ),
    Documented("storage of an image", "MISCELLANEOUS", "You do not have permission to access the storage of this ami."),
    Documented("role deleted while copying", "MISCELLANEOUS", UNSHARED, "role gone", ending="COMPLETED"),
)
