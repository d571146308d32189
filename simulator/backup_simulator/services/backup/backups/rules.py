"""Everything that can go wrong with a backup job, as one table: what, when, with which words and MessageCategory.

START rows fail a job as it leaves CREATED, END rows after it ran. The words are in `texts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ....policies import tag_policies
from ....records import organization, resource_types, resources
from ... import tag_rules
from .. import job_rules, lives, regional
from ..copies import texts as copy_texts
from ..job_rules import Rule
from . import primary, roles, texts

if TYPE_CHECKING:
    from ....records.backups import BackupJob
    from ....records.resource_types import ResourceType
    from ....records.resources import Resource
    from ....records.state import State, Vault
    from ..lives import Ending

NEEDED = {
    "EBS": "ec2:CreateSnapshot",
    "EC2": "ec2:CreateImage",
    "S3": "s3:GetBucketVersioning",
    "EFS": "elasticfilesystem:Backup",
    "RDS": "rds:CreateDBSnapshot",
    "Aurora": "rds:CreateDBClusterSnapshot",
    "DocumentDB": "rds:CreateDBClusterSnapshot",
    "Neptune": "rds:CreateDBClusterSnapshot",
    "DSQL": "dsql:StartBackupJob",
    "DynamoDB": "dynamodb:StartAwsBackupJob",
    "FSx": "fsx:CreateBackup",
    "Storage Gateway": "storagegateway:CreateSnapshot",
    "Timestream": "timestream:StartAwsBackupJob",
    "VirtualMachine": "backup-gateway:Backup",
    "SAP HANA on Amazon EC2": "ssm-sap:BackupDatabase",
    "EKS": "eks:DescribeCluster",
    "CloudFormation": "cloudformation:GetTemplate",
    "Redshift": "redshift:CreateClusterSnapshot",
    "Redshift Serverless": "redshift-serverless:CreateSnapshot",
}
"""The action that stands for a type's permissions in AWSBackupServiceRolePolicyForBackup and …ForS3Backup."""


class Moment(StrEnum):
    """When a rule speaks."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A backup under way."""

    state: State
    job: BackupJob

    def named(self) -> dict[str, object]:
        """What the backup names, by ARN; None is what is not there."""
        job = self.job
        return {
            job.vault_arn: self.vault,
            job.resource_arn: self.resource,
            job.role_arn: self.state.role(job.role_arn),
        }

    @property
    def vault(self) -> Vault | None:
        """The vault it backs up to."""
        return self.state.accounts[self.job.account].region(self.job.region).vaults.get(self.job.vault_name)

    @property
    def resource(self) -> Resource | None:
        """What it backs up."""
        return resources.find(self.state, self.job.account, self.job.region, self.job.resource_arn)

    @property
    def row(self) -> ResourceType:
        """What the feature matrix says about the resource type, given the Region's settings."""
        return row_of(self.state, self.job.account, self.job.region, self.job.resource_type)

    def ends(self) -> tuple[Vault, Resource]:
        """Vault and resource of a backup that the rules have let through."""
        vault, resource = self.vault, self.resource
        if vault is None or resource is None:
            raise AssertionError("the rules refuse a backup without vault or resource")
        return vault, resource


def row_of(state: State, account: str, region: str, resource_type: str) -> ResourceType:
    """The row of a type; DynamoDB is basic where the Region does not let AWS Backup manage it in full."""
    if resource_type == "DynamoDB" and not regional.advanced_dynamodb(state, account, region):
        return resource_types.DYNAMODB_BASIC
    return resource_types.TYPES[resource_type]


def failure(moment: Moment, attempt: Attempt) -> Ending | None:
    """How a backup ends that breaks a rule of a moment."""
    return lives.failure(job_rules.first_broken(RULES, moment, attempt))


def _no_vault(attempt: Attempt) -> str | None:
    return None if attempt.vault else texts.NO_VAULT.format(vault=attempt.job.vault_arn)


def _wrong_kind(attempt: Attempt) -> str | None:
    """Only a job with an air-gapped target goes into an air-gapped vault, and into no other."""
    job, vault = attempt.job, attempt.vault
    straight = primary.vault_name("", job.air_gapped_arn, attempt.row, account=job.account, region=job.region) != ""
    return texts.WRONG_KIND.format(vault=job.vault_arn) if vault and vault.air_gapped != straight else None


def _no_resource(attempt: Attempt) -> str | None:
    job = attempt.job
    text = texts.NO_RESOURCE_OF.get(job.resource_type, texts.NO_RESOURCE)
    return None if attempt.resource else text.format(resource=job.resource_arn)


