"""A new small policy beside one over a vault of hundreds of thousands of recovery points: when its first copy starts.

Both are in the same accounts and namespace, on a real API server. What counts is the ratio to the time that it takes
with nothing beside it, in the same run: the simulated AWS is in this process and takes its share of the machine.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

import yaml
from tools.controlplane import ControlPlane

from backup_simulator.server import SimulatorServer
from crossvault.aspects.vault_policy.statement import statement_for

from . import looks, policies, worlds

COUNT = 7
"""So many small policies come, one after the other."""
STATES = ("copied", "missing", "failed")
"""How the recovery points of the large one stand; of those that are missing and failed more are tried all the time."""
FAILED = "An internal error occurred."
LATEST = 600.0
POLL, SELDOM = 0.01, 2.0
"""How often is looked whether a copy is started, and whether a policy has its status, which takes a process."""


def measure(*, points: int) -> dict[str, Any]:
    """Measure beside nothing, and beside so many recovery points in each state."""
    idle = _run(points, None)
    beside = {state: _run(points, state) for state in STATES}
    ratios = {state: round(each["median"] / idle["median"], 2) for state, each in beside.items()}
    return {"points": points, "beside_nothing": idle, **beside, "ratio_of_the_medians": ratios}


def _run(points: int, state: str | None) -> dict[str, Any]:
    with SimulatorServer(_world(points, state)) as aws, ControlPlane.start() as plane:
        plane.kubectl("apply", "-f", policies.ROOT / "crds")
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all")
        _apply(plane, worlds.namespace(worlds.NAMESPACE), *worlds.accounts(0, 100, worlds.NAMESPACE))
        if state == "failed":
            aws.control.order("FAILED", destination=":copies-0", message=FAILED)
        operator = policies.start_operator(plane, aws, "5m")
        try:
            if state is not None:
                _apply(plane, _policy(0))
                _wait(lambda: _seen(plane) >= points, "the large policy has its status", SELDOM)
            _first_start(plane, aws, COUNT + 1)  # who comes first waits for the operator to have entered the accounts
            took = sorted(_first_start(plane, aws, index) for index in range(1, COUNT + 1))
        finally:
            operator.stop(10)
    return {"median": round(statistics.median(took), 2), "each": [round(one, 2) for one in took]}


def _first_start(plane: ControlPlane, aws: SimulatorServer, index: int) -> float:
    """Declare a small policy; return after how many seconds its copy was started."""
    began = time.monotonic()
    _apply(plane, _policy(index))
    _wait(lambda: _starts(aws, f":copies-{index}"), f"the copy of small policy {index} is started")
    return time.monotonic() - began


def _starts(aws: SimulatorServer, vault: str) -> bool:
    with aws.simulator.lock:
        jobs = aws.state.accounts[worlds.source_id(0)].regions[worlds.SOURCE_REGION].copy_jobs.values()
        return any(each.destination_vault_arn.endswith(vault) for each in jobs)


def _policy(index: int) -> dict[str, Any]:
    body = worlds.policy(0, index, "Enforce")
    body["spec"]["backfill"] = {"mode": "All"}
    return body


def _world(points: int, state: str | None) -> dict[str, Any]:
    world = worlds.world(pairs=1, vaults=2 + COUNT, points=1)
    role = f"arn:aws:iam::{worlds.source_id(0)}:role/copy-role"
    for account in world["accounts"]:
        if account["name"] == "source-0":
            account["keys"][0]["policy"] = looks.anybody("kms:*")
            if state is not None:
                account["vaults"][0]["generate"] = worlds.daily(0, 0, points, copy=False)
        if account["name"] == "target-0":
            account["service_linked_role"] = True
            for vault in account["vaults"]:
                vault["policy"] = {"Version": "2012-10-17", "Statement": [statement_for(role)]}
            if state == "copied":
                account["vaults"][0]["generate"] = worlds.daily(0, 0, points, copy=True)
    return world


def _seen(plane: ControlPlane) -> int:
    items = json.loads(plane.kubectl("get", "cabp", "-n", worlds.NAMESPACE, "-o", "json").stdout)["items"]
    return sum(row.get("inScope", 0) for each in items for row in each.get("status", {}).get("destinations", ()))


def _apply(plane: ControlPlane, *bodies: dict[str, Any]) -> None:
    plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(bodies), timeout=600)


def _wait(until: Any, what: str, poll: float = POLL) -> None:  # noqa: ANN401 - whatever is true or not
    end = time.monotonic() + LATEST
    while not until():
        if time.monotonic() > end:
            raise TimeoutError(f"not after {LATEST:.0f} s: {what}")
        time.sleep(poll)
