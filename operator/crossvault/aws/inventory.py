"""One function per thing AWS can be asked about; each answers with a value of the model, or None for "there is none".

They raise :class:`CrossvaultError` for everything else. A listing is whole or it is an error. What every answer has
by the time it arrives here stands in :data:`crossvault.aws.answers.ANSWERS`, and nothing else may be read of it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..engine.model import CopyJob, Key, Organization, RecoveryPoint, Vault
from ..words.problems import CrossvaultError, Problem
from ..words.texts import clean
from .answers import UnexpectedAnswerError, listed
from .errors import Ask, code_of, problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from .sessions import Access

PAGES: Any = {"PageSize": 1000}
DEEPEST = 8
_FAR = datetime(8000, 1, 1, tzinfo=UTC)


def organization(access: Access, region: str) -> Organization | None:
    """Describe the organization the account belongs to; every member may."""
    with access.asking("read the organization", "organizations:DescribeOrganization"):
        try:
            answer = access.organizations(region).describe_organization()["Organization"]
        except ClientError as error:
            if code_of(error) == "AWSOrganizationsNotInUseException":
                return None
            raise
    return Organization(answer["Id"], answer["MasterAccountId"])


def organization_path(access: Access, region: str, account_id: str, organization_id: str) -> str:
    """Return an account's place as ``aws:PrincipalOrgPaths`` has it: ``o-1/r-1/ou-1/ou-2/``, from the root down.

    Only the management account and delegated administrators may ask
    (https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListParents.html); units nest five deep.
    """
    what = f"read where account {account_id} is in its organization (delegated administrators may)"
    above = [account_id]
    with access.asking(what, "organizations:ListParents"):
        while not above[-1].startswith("r-"):
            answer = access.organizations(region).list_parents(ChildId=above[-1])
            parents = [each["Id"] for each in answer["Parents"]]
            if not parents or len(above) >= DEEPEST:
                raise UnexpectedAnswerError("the answer lacks a parent")
            above += parents[:1]
    return "/".join((organization_id, *reversed(above[1:]), ""))


def cross_account_backup(access: Access, region: str) -> bool:
    """Tell whether the organization lets backups cross accounts; every member may ask."""
    with access.asking("read the global settings of AWS Backup", "backup:DescribeGlobalSettings", region):
        try:
            answer = access.backup(region).describe_global_settings()["GlobalSettings"]
        except ClientError as error:
            # The answer to an account in no organization, where nothing can cross.
            if code_of(error) == "InvalidRequestException":
                return False
            raise
        switch = answer["isCrossAccountBackupEnabled"].lower()
        if switch not in {"true", "false"}:
            raise UnexpectedAnswerError("isCrossAccountBackupEnabled in the answer is neither true nor false")
    return switch == "true"


def vault(access: Access, region: str, name: str, vault_names: Callable[[], frozenset[str]]) -> Vault | None:
    """Describe a vault.

    AWS answers AccessDenied for a vault that does not exist, whatever the caller may do; ``vault_names`` tells the two
    apart (invariant 7).
    """
    what, action = f"read vault {name}", "backup:DescribeBackupVault"
    with access.asking(what, action, region):
        try:
            answer = access.backup(region).describe_backup_vault(BackupVaultName=name)
        except ClientError as error:
            code = code_of(error)
            if code == "ResourceNotFoundException":
                return None
            if code not in {"AccessDeniedException", "AccessDenied"}:
                raise
            if name not in vault_names():
                return None
            denied = problem(error, Ask(what, access.account, action, region))
            words = denied.message.replace(f" ({code})", f" The vault exists. ({code})")
            raise CrossvaultError(Problem(denied.reason, words, denied.error_class, code)) from error
    return Vault(
        arn=answer["BackupVaultArn"],
        name=answer["BackupVaultName"],
        encryption_key_arn=answer["EncryptionKeyArn"],
        locked=bool(answer.get("Locked")),
        min_retention_days=answer.get("MinRetentionDays"),
        max_retention_days=answer.get("MaxRetentionDays"),
        kind=answer.get("VaultType") or "",
        key_type=answer.get("EncryptionKeyType") or "",
        created=answer.get("CreationDate"),
    )


def vault_names(access: Access, region: str) -> frozenset[str]:
    """List the names of all vaults."""
    with access.asking("list the vaults", "backup:ListBackupVaults", region):
        pages = access.backup(region).get_paginator("list_backup_vaults").paginate(PaginationConfig=PAGES)
        return frozenset(listed(pages, "BackupVaultList", lambda row: str(row["BackupVaultName"]), str))


def vault_policy(access: Access, region: str, name: str) -> str | None:
    """Get the vault's access policy as AWS keeps it."""
    with access.asking(f"read the policy of vault {name}", "backup:GetBackupVaultAccessPolicy", region):
        try:
            answer = access.backup(region).get_backup_vault_access_policy(BackupVaultName=name)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
    return answer["Policy"]


