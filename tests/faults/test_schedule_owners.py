"""Whose a backup plan is, what refusals hold up, and what is said when a plan stays: found by who attacked it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from tests.kit import scheduling
from tests.kit import stage as scene
from tests.kit.scheduling import SCHEDULE, calls, made_by_hand, plans
from tests.kit.stage import Json, Stage

from crossvault.aspects.schedule.rivals import PlanClaim
from crossvault.engine.declared import PolicyKey
from crossvault.kinds.policy import endings
from crossvault.status.outcome import Outcome
from crossvault.words.problems import ErrorClass, Problem
from crossvault.words.reasons import Reason


@pytest.fixture
def scheduled(stage: Stage) -> Stage:
    """An operator that keeps a plan, which goes with its policy."""
    stage.begin(scheduling.allowed(scene.world()))
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(schedule=copy.deepcopy(SCHEDULE), deletionPolicy="RemoveOwned")
    stage.go_on()
    return stage


def said(outcome: Outcome) -> str:
    """Return what the events of a pass say."""
    return " ".join(f"{each.reason} {each.message}" for each in outcome.events)


def deleted(stage: Stage) -> Outcome:
    """Delete the policy and pass over it until it may go."""
    stage.body["metadata"]["deletionTimestamp"] = "2026-11-30T00:00:00Z"
    outcome = stage.look()
    for _ in range(3):
        if outcome.done:
            break
        outcome = stage.look()
    del stage.body["metadata"]["deletionTimestamp"]
    return outcome


def refuse(stage: Stage, operation: str) -> None:
    """Let AWS refuse an operation to everybody."""
    words = f"not authorized to perform: backup:{operation}"
    stage.control.faults.add("error", operation=operation, code="AccessDeniedException", message=words)


def backup(stage: Stage) -> Any:
    """Return a client of the source account's administrator."""
    return stage.admin(scene.PRODUCTION, scene.HOME)


def test_a_refused_selection_holds_no_other_up(scheduled: Stage) -> None:
    """A slip in the name of one role leaves nothing else without a backup."""
    wanted = copy.deepcopy(SCHEDULE)
    wanted["selections"].insert(0, {"name": "bad", "role": "typo", "tags": {"x": "y"}})
    wanted["selections"].append({"name": "late", "tags": {"late": "true"}})
    scheduled.declare(schedule=wanted)
    for _ in range(3):
        scheduled.look()

    assert {each["SelectionName"] for each in plans(scheduled)[0]["selections"]} == {"tagged", "named", "late"}
    assert scene.row(scheduled.body, "BackupSelections", "")[0] == "Unmet"
    assert "aws iam create-role --role-name typo" in json.dumps(scheduled.body["status"]["prerequisites"])


def test_a_refused_update_holds_no_selection_up(scheduled: Stage) -> None:
    """What is backed up is more than how."""
    refuse(scheduled, "UpdateBackupPlan")
    wanted = copy.deepcopy(SCHEDULE)
    wanted["rules"][0]["lifecycle"]["deleteAfterDays"] = 36
    wanted["selections"].append({"name": "late", "tags": {"late": "true"}})
    scheduled.declare(schedule=wanted)
    scheduled.look()

    assert "late" in {each["SelectionName"] for each in plans(scheduled)[0]["selections"]}


def test_a_lifecycle_that_aws_would_refuse_stops_no_upkeep_of_selections(scheduled: Stage) -> None:
    """The row tells of the lifecycle; what somebody deleted comes back."""
    (plan,) = plans(scheduled)
    scheduled.declare(destinations=[scene.destination(lifecycle={"moveToColdStorageAfterDays": 30})])
    for each in backup(scheduled).list_backup_selections(BackupPlanId=plan["id"])["BackupSelectionsList"]:
        backup(scheduled).delete_backup_selection(BackupPlanId=plan["id"], SelectionId=each["SelectionId"])
    scheduled.later("1h")
    scheduled.look()

    assert len(plans(scheduled)[0]["selections"]) == 2
    assert scene.row(scheduled.body, "BackupPlan", "") == ("Unmet", "LifecycleRefused")


