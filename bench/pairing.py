"""Pairing of two big vaults, against a dictionary keyed by (resource, date): the least that any pairing costs."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from crossvault.aspects.copies import pairing
from crossvault.aspects.copies.seen import RecoveryPoint

VAULT = "arn:aws:backup:eu-west-1:111111111111:backup-vault:orders"
START = datetime(2026, 1, 1, tzinfo=UTC)


def measure(*, points: int, resources: int = 500) -> dict[str, Any]:
    """Pair ``points`` recovery points with their copies; seconds are the best of three."""
    source = tuple(_point(f"source-{index}", index, resources) for index in range(points))
    copied = tuple(_point(f"copy-{index}", index, resources, VAULT) for index in range(points))

    def baseline() -> int:
        known = {(each.resource_arn, each.created): each for each in copied}
        return sum((each.resource_arn, each.created) in known for each in source)

    def ours() -> int:
        return sum(each.copy is not None for each in pairing.pair(source, copied, (), VAULT).pairs)

    if not baseline() == ours() == points:
        raise AssertionError("not everything was paired")
    least, seconds = _best(baseline), _best(ours)
    return {
        "points": points,
        "seconds": round(seconds, 3),
        "baseline_seconds": round(least, 3),
        "ratio": round(seconds / least, 1),
        "peak_bytes_per_point": round(_peak(ours) / points),
    }


def _point(name: str, index: int, resources: int, source_vault: str | None = None) -> RecoveryPoint:
    return RecoveryPoint(
        arn=name,
        resource_arn=f"resource-{index % resources}",
        resource_type="EBS",
        created=START + timedelta(minutes=index),
        status="COMPLETED",
        source_vault_arn=source_vault,
    )


def _best(function: Callable[[], object], runs: int = 3) -> float:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


def _peak(function: Callable[[], object]) -> int:
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
