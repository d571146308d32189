"""What AWS Backup tells the SNS topic of a vault: which of the vault's events a happening is, and in which words.

Source: Developer Guide, "Notification options with AWS Backup", whose examples are of backup jobs; texts of copy jobs
and of what ended well from messages that users received. Events that the API calls deprecated are told to nobody.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records.topics import Message
from ..sns import delivery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...records.backups import BackupJob
    from ...records.state import CopyJob, RecoveryPoint, State, Vault

SERVICE = "backup.amazonaws.com"
SUBJECT = "Notification from AWS Backup"
COPIES: Mapping[str, tuple[str, str]] = {
    "RUNNING": ("COPY_JOB_STARTED", "was started"),
    "COMPLETED": ("COPY_JOB_SUCCESSFUL", "was completed successfully"),
    "FAILED": ("COPY_JOB_FAILED", "was completed but was failed or was aborted"),  # sic
}
BACKUPS: Mapping[str, tuple[str, str]] = {
    "RUNNING": ("BACKUP_JOB_STARTED", "was started"),
    "COMPLETED": ("BACKUP_JOB_COMPLETED", "was completed successfully"),
    "PARTIAL": ("BACKUP_JOB_COMPLETED", "was completed partially"),
    "FAILED": ("BACKUP_JOB_COMPLETED", "failed"),
    "ABORTED": ("BACKUP_JOB_COMPLETED", "was stopped"),
    "EXPIRED": ("BACKUP_JOB_COMPLETED", "failed to complete in time"),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One of the events that a vault's notifications list, its text, and the attributes that filters go by."""

    event: str
    text: str
    attributes: Mapping[str, str]


def of_copy(job: CopyJob) -> Notice | None:
    """What a copy job tells in the state that it has now."""
    if job.state not in COPIES:
        return None
    event, words = COPIES[job.state]
    text = f"An AWS Copy job {words}. Copy Job Id : {job.job_id}"
    return Notice(event, text, _attributes(job.account, "COPY_JOB", job.state, job.created, job.job_id))


def of_backup(job: BackupJob) -> Notice | None:
    """What a backup job tells in the state that it has now; every end is BACKUP_JOB_COMPLETED."""
    if job.state not in BACKUPS:
        return None
    event, words = BACKUPS[job.state]
    if job.state == "COMPLETED":  # names of their own, unlike those in the other texts
        more = f"Recovery point ARN: {job.point_arn}. Backed up Resource ARN : {job.resource_arn}. Backup Job Id : "
    else:
        more = f"Resource ARN : {job.resource_arn}. BackupJob ID : "
    attributes = _attributes(job.account, "BACKUP_JOB", job.state, job.created, job.job_id)
    return Notice(event, f"An AWS Backup job {words}. {more}{job.job_id}", attributes)


def of_point(vault: Vault, point: RecoveryPoint) -> Notice:
    """What a recovery point tells that was modified: its lifecycle is another one now."""
    text = f"An AWS Backup recovery point was modified. Recovery point ARN: {point.arn}."
    attributes = _attributes(vault.account, "RECOVERY_POINT", "MODIFIED", point.created, point.arn)
    return Notice("RECOVERY_POINT_MODIFIED", text, attributes)


def _attributes(account: str, kind: str, state: str, begun: float, name: str) -> Mapping[str, str]:
    return {"AccountId": account, "EventType": kind, "State": state, "StartTime": _moment(begun), "Id": name}


def _moment(seconds: float) -> str:
    """A moment with milliseconds where it has some."""
    timespec = "milliseconds" if round(seconds * 1000) % 1000 else "seconds"
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def tell(state: State, vault: Vault | None, notice: Notice | None, now: float) -> None:
    """Publish to a vault's topic, if the vault's notifications list the event."""
    if vault is None or notice is None or vault.notifications is None or not state.feed.opened:
        return
    if notice.event not in vault.notifications["BackupVaultEvents"]:
        return
    attributes = {name: {"Type": "String", "Value": value} for name, value in notice.attributes.items()}
    message = Message(state.post.ids.uuid(), notice.text, SUBJECT, attributes)
    known: delivery.Keys = {"aws:sourcearn": (vault.arn,), "aws:sourceaccount": (vault.account,)}
    delivery.publish_for(state, SERVICE, vault.notifications["SNSTopicArn"], message, known=known, now=now)


FIDELITY = (
    Behaviour(
        "COPY_JOB_* are told to the topic of the source's vault, in the account that started the copy; STARTED when it "
        "runs, nothing of a PARTIAL one",
        "assumed",
        "test_notices.py::test_who_hears_of_a_copy",
    ),
    Behaviour(
        "The words about a copy that failed, the subject and the attributes AccountId, EventType, State, StartTime, Id",
        "DG, recordings; words about a copy that began or went well: assumed",
        "test_notices.py::test_the_words_of_a_notice",
    ),
    Behaviour(
        "BACKUP_JOB_COMPLETED is told of every end of a backup, also FAILED, EXPIRED and ABORTED: filter policies tell "
        "them apart by State",
        "DG, recordings, issue; PARTIAL, and all words about it and about STARTED: assumed",
        "test_notices.py::test_every_end_of_a_backup_is_told",
    ),
    Behaviour(
        "Deprecated events are kept and told to nobody: BACKUP_JOB_SUCCESSFUL, BACKUP_JOB_FAILED, BACKUP_JOB_EXPIRED, "
        "BACKUP_PLAN_CREATED, BACKUP_PLAN_MODIFIED",
        "DG (API reference); one user's log shows a message under BACKUP_JOB_FAILED",
        "test_notices.py::test_deprecated_events_are_told_to_nobody",
    ),
    Behaviour(
        "RECOVERY_POINT_MODIFIED is told when a lifecycle is changed",
        "assumed, its words too",
        "test_notices.py::test_a_changed_lifecycle_is_told",
    ),
    Behaviour(
        "AWS Backup publishes where the topic's policy lets backup.amazonaws.com, `aws:SourceArn` being the vault, and "
        "the key of an encrypted topic does too; else nobody hears",
        "DG",
        "test_notices.py::test_a_topic_has_to_let_aws_backup_in",
    ),
    Behaviour(
        "Notifications leave at once, while events for EventBridge wait for their batch",
        "assumed",
        "test_notices.py::test_a_failed_copy_arrives_in_a_queue",
    ),
    Behaviour(
        "Notifications about restores, single objects of S3 and EKS, indexes, access points, interrupted continuous "
        "backups: nothing here does such things",
        "missing",
    ),
)
