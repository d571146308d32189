"""Copy jobs: start, describe, list with every filter."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....wire import AwsError, CommonError, Params
from ...operation import Operation, Scope
from .. import job_requests, lookup
from ..points import lifecycles, written
from . import fresh, refusals, rules, running
from .attempt import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ....records.state import CopyJob, State


def start(scope: Scope, params: Params) -> Params:
    """Start a copy job; the same idempotency token gives the same job."""
    known = job_requests.begun(scope.region.copy_jobs, scope.region.copy_tokens, params)
    if known:
        return _started(known)
    lifecycle = lifecycles.parse(params.get("Lifecycle"))
    attempt = Attempt(
        state=scope.state,
        account=scope.account.account_id,
        source_vault_arn=lookup.vault_arn(scope, params["SourceBackupVaultName"]),
        point_arn=params["RecoveryPointArn"],
        destination_arn=params["DestinationBackupVaultArn"],
        role_arn=params["IamRoleArn"],
        lifecycle=lifecycle,
        now=scope.now,
        caller=scope.principal,
    )
    refusal = rules.refusal(attempt)
    if refusal:
        message, code = refusal
        raise (CommonError if code == refusals.DENIED else AwsError)(code, message)
    if attempt.source is None or attempt.point is None:
        raise AssertionError("a missing recovery point is refused above")
    job = fresh.job(
        scope.state,
        attempt.source,
        attempt.point,
        destination_arn=attempt.destination_arn,
        role_arn=attempt.role_arn,
        lifecycle=lifecycle,
        now=scope.now,
    )
    job_requests.remember(scope, scope.region.copy_tokens, params, job.job_id)
    running.begin(scope.state, job)
    return _started(job)


def _started(job: CopyJob) -> Params:
    return {"CopyJobId": job.job_id, "CreationDate": job.created, "IsParent": job.is_parent}


def describe(scope: Scope, params: Params) -> Params:
    """Describe one copy job of this account and Region."""
    job = scope.region.copy_jobs.get(params["CopyJobId"])
    if job is None:
        raise AwsError("ResourceNotFoundException", f"Cannot find copy job {params['CopyJobId']}")
    return {"CopyJob": _shown(scope.state, job)}


_FILTERS: Mapping[str, Callable[[CopyJob, Params], bool]] = {
    **job_requests.FILTERS,
    "ByDestinationVaultArn": lambda job, params: job.destination_vault_arn == params["ByDestinationVaultArn"],
    "BySourceRecoveryPointArn": lambda job, params: job.source_point_arn == params["BySourceRecoveryPointArn"],
}


def list_jobs(scope: Scope, params: Params) -> Params:
    """List copy jobs of the Region in order of creation; the management account may ask for another account's."""
    found, token = job_requests.page(scope, "ListCopyJobs", params, lambda region: region.copy_jobs, _FILTERS)
    return {"CopyJobs": [_shown(scope.state, job) for job in found], "NextToken": token}


def _shown(state: State, job: CopyJob) -> Params:
    shown = _plain(state, job)
    if job.is_parent:
        children = Counter(child.state for child in job.children)
        shown |= {"NumberOfChildJobs": children.total(), "ChildJobsInState": dict(children)}
    return shown


def _plain(state: State, job: CopyJob) -> Params:
    return {
        "AccountId": job.account,
        "CopyJobId": job.job_id,
        "SourceBackupVaultArn": job.source_vault_arn,
        "SourceRecoveryPointArn": job.source_point_arn,
        "DestinationBackupVaultArn": job.destination_vault_arn,
        "DestinationVaultType": job.destination_vault_type,
        "DestinationVaultLockState": job.destination_lock_state,
        "DestinationRecoveryPointArn": written.job_arn(state, job),
        "DestinationEncryptionKeyArn": job.destination_key_arn,
        "DestinationRecoveryPointLifecycle": lifecycles.shown(job.lifecycle),
        "ResourceArn": job.resource_arn,
        "CreationDate": job.created,
        "CompletionDate": job.completed,
        "State": job.state,
        "StatusMessage": job.message,
        "BackupSizeInBytes": job.size,
        "IamRoleArn": job.role_arn,
        "CreatedBy": job.created_by,
        "CreatedByBackupJobId": job.backup_job_id,
        "ResourceType": job.resource_type,
        "ParentJobId": job.parent_id,
        "IsParent": job.is_parent,
        "CompositeMemberIdentifier": job.member,
        "ResourceName": job.resource_name,
        "MessageCategory": job.category,
    }


OPERATIONS = {
    "StartCopyJob": Operation(start, lookup.on_point),
    "DescribeCopyJob": Operation(describe),
    "ListCopyJobs": Operation(list_jobs),
}


FIDELITY = (
    Behaviour(
        "Idempotency token: same token, account and Region give the same job for 24 h, whatever the other parameters",
        "DG; life and conflict assumed",
        "test_copy_jobs.py::test_the_same_token_gives_the_same_job",
    ),
    Behaviour(
        "`DestinationRecoveryPointLifecycle` shows what was asked",
        "assumed",
        "test_copy_jobs.py::test_retention_counts_from_the_sources_creation",
    ),
    Behaviour(
        "Jobs are listed by every filter, children by ByParentJobId; a parent counts its children by state",
        "botocore",
        "test_copy_composite.py::test_children_are_listed_by_their_parent",
    ),
)
