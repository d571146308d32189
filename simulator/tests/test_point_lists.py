"""Lists of recovery points by vault and by resource, and what a restore would need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulator_kit import scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def scene(server: SimulatorServer) -> Scene:
    """Source and target."""
    return Scene(server)


def test_points_are_listed_by_every_filter(scene: Scene) -> None:
    """Plan and parent, which seeded points have only when they are told so."""
    parent = scene.add(resource_type="EKS", resource="shop", is_parent=True)
    child = scene.add(resource="fs-7", parent=parent)
    planned = scene.add(resource="fs-8")
    with scene.server.simulator.lock:
        vault = scene.server.state.vault(f"arn:aws:backup:eu-west-1:{scenes.SOURCE}:backup-vault:backups")
        assert vault is not None
        vault.points[planned].created_by = {"BackupPlanId": "plan-1"}

    def listed(**filters: str) -> list[str]:
        answer = scene.source.list_recovery_points_by_backup_vault(BackupVaultName="backups", **filters)
        return [point["RecoveryPointArn"] for point in answer["RecoveryPoints"]]

    assert listed(ByParentRecoveryPointArn=parent) == [child]
    assert listed(ByBackupPlanId="plan-1") == [planned]
    assert listed(ByBackupPlanId="plan-1", ByParentRecoveryPointArn=parent) == []


def test_a_resource_finds_its_points_in_all_vaults(scene: Scene) -> None:
    """RDS takes no small pages."""
    scene.source.create_backup_vault(BackupVaultName="second")
    arn = f"arn:aws:elasticfilesystem:eu-west-1:{scenes.SOURCE}:file-system/fs-1"
    first = scene.add()
    second = scene.server.control.seed(
        scenes.SOURCE, scenes.HOME, "second", [{"resource_type": "EFS", "resource": "fs-1"}]
    )[0].arn
    found = scene.source.list_recovery_points_by_resource(ResourceArn=arn, MaxResults=1)
    following = scene.source.list_recovery_points_by_resource(
        ResourceArn=arn, MaxResults=1, NextToken=found["NextToken"]
    )
    with scenes.refused() as refusal:
        scene.source.list_recovery_points_by_resource(
            ResourceArn=f"arn:aws:rds:eu-west-1:{scenes.SOURCE}:db:a", MaxResults=19
        )

    assert [found["RecoveryPoints"][0]["RecoveryPointArn"], following["RecoveryPoints"][0]["RecoveryPointArn"]] == [
        first,
        second,
    ]
    assert following["RecoveryPoints"][0]["BackupVaultName"] == "second"
    assert refusal.code == "InvalidParameterValueException"


@pytest.mark.parametrize(
    ("part", "name"),
    [
        pytest.param({"resource_type": "EFS", "resource": "fs-1"}, ("file-system-id", "fs-1"), id="EFS"),
        pytest.param({"resource_type": "RDS", "resource": "db-1"}, ("DBInstanceIdentifier", "db-1"), id="RDS"),
        pytest.param({"resource_type": "EBS", "resource": "vol-9"}, ("volumeId", "vol-9"), id="EBS"),
    ],
)
def test_restore_metadata_names_the_resource(scene: Scene, part: scenes.Json, name: tuple[str, str]) -> None:
    """Under the name its service has for it."""
    answer = scene.source.get_recovery_point_restore_metadata(
        BackupVaultName="backups", RecoveryPointArn=scene.add(**part)
    )

    assert name in answer["RestoreMetadata"].items()
    assert answer["ResourceType"] == part["resource_type"]
