"""Copies that AWS refuses at once, and copies to which something happens on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backup_simulator.services.backup.copies import rules as copy_rules
from simulator_kit import scenes
from simulator_kit.changes import ACCESS, FOR_COPIER, point, toggle_off, with_policy
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

NO_POINT = "arn:aws:ec2:eu-west-1::snapshot/snap-0"
AT_ONCE = [
    pytest.param(
        {}, {"DestinationBackupVaultArn": "copies"}, "InvalidParameterValueException", id="no destination ARN"
    ),
    pytest.param({}, {"IamRoleArn": "copier"}, "InvalidParameterValueException", id="no role ARN"),
    pytest.param({}, {"RecoveryPointArn": "snap-1"}, "InvalidParameterValueException", id="no recovery point ARN"),
    pytest.param({}, {"SourceBackupVaultName": "nowhere"}, "AccessDeniedException", id="no such source vault"),
    pytest.param({}, {"RecoveryPointArn": NO_POINT}, "ResourceNotFoundException", id="no such recovery point"),
    pytest.param({}, {"Lifecycle": {"DeleteAfterDays": 0}}, "InvalidParameterValueException", id="bad lifecycle"),
    pytest.param({"resource_type": "S3", "continuous": True}, {}, "InvalidRequestException", id="a continuous point"),
    pytest.param({"storage_class": "COLD"}, {}, "InvalidRequestException", id="a cold point"),
    pytest.param({"status": "CREATING"}, {}, "InvalidRequestException", id="a point in the making"),
    pytest.param({"status": "EXPIRED"}, {}, "InvalidRequestException", id="an expired point"),
    pytest.param(
        {}, {"IamRoleArn": f"arn:aws:iam::{scenes.TARGET}:role/operator"}, "AccessDeniedException", id="a foreign role"
    ),
    pytest.param({}, {"SourceBackupVaultName": "x"}, "InvalidParameterValueException", id="a vault name too short"),
]


@pytest.mark.parametrize(("part", "changes", "code"), AT_ONCE)
def test_a_copy_is_refused_at_once(server: SimulatorServer, part: scenes.Json, changes: scenes.Json, code: str) -> None:
    """No job comes into being."""
    world = scenes.world()
    point(**part)(world)
    server.control.load(world)
    scene = Scene(server)
    with scenes.refused() as refusal:
        scene.start(**changes)

    assert refusal.code == code
    assert scene.states() == []


def test_a_caller_that_may_not_pass_the_role_is_refused(server: SimulatorServer) -> None:
    """iam:PassRole is judged on the copy role, with iam:PassedToService."""
    world = scenes.world()
    passing = scenes.allow(
        "iam:PassRole", resource=scenes.COPIER, condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    )
    scenes.account(world, scenes.SOURCE)["roles"][1]["policies"] = [scenes.allow("backup:*"), passing]
    server.control.load(world)
    found = scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/operator")
    scene = Scene(server)
    scene.source = scenes.session_client(server, "backup", found)
    with scenes.refused() as refusal:
        scene.start()

    assert refusal.code == "AccessDeniedException"
    assert f"is not authorized to perform: iam:PassRole on resource: {scenes.COPIER}" in refusal.message


@pytest.mark.parametrize(
    ("minutes", "state"),
    [pytest.param(14, "COMPLETED", id="within a quarter of an hour"), pytest.param(16, "FAILED", id="after it")],
)
def test_switching_the_toggle_off_takes_a_quarter_of_an_hour(server: SimulatorServer, minutes: int, state: str) -> None:
    """Jobs may still start in the meantime."""
    payer = scenes.client(server, "backup", scenes.PAYER)
    payer.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "false"})
    server.control.advance(minutes * 60)
    scene = Scene(server)
    job_id = scene.start()
    server.control.advance("2m")

    assert scene.job(job_id)["State"] == state


def test_switching_the_toggle_on_works_at_once(server: SimulatorServer) -> None:
    """Undocumented; assumed."""
    world = scenes.world()
    toggle_off(world)
    server.control.load(world)
    scenes.client(server, "backup", scenes.PAYER).update_global_settings(
        GlobalSettings={"isCrossAccountBackupEnabled": "true"}
    )
    scene = Scene(server)
    scene.start()
    server.control.advance("2m")

    assert scene.states() == ["COMPLETED"]


def test_repairing_the_policy_lets_the_next_copy_through(server: SimulatorServer) -> None:
    """A failed job stays failed; a new one completes."""
    world = scenes.world()
    with_policy(None)(world)
    server.control.load(world)
    scene = Scene(server)
    scene.start()
    server.control.advance("2m")
    scene.target.put_backup_vault_access_policy(BackupVaultName="copies", Policy=scenes.text(scenes.may_copy()))
    scene.start()
    server.control.advance("2m")

    assert scene.states() == ["FAILED", "COMPLETED"]


def test_a_recovery_point_that_goes_meanwhile_fails_the_job(server: SimulatorServer) -> None:
    """Deleted before the start; overdue, and therefore expired, while the copy was running."""
    world = scenes.world()
    world["durations"] = {"deleting": "0s", "expiry_window": "0s"}
    server.control.load(world)
    scene = Scene(server)
    arn = scene.add(resource="fs-1")
    scene.start(arn)
    scene.source.delete_recovery_point(BackupVaultName="backups", RecoveryPointArn=arn)
    scene.start(scene.add(resource="fs-2", age=86_400 - 30, lifecycle={"delete_after_days": 1}))
    server.control.advance("5m")
    jobs = scene.source.list_copy_jobs()["CopyJobs"]

    assert {job["StatusMessage"] for job in jobs} == {"Cannot find recovery point"}
    assert {job["MessageCategory"] for job in jobs} == {"RESOURCE_NOT_FOUND"}


def test_a_role_deleted_and_made_again_is_another_role(server: SimulatorServer) -> None:
    """A policy that named the first does not let the second in."""
    world = scenes.world()
    with_policy(scenes.may_copy({"AWS": scenes.COPIER}))(world)
    server.control.load(world)
    iam = scenes.client(server, "iam", scenes.SOURCE)
    scenes.delete_role(server, scenes.SOURCE, "copier")
    trust = scenes.policy({"Effect": "Allow", "Principal": FOR_COPIER, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="copier", AssumeRolePolicyDocument=scenes.text(trust))
    iam.put_role_policy(RoleName="copier", PolicyName="all", PolicyDocument=scenes.text(scenes.allow("*")))
    scene = Scene(server)
    job_id = scene.start()
    server.control.advance("2m")

    assert scene.job(job_id)["StatusMessage"] == ACCESS


def test_failing_jobs_let_the_next_of_their_resource_go(server: SimulatorServer) -> None:
    """A queue behind a failure does not stand still."""
    world = scenes.world()
    with_policy(None)(world)
    server.control.load(world)
    scene = Scene(server)
    for age in ("1d", "2d", "3d"):
        scene.start(scene.add(age=age))
    server.control.advance("2m")

    assert scene.states() == ["FAILED"] * 3


def test_every_rule_of_the_table_is_shown_by_a_row(server: SimulatorServer) -> None:
    """No rule without a name, no name twice."""
    names = [rule.name for rule in copy_rules.RULES]

    assert len(set(names)) == len(names)
    assert server.control.dump()["calls"] == 0
