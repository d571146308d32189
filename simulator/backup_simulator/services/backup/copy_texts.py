"""The words of failed and refused copies, as AWS writes them (facts §6, recorded/failure-messages.tsv).

Those marked *assumed* have no public source.
"""

from __future__ import annotations

ORGANIZATION = "Copy job failed. Both source and destination account must be a member of the same organization."
TOGGLE = "Copy job failed. Cross-account copy feature is not enabled for the current organization."
ACCESS = "Access Denied trying to call AWS Backup service"
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
KEY_STATE = "KMS key is either disabled or pending deletion or access to KMS key is denied"
LOCK = (
    "Copy job failed. The retention specified in the job is not within the range specified for the target Backup Vault."
)
ROLE = "IAM Role {role} cannot be assumed by AWS Backup"
NO_POINT = "Cannot find recovery point"
INSUFFICIENT = "Insufficient privileges to perform this action."

# assumed
CONTINUOUS = "Copy of a continuous recovery point is not supported."
COLD = "Recovery point in cold storage cannot be copied."
UNFINISHED = "Recovery point in status {status} cannot be copied."
FOREIGN_ROLE = "Cross-account pass role is not allowed."
