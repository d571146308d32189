"""What AWS Backup tells EventBridge: which account hears what, with which members."""

from __future__ import annotations

from typing import Any

import pytest

from simulator_kit import scenes
from simulator_kit.listening import Listener

COPY, BACKUP, POINT = (f"{name} State Change" for name in ("Copy Job", "Backup Job", "Recovery Point"))
RUNNING = {
    *("copyJobId", "backupSizeInBytes", "creationDate", "iamRoleArn", "resourceArn", "resourceType"),
    *("sourceBackupVaultArn", "state", "destinationBackupVaultArn", "destinationRecoveryPointArn"),
}


def copied(listener: Listener) -> str:
    """Start a copy of the source's recovery point, and let everything be told; returns the job's id."""
    source = listener.opened.client("backup", scenes.SOURCE, "admin", region=scenes.HOME, config=scenes.fast())
    (point,) = source.list_recovery_points_by_backup_vault(BackupVaultName="backups")["RecoveryPoints"]
    job = source.start_copy_job(
        RecoveryPointArn=point["RecoveryPointArn"],
        SourceBackupVaultName="backups",
        DestinationBackupVaultArn=scenes.vault_arn(),
        IamRoleArn=scenes.COPIER,
    )
    listener.opened.control.advance("10m")
    return str(job["CopyJobId"])


def backed_up(resource_type: str, arn: str) -> Listener:
    """Start a backup of a resource that is kept for a week; its events are still on their way."""

    def change(scene: scenes.Json) -> None:
        part = {"region": scenes.HOME, "resource_type": resource_type, "resource": arn.rpartition("/")[2]}
        scenes.account(scene, scenes.SOURCE)["resources"] = [part]

    listener = Listener(change=change)
    listener.backup.start_backup_job(
        BackupVaultName="backups", ResourceArn=arn, IamRoleArn=scenes.COPIER, Lifecycle={"DeleteAfterDays": 7}
    )
    return listener


def test_a_copy_tells_its_states() -> None:
    """CREATED knows neither id nor resource; the destination's ARN is an object until there is one."""
    listener = Listener()
    job = copied(listener)
    events = [event for event in listener.heard() if event["detail-type"] == COPY]
    created, running, completed = (event["detail"] for event in events)

    assert set(created) == {"creationDate", "state", "sourceBackupVaultArn", "destinationBackupVaultArn"}
    assert set(running) == RUNNING
    assert set(completed) == RUNNING | {"completionDate"}
    assert [detail["state"] for detail in (created, running, completed)] == ["CREATED", "RUNNING", "COMPLETED"]
    assert (running["copyJobId"], running["destinationRecoveryPointArn"]) == (job, {})
    assert isinstance(running["backupSizeInBytes"], int)
    assert completed["destinationRecoveryPointArn"].startswith("arn:aws:ec2:eu-central-1::snapshot/")
    assert completed["completionDate"] == "2026-03-01T00:01:05.000Z"
    assert {(event["account"], event["region"], len(event["resources"])) for event in events} == {
        (scenes.SOURCE, scenes.HOME, 1)
    }
    assert events[0]["resources"][0].startswith("arn:aws:ec2:eu-west-1::snapshot/")


def test_a_failed_copy_tells_why() -> None:
    """In plain words, without quotes of their own; the destination stays an object."""
    listener = Listener()
    listener.opened.control.order("FAILED", message="An internal error occurred.")
    copied(listener)
    failed = listener.details(COPY)[-1]

    assert set(failed) == RUNNING | {"completionDate", "statusMessage"}
    assert (failed["state"], failed["statusMessage"]) == ("FAILED", "An internal error occurred.")
    assert failed["destinationRecoveryPointArn"] == {}


def test_who_hears_of_a_copy() -> None:
    """The account that started it of the job, the destination of what lies in its vault."""
    target = Listener(scenes.TARGET, scenes.AWAY)
    source = Listener(opened=target.opened)
    copied(source)

    assert {event["detail-type"] for event in source.heard()} == {COPY}
    (event,) = target.heard()
    assert (event["detail-type"], event["account"], event["region"]) == (POINT, scenes.TARGET, scenes.AWAY)
    assert event["detail"]["status"] == "COMPLETED"
    assert event["detail"]["backupVaultName"] == "copies"


def test_a_backup_tells_its_states() -> None:
    """Sizes are texts there; at the end the recovery point is told too."""
    listener = backed_up("EBS", f"arn:aws:ec2:{scenes.HOME}:{scenes.SOURCE}:volume/vol-9")
    listener.opened.control.advance("2h")
    events = listener.heard()
    created, running, completed = (event["detail"] for event in events if event["detail-type"] == BACKUP)
    (point,) = (event["detail"] for event in events if event["detail-type"] == POINT)

    assert set(created) == {"backupJobId", "state", "creationDate"}
    assert (running["state"], running["bytesTransferred"]) == ("RUNNING", "0")
    assert running["expectedCompletionDate"] > running["creationDate"]
    assert "expectedCompletionDate" not in completed
    assert completed["backupSizeInBytes"] == completed["bytesTransferred"] == str(10 * 2**30)
    assert (completed["state"], completed["percentDone"]) == ("COMPLETED", 100)
    assert (point["isEncrypted"], point["storageClass"], point["lifecycle"]) == (
        "false",
        "WARM",
        {"deleteAfterDays": 7},
    )
    assert point["calculatedLifeCycle"]["deleteAt"].startswith("2026-03-08T00:00:")