def test_no_second_plan_is_adopted_beside_the_own_one(scheduled: Stage) -> None:
    """Everything would be backed up twice; the row says which plan is in the way."""
    (own,) = plans(scheduled)
    scheduled.declare(schedule={**SCHEDULE, "adopt": made_by_hand(scheduled)})
    scheduled.control.clear_calls()
    scheduled.look()
    (row,) = (each for each in scheduled.body["status"]["prerequisites"] if each["name"] == "BackupPlan")

    assert not calls(scheduled)
    assert (row["reason"], own["id"] in row["message"]) == ("BackupPlanOfOthers", True)


@pytest.mark.parametrize("operation", ["DeleteBackupSelection", "DeleteBackupPlan"])
def test_a_removal_that_aws_refuses_is_told(scheduled: Stage, operation: str) -> None:
    """The plan runs on against what is declared: the row and the drift say so until it is gone."""
    refuse(scheduled, operation)
    del scheduled.body["spec"]["schedule"]
    scheduled.declare()
    for _ in range(3):
        scheduled.look()

    assert len(plans(scheduled)) == 1
    assert scene.row(scheduled.body, "BackupPlan", "")[0] == "Unmet"
    assert f"backup:{operation}" in json.dumps(scheduled.body["status"]["prerequisites"])
    assert scene.condition(scheduled.body, "Synced")[0] == "False"
    scheduled.control.faults.clear()
    scheduled.later("2h")
    for _ in range(3):
        scheduled.look()
    assert plans(scheduled) == []
    assert "schedule" not in scheduled.body["status"]


@pytest.mark.parametrize("lost", ["status", "tag"])
def test_a_deletion_finds_the_plan_or_says_that_it_stays(scheduled: Stage, lost: str) -> None:
    """Without a status by name and tag; without the tag it is not the policy's, and is named."""
    (plan,) = plans(scheduled)
    if lost == "status":
        scheduled.body["status"] = {}
    else:
        arn = f"arn:aws:backup:{scene.HOME}:{scene.PRODUCTION}:backup-plan:{plan['id']}"
        backup(scheduled).untag_resource(ResourceArn=arn, TagKeyList=["crossvault.io/owner"])
        scheduled.later("1h")
    outcome = deleted(scheduled)

    assert outcome.done
    assert [each["id"] for each in plans(scheduled)] == ([] if lost == "status" else [plan["id"]])
    assert (plan["id"] in said(outcome)) == (lost == "tag")


def test_a_plan_from_before_the_source_moved_is_named_when_the_policy_goes(scheduled: Stage) -> None:
    """Nobody looks for it in the Region that it was in."""
    (plan,) = plans(scheduled)
    scheduled.admin(scene.PRODUCTION, scene.AWAY).create_backup_vault(BackupVaultName="orders")
    scheduled.declare(source={**scheduled.body["spec"]["source"], "region": scene.AWAY})

    assert plan["id"] in said(deleted(scheduled))


def test_giving_up_names_the_plan(scheduled: Stage) -> None:
    """Also where no pass came to its end."""
    scheduled.body["metadata"]["deletionTimestamp"] = "2026-11-30T00:00:00Z"
    problem = Problem(Reason.DELETION_WAITING, "The pass took too long.", ErrorClass.RETRY)
    outcome = scheduled.request().unfinished(problem, now=scheduled.clock(), cadence=scene.CADENCE)
    del scheduled.body["metadata"]["deletionTimestamp"]

    assert plans(scheduled)[0]["id"] in endings.given_up(outcome.problem).message


def test_what_is_declared_anew_is_no_repair(scheduled: Stage) -> None:
    """Nobody is to be looked for who changed it."""
    wanted = copy.deepcopy(SCHEDULE)
    wanted["rules"][0]["lifecycle"]["deleteAfterDays"] = 36
    scheduled.declare(schedule=wanted)
    told = said(scheduled.look())

    assert "BackupPlanUpdated" in told
    assert "DriftCorrected" not in told


