"""Plans at work: cron fires, selections find resources, backups and copies follow on the virtual clock."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from simulator_kit import backup_kit, scenes
from simulator_kit.planning import Planned, rule

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def planned(server: SimulatorServer) -> Planned:
    """The source account with resources to back up, and no plan yet."""
    return Planned(server)


def test_a_plan_runs_at_its_moment(planned: Planned) -> None:
    """Every day at five, what has the tag; job and recovery point tell plan, version and rule."""
    plan_id = planned.plan(rule(RecoveryPointTags={"made-by": "plan"}, Lifecycle={"DeleteAfterDays": 7}))
    planned.pass_time("4h59m59s")
    before = planned.jobs()
    planned.pass_time("1d")

    plan = planned.client.get_backup_plan(BackupPlanId=plan_id)
    (found,) = plan["BackupPlan"]["Rules"]
    creator = {
        "BackupPlanId": plan_id,
        "BackupPlanArn": plan["BackupPlanArn"],
        "BackupPlanName": "plan",
        "BackupPlanVersion": plan["VersionId"],
        "BackupRuleId": found["RuleId"],
        "BackupRuleName": "daily",
        "BackupRuleCron": "cron(0 5 ? * * *)",
        "BackupRuleTimezone": "Etc/UTC",
    }
    points = planned.points()
    assert before == []
    assert planned.runs() == [("01 05:00", "vol-a"), ("01 05:00", "fs-a")]
    assert [job["CreatedBy"] for job in planned.jobs()] == [creator] * 2
    assert [job["State"] for job in planned.jobs()] == ["COMPLETED"] * 2
    assert [point["CreatedBy"] for point in points] == [creator] * 2
    assert {point["Lifecycle"]["DeleteAfterDays"] for point in points} == {7}
    assert plan["LastExecutionDate"] == dt.datetime(2026, 3, 1, 5, tzinfo=dt.UTC)
    tags = planned.client.list_tags(ResourceArn=points[1]["RecoveryPointArn"])["Tags"]
    assert tags == {"backup": "daily", "made-by": "plan"}
    by_plan = planned.client.list_recovery_points_by_backup_vault(BackupVaultName="daily", ByBackupPlanId=plan_id)
    assert len(by_plan["RecoveryPoints"]) == 2


def test_the_time_zone_of_a_rule_counts(planned: Planned) -> None:
    """Five o'clock in Berlin is four in UTC, and three in summer."""
    planned.plan(rule(ScheduleExpressionTimezone="Europe/Berlin"), Resources=[backup_kit.FILES])
    planned.pass_time("29d")
    planned.pass_time("1h")

    starts = [run for run, _ in planned.runs()]
    assert starts[0] == "01 04:00"
    assert starts[-2:] == ["28 04:00", "29 03:00"]


def test_copy_actions_start_copies(planned: Planned) -> None:
    """When the backup is done its copies begin, one after the other, and tell where they come from."""
    more = {"DestinationBackupVaultArn": scenes.vault_arn(scenes.SOURCE, "backups", scenes.HOME)}
    action = {"DestinationBackupVaultArn": scenes.vault_arn(), "Lifecycle": {"DeleteAfterDays": 90}}
    planned.plan(rule(CopyActions=[action, more], Lifecycle={"DeleteAfterDays": 7}), Resources=[backup_kit.FILES])
    planned.pass_time("5h2m")
    backup = planned.jobs()[0]
    started = planned.client.list_copy_jobs()["CopyJobs"]
    planned.pass_time("5m")
    done = planned.client.list_copy_jobs()["CopyJobs"]

    assert [job["State"] for job in done] == ["COMPLETED"] * 2
    assert {job["CreatedByBackupJobId"] for job in done} == {backup["BackupJobId"]}
    assert [job["CreatedBy"] for job in done] == [backup["CreatedBy"]] * 2
    assert [job["CreationDate"] for job in started] == [backup["CompletionDate"]] * 2
    assert sorted(job["State"] for job in started) == ["CREATED", "RUNNING"]
    target = scenes.client(planned.server, "backup", scenes.TARGET, region=scenes.AWAY)
    (copy,) = target.list_recovery_points_by_backup_vault(BackupVaultName="copies")["RecoveryPoints"]
    assert copy["Lifecycle"] == {"DeleteAfterDays": 90}
    assert copy["CreationDate"] == backup["CreationDate"]


