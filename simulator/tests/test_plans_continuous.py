"""Continuous rules: one recovery point that is kept up to date, and the temporary snapshots that are copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import backup_kit, scenes
from simulator_kit.planning import Planned, rule

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def planned(server: SimulatorServer) -> Planned:
    """The source account with databases to back up, and no plan yet."""
    return Planned(server)


def test_a_continuous_rule_keeps_one_recovery_point(planned: Planned) -> None:
    """One recovery point that stays up to date, for types that can; snapshots for the others."""
    continuous = rule(EnableContinuousBackup=True, Lifecycle={"DeleteAfterDays": 35})
    planned.plan(continuous, Resources=[backup_kit.BUCKET, backup_kit.DATABASE, backup_kit.FILES])
    planned.plan(
        continuous | {"TargetBackupVaultName": "backups", "ScheduleExpression": "cron(0 9 ? * * *)"},
        name="second",
        Resources=[backup_kit.BUCKET],
    )
    planned.pass_time("3d")
    points = planned.points()
    bucket = [point for point in points if point["ResourceType"] == "S3"]
    second = [point["RecoveryPointArn"] for point in planned.points("backups") if point["ResourceType"] == "S3"]

    assert sorted(point["ResourceType"] for point in points) == ["EFS", "EFS", "EFS", "RDS", "S3"]
    assert bucket[0]["RecoveryPointArn"].startswith("arn:aws:backup:eu-west-1:111111111111:recovery-point:documents-")
    assert bucket[0]["Status"] == "AVAILABLE"
    assert bucket[0]["CompletionDate"].day == 3
    assert len(second) == 3
    assert not any("documents" in arn for arn in second)
    with scenes.refused() as refusal:
        planned.client.start_copy_job(
            RecoveryPointArn=bucket[0]["RecoveryPointArn"],
            SourceBackupVaultName="daily",
            DestinationBackupVaultArn=scenes.vault_arn(),
            IamRoleArn=scenes.COPIER,
        )
    assert refusal.code == "InvalidRequestException"


def test_a_continuous_rule_copies_a_snapshot(planned: Planned) -> None:
    """Continuous recovery points are not copied, a snapshot of the same moment is."""
    action = {"DestinationBackupVaultArn": scenes.vault_arn()}
    continuous = rule(EnableContinuousBackup=True, Lifecycle={"DeleteAfterDays": 35}, CopyActions=[action])
    planned.plan(continuous, Resources=[backup_kit.BUCKET])
    planned.pass_time("2d")
    arns = [point["RecoveryPointArn"] for point in planned.points()]
    copies = planned.client.list_copy_jobs()["CopyJobs"]

    assert sum("documents-" in arn for arn in arns) == 1
    assert [job["State"] for job in copies] == ["COMPLETED"] * 2
    assert [job["SourceRecoveryPointArn"] for job in copies] == [arn for arn in arns if "documents-" not in arn]


@pytest.mark.parametrize(
    ("actions", "left"),
    [
        pytest.param(["rds:*"], [], id="is gone with a role that may delete it"),
        pytest.param(["rds:CreateDBSnapshot", "rds:Modify*", "rds:List*"], ["EXPIRED"], id="stays without the right"),
    ],
)
def test_the_snapshot_of_a_database_is_temporary(planned: Planned, actions: list[str], left: list[str]) -> None:
    """It is made for the copies of a continuous rule and goes when the last of them has ended."""
    scene = backup_kit.world()
    source = scenes.account(scene, scenes.SOURCE)
    source["resources"].append(backup_kit.resource("RDS", "ledger", key="alias/data"))
    source["roles"][0]["policies"] = [scenes.allow(*actions, "backup:*", "kms:*")]
    planned = Planned(planned.server, scene)
    action = {"DestinationBackupVaultArn": scenes.vault_arn()}
    continuous = rule(EnableContinuousBackup=True, Lifecycle={"DeleteAfterDays": 35}, CopyActions=[action])
    planned.plan(continuous, Resources=[backup_kit.DATABASE.replace("orders", "ledger")])
    planned.pass_time("5h90s")
    meanwhile = [point["Status"] for point in planned.points()]
    planned.pass_time("1h")

    assert meanwhile == ["AVAILABLE", "COMPLETED"]
    assert [job["State"] for job in planned.client.list_copy_jobs()["CopyJobs"]] == ["COMPLETED"]
    assert [point["Status"] for point in planned.points()] == ["AVAILABLE", *left]


def test_a_changed_retention_begins_a_new_continuous_recovery_point(planned: Planned) -> None:
    """The old one is STOPPED and goes when its retention is over."""
    continuous = rule(EnableContinuousBackup=True, Lifecycle={"DeleteAfterDays": 35})
    plan_id = planned.plan(continuous, Resources=[backup_kit.BUCKET])
    planned.pass_time("2d")
    changed = {"BackupPlanName": "plan", "Rules": [continuous | {"Lifecycle": {"DeleteAfterDays": 14}}]}
    planned.client.update_backup_plan(BackupPlanId=plan_id, BackupPlan=changed)
    planned.pass_time("2d")
    states = [(point["Status"], point["Lifecycle"]["DeleteAfterDays"]) for point in planned.points()]
    planned.pass_time("33d")

    assert states == [("STOPPED", 35), ("AVAILABLE", 14)]
    assert [point["Status"] for point in planned.points()] == ["AVAILABLE"]


def test_a_continuous_recovery_point_stops_with_its_role(planned: Planned) -> None:
    """The run that finds its role without rights fails and stops the point; with the rights back a new one begins."""
    iam = scenes.client(planned.server, "iam", scenes.SOURCE)
    full = "arn:aws:iam::aws:policy/AdministratorAccess"
    planned.plan(rule(EnableContinuousBackup=True, Lifecycle={"DeleteAfterDays": 35}), Resources=[backup_kit.BUCKET])
    planned.pass_time("1d")
    iam.detach_role_policy(RoleName="copier", PolicyArn=full)
    planned.pass_time("1d")
    stopped = [point["Status"] for point in planned.points()]
    iam.attach_role_policy(RoleName="copier", PolicyArn=full)
    planned.pass_time("1d")

    assert stopped == ["STOPPED"]
    assert [point["Status"] for point in planned.points()] == ["STOPPED", "AVAILABLE"]


def databases(planned: Planned, **first: Any) -> None:
    """Two continuous rules over one database: of the first vault, and, with copies, of the second."""
    action = {"DestinationBackupVaultArn": scenes.vault_arn()}
    continuous = rule(EnableContinuousBackup=True, Lifecycle={"DeleteAfterDays": 35})
    scene = backup_kit.world()
    scenes.account(scene, scenes.SOURCE)["resources"].append(backup_kit.resource("RDS", "ledger", key="alias/data"))
    planned.server.control.load(scene)
    ledger = backup_kit.DATABASE.replace("orders", "ledger")
    planned.plan(continuous | first, name="first", Resources=[ledger])
    second = {"TargetBackupVaultName": "backups", "ScheduleExpression": "cron(0 9 ? * * *)", "CopyActions": [action]}
    planned.plan(continuous | second, name="second", Resources=[ledger])


def test_the_snapshot_of_a_second_continuous_rule_is_a_backup(planned: Planned) -> None:
    """It is all that the second rule leaves, so that it stays after its copies."""
    databases(planned)
    planned.pass_time("12h")
    kept = [point["Status"] for point in planned.points("backups") if point["ResourceType"] == "RDS"]

    assert [point["Status"] for point in planned.points()] == ["AVAILABLE"]
    assert [job["State"] for job in planned.client.list_copy_jobs()["CopyJobs"]] == ["COMPLETED"]
    assert kept == ["COMPLETED"]


def temporary(planned: Planned, number: int = 2) -> str:
    """Let a continuous rule with so many copies run until its temporary snapshot is there, and give its ARN."""
    actions = [{"DestinationBackupVaultArn": scenes.vault_arn()}] * number
    databases(planned, CopyActions=actions)
    planned.pass_time("5h65s")
    return next(str(point["RecoveryPointArn"]) for point in planned.points() if point["Status"] == "COMPLETED")


def statuses(planned: Planned) -> list[str]:
    """What lies in the vault of the first rule."""
    return [point["Status"] for point in planned.points()]


def test_a_temporary_snapshot_goes_although_its_copies_vanish(planned: Planned) -> None:
    """Nothing waits for a copy that has left no trace."""
    temporary(planned)
    planned.server.control.order("VANISHED", resource="ledger")
    planned.pass_time("10m")

    assert statuses(planned) == ["AVAILABLE"]


def test_a_copy_by_hand_does_not_end_a_temporary_snapshot(planned: Planned) -> None:
    """It waits for the copies of its rule, however many others fail meanwhile."""
    arn = temporary(planned)
    asked = {"RecoveryPointArn": arn, "SourceBackupVaultName": "daily", "IamRoleArn": scenes.COPIER}
    for name in ("nowhere", "neither"):
        planned.client.start_copy_job(DestinationBackupVaultArn=scenes.vault_arn(name=name), **asked)
    planned.pass_time("4h")
    jobs = planned.client.list_copy_jobs()["CopyJobs"]

    assert sorted(job["State"] for job in jobs if "CreatedByBackupJobId" in job)[:2] == ["COMPLETED", "COMPLETED"]
    assert statuses(planned) == ["AVAILABLE"]