def _unassumable(attempt: Attempt) -> str | None:
    job = attempt.job
    trusted = roles.assumable(attempt.state, job.account, job.role_arn, region=job.region)
    return None if trusted else copy_texts.ROLE.format(role=job.role_arn)


def _powerless(attempt: Attempt) -> str | None:
    job = attempt.job
    tags = attempt.resource.tags if attempt.resource else {}
    for action, text in _needed(attempt):
        if not roles.may(attempt.state, job.role_arn, action, job.resource_arn, region=job.region, tags=tags):
            return text.format(role=job.role_arn, resource=job.resource_arn)
    return None


def _needed(attempt: Attempt) -> tuple[tuple[str, str], ...]:
    """What the role has to be allowed, and the words when it is not; a bucket is looked at first."""
    if attempt.job.resource_type == "S3":
        return (("s3:ListBucket", texts.HIDDEN), (NEEDED["S3"], texts.UNVERSIONED))
    basic = attempt.row is resource_types.DYNAMODB_BASIC
    return (("dynamodb:CreateBackup" if basic else NEEDED[attempt.job.resource_type], texts.POWERLESS),)


def _out_of_lock(attempt: Attempt) -> str | None:
    vault, lifecycle = attempt.vault, attempt.job.lifecycle
    if vault is None or vault.lock is None:
        return None
    days = lifecycle.delete_after_days if lifecycle else None
    lasting = float("inf") if days in {None, -1} else float(days or 0)
    low, high = vault.lock.min_days or 0, vault.lock.max_days or float("inf")
    return None if low <= lasting <= high else texts.OUT_OF_LOCK


def _key_unusable(attempt: Attempt) -> str | None:
    """The vault's key for types managed in full, else the resource's own."""
    holder = attempt.vault if attempt.row.fully_managed else attempt.resource
    key = attempt.state.key(holder.key_arn) if holder and holder.key_arn else None
    return None if key is None or key.state == "Enabled" else copy_texts.KEY_STATE


def _key_refused(attempt: Attempt) -> str | None:
    """The role makes AWS Backup's grants on the vault's own key (DG: encryption).

    Not for S3: AWS's policy for its backups has no kms:CreateGrant, AWS Backup's own grant for the vault must do.
    """
    vault, role_arn = attempt.vault, attempt.job.role_arn
    by_role = attempt.row.fully_managed and attempt.job.resource_type != "S3"
    key = attempt.state.key(vault.key_arn) if vault and by_role else None
    if key is None or key.manager != "CUSTOMER":
        return None
    return None if roles.may_use(attempt.state, role_arn, key, "kms:CreateGrant") else copy_texts.KEY_STATE


def _too_many_tags(attempt: Attempt) -> str | None:
    own = attempt.resource.tags if attempt.resource else {}
    return copy_texts.TOO_MANY_TAGS if len(own | attempt.job.tags) > tag_rules.MOST else None


def _tags_forbidden(attempt: Attempt) -> str | None:
    job, own = attempt.job, attempt.resource.tags if attempt.resource else {}
    arn = attempt.row.point.format(region=job.region, account=job.account, uuid="", hex="", name="", job="job")
    key = organization.tag_forbidden(attempt.state, job.account, tag_policies.kind_of(arn), own | job.tags)
    return copy_texts.TAG_FORBIDDEN.format(key=key) if key else None


RULES: tuple[Rule[Attempt], ...] = (
    Rule("vault missing", Moment.START, "RESOURCE_NOT_FOUND", _no_vault),
    Rule("vault of the wrong kind", Moment.START, "LOGICALLY_AIR_GAPPED_BACKUP_VAULT_NOT_SUPPORTED", _wrong_kind),
    Rule("role cannot be assumed", Moment.START, "ACCESS_DENIED", _unassumable),
    Rule("resource missing", Moment.START, "RESOURCE_NOT_FOUND", _no_resource),
    Rule("role lacks permission", Moment.START, "ACCESS_DENIED", _powerless),
    Rule("retention outside the vault lock", Moment.START, "INVALID_LIFECYCLE", _out_of_lock),
    Rule("key unusable", Moment.START, "KMS_KEY_ERROR", _key_unusable),
    Rule("key refuses the role", Moment.START, "KMS_KEY_ERROR", _key_refused),
    Rule("too many tags", Moment.START, "LIMIT_EXCEEDED", _too_many_tags),
    Rule("tag policy refuses a tag", Moment.START, "MISCELLANEOUS", _tags_forbidden),
    Rule("vault gone while backing up", Moment.END, "RESOURCE_NOT_FOUND", _no_vault),
    Rule("resource gone while backing up", Moment.END, "RESOURCE_NOT_FOUND", _no_resource),
)
