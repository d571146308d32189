"""CloudWatch metrics of AWS Backup, asked for through CloudWatch."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from backup_simulator.transport import InProcess
from simulator_kit import backup_kit, requests, scenes

pytest.importorskip("moto", reason="the extra `resources` is not installed")

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


class Watch:
    """The source account's clients of AWS Backup and CloudWatch."""

    def __init__(self, scene: scenes.Json | None = None) -> None:
        self.opened = InProcess(scene or scenes.world())
        self.backup, self.cloudwatch = (self.client(name) for name in ("backup", "cloudwatch"))

    def client(self, service: str, account: str = scenes.SOURCE, region: str = scenes.HOME) -> Any:
        """A client of an account."""
        return self.opened.client(service, account, "admin", region=region, config=scenes.fast())

    def copied(self) -> None:
        """Start a copy and let it end."""
        (point,) = self.backup.list_recovery_points_by_backup_vault(BackupVaultName="backups")["RecoveryPoints"]
        self.backup.start_copy_job(
            RecoveryPointArn=point["RecoveryPointArn"],
            SourceBackupVaultName="backups",
            DestinationBackupVaultArn=scenes.vault_arn(),
            IamRoleArn=scenes.COPIER,
        )
        self.opened.control.advance("10m")

    def counts(self, metric: str, cloudwatch: Any = None, **dimensions: str) -> list[tuple[int, float]]:
        """The points of a metric: minutes after the start, and count."""
        found = (cloudwatch or self.cloudwatch).get_metric_statistics(
            Namespace="AWS/Backup",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=START,
            EndTime=START + dt.timedelta(days=60),
            Period=300,
            Statistics=["Sum"],
        )
        return sorted(
            (int((one["Timestamp"] - START).total_seconds()) // 60, one["Sum"]) for one in found["Datapoints"]
        )


SHARED = Watch()
COPIES = {"BackupVaultName": "copies", "ResourceType": "EBS"}


def test_copies_are_counted_by_state() -> None:
    """For the account that started them, under the destination vault; sparse."""
    watch = Watch()
    watch.copied()
    watch.opened.control.order("FAILED", message="An internal error occurred.")
    watch.opened.control.advance("50m")
    watch.copied()
    target = watch.client("cloudwatch", scenes.TARGET, scenes.AWAY)
    name = "NumberOfCopyJobs"

    assert watch.counts(f"{name}Created", **COPIES) == [(0, 1), (60, 1)]
    assert watch.counts(f"{name}Running", **COPIES) == [(0, 1), (60, 1)]
    assert watch.counts(f"{name}Completed", **COPIES) == [(0, 1)]
    assert watch.counts(f"{name}Failed", **COPIES) == [(60, 1)]
    assert watch.counts(f"{name}Completed", BackupVaultName="backups") == []
    assert watch.counts(f"{name}Completed", target, **COPIES) == []
    assert watch.counts("NumberOfRecoveryPointsCompleted", target, **COPIES) == [(0, 1)]


def test_metrics_have_three_sets_of_dimensions() -> None:
    """By vault, by type, by both; listed so, and never added up."""
    watch = Watch()
    watch.copied()
    watch.copied()
    metric = "NumberOfCopyJobsCompleted"
    listed = watch.cloudwatch.list_metrics(Namespace="AWS/Backup", MetricName=metric)["Metrics"]
    sets = sorted(sorted(one["Name"] for one in found["Dimensions"]) for found in listed)

    assert sets == [["BackupVaultName"], ["BackupVaultName", "ResourceType"], ["ResourceType"]]
    for dimensions in (COPIES, {"BackupVaultName": "copies"}, {"ResourceType": "EBS"}):
        assert watch.counts(metric, **dimensions) == [(0, 1), (10, 1)]
    assert watch.counts(metric) == []
    assert watch.counts(metric, ResourceType="EFS") == []


def test_a_point_comes_when_its_five_minutes_are_over() -> None:
    """Not before."""
    watch = Watch()
    (point,) = watch.backup.list_recovery_points_by_backup_vault(BackupVaultName="backups")["RecoveryPoints"]
    watch.backup.delete_recovery_point(BackupVaultName="backups", RecoveryPointArn=point["RecoveryPointArn"])
    watch.opened.control.advance(299)
    early = watch.counts("NumberOfRecoveryPointsDeleting", BackupVaultName="backups")
    watch.opened.control.advance(1)

    assert early == []
    assert watch.counts("NumberOfRecoveryPointsDeleting", BackupVaultName="backups") == [(0, 1)]


def test_backups_and_cold_recovery_points_are_counted() -> None:
    """By the vault they are in."""
    watch = Watch(backup_kit.world())
    lifecycle = {"MoveToColdStorageAfterDays": 1, "DeleteAfterDays": 100}
    watch.backup.start_backup_job(
        BackupVaultName="daily", ResourceArn=backup_kit.FILES, IamRoleArn=scenes.COPIER, Lifecycle=lifecycle
    )
    watch.opened.control.advance("2d")
    by = {"BackupVaultName": "daily", "ResourceType": "EFS"}

    for state in ("Created", "Running", "Completed"):
        assert [count for _, count in watch.counts(f"NumberOfBackupJobs{state}", **by)] == [1]
    assert [count for _, count in watch.counts("NumberOfRecoveryPointsCompleted", **by)] == [1]
    assert [minute // 1440 for minute, _ in watch.counts("NumberOfRecoveryPointsCold", **by)] == [1]
    assert watch.counts("NumberOfBackupJobsFailed", **by) == []


def query(name: str, **dimensions: str) -> scenes.Json:
    """One query of GetMetricData."""
    found = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": "AWS/Backup", "MetricName": "NumberOfCopyJobsCompleted", "Dimensions": found}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}}


def test_other_ways_to_ask() -> None:
    """GetMetricData, and the query protocol; what cannot be told apart is not answered."""
    watch = Watch()
    watch.copied()
    window: scenes.Json = {"StartTime": START, "EndTime": START + dt.timedelta(hours=1)}
    by_both, by_vault = query("a", **COPIES), query("b", BackupVaultName="copies")
    found = watch.cloudwatch.get_metric_data(MetricDataQueries=[by_both, by_vault], **window)["MetricDataResults"]
    with scenes.refused() as mixed:
        watch.cloudwatch.get_metric_data(MetricDataQueries=[by_both, query("c")], **window)
    form = {
        "Action": "GetMetricStatistics", "Version": "2010-08-01", "Namespace": "AWS/Backup", "Period": "300",
        "MetricName": "NumberOfCopyJobsCompleted",
        "StartTime": "2026-03-01T00:00:00Z", "EndTime": "2026-03-02T00:00:00Z",
        "Statistics.member.1": "Sum", "Dimensions.member.1.Name": "ResourceType", "Dimensions.member.1.Value": "EBS",
    }  # fmt: skip
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    sent = requests.signed("monitoring", "POST", "/", urlencode(form).encode(), headers)
    by_query = watch.opened.simulator.handle(sent)
    path = "/service/GraniteServiceVersion20100801/operation/GetMetricStatistics"
    cbor = requests.signed("monitoring", "POST", path, b"\xbf\x69Namespace\x6aAWS/Backup\xff")

    assert [one["Values"] for one in found] == [[1.0], [1.0]]
    assert mixed.status == 501
    assert b"<Sum>1.0</Sum>" in by_query.body
    assert watch.opened.simulator.handle(cbor).status == 501


@pytest.mark.parametrize(
    "body", [b"AWS/Backup", b'["AWS/Backup"]', b'{"MetricDataQueries": [7, {"MetricStat": "AWS/Backup"}]}',
             b'{"Namespace": "AWS/Backup", "Dimensions": 7}', b'{"Namespace": "AWS/Backup", "Dimensions": [7]}']
)  # fmt: skip
@pytest.mark.parametrize("operation", ["GetMetricStatistics", "GetMetricData", "ListMetrics"])
def test_nonsense_is_left_to_moto(operation: str, body: bytes) -> None:
    """Which has its own errors; none is a failure of ours."""
    headers = {"X-Amz-Target": f"GraniteServiceVersion20100801.{operation}"}
    answer = SHARED.opened.simulator.handle(requests.signed("monitoring", "POST", "/", body, headers))

    assert b"simulator: " not in answer.body


def test_metrics_of_others_are_left_alone() -> None:
    """What somebody put there stays, and what is told is not kept."""
    watch = Watch()
    watch.cloudwatch.put_metric_data(
        Namespace="shop", MetricData=[{"MetricName": "orders", "Value": 3, "Timestamp": START}]
    )
    watch.copied()
    names = [{one["MetricName"] for one in watch.cloudwatch.list_metrics()["Metrics"]} for _ in range(2)]

    assert names[0] == names[1]
    assert {"orders", "NumberOfCopyJobsCompleted"} <= names[0]
    assert len(watch.cloudwatch.list_metrics(Namespace="shop")["Metrics"]) == 1


def test_a_snapshot_brings_the_counts_back() -> None:
    """As they were."""
    watch = Watch()
    watch.copied()
    watch.opened.control.snapshot("one")
    watch.copied()
    two = watch.counts("NumberOfCopyJobsCompleted", **COPIES)
    watch.opened.control.restore("one")

    assert len(two) == 2
    assert watch.counts("NumberOfCopyJobsCompleted", **COPIES) == two[:1]


def test_what_a_world_holds_is_not_counted() -> None:
    """Only what happens on the virtual clock."""
    watch = Watch()
    watch.opened.control.advance("1h")

    assert watch.cloudwatch.list_metrics(Namespace="AWS/Backup")["Metrics"] == []
    assert json.dumps(sorted(watch.opened.state.metrics)) == "[]"
