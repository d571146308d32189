"""What AWS Backup tells of its jobs, points and vaults: EventBridge, with the quirks of its examples.

Events go to the account that started a job or owns the vault, never to the other side of a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ..events import feed

if TYPE_CHECKING:
    from ...records.backups import BackupJob
    from ...records.events import Event
    from ...records.state import CopyJob, RecoveryPoint, State, Vault


CREATED_BY = {
    "backupPlanId": "BackupPlanId",
    "backupPlanArn": "BackupPlanArn",
    "backupPlanVersion": "BackupPlanVersion",
    "backupPlanRuleId": "BackupRuleId",
}


def copy_job(state: State, job: CopyJob, now: float) -> None:
    """Tell the account that started a copy in which state the job is now."""
    origin = feed.Origin(job.account, job.region, [job.source_point_arn])
    feed.tell(state, origin, "Copy Job State Change", _copy_detail(job), now)


def _copy_detail(job: CopyJob) -> Event:
    if job.state == "CREATED":  # neither id nor resource: who listens goes by `resources`
        return {
            "creationDate": _moment(job.created),
            "state": job.state,
            "sourceBackupVaultArn": job.source_vault_arn,
            "destinationBackupVaultArn": job.destination_vault_arn,
        }
    ended: Event = {}
    if job.completed is not None:
        ended = ({"statusMessage": job.message} if job.message else {}) | {"completionDate": _moment(job.completed)}
    return {
        "copyJobId": job.job_id,
        "backupSizeInBytes": job.size,
        "creationDate": _moment(job.created),
        "iamRoleArn": job.role_arn,
        "resourceArn": job.resource_arn,
        "resourceType": job.resource_type,
        "sourceBackupVaultArn": job.source_vault_arn,
        "state": job.state,
        **ended,
        "destinationBackupVaultArn": job.destination_vault_arn,
        # An empty object, not an absent text, as long as there is none.
        "destinationRecoveryPointArn": job.destination_point_arn or {},
        **_created_by(job.created_by),
    }


def backup_job(state: State, job: BackupJob, now: float) -> None:
    """Tell the account in which state its backup job is now."""
    made = [job.point_arn] if job.point_arn and job.state == "COMPLETED" else []
    feed.tell(state, feed.Origin(job.account, job.region, made), "Backup Job State Change", _backup_detail(job), now)


def _backup_detail(job: BackupJob) -> Event:
    if job.state == "CREATED":
        return {"backupJobId": job.job_id, "state": job.state, "creationDate": _moment(job.created)}
    size = str(job.size or 0)
    more: Event = {}
    if job.state in {"RUNNING", "COMPLETED"}:
        more["backupSizeInBytes"] = size
    if job.state == "RUNNING" and job.complete_by is not None:
        more["expectedCompletionDate"] = _moment(job.complete_by)
    if job.completed is not None and job.state != "FAILED":  # the examples of failures have none
        more["completionDate"] = _moment(job.completed)
    if job.message:
        more["statusMessage"] = f'"{job.message}"'  # quoted once more, unlike that of copy jobs
    return {
        "backupJobId": job.job_id,
        "backupVaultArn": job.vault_arn,
        "backupVaultName": job.vault_arn.rpartition(":")[2],
        "bytesTransferred": size if job.state == "COMPLETED" else "0",
        "creationDate": _moment(job.created),
        "iamRoleArn": job.role_arn,
        "resourceArn": job.resource_arn,
        "resourceType": job.resource_type,
        "state": job.state,
        **more,
        "startBy": _moment(job.start_by),
        "percentDone": 100 if job.state == "COMPLETED" else 0,
        **_created_by(job.created_by),
    }


def recovery_point(
    state: State, vault: Vault, point: RecoveryPoint, status: str, now: float, *, deleted_by: str | None = None
) -> None:
    """Tell the owner of a vault what became of a recovery point in it; the word is `status` here, not `state`."""
    days = point.lifecycle.delete_after_days
    detail: Event = {
        "backupVaultName": vault.name,
        "backupVaultArn": vault.arn,
        "creationDate": _moment(point.created),
        "iamRoleArn": point.role_arn,
        "resourceType": point.resource_type,
        "resourceArn": point.resource_arn,
        "status": status,
        **({"deletedBy": deleted_by} if deleted_by else {}),
        "isEncrypted": "true" if point.key_arn else "false",
        "storageClass": point.storage_class,
        "completionDate": _moment(point.completed),
        **_created_by(point.created_by),
    }
    if days is not None and days >= 0:
        detail["lifecycle"] = {"deleteAfterDays": days}
        detail["calculatedLifeCycle"] = {"deleteAt": _moment(point.created + days * 86_400)}  # sic
    if status == "DELETED" and point.initiated is not None:
        detail["initiationDate"] = _moment(point.initiated)
    origin = feed.Origin(vault.account, vault.region, [point.arn])
    feed.tell(state, origin, "Recovery Point State Change", detail, now)


def vault(state: State, found: Vault, change: str, now: float) -> None:
    """Tell the owner that a vault was CREATED, MODIFIED (its lock, told as a text) or DELETED."""
    detail: Event = {"backupVaultName": found.name, "state": change}
    if change == "MODIFIED":
        detail["isLocked"] = "true" if found.lock else "false"
    origin = feed.Origin(found.account, found.region, [found.arn])
    feed.tell(state, origin, "Backup Vault State Change", detail, now)


def _moment(seconds: float) -> str:
    return feed.stamp(seconds, millis=True)


def _created_by(plan: Event | None) -> Event:
    """Absent for jobs on demand; four members, with names of their own."""
    if not plan:
        return {}
    return {"createdBy": {ours: plan[theirs] for ours, theirs in CREATED_BY.items() if theirs in plan}}


FIDELITY = (
    Behaviour(
        "Copy Job State Change: CREATED without id and resource, `destinationRecoveryPointArn` an empty object "
        "until the end",
        "DG, recordings",
        "test_backup_events.py::test_a_copy_tells_its_states",
    ),
    Behaviour(
        "Only the account that started a copy hears of its job; the destination hears of the recovery point",
        "DG; the latter assumed (no example of a copy is published)",
        "test_backup_events.py::test_who_hears_of_a_copy",
    ),
    Behaviour(
        "Backup Job State Change: sizes are texts, statusMessage is quoted twice, CREATED has three members, FAILED no "
        "completion date, none of those that ended otherwise than COMPLETED a size",
        "DG, recordings",
        "test_backup_events.py::test_a_backup_tells_its_states",
    ),
    Behaviour(
        "Recovery Point State Change: `status`, `isEncrypted` as text, `calculatedLifeCycle`; the status with which it "
        "comes, DELETED, EXPIRED",
        "DG, recordings; when which: assumed",
        "test_backup_events.py::test_a_recovery_point_tells_its_end",
    ),
    Behaviour(
        "Backup Vault State Change: CREATED and DELETED with the vault's name",
        "DG",
        "test_backup_events.py::test_a_vault_tells_that_it_comes_and_goes",
    ),
    Behaviour(
        "Backup Vault State Change: MODIFIED with `isLocked` as text when a lock is put",
        "recordings; when one is taken away: assumed",
        "test_backup_events.py::test_a_vault_tells_of_its_lock",
    ),
    Behaviour(
        "`deletedBy` is MANUAL_DELETE when somebody deleted the recovery point, absent when its time was over",
        "recordings; the latter: assumed",
        "test_backup_events.py::test_a_recovery_point_tells_its_end",
    ),
    Behaviour(
        "Events of restore, index and scan jobs, of which there are none; those of CloudTrail, which need a trail",
        "missing",
    ),
)
