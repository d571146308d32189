"""Recovery points: lists with every filter, pages, descriptions, lifecycles."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def full_world() -> scenes.Json:
    """A vault with points of three types over a week."""
    scene = scenes.world()
    scenes.source_vault(scene)["recovery_points"] = []
    scenes.source_vault(scene)["generate"] = [
        {"resource_type": "EBS", "name": "vol", "resources": 2, "every": "1d", "back": "6d", "key": "alias/data"},
        {"resource_type": "EFS", "name": "fs-1", "resources": 1, "every": "1d", "back": "6d"},
        {"resource_type": "Storage Gateway", "name": "vol-sg", "resources": 1, "every": "1d", "back": "1d"},
    ]
    return scene


@pytest.fixture
def backup(server: SimulatorServer) -> Any:
    """The source account's admin over a full vault."""
    server.control.load(full_world())
    return scenes.client(server, "backup", scenes.SOURCE)


def listed(backup: Any, **filters: Any) -> list[scenes.Json]:
    """All recovery points that match."""
    pages = backup.get_paginator("list_recovery_points_by_backup_vault").paginate(BackupVaultName="backups", **filters)
    return [point for page in pages for point in page["RecoveryPoints"]]


FILTERS = [
    pytest.param({}, 23, id="no filter"),
    pytest.param({"ByResourceType": "EBS"}, 14, id="a type"),
    pytest.param({"ByResourceType": "Storage Gateway"}, 2, id="a type with a space"),
    pytest.param({"ByResourceType": "RDS"}, 0, id="a type without points"),
    pytest.param({"ByResourceArn": f"arn:aws:ec2:eu-west-1:{scenes.SOURCE}:volume/vol-2"}, 7, id="a resource"),
    pytest.param({"ByCreatedAfter": START - dt.timedelta(days=2, hours=1)}, 11, id="created after"),
    pytest.param({"ByCreatedBefore": START - dt.timedelta(days=2, hours=1)}, 12, id="created before"),
    pytest.param({"ByBackupPlanId": "none"}, 0, id="a plan"),
    pytest.param({"ByParentRecoveryPointArn": "arn:none"}, 0, id="a parent"),
    pytest.param({"ByResourceType": "EBS", "ByCreatedAfter": START - dt.timedelta(hours=1)}, 2, id="two filters"),
]


@pytest.mark.parametrize(("filters", "count"), FILTERS)
def test_filters_narrow_the_list(backup: Any, filters: scenes.Json, count: int) -> None:
    """Filters are joined by AND; dates travel as ISO text in the query."""
    assert len(listed(backup, **filters)) == count


@pytest.mark.parametrize("size", [1, 5, 22, 23, 24, 1000])
def test_pages_cover_the_list_once(backup: Any, size: int) -> None:
    """No page size loses or repeats a point."""
    arns = [point["RecoveryPointArn"] for point in listed(backup, PaginationConfig={"PageSize": size})]

    assert len(arns) == 23
    assert len(set(arns)) == 23


def test_a_point_that_goes_between_pages_disturbs_nothing(backup: Any) -> None:
    """The token names a position, not a number of points."""
    first = backup.list_recovery_points_by_backup_vault(BackupVaultName="backups", MaxResults=5)
    for point in first["RecoveryPoints"]:
        backup.delete_recovery_point(BackupVaultName="backups", RecoveryPointArn=point["RecoveryPointArn"])
    second = backup.list_recovery_points_by_backup_vault(
        BackupVaultName="backups", MaxResults=1000, NextToken=first["NextToken"]
    )

    assert len(second["RecoveryPoints"]) == 18


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"ByResourceType": "EBS"}, id="other filters"),
        pytest.param({"NextToken": "nonsense"}, id="no token at all"),
        pytest.param({"NextToken": "W10="}, id="an empty token"),
    ],
)
def test_a_token_serves_its_own_list_only(backup: Any, change: scenes.Json) -> None:
    """InvalidParameterValueException otherwise."""
    token = backup.list_recovery_points_by_backup_vault(BackupVaultName="backups", MaxResults=5)["NextToken"]
    with scenes.refused() as refusal:
        backup.list_recovery_points_by_backup_vault(**{"BackupVaultName": "backups", "NextToken": token} | change)

    assert refusal.code == "InvalidParameterValueException"


def test_a_point_is_described_as_it_is_listed(backup: Any) -> None:
    """Describe adds the storage class."""
    point = listed(backup)[0]
    found = backup.describe_recovery_point(BackupVaultName="backups", RecoveryPointArn=point["RecoveryPointArn"])
    found.pop("ResponseMetadata")

    assert found.pop("StorageClass") == "WARM"
    assert found == point


def test_ages_count_back_from_the_start_of_the_world(backup: Any) -> None:
    """The oldest of a week is six days old, the youngest is from now."""
    dates = sorted(point["CreationDate"] for point in listed(backup, ByResourceType="EFS"))

    assert dates[0] == START - dt.timedelta(days=6)
    assert dates[-1] == START


def test_a_missing_point_is_not_found(backup: Any) -> None:
    """400 in a vault that exists."""
    with scenes.refused() as refusal:
        backup.describe_recovery_point(BackupVaultName="backups", RecoveryPointArn="arn:aws:ec2:eu-west-1::snapshot/x")

    assert (refusal.code, refusal.status) == ("ResourceNotFoundException", 400)
    assert refusal.message == "Cannot find recovery point"


