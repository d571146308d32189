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

ACTIONS_MISSING = Metric(
    "account_actions_missing",
    Type.GAUGE,
    ("name",),
    "Actions that the role of the account may not do, of all that policies and organizations need of it.",
)

METRICS = (ACCOUNT_CONDITION, ACTIONS_MISSING)


def series(report: Report, _now: datetime) -> Iterator[Sample]:
    """Yield what is known of one account."""
    for condition in report.conditions:
        yield ACCOUNT_CONDITION, (report.key.name, *condition), 1.0
    yield ACTIONS_MISSING, (report.key.name,), float(len(report.missing))
