"""Composite recovery points: parent and child jobs."""

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


def cluster(scene: Scene, *volumes: scenes.Json) -> str:
    """A backup of an EKS cluster with its state and volumes; gives the parent's ARN."""
    parent = scene.add(resource_type="EKS", resource="shop", is_parent=True)
    scene.add(resource_type="EKS", resource="shop", parent=parent, member="cluster-state")
    for number, volume in enumerate(volumes):
        scene.add(parent=parent, member=f"volume-{number}", **volume)
    return parent


EBS = {"resource_type": "EBS", "resource": "vol-9", "key": "alias/data"}
S3 = {"resource_type": "S3", "resource": "bucket"}
EFS = {"resource_type": "EFS", "resource": "fs-9"}


@pytest.mark.parametrize(
    ("volumes", "state", "copies"),
    [
        pytest.param([EBS, S3], "COMPLETED", 4, id="all children can be copied"),
        pytest.param([EBS, EFS], "PARTIAL", 3, id="file systems of a cluster stay behind"),
    ],
)
def test_a_parent_ends_as_its_children_do(scene: Scene, volumes: list[scenes.Json], state: str, copies: int) -> None:
    """COMPLETED or PARTIAL, and the copy of the parent says the same."""
    job_id = scene.start(cluster(scene, *volumes))
    scene.server.control.advance("5m")
    (parent,) = [point for point in scene.copies() if point["IsParent"]]

    assert scene.job(job_id)["State"] == state
    assert parent["Status"] == state
    assert len(scene.copies()) == copies


def test_a_parent_fails_when_no_child_gets_through(scene: Scene) -> None:
    """With what the first child says."""
    world = scenes.world()
    del scenes.account(world, scenes.SOURCE)["keys"][0]["policy"]
    scene.server.control.load(world)
    job_id = scene.start(cluster(scene))
    scene.server.control.advance("5m")
    job = scene.job(job_id)

    assert (job["State"], job["MessageCategory"]) == ("FAILED", "KMS_KEY_ERROR")
    assert scene.copies() == []


def test_what_concerns_the_whole_fails_the_parent_at_once(scene: Scene) -> None:
    """No children come into being."""
    world = scenes.world()
    world["organization"]["cross_account_backup"] = False
    scene.server.control.load(world)
    scene.start(cluster(scene, EBS))
    scene.server.control.advance("5m")

    assert scene.states() == ["FAILED"]


def test_children_are_listed_by_their_parent(scene: Scene) -> None:
    """With their place in the composite; the parent counts them by state."""
    job_id = scene.start(cluster(scene, EBS, EFS))
    scene.server.control.advance("20s")
    meanwhile = scene.job(job_id)
    scene.server.control.advance("5m")
    children = scene.source.list_copy_jobs(ByParentJobId=job_id)["CopyJobs"]
    parent = scene.job(job_id)

    assert (meanwhile["State"], meanwhile["IsParent"]) == ("RUNNING", True)
    assert meanwhile["ChildJobsInState"] == {"RUNNING": 2, "FAILED": 1}
    assert {child["CompositeMemberIdentifier"] for child in children} == {"cluster-state", "volume-0", "volume-1"}
    assert parent["NumberOfChildJobs"] == 3
    assert parent["ChildJobsInState"] == {"COMPLETED": 2, "FAILED": 1}


def test_a_composite_copy_is_a_composite_point(scene: Scene) -> None:
    """The copies of its children hang below it."""
    scene.start(cluster(scene, EBS))
    scene.server.control.advance("5m")
    (parent,) = [point for point in scene.copies() if point["IsParent"]]
    nested = {
        point["CompositeMemberIdentifier"]
        for point in scene.copies()
        if point.get("ParentRecoveryPointArn") == parent["RecoveryPointArn"]
    }

    assert nested == {"cluster-state", "volume-0"}


def test_starting_says_whether_it_is_a_parent(scene: Scene) -> None:
    """IsParent in the answer of StartCopyJob; a cluster's state alone is refused."""
    asked = {
        "SourceBackupVaultName": "backups",
        "DestinationBackupVaultArn": scenes.vault_arn(),
        "IamRoleArn": scenes.COPIER,
    }
    parent = cluster(scene)
    state = next(point for point in scene.points() if point.get("CompositeMemberIdentifier") == "cluster-state")
    started = scene.source.start_copy_job(RecoveryPointArn=parent, **asked)
    with scenes.refused() as refusal:
        scene.source.start_copy_job(RecoveryPointArn=state["RecoveryPointArn"], **asked)

    assert started["IsParent"] is True
    assert refusal.code == "InvalidRequestException"


def test_a_stack_in_a_stack_is_copied_whole(scene: Scene) -> None:
    """Within the account, where stacks may be copied: each copy hangs below the copy of its parent."""
    outer = scene.add(resource_type="CloudFormation", resource="outer", is_parent=True)
    inner = scene.add(resource_type="CloudFormation", resource="inner", is_parent=True, parent=outer, member="inner")
    scene.add(**S3, parent=inner, member="bucket")
    client = scenes.client(scene.server, "backup", scenes.SOURCE)
    key = client.describe_backup_vault(BackupVaultName="backups")["EncryptionKeyArn"]
    client.create_backup_vault(BackupVaultName="second", EncryptionKeyArn=key)
    scene.start(outer, DestinationBackupVaultArn=scenes.vault_arn(scenes.SOURCE, "second", scenes.HOME))
    scene.server.control.advance("5m")

    copies = client.list_recovery_points_by_backup_vault(BackupVaultName="second")["RecoveryPoints"]
    by_arn = {point["RecoveryPointArn"]: point["ResourceName"] for point in copies}
    assert {point["ResourceName"]: by_arn.get(point.get("ParentRecoveryPointArn")) for point in copies} == {
        "outer": None,
        "inner": "outer",
        "bucket": "inner",
    }
    assert {job["State"] for job in client.list_copy_jobs()["CopyJobs"]} == {"COMPLETED"}


def test_a_parent_ends_although_a_child_vanishes(scene: Scene) -> None:
    """It goes on as if that had failed, and leaves its source free."""
    arn = cluster(scene, EBS)
    scene.server.control.order("VANISHED", resource="vol-9")
    job_id = scene.start(arn)
    scene.server.control.advance("5m")
    points = scene.server.control.vault(scenes.SOURCE, scenes.HOME, "backups").points

    assert scene.job(job_id)["State"] == "PARTIAL"
    assert len(scene.source.list_copy_jobs(ByParentJobId=job_id)["CopyJobs"]) == 1
    assert all(point.copying == 0 for point in points.values())


def test_recovery_points_nested_in_each_other_are_refused(scene: Scene) -> None:
    """A copy of them would never come to an end; nothing of what was asked is added."""
    first, second = (f"arn:aws:backup:{scenes.HOME}:{scenes.SOURCE}:recovery-point:{name}" for name in "ab")
    part = {"resource_type": "CloudFormation", "resource": "web", "is_parent": True}
    parts = [part | {"arn": first, "parent": second}, part | {"arn": second, "parent": first}]
    before = len(scene.points())

    with pytest.raises(ValueError, match="is nested in itself"):
        scene.server.control.seed(scenes.SOURCE, scenes.HOME, "backups", parts)
    with pytest.raises(ValueError, match="key"):
        scene.server.control.seed(scenes.SOURCE, scenes.HOME, "backups", [S3, EBS | {"key": "alias/nobody"}])
    assert len(scene.points()) == before
