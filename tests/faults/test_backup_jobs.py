"""Backups of a plan that fail, in a simulated AWS: told until a later one has made a recovery point."""

from __future__ import annotations

import copy

import pytest
from tests.kit import scheduling
from tests.kit import stage as scene
from tests.kit.scheduling import SCHEDULE
from tests.kit.stage import Json, Stage

from backup_simulator.faults import Kind
from crossvault.cli import diagnoses
from crossvault.metrics import Exposition
from crossvault.work.board import Board
from crossvault.work.vitals import Vitals

ROW = "BackupJobs"
FOR_S3 = "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup"


def begin(stage: Stage) -> None:
    """Start an operator whose plan selects a bucket, for which the role has no rights, and a volume."""
    made = scheduling.with_resources(scheduling.allowed(scene.world()))
    bucket = {"region": scene.HOME, "resource_type": "S3", "resource": "orders-bucket", "tags": {"backup": "true"}}
    scene.account(made, scene.PRODUCTION)["resources"].append(bucket)
    stage.begin(made)
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(schedule=copy.deepcopy(SCHEDULE))
    stage.go_on()


def told(stage: Stage) -> Json:
    """Return the row."""
    return next(each for each in stage.body["status"]["prerequisites"] if each["name"] == ROW)


def listings(stage: Stage) -> int:
    """Count how often the operator asked for jobs."""
    return sum("/crossvault-" in each.principal for each in stage.control.calls(operation="ListBackupJobs"))


def test_backups_without_rights_are_told_until_one_is_made(stage: Stage) -> None:
    """S3 wants rights of its own: condition, doctor and metric say it; once they are attached, the next run ends it."""
    begin(stage)
    assert told(stage)["status"] == "Met"
    stage.later("26h")
    stage.look()
    stage.later("10h")
    outcome = stage.look()
    row = told(stage)
    board = Board()
    assert outcome.report is not None
    board.put(outcome.report)
    text = Exposition(board.reports, vitals=Vitals(), queue=lambda: None, clock=stage.clock).render().decode()

    assert (row["status"], row["reason"]) == ("Unmet", "BackupsFailing")
    assert "fail for 1 resource, newest arn:aws:s3:::orders-bucket" in row["message"]
    assert "permission" in row["message"].lower()
    assert scene.condition(stage.body) == ("False", "PrerequisiteUnmet")
    assert 'crossvault_schedule_backups_failing{name="orders",namespace="orders"} 1.0' in text
    found = diagnoses.document([diagnoses.read(stage.body)], stage.clock())["rows"]
    assert [each["reason"] for each in found if each["name"] == ROW] == ["BackupsFailing"]

    iam = stage.admin(scene.PRODUCTION, scene.HOME, "iam")
    iam.attach_role_policy(RoleName="AWSBackupDefaultServiceRole", PolicyArn=FOR_S3)
    stage.later("26h")
    stage.look()
    stage.later("10h")
    stage.look()

    assert told(stage)["status"] == "Met"


def test_jobs_are_listed_once_for_all_and_only_where_a_schedule_is(stage: Stage) -> None:
    """Each look asks for what has ended since; without a schedule nobody asks."""
    stage.begin(scheduling.allowed(scene.world()))
    stage.go_on()
    assert listings(stage) == 0

    begin(stage)
    before = listings(stage)
    stage.look()
    assert listings(stage) == before + 1


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "ServiceUnavailableException"])
def test_who_cannot_list_jobs_keeps_the_plan_all_the_same(stage: Stage, code: str) -> None:
    """The row is unknown, and nothing is held."""
    begin(stage)
    stage.control.faults.add(Kind.ERROR, operation="ListBackupJobs", code=code, status=400)
    stage.look()

    assert told(stage)["status"] == "Unknown"
    assert scene.row(stage.body, "BackupPlan", "") == ("Met", "AllMet")
