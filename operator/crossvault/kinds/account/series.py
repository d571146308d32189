"""What a BackupAccount shows to Prometheus, from the report of its last pass."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ...status.outcome import Report
from ...status.series import Metric, Sample, Type

ACCOUNT_CONDITION = Metric(
    "account_condition",
    Type.GAUGE,
    ("name", "condition", "status", "reason"),
    "Current status of each account's conditions.",
)

METRICS = (ACCOUNT_CONDITION,)


def series(report: Report, _now: datetime) -> Iterator[Sample]:
    """Yield what is known of one account."""
    for condition in report.conditions:
        yield ACCOUNT_CONDITION, (report.key.name, *condition), 1.0
