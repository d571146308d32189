"""Recovery points grow old: they move to cold storage and expire on the virtual clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

HOUR = 3600.0


@pytest.fixture
def scene(server: SimulatorServer) -> Scene:
    """A source vault without recovery points."""
    world = scenes.world()
    scenes.source_vault(world)["recovery_points"] = []
    server.control.load(world)
    return Scene(server)


def lying(scene: Scene) -> set[str]:
    """The ARNs in the source vault."""
    return {point["RecoveryPointArn"] for point in scene.points()}


def storage_class(scene: Scene, arn: str) -> str:
    """Where a point is stored."""
    found = scene.source.describe_recovery_point(BackupVaultName="backups", RecoveryPointArn=arn)
    return str(found["StorageClass"])


def test_a_recovery_point_expires_within_eight_hours(scene: Scene) -> None:
    """Not before it is due, at different moments for different points, all of them eight hours later."""
    arns = {scene.add(resource=f"fs-{index}", lifecycle={"delete_after_days": 3}) for index in range(20)}
    scene.server.control.advance(3 * scenes.DAY - 1)
    before = lying(scene)
    scene.server.control.advance(4 * HOUR)
    halfway = lying(scene)
    scene.server.control.advance(4 * HOUR + 1)

    assert before == arns
    assert 0 < len(halfway) < len(arns)
    assert lying(scene) == set()


def test_what_is_overdue_at_the_start_goes_soon(scene: Scene) -> None:
    """A world file may say so; it is not gone before anybody could look."""
    arn = scene.add(age="10d", lifecycle={"delete_after_days": 3})
    at_first = lying(scene)
    scene.server.control.advance(8 * HOUR)

    assert at_first == {arn}
    assert lying(scene) == set()


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        pytest.param({"resource_type": "EFS"}, "COLD", id="EFS"),
        pytest.param({"resource_type": "S3"}, "WARM", id="S3 has no cold storage"),
        pytest.param({"resource_type": "RDS"}, "WARM", id="RDS has no cold storage"),
        pytest.param({"resource_type": "DynamoDB"}, "COLD", id="DynamoDB, advanced"),
        pytest.param({"resource_type": "DynamoDB", "advanced": False}, "WARM", id="DynamoDB, basic"),
        pytest.param({"resource_type": "EBS"}, "WARM", id="EBS without the opt-in"),
    ],
)
def test_only_types_with_cold_storage_move_there(scene: Scene, part: scenes.Json, expected: str) -> None:
    """On the day the lifecycle names; others ignore it."""
    arn = scene.add(lifecycle={"move_to_cold_after_days": 7, "delete_after_days": 97}, **part)
    scene.server.control.advance(7 * scenes.DAY - 1)
    before = storage_class(scene, arn)
    scene.server.control.advance(2)

    assert before == "WARM"
    assert storage_class(scene, arn) == expected


def test_ebs_is_archived_with_the_opt_in(scene: Scene) -> None:
    """OptInToArchiveForSupportedResources."""
    arn = scene.add(
        resource_type="EBS",
        lifecycle={"move_to_cold_after_days": 7, "delete_after_days": 97, "archive_opt_in": True},
    )
    scene.server.control.advance(7 * scenes.DAY + 1)

    assert storage_class(scene, arn) == "COLD"


def test_a_point_in_cold_storage_still_expires(scene: Scene) -> None:
    """The move is not the end."""
    scene.add(lifecycle={"move_to_cold_after_days": 1, "delete_after_days": 91})
    scene.server.control.advance(91 * scenes.DAY + 8 * HOUR)

    assert lying(scene) == set()


def test_a_new_lifecycle_counts_from_now_on(scene: Scene) -> None:
    """Longer than planned, or for ever."""
    longer, ever = (scene.add(resource=name, lifecycle={"delete_after_days": 3}) for name in ("fs-1", "fs-2"))
    for arn, days in ((longer, 10), (ever, -1)):
        scene.source.update_recovery_point_lifecycle(
            BackupVaultName="backups", RecoveryPointArn=arn, Lifecycle={"DeleteAfterDays": days}
        )
    scene.server.control.advance(4 * scenes.DAY)
    after_four = lying(scene)
    scene.server.control.advance(7 * scenes.DAY)

    assert after_four == {longer, ever}
    assert lying(scene) == {ever}


def test_a_continuous_point_goes_when_stopped(scene: Scene) -> None:
    """Its retention is a window that moves along while it is active."""
    parts: dict[str, Any] = {"resource_type": "S3", "continuous": True, "lifecycle": {"delete_after_days": 3}}
    active = scene.add(resource="fs-1", status="AVAILABLE", **parts)
    scene.add(resource="fs-2", status="STOPPED", **parts)
    scene.server.control.advance(4 * scenes.DAY)

    assert lying(scene) == {active}


def test_a_composite_point_goes_after_its_children(scene: Scene) -> None:
    """The lifecycle of the parent alone removes neither."""
    parent = scene.add(resource_type="EKS", resource="shop", is_parent=True, lifecycle={"delete_after_days": 1})
    child = scene.add(resource_type="EFS", resource="fs-1", parent=parent, lifecycle={"delete_after_days": 5})
    scene.server.control.advance(3 * scenes.DAY)
    meanwhile = lying(scene)
    scene.server.control.advance(4 * scenes.DAY)

    assert meanwhile == {parent, child}
    assert lying(scene) == set()


def test_without_its_role_a_point_stays_as_expired(server: SimulatorServer) -> None:
    """AWS deletes with the role that made the point."""
    world = scenes.world()
    scenes.account(world, scenes.SOURCE)["roles"].append(
        scenes.role("AWSBackupDefaultServiceRole", path="/service-role/", trust={"services": ["backup.amazonaws.com"]})
    )
    scenes.source_vault(world)["recovery_points"] = [
        {"resource_type": "EFS", "resource": "fs-1", "lifecycle": {"delete_after_days": 1}}
    ]
    server.control.load(world)
    with server.simulator.lock:
        server.state.accounts[scenes.SOURCE].roles.pop("AWSBackupDefaultServiceRole")
    server.control.advance("3d")

    assert [point["Status"] for point in Scene(server).points()] == ["EXPIRED"]


def test_a_copy_that_comes_too_late_goes_soon(scene: Scene) -> None:
    """Retention counts from the creation of the source, however old that is."""
    arn = scene.add(age="20d", lifecycle={"delete_after_days": 35})
    scene.start(arn, Lifecycle={"DeleteAfterDays": 10})
    scene.server.control.advance("2m")
    arrived = len(scene.copies())
    scene.server.control.advance(8 * HOUR)

    assert arrived == 1
    assert scene.copies() == []


def test_a_vault_knows_what_is_nested_in_a_composite_point(server: SimulatorServer) -> None:
    """Without walking through all the others: those made one by one and in bulk, until they go or stand alone."""
    parent = f"arn:aws:backup:{scenes.HOME}:{scenes.SOURCE}:recovery-point:composite"
    whole = {"resource_type": "CloudFormation", "resource": "web", "arn": parent, "is_parent": True}
    part = {"resource_type": "EFS", "parent": parent}
    bulk = part | {"name": "fs", "resources": 2, "every": "1d", "back": "0s"}
    singly = [part | {"resource": "fs-a"}, part | {"resource": "fs-b"}, {"resource_type": "EFS", "resource": "fs-c"}]
    added = server.control.seed(scenes.SOURCE, scenes.HOME, "backups", [whole, *singly, bulk])
    vault = server.control.vault(scenes.SOURCE, scenes.HOME, "backups")
    before = [point.arn for point in vault.points.within(parent)]
    added[1].parent_arn = None
    del vault.points[added[2].arn], vault.points[added[4].arn]

    assert before == [point.arn for point in (added[1], added[2], *added[4:])]
    assert [point.arn for point in vault.points.within(parent)] == [added[5].arn]
