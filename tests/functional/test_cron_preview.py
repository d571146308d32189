"""The product's reading of schedules against the simulator's, which was written apart from it.

A misreading that one of them has comes to light here; the documentation of AWS decides who is wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from backup_simulator.transport import InProcess
from crossvault.manifest import cron
from crossvault.manifest.cron import Cron
from simulator_kit import backup_kit, scenes

SCHEDULES = (
    "cron(0 5 ? * * *)",
    "cron(30 2 * * ? *)",
    "cron(15 * ? * * *)",
    "cron(59 0/6 ? * * *)",
    "cron(0 9-17/4 ? * * *)",
    "cron(0 18 ? * MON-FRI *)",
    "cron(0 18 ? * 1,SAT *)",
    "cron(0 18 ? * 2/2 *)",
    "cron(0 8 1 * ? *)",
    "cron(0 8 29-31 * ? *)",
    "cron(0 8 */10 JAN-JUN/2 ? *)",
    "cron(0 0 29 2 ? *)",
    "cron(0 1 L * ? *)",
    "cron(0 1 LW * ? *)",
    "cron(0 1 1W * ? *)",
    "cron(0 1 15W * ? *)",
    "cron(0 1 31W * ? *)",
    "cron(0 1 ? * L *)",
    "cron(0 1 ? * 6L *)",
    "cron(0 1 ? * SUNL *)",
    "cron(0 1 ? * 3#2 *)",
    "cron(0 1 ? * MON#5 *)",
    "cron(0 3 1 1 ? 2027-2030)",
    "cron(0 3 1 1 ? 2027,2199)",
    "cron(0 3 1 1 ? 2020)",
)
ZONES = ("Etc/UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu")
CHANGES = (
    "2026-03-07T00:00:00Z",
    "2026-03-28T00:00:00Z",
    "2026-04-03T00:00:00Z",
    "2026-10-02T00:00:00Z",
    "2026-10-24T00:00:00Z",
    "2026-10-31T00:00:00Z",
)


@pytest.fixture(scope="module")
def cloud() -> InProcess:
    """An AWS with resources to back up, which many plans may fill."""
    return InProcess(backup_kit.world())


def previewed(cloud: InProcess, text: str, zone: str) -> list[datetime]:
    """Return the next ten runs that AWS Backup foretells of a rule."""
    client = cloud.client("backup", scenes.SOURCE, "admin", region=scenes.HOME)
    rule = {
        "RuleName": "one",
        "TargetBackupVaultName": "daily",
        "ScheduleExpression": text,
        "ScheduleExpressionTimezone": zone,
    }
    made: dict[str, Any] = client.create_backup_plan(BackupPlan={"BackupPlanName": "one", "Rules": [rule]})
    answer = client.get_backup_plan(BackupPlanId=made["BackupPlanId"], MaxScheduledRunsPreview=10)
    client.delete_backup_plan(BackupPlanId=made["BackupPlanId"])
    return [run["ExecutionTime"].astimezone(UTC) for run in answer.get("ScheduledRunsPreview", ())]


def foretold(text: str, zone: str, now: datetime) -> Iterator[datetime]:
    """Yield the runs that the product foretells."""
    found = cron.parse(text)
    assert isinstance(found, Cron)
    moment: datetime | None = now
    while moment is not None and (moment := cron.following(found, ZoneInfo(zone), moment)) is not None:
        yield moment


@pytest.mark.parametrize("zone", ZONES[:3])
@pytest.mark.parametrize("text", SCHEDULES)
def test_the_next_runs_are_those_that_aws_foretells(cloud: InProcess, text: str, zone: str) -> None:
    """GetBackupPlan tells up to ten runs."""
    now = datetime.fromtimestamp(cloud.control.now(), UTC)

    assert list(itertools.islice(foretold(text, zone, now), 10)) == previewed(cloud, text, zone)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("zone", ZONES)
def test_changes_of_clocks_are_foretold_alike(zone: str, change: str) -> None:
    """Around the nights on which clocks are changed, for an hour of each of them and for every hour."""
    world = backup_kit.world()
    world["clock"] = {"start": change, "frozen": True}
    cloud, now = InProcess(world), datetime.fromisoformat(change)
    schedules = ["cron(30 0/2 ? * * *)", *(f"cron(30 {hour} ? * * *)" for hour in range(4))]
    found = {text: list(itertools.islice(foretold(text, zone, now), 10)) for text in schedules}

    assert found == {text: previewed(cloud, text, zone) for text in schedules}
