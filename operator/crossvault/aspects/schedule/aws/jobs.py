"""The backup jobs of an account in a Region: in each interval those that have ended since, for all policies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ....aws.entered import Entered
from ....aws.pages import PAGES, walked
from ....aws.places import Pending, Place
from ....aws.reads import ReadKey
from ....aws.rows import Row
from ....words.texts import clean
from ..jobs import BackupJob, BackupJobs


def begin(place: Place) -> Pending[BackupJobs]:
    """Begin to list what has ended since it was listed last."""
    access, region, shared = place.access, place.region, place.shared
    key: ReadKey = ("backup jobs", access.fingerprint, region)

    def fetch() -> BackupJobs:
        before, now = shared.reads.last(key) or BackupJobs(), shared.not_before
        return before.having(ended(access, region, before.since(now)), now)

    return place.setting(key, fetch)


def ended(access: Entered, region: str, since: datetime) -> Iterator[BackupJob]:
    """List the jobs of plans that ended after an instant, but for the parts of others.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_ListBackupJobs.html
    """
    with access.asking("list the backup jobs", "backup:ListBackupJobs", region):
        pages = access.backup(region).get_paginator("list_backup_jobs")
        paged = pages.paginate(ByCompleteAfter=since, PaginationConfig=PAGES)
        for sent in walked(paged, "BackupJobs", _id):
            job = _job(sent)
            if job is not None:
                yield job


def _id(row: Row) -> str:
    return str(row.read().BackupJobId)


def _job(sent: Row) -> BackupJob | None:
    row = sent.read()
    plan = row.CreatedBy.BackupPlanId if row.CreatedBy else None
    if plan is None or row.ParentJobId or row.CompletionDate is None:
        return None
    return BackupJob(plan, row.ResourceArn or "", row.State, row.CompletionDate, clean(row.StatusMessage or ""))