def test_another_accounts_vault_cannot_be_looked_into(server: SimulatorServer) -> None:
    """Only air-gapped vaults can be shared; this one is refused."""
    client = scenes.client(server, "backup", scenes.SOURCE, region=scenes.AWAY)
    with scenes.refused() as refusal:
        client.list_recovery_points_by_backup_vault(BackupVaultName="copies", BackupVaultAccountId=scenes.TARGET)

    assert refusal.code == "AccessDeniedException"


OWN = f"arn:aws:backup:eu-west-1:{scenes.SOURCE}:recovery-point:"
RDS = f"arn:aws:rds:eu-west-1:{scenes.SOURCE}:"
ARNS = [
    pytest.param("EBS", "vol-1", ":volume/vol-1", "arn:aws:ec2:eu-west-1::snapshot/snap-", id="EBS"),
    pytest.param("EC2", "i-1", ":instance/i-1", "arn:aws:ec2:eu-west-1::image/ami-", id="EC2"),
    pytest.param("RDS", "db", ":db:db", RDS + "snapshot:awsbackup:job-", id="RDS"),
    pytest.param(
        "Aurora",
        "c",
        ":cluster:c",
        RDS + "cluster-snapshot:awsbackup:job-",
        id="Aurora",
    ),
    pytest.param("FSx", "fs-1", ":file-system/fs-1", f"arn:aws:fsx:eu-west-1:{scenes.SOURCE}:backup/backup-", id="FSx"),
    pytest.param("S3", "bucket", "arn:aws:s3:::bucket", OWN, id="S3"),
    pytest.param("EFS", "fs-1", ":file-system/fs-1", OWN, id="EFS"),
    pytest.param("DynamoDB", "t", ":table/t", OWN, id="DynamoDB"),
]


@pytest.mark.parametrize(("kind", "name", "resource", "point"), ARNS)
def test_arns_have_the_form_of_their_type(
    server: SimulatorServer, kind: str, name: str, resource: str, point: str
) -> None:
    """The forms that the guide lists, type by type."""
    part = {"resource_type": kind, "resource": name, "key": "alias/data"}
    added = server.control.seed(scenes.SOURCE, scenes.HOME, "backups", [part])[0]

    assert added.resource_arn.endswith(resource)
    assert added.arn.startswith(point)


def test_basic_dynamodb_backups_have_their_own_arn(server: SimulatorServer) -> None:
    """`advanced: false` gives the table's backup ARN."""
    part = {"resource_type": "DynamoDB", "resource": "t", "advanced": False}
    added = server.control.seed(scenes.SOURCE, scenes.HOME, "backups", [part])[0]

    assert added.arn.startswith(f"arn:aws:dynamodb:eu-west-1:{scenes.SOURCE}:table/t/backup/")


def test_a_lifecycle_is_replaced_as_a_whole(backup: Any) -> None:
    """What is not sent becomes null; the dates count from the creation date."""
    point = listed(backup, ByResourceType="EFS")[0]
    arguments = {"BackupVaultName": "backups", "RecoveryPointArn": point["RecoveryPointArn"]}
    backup.update_recovery_point_lifecycle(
        **arguments, Lifecycle={"MoveToColdStorageAfterDays": 10, "DeleteAfterDays": 100}
    )
    changed = backup.update_recovery_point_lifecycle(**arguments, Lifecycle={"DeleteAfterDays": 50})

    assert changed["Lifecycle"] == {"DeleteAfterDays": 50}
    assert changed["CalculatedLifecycle"] == {"DeleteAt": point["CreationDate"] + dt.timedelta(days=50)}


LIFECYCLES = [
    pytest.param({"DeleteAfterDays": 0}, "less than 1", id="less than a day"),
    pytest.param({"DeleteAfterDays": 36_501}, "36500", id="more than a hundred years"),
    pytest.param({"MoveToColdStorageAfterDays": 10, "DeleteAfterDays": 99}, "90 days apart", id="too short in cold"),
    pytest.param({"DeleteAfterEvent": "DELETE_AFTER_COPY"}, "not valid as an input", id="an event"),
]


@pytest.mark.parametrize(("lifecycle", "words"), LIFECYCLES)
def test_impossible_lifecycles_are_refused(backup: Any, lifecycle: scenes.Json, words: str) -> None:
    """IPV with body code ERROR_3015."""
    arn = listed(backup)[0]["RecoveryPointArn"]
    with scenes.refused() as refusal:
        backup.update_recovery_point_lifecycle(BackupVaultName="backups", RecoveryPointArn=arn, Lifecycle=lifecycle)

    assert refusal.code == "InvalidParameterValueException"
    assert refusal.message.startswith("Invalid lifecycle. ")
    assert words in refusal.message


def test_minus_one_keeps_for_ever(backup: Any) -> None:
    """-1/-1 clears the dates."""
    arn = listed(backup)[0]["RecoveryPointArn"]
    changed = backup.update_recovery_point_lifecycle(
        BackupVaultName="backups",
        RecoveryPointArn=arn,
        Lifecycle={"MoveToColdStorageAfterDays": -1, "DeleteAfterDays": -1},
    )

    assert "CalculatedLifecycle" not in changed
