"""What EventBridge hears of plans, of the jobs they start, and of Region settings."""

from __future__ import annotations

from typing import Any

from backup_simulator.transport import InProcess
from simulator_kit import backup_kit, scenes
from simulator_kit.listening import Listener


def _opened() -> tuple[Listener, Any]:
    opened = InProcess(backup_kit.world())
    client = opened.client("backup", scenes.SOURCE, "admin", region=scenes.HOME, config=scenes.fast())
    return Listener(opened=opened), client


RULE = {"RuleName": "daily", "TargetBackupVaultName": "daily"}


def test_a_plan_tells_what_becomes_of_it() -> None:
    """Each change with its own member for the date; the plan's ARN is the resource."""
    listener, client = _opened()
    plan = {"BackupPlanName": "plan", "Rules": [RULE]}
    created = client.create_backup_plan(BackupPlan=plan)
    plan_id = created["BackupPlanId"]
    modified = client.update_backup_plan(BackupPlanId=plan_id, BackupPlan=plan)
    client.delete_backup_plan(BackupPlanId=plan_id)
    listener.opened.control.advance("10m")
    events = [event for event in listener.heard() if event["detail-type"] == "Backup Plan State Change"]

    now = "2026-03-01T00:00:00.000Z"
    versions = [created["VersionId"], modified["VersionId"], modified["VersionId"]]
    dates = [{"creationDate": now}, {"modifiedAt": now}, {"deletionDate": now}]
    assert [event["detail"] for event in events] == [
        {"backupPlanId": plan_id, "versionId": version, "state": change} | date
        for version, change, date in zip(versions, ["CREATED", "MODIFIED", "DELETED"], dates, strict=True)
    ]
    assert [event["resources"] for event in events] == [[created["BackupPlanArn"]]] * 3


def test_jobs_of_a_plan_tell_who_made_them() -> None:
    """The member createdBy has plan, version and rule, under names of its own."""
    listener, client = _opened()
    plan_id = client.create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": [RULE]})["BackupPlanId"]
    selection = {"SelectionName": "s", "IamRoleArn": scenes.COPIER, "Resources": [backup_kit.FILES]}
    client.create_backup_selection(BackupPlanId=plan_id, BackupSelection=selection)
    listener.opened.control.advance("5h10m")
    plan = client.get_backup_plan(BackupPlanId=plan_id)
    details = listener.details("Backup Job State Change")

    assert [detail["state"] for detail in details] == ["CREATED", "RUNNING", "COMPLETED"]
    assert details[-1]["createdBy"] == {
        "backupPlanId": plan_id,
        "backupPlanArn": plan["BackupPlanArn"],
        "backupPlanVersion": plan["VersionId"],
        "backupPlanRuleId": plan["BackupPlan"]["Rules"][0]["RuleId"],
    }


def test_region_settings_tell_what_changed() -> None:
    """Only what was sent, without resources."""
    listener, client = _opened()
    client.update_region_settings(ResourceTypeOptInPreference={"Aurora": False})
    listener.opened.control.advance("10m")
    (event,) = [event for event in listener.heard() if event["detail-type"] == "Region Setting State Change"]

    assert event["resources"] == []
    assert event["detail"] == {
        "modifiedAt": "2026-03-01T00:00:00.000Z",
        "ResourceTypeOptInPreference": {"Aurora": False},
        "state": "MODIFIED",
    }
