"""Seeds of the deterministic simulation: operator and AWS in one thread, whatever may go wrong, and the same end."""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from tests.kit.simulation.run import Verdict, run
from tests.kit.simulation.world import SHARED

CHUNK = 10 * SHARED
"""So many seeds go to a process at once: worlds are shared, and their ends found once."""


def measure(*, seeds: int) -> dict[str, Any]:
    """Run seeds on all cores."""
    began, cores = time.monotonic(), os.cpu_count() or 1
    with ProcessPoolExecutor(cores) as pool:
        parts = list(pool.map(_chunk, range(0, seeds, CHUNK), [seeds] * len(range(0, seeds, CHUNK))))
    violated = [each for part in parts for each in part["violated"]]
    totals = {name: sum(part[name] for part in parts) for name in ("seeds", "steps", "calls", "troubles", "lives")}
    return {
        **totals,
        "violations": len(violated),
        "violated": violated[:20],
        "cores": cores,
        "seconds": round(time.monotonic() - began, 1),
        "seconds_of_cpu_per_seed": round(sum(part["cpu"] for part in parts) / max(totals["seeds"], 1), 3),
    }


def _chunk(first: int, seeds: int) -> dict[str, Any]:
    began = time.process_time()
    found: list[Verdict] = [run(seed) for seed in range(first, min(first + CHUNK, seeds))]
    return {
        "seeds": len(found),
        "steps": sum(each.passes for each in found),
        "calls": sum(each.calls for each in found),
        "troubles": sum(each.troubles for each in found),
        "lives": sum(each.lives for each in found),
        "violated": [" ".join((each.told[0], each.told[-1])) for each in found if each.told],
        "cpu": time.process_time() - began,
    }