def test_a_file_of_a_policy_that_a_cluster_keeps_changes_nothing(scheduled: Stage) -> None:
    """As for ``crossvault plan`` over the folder that the cluster applies."""
    body: Json = copy.deepcopy(scheduled.body)
    del body["metadata"]["uid"]
    body["status"] = {}
    _, _, plan = scene.planned(scheduled.request(body=body), scheduled.aws)
    (row,) = (each for each in plan.prerequisites if each.name == "BackupPlan")

    assert plan.actions == ()
    assert (row.status, "operator of a cluster" in row.message) == ("Met", True)


def test_options_that_cannot_be_declared_are_told_before_they_go(scheduled: Stage) -> None:
    """An update replaces the whole plan."""
    (plan,) = plans(scheduled)
    rules = [{key: value for key, value in each.items() if key != "RuleId"} for each in plan["Rules"]]
    options = [{"ResourceType": "S3", "BackupOptions": {"BackupACLs": "disabled"}}]
    document = {"BackupPlanName": plan["BackupPlanName"], "Rules": rules, "AdvancedBackupSettings": options}
    backup(scheduled).update_backup_plan(BackupPlanId=plan["id"], BackupPlan=document)
    scheduled.later("1h")

    assert "advancedBackupSettings.S3 BackupACLs=disabled → none" in said(scheduled.look())


def test_an_adopted_plan_is_found_behind_others_of_the_name(scheduled: Stage) -> None:
    """AWS lets anybody make more plans of one name."""
    (plan,) = plans(scheduled)
    for number in range(6):
        rule = {"RuleName": f"r{number}", "TargetBackupVaultName": "orders"}
        document = {"BackupPlanName": plan["BackupPlanName"], "Rules": [rule]}
        last = backup(scheduled).create_backup_plan(BackupPlan=document)["BackupPlanId"]
    scheduled.declare(schedule={**SCHEDULE, "adopt": last})
    scheduled.later("1h")
    scheduled.look()

    assert scene.row(scheduled.body, "BackupPlan", "")[1] != "BackupPlanMissing"


def claim(stage: Stage, plan_id: str, key: str = "orders/other", vault: str = "orders") -> PlanClaim:
    """Return that another policy adopts a plan."""
    arn = f"arn:aws:backup:{scene.HOME}:{scene.PRODUCTION}:backup-vault:{vault}"
    assert stage.body["metadata"]["namespace"] == "orders"
    return PlanClaim(PolicyKey(*key.split("/")), arn, plan_id)


@pytest.mark.parametrize("same", [True, False], ids=["both declare what it says", "it says something else"])
def test_two_that_adopt_one_plan_change_nothing_and_are_told_of_each_other(stage: Stage, same: bool) -> None:
    """Whoever came second would undo what the first did; once one of them is gone, the other one takes it over."""
    stage.begin(scheduling.allowed(scene.world()))
    plan_id = made_by_hand(stage)
    rule = {"name": "old", "lifecycle": {"deleteAfterDays": 7 if same else 9}}
    stage.declare(schedule={**SCHEDULE, "rules": [rule], "adopt": plan_id})
    before = plans(stage)
    for _ in range(2):
        stage.look(plans=(claim(stage, plan_id),))

    (row,) = (each for each in stage.body["status"]["prerequisites"] if each["name"] == "BackupPlan")
    assert (row["status"], row["reason"]) == ("Unmet", "BackupPlanOfOthers")
    assert "Policies orders/orders and orders/other both adopt backup plan by-hand" in row["message"]
    assert plans(stage) == before

    stage.go_on()
    assert scene.row(stage.body, "BackupPlan", "")[0] == "Met"
    assert [each["id"] for each in plans(stage)] == [plan_id]


