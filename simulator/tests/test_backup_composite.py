"""Composite backups: stacks and clusters, their parent jobs and what these leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import backup_kit, scenes
from simulator_kit.backup_kit import Backups, resource

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

CLUSTER = f"arn:aws:eks:{scenes.HOME}:{scenes.SOURCE}:cluster/shop"
STACK = f"arn:aws:cloudformation:{scenes.HOME}:{scenes.SOURCE}:stack/web/1"


class Composite(Backups):
    """The source account with a cluster of two volumes and a stack of a file system and a database."""

    def __init__(self, server: SimulatorServer) -> None:
        scene = backup_kit.world()
        source = scenes.account(scene, scenes.SOURCE)
        source["resources"] += [
            resource("EBS", "pv-1", key="alias/data", size="1GiB"),
            resource("EBS", "pv-2", key="alias/data", size="2GiB"),
            resource("EKS", "shop", members=["pv-1", "pv-2"], size="1MiB"),
            resource("CloudFormation", "web", members=["fs-a", "orders"]),
        ]
        super().__init__(server, scene)

    def children(self, parent: str) -> list[scenes.Json]:
        """The child jobs of a job."""
        return self.jobs(ByParentJobId=parent)

    def point(self, arn: str) -> Any:
        """A recovery point in the vault."""
        return self.client.describe_recovery_point(BackupVaultName="daily", RecoveryPointArn=arn)


@pytest.fixture
def composite(server: SimulatorServer) -> Composite:
    """Something to back up as a whole."""
    return Composite(server)


def test_a_cluster_is_backed_up_with_its_state_and_volumes(composite: Composite) -> None:
    """A parent job, a child for each part; the recovery points hang together."""
    arn = composite.client.start_backup_job(
        BackupVaultName="daily", ResourceArn=CLUSTER, IamRoleArn=scenes.COPIER, Lifecycle={"DeleteAfterDays": 7}
    )
    composite.pass_time("10s")
    meanwhile = composite.job(arn["BackupJobId"])
    composite.pass_time("5m")
    job = composite.job(arn["BackupJobId"])
    parent = composite.point(job["RecoveryPointArn"])
    nested = [point for point in composite.points() if point.get("ParentRecoveryPointArn")]

    assert arn["IsParent"] is True
    assert (meanwhile["State"], meanwhile["NumberOfChildJobs"]) == ("RUNNING", 3)
    assert job["State"] == "COMPLETED"
    assert job["ChildJobsInState"] == {"COMPLETED": 3}
    assert ":recovery-point:composite:eks/shop-2026" in job["RecoveryPointArn"]
    assert parent["IsParent"] is True
    assert parent["BackupSizeInBytes"] == 3 * 2**30 + 2**20
    assert {point["CompositeMemberIdentifier"] for point in nested} == {"cluster-state", "pv-1", "pv-2"}
    assert {point["ParentRecoveryPointArn"] for point in nested} == {parent["RecoveryPointArn"]}
    assert {child["ResourceType"] for child in composite.children(job["BackupJobId"])} == {"EKS", "EBS"}
    assert {point["Lifecycle"]["DeleteAfterDays"] for point in nested} == {7}


@pytest.mark.parametrize(
    ("failing", "state", "left"),
    [
        pytest.param([], "COMPLETED", 3, id="all children get through"),
        pytest.param(["fs-a"], "PARTIAL", 2, id="one does not"),
        pytest.param(["fs-a", "orders"], "FAILED", 0, id="none does"),
    ],
)
def test_a_parent_ends_as_its_children_do(composite: Composite, failing: list[str], state: str, left: int) -> None:
    """COMPLETED, PARTIAL with a composite recovery point of that status, or FAILED with nothing left."""
    for name in failing:
        composite.server.control.order("FAILED", kind="backup", resource=name, message="An internal error occurred.")
    job_id = composite.start(STACK)
    composite.pass_time("5m")
    job = composite.job(job_id)

    assert job["State"] == state
    assert len(composite.points()) == left
    if left:
        assert composite.point(job["RecoveryPointArn"])["Status"] == state
    else:
        assert job["StatusMessage"] == "An internal error occurred."


def test_a_stack_without_members_is_its_template(composite: Composite) -> None:
    """One recovery point, complete."""
    composite.server.control.add_resources(scenes.SOURCE, [resource("CloudFormation", "empty")])
    job_id = composite.start(STACK.replace("web", "empty"))
    composite.pass_time("1m")

    assert composite.job(job_id)["State"] == "COMPLETED"
    assert [point["IsParent"] for point in composite.points()] == [True]


def test_stacks_can_be_added_while_the_world_lives(composite: Composite) -> None:
    """With members that were there before."""
    composite.server.control.add_resources(scenes.SOURCE, [resource("CloudFormation", "late", members=["fs-a"])])
    job_id = composite.start(STACK.replace("web", "late"))
    composite.pass_time("5m")

    assert [child["ResourceType"] for child in composite.children(job_id)] == ["EFS"]


def test_a_parent_is_stopped_with_its_children(composite: Composite) -> None:
    """All of them end ABORTED."""
    job_id = composite.start(CLUSTER)
    composite.pass_time("10s")
    composite.client.stop_backup_job(BackupJobId=job_id)
    composite.pass_time("5m")

    assert {job["State"] for job in composite.jobs()} == {"ABORTED"}
    assert composite.points() == []


def test_members_are_backed_up_on_their_own_too(composite: Composite) -> None:
    """One job at a time per member: the second waits for the first, and both get through."""
    composite.start(backup_kit.FILES)
    job_id = composite.start(STACK)
    composite.pass_time("30m")

    assert {job["State"] for job in composite.jobs()} == {"COMPLETED"}
    assert composite.job(job_id)["State"] == "COMPLETED"


def test_a_plan_copies_the_whole_composite(composite: Composite) -> None:
    """The copy action starts a parent copy job; the copies hang together in the other account."""
    action = {"DestinationBackupVaultArn": scenes.vault_arn()}
    rule = {"RuleName": "daily", "TargetBackupVaultName": "daily", "CopyActions": [action]}
    plan = composite.client.create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": [rule]})
    selection = {"SelectionName": "cluster", "IamRoleArn": scenes.COPIER, "Resources": [CLUSTER]}
    composite.client.create_backup_selection(BackupPlanId=plan["BackupPlanId"], BackupSelection=selection)
    composite.pass_time("6h")
    jobs = composite.client.list_copy_jobs()["CopyJobs"]
    target = scenes.client(composite.server, "backup", scenes.TARGET, region=scenes.AWAY)
    copies = target.list_recovery_points_by_backup_vault(BackupVaultName="copies")["RecoveryPoints"]

    assert {job["State"] for job in jobs} == {"COMPLETED"}
    assert [job["IsParent"] for job in jobs].count(True) == 1
    assert sum(bool(point.get("ParentRecoveryPointArn")) for point in copies) == 3


def test_a_member_that_is_not_there_is_told(composite: Composite) -> None:
    """The world file says which stack, and which member."""
    scene = backup_kit.world()
    scenes.account(scene, scenes.SOURCE)["resources"].append(resource("CloudFormation", "web", members=["nothing"]))

    with pytest.raises(ValueError, match="CloudFormation web: member nothing is no resource"):
        composite.server.control.load(scene)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([resource("CloudFormation", "a", members=["a"])], id="a stack in itself"),
        pytest.param(
            [resource("CloudFormation", "a", members=["b"]), resource("CloudFormation", "b", members=["a"])],
            id="two stacks in each other",
        ),
        pytest.param(
            [resource("EKS", "web", members=["vol-a"]), resource("CloudFormation", "a", members=["nothing"])],
            id="a member that is missing, after a cluster that could be",
        ),
    ],
)
def test_composites_that_cannot_be_are_refused_and_nothing_is_added(
    composite: Composite, parts: list[scenes.Json]
) -> None:
    """Their backups would never come to an end; what was there before stays as it was."""
    region = composite.server.state.accounts[scenes.SOURCE].region(scenes.HOME)
    before = dict(region.resources)

    with pytest.raises(ValueError, match=r"CloudFormation [ab]: member"):
        composite.server.control.add_resources(scenes.SOURCE, parts)
    assert region.resources == before


def test_a_parent_ends_although_a_child_vanishes(composite: Composite) -> None:
    """It goes on as if the child had failed, and does not wait for its window to end."""
    composite.server.control.order("VANISHED", kind="backup", resource="fs-a")
    job_id = composite.start(STACK)
    composite.pass_time("5m")

    assert composite.job(job_id)["State"] == "PARTIAL"
    assert [child["ResourceType"] for child in composite.children(job_id)] == ["RDS"]


def test_two_backups_of_a_cluster_in_one_second_are_two_recovery_points(composite: Composite) -> None:
    """Their names go by the second; the later one takes the next."""
    composite.server.control.order("COMPLETED", kind="backup", resource="cluster/shop")
    jobs = [composite.start(CLUSTER) for _ in range(2)]
    composite.pass_time("5m")
    arns = {composite.job(job_id)["RecoveryPointArn"] for job_id in jobs}

    assert len(arns) == 2
    assert {point["RecoveryPointArn"] for point in composite.points()} == arns
