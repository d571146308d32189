"""What it costs to keep two large vaults and to compare them, all of it settled: CPU and memory without AWS.

Every recovery point has its copy, and the job that made it. Rows are made one at a time, as a listing brings them, so
that what is measured is what is kept. The baseline is a set of (resource, date), which knows neither jobs nor doubts.
"""

from __future__ import annotations

import gc
import hashlib
import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from crossvault.aspects.copies import folding
from crossvault.aspects.copies.contents import Contents
from crossvault.aspects.copies.declared import COPIES, Backfill, BackfillMode, Copies
from crossvault.aspects.copies.inventory import Inventory
from crossvault.aspects.copies.jobs import Jobs
from crossvault.aspects.copies.memory import Memory
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.aspects.copies.states import Viewpoint
from crossvault.engine.declared import Account, Desired, Destination, PolicyKey, VaultRef

T = TypeVar("T")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
EACH = 30
"""So many recovery points has each resource, one a day."""
SOURCE = VaultRef(Account("prod", "111111111111"), "eu-west-1", "orders")
TARGET = VaultRef(Account("dr", "222222222222"), "eu-central-1", "orders-copies")


def measure(*, points: int) -> dict[str, Any]:
    """Measure in processes of their own, each of ten times as many recovery points as the one before."""
    sizes = [size for size in (10_000, 100_000, 1_000_000) if size <= points] or [points]
    return {f"{size:,} points": _in_a_process(size) for size in sizes}


def _in_a_process(points: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.settled", str(points)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=3600)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def settled(points: int) -> dict[str, Any]:
    """Keep and compare; bytes are those of the whole process beyond what it had before."""
    rows, _ = _timed(lambda: deque(chain(_points(points), _copies(points)), maxlen=0))
    jobs, _ = _timed(lambda: deque(_jobs(points), maxlen=0))
    plain, found = _timed(lambda: _baseline(points))
    gc.collect()
    before = _memory("VmRSS")
    kept, there = _timed(lambda: _listed(points))
    first, folded = _timed(lambda: folding.fold(there, _view()))
    if not found == folded.settled.copied == points:
        raise AssertionError("not everything is settled")
    peak, after = _memory("VmHWM"), _memory("VmRSS")
    again, _ = _timed(lambda: folding.fold(there, _view()))
    newer = Contents(_with_new(there.points, points), there.copies, there.jobs, there.memory)
    one_day, _ = _timed(lambda: folding.fold(newer, _view()))
    return {
        "microseconds_per_point": {
            "a set of resource and date": round(1e6 * (plain - rows) / points, 2),
            "pack what is listed": round(1e6 * (kept - rows - jobs) / points, 2),
            "compare it first": round(1e6 * first / points, 2),
        },
        "milliseconds": {
            "compare again, nothing new": round(1000 * again, 1),
            "compare again, a hundredth of the resources has a new recovery point": round(1000 * one_day, 1),
        },
        "bytes_per_point_with_copy_and_job": round((after - before) / points),
        "peak_bytes_per_point_with_copy_and_job": round((peak - before) / points),
    }


def _timed(function: Callable[[], T]) -> tuple[float, T]:
    began = time.process_time()
    found = function()
    return time.process_time() - began, found


def _memory(what: str) -> int:
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith(what)))


def _baseline(points: int) -> int:
    known = {(each.resource_arn, each.created) for each in _copies(points)}
    return sum((each.resource_arn, each.created) in known for each in _points(points))


def _listed(points: int) -> Contents:
    return Contents(Inventory(_points(points)), Inventory(_copies(points)), Jobs(_jobs(points)), Memory())


def _with_new(inventory: Inventory, points: int) -> Inventory:
    resources = max(1, points // EACH // 100)
    fresh = (replace(_point(number * EACH), arn=_arn("new", number), created=NOW) for number in range(resources))
    return inventory.joined(Inventory(fresh, inventory))


def _view() -> Viewpoint:
    destination = Destination("dr", TARGET)
    wanted = Desired(PolicyKey("shop", "orders"), SOURCE, (destination,), created=NOW)
    return Viewpoint(wanted.having(COPIES, Copies(Backfill(BackfillMode.ALL))), destination, NOW, NOW)


def _points(points: int) -> Iterator[RecoveryPoint]:
    return map(_point, range(points))


def _copies(points: int) -> Iterator[RecoveryPoint]:
    return map(_copy, range(points))


def _jobs(points: int) -> Iterator[CopyJob]:
    return map(_job, range(points))


def _point(number: int) -> RecoveryPoint:
    resource, day = divmod(number, EACH)
    created = NOW - timedelta(days=EACH - day, seconds=resource % 80_000, milliseconds=number % 997)
    return RecoveryPoint(
        _arn("point", number),
        f"arn:aws:elasticfilesystem:eu-west-1:111111111111:file-system/fs-{resource:017x}",
        "EFS",
        created,
        "COMPLETED",
        10**9 + number,
        "arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555",
        created + timedelta(days=35),
        delete_after_days=35,
        encrypted=True,
    )


def _copy(number: int) -> RecoveryPoint:
    return replace(_point(number), arn=_arn("copy", number), source_vault_arn=SOURCE.arn)


def _job(number: int) -> CopyJob:
    point = _point(number)
    ends = point.arn, SOURCE.arn, TARGET.arn, point.resource_arn, "EFS"
    began = point.created + timedelta(hours=1)
    id_, copy = str(_uuid("job", number)).upper(), _arn("copy", number)
    return CopyJob(id_, "COMPLETED", *ends, began, began + timedelta(hours=1), copy)


def _arn(kind: str, number: int) -> str:
    return f"arn:aws:backup:eu-west-1:111111111111:recovery-point:{_uuid(kind, number)}"


def _uuid(kind: str, number: int) -> UUID:
    return UUID(bytes=hashlib.blake2b(f"{kind} {number}".encode(), digest_size=16).digest())


if __name__ == "__main__":
    print(json.dumps(settled(int(sys.argv[1]))))
