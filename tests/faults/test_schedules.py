"""Backup plans that are kept as declared, against a simulated AWS: made, changed, fought over, left and removed."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from tests.kit import scheduling
from tests.kit import stage as scene
from tests.kit.scheduling import SCHEDULE, calls, made_by_hand, plans
from tests.kit.stage import Json, Stage


def with_rights() -> Json:
    """Return the usual world, in which the operator's role may do more."""
    return scheduling.allowed(scene.world())


@pytest.fixture
def scheduled(stage: Stage) -> Stage:
    """An operator that may keep plans, and a policy that declares one."""
    stage.begin(with_rights())
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(schedule=copy.deepcopy(SCHEDULE))
    return stage


def test_a_plan_is_made_as_declared(scheduled: Stage) -> None:
    """With a copy action for every rule and destination, tags and selections; then nothing more is written."""
    scheduled.go_on()
    (plan,) = plans(scheduled)
    daily, monthly = plan["Rules"]
    arn = scheduled.vault().arn

    assert daily["CopyActions"] == [{"DestinationBackupVaultArn": arn, "Lifecycle": {"DeleteAfterDays": 35}}]
    assert monthly["CopyActions"][0]["Lifecycle"] == {"DeleteAfterDays": 400}
    assert (monthly["ScheduleExpressionTimezone"], monthly["StartWindowMinutes"]) == ("Europe/Berlin", 60)
    assert monthly["RecoveryPointTags"] == {"kept": "long"}
    assert plan["tags"]["crossvault.io/owner"] == "uid-orders"
    assert [each["SelectionName"] for each in plan["selections"]] == ["tagged", "named"]
    assert scene.row(scheduled.body, "BackupPlan", "") == ("Met", "AllMet")
    before = calls(scheduled)
    for _ in range(5):
        scheduled.later("6h")
        scheduled.look()
    assert calls(scheduled) == before
    assert before["UpdateBackupPlan"] == 0


def test_what_somebody_changes_is_put_right(scheduled: Stage) -> None:
    """As one repair, told field by field; what the plan selects, too."""
    scheduled.go_on()
    (plan,) = plans(scheduled)
    backup = scheduled.admin(scene.PRODUCTION, scene.HOME)
    rules = [{key: value for key, value in each.items() if key != "RuleId"} for each in plan["Rules"][:1]]
    rules[0]["CopyActions"] = []
    backup.update_backup_plan(
        BackupPlanId=plan["id"], BackupPlan={"BackupPlanName": plan["BackupPlanName"], "Rules": rules}
    )
    (first, _) = backup.list_backup_selections(BackupPlanId=plan["id"])["BackupSelectionsList"]
    backup.delete_backup_selection(BackupPlanId=plan["id"], SelectionId=first["SelectionId"])
    scheduled.later("1h")
    outcome = scheduled.look()

    assert {str(each.reason) for each in outcome.events} == {"DriftCorrected"}
    assert any("copies none →" in each.message for each in outcome.events)
    (restored,) = plans(scheduled)
    assert len(restored["Rules"]) == 2
    assert all(each["CopyActions"] for each in restored["Rules"])
    assert {each["SelectionName"] for each in restored["selections"]} == {"tagged", "named"}
    assert scheduled.body["status"]["repairs"][0]["prerequisite"] in {"BackupPlan", "BackupSelections"}


def test_a_selection_is_there_before_the_old_one_goes(scheduled: Stage) -> None:
    """AWS changes none: what is backed up grows before it shrinks."""
    scheduled.go_on()
    changed = copy.deepcopy(SCHEDULE)
    changed["selections"][0]["tags"] = {"backup": "nightly"}
    del changed["selections"][1]
    scheduled.declare(schedule=changed)
    scheduled.control.clear_calls()
    scheduled.look()

    made = [each.operation for each in scheduled.writes() if "Selection" in each.operation]
    assert made == ["CreateBackupSelection", "DeleteBackupSelection", "DeleteBackupSelection"]
    (plan,) = plans(scheduled)
    (left,) = plan["selections"]
    assert left["Conditions"]["StringEquals"] == [
        {"ConditionKey": "aws:ResourceTag/backup", "ConditionValue": "nightly"}
    ]


