"""A plan that scans, indexes and fills an air-gapped vault: made, changed back, and what its backups come to."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.kit import scheduling
from tests.kit import stage as scene
from tests.kit.scheduling import calls, plans
from tests.kit.stage import Json, Stage

SCANNER = f"arn:aws:iam::{scene.PRODUCTION}:role/scanner"
GAPPED = f"arn:aws:backup:{scene.HOME}:{scene.PRODUCTION}:backup-vault:gapped"
PASSES = {
    "Sid": "Pass",
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": SCANNER,
    "Condition": {"StringEquals": {"iam:PassedToService": "malware-protection.guardduty.amazonaws.com"}},
}
SCHEDULE: Json = {
    "scanSettings": {"role": "scanner", "resourceTypes": ["ALL"]},
    "rules": [
        {
            "name": "daily",
            "lifecycle": {"deleteAfterDays": 35},
            "scanMode": "Incremental",
            "airGappedVault": "gapped",
        },
        {
            "name": "monthly",
            "cron": "cron(0 7 15 * ? *)",
            "lifecycle": {"deleteAfterDays": 90},
            "indexResourceTypes": ["EBS"],
        },
    ],
    "selections": [{"name": "tagged", "tags": {"backup": "true"}}],
}


def world(*, passes: bool = True) -> Json:
    """Return a world with an air-gapped vault beside the source vault, and resources to back up."""
    made = scheduling.with_resources(scheduling.allowed(scene.world()))
    vault = {"region": scene.HOME, "name": "gapped", "air_gapped": True, "lock": {"min_days": 7, "max_days": 90}}
    scene.account(made, scene.PRODUCTION)["vaults"].append(vault)
    if passes:
        scene.role(made, scene.PRODUCTION, "crossvault-source")["policies"][0]["Statement"].append(PASSES)
    return made


def begun(stage: Stage, made: Json, **schedule: Any) -> Stage:
    """Begin with a policy that has the schedule."""
    stage.begin(made)
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(schedule={**copy.deepcopy(SCHEDULE), **schedule})
    return stage


def test_backups_go_where_aws_lets_them_and_everything_has_one_copy(stage: Stage) -> None:
    """Files straight into the air-gapped vault, a volume by way of a snapshot that goes: both are copied once."""
    begun(stage, world()).go_on(lambda: bool(plans(stage)) and len(plans(stage)[0]["selections"]) == 1)
    before = calls(stage)
    for _ in range(30):
        stage.later("1h")
        stage.look()
    copied = {each.resource_arn.rpartition("/")[2]: each for each in stage.vault().points.values()}
    gapped = {
        each.resource_arn.rpartition("/")[2]
        for each in stage.vault("gapped", scene.PRODUCTION, scene.HOME).points.values()
    }

    assert {*copied} == gapped == {"vol-plan", "fs-plan"}
    assert not stage.vault("orders", scene.PRODUCTION, scene.HOME).points
    assert calls(stage) == before
    assert set(stage.jobs().values()) == {1}
    assert scene.row(stage.body, "BackupPlan", "") == ("Met", "AllMet")
    assert scene.row(stage.body, "Schedule", "") == ("Met", "AllMet")
    assert scene.condition(stage.body, "CopiesHealthy")[0] == "True"


def without_ids(plan: Json) -> Json:
    """Return a plan as somebody would send it again."""
    rules = [{name: value for name, value in each.items() if name != "RuleId"} for each in plan["Rules"]]
    scans = {"ScanSettings": plan["ScanSettings"]} if "ScanSettings" in plan else {}
    return {"BackupPlanName": plan["BackupPlanName"], "Rules": rules, **scans}


FIELDS = {
    "ScanSettings": "scanSettings",
    "ScanActions": "scanMode",
    "IndexActions": "indexResourceTypes",
    "TargetLogicallyAirGappedBackupVaultArn": "airGappedVault",
}


@pytest.mark.parametrize("lost", FIELDS)
def test_what_somebody_takes_out_comes_back(stage: Stage, lost: str) -> None:
    """Once, by the name of its field."""
    begun(stage, world()).go_on(lambda: bool(plans(stage)) and len(plans(stage)[0]["selections"]) == 1)
    (before,) = plans(stage)
    document = without_ids(before)
    for place in (document, *document["Rules"]):
        place.pop(lost, None)
    stage.admin(scene.PRODUCTION, scene.HOME).update_backup_plan(BackupPlanId=before["id"], BackupPlan=document)
    stage.control.clear_calls()
    told = list[str]()
    for _ in range(3):
        stage.later("1h")
        told += (each.message for each in stage.look().events)

    assert without_ids(plans(stage)[0]) == without_ids(before)
    assert calls(stage) == {"UpdateBackupPlan": 1}
    assert f"{FIELDS[lost]} none → " in " ".join(told)


def test_what_is_declared_no_more_goes(stage: Stage) -> None:
    """With one update; the plan goes on backing up."""
    begun(stage, world()).go_on(lambda: bool(plans(stage)) and len(plans(stage)[0]["selections"]) == 1)
    rules = [{"name": each["name"], "lifecycle": each["lifecycle"]} for each in SCHEDULE["rules"]]
    stage.declare(schedule={"rules": rules, "selections": SCHEDULE["selections"]})
    stage.control.clear_calls()
    stage.go_on(lambda: scene.row(stage.body, "BackupPlan", "") == ("Met", "AllMet"))
    (plan,) = plans(stage)

    assert calls(stage) == {"UpdateBackupPlan": 1}
    assert [{*FIELDS} & {*each} for each in (plan, *plan["Rules"])] == [set(), set(), set()]


def test_who_may_not_pass_the_scanners_role_is_told(stage: Stage) -> None:
    """By the row of the plan, with what is lacking; nothing is made without the scan that is declared."""
    begun(stage, world(passes=False))
    for _ in range(2):
        stage.look()

    assert plans(stage) == []
    (row,) = (each for each in stage.body["status"]["prerequisites"] if each["name"] == "BackupPlan")
    assert row["status"] == "Unmet"
    assert "role crossvault-source lacks iam:PassRole" in row["remedy"]


def test_a_plan_that_scans_is_adopted_as_it_is(stage: Stage) -> None:
    """In whatever order AWS lists its types; nothing is written, and nothing is said to differ."""
    begun(stage, world()).go_on(lambda: bool(plans(stage)) and len(plans(stage)[0]["selections"]) == 1)
    (made,) = plans(stage)
    stage.begin(world())
    backup = stage.admin(scene.PRODUCTION, scene.HOME)
    plan_id = backup.create_backup_plan(BackupPlan={**without_ids(made), "BackupPlanName": "by-hand"})["BackupPlanId"]
    backup.create_backup_selection(BackupPlanId=plan_id, BackupSelection=made["selections"][0])
    stage.declare(schedule={**copy.deepcopy(SCHEDULE), "adopt": plan_id})
    for _ in range(3):
        stage.look()

    assert not {"UpdateBackupPlan", "TagResource", "CreateBackupSelection"} & set(calls(stage))
    assert scene.row(stage.body, "BackupPlan", "") == ("Met", "AllMet")
