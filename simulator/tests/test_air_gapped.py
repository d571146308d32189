"""Logically air-gapped vaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.world.files import WorldError
from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def backup(server: SimulatorServer) -> Any:
    """The target account's admin."""
    return scenes.client(server, "backup", scenes.TARGET, region=scenes.AWAY)


def create(backup: Any, low: int = 7, high: int = 30, **more: Any) -> scenes.Json:
    """Make an air-gapped vault."""
    return backup.create_logically_air_gapped_backup_vault(  # type: ignore[no-any-return] # boto3 by name
        BackupVaultName="safe", MinRetentionDays=low, MaxRetentionDays=high, **more
    )


def test_an_air_gapped_vault_is_born_locked(server: SimulatorServer, backup: Any) -> None:
    """CREATING, then AVAILABLE; nobody removes its lock."""
    made = create(backup)
    server.control.advance("1m")
    vault = backup.describe_backup_vault(BackupVaultName="safe")
    with scenes.refused() as refusal:
        backup.delete_backup_vault_lock_configuration(BackupVaultName="safe")

    assert made["VaultState"] == "CREATING"
    assert (vault["VaultState"], vault["VaultType"]) == ("AVAILABLE", "LOGICALLY_AIR_GAPPED_BACKUP_VAULT")
    assert (vault["Locked"], vault["MinRetentionDays"], vault["MaxRetentionDays"]) == (True, 7, 30)
    assert vault["EncryptionKeyType"] == "AWS_OWNED_KMS_KEY"
    assert "LockDate" not in vault
    assert refusal.code == "InvalidRequestException"


def test_it_takes_a_key_of_the_customer(server: SimulatorServer, backup: Any) -> None:
    """Under the same conditions as other vaults."""
    key = scenes.client(server, "kms", scenes.TARGET, region=scenes.AWAY).create_key()["KeyMetadata"]["Arn"]
    create(backup, EncryptionKeyArn=key)
    vault = backup.describe_backup_vault(BackupVaultName="safe")

    assert (vault["EncryptionKeyArn"], vault["EncryptionKeyType"]) == (key, "CUSTOMER_MANAGED_KMS_KEY")


@pytest.mark.parametrize(
    ("low", "high"),
    [
        pytest.param(6, 30, id="below a week"),
        pytest.param(30, 29, id="crossed"),
        pytest.param(7, 36_501, id="too long"),
    ],
)
def test_bounds_it_cannot_have_are_refused(backup: Any, low: int, high: int) -> None:
    """A week at least."""
    with scenes.refused() as refusal:
        create(backup, low, high)

    assert refusal.code == "InvalidParameterValueException"


def test_vaults_are_listed_by_type(backup: Any) -> None:
    """Standard ones, air-gapped ones, both; shared ones need RAM and there are none."""
    create(backup)

    def names(**filters: Any) -> list[str]:
        return [vault["BackupVaultName"] for vault in backup.list_backup_vaults(**filters)["BackupVaultList"]]

    assert names() == ["copies", "safe"]
    assert names(ByVaultType="BACKUP_VAULT") == ["copies"]
    assert names(ByVaultType="LOGICALLY_AIR_GAPPED_BACKUP_VAULT") == ["safe"]
    assert names(ByShared=True) == []


def test_a_world_gives_an_air_gapped_vault_its_bounds(server: SimulatorServer) -> None:
    """It has no others to fall back upon."""
    world = scenes.world()
    scenes.target_vault(world).update(air_gapped=True, lock={"min_days": 7})
    with pytest.raises(WorldError, match="an air-gapped vault needs lock bounds"):
        server.control.load(world)


def test_nothing_leaves_an_air_gapped_vault_by_hand(server: SimulatorServer, backup: Any) -> None:
    """Its lock is for ever."""
    world = scenes.world()
    scenes.target_vault(world).update(air_gapped=True, lock={"min_days": 7, "max_days": 400}, key=None)
    server.control.load(world)
    point = {"resource_type": "EFS", "resource": "fs-1", "lifecycle": {"delete_after_days": 35}}
    arn = server.control.seed(scenes.TARGET, scenes.AWAY, "copies", [point])[0].arn
    with scenes.refused() as refusal:
        backup.delete_recovery_point(BackupVaultName="copies", RecoveryPointArn=arn)

    assert refusal.code == "InvalidRequestException"