@pytest.mark.parametrize("mode", [{"mode": "Observe"}, {"suspend": True}])
def test_who_only_observes_makes_none(stage: Stage, mode: Json) -> None:
    """It is told as what would be done."""
    stage.begin(with_rights())
    stage.declare(schedule=SCHEDULE, **mode)
    stage.look()

    assert not calls(stage)
    assert scene.row(stage.body, "BackupPlan", "") == ("Unmet", "BackupPlanMissing")


def test_a_plan_is_taken_over(stage: Stage) -> None:
    """Only the one that is named: it keeps its name and id, and becomes as declared."""
    stage.begin(with_rights())
    stage.body["metadata"]["uid"] = "uid-orders"
    plan_id = made_by_hand(stage, team="orders")
    stage.declare(schedule={**SCHEDULE, "adopt": plan_id})
    stage.go_on()

    (plan,) = plans(stage)
    assert (plan["id"], plan["BackupPlanName"]) == (plan_id, "by-hand")
    assert [each["RuleName"] for each in plan["Rules"]] == ["daily", "monthly"]
    assert plan["tags"]["team"] == "orders"
    assert plan["tags"]["crossvault.io/owner"] == "uid-orders"
    stage.declare(schedule={**SCHEDULE, "adopt": ""})


def test_a_plan_of_another_policy_is_left_alone(scheduled: Stage) -> None:
    """As of one that was made anew in another cluster: both are named, and how to take it over."""
    scheduled.go_on()
    scheduled.body["metadata"]["uid"] = "uid-of-another-cluster"
    scheduled.body["status"] = {}
    scheduled.restart()
    scheduled.control.clear_calls()
    changed = {**copy.deepcopy(SCHEDULE), "rules": SCHEDULE["rules"][:1]}
    scheduled.declare(schedule=changed)
    scheduled.look()

    assert not calls(scheduled)
    (row,) = (each for each in scheduled.body["status"]["prerequisites"] if each["name"] == "BackupPlan")
    assert row["reason"] == "BackupPlanOfOthers"
    assert "uid-orders" in row["message"]
    assert "uid-of-another-cluster" in row["message"]
    (plan,) = plans(scheduled)
    scheduled.declare(schedule={**changed, "adopt": plan["id"]})
    scheduled.look()
    assert plans(scheduled)[0]["tags"]["crossvault.io/owner"] == "uid-of-another-cluster"


@pytest.mark.parametrize("policy", ["Retain", "RemoveOwned"])
def test_a_schedule_that_is_declared_no_more(scheduled: Stage, policy: str) -> None:
    """The plan goes, or runs on and is told once; recovery points stay in either case."""
    scheduled.declare(deletionPolicy=policy)
    scheduled.go_on()
    points = len(scheduled.vault("orders", scene.PRODUCTION, scene.HOME).points)
    del scheduled.body["spec"]["schedule"]
    scheduled.declare()
    outcomes = [scheduled.look() for _ in range(3)]

    told = [str(each.reason) for outcome in outcomes for each in outcome.events]
    assert len(plans(scheduled)) == (1 if policy == "Retain" else 0)
    assert told.count("BackupPlanLeft") == (1 if policy == "Retain" else 0)
    assert told.count("BackupPlanRemoved") == (0 if policy == "Retain" else 1)
    assert "schedule" not in scheduled.body["status"]
    assert len(scheduled.vault("orders", scene.PRODUCTION, scene.HOME).points) == points


@pytest.mark.parametrize("policy", ["Retain", "RemoveOwned"])
def test_the_policy_is_deleted(scheduled: Stage, policy: str) -> None:
    """Selections first, then the plan, or neither; the object goes, and says what stays."""
    scheduled.declare(deletionPolicy=policy)
    scheduled.go_on()
    scheduled.body["metadata"]["deletionTimestamp"] = "2026-11-30T00:00:00Z"
    outcomes = []
    for _ in range(4):
        outcomes.append(scheduled.look())
        if outcomes[-1].done:
            break
    del scheduled.body["metadata"]["deletionTimestamp"]

    assert outcomes[-1].done
    said = " ".join(each.message for each in outcomes[-1].events)
    assert len(plans(scheduled)) == (1 if policy == "Retain" else 0)
    assert ("goes on backing up" in said) == (policy == "Retain")
    assert ("and the backup plan" in said) == (policy == "RemoveOwned")