def key(access: Access, region: str, key_id: str) -> Key | None:
    """Describe a key by id, ARN or alias."""
    if "alias/aws/" in key_id:
        # Describing the alias of an AWS managed key creates the key where it does not exist yet, and looking must not
        # create. Its manager is in its name. https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
        return Key(key_id, "AWS", "Enabled")
    with access.asking(f"read key {key_id}", "kms:DescribeKey", region):
        try:
            answer = access.kms(region).describe_key(KeyId=key_id)["KeyMetadata"]
        except ClientError as error:
            if code_of(error) == "NotFoundException":
                return None
            raise
    return Key(answer["Arn"], answer["KeyManager"], answer["KeyState"])


def recovery_points(access: Access, region: str, name: str) -> tuple[RecoveryPoint, ...]:
    """List every recovery point in a vault."""
    what = f"list the recovery points of vault {name}"
    with access.asking(what, "backup:ListRecoveryPointsByBackupVault", region):
        paginator = access.backup(region).get_paginator("list_recovery_points_by_backup_vault")
        pages = paginator.paginate(BackupVaultName=name, PaginationConfig=PAGES)
        return listed(pages, "RecoveryPoints", _recovery_point, lambda point: point.arn)


def copy_jobs(access: Access, region: str, destination_vault_arn: str) -> tuple[CopyJob, ...]:
    """List the copy jobs of this account and Region into a vault; AWS remembers them for 30 days."""
    with access.asking("list the copy jobs", "backup:ListCopyJobs", region):
        paginator = access.backup(region).get_paginator("list_copy_jobs")
        pages = paginator.paginate(ByDestinationVaultArn=destination_vault_arn, PaginationConfig=PAGES)
        return listed(pages, "CopyJobs", _copy_job, lambda job: job.id)


def _recovery_point(row: Mapping[str, Any]) -> RecoveryPoint:
    lifecycle = row.get("CalculatedLifecycle") or {}
    return RecoveryPoint(
        arn=row["RecoveryPointArn"],
        resource_arn=_shared(row.get("ResourceArn") or ""),
        resource_type=_shared(row["ResourceType"]),
        created=_within_reach(row["CreationDate"]),
        status=_shared(row["Status"]),
        size=row.get("BackupSizeInBytes") or 0,
        encryption_key_arn=_shared(row.get("EncryptionKeyArn") or "") or None,
        delete_at=_instant(lifecycle.get("DeleteAt")),
        cold_at=_instant(lifecycle.get("MoveToColdStorageAt")),
        source_vault_arn=_shared(row.get("SourceBackupVaultArn") or "") or None,
        parent_arn=row.get("ParentRecoveryPointArn"),
        is_parent=bool(row.get("IsParent")),
        delete_after_days=_kept(row.get("Lifecycle")),
        encrypted=row.get("IsEncrypted"),
    )


def _kept(lifecycle: Mapping[str, Any] | None) -> int | None:
    """Return DeleteAfterDays; -1 and no value both mean that the point is kept."""
    days = (lifecycle or {}).get("DeleteAfterDays")
    return days if isinstance(days, int) and days > 0 else None


def _copy_job(row: Mapping[str, Any]) -> CopyJob:
    return CopyJob(
        id=row["CopyJobId"],
        state=_shared(row["State"]),
        source_point_arn=row["SourceRecoveryPointArn"],
        source_vault_arn=_shared(row["SourceBackupVaultArn"]),
        destination_vault_arn=_shared(row["DestinationBackupVaultArn"]),
        resource_arn=_shared(row.get("ResourceArn") or ""),
        resource_type=_shared(row.get("ResourceType") or ""),
        created=_within_reach(row["CreationDate"]),
        completed=_instant(row.get("CompletionDate")),
        destination_point_arn=row.get("DestinationRecoveryPointArn"),
        message=clean(row["StatusMessage"]) if row.get("StatusMessage") else None,
        category=row.get("MessageCategory"),
        size=row.get("BackupSizeInBytes") or 0,
        parent_id=row.get("ParentJobId"),
        delete_after_days=_kept(row.get("DestinationRecoveryPointLifecycle")),
    )


def _instant(at: datetime | None) -> datetime | None:
    """Return an instant in UTC; botocore gives it in the zone of the machine."""
    return _within_reach(at) if at else None


def _within_reach(at: datetime) -> datetime:
    """Return an instant in UTC to which any declared duration can be added; centuries ahead is as good as for ever."""
    return min(at.astimezone(UTC), _FAR)


def _shared(text: str) -> str:
    """Keep one copy of what stands in thousands of rows."""
    return sys.intern(text)
