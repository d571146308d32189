"""``python -m bench``: measure, print, and write ``build/bench.json``."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from . import (
    beside,
    drain,
    imports,
    kills,
    latency,
    looks,
    plans,
    policies,
    prerequisites,
    schedules,
    simulation,
    simulator,
    tenants,
)
from . import points as points_
from . import settled as settled_

PARTS = (
    *("imports", "looks", "drain", "settled", "simulator", "plans", "policies", "prerequisites", "tenants", "latency"),
    *("schedules", "points", "beside", "kills", "simulation"),
)
FIXED: dict[str, Callable[[], Any]] = {
    "imports": imports.measure,
    "kills": kills.measure,
    "drain": drain.measure,
    "plans": plans.measure,
    "prerequisites": prerequisites.measure,
    "schedules": schedules.measure,
}
"""Those that have nothing to set."""
RESULT = Path(__file__).resolve().parents[1] / "build" / "bench.json"


@click.command()
@click.option("--pairs", default=10, show_default=True, help="Pairs of accounts.")
@click.option("--vaults", default=50, show_default=True, help="Vaults, and so policies, per pair.")
@click.option("--reads-per-second", default=5.0, show_default=True, help="Limit of each account.")
@click.option("--steady", default=60.0, show_default=True, help="Seconds of steady state to watch.")
@click.option("--interval", default="5m", show_default=True, help="The operator's interval.")
@click.option("--at-rest", is_flag=True, help="Watch policies of which nothing is missing.")
@click.option("--copied", default=0, show_default=True, help="Recovery points that each vault at rest holds.")
@click.option("--points", default=100_000, show_default=True, help="Recovery points to keep and compare, at most.")
@click.option(
    "--large",
    default=1_000_000,
    show_default=True,
    type=click.IntRange(simulator.LEAST_LARGE),
    help="Recovery points in the simulator's large world, at least one for each of its vaults.",
)
@click.option("--settled", default=100_000, show_default=True, help="Recovery points that have their copies, at most.")
@click.option("--jobs", is_flag=True, help="Look at copies that were made, with the jobs that made them.")
@click.option("--crowd", default=500, show_default=True, help="Policies of the namespace beside which two come late.")
@click.option("--beside", "besides", default=200_000, show_default=True, help="Recovery points beside a small policy.")
@click.option("--seeds", default=10_000, show_default=True, type=click.IntRange(1), help="Seeds of the simulation.")
@click.option("--only", type=click.Choice(PARTS), help="Measure one part.")
def main(
    *,
    pairs: int,
    vaults: int,
    reads_per_second: float,
    steady: float,
    interval: str,
    at_rest: bool,
    copied: int,
    points: int,
    large: int,
    crowd: int,
    besides: int,
    settled: int,
    jobs: bool,
    seeds: int,
    only: str | None,
) -> None:
    """Measure imports, looks, a drain, settled vaults, simulator, plans, policies, tenants, schedules, points."""
    result: dict[str, Any] = {"machine": {"python": platform.python_version(), "system": platform.platform()}}
    measures: dict[str, Callable[[], Any]] = FIXED | {
        "looks": partial(looks.with_jobs if jobs else looks.measure, points=settled),
        "settled": partial(settled_.measure, points=points),
        "points": partial(points_.measure, points=settled),
        "beside": partial(beside.measure, points=besides),
        "simulator": partial(simulator.measure, points=large),
        "simulation": partial(simulation.measure, seeds=seeds),
        "latency": partial(latency.measure, interval=interval),
        "tenants": partial(tenants.measure, crowd=crowd, reads_per_second=reads_per_second, interval=interval),
        "policies": partial(
            policies.measure,
            pairs=pairs,
            vaults=vaults,
            reads_per_second=reads_per_second,
            steady=steady,
            interval=interval,
            at_rest=at_rest,
            copied=copied,
        ),
    }
    for part in [only] if only else PARTS:
        result[part] = measures[part]()
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    click.echo(json.dumps(result, indent=2))
    if "looks" in result:
        click.echo(looks.table(result["looks"]))


if __name__ == "__main__":
    main()