def test_a_deletion_waits_for_a_selection_that_aws_still_believes_in(stage: Stage) -> None:
    """AWS refuses to delete the plan for a while; the deletion says what it waits for."""
    made = with_rights()
    made["durations"]["selections"] = "2m"
    stage.begin(made)
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(schedule=SCHEDULE, deletionPolicy="RemoveOwned")
    for _ in range(3):
        stage.look()
        stage.later("3m")
    assert len(plans(stage)) == 1
    stage.body["metadata"]["deletionTimestamp"] = "2026-11-30T00:00:00Z"
    first = stage.look()
    assert not first.done
    assert "backup plan" in (first.status or {})["summary"]["message"]
    stage.later("3m")
    last = stage.look()
    del stage.body["metadata"]["deletionTimestamp"]

    assert last.done
    assert not plans(stage)


def test_a_new_selection_that_aws_shows_late_is_added_once(stage: Stage) -> None:
    """A look that does not see it yet asks for it again, as the same request."""
    made = with_rights()
    made["durations"]["selections"] = "2m"
    stage.begin(made)
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(schedule=SCHEDULE)
    for _ in range(6):
        stage.look()
        stage.control.advance("20s")
    stage.later("5m")
    stage.look()

    (plan,) = plans(stage)
    assert Counter(each["SelectionName"] for each in plan["selections"]) == {"tagged": 1, "named": 1}


@pytest.mark.parametrize("lost", ["CreateBackupPlan", "UpdateBackupPlan", "CreateBackupSelection"])
def test_a_reply_is_lost(scheduled: Stage, lost: str) -> None:
    """What AWS did is found by the next look; there is one plan, and each selection once."""
    scheduled.control.faults.add("reset", operation=lost, times=1, after_effect=True)
    scheduled.go_on(passes=30)
    if lost == "UpdateBackupPlan":
        changed = copy.deepcopy(SCHEDULE)
        changed["rules"][0]["lifecycle"]["deleteAfterDays"] = 40
        scheduled.declare(schedule=changed)
        scheduled.go_on(lambda: scene.row(scheduled.body, "BackupPlan", "")[0] == "Met")

    (plan,) = plans(scheduled)
    assert Counter(each["SelectionName"] for each in plan["selections"]) == {"tagged": 1, "named": 1}


def test_not_allowed_is_unknown(stage: Stage) -> None:
    """Nothing is written, and copies go on."""
    stage.begin(scene.world())
    stage.declare(schedule=SCHEDULE)
    stage.go_on(lambda: sum(stage.jobs().values()) == len(scene.POINTS))

    assert scene.row(stage.body, "BackupPlan", "")[0] == "Unknown"
    assert "backup:ListBackupPlans" in str(stage.body["status"]["prerequisites"])


def test_a_copy_that_would_go_cold_too_late_is_told_before(scheduled: Stage) -> None:
    """AWS would refuse the whole plan; the row names destination and days."""
    lifecycle = {"moveToColdStorageAfterDays": 30}
    scheduled.declare(destinations=[scene.destination(lifecycle=lifecycle)])
    scheduled.look()

    assert not plans(scheduled)
    assert scene.row(scheduled.body, "BackupPlan", "") == ("Unmet", "LifecycleRefused")


@pytest.mark.parametrize(
    ("grant", "permitted"),
    [
        ({"schedules": True}, True),
        ({}, False),
        ({"schedules": True, "copyRoles": ["other"]}, False),
    ],
)
def test_a_plan_has_to_be_granted(scheduled: Stage, grant: dict[str, Any], permitted: bool) -> None:
    """And so has the role that makes its backups: a plan may back up whatever lies in the account."""
    whole = {"namespaces": {"names": ["orders"]}, "as": ["Source"], "vaults": ["orders"], **grant}
    scheduled.declared["production"] = scene.backup_account(
        "production", scene.PRODUCTION, "crossvault-source", allowedNamespaces={}, grants=[whole]
    )
    scheduled.look()

    assert (len(plans(scheduled)) == 1) == permitted
    if not permitted:
        assert scene.condition(scheduled.body) == ("False", "AccountNotFound")


