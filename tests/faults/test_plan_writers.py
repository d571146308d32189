"""Plans that somebody writes at the same moment, whose tags are lost, and whose first or last pass is stopped."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.kit import scheduling
from tests.kit import stage as scene
from tests.kit.scheduling import SCHEDULE, calls, covered, plans
from tests.kit.stage import Stage


@pytest.fixture
def kept(stage: Stage) -> Stage:
    """An operator whose plan is as declared; nothing is to be copied."""
    stage.begin(scheduling.with_resources(scheduling.allowed(scene.world())))
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(schedule=copy.deepcopy(SCHEDULE) | {"windowsVss": True})
    stage.go_on(lambda: bool(plans(stage)) and len(plans(stage)[0]["selections"]) == 2)
    return stage


def the_plan(stage: Stage) -> Any:
    """Return the plan as the simulator has it."""
    region = stage.cloud.state.accounts[scene.PRODUCTION].regions[scene.HOME]
    (plan,) = region.plans.values()
    return plan


@pytest.mark.parametrize("lost", ["crossvault.io/policy", "crossvault.io/managed-by"])
@pytest.mark.parametrize("value", ["", "somebody/else"])
def test_tags_of_the_own_plan_that_are_lost_come_back(kept: Stage, lost: str, value: str) -> None:
    """What tells whose a plan is, to people and to other policies; once, and the plan itself is not written."""
    backup = kept.admin(scene.PRODUCTION, scene.HOME)
    before = plans(kept)[0]["tags"]
    arn = the_plan(kept).arn
    if value:
        backup.tag_resource(ResourceArn=arn, Tags={lost: value})
    else:
        backup.untag_resource(ResourceArn=arn, TagKeyList=[lost])
    kept.control.clear_calls()
    kept.later("1h")
    outcome = kept.look()
    for _ in range(3):
        kept.later("1h")
        kept.look()

    assert plans(kept)[0]["tags"] == before
    assert calls(kept) == {"TagResource": 1}
    assert [str(each.reason) for each in outcome.events] == ["DriftCorrected"]
    assert scene.row(kept.body, "BackupPlan", "") == ("Met", "AllMet")


def test_a_version_that_nobody_looked_at_is_not_replaced(kept: Stage) -> None:
    """Somebody writes between look and update: it is said, looked at again, and put right by the next pass."""
    changed = copy.deepcopy(SCHEDULE) | {"windowsVss": True}
    changed["rules"][0]["startWindowMinutes"] = 120
    kept.declare(schedule=changed)
    backup, written = kept.admin(scene.PRODUCTION, scene.HOME), iter(range(100))

    def somebody_writes() -> bool:
        document = copy.deepcopy(the_plan(kept).current.document)
        rules = [{name: value for name, value in each.items() if name != "RuleId"} for each in document["Rules"]]
        rules[1]["CompletionWindowMinutes"] = 700 + next(written)
        backup.update_backup_plan(
            BackupPlanId=the_plan(kept).plan_id,
            BackupPlan={"BackupPlanName": document["BackupPlanName"], "Rules": rules},
        )
        return False

    kept.control.advance(300)
    kept.control.clear_calls()
    outcome = kept.request().reconcile(kept.aws, clock=kept.clock, cadence=scene.CADENCE, stopping=somebody_writes)
    kept.body["status"] = outcome.status

    assert next(written) > 0
    assert calls(kept)["UpdateBackupPlan"] == 0
    assert "was changed by somebody else meanwhile" in str(outcome.status)
    kept.go_on(lambda: scene.row(kept.body, "BackupPlan", "") == ("Met", "AllMet"), seconds=300)
    assert [each["StartWindowMinutes"] for each in plans(kept)[0]["Rules"]] == [120, 60]
    assert plans(kept)[0]["Rules"][1]["CompletionWindowMinutes"] == 600


@pytest.mark.parametrize(
    ("tag", "value", "maker"),
    [
        pytest.param("aws:cloudformation:stack-name", "backup", "CloudFormation stack backup", id="a stack"),
        pytest.param("ManagedBy", "terraform", "tag ManagedBy=terraform", id="a tag of people"),
    ],
)
def test_who_else_keeps_the_plan_is_named_when_it_is_restored(kept: Stage, tag: str, value: str, maker: str) -> None:
    """At once, and while the repairs wait because it goes on."""
    backup, told = kept.admin(scene.PRODUCTION, scene.HOME), list[str]()
    the_plan(kept).tags[tag] = value
    kept.later("1h")
    kept.look()
    for _ in range(3):
        document = copy.deepcopy(the_plan(kept).current.document)
        rules = [{name: each[name] for name in each if name != "RuleId"} for each in document["Rules"]]
        rules[1]["CompletionWindowMinutes"] = 700
        backup.update_backup_plan(
            BackupPlanId=the_plan(kept).plan_id,
            BackupPlan={"BackupPlanName": document["BackupPlanName"], "Rules": rules},
        )
        kept.later("10m")
        told += (each.message for each in kept.look().events if each.reason == "DriftCorrected")
    backup.update_backup_plan(
        BackupPlanId=the_plan(kept).plan_id,
        BackupPlan={"BackupPlanName": document["BackupPlanName"], "Rules": rules},
    )
    kept.control.advance(60)
    kept.look()
    (row,) = (each for each in kept.body["status"]["prerequisites"] if each["name"] == "BackupPlan")

    assert [f"It is kept by {maker}, too, which may write it again." in each for each in told] == [True] * 3
    assert f"It is kept by {maker}, too" in row["message"]
    assert "somebody else changes it" in row["remedy"]


def stopped_after(stage: Stage, actions: int) -> None:
    """Do a pass that is stopped after so many actions, and go on as another process."""
    asked = iter(range(100))
    stage.control.advance(300)
    outcome = stage.request().reconcile(
        stage.aws, clock=stage.clock, cadence=scene.CADENCE, stopping=lambda: next(asked) >= actions
    )
    stage.body["status"] = outcome.status
    stage.restart()


@pytest.mark.parametrize("actions", range(8))
def test_a_first_pass_is_stopped_after_any_action(stage: Stage, actions: int) -> None:
    """There is one plan in the end, with each selection once, whatever was there at first."""
    stage.begin(scheduling.allowed(scene.world()))
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(schedule=copy.deepcopy(SCHEDULE))
    stopped_after(stage, actions)
    stage.go_on()
    (plan,) = plans(stage)

    assert sorted(each["SelectionName"] for each in plan["selections"]) == ["named", "tagged"]
    assert plan["tags"]["crossvault.io/owner"] == "uid-orders"
    assert [each["RuleName"] for each in plan["Rules"]] == ["daily", "monthly"]
    assert calls(stage)["CreateBackupPlan"] == 1
    assert calls(stage)["CreateBackupSelection"] == 2
    assert set(stage.jobs().values()) == {1}


def adopting(stage: Stage, **tags: str) -> str:
    """Begin with a plan by hand that backs up what the schedule does, by another selection of the same name."""
    stage.begin(scheduling.with_resources(scheduling.allowed(scene.world())))
    stage.body["metadata"]["uid"] = "uid-orders"
    plan_id = scheduling.made_by_hand(stage, **tags)
    tagged = {"ConditionType": "STRINGEQUALS", "ConditionKey": "backup", "ConditionValue": "true"}
    document = {"SelectionName": "tagged", "IamRoleArn": scene.COPY_ROLE, "ListOfTags": [tagged]}
    backup = stage.admin(scene.PRODUCTION, scene.HOME)
    backup.create_backup_selection(BackupPlanId=plan_id, BackupSelection=document)
    stage.declare(schedule={**copy.deepcopy(SCHEDULE), "adopt": plan_id})
    return plan_id


@pytest.mark.parametrize(
    "tags", [{}, {"crossvault.io/owner": "gone", "crossvault.io/policy": "orders/orders"}], ids=str
)
@pytest.mark.parametrize("actions", range(10))
def test_an_adoption_is_stopped_after_any_action(stage: Stage, actions: int, tags: dict[str, str]) -> None:
    """The same plan in the end as without that, each write once, and nothing without a backup in between."""
    plan_id = adopting(stage, **tags)
    before = covered(stage)
    stopped_after(stage, actions)
    between = covered(stage)
    stage.go_on(lambda: scene.row(stage.body, "BackupSelections", "") == ("Met", "AllMet"), seconds=300)
    (plan,) = plans(stage)

    assert len(before) == 2
    assert between >= before
    assert covered(stage) >= before
    assert plan["id"] == plan_id
    assert plan["tags"]["crossvault.io/owner"] == "uid-orders"
    assert [each["RuleName"] for each in plan["Rules"]] == ["daily", "monthly"]
    assert all(len(each["CopyActions"]) == 1 for each in plan["Rules"])
    assert sorted(each["SelectionName"] for each in plan["selections"]) == ["named", "tagged"]
    assert not [each for each in plan["selections"] if each.get("ListOfTags")]
    done = {"TagResource": 1, "UpdateBackupPlan": 1, "CreateBackupSelection": 2, "DeleteBackupSelection": 1}
    assert {name: calls(stage)[name] for name in done} == done


@pytest.mark.parametrize("actions", range(5))
def test_a_removal_is_stopped_after_any_action(stage: Stage, actions: int) -> None:
    """The plan is gone in the end, and every recovery point and copy is there."""
    stage.begin(scheduling.allowed(scene.world()))
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(schedule=copy.deepcopy(SCHEDULE), deletionPolicy="RemoveOwned")
    stage.go_on()
    copies = set(stage.vault().points)
    backups = set(stage.vault("orders", scene.PRODUCTION, scene.HOME).points)
    del stage.body["spec"]["schedule"]
    stage.declare()
    stopped_after(stage, actions)
    stage.go_on(lambda: not plans(stage), seconds=300)

    assert set(stage.vault().points) == copies
    assert set(stage.vault("orders", scene.PRODUCTION, scene.HOME).points) == backups


def test_a_role_that_iam_does_not_know_everywhere_yet_is_tried_again(stage: Stage) -> None:
    """AWS refuses the selection at first: it is said, and added within minutes without anybody's help."""
    stage.begin(scheduling.allowed(scene.world()))
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(schedule=copy.deepcopy(SCHEDULE))
    words = "IAM Role arn:aws:iam::111111111111:role/new cannot be assumed by AWS Backup"
    code = "InvalidParameterValueException"
    stage.control.faults.add("error", operation="CreateBackupSelection", code=code, message=words)
    stage.look()

    assert scene.row(stage.body, "BackupSelections", "")[0] == "Unmet"
    assert "cannot be assumed by AWS Backup" in str(stage.body["status"]["prerequisites"])
    stage.control.faults.clear()
    stage.go_on(lambda: len(plans(stage)[0]["selections"]) == 2, passes=10, seconds=30)
    assert scene.row(stage.body, "BackupSelections", "") == ("Met", "AllMet")
