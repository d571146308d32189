"""A drain that is killed again and again: whether every recovery point has one copy, and what the lives cost.

In one thread and in virtual time, as the simulation: a killed process is one whose calls reach AWS no more from one
call on, before or after it had its effect, and whose memory is gone.
"""

from __future__ import annotations

import copy
import random
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from tests.kit import stage
from tests.kit.simulation.cloud import Cloud
from tests.kit.simulation.host import Host
from tests.kit.simulation.invariants import INVARIANTS
from tests.kit.simulation.steps import Passing, Scene, Witness
from tests.kit.simulation.tenants import EVERYTHING
from tests.kit.simulation.troubles import Trouble, Troubles
from tests.kit.simulation.world import HOUR, START, Json, Place, World
from tests.kit.stage import AWAY, BACKUP, HOME, PRODUCTION

from crossvault.engine.declared import PolicyKey
from crossvault.status.outcome import Outcome

KILLS = 1_000
RESOURCES, EACH = 500, 3
"""So many resources are backed up, and so many recovery points each has: enough that a start in three is left alone."""
RATES = dict.fromkeys((Trouble.KILLED_BEFORE, Trouble.KILLED_AFTER), 0.02)
"""How often at a call that reads: a life makes twenty of them before its first start, so half of all end there."""
WATCHED = tuple(each for each in INVARIANTS if each.number not in {1, 6, 13})
"""What is looked at step by step; the others compare all points at every start, and are counted here at the end."""
AT_ONCE = 20
LONGEST = 30 * 24 * HOUR
SOURCE, TARGET = Place(PRODUCTION, HOME, "orders"), Place(BACKUP, AWAY, "orders-copies")


def measure(kills: int = KILLS) -> dict[str, Any]:
    """Drain a vault twice, at once: killed so often, and left alone."""
    with ProcessPoolExecutor(2) as pool:
        killed, alone = pool.map(_drained, (kills, 0))
    return {"killed": killed, "alone": alone}


def _troubles(kills: int) -> Troubles:
    return Troubles(
        random.Random(kills),  # noqa: S311 - the same each time
        kinds=(Trouble.KILLED_BEFORE, Trouble.KILLED_AFTER),
        kills=kills,
        rates=RATES,
    )


def _drained(kills: int) -> dict[str, Any]:
    began, drain = time.process_time(), _Drain(_world(), _troubles(kills))
    hours = drain.run() / HOUR
    copies = Counter((each.resource_arn, each.created) for each in drain.cloud.points(TARGET))
    points = [(each.resource_arn, each.created) for each in drain.cloud.points(SOURCE)]
    jobs = Counter(each.source_point_arn for each in drain.cloud.jobs(SOURCE))
    counts = [copies[each] for each in points]
    return {
        "kills": drain.died.total(),
        "lives_without_a_start": drain.in_vain,
        "kills_by_call": dict(drain.died.most_common()),
        "points": len(points),
        "copies_of_a_point": {"least": min(counts), "most": max(counts)},
        "jobs_of_a_point": {"least": min(jobs.values()), "most": max(jobs.values())},
        "copies_of_nothing": copies.total() - sum(counts),
        "calls": drain.cloud.calls,
        "calls_per_start": round(drain.cloud.calls / jobs.total(), 2),
        "violations": drain.violations[:5],
        "hours_of_virtual_time": round(hours, 1),
        "seconds_of_cpu": round(time.process_time() - began, 1),
    }


class _Drain:
    """One operator over one vault, with everything that must hold looked at step by step."""

    def __init__(self, world: World, troubles: Troubles) -> None:
        self.violations: list[str] = []
        self.died: Counter[str] = Counter()
        self.cloud = Cloud(world, troubles, lambda _line: None)
        self._host = Host(world, self.cloud, random.Random(1), self._hear)  # noqa: S311 - the same each time
        self._scene = Scene(world, self.cloud, self._host.bodies, self._violated)
        self._witness = self.cloud.witness = Witness.of(self._scene, WATCHED)
        self._host.passing, self._host.passed = self._passing, self._passed
        self.in_vain, self._jobs = 0, 0

    def _hear(self, line: str) -> None:
        _, killed, call = line.partition(" killed at ")
        if not killed:
            return
        jobs = len(self.cloud.jobs(SOURCE))
        self.died.update([call])
        self.in_vain, self._jobs = self.in_vain + (jobs == self._jobs), jobs

    def _violated(self, number: int, what: str) -> None:
        self.violations.append(f"invariant {number}: {what}")

    def _passing(self, passing: Passing) -> None:
        self._scene.passing = passing

    def _passed(self, _: Passing, before: Json, after: Json, outcome: Outcome) -> None:
        self._witness.says(before, after, outcome)

    def run(self) -> float:
        """Go on until nothing is left to copy; return when that was, in virtual seconds."""
        try:
            while self.cloud.now < LONGEST:
                self._host.run(self.cloud.now + HOUR)
                if not self.cloud.is_copying() and self._host.is_content():
                    break
        finally:
            self._host.close()
        self._witness.ends()
        return self.cloud.now


def _world() -> World:
    made = copy.deepcopy(stage.world())
    made["clock"] = {"start": START.strftime("%Y-%m-%dT%H:%M:%SZ"), "frozen": True}
    made["durations"] = {"created": "30s", "running": "6m", "toggle_off": "15m"}
    vault = stage.account(made, PRODUCTION)["vaults"][0]
    vault["recovery_points"] = []
    vault["generate"] = [
        {"resource_type": "S3", "name": "bucket", "resources": RESOURCES, "every": "1d", "back": f"{EACH - 1}d"}
    ]
    body = stage.policy(copying={"maxConcurrent": AT_ONCE})
    body["metadata"]["creationTimestamp"] = START.strftime("%Y-%m-%dT%H:%M:%SZ")
    return World(
        aws=made,
        accounts=tuple(stage.accounts()[name] for name in ("production", "dr")),
        policies={PolicyKey("orders", "orders"): body},
        happenings=(),
        sources=(SOURCE,),
        targets={TARGET: False},
        granted={"orders": EVERYTHING},
    )