@pytest.mark.parametrize("hours", [0, 9])
def test_what_the_plan_made_is_copied_once(scheduled: Stage, hours: int) -> None:
    """By the plan itself, also what took hours to back up: it is the plan's for the grace period after its end."""
    scheduled.go_on()
    region = scheduled.cloud.state.accounts[scene.PRODUCTION].regions[scene.HOME]
    (plan,) = plans(scheduled)
    point = next(iter(region.vaults["orders"].points.values()))
    made = copy.deepcopy(point)
    made.arn = f"{point.arn[:-4]}beef"
    made.completed = scheduled.control.now() - 60
    made.created = made.completed - hours * 3600
    made.created_by = {"BackupPlanId": plan["id"], "BackupRuleId": plan["Rules"][0]["RuleId"]}
    region.vaults["orders"].points[made.arn] = made
    before = sum(scheduled.jobs().values())
    scheduled.restart()
    scheduled.look()

    (figures,) = scheduled.body["status"]["destinations"]
    assert {each["reason"]: each["count"] for each in figures["reasons"]}["ExpectedFromPlan"] == 1
    assert sum(scheduled.jobs().values()) == before
    scheduled.later("1h")
    scheduled.look()
    assert sum(scheduled.jobs().values()) == before + 1


def ten_days(stage: Stage) -> None:
    """Let ten days pass with a plan that backs up at five, and copies that go cold after three days."""
    made = scheduling.with_resources(scheduling.allowed(scene.world()))
    stage.begin(made)
    stage.body["metadata"]["uid"] = "uid-orders"
    schedule = {
        "rules": [{"name": "daily", "lifecycle": {"deleteAfterDays": 7}}],
        "selections": [{"name": "tagged", "tags": {"backup": "true"}}],
    }
    lifecycle = {"moveToColdStorageAfterDays": 3, "deleteAfterDays": 93}
    stage.declare(schedule=schedule, destinations=[scene.destination(lifecycle=lifecycle)])
    stage.look()
    for _ in range(10):
        stage.later("12h")
        stage.look()
        stage.later("12h")
        stage.look()


def test_a_plan_runs_for_days(stage: Stage) -> None:
    """Two resources, a backup and a copy of each a day, the copies by the plan alone; backups expire, copies stay."""
    ten_days(stage)
    region = stage.cloud.state.accounts[scene.PRODUCTION].regions[scene.HOME]
    jobs = list(region.copy_jobs.values())
    copies = stage.vault().points.values()

    assert len(jobs) == len(set(stage.jobs())) == 20
    assert not stage.writes("StartCopyJob")
    assert len(copies) == 20
    assert 14 <= len(stage.vault("orders", scene.PRODUCTION, scene.HOME).points) <= 16
    assert {each.resource_arn.rpartition("/")[2] for each in copies} == {"vol-plan", "fs-plan"}
    assert scene.condition(stage.body) == ("True", "Protected")
    assert stage.body["status"]["schedule"]["rules"][0]["nextRun"].endswith("T05:00:00Z")
    ends = stage.admin().list_recovery_points_by_backup_vault(BackupVaultName="orders-copies")["RecoveryPoints"]
    assert {each["Lifecycle"]["DeleteAfterDays"] for each in ends} == {93}
    cold = stage.admin().describe_recovery_point(
        BackupVaultName="orders-copies",
        RecoveryPointArn=min(
            (each for each in ends if each["ResourceType"] == "EFS"), key=lambda each: each["CreationDate"]
        )["RecoveryPointArn"],
    )
    assert cold["StorageClass"] == "COLD"
    stage.later("90d")
    assert len(stage.vault().points) < 200
    assert all(each.created > stage.control.now() - 94 * 86400 for each in stage.vault().points.values())


def selected_by(plan: Json) -> set[str]:
    """Return what a plan backs up: the tags and ARNs that it selects."""
    tags = {
        each["ConditionValue"]
        for one in plan["selections"]
        for each in (one.get("Conditions") or {}).get("StringEquals") or ()
    }
    return tags | {arn for one in plan["selections"] for arn in one["Resources"] if arn != "*"}


