"""Job summaries: what is counted, by what, for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import backup_kit, scenes
from simulator_kit.backup_kit import Backups

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def backups(server: SimulatorServer) -> Backups:
    """Three days of backups: two, one failed and one; seen on the fourth day."""
    backups = Backups(server)
    backups.start()
    backups.start(backup_kit.VOLUME)
    backups.pass_time("1d")
    backups.start(f"{backup_kit.VOLUME}-gone")
    backups.pass_time("1d")
    backups.start(backup_kit.VOLUME)
    backups.pass_time("1d")
    return backups


def _rows(client: Any, **asked: Any) -> list[tuple[Any, ...]]:
    """Day of the beginning, state, type, category and count of each row."""
    rows = client.list_backup_job_summaries(**asked)["BackupJobSummaries"]
    return [
        (row["StartTime"].day, row["State"], row["ResourceType"], row.get("MessageCategory"), row["Count"])
        for row in rows
    ]


ALL = "AGGREGATE_ALL"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({}, [(3, ALL, ALL, ALL, 1), (2, ALL, ALL, ALL, 1), (1, ALL, ALL, ALL, 2)], id="by day"),
        pytest.param({"AggregationPeriod": "SEVEN_DAYS"}, [(25, ALL, ALL, ALL, 4)], id="seven days"),
        pytest.param({"AggregationPeriod": "FOURTEEN_DAYS"}, [(18, ALL, ALL, ALL, 4)], id="fourteen days"),
        pytest.param(
            {"AggregationPeriod": "SEVEN_DAYS", "State": "ANY"},
            [(25, "COMPLETED", ALL, ALL, 3), (25, "FAILED", ALL, ALL, 1)],
            id="any state",
        ),
        pytest.param(
            {"AggregationPeriod": "SEVEN_DAYS", "State": "COMPLETED", "ResourceType": "ANY"},
            [(25, "COMPLETED", "EBS", ALL, 2), (25, "COMPLETED", "EFS", ALL, 1)],
            id="one state, any type",
        ),
        pytest.param(
            {"AggregationPeriod": "SEVEN_DAYS", "MessageCategory": "ANY"},
            [(25, ALL, ALL, "RESOURCE_NOT_FOUND", 1), (25, ALL, ALL, "SUCCESS", 3)],
            id="any category",
        ),
        pytest.param(
            {"AggregationPeriod": "SEVEN_DAYS", "MessageCategory": "SUCCESS", "ResourceType": "EFS"},
            [(25, ALL, "EFS", "SUCCESS", 1)],
            id="one category, one type",
        ),
        pytest.param({"State": "RUNNING"}, [], id="nothing of it"),
    ],
)
def test_jobs_are_counted_by_what_is_asked_for(
    backups: Backups, asked: scenes.Json, expected: list[tuple[Any, ...]]
) -> None:
    """A value picks, ANY splits, AGGREGATE_ALL and silence lump together."""
    assert _rows(backups.client, **asked) == expected


def test_the_present_day_is_not_counted(backups: Backups) -> None:
    """Today's jobs count tomorrow; what is older than two weeks does no more."""
    before = _rows(backups.client, AggregationPeriod="SEVEN_DAYS")
    backups.start()
    same_day = _rows(backups.client, AggregationPeriod="SEVEN_DAYS")
    backups.pass_time("1d")
    next_day = _rows(backups.client, AggregationPeriod="SEVEN_DAYS")
    backups.pass_time("14d")

    assert [row[-1] for row in before + same_day + next_day] == [4, 4, 5]
    assert _rows(backups.client, AggregationPeriod="FOURTEEN_DAYS") == []


def test_a_member_sees_itself_only(backups: Backups) -> None:
    """Whatever account a member asks for, it is answered with its own."""
    target = scenes.client(backups.server, "backup", scenes.TARGET)

    for account in (scenes.SOURCE, "ANY", ALL):
        assert _rows(target, AccountId=account) == []
        assert [row[-1] for row in _rows(backups.client, AccountId=account, AggregationPeriod="SEVEN_DAYS")] == [4]


def test_the_management_account_sees_its_organization(backups: Backups) -> None:
    """One account, each account, or all in one."""
    payer = scenes.client(backups.server, "backup", scenes.PAYER)

    def accounts(asked: str) -> list[tuple[str, int]]:
        answer = payer.list_backup_job_summaries(AccountId=asked, AggregationPeriod="SEVEN_DAYS")
        return [(row["AccountId"], row["Count"]) for row in answer["BackupJobSummaries"]]

    assert accounts(scenes.SOURCE) == accounts("ANY") == [(scenes.SOURCE, 4)]
    assert [count for _, count in accounts(ALL)] == [4]
    assert accounts(scenes.STRANGER) == []


def test_copies_are_counted_too(backups: Backups) -> None:
    """ListCopyJobSummaries counts the copy jobs of the account that started them."""
    backups.client.start_copy_job(
        RecoveryPointArn=backups.points()[0]["RecoveryPointArn"],
        SourceBackupVaultName="daily",
        DestinationBackupVaultArn=scenes.vault_arn(),
        IamRoleArn=scenes.COPIER,
    )
    backups.pass_time("1d")
    answer = backups.client.list_copy_job_summaries(State="ANY", ResourceType="ANY", MessageCategory="ANY")

    (row,) = answer["CopyJobSummaries"]
    assert (row["State"], row["ResourceType"], row["MessageCategory"], row["Count"]) == (
        "COMPLETED",
        "EFS",
        "SUCCESS",
        1,
    )
    assert (row["EndTime"] - row["StartTime"]).total_seconds() == scenes.DAY
    assert answer["AggregationPeriod"] == "ONE_DAY"


def test_pages_cover_the_list_once(backups: Backups) -> None:
    """Pages join up to the whole list."""
    rows, token = [], None
    while True:
        answer = backups.client.list_backup_job_summaries(MaxResults=2, **({"NextToken": token} if token else {}))
        rows += answer["BackupJobSummaries"]
        token = answer.get("NextToken")
        if not token:
            break

    assert [row["Count"] for row in rows] == [1, 1, 2]
