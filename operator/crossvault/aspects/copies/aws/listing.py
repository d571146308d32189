"""Recovery points and copy jobs as AWS lists them. A listing is whole or it is an error."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from ....aws.entered import Entered
from ....aws.pages import PAGES, walked
from ....aws.rows import Row
from ....words.texts import clean
from ..inventory import Inventory
from ..jobs import Ends, JobBook
from ..records import NEVER, Apart, job_apart, number_at, point_apart
from ..seen import MOST, STEP

_FAR = datetime(8000, 1, 1, tzinfo=UTC).timestamp()
"""Centuries ahead is as good as for ever; any declared duration can be added to it."""


def recovery_points(
    access: Entered,
    region: str,
    name: str,
    since: datetime | None = None,
    before: datetime | None = None,
    like: Inventory | None = None,
    *,
    resource: str | None = None,
) -> Inventory:
    """List the recovery points in a vault, all or those created between two moments, or of a resource.

    ``like`` is what is known of the vault: what is the same is found quickly.
    """
    what = f"list the recovery points of vault {name}"
    with access.asking(what, "backup:ListRecoveryPointsByBackupVault", region):
        paginator = access.backup(region).get_paginator("list_recovery_points_by_backup_vault")
        bounds = {**_between(since, before), **({"ByResourceArn": resource} if resource is not None else {})}
        pages = paginator.paginate(BackupVaultName=name, PaginationConfig=PAGES, **bounds)
        return Inventory.listed(walked(pages, "RecoveryPoints", _arn), _point, like, whole=not bounds)


def copy_jobs(
    access: Entered,
    region: str,
    since: datetime | None = None,
    ended: datetime | None = None,
    like: JobBook | None = None,
) -> JobBook:
    """List the copy jobs of this account and Region: all, or those created, or ended, after an instant.

    AWS remembers them for 30 days. ``like`` is what is known of them.
    """
    with access.asking("list the copy jobs", "backup:ListCopyJobs", region):
        paginator = access.backup(region).get_paginator("list_copy_jobs")
        bounds = _between(since) if ended is None else {"ByCompleteAfter": ended}
        pages = paginator.paginate(PaginationConfig=PAGES, **bounds)
        return JobBook.listed(walked(pages, "CopyJobs", _id), _job, like, whole=not bounds)


def _arn(row: Row) -> str:
    return str(row.read().RecoveryPointArn)


def _id(row: Row) -> str:
    return str(row.read().CopyJobId)


def _between(since: datetime | None, before: datetime | None = None) -> dict[str, Any]:
    bounds = {"ByCreatedAfter": since, "ByCreatedBefore": before}
    return {name: moment for name, moment in bounds.items() if moment is not None}


def _point(sent: Row) -> tuple[str, Apart]:
    """Return the resource of a recovery point, and the rest of it as it is kept: there are millions of them."""
    row = sent.read()
    lifecycle = row.CalculatedLifecycle
    return row.ResourceArn or "", point_apart(
        row.RecoveryPointArn,
        number_at(min(row.CreationDate, _FAR)),
        row.BackupSizeInBytes or 0,
        _number(lifecycle.DeleteAt) if lifecycle else NEVER,
        _number(lifecycle.MoveToColdStorageAt) if lifecycle else NEVER,
        row.ResourceType,
        row.Status,
        row.EncryptionKeyArn or None,
        row.SourceBackupVaultArn or None,
        row.ParentRecoveryPointArn,
        bool(row.IsParent),
        _kept(row.Lifecycle),
        row.IsEncrypted,
        *_made(row),
    )


def _made(row: Any) -> tuple[str | None, int]:  # noqa: ANN401 - a row
    """Return the plan that made a recovery point, and in how many minutes."""
    plan = row.CreatedBy.BackupPlanId if row.CreatedBy else None
    if plan is None or row.CompletionDate is None:
        return plan, 0
    steps = math.ceil((row.CompletionDate - row.CreationDate) / (STEP * 60))
    return plan, min(max(steps, 0) * STEP, MOST)


def _kept(lifecycle: Any) -> int | None:  # noqa: ANN401 - part of a row
    """Return DeleteAfterDays; -1 and no value both mean that the point is kept."""
    days = lifecycle.DeleteAfterDays if lifecycle else None
    return days if days is not None and days > 0 else None


def _job(sent: Row) -> tuple[Ends, str, Apart]:
    """Return the vaults and the resource of a copy job, and it as it is kept."""
    row = sent.read()
    source, destination = row.SourceBackupVaultArn, row.DestinationBackupVaultArn
    return (
        (source, destination),
        row.ResourceArn or "",
        job_apart(
            (row.CopyJobId, row.SourceRecoveryPointArn, row.DestinationRecoveryPointArn),
            number_at(min(row.CreationDate, _FAR)),
            _number(row.CompletionDate),
            row.BackupSizeInBytes or 0,
            row.State,
            source,
            destination,
            row.ResourceType or "",
            clean(row.StatusMessage) if row.StatusMessage else None,
            row.MessageCategory,
            row.ParentJobId,
            _kept(row.DestinationRecoveryPointLifecycle),
            row.IamRoleArn or None,
        ),
    )


def _number(seconds: float | None) -> int:
    return NEVER if seconds is None else number_at(min(seconds, _FAR))
