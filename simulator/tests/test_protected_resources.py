"""Protected resources, as they follow from recovery points."""

from __future__ import annotations

from simulator_kit import backup_kit, scenes
from simulator_kit.backup_kit import Backups


def test_whatever_has_a_recovery_point_is_protected(backups: Backups) -> None:
    """Resources are listed by ARN with their latest recovery point, by vault and by Region."""
    for vault in ("daily", "backups"):
        backups.start(BackupVaultName=vault)
        backups.pass_time("2m")
    latest = backups.points("backups")[-1]
    listed = backups.client.list_protected_resources()["Results"]
    daily = backups.client.list_protected_resources_by_backup_vault(BackupVaultName="daily")["Results"]
    described = backups.client.describe_protected_resource(ResourceArn=backup_kit.FILES)

    assert [each["ResourceArn"] for each in listed] == [VOL_1, backup_kit.FILES]
    assert [each["ResourceArn"] for each in daily] == [backup_kit.FILES]
    assert listed[1]["LastRecoveryPointArn"] == described["LastRecoveryPointArn"] == latest["RecoveryPointArn"]
    assert described["LastBackupTime"] == latest["CreationDate"]
    assert described["LastBackupVaultArn"] == scenes.vault_arn(scenes.SOURCE, "backups", scenes.HOME)
    assert (described["ResourceType"], described["ResourceName"]) == ("EFS", "fs-a")


VOL_1 = f"arn:aws:ec2:{scenes.HOME}:{scenes.SOURCE}:volume/vol-1"


def test_an_unprotected_resource_is_not_found(backups: Backups) -> None:
    """A resource without recovery points is not protected."""
    with scenes.refused() as refusal:
        backups.client.describe_protected_resource(ResourceArn=backup_kit.FILES)

    assert refusal.code == "ResourceNotFoundException"


def test_a_missing_vault_is_access_denied(backups: Backups) -> None:
    """As everywhere."""
    with scenes.refused() as refusal:
        backups.client.list_protected_resources_by_backup_vault(BackupVaultName="nowhere")

    assert (refusal.code, refusal.status) == ("AccessDeniedException", 403)


def test_pages_cover_the_list_once(backups: Backups) -> None:
    """Pages join up to the whole list."""
    for arn in (backup_kit.FILES, backup_kit.VOLUME, backup_kit.BUCKET):
        backups.start(arn)
    backups.pass_time("2m")
    pages = backups.client.get_paginator("list_protected_resources").paginate(PaginationConfig={"PageSize": 2})
    found = [each["ResourceArn"] for page in pages for each in page["Results"]]

    assert found == sorted([VOL_1, backup_kit.FILES, backup_kit.VOLUME, backup_kit.BUCKET])
