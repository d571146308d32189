"""One function per thing AWS can be asked about; each answers with a value of the model, or None for "there is none".

They raise :class:`CrossvaultError` for everything else. A listing is whole or it is an error; what moved
from one page to the next while it was read counts once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..errors import CrossvaultError, ErrorClass, Problem
from ..model import CopyJob, Key, Organization, RecoveryPoint, Vault
from ..reasons import Reason
from .errors import Ask, code_of, problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from .sessions import Access

PAGES: Any = {"PageSize": 1000}
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
    with _complete(access, "read the organization", ""):
        return Organization(answer["Id"], answer["MasterAccountId"])


def cross_account_backup(access: Access, region: str) -> bool:
    """Tell whether the organization lets backups cross accounts; every member may ask."""
    with access.asking("read the global settings of AWS Backup", "backup:DescribeGlobalSettings", region):
        try:
            answer = access.backup(region).describe_global_settings()
        except ClientError as error:
            # The answer to an account in no organization, where nothing can cross.
            if code_of(error) == "InvalidRequestException":
                return False
            raise
    return (answer.get("GlobalSettings") or {}).get("isCrossAccountBackupEnabled", "").lower() == "true"


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
    with _complete(access, what, region):
        return Vault(
            arn=answer["BackupVaultArn"],
            name=answer["BackupVaultName"],
            encryption_key_arn=answer.get("EncryptionKeyArn"),
            locked=bool(answer.get("Locked")),
            min_retention_days=answer.get("MinRetentionDays"),
            max_retention_days=answer.get("MaxRetentionDays"),
            created=answer.get("CreationDate"),
        )


def vault_names(access: Access, region: str) -> frozenset[str]:
    """List the names of all vaults."""
    with access.asking("list the vaults", "backup:ListBackupVaults", region):
        pages = access.backup(region).get_paginator("list_backup_vaults").paginate(PaginationConfig=PAGES)
        rows = [row for page in pages for row in page.get("BackupVaultList") or ()]
    with _complete(access, "list the vaults", region):
        return frozenset(row["BackupVaultName"] for row in rows)


def vault_policy(access: Access, region: str, name: str) -> str | None:
    """Get the vault's access policy as AWS keeps it."""
    with access.asking(f"read the policy of vault {name}", "backup:GetBackupVaultAccessPolicy", region):
        try:
            answer = access.backup(region).get_backup_vault_access_policy(BackupVaultName=name)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
    return answer.get("Policy") or None


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
    with _complete(access, f"read key {key_id}", region):
        return Key(answer["Arn"], answer["KeyManager"], answer["KeyState"])


def recovery_points(access: Access, region: str, name: str) -> tuple[RecoveryPoint, ...]:
    """List every recovery point in a vault."""
    what = f"list the recovery points of vault {name}"
    with access.asking(what, "backup:ListRecoveryPointsByBackupVault", region):
        paginator = access.backup(region).get_paginator("list_recovery_points_by_backup_vault")
        pages = paginator.paginate(BackupVaultName=name, PaginationConfig=PAGES)
        with _complete(access, what, region):
            found = (_recovery_point(row) for page in pages for row in _rows(page, "RecoveryPoints"))
            return tuple({each.arn: each for each in found}.values())


def copy_jobs(access: Access, region: str, destination_vault_arn: str) -> tuple[CopyJob, ...]:
    """List the copy jobs of this account and Region into a vault; AWS remembers them for 30 days."""
    what = "list the copy jobs"
    with access.asking(what, "backup:ListCopyJobs", region):
        paginator = access.backup(region).get_paginator("list_copy_jobs")
        pages = paginator.paginate(ByDestinationVaultArn=destination_vault_arn, PaginationConfig=PAGES)
        with _complete(access, what, region):
            found = (_copy_job(row) for page in pages for row in _rows(page, "CopyJobs"))
            return tuple({each.id: each for each in found}.values())


@contextmanager
def _complete(access: Access, what: str, region: str) -> Iterator[None]:
    """Turn a member that AWS always sends and now did not into a problem: half an answer is none."""
    try:
        yield
    except KeyError as error:
        where = Ask(what, access.account, "", region).where
        words = f"Cannot {what} in {where}: the answer lacks {error.args[0]}. It is tried again by itself."
        raise CrossvaultError(Problem(Reason.UNEXPECTED_ANSWER, words, ErrorClass.RETRY)) from error


def _rows(page: Mapping[str, Any], member: str) -> Iterable[Mapping[str, Any]]:
    return [row for row in page.get(member) or () if row is not None]


def _recovery_point(row: Mapping[str, Any]) -> RecoveryPoint:
    lifecycle = row.get("CalculatedLifecycle") or {}
    return RecoveryPoint(
        arn=row["RecoveryPointArn"],
        resource_arn=_shared(row.get("ResourceArn") or ""),
        resource_type=_shared(row.get("ResourceType") or ""),
        created=_within_reach(row["CreationDate"]),
        status=_shared(row["Status"]),
        size=row.get("BackupSizeInBytes") or 0,
        encryption_key_arn=_shared(row.get("EncryptionKeyArn") or "") or None,
        delete_at=_instant(lifecycle.get("DeleteAt")),
        cold_at=_instant(lifecycle.get("MoveToColdStorageAt")),
        source_vault_arn=_shared(row.get("SourceBackupVaultArn") or "") or None,
        parent_arn=row.get("ParentRecoveryPointArn"),
        is_parent=bool(row.get("IsParent")),
    )


def _copy_job(row: Mapping[str, Any]) -> CopyJob:
    return CopyJob(
        id=row["CopyJobId"],
        state=_shared(row["State"]),
        source_point_arn=row.get("SourceRecoveryPointArn") or "",
        source_vault_arn=_shared(row.get("SourceBackupVaultArn") or ""),
        destination_vault_arn=_shared(row.get("DestinationBackupVaultArn") or ""),
        resource_arn=_shared(row.get("ResourceArn") or ""),
        resource_type=_shared(row.get("ResourceType") or ""),
        created=_within_reach(row["CreationDate"]),
        completed=_instant(row.get("CompletionDate")),
        destination_point_arn=row.get("DestinationRecoveryPointArn"),
        message=row.get("StatusMessage"),
        category=row.get("MessageCategory"),
        size=row.get("BackupSizeInBytes") or 0,
        parent_id=row.get("ParentJobId"),
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