def test_of_a_policy_elsewhere_that_adopts_the_plan_nothing_else_is_told(stage: Stage) -> None:
    """And one of another vault has no say."""
    stage.begin(scheduling.allowed(scene.world()))
    plan_id = made_by_hand(stage)
    stage.declare(schedule={**SCHEDULE, "adopt": plan_id})
    stage.look(plans=(claim(stage, plan_id, "bank/secret"),))
    (row,) = (each for each in stage.body["status"]["prerequisites"] if each["name"] == "BackupPlan")
    assert "Policy orders/orders and one of another namespace both adopt" in row["message"]
    assert not [word for word in ("bank", "secret") if word in json.dumps(row)]

    stage.look(plans=(claim(stage, plan_id, vault="payroll"),))
    assert "both adopt" not in json.dumps(stage.body["status"]["prerequisites"])


def test_nobody_takes_a_plan_from_its_owner_by_naming_it(scheduled: Stage) -> None:
    """The owner keeps it as declared, whoever else adopts it."""
    (plan,) = plans(scheduled)
    wanted = {
        **SCHEDULE,
        "adopt": plan["id"],
        "rules": [{**SCHEDULE["rules"][0], "lifecycle": {"deleteAfterDays": 40}}],
    }
    scheduled.declare(schedule=wanted)
    for _ in range(2):
        scheduled.look(plans=(claim(scheduled, plan["id"]),))

    assert plans(scheduled)[0]["Rules"][0]["Lifecycle"]["DeleteAfterDays"] == 40


def repairs(stage: Stage) -> list[tuple[str, int]]:
    """Return what had to be restored, and how often."""
    return [(each["prerequisite"], each["count"]) for each in stage.body["status"].get("repairs", [])]


def test_many_selections_are_one_repair(stage: Stage) -> None:
    """Made for the first time they are none; all of them deleted at once are no fight, three times within a day are."""
    stage.begin(scheduling.allowed(scene.world()))
    stage.body["metadata"]["uid"] = "uid-orders"
    tagged = {"tags": {"backup": "true"}}
    selections = [
        {"name": f"s{number}", **tagged, "conditions": {"notEqual": {"team": str(number)}}} for number in range(6)
    ]
    stage.declare(schedule={**SCHEDULE, "selections": selections})
    stage.go_on()
    assert repairs(stage) == []

    (plan,) = plans(stage)
    for times in (1, 2, 3):
        for each in backup(stage).list_backup_selections(BackupPlanId=plan["id"])["BackupSelectionsList"]:
            backup(stage).delete_backup_selection(BackupPlanId=plan["id"], SelectionId=each["SelectionId"])
        stage.later("1h")
        told = said(stage.look())
        assert repairs(stage) == [("BackupSelections", times)]
        assert len(plans(stage)[0]["selections"]) == 6
        assert ("somebody else changes it" in told) is (times == 3)


def test_taking_a_plan_over_and_changing_it_is_no_repair(stage: Stage) -> None:
    """Tags, rules and selections of it are done in one pass."""
    stage.begin(scheduling.allowed(scene.world()))
    stage.declare(schedule={**SCHEDULE, "adopt": made_by_hand(stage)})
    stage.go_on()

    assert len(plans(stage)[0]["selections"]) == len(SCHEDULE["selections"])
    assert repairs(stage) == []


def test_a_changed_selection_says_what_of_it_changes(scheduled: Stage) -> None:
    """In the plan and in the event: the member, what AWS has, and what is declared."""
    wanted = copy.deepcopy(SCHEDULE)
    wanted["selections"][0]["tags"] = {"backup": "true", "team": "orders"}
    scheduled.declare(schedule=wanted)
    _, _, planned = scene.planned(scheduled.request(), scheduled.aws)
    lines = [each.told() for each in planned.actions]
    outcome = scheduled.look()

    told = "tags backup=true → backup=true, team=orders"
    assert told in [each.what for each in lines if each is not None and each.aspect == "selection"]
    assert told in said(outcome)
