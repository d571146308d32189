"""Logically air-gapped vaults as the primary target of backups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulator_kit import backup_kit, scenes
from simulator_kit.backup_kit import Backups

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

GAPPED = scenes.vault_arn(scenes.SOURCE, "gapped", scenes.HOME)
WEEKS = {"DeleteAfterDays": 14}


@pytest.fixture
def backups(server: SimulatorServer) -> Backups:
    """The source account with an air-gapped vault."""
    scene = backup_kit.world()
    lock = {"min_days": 7, "max_days": 90}
    vault = {"region": scenes.HOME, "name": "gapped", "air_gapped": True, "lock": lock}
    scenes.account(scene, scenes.SOURCE)["vaults"].append(vault)
    return Backups(server, scene)


@pytest.mark.parametrize(
    ("resource", "ordinary", "gapped", "copies"),
    [
        pytest.param(backup_kit.FILES, [], 1, 0, id="managed in full"),
        pytest.param(backup_kit.VOLUME, ["DELETING"], 1, 1, id="by way of a snapshot"),
        pytest.param(backup_kit.DATABASE, ["COMPLETED"], 0, 0, id="not supported"),
    ],
)
def test_where_a_backup_goes_with_an_air_gapped_target(
    backups: Backups, resource: str, ordinary: list[str], gapped: int, copies: int
) -> None:
    """Straight into it, through a temporary snapshot, or not at all."""
    job_id = backups.start(resource, LogicallyAirGappedBackupVaultArn=GAPPED, Lifecycle=WEEKS)
    backups.pass_time("65s")
    made = {point["ResourceArn"]: point["Lifecycle"] for point in backups.points()}
    backups.pass_time("66s")
    found = backups.points("gapped")
    statuses = [point["Status"] for point in backups.points()]
    backups.pass_time("10m")
    copied = backups.client.list_copy_jobs()["CopyJobs"]

    job = backups.job(job_id)
    assert job["State"] == "COMPLETED"
    assert job["VaultType"] == ("BACKUP_VAULT" if ordinary else "LOGICALLY_AIR_GAPPED_BACKUP_VAULT")
    assert statuses == ordinary
    assert len(found) == gapped
    assert {point["Lifecycle"]["DeleteAfterDays"] for point in found} <= {14}
    assert all(point["RecoveryPointArn"].startswith("arn:aws:backup:") for point in found)
    assert [each["CreatedByBackupJobId"] for each in copied] == [job_id] * copies
    assert [point["Status"] for point in backups.points()] == (["COMPLETED"] if not gapped else [])
    if copies:
        assert made == {resource: WEEKS | {"DeleteAfterEvent": "DELETE_AFTER_COPY"}}
        assert "DeleteAfterEvent" not in found[0]["Lifecycle"]


def test_a_plan_has_an_air_gapped_target_too(backups: Backups) -> None:
    """Copies of the rule are made before the temporary snapshot goes, and keep as long as it says."""
    rule = {
        "RuleName": "daily",
        "TargetBackupVaultName": "daily",
        "TargetLogicallyAirGappedBackupVaultArn": GAPPED,
        "Lifecycle": WEEKS,
        "CopyActions": [{"DestinationBackupVaultArn": scenes.vault_arn()}],
    }
    plan = backups.client.create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": [rule]})["BackupPlanId"]
    selection = {"SelectionName": "s", "IamRoleArn": scenes.COPIER, "Resources": [backup_kit.VOLUME]}
    backups.client.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)
    backups.pass_time("6h")

    jobs = backups.client.list_copy_jobs()["CopyJobs"]
    target = scenes.client(backups.server, "backup", scenes.TARGET, region=scenes.AWAY)
    (copy,) = target.list_recovery_points_by_backup_vault(BackupVaultName="copies")["RecoveryPoints"]
    assert [job["DestinationBackupVaultArn"] for job in jobs] == [scenes.vault_arn(), GAPPED]
    assert [job["State"] for job in jobs] == ["COMPLETED"] * 2
    assert copy["Lifecycle"] == WEEKS
    assert (len(backups.points()), len(backups.points("gapped"))) == (0, 1)


@pytest.mark.parametrize("days", [6, 91])
def test_the_bounds_of_the_air_gapped_vault_count(backups: Backups, days: int) -> None:
    """A backup straight into it fails; of a snapshot the copy does, and the snapshot stays."""
    straight = backups.start(LogicallyAirGappedBackupVaultArn=GAPPED, Lifecycle={"DeleteAfterDays": days})
    staged = backups.start(
        backup_kit.VOLUME, LogicallyAirGappedBackupVaultArn=GAPPED, Lifecycle={"DeleteAfterDays": days}
    )
    backups.pass_time("10m")
    (copy,) = backups.client.list_copy_jobs()["CopyJobs"]

    assert [backups.job(job)["State"] for job in (straight, staged)] == ["FAILED", "COMPLETED"]
    assert (copy["State"], copy["MessageCategory"]) == ("FAILED", "INVALID_LIFECYCLE")
    assert [point["Status"] for point in backups.points()] == ["COMPLETED"]


def test_a_target_that_is_not_air_gapped_fails_the_job(backups: Backups) -> None:
    """Neither an ordinary vault as the air-gapped one, nor the air-gapped one as the ordinary."""
    ordinary = scenes.vault_arn(scenes.SOURCE, "daily", scenes.HOME)
    jobs = [
        backups.start(LogicallyAirGappedBackupVaultArn=ordinary),
        backups.start(backup_kit.BUCKET, BackupVaultName="gapped", Lifecycle=WEEKS),
    ]
    backups.pass_time("2m")
    found = [backups.job(job) for job in jobs]

    assert [job["State"] for job in found] == ["FAILED"] * 2
    assert {job["MessageCategory"] for job in found} == {"LOGICALLY_AIR_GAPPED_BACKUP_VAULT_NOT_SUPPORTED"}
