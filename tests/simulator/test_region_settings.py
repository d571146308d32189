"""What a Region has opted into, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.simulator import backup_kit, scenes
from tests.simulator.backup_kit import Backups

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def backups(server: SimulatorServer) -> Backups:
    """The source account with resources to back up."""
    return Backups(server)


def test_everything_is_opted_in_at_first(backups: Backups) -> None:
    """All supported types are protected, DynamoDB and EFS managed in full."""
    settings = backups.client.describe_region_settings()
    types = backups.client.get_supported_resource_types()["ResourceTypes"]

    assert settings["ResourceTypeOptInPreference"] == dict.fromkeys(types, True)
    assert settings["ResourceTypeManagementPreference"] == {"DynamoDB": True, "EFS": True}


def test_settings_are_merged(backups: Backups) -> None:
    """What is not named stays; types with spaces in their names are types; other Regions are not touched."""
    backups.client.update_region_settings(ResourceTypeOptInPreference={"Storage Gateway": False})
    backups.client.update_region_settings(ResourceTypeOptInPreference={"EBS": False, "EC2": True})
    found = backups.client.describe_region_settings()["ResourceTypeOptInPreference"]
    away = scenes.client(backups.server, "backup", scenes.SOURCE, region=scenes.AWAY).describe_region_settings()

    assert {name for name, opted in found.items() if not opted} == {"Storage Gateway", "EBS"}
    assert all(away["ResourceTypeOptInPreference"].values())


@pytest.mark.parametrize(
    "settings",
    [
        {"ResourceTypeOptInPreference": {"SQS": True}},
        {"ResourceTypeManagementPreference": {"EBS": True}},
        {"ResourceTypeManagementPreference": {"EFS": False}},
    ],
)
def test_settings_that_cannot_be_are_refused(backups: Backups, settings: scenes.Json) -> None:
    """Unknown types, and what AWS Backup always manages."""
    with scenes.refused() as refusal:
        backups.client.update_region_settings(**settings)

    assert refusal.code == "InvalidParameterValueException"


@pytest.mark.parametrize("setting", ["ResourceTypeOptInPreference", "ResourceTypeManagementPreference"])
def test_dynamodb_without_management_is_backed_up_the_basic_way(backups: Backups, setting: str) -> None:
    """Basic backups have ARNs of DynamoDB and no key of the vault; they cannot be copied."""
    backups.client.update_region_settings(**{setting: {"DynamoDB": False}})
    backups.start(backup_kit.TABLE)
    backups.pass_time("2m")

    (point,) = backups.points()
    assert point["RecoveryPointArn"].startswith(f"{backup_kit.TABLE}/backup/")
    assert "EncryptionKeyArn" not in point
