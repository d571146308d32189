"""Changing and removing recovery points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def scene(server: SimulatorServer) -> Scene:
    """Source and target."""
    return Scene(server)


def named(arn: str) -> scenes.Json:
    """The parameters that name a point."""
    return {"BackupVaultName": "backups", "RecoveryPointArn": arn}


def test_a_deleted_point_is_deleting_first(scene: Scene) -> None:
    """The call answers at once, the point goes a little later."""
    arn = scene.add()
    scene.source.delete_recovery_point(**named(arn))
    status = scene.source.describe_recovery_point(**named(arn))["Status"]
    scene.server.control.advance("1m")

    assert status == "DELETING"
    assert arn not in {point["RecoveryPointArn"] for point in scene.points()}


def test_a_point_in_use_is_left_alone(scene: Scene) -> None:
    """While it is deleted, and while a copy of it runs."""
    deleting, copying = scene.add(resource="fs-1"), scene.add(resource="fs-2")
    scene.source.delete_recovery_point(**named(deleting))
    scene.start(copying)
    scene.server.control.advance("10s")
    codes = []
    for arn in (deleting, copying):
        with scenes.refused() as refusal:
            scene.source.delete_recovery_point(**named(arn))
        codes.append(refusal.code)
    with scenes.refused() as change:
        scene.source.update_recovery_point_lifecycle(**named(copying), Lifecycle={"DeleteAfterDays": 9})
    scene.server.control.advance("2m")
    scene.source.delete_recovery_point(**named(copying))

    assert codes == ["InvalidResourceStateException"] * 2
    assert change.code == "InvalidRequestException"


@pytest.mark.parametrize(
    ("part", "lifecycle", "code"),
    [
        pytest.param(
            {"resource_type": "S3", "continuous": True},
            {"DeleteAfterDays": 9},
            "InvalidRequestException",
            id="continuous",
        ),
        pytest.param(
            {"age": "10d"}, {"MoveToColdStorageAfterDays": 10}, "InvalidParameterValueException", id="cold at once"
        ),
        pytest.param(
            {"age": "10d", "storage_class": "COLD", "lifecycle": {"move_to_cold_after_days": 7}},
            {"MoveToColdStorageAfterDays": 30},
            "InvalidParameterValueException",
            id="cold already",
        ),
        pytest.param(
            {},
            {"MoveToColdStorageAfterDays": 1, "DeleteAfterDays": 90},
            "InvalidParameterValueException",
            id="too short",
        ),
    ],
)
def test_impossible_changes_of_a_lifecycle_are_refused(
    scene: Scene, part: scenes.Json, lifecycle: scenes.Json, code: str
) -> None:
    """Each with its error."""
    arn = scene.add(**part)
    with scenes.refused() as refusal:
        scene.source.update_recovery_point_lifecycle(Lifecycle=lifecycle, **named(arn))

    assert refusal.code == code


def test_cold_storage_a_day_from_now_is_soon_enough(scene: Scene) -> None:
    """And members that are not sent become null."""
    arn = scene.add(age="10d", lifecycle={"delete_after_days": 400})
    answer = scene.source.update_recovery_point_lifecycle(Lifecycle={"MoveToColdStorageAfterDays": 11}, **named(arn))

    assert answer["Lifecycle"] == {"MoveToColdStorageAfterDays": 11}


def test_parents_go_after_their_children(scene: Scene) -> None:
    """A nested point goes by itself, except the state of an EKS cluster."""
    parent = scene.add(resource_type="EKS", resource="shop", is_parent=True)
    state = scene.add(resource_type="EKS", resource="shop", parent=parent, member="cluster-state")
    volume = scene.add(resource_type="EFS", resource="fs-1", parent=parent, member="volume-1")
    children = scene.source.list_recovery_points_by_backup_vault(
        BackupVaultName="backups", ByParentRecoveryPointArn=parent
    )["RecoveryPoints"]
    codes = []
    for arn in (parent, state):
        with scenes.refused() as refusal:
            scene.source.delete_recovery_point(**named(arn))
        codes.append(refusal.code)
    with scenes.refused() as refusal:
        scene.source.disassociate_recovery_point_from_parent(**named(state))
    scene.source.disassociate_recovery_point_from_parent(**named(volume))
    with scenes.refused() as orphan:
        scene.source.disassociate_recovery_point_from_parent(**named(volume))

    assert {child["CompositeMemberIdentifier"] for child in children} == {"cluster-state", "volume-1"}
    assert codes == ["InvalidRequestException"] * 2
    assert (refusal.code, orphan.code) == ("InvalidRequestException", "InvalidRequestException")


def test_a_continuous_point_is_given_back(scene: Scene) -> None:
    """AWS Backup lets go of it; snapshots cannot be given back."""
    continuous, snapshot = scene.add(resource_type="S3", continuous=True), scene.add(resource="fs-2")
    scene.source.disassociate_recovery_point(**named(continuous))
    with scenes.refused() as refusal:
        scene.source.disassociate_recovery_point(**named(snapshot))
    left: Any = {point["RecoveryPointArn"] for point in scene.points()}

    assert continuous not in left
    assert snapshot in left
    assert refusal.code == "InvalidRequestException"
