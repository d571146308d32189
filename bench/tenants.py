"""Two policies of one namespace beside many of another in the same pair of accounts: when they have their status.

Calls count more than seconds: while a crowd is at work, an account makes one after the other at its limit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import yaml
from tools.controlplane import ControlPlane

from backup_simulator.server import SimulatorServer

from . import policies, worlds

LATE = "late"
COUNT = 2
POLL = 0.1


@dataclass(frozen=True, slots=True)
class Figures:
    """What the late namespace saw, from its ``kubectl apply`` on. Calls are those of anybody, of both accounts."""

    crowd: int
    crowd_done_before: int
    seconds_to_first: float
    seconds_to_all: float
    calls_to_first: int
    calls_to_all: int
    crowd_done_meanwhile: int


def measure(*, crowd: int, reads_per_second: float, interval: str) -> dict[str, Any]:
    """Measure the two policies alone, and beside ``crowd`` others."""
    runs = {
        name: asdict(_run(crowd=count, reads_per_second=reads_per_second, interval=interval))
        for name, count in (("alone", 0), ("beside", crowd))
    }
    return {**runs, "calls_ratio": round(runs["beside"]["calls_to_all"] / runs["alone"]["calls_to_all"], 2)}


def _run(*, crowd: int, reads_per_second: float, interval: str) -> Figures:
    world = worlds.world(pairs=1, vaults=crowd + COUNT, points=4)
    with SimulatorServer(world) as aws, ControlPlane.start() as plane:
        plane.kubectl("apply", "-f", policies.ROOT / "crds")
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all")
        _apply(
            plane,
            worlds.namespace(worlds.NAMESPACE),
            worlds.namespace(LATE),
            *worlds.accounts(0, reads_per_second, worlds.NAMESPACE, LATE),
        )
        operator = policies.start_operator(plane, aws, interval)
        try:
            _wait(lambda: _ready(plane, "backupaccounts") == 2)
            # The running operator hears of both as changes: what it finds at its start, changes would overtake.
            _apply(plane, *(worlds.policy(0, COUNT + index, "Observe") for index in range(crowd)))
            _wait(lambda: _seen(plane, worlds.NAMESPACE) >= min(crowd, 10))
            done, calls, began = _seen(plane, worlds.NAMESPACE), len(aws.control.calls()), time.monotonic()
            _apply(plane, *(worlds.policy(0, index, "Observe", LATE) for index in range(COUNT)))
            marks = []
            for wanted in range(1, COUNT + 1):
                _wait(partial(_has, plane, wanted))
                marks.append((round(time.monotonic() - began, 1), len(aws.control.calls()) - calls))
            (first, calls_first), (last, calls_last) = marks[0], marks[-1]
            after = _seen(plane, worlds.NAMESPACE)
            return Figures(crowd, done, first, last, calls_first, calls_last, after - done)
        finally:
            operator.stop(10)


def _has(plane: ControlPlane, wanted: int) -> bool:
    return _seen(plane, LATE) >= wanted


def _apply(plane: ControlPlane, *bodies: dict[str, Any]) -> None:
    if not bodies:
        return
    plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(bodies), timeout=600)


def _seen(plane: ControlPlane, namespace: str) -> int:
    """Count the policies of a namespace that have a true status."""
    items = json.loads(plane.kubectl("get", "cabp", "-n", namespace, "-o", "json").stdout)["items"]
    return sum("inScope" in row for each in items for row in each.get("status", {}).get("destinations", ()))


def _ready(plane: ControlPlane, kind: str) -> int:
    items = json.loads(plane.kubectl("get", kind, "-o", "json").stdout)["items"]
    conditions = [one for each in items for one in each.get("status", {}).get("conditions", ())]
    return sum(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _wait(until: Callable[[], bool], timeout: float = 300) -> None:
    end = time.monotonic() + timeout
    while not until():
        if time.monotonic() > end:
            raise TimeoutError(f"not after {timeout:.0f} s")
        time.sleep(POLL)
