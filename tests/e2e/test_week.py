"""A week of the guide's walk-through, with kubectl: both accounts, status and metrics tell the same every day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.kit.chart_cluster import Cluster, scheduled, source
from tests.kit.waiting import until
from tools.controlplane import ControlPlane

pytestmark = pytest.mark.kube

DAYS, KEPT = 7, 3
SCHEDULE = {
    "rules": [{"name": "daily", "cron": "cron(0 5 ? * * *)", "lifecycle": {"deleteAfterDays": KEPT}}],
    "selections": [{"name": "tagged", "tags": {"backup": "true"}}],
}
LIFECYCLE = {"moveToColdStorageAfterDays": 2, "deleteAfterDays": 92}


@pytest.fixture
def week(plane: ControlPlane) -> Iterator[Cluster]:
    """A running operator, and a policy whose plan selects two resources that have no backup yet."""
    yield from scheduled(plane, lambda _cluster: SCHEDULE, lifecycle=LIFECYCLE)


def ended(client: Any, vault: str) -> list[Any]:
    """Return the recovery points of a vault that are complete."""
    listed = client.list_recovery_points_by_backup_vault(BackupVaultName=vault)["RecoveryPoints"]
    return [each for each in listed if each["Status"] == "COMPLETED"]


def told_alike(cluster: Cluster) -> bool:
    """Tell whether the policy is protected, and status and metrics count as copied what lies in the source vault."""
    there = len(ended(source(cluster), "orders"))
    samples = cluster.operator.samples()
    copied = [
        each.value for each in samples if each.name == "crossvault_recovery_points" and each.labels["state"] == "copied"
    ]
    if cluster.ready() != ("True", "Protected"):  # its credentials have ended with the day
        return False
    return cluster.get()["status"]["summary"].get("copied") == f"{there}/{there}" and sum(copied) == there


def test_a_week_of_the_walk_through(week: Cluster) -> None:
    """A backup and a copy of each resource a day; backups end by the rule's lifecycle, copies go cold by their own."""
    for day in range(1, DAYS + 1):
        week.control.advance("24h")
        until(lambda: len(ended(week.admin(), "orders-copies")) == 2 * day, f"copies of day {day}", told=week.log)  # noqa: B023 - waited for at once
        until(lambda: told_alike(week), f"all tell the same on day {day}", told=week.log)
    backups, copies = ended(source(week), "orders"), ended(week.admin(), "orders-copies")

    assert 2 * KEPT <= len(backups) <= 2 * (KEPT + 1)
    assert len(source(week).list_copy_jobs()["CopyJobs"]) == len(copies) == 2 * DAYS
    assert "StartCopyJob" not in week.writes()
    oldest = min((each for each in copies if each["ResourceType"] == "EFS"), key=lambda each: each["CreationDate"])
    told = week.admin().describe_recovery_point(
        BackupVaultName="orders-copies", RecoveryPointArn=oldest["RecoveryPointArn"]
    )
    assert told["StorageClass"] == "COLD"
    week.control.advance("92d")
    first = {each["RecoveryPointArn"] for each in copies}
    assert not first & {each["RecoveryPointArn"] for each in ended(week.admin(), "orders-copies")}
