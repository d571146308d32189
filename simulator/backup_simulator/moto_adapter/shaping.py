"""What moto knows only while it answers one request, and what it does not know then."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..records.metrics import Point


@contextlib.contextmanager
def telling(account: str, region: str, told: Sequence[Point]) -> Iterator[None]:
    """Let CloudWatch know points of AWS Backup for as long as one request takes."""
    if not told:
        yield
        return
    from moto.cloudwatch import models  # noqa: PLC0415 - may be absent

    backend = models.cloudwatch_backends[account][region]
    own, backend.metric_data = (
        backend.metric_data,
        [
            *backend.metric_data,
            *(
                models.MetricDatum(
                    namespace="AWS/Backup",
                    name=point.metric,
                    value=float(point.value),
                    dimensions=[{"Name": name, "Value": value} for name, value in point.dimensions],
                    timestamp=dt.datetime.fromtimestamp(point.moment, dt.UTC).replace(tzinfo=None),  # as moto's
                    unit="Count",
                )
                for point in told
            ),
        ],
    )
    try:
        yield
    finally:
        backend.metric_data = own


@contextlib.contextmanager
def own_snapshots(operation: str, account: str, region: str) -> Iterator[None]:
    """Hide from `ec2:DescribeSnapshots` the snapshots of Amazon's images, which moto keeps in every account."""
    if operation != "ec2:DescribeSnapshots":
        yield
        return
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 - may be absent

    backend = ec2_backends[account][region]
    whole = backend.snapshots
    backend.snapshots = {name: each for name, each in whole.items() if each.owner_id == account}
    try:
        yield
    finally:
        backend.snapshots = whole
