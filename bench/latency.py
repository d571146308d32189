"""From a new recovery point to its StartCopyJob, with events and without, on a real API server.

With events the operator looks once an hour by itself, so nothing else can have started a copy. The simulated feed has
no batches here: AWS's own, of about five minutes, come on top, before the message that is measured from.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from tools.controlplane import ControlPlane

from backup_simulator.server import SimulatorServer

from . import policies, worlds

PAIRS, VAULTS = 10, 10
BUSY = 2
"""So many vaults of each account get the points: some get several within a second or two."""
QUEUE = "events"
HOUR = "1h"
LATEST = 120.0
"""Seconds after the last point within which all have to be started."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds from the moment that a recovery point is there, and its event in the queue, to its StartCopyJob."""

    points: int
    interval: str
    p50: float
    p99: float
    largest: float
    calls_per_point: float
    hints: dict[str, int]


def measure(*, interval: str, points: int = 200, seconds: float = 100.0) -> dict[str, Any]:
    """Measure so many recovery points, which come evenly within so many seconds, to twenty of a hundred policies."""
    told = asdict(_run(points, seconds, HOUR, told=True))
    untold = asdict(_run(points, seconds, interval, told=False))
    share = {name: round(untold[name] / policies.seconds_of(interval), 2) for name in ("p50", "p99", "largest")}
    return {"with_events": told, "without_events": untold, "without_events_in_intervals": share}


def _run(points: int, seconds: float, interval: str, *, told: bool) -> Figures:
    world = worlds.at_rest(worlds.world(pairs=PAIRS, vaults=VAULTS, points=1))
    with SimulatorServer(world) as aws, ControlPlane.start() as plane:
        plane.kubectl("apply", "-f", policies.ROOT / "crds")
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all")
        url = _queue(aws)
        manifests = worlds.manifests(pairs=PAIRS, vaults=VAULTS, reads_per_second=5)
        plane.kubectl("apply", "--server-side", "-f", "-", stdin=manifests, timeout=600)
        options = ("--follow-interval", interval, *(("--event-queue-url", url) if told else ()))
        operator = policies.start_operator(plane, aws, interval, 0, *options)
        try:
            policies.wait_for_statuses(plane, PAIRS * VAULTS)
            before = len(aws.control.calls())
            made = _make(aws, points, seconds, told=told)
            waits = sorted(_waits(aws, made))
            calls = [each for each in aws.control.calls()[before:] if each.service == "backup"]
            return Figures(
                points=points,
                interval=interval,
                p50=_quantile(waits, 0.5),
                p99=_quantile(waits, 0.99),
                largest=round(waits[-1], 2),
                calls_per_point=round(len([each for each in calls if "/crossvault/" in each.principal]) / points, 1),
                hints=dict(Counter(each.outcome for each in aws.control.events.log())),
            )
        finally:
            operator.stop(10)


def _queue(aws: SimulatorServer) -> str:
    """Make a queue that the events of all accounts come into at once."""
    aws.control.events.set(batch=0)
    region = worlds.SOURCE_REGION
    allowed = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allowed, "Resource": "*"}]})
    sqs = aws.client("sqs", worlds.HUB, "operator", region=region)
    url = str(sqs.create_queue(QueueName=QUEUE, Attributes={"Policy": policy})["QueueUrl"])
    pattern = {"source": ["aws.backup"]}
    target = {"Id": QUEUE, "Arn": f"arn:aws:sqs:{region}:{worlds.HUB}:{QUEUE}"}
    for account_id, place in worlds.places(PAIRS):
        events = aws.client("events", account_id, worlds.ADMIN, region=place)
        events.put_rule(Name=QUEUE, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=QUEUE, Targets=[target])
    return url


def _make(aws: SimulatorServer, points: int, seconds: float, *, told: bool) -> dict[str, float]:
    """Make recovery points, in two vaults of each source account; return when each was there, by its ARN."""
    began, made, dice = time.monotonic(), {}, random.Random(1)  # noqa: S311 - the same each time
    for number in range(points):
        time.sleep(max(0.0, began + seconds * number / points - time.monotonic()))
        account_id, vault = worlds.source_id(dice.randrange(PAIRS)), f"vault-{dice.randrange(BUSY)}"
        part = {"resource_type": "EFS", "resource": f"fs-{number}", "age": "0s", "size": "1GiB"}
        (point,) = aws.control.seed(account_id, worlds.SOURCE_REGION, vault, [part])
        made[point.arn] = aws.control.now()
        if told:
            detail = {"backupVaultName": vault, "status": "COMPLETED", "resourceType": "EFS"}
            aws.control.events.publish(
                "Recovery Point State Change", detail, account=account_id, region=worlds.SOURCE_REGION
            )
    return made


def _waits(aws: SimulatorServer, made: dict[str, float]) -> list[float]:
    """Wait until all have been started; return after how many seconds each was."""
    end = time.monotonic() + LATEST
    while True:
        started = _started(aws)
        missing = made.keys() - started.keys()
        if not missing:
            return [started[arn] - at for arn, at in made.items()]
        if time.monotonic() > end:
            raise TimeoutError(f"{len(missing)} of {len(made)} are not started after {LATEST:.0f} s")
        time.sleep(1)


def _started(aws: SimulatorServer) -> dict[str, float]:
    with aws.simulator.lock:
        regions = [region for account in aws.state.accounts.values() for region in account.regions.values()]
        return {job.source_point_arn: job.created for region in regions for job in region.copy_jobs.values()}


def _quantile(waits: list[float], share: float) -> float:
    return round(waits[max(0, math.ceil(share * len(waits)) - 1)], 2)
