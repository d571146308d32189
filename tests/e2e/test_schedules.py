"""The guide's walk-through of a scheduled copy, with kubectl, point by point: plan, rule, lifecycle, copy, end.

A real API server, the rights of the chart, a simulated AWS whose clock is moved to the minute of the rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.kit import scheduling
from tests.kit.chart_cluster import Cluster, scheduled, source
from tests.kit.waiting import until
from tools.controlplane import ControlPlane

pytestmark = pytest.mark.kube

Json = dict[str, Any]
LIFECYCLE = {"moveToColdStorageAfterDays": 30, "deleteAfterDays": 365}


@pytest.fixture(scope="module")
def guide(plane: ControlPlane) -> Iterator[Cluster]:
    """A running operator, a policy with a schedule, and the moment of its rule a minute ahead."""
    yield from scheduled(plane, schedule, lifecycle=LIFECYCLE)


def at(cluster: Cluster) -> datetime:
    """Return the minute at which the rule runs: the second next one."""
    now = datetime.fromtimestamp(cluster.control.now(), UTC)
    return now.replace(second=0, microsecond=0) + timedelta(minutes=2)


def schedule(cluster: Cluster) -> Json:
    """Return what the guide clicks together, for a minute from now."""
    minute = at(cluster)
    rule = {
        "name": "daily",
        "cron": f"cron({minute.minute} {minute.hour} ? * * *)",
        "startWindowMinutes": 60,
        "completionWindowMinutes": 180,
        "lifecycle": {"deleteAfterDays": 35},
    }
    return {"rules": [rule], "selections": [{"name": "tagged", "tags": {"backup": "true"}}]}


def has_run(cluster: Cluster) -> list[Json]:
    """Let the minute of the rule come, wait until all of it is copied, and return the copies."""
    if not source(cluster).list_backup_jobs()["BackupJobs"]:
        cluster.control.advance("3m")

    def copies() -> list[Json]:
        listed = cluster.admin().list_recovery_points_by_backup_vault(BackupVaultName="orders-copies")
        found: list[Json] = [each for each in listed["RecoveryPoints"] if each["Status"] == "COMPLETED"]
        return found if len(found) == 2 else []

    return until(copies, "both are copied", told=cluster.log) or []


def test_scheduled_plan_with_rules_and_windows(guide: Cluster) -> None:
    """The plan of the walk-through is there, as declared, and kubectl says whose, and when it runs next."""
    (plan,) = scheduling.plans_of(source(guide))
    (rule,) = plan["Rules"]
    status = guide.get()["status"]

    assert (rule["StartWindowMinutes"], rule["CompletionWindowMinutes"]) == (60, 180)
    assert rule["TargetBackupVaultName"] == "orders"
    assert plan["tags"]["crossvault.io/owner"] == guide.get()["metadata"]["uid"]
    assert status["schedule"]["planId"] == plan["id"]
    assert status["schedule"]["rules"][0]["nextRun"]
    assert ("Normal", "BackupPlanCreated") in {each[:2] for each in guide.events()}


def test_rule_backs_up_into_the_source_vault(guide: Cluster) -> None:
    """At its minute, what has the tag, with the lifecycle of the rule."""
    has_run(guide)
    points = source(guide).list_recovery_points_by_backup_vault(BackupVaultName="orders")["RecoveryPoints"]

    assert {each["ResourceArn"].rpartition("/")[2] for each in points} == {"vol-plan", "fs-plan"}
    assert {each["Lifecycle"]["DeleteAfterDays"] for each in points} == {35}


def test_copy_rule_to_the_external_vault(guide: Cluster) -> None:
    """The plan's own copy jobs bring the copies, the operator starts none, and the status counts them."""
    has_run(guide)
    jobs = source(guide).list_copy_jobs()["CopyJobs"]

    assert len(jobs) == 2
    assert all(each["CreatedBy"]["BackupRuleId"] for each in jobs)
    until(lambda: guide.get()["status"]["summary"].get("copied") == "2/2", "both are counted", told=guide.log)
    assert guide.ready() == ("True", "Protected")
    assert "StartCopyJob" not in guide.writes()


def test_cold_storage_and_expiry_of_the_copy(guide: Cluster) -> None:
    """Each copy has the destination's own lifecycle, counted from the backup."""
    for each in has_run(guide):
        told = each["CalculatedLifecycle"]
        assert told["MoveToColdStorageAt"] - each["CreationDate"] == timedelta(days=30)
        assert told["DeleteAt"] - each["CreationDate"] == timedelta(days=365)


def test_schedule_is_taken_out_again(guide: Cluster) -> None:
    """With RemoveOwned the plan goes with its policy, and everything that was backed up stays."""
    has_run(guide)
    guide.kubectl(
        *("patch", "cabp", "orders", "-n", guide.namespace, "--type=merge"),
        *("-p", '{"spec": {"deletionPolicy": "RemoveOwned"}}'),
    )
    guide.kubectl("delete", "cabp", "orders", "-n", guide.namespace, "--wait=false")
    until(guide.gone, "the policy is gone", told=guide.log)

    assert scheduling.plans_of(source(guide)) == []
    assert len(has_run(guide)) == 2