@pytest.mark.parametrize("stopped", range(7))
def test_a_pass_is_interrupted_after_any_action(scheduled: Stage, stopped: int) -> None:
    """A later pass goes on: the same plan in the end, and what is declared before and after is backed up throughout."""
    scheduled.go_on()
    changed = copy.deepcopy(SCHEDULE)
    changed["selections"][0]["tags"] = {"backup": "nightly"}
    changed["selections"].append({"name": "more", "tags": {"backup": "more"}})
    changed["rules"] = changed["rules"][:1]
    scheduled.declare(schedule=changed)
    before = selected_by(plans(scheduled)[0])
    named = SCHEDULE["selections"][1]["resources"][0]
    asked = iter(range(100))
    scheduled.control.advance(1)
    outcome = scheduled.request().reconcile(
        scheduled.aws, clock=scheduled.clock, cadence=scene.CADENCE, stopping=lambda: next(asked) >= stopped
    )
    scheduled.body["status"] = outcome.status
    (midway,) = plans(scheduled)
    there = selected_by(midway)
    scheduled.restart()
    for _ in range(3):
        scheduled.look()

    assert named in there
    assert before <= there or {"nightly", "more"} <= there
    assert all(each["CopyActions"] for each in midway["Rules"])
    (plan,) = plans(scheduled)
    assert selected_by(plan) == {"nightly", "more", named}
    assert [each["RuleName"] for each in plan["Rules"]] == ["daily"]
    assert len(plan["selections"]) == 3


SOURCE = {"accountRef": {"name": "production"}, "region": scene.HOME}
TO_BE = {"name": "orders-daily", "create": True, "encryptionKey": "alias/orders"}
CREATING = (
    *("backup:CreateBackupVault", "backup-storage:MountCapsule", "kms:DescribeKey"),
    *("kms:GenerateDataKey", "kms:CreateGrant"),
)


@pytest.fixture
def unmade(stage: Stage) -> Stage:
    """An operator that may create the source vault, and a policy that declares one that is not there."""
    stage.begin(scheduling.allowed(scene.world(), *scheduling.RIGHTS, *CREATING))
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(schedule=copy.deepcopy(SCHEDULE), source={**SOURCE, "vault": TO_BE})
    return stage


def test_the_source_vault_is_made_with_its_key(unmade: Stage) -> None:
    """Before the plan that fills it, and before anything is written at a destination."""
    unmade.go_on()
    made = [each.operation for each in unmade.writes() if each.operation.startswith("Create")]
    vault = unmade.vault("orders-daily", scene.PRODUCTION, scene.HOME)

    assert made[0] == "CreateBackupVault"
    assert made.count("CreateBackupVault") == 2
    assert scene.row(unmade.body, "SourceVault", "") == ("Met", "AllMet")
    assert vault.tags["crossvault.io/managed-by"] == "crossvault"
    assert plans(unmade)[0]["Rules"][0]["TargetBackupVaultName"] == "orders-daily"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"source": {**SOURCE, "vault": {"name": "orders-daily"}}}, "or set create and encryptionKey"),
        ({"source": {**SOURCE, "vault": {**TO_BE, "encryptionKey": "alias/nowhere"}}}, "there is no key alias/nowhere"),
        ({"mode": "Observe"}, "Set spec.mode: Enforce: the operator then creates the vault"),
    ],
)
def test_a_source_vault_that_is_not_made_is_told(unmade: Stage, spec: Json, told: str) -> None:
    """With what would have to be otherwise; nothing is written."""
    unmade.declare(**spec)
    unmade.look()
    (row,) = (each for each in unmade.body["status"]["prerequisites"] if each["name"] == "SourceVault")

    assert row["reason"] == "SourceVaultMissing"
    assert told in row["remedy"]
    assert not calls(unmade)


@pytest.mark.parametrize(("keys", "permitted"), [(["alias/orders"], True), (["alias/other"], False), (None, False)])
def test_the_key_of_a_source_vault_has_to_be_granted(unmade: Stage, keys: Any, permitted: bool) -> None:
    """As at destinations: a tenant makes no vaults on keys of its choice."""
    grant = {
        "namespaces": {"names": ["orders"]},
        "as": ["Source"],
        "vaults": ["orders*"],
        "schedules": True,
        **({"keys": keys} if keys else {}),
    }
    unmade.declared["production"] = scene.backup_account(
        "production", scene.PRODUCTION, "crossvault-source", allowedNamespaces={}, grants=[grant]
    )
    unmade.look()

    assert bool(calls(unmade)) == permitted


