"""What a BackupOrganization shows to Prometheus, from the report of its last pass."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ...status.outcome import Report
from ...status.series import Metric, Sample, Type

ORGANIZATION_CONDITION = Metric(
    "organization_condition",
    Type.GAUGE,
    ("name", "condition", "status", "reason"),
    "Current status of each organization's conditions.",
)
SWITCH = Metric(
    "organization_cross_account_backup",
    Type.GAUGE,
    ("name",),
    "1 while the organization lets backups cross accounts, 0 while not; absent when it was not seen.",
)
FORMER = Metric(
    "former_member_copies",
    Type.GAUGE,
    ("name",),
    "Copies made by policies that lie in accounts which are no members any more, as last counted.",
)

METRICS = (ORGANIZATION_CONDITION, SWITCH, FORMER)


def series(report: Report, _now: datetime) -> Iterator[Sample]:
    """Yield what is known of one organization."""
    name = report.key.name
    for condition in report.conditions:
        yield ORGANIZATION_CONDITION, (name, *condition), 1.0
    if report.switch is not None:
        yield SWITCH, (name,), float(report.switch)
    yield FORMER, (name,), float(report.copies_outside)
