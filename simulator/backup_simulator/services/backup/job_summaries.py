"""Job summaries: how many backup and copy jobs there were, by day or by period, by state, type and category.

The window ends with the last whole UTC day: figures of the present day come the day after.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ...clock import DAY
from ...fidelity import Behaviour
from ...wire import Params
from ..operation import Operation, Scope
from . import job_requests, paging, reach

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...records.backups import BackupJob
    from ...records.state import CopyJob

ANY, ALL = "ANY", "AGGREGATE_ALL"
# period -> (days per row, rows)
PERIODS = {"ONE_DAY": (1, 14), "SEVEN_DAYS": (7, 1), "FOURTEEN_DAYS": (14, 1)}


class Group(NamedTuple):
    """One row of a summary without its count; `days` is how many days its beginning lies before the last midnight."""

    days: int
    account: str
    state: str
    resource_type: str
    category: str


def backup_jobs(scope: Scope, params: Params) -> Params:
    """Count backup jobs."""
    jobs = job_requests.of_accounts(scope, _accounts(scope, params), lambda region: region.backup_jobs)
    return _summary(scope, "Backup", params, jobs)


def copy_jobs(scope: Scope, params: Params) -> Params:
    """Count copy jobs."""
    jobs = job_requests.of_accounts(scope, _accounts(scope, params), lambda region: region.copy_jobs)
    return _summary(scope, "Copy", params, jobs)


def _accounts(scope: Scope, params: Params) -> list[str]:
    """Whose jobs are counted; a member is answered with its own, whatever it asks for."""
    if not reach.members(scope):
        return [scope.account.account_id]
    asked = params.get("AccountId")
    return reach.accounts(scope, reach.EVERY if asked in {ANY, ALL} else asked)


def _summary(scope: Scope, kind: str, params: Params, jobs: Iterable[BackupJob | CopyJob]) -> Params:
    period = params.get("AggregationPeriod", "ONE_DAY")
    midnight = scope.now - scope.now % DAY
    length, rows = PERIODS[period]
    groups: Counter[Group] = Counter()
    for job in jobs:
        days = math.ceil((midnight - job.created) / (length * DAY)) * length
        if job.created < midnight and days <= length * rows and _wanted(job, params):
            groups[_group(job, days, params)] += 1
    shown = [_row(scope, group, count, midnight, length) for group, count in sorted(groups.items())]
    numbered = list(enumerate(shown))
    operation = f"List{kind}JobSummaries"
    found, token = paging.page(scope, operation, params, numbered, position=lambda each: each[0])
    return {f"{kind}JobSummaries": [row for _, row in found], "AggregationPeriod": period, "NextToken": token}


def _wanted(job: BackupJob | CopyJob, params: Params) -> bool:
    values = {"State": job.state, "ResourceType": job.resource_type, "MessageCategory": job.category}
    return all(params.get(name, ALL) in {ANY, ALL, value} for name, value in values.items())


def _group(job: BackupJob | CopyJob, days: int, params: Params) -> Group:
    """The row a job counts in; what is not asked for by value or by ANY is lumped together."""

    def by(name: str, value: str | None) -> str:
        return ALL if params.get(name, ALL) == ALL else value or ""

    account = ALL if params.get("AccountId") == ALL else job.account
    return Group(
        days,
        account,
        by("State", job.state),
        by("ResourceType", job.resource_type),
        by("MessageCategory", job.category),
    )


def _row(scope: Scope, group: Group, count: int, midnight: float, length: int) -> Params:
    start = midnight - group.days * DAY
    return {
        "Region": scope.region_name,
        "AccountId": group.account,
        "State": group.state,
        "ResourceType": group.resource_type,
        "MessageCategory": group.category or None,
        "Count": count,
        "StartTime": start,
        "EndTime": start + length * DAY,
    }


OPERATIONS = {
    "ListBackupJobSummaries": Operation(backup_jobs),
    "ListCopyJobSummaries": Operation(copy_jobs),
}

FIDELITY = (
    Behaviour(
        "Summaries by ONE_DAY (fourteen rows), SEVEN_DAYS and FOURTEEN_DAYS; what is not asked for is AGGREGATE_ALL, "
        "ANY gives a row for each value",
        "botocore; that the period is ONE_DAY by default: assumed",
        "test_job_summaries.py::test_jobs_are_counted_by_what_is_asked_for",
    ),
    Behaviour(
        "The current UTC day is not counted yet; a job counts on the day of its creation; rows of zero do not appear",
        "DG (dashboards leave the current day out); the rest: assumed",
        "test_job_summaries.py::test_the_present_day_is_not_counted",
    ),
    Behaviour(
        "The AccountId of a member is not looked at: it is answered with its own jobs",
        "botocore",
        "test_job_summaries.py::test_a_member_sees_itself_only",
    ),
)
