"""Recovery points and copy jobs as AWS lists them. A listing is whole or it is an error."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ....aws.answers import PAGES, listed
from ....aws.entered import Entered
from ....words.texts import clean
from ..inventory import Inventory
from ..seen import CopyJob, RecoveryPoint

_FAR = datetime(8000, 1, 1, tzinfo=UTC)


def recovery_points(access: Entered, region: str, name: str) -> Inventory:
    """List every recovery point in a vault."""
    what = f"list the recovery points of vault {name}"
    with access.asking(what, "backup:ListRecoveryPointsByBackupVault", region):
        paginator = access.backup(region).get_paginator("list_recovery_points_by_backup_vault")
        pages = paginator.paginate(BackupVaultName=name, PaginationConfig=PAGES)
        return Inventory(listed(pages, "RecoveryPoints", _recovery_point, lambda point: point.arn))


def copy_jobs(access: Entered, region: str, destination_vault_arn: str) -> tuple[CopyJob, ...]:
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
        role_arn=_shared(row.get("IamRoleArn") or "") or None,
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