def test_a_copy_that_is_refused_leaves_the_backup(server: SimulatorServer) -> None:
    """What makes copies fail makes scheduled copies fail too."""
    scene = backup_kit.world()
    del scenes.target_vault(scene)["policy"]
    planned = Planned(server, scene)
    action = {"DestinationBackupVaultArn": scenes.vault_arn()}
    planned.plan(rule(CopyActions=[action]), Resources=[backup_kit.FILES])
    planned.pass_time("5h10m")

    (job,) = planned.client.list_copy_jobs()["CopyJobs"]
    assert (job["State"], job["MessageCategory"]) == ("FAILED", "ACCESS_DENIED")
    assert len(planned.points()) == 1


def test_backups_move_to_cold_and_expire(planned: Planned) -> None:
    """Within the eight hours that AWS allows itself; a month of daily backups kept a week leaves a week."""
    planned.plan(rule(Lifecycle={"DeleteAfterDays": 7}), Resources=[backup_kit.FILES])
    planned.plan(
        rule(Lifecycle={"MoveToColdStorageAfterDays": 1, "DeleteAfterDays": 91}, TargetBackupVaultName="backups"),
        name="cold",
        Resources=[backup_kit.FILES],
    )
    planned.pass_time("30d")
    warm = [point["CreationDate"].day for point in planned.points()]
    cold = [point for point in planned.points("backups") if point["ResourceArn"] == backup_kit.FILES]
    classes = {
        planned.client.describe_recovery_point(BackupVaultName="backups", RecoveryPointArn=point["RecoveryPointArn"])[
            "StorageClass"
        ]
        for point in cold[:20]
    }

    assert warm[-7:] == [24, 25, 26, 27, 28, 29, 30]
    assert len(warm) in {7, 8}
    assert (len(cold), classes) == (30, {"COLD"})


def test_resources_tagged_later_are_found_at_the_next_run(planned: Planned) -> None:
    """Selections look at the tags of the moment, and at what is there."""
    planned.plan()
    planned.pass_time("12h")
    tagging = scenes.client(planned.server, "resourcegroupstaggingapi", scenes.SOURCE)
    tagging.tag_resources(ResourceARNList=[backup_kit.BUCKET], Tags={"backup": "daily"})
    tagging.untag_resources(ResourceARNList=[backup_kit.VOLUME], TagKeys=["backup"])
    planned.pass_time("1d")

    assert planned.runs() == [
        ("01 05:00", "vol-a"),
        ("01 05:00", "fs-a"),
        ("02 05:00", "fs-a"),
        ("02 05:00", "documents"),
    ]


def test_changes_count_from_the_next_run_on(planned: Planned) -> None:
    """A new version runs by its own schedule; a deleted selection or plan runs no more."""
    plan_id = planned.plan(Resources=[backup_kit.FILES])
    planned.pass_time("6h")
    changed = {"BackupPlanName": "plan", "Rules": [rule(ScheduleExpression="cron(0 7 ? * * *)")]}
    planned.client.update_backup_plan(BackupPlanId=plan_id, BackupPlan=changed)
    planned.pass_time("1d")
    (selection,) = planned.client.list_backup_selections(BackupPlanId=plan_id)["BackupSelectionsList"]
    planned.client.delete_backup_selection(BackupPlanId=plan_id, SelectionId=selection["SelectionId"])
    planned.pass_time("1d")
    planned.select(plan_id, Resources=[backup_kit.FILES])
    planned.pass_time("1d")
    (selection,) = planned.client.list_backup_selections(BackupPlanId=plan_id)["BackupSelectionsList"]
    planned.client.delete_backup_selection(BackupPlanId=plan_id, SelectionId=selection["SelectionId"])
    planned.client.delete_backup_plan(BackupPlanId=plan_id)
    planned.pass_time("3d")

    assert [run for run, _ in planned.runs()] == ["01 05:00", "01 07:00", "03 07:00"]


def test_of_overlapping_rules_the_longest_runs(planned: Planned) -> None:
    """An hourly rule is silent where its window touches that of a daily rule that keeps longer."""
    hourly = rule(RuleName="hourly", ScheduleExpression="cron(0 * ? * * *)", Lifecycle={"DeleteAfterDays": 1})
    planned.plan(hourly, rule(Lifecycle={"DeleteAfterDays": 30}), Resources=[backup_kit.FILES])
    planned.pass_time("7h30m")

    names = [(job["CreationDate"].hour, job["CreatedBy"]["BackupRuleName"]) for job in planned.jobs()]
    assert names == [
        (1, "hourly"),
        (2, "hourly"),
        (3, "hourly"),
        (4, "hourly"),
        (5, "daily"),
        (6, "hourly"),
        (7, "hourly"),
    ]


