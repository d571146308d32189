"""Backup jobs: start, describe, list with every filter, stop."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....records import resources
from ....records.backups import BackupJob
from ....wire import AwsError, Params, unimplemented
from ... import tag_rules
from ...operation import Operation, Scope
from .. import job_requests, lookup
from ..points import lifecycles
from ..vaults import automatic
from . import composite, leaving, options, point_tags, primary, roles, rules, running, windows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ....records.state import Lifecycle, State

UNSTOPPABLE = frozenset({"Aurora", "DocumentDB", "FSx", "Neptune", "SAP HANA on Amazon EC2", "RDS"})
NAMED_AT_ONCE = frozenset({"EFS", "DynamoDB"})


def start(scope: Scope, params: Params) -> Params:
    """Start an on-demand backup; the same idempotency token gives the same job."""
    known = job_requests.begun(scope.region.backup_jobs, scope.region.backup_tokens, params)
    if known:
        return _started(scope.state, known)
    lookup.vault(scope, params)
    automatic.require_open(params["BackupVaultName"])
    resource_type = _type(scope, params["ResourceArn"])
    _check(resource_type, params)
    lifecycle = lifecycles.parse(params.get("Lifecycle"))
    roles.require_passable(scope, params["IamRoleArn"])
    roles.require_assumable(scope, params["IamRoleArn"])
    air_gapped = params.get("LogicallyAirGappedBackupVaultArn")
    if air_gapped is not None and primary.name_in(air_gapped, scope.account.account_id, scope.region_name) is None:
        message = f"Invalid LogicallyAirGappedBackupVaultArn: {air_gapped}"
        raise AwsError("InvalidParameterValueException", message)
    job = _asked(scope, params, resource_type, lifecycle)
    _enter(scope, job)
    job_requests.remember(scope, scope.region.backup_tokens, params, job.job_id)
    return _started(scope.state, job)


def _asked(scope: Scope, params: Params, resource_type: str, lifecycle: Lifecycle | None) -> BackupJob:
    """The job that a request asks for, not yet entered."""
    account, air_gapped = scope.account.account_id, params.get("LogicallyAirGappedBackupVaultArn")
    row = rules.row_of(scope.state, account, scope.region_name, resource_type)
    completion = params.get("CompleteWindowMinutes", windows.COMPLETION) * windows.MINUTE
    return BackupJob(
        job_id=scope.state.ids.job(),
        sequence=next(scope.state.sequence),
        account=account,
        region=scope.region_name,
        vault_name=primary.vault_name(
            params["BackupVaultName"], air_gapped, row, account=account, region=scope.region_name
        ),
        air_gapped_arn=air_gapped,
        resource_arn=params["ResourceArn"],
        resource_type=resource_type,
        role_arn=params["IamRoleArn"],
        created=scope.now,
        start_by=scope.now + params.get("StartWindowMinutes", windows.START) * windows.MINUTE,
        completion_window=completion,
        complete_by=scope.now + completion,
        lifecycle=lifecycle,
        tags=dict(params.get("RecoveryPointTags", {})),
        options=dict(params.get("BackupOptions", {})),
        is_parent=composite.is_composite(resource_type),
    )


def _enter(scope: Scope, job: BackupJob) -> None:
    found = resources.find(scope.state, job.account, job.region, job.resource_arn)
    job.resource_name = found.name if found else None
    row = rules.row_of(scope.state, job.account, job.region, job.resource_type)
    if job.resource_type in NAMED_AT_ONCE and row.fully_managed:
        job.point_arn = leaving.fresh_arn(scope.state, job, row, scope.now)
    running.begin(scope.state, job)


def _type(scope: Scope, arn: str) -> str:
    found = resources.find(scope.state, scope.account.account_id, scope.region_name, arn)
    resource_type = found.resource_type if found else resources.type_of(arn)
    if resource_type is None:
        raise AwsError("InvalidParameterValueException", f"Unsupported resource type: {arn}", Context=arn)
    return resource_type


def _check(resource_type: str, params: Params) -> None:
    """Refuse what cannot be, and what the simulator does not do."""
    if params.get("Index") == "ENABLED":
        raise unimplemented("Index of backup:StartBackupJob")
    flaw = (
        windows.flaw(params.get("StartWindowMinutes"), params.get("CompleteWindowMinutes"))
        or point_tags.flaw(params.get("RecoveryPointTags", {}), most=tag_rules.MOST)
        or ("BackupOptions" in params and options.flaw(resource_type, params["BackupOptions"]))
    )
    if flaw:
        raise AwsError("InvalidParameterValueException", flaw)


def _started(state: State, job: BackupJob) -> Params:
    row = rules.row_of(state, job.account, job.region, job.resource_type)
    named = job.resource_type in NAMED_AT_ONCE and row.fully_managed
    return {
        "BackupJobId": job.job_id,
        "RecoveryPointArn": job.point_arn if named else None,
        "CreationDate": job.created,
        "IsParent": job.is_parent,
    }


def _job(scope: Scope, params: Params) -> BackupJob:
    job = scope.region.backup_jobs.get(params["BackupJobId"])
    if job is None:
        raise AwsError("ResourceNotFoundException", f"Cannot find backup job {params['BackupJobId']}")
    return job


def describe(scope: Scope, params: Params) -> Params:
    """Describe one backup job of this account and Region."""
    job = _job(scope, params)
    shown: Params = {"RecoveryPointLifecycle": lifecycles.shown(job.lifecycle), "VaultLockState": job.lock_state}
    if job.is_parent:
        children = Counter(child.state for child in job.children)
        shown |= {"NumberOfChildJobs": children.total(), "ChildJobsInState": dict(children)}
    return _shown(job) | shown


def stop(scope: Scope, params: Params) -> Params:
    """Stop a job that has not ended, of a type whose backups can be stopped."""
    job = _job(scope, params)
    if job.resource_type in UNSTOPPABLE:
        raise AwsError("InvalidRequestException", f"Backup jobs of {job.resource_type} resources cannot be stopped.")
    if job.state not in {"CREATED", "RUNNING"}:
        raise AwsError("InvalidRequestException", f"Backup job {job.job_id} in state {job.state} cannot be stopped.")
    running.stop(scope.state, job, scope.now)
    return {}


_FILTERS: Mapping[str, Callable[[BackupJob, Params], bool]] = {
    **job_requests.FILTERS,
    "ByBackupVaultName": lambda job, params: job.vault_name == params["ByBackupVaultName"],
}


def list_jobs(scope: Scope, params: Params) -> Params:
    """List backup jobs in order of creation."""
    found, token = job_requests.page(scope, "ListBackupJobs", params, lambda region: region.backup_jobs, _FILTERS)
    return {"BackupJobs": [_shown(job) for job in found], "NextToken": token}


def _shown(job: BackupJob) -> Params:
    done = job.state in {"COMPLETED", "PARTIAL"}
    return {
        "AccountId": job.account,
        "BackupJobId": job.job_id,
        "BackupVaultName": job.vault_name,
        "BackupVaultArn": job.vault_arn,
        "VaultType": job.vault_type,
        "RecoveryPointArn": job.point_arn,
        "EncryptionKeyArn": job.key_arn,
        "IsEncrypted": job.key_arn is not None,
        "ResourceArn": job.resource_arn,
        "CreationDate": job.created,
        "CompletionDate": job.completed,
        "State": job.state,
        "StatusMessage": job.message,
        "PercentDone": "100.0" if done else "0.0",
        "BackupSizeInBytes": job.size if done else None,
        "IamRoleArn": job.role_arn,
        "CreatedBy": job.created_by,
        "ExpectedCompletionDate": job.complete_by if job.state == "RUNNING" else None,
        "StartBy": job.start_by,
        "ResourceType": job.resource_type,
        "BytesTransferred": job.size if done else None,
        "BackupOptions": job.options or None,
        "BackupType": options.backup_type(job.options),
        "IsParent": job.is_parent,
        "ParentJobId": job.parent_id,
        "ResourceName": job.resource_name,
        "InitiationDate": job.initiated,
        "MessageCategory": job.category,
    }


OPERATIONS = {
    "StartBackupJob": Operation(start, lookup.on_vault),
    "DescribeBackupJob": Operation(describe),
    "ListBackupJobs": Operation(list_jobs),
    "StopBackupJob": Operation(stop),
}

FIDELITY = (
    Behaviour(
        "StartBackupJob refuses at once: vault missing, ARN of no known type, windows, tags, options, lifecycle, a "
        "role that may not be passed or does not trust AWS Backup; all else fails the job",
        "assumed",
        "test_backup_failures.py::test_a_job_that_cannot_be_is_refused",
    ),
    Behaviour(
        "Every documented or reported reason of failed backup jobs can be brought about or ordered, with its category",
        "DG, issue; which type says that its resource is missing in which words: assumed",
        "test_backup_documented.py::test_a_documented_failure_is_brought_about",
    ),
    Behaviour(
        "Retention outside the vault lock fails a backup job in the words of the copy job",
        "assumed",
        "test_backup_failures.py::test_a_backup_fails_later",
    ),
    Behaviour(
        "A role without the rights of S3 may not even describe the bucket; without s3:GetBucketVersioning the text is "
        "another one",
        "issue (ministryofjustice/modernisation-platform 6152), DG; that s3:ListBucket describes: assumed",
        "test_backup_documented.py::test_a_documented_failure_is_brought_about",
    ),
    Behaviour(
        "A customer managed key of the vault has to let the role create grants (types managed in full, but for S3)",
        "DG; that it is this action alone, and that S3 does without (AWS's policy for its backups has it not): assumed",
        "test_backup_failures.py::test_a_backup_fails_later",
    ),
    Behaviour(
        "Service opt-ins do not matter to on-demand backups",
        "DG (a resource that is named explicitly is included); for on-demand jobs: assumed",
        "test_backup_jobs.py::test_opt_ins_do_not_matter_on_demand",
    ),
    Behaviour(
        "StartBackupJob gives the recovery point's ARN for EFS and DynamoDB with advanced features only",
        "botocore",
        "test_backup_jobs.py::test_recovery_points_have_the_arn_and_the_key_of_their_type",
    ),
    Behaviour(
        "StopBackupJob: ABORTING, then ABORTED with `Backup job was stopped by user.`; six types cannot be stopped, "
        "nor can a job that has ended",
        "DG, botocore; the errors: assumed",
        "test_backup_jobs.py::test_a_job_is_stopped",
    ),
    Behaviour(
        "Backup indexes",
        "missing",
    ),
)