def test_a_failed_backup_wraps_its_words_in_quotes() -> None:
    """As the published examples do, which have neither a size nor a moment of the end."""
    listener = Listener()
    listener.backup.start_backup_job(
        BackupVaultName="backups",
        ResourceArn=f"arn:aws:ec2:{scenes.HOME}:{scenes.SOURCE}:volume/vol-none",
        IamRoleArn=scenes.COPIER,
    )
    listener.opened.control.advance("1d")
    failed = listener.details(BACKUP)[-1]

    assert failed["state"] == "FAILED"
    assert not {"backupSizeInBytes", "completionDate"} & set(failed)
    assert failed["statusMessage"].startswith('"')
    assert failed["statusMessage"].endswith('"')


def test_a_recovery_point_tells_its_end() -> None:
    """DELETED when it is gone, not when its deletion begins."""
    listener = Listener()
    (point,) = listener.backup.list_recovery_points_by_backup_vault(BackupVaultName="backups")["RecoveryPoints"]
    listener.backup.delete_recovery_point(BackupVaultName="backups", RecoveryPointArn=point["RecoveryPointArn"])
    listener.opened.control.advance("10m")
    (event,) = listener.heard()

    assert event["resources"] == [point["RecoveryPointArn"]]
    assert event["detail"]["status"] == "DELETED"
    assert event["detail"]["deletedBy"] == "MANUAL_DELETE"
    assert "state" not in event["detail"]


def test_a_recovery_point_whose_time_is_over_was_deleted_by_nobody() -> None:
    """Its event says no more than DELETED."""
    listener = Listener()
    old = {"resource_type": "EFS", "resource": "fs-1", "age": "9d", "lifecycle": {"delete_after_days": 10}}
    listener.opened.control.seed(scenes.SOURCE, scenes.HOME, "backups", [old])
    listener.opened.control.advance("2d")
    deleted = [detail for detail in listener.details(POINT) if detail["status"] == "DELETED"]

    assert ["deletedBy" in detail for detail in deleted] == [False]


def test_a_vault_tells_of_its_lock() -> None:
    """When it is put and when it is taken away; the truth is a text."""
    listener = Listener()
    listener.backup.put_backup_vault_lock_configuration(BackupVaultName="backups", MinRetentionDays=7)
    for _ in range(2):  # the second time there is none to take away
        listener.backup.delete_backup_vault_lock_configuration(BackupVaultName="backups")
    listener.opened.control.advance("5m")

    assert listener.details("Backup Vault State Change") == [
        {"backupVaultName": "backups", "state": "MODIFIED", "isLocked": locked} for locked in ("true", "false")
    ]


def test_a_vault_tells_that_it_comes_and_goes() -> None:
    """With its name and `state`."""
    listener = Listener()
    listener.backup.create_backup_vault(BackupVaultName="fresh")
    listener.backup.delete_backup_vault(BackupVaultName="fresh")
    listener.opened.control.advance("5m")

    assert listener.details("Backup Vault State Change") == [
        {"backupVaultName": "fresh", "state": "CREATED"},
        {"backupVaultName": "fresh", "state": "DELETED"},
    ]


def test_what_a_world_file_holds_is_no_news() -> None:
    """A reset tells nothing either; a seed does."""
    listener = Listener()
    listener.opened.control.advance("10m")
    before = listener.heard()
    listener.opened.control.seed(scenes.SOURCE, scenes.HOME, "backups", [{"resource_type": "EFS", "resource": "fs-1"}])
    listener.opened.control.advance("10m")

    assert before == []
    assert [detail["status"] for detail in listener.details(POINT)] == ["COMPLETED"]


@pytest.mark.parametrize("restored", [False, True])
def test_events_on_their_way_are_part_of_a_snapshot(restored: bool) -> None:
    """With the queues they go to."""
    listener = Listener()
    listener.backup.create_backup_vault(BackupVaultName="fresh")
    kept: Any = listener.opened.control.snapshot()
    if restored:
        listener.opened.control.advance("10m")
        assert len(listener.heard()) == 1
        listener.opened.control.restore(kept)
    listener.opened.control.advance("10m")

    assert len(listener.heard()) == 1


def test_a_deleted_recovery_point_tells_when_its_backup_began() -> None:
    """Only at its end, as the published examples do."""
    listener = backed_up("EFS", f"arn:aws:elasticfilesystem:{scenes.HOME}:{scenes.SOURCE}:file-system/fs-9")
    listener.opened.control.advance("1d")
    (made,) = listener.details(POINT)
    listener.opened.control.advance("8d")  # queues forget after four
    (deleted,) = listener.details(POINT)

    assert (made["status"], deleted["status"]) == ("COMPLETED", "DELETED")
    assert "initiationDate" not in made
    assert made["creationDate"] <= deleted["initiationDate"] < deleted["completionDate"]
