"""What a Region has opted into, and what follows."""

from __future__ import annotations

import pytest

from simulator_kit import backup_kit, scenes
from simulator_kit.backup_kit import Backups


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


def test_the_types_are_those_of_real_accounts(backups: Backups) -> None:
    """Terraform wants the whole list, and nothing but the list, or it plans a change at every run."""
    types = [
        "Aurora",
        "CloudFormation",
        "DSQL",
        "DocumentDB",
        "DynamoDB",
        "EBS",
        "EC2",
        "EFS",
        "EKS",
        "FSx",
        "Neptune",
        "RDS",
        "Redshift",
        "Redshift Serverless",
        "S3",
        "SAP HANA on Amazon EC2",
        "Storage Gateway",
        "Timestream",
        "VirtualMachine",
    ]
    backups.client.update_region_settings(ResourceTypeOptInPreference=dict.fromkeys(types, True))
    found = backups.client.describe_region_settings()["ResourceTypeOptInPreference"]

    assert sorted(found) == types


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param(
            {"ResourceTypeOptInPreference": {"SQS": True}},
            "Element present in resource type opt in preference has invalid values. "
            "Please use describeRegionSettings API to know the supported resource types",
            id="a type that is not protected",
        ),
        pytest.param(
            {"ResourceTypeManagementPreference": {"EBS": True}},
            "Element present in resource type management preference has invalid values.",
            id="a type that AWS Backup never manages in full",
        ),
        pytest.param(
            {"ResourceTypeManagementPreference": {"EFS": False}},
            "Amazon EFS backups are always managed by AWS Backup.",
            id="what AWS Backup always manages",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(backups: Backups, settings: scenes.Json, message: str) -> None:
    """Nothing is changed then."""
    before = backups.client.describe_region_settings()["ResourceTypeOptInPreference"]
    with scenes.refused() as refusal:
        backups.client.update_region_settings(**settings)

    assert refusal.code == "InvalidParameterValueException"
    assert refusal.message.startswith(message)
    assert backups.client.describe_region_settings()["ResourceTypeOptInPreference"] == before


@pytest.mark.parametrize("setting", ["ResourceTypeOptInPreference", "ResourceTypeManagementPreference"])
def test_dynamodb_without_management_is_backed_up_the_basic_way(backups: Backups, setting: str) -> None:
    """Basic backups have ARNs of DynamoDB and no key of the vault; they cannot be copied."""
    backups.client.update_region_settings(**{setting: {"DynamoDB": False}})
    backups.start(backup_kit.TABLE)
    backups.pass_time("2m")

    (point,) = backups.points()
    assert point["RecoveryPointArn"].startswith(f"{backup_kit.TABLE}/backup/")
    assert "EncryptionKeyArn" not in point