@pytest.mark.parametrize(
    ("tags", "vault", "reason"),
    [
        ({}, "orders", ("Met", "AllMet")),
        ({"crossvault.io/owner": "x", "crossvault.io/policy": "orders/before"}, "orders", ("Met", "AllMet")),
        ({"crossvault.io/owner": "x", "crossvault.io/policy": "others/y"}, "orders", ("Unmet", "BackupPlanMissing")),
        ({"crossvault.io/owner": "x"}, "orders", ("Unmet", "BackupPlanMissing")),
        ({}, "central", ("Unmet", "BackupPlanOfOthers")),
    ],
)
def test_what_may_be_taken_over(stage: Stage, tags: dict[str, str], vault: str, reason: tuple[str, str]) -> None:
    """No plan of another namespace, and none that backs up into vaults that the policy is not about."""
    stage.begin(with_rights())
    stage.body["metadata"]["uid"] = "uid-orders"
    backup = stage.admin(scene.PRODUCTION, scene.HOME)
    rules = [
        {"RuleName": name, "TargetBackupVaultName": each, "Lifecycle": {"DeleteAfterDays": 7}}
        for name, each in (("old", "orders"), ("other", vault))
    ]
    document = {"BackupPlanName": "by-hand", "Rules": rules}
    plan_id = backup.create_backup_plan(BackupPlan=document, BackupPlanTags=tags)["BackupPlanId"]
    stage.declare(schedule={**SCHEDULE, "adopt": plan_id})
    stage.look()

    assert scene.row(stage.body, "BackupPlan", "") == reason
    assert (stage.control.calls(operation="TagResource") != []) == (reason[0] == "Met")
    assert "others/y" not in str(stage.body["status"])


def test_the_source_moves_to_another_region(scheduled: Stage) -> None:
    """The plan that was left there goes on, and an event says which."""
    scheduled.go_on()
    (plan,) = plans(scheduled)
    away = scheduled.admin(scene.PRODUCTION, scene.AWAY)
    away.create_backup_vault(BackupVaultName="orders")
    scheduled.declare(source={**SOURCE, "region": scene.AWAY, "vault": {"name": "orders"}})
    told = [each for _ in range(3) for each in scheduled.look().events if each.reason == "BackupPlanLeft"]

    assert len(told) == 1
    assert plan["id"] in told[0].message
    assert len(plans(scheduled)) == 1
    assert len(away.list_backup_plans()["BackupPlansList"]) == 1


def test_a_rule_that_never_runs_again_is_told(scheduled: Stage) -> None:
    """Of a year that has passed."""
    wanted = copy.deepcopy(SCHEDULE)
    wanted["rules"][0]["cron"] = "cron(0 5 ? * * 2020)"
    scheduled.declare(schedule=wanted)
    scheduled.look()

    assert scene.row(scheduled.body, "Schedule", "") == ("Unmet", "ScheduleTooSparse")
    assert "daily does not run any more" in str(scheduled.body["status"]["prerequisites"])


def test_a_run_that_is_shown_is_a_run_that_is_made(stage: Stage) -> None:
    """Of rules that overlap AWS leaves one out: what the status promises next is what makes backups."""
    stage.begin(scheduling.with_resources(scheduling.allowed(scene.world())))
    hour = (stage.clock().hour + 2) % 24
    rules = [
        {"name": "short", "cron": f"cron(0 {hour} ? * * *)", "lifecycle": {"deleteAfterDays": 7}},
        {"name": "long", "cron": f"cron(30 {hour} ? * * *)", "lifecycle": {"deleteAfterDays": 90}},
        {"name": "apart", "cron": f"cron(0 {(hour + 12) % 24} ? * * *)", "lifecycle": {"deleteAfterDays": 7}},
    ]
    stage.declare(schedule={**copy.deepcopy(SCHEDULE), "rules": rules})
    stage.go_on(lambda: len(stage.body["status"].get("schedule", {}).get("selections", ())) == 2)
    shown = {each["name"]: each.get("nextRun") for each in stage.body["status"]["schedule"]["rules"]}
    row = next(each for each in stage.body["status"]["prerequisites"] if each["name"] == "Schedule")
    stage.later("26h")
    jobs = stage.admin(scene.PRODUCTION, scene.HOME).list_backup_jobs()["BackupJobs"]
    ran = {each["CreatedBy"]["BackupRuleName"] for each in jobs if "BackupRuleName" in each["CreatedBy"]}

    assert (row["status"], row["reason"]) == ("Unmet", "OverlappingRules")
    assert "Runs of rule short are left out" in row["message"]
    assert {name for name, at in shown.items() if at} == {"long", "apart"}
    assert ran == {"long", "apart"}