def test_wide_windows_overlap_more(planned: Planned) -> None:
    """The whole start window counts, not the moment only."""
    hourly = rule(RuleName="hourly", ScheduleExpression="cron(0 * ? * * *)", Lifecycle={"DeleteAfterDays": 1})
    planned.plan(hourly, rule(Lifecycle={"DeleteAfterDays": 30}, StartWindowMinutes=180), Resources=[backup_kit.FILES])
    planned.pass_time("9h30m")

    assert [job["CreationDate"].hour for job in planned.jobs()] == [1, 2, 3, 4, 5, 8, 9]


def test_a_resource_is_backed_up_once_a_run(server: SimulatorServer) -> None:
    """Two selections that find the same resource make one job, with the first one's role."""
    scene = backup_kit.world()
    second = scenes.role("second", trust={"services": ["backup.amazonaws.com"]})
    scenes.account(scene, scenes.SOURCE)["roles"].append(second)
    planned = Planned(server, scene)
    plan_id = planned.plan(Resources=[backup_kit.FILES])
    planned.select(plan_id, Resources=["*"], IamRoleArn=f"arn:aws:iam::{scenes.SOURCE}:role/second")
    planned.pass_time("5h5m")

    roles = {job["ResourceArn"]: job["IamRoleArn"].rpartition("/")[2] for job in planned.jobs()}
    assert len(planned.jobs()) == len(roles) == 5
    assert roles.pop(backup_kit.FILES) == "copier"
    assert set(roles.values()) == {"second"}


def test_opt_ins_matter_to_what_is_not_named(planned: Planned) -> None:
    """Types that are not opted in are found by ARN or type, not by tag or by `*`."""
    planned.client.update_region_settings(ResourceTypeOptInPreference={"EFS": False, "EBS": False})
    planned.plan()
    planned.plan(name="all", Resources=["*"])
    planned.plan(name="type", Resources=["arn:aws:ec2:*:*:volume/*"])
    planned.pass_time("5h5m")

    found = {job["CreatedBy"]["BackupPlanName"]: set() for job in planned.jobs()}  # type: ignore[var-annotated] # filled below
    for job in planned.jobs():
        found[job["CreatedBy"]["BackupPlanName"]].add(job["ResourceType"])
    assert found == {"all": {"RDS", "S3", "DynamoDB"}, "type": {"EBS"}}


def test_a_role_that_does_not_work_backs_nothing_up(planned: Planned) -> None:
    """When the role is gone at the time of the run there are no jobs at all."""
    planned.plan(Resources=[backup_kit.FILES])
    scenes.delete_role(planned.server, scenes.SOURCE, "copier")
    planned.pass_time("1d")

    assert planned.jobs() == []


def test_a_missing_vault_fails_the_jobs(planned: Planned) -> None:
    """The vault of a rule is looked for when the job starts."""
    planned.plan(rule(TargetBackupVaultName="nowhere"), Resources=[backup_kit.FILES])
    planned.pass_time("5h5m")

    (job,) = planned.jobs()
    arn = scenes.vault_arn(scenes.SOURCE, "nowhere", scenes.HOME)
    assert (job["State"], job["MessageCategory"]) == ("FAILED", "RESOURCE_NOT_FOUND")
    assert job["StatusMessage"] == f"Backup job failed because backup vault {arn} does not exist."


def test_the_completion_window_of_a_rule_counts_from_the_start(server: SimulatorServer) -> None:
    """A job that waited half an hour for its resource still has its whole completion window."""
    planned = Planned(server, backup_kit.world() | {"durations": {"running": "50m"}})
    planned.plan(rule(CompletionWindowMinutes=60), Resources=[backup_kit.FILES])
    planned.pass_time("4h40m")
    planned.start()
    planned.pass_time("3h")

    on_demand, by_plan = planned.jobs()
    assert [on_demand["State"], by_plan["State"]] == ["COMPLETED"] * 2
    assert (by_plan["InitiationDate"] - by_plan["CreationDate"]).total_seconds() >= 1800


def test_plans_survive_a_snapshot(planned: Planned) -> None:
    """What was planned when a snapshot was taken happens after it is restored, and only once."""
    planned.plan(rule(), rule(RuleName="noon", ScheduleExpression="cron(0 12 ? * * *)"), Resources=[backup_kit.FILES])
    planned.pass_time("5h1s")
    planned.server.control.snapshot("before")
    planned.pass_time("2d")
    first = planned.runs()
    planned.server.control.restore("before")
    planned.pass_time("2d")

    assert planned.runs() == first
    assert [run for run, _ in first] == ["01 05:00", "01 12:00", "02 05:00", "02 12:00", "03 05:00"]
    assert [job["State"] for job in planned.jobs()] == ["COMPLETED"] * 4 + ["CREATED"]
