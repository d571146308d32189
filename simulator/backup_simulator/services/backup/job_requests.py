"""What the requests of backup jobs and of copy jobs have in common: tokens that begin a job once, filters, pages."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from . import paging, reach

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...records.backups import BackupJob
    from ...records.state import CopyJob, Region
    from ...wire import Params
    from ..operation import Scope
    from .lives import Job

# What each filter compares; all are joined by AND. ByAccountId chooses whose jobs are looked at.
FILTERS: Mapping[str, Callable[[BackupJob | CopyJob, Params], bool]] = {
    "ByResourceArn": lambda job, params: job.resource_arn == params["ByResourceArn"],
    "ByState": lambda job, params: job.state == params["ByState"],
    "ByCreatedBefore": lambda job, params: job.created < params["ByCreatedBefore"],
    "ByCreatedAfter": lambda job, params: job.created > params["ByCreatedAfter"],
    "ByResourceType": lambda job, params: job.resource_type == params["ByResourceType"],
    "ByCompleteBefore": lambda job, params: job.completed is not None and job.completed < params["ByCompleteBefore"],
    "ByCompleteAfter": lambda job, params: job.completed is not None and job.completed > params["ByCompleteAfter"],
    "ByParentJobId": lambda job, params: job.parent_id == params["ByParentJobId"],
    "ByMessageCategory": lambda job, params: job.category == params["ByMessageCategory"],
}


def begun(jobs: Mapping[str, Job], tokens: Mapping[str, str], params: Params) -> Job | None:
    """The job that an earlier request with the same idempotency token began."""
    return jobs.get(tokens.get(params.get("IdempotencyToken", ""), ""))


def remember(scope: Scope, tokens: dict[str, str], params: Params, job_id: str) -> None:
    """Keep what the token of a request began, for as long as AWS does."""
    token = params.get("IdempotencyToken")
    if token:
        tokens[token] = job_id
        scope.state.scheduler.at(scope.now + scope.state.durations.idempotency, _forget, tokens, token)


def _forget(tokens: dict[str, str], token: str, _now: float) -> None:
    tokens.pop(token, None)


def page(
    scope: Scope,
    operation: str,
    params: Params,
    jobs_of: Callable[[Region], Mapping[str, Job]],
    filters: Mapping[str, Callable[[Job, Params], bool]],
) -> tuple[list[Job], str | None]:
    """A page of the jobs that pass the filters of a request, in order of creation, and the token of the next."""
    asked = [matches for name, matches in filters.items() if name in params]
    accounts = (scope.state.accounts[name] for name in reach.accounts(scope, params.get("ByAccountId")))
    everyones = (job for account in accounts for job in jobs_of(account.region(scope.region_name)).values())
    jobs = [job for job in everyones if all(matches(job, params) for matches in asked)]
    jobs.sort(key=_SEQUENCE)
    return paging.page(scope, operation, params, jobs, position=_SEQUENCE)


_SEQUENCE = operator.attrgetter("sequence")
