"""Recovery points and copy jobs as AWS lists them. A listing is whole or it is an error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ....aws.entered import Entered
from ....aws.pages import PAGES, walked
from ....words.texts import clean
from ..inventory import Inventory
from ..seen import CopyJob, RecoveryPoint

_FAR = datetime(8000, 1, 1, tzinfo=UTC).timestamp()


def recovery_points(
    access: Entered,
    region: str,
    name: str,
    since: datetime | None = None,
    before: datetime | None = None,
    like: Inventory | None = None,
) -> Inventory:
    """List the recovery points in a vault, all or those created between two moments.

    ``like`` is what is known of the vault: it makes what is the same be found quickly.
    """
    what = f"list the recovery points of vault {name}"
    with access.asking(what, "backup:ListRecoveryPointsByBackupVault", region):
        paginator = access.backup(region).get_paginator("list_recovery_points_by_backup_vault")
        pages = paginator.paginate(BackupVaultName=name, PaginationConfig=PAGES, **_between(since, before))
        return Inventory(map(_recovery_point, walked(pages, "RecoveryPoints", _arn)), like)


def copy_jobs(access: Entered, region: str, since: datetime | None = None) -> Iterator[CopyJob]:
    """List the copy jobs of this account and Region, all or those created after an instant.

    AWS remembers them for 30 days.
    """
    with access.asking("list the copy jobs", "backup:ListCopyJobs", region):
        paginator = access.backup(region).get_paginator("list_copy_jobs")
        pages = paginator.paginate(PaginationConfig=PAGES, **_between(since))
        yield from map(_copy_job, walked(pages, "CopyJobs", _id))


def _arn(row: Any) -> str:  # noqa: ANN401 - a row of aws.rows
    return str(row.RecoveryPointArn)


def _id(row: Any) -> str:  # noqa: ANN401 - a row of aws.rows
    return str(row.CopyJobId)


def _between(since: datetime | None, before: datetime | None = None) -> dict[str, Any]:
    bounds = {"ByCreatedAfter": since, "ByCreatedBefore": before}
    return {name: moment for name, moment in bounds.items() if moment is not None}


def _recovery_point(row: Any) -> RecoveryPoint:  # noqa: ANN401 - a row of aws.rows, made from the table of members
    lifecycle = row.CalculatedLifecycle
    return RecoveryPoint(
        arn=row.RecoveryPointArn,
        resource_arn=_shared(row.ResourceArn or ""),
        resource_type=_shared(row.ResourceType),
        created=_instant(row.CreationDate),
        status=_shared(row.Status),
        size=row.BackupSizeInBytes or 0,
        encryption_key_arn=_shared(row.EncryptionKeyArn or "") or None,
        delete_at=_perhaps(lifecycle.DeleteAt) if lifecycle else None,
        cold_at=_perhaps(lifecycle.MoveToColdStorageAt) if lifecycle else None,
        source_vault_arn=_shared(row.SourceBackupVaultArn or "") or None,
        parent_arn=row.ParentRecoveryPointArn,
        is_parent=bool(row.IsParent),
        delete_after_days=_kept(row.Lifecycle),
        encrypted=row.IsEncrypted,
    )


def _kept(lifecycle: Any) -> int | None:  # noqa: ANN401 - part of a row
    """Return DeleteAfterDays; -1 and no value both mean that the point is kept."""
    days = lifecycle.DeleteAfterDays if lifecycle else None
    return days if days is not None and days > 0 else None


def _copy_job(row: Any) -> CopyJob:  # noqa: ANN401 - a row of aws.rows, made from the table of members
    return CopyJob(
        id=row.CopyJobId,
        state=_shared(row.State),
        source_point_arn=row.SourceRecoveryPointArn,
        source_vault_arn=_shared(row.SourceBackupVaultArn),
        destination_vault_arn=_shared(row.DestinationBackupVaultArn),
        resource_arn=_shared(row.ResourceArn or ""),
        resource_type=_shared(row.ResourceType or ""),
        created=_instant(row.CreationDate),
        completed=_perhaps(row.CompletionDate),
        destination_point_arn=row.DestinationRecoveryPointArn,
        message=clean(row.StatusMessage) if row.StatusMessage else None,
        category=row.MessageCategory,
        size=row.BackupSizeInBytes or 0,
        parent_id=row.ParentJobId,
        delete_after_days=_kept(row.DestinationRecoveryPointLifecycle),
        role_arn=_shared(row.IamRoleArn or "") or None,
    )


def _perhaps(seconds: float | None) -> datetime | None:
    return None if seconds is None else _instant(seconds)


def _instant(seconds: float) -> datetime:
    """Return an instant in UTC to which any declared duration can be added; centuries ahead is as good as for ever."""
    return datetime.fromtimestamp(min(seconds, _FAR), UTC)


def _shared(text: str) -> str:
    """Keep one copy of what stands in thousands of rows."""
    return sys.intern(text)
