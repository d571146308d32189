"""What AWS Backup tells topics of SNS: which event comes when, to whom, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.records.backups import BackupJob
from backup_simulator.records.state import CopyJob
from backup_simulator.services.backup import notices
from simulator_kit import backup_kit, scenes
from simulator_kit.notifying import TOPIC, Notified, may_publish

if TYPE_CHECKING:
    from collections.abc import Mapping

VAULT = f"arn:aws:backup:{scenes.HOME}:{scenes.SOURCE}:backup-vault:backups"
EVERY = ("COPY_JOB_STARTED", "COPY_JOB_SUCCESSFUL", "COPY_JOB_FAILED", "BACKUP_JOB_STARTED", "BACKUP_JOB_COMPLETED")
BEGUN = 1_772_323_200.0  # 2026-03-01T00:00:00Z


def with_files(scene: scenes.Json) -> None:
    """A file system in the source account."""
    scenes.account(scene, scenes.SOURCE)["resources"] = [backup_kit.resource("EFS", "fs-a")]


def backup(notified: Notified, **options: Any) -> str:
    """Start a backup of the file system, and let nothing happen yet."""
    asked = {"BackupVaultName": "backups", "ResourceArn": backup_kit.FILES, "IamRoleArn": scenes.COPIER}
    return str(notified.backup.start_backup_job(**asked, **options)["BackupJobId"])


def test_a_failed_copy_arrives_in_a_queue() -> None:
    """At the moment of the failure, not with the next batch of events, in an envelope of SNS."""
    notified = Notified("COPY_JOB_FAILED")
    notified.control.order("FAILED", message="An internal error occurred.")
    job = notified.copy()
    (heard,) = notified.heard()

    assert heard["Subject"] == "Notification from AWS Backup"
    assert heard["Message"] == f"An AWS Copy job was completed but was failed or was aborted. Copy Job Id : {job}"
    assert (heard["TopicArn"], heard["Timestamp"]) == (TOPIC, "2026-03-01T00:01:05.000Z")
    assert {name: each["Value"] for name, each in heard["MessageAttributes"].items()} == {
        "AccountId": scenes.SOURCE,
        "EventType": "COPY_JOB",
        "State": "FAILED",
        "StartTime": "2026-03-01T00:00:00Z",
        "Id": job,
    }


def test_who_hears_of_a_copy() -> None:
    """The vault that it leaves; that in which it arrives belongs to somebody else."""
    notified = Notified(*EVERY)
    elsewhere = notified.opened.client("sns", scenes.TARGET, "admin", region=scenes.AWAY)
    topic = elsewhere.create_topic(Name="alerts", Attributes={"Policy": may_publish()})["TopicArn"]
    elsewhere.subscribe(TopicArn=topic, Protocol="email", Endpoint="target@example.com")
    target = notified.opened.client("backup", scenes.TARGET, "admin", region=scenes.AWAY)
    target.put_backup_vault_notifications(BackupVaultName="copies", SNSTopicArn=topic, BackupVaultEvents=list(EVERY))
    notified.copy()

    assert notified.states() == ["RUNNING", "COMPLETED"]
    assert notified.control.notifications(topic=topic) == []


def test_only_what_the_vault_lists_is_told() -> None:
    """And nothing any more once the configuration is gone."""
    notified = Notified("COPY_JOB_SUCCESSFUL")
    notified.copy()
    told = notified.states()
    notified.backup.delete_backup_vault_notifications(BackupVaultName="backups")
    notified.copy()

    assert (told, notified.states()) == (["COMPLETED"], [])


def copy_job(state: str) -> CopyJob:
    """A copy job in a state."""
    return CopyJob(
        job_id="c-1",
        sequence=1,
        account=scenes.SOURCE,
        region=scenes.HOME,
        source_vault_arn=VAULT,
        source_point_arn="arn:aws:ec2:eu-west-1::snapshot/snap-1",
        destination_vault_arn=scenes.vault_arn(),
        role_arn=scenes.COPIER,
        lifecycle=None,
        resource_arn=backup_kit.VOLUME,
        resource_type="EBS",
        size=1,
        created=BEGUN + 0.25,
        state=state,
    )


COPY_ATTRIBUTES = {
    "AccountId": scenes.SOURCE,
    "EventType": "COPY_JOB",
    "StartTime": "2026-03-01T00:00:00.250Z",
    "Id": "c-1",
}


@pytest.mark.parametrize(
    ("state", "event", "text"),
    [
        pytest.param("CREATED", None, "", id="nothing of one that waits"),
        pytest.param("RUNNING", "COPY_JOB_STARTED", "was started", id="begun"),
        pytest.param("COMPLETED", "COPY_JOB_SUCCESSFUL", "was completed successfully", id="done"),
        pytest.param("FAILED", "COPY_JOB_FAILED", "was completed but was failed or was aborted", id="failed"),
        pytest.param("PARTIAL", None, "", id="nothing of one that was done in part"),
    ],
)
def test_the_words_of_a_notice(state: str, event: str | None, text: str) -> None:
    """A start has milliseconds if it is not on the full second."""
    told = notices.of_copy(copy_job(state))
    wanted = notices.Notice(
        event or "", f"An AWS Copy job {text}. Copy Job Id : c-1", COPY_ATTRIBUTES | {"State": state}
    )

    assert told == (wanted if event else None)


FAILED = f"Resource ARN : {backup_kit.FILES}. BackupJob ID : b-1"


@pytest.mark.parametrize(
    ("state", "event", "text"),
    [
        pytest.param("CREATED", None, "", id="nothing of one that waits"),
        pytest.param("RUNNING", "BACKUP_JOB_STARTED", f"was started. {FAILED}", id="begun"),
        pytest.param(
            "COMPLETED",
            "BACKUP_JOB_COMPLETED",
            f"was completed successfully. Recovery point ARN: point. Backed up Resource ARN : {backup_kit.FILES}. "
            "Backup Job Id : b-1",
            id="done",
        ),
        pytest.param("PARTIAL", "BACKUP_JOB_COMPLETED", f"was completed partially. {FAILED}", id="done in part"),
        pytest.param("FAILED", "BACKUP_JOB_COMPLETED", f"failed. {FAILED}", id="failed"),
        pytest.param("EXPIRED", "BACKUP_JOB_COMPLETED", f"failed to complete in time. {FAILED}", id="expired"),
        pytest.param("ABORTING", None, "", id="nothing of one that is being stopped"),
        pytest.param("ABORTED", "BACKUP_JOB_COMPLETED", f"was stopped. {FAILED}", id="stopped"),
    ],
)
def test_the_words_about_a_backup(state: str, event: str | None, text: str) -> None:
    """What ended well names the resource and the job in another way than what did not."""
    job = BackupJob(
        job_id="b-1",
        sequence=1,
        account=scenes.SOURCE,
        region=scenes.HOME,
        vault_name="backups",
        resource_arn=backup_kit.FILES,
        resource_type="EFS",
        role_arn=scenes.COPIER,
        created=BEGUN,
        start_by=BEGUN + 3600,
        completion_window=3600,
        state=state,
        point_arn="point" if state == "COMPLETED" else None,
    )
    attributes: Mapping[str, str] = {
        "AccountId": scenes.SOURCE,
        "EventType": "BACKUP_JOB",
        "State": state,
        "StartTime": "2026-03-01T00:00:00Z",
        "Id": "b-1",
    }

    told = notices.of_backup(job)

    assert told == (notices.Notice(event, f"An AWS Backup job {text}", attributes) if event else None)


@pytest.mark.parametrize(
    ("outcome", "states"),
    [
        pytest.param(None, ["RUNNING", "COMPLETED"], id="done"),
        pytest.param("FAILED", ["RUNNING", "FAILED"], id="failed"),
        pytest.param("STUCK_RUNNING", ["RUNNING", "EXPIRED"], id="expired"),
    ],
)
def test_every_end_of_a_backup_is_told(outcome: str | None, states: list[str]) -> None:
    """As BACKUP_JOB_COMPLETED."""
    notified = Notified(*EVERY, change=with_files)
    if outcome:
        notified.control.order(outcome, kind="backup")  # type: ignore[arg-type] # one of the states
    backup(notified, StartWindowMinutes=60, CompleteWindowMinutes=120)
    notified.control.advance("1d")

    assert notified.states() == states


def test_a_stopped_backup_is_told() -> None:
    """Once it has stopped."""
    notified = Notified("BACKUP_JOB_COMPLETED", change=with_files)
    job = backup(notified)
    notified.control.advance("10s")
    notified.backup.stop_backup_job(BackupJobId=job)
    notified.control.advance("10m")
    (heard,) = notified.heard()

    assert heard["Message"] == f"An AWS Backup job was stopped. Resource ARN : {backup_kit.FILES}. BackupJob ID : {job}"


def test_deprecated_events_are_told_to_nobody() -> None:
    """They can be put and read back, and that is all."""
    deprecated = ["BACKUP_JOB_SUCCESSFUL", "BACKUP_JOB_FAILED", "BACKUP_JOB_EXPIRED", "BACKUP_PLAN_CREATED"]
    notified = Notified(*deprecated, change=with_files)
    backup(notified)
    notified.control.advance("10m")
    notified.control.order("FAILED", kind="backup")
    backup(notified)
    notified.control.advance("10m")

    kept = notified.backup.get_backup_vault_notifications(BackupVaultName="backups")["BackupVaultEvents"]
    assert (kept, notified.control.notifications()) == (deprecated, [])


def test_a_changed_lifecycle_is_told() -> None:
    """With the recovery point as its id."""
    notified = Notified("RECOVERY_POINT_MODIFIED")
    (point,) = notified.backup.list_recovery_points_by_backup_vault(BackupVaultName="backups")["RecoveryPoints"]
    arn = point["RecoveryPointArn"]
    notified.backup.update_recovery_point_lifecycle(
        BackupVaultName="backups", RecoveryPointArn=arn, Lifecycle={"DeleteAfterDays": 90}
    )
    (heard,) = notified.heard()

    assert heard["Message"] == f"An AWS Backup recovery point was modified. Recovery point ARN: {arn}."
    assert heard["MessageAttributes"]["EventType"]["Value"] == "RECOVERY_POINT"
    assert heard["MessageAttributes"]["Id"]["Value"] == arn


@pytest.mark.parametrize(
    ("policy", "admitted"),
    [
        pytest.param(may_publish(), True, id="the service"),
        pytest.param(may_publish(ArnLike={"aws:SourceArn": VAULT}), True, id="for the vault"),
        pytest.param(may_publish(StringEquals={"aws:SourceAccount": scenes.SOURCE}), True, id="for the account"),
        pytest.param(may_publish(ArnLike={"aws:SourceArn": f"{VAULT}-2"}), False, id="for another vault"),
        pytest.param(may_publish("events.amazonaws.com"), False, id="another service"),
        pytest.param("", False, id="the policy that a topic has at first"),
    ],
)
def test_a_topic_has_to_let_aws_backup_in(policy: str, admitted: bool) -> None:
    """Else nothing arrives, and only the log tells."""
    notified = Notified("COPY_JOB_SUCCESSFUL", policy=policy)
    notified.copy()

    assert notified.states() == ["COMPLETED"] * admitted
    refused = "the topic's policy does not let backup.amazonaws.com publish"
    assert notified.outcomes() == (["OK"] if admitted else [refused])


def test_nobody_hears_by_a_topic_that_is_gone() -> None:
    """The vault still names it."""
    notified = Notified("COPY_JOB_SUCCESSFUL")
    notified.sns.delete_topic(TopicArn=TOPIC)
    notified.copy()

    assert notified.outcomes() == ["the topic does not exist"]


@pytest.mark.parametrize("admitted", [True, False])
def test_an_encrypted_topic_needs_its_key(admitted: bool) -> None:
    """Whose policy lets AWS Backup in; the key of SNS itself never does."""
    notified = Notified("COPY_JOB_SUCCESSFUL")
    whole = {"Effect": "Allow", "Principal": {"AWS": scenes.SOURCE}, "Action": "kms:*", "Resource": "*"}
    service = whole | {
        "Principal": {"Service": "backup.amazonaws.com"},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
    }
    policy = scenes.text(scenes.policy(whole, *([service] if admitted else [])))
    key = notified.client("kms").create_key(Policy=policy)["KeyMetadata"]["KeyId"]
    for name in (key, "alias/aws/sns"):
        notified.sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="KmsMasterKeyId", AttributeValue=name)
        notified.copy()
    closed = "the topic's key does not let backup.amazonaws.com use kms:GenerateDataKey"

    assert notified.outcomes() == ["OK" if admitted else closed, closed]


def test_what_the_world_file_has_is_no_news() -> None:
    """Recovery points that were there before tell nothing."""
    notified = Notified(*EVERY, "RECOVERY_POINT_MODIFIED")

    assert notified.control.notifications() == []


def test_snapshots_and_resets_reach_topics() -> None:
    """What follows a restore is the same each time; a reset leaves neither topics nor news."""
    notified = Notified("COPY_JOB_SUCCESSFUL")
    notified.control.snapshot()
    notified.copy()
    first = notified.control.notifications()
    notified.control.restore()
    forgotten = notified.control.notifications()
    notified.copy()
    again = notified.control.notifications()
    notified.control.reset()

    assert first == again != []
    assert (forgotten, notified.control.notifications(), notified.sns.list_topics()["Topics"]) == ([], [], [])
