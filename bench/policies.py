"""Many policies on a real API server: time to a true status, then writes, calls, memory and CPU in steady state."""

from __future__ import annotations

import os
import socket
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kubernetes.client import CustomObjectsApi
from kubernetes.config import new_client_from_config
from kubernetes.watch import Watch
from prometheus_client.parser import text_string_to_metric_families
from tools.controlplane import ControlPlane
from tools.processes import TetheredProcess

from backup_simulator.calls import Call
from backup_simulator.server import SimulatorServer
from crossvault.manifest.fields import parse_duration

from . import worlds

ROOT = Path(__file__).resolve().parents[1]
_ALL = "+Inf"
ALLOCATION = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""As the image sets it."""
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run showed. Seconds, MiB, counts."""

    policies: int
    accounts: int
    reads_per_second: float
    seconds_to_all_statuses: float
    seconds_floor_by_budget: float
    share_of_the_configured_rate: float
    aws_calls_first_pass: int
    api_writes_first_pass: int
    recovery_points: int
    rss_mib: float
    peak_mib: float
    cpu_seconds_first_pass: float
    steady_seconds: float
    steady_aws_calls: int
    steady_aws_writes: int
    steady_api_writes: int
    steady_cpu_percent: float
    steady_calls: dict[str, int]
    calls_per_policy_and_interval: float | None
    beats_of_the_event_loop: int
    late_by_more_than_a_tenth_of_a_second: int
    late_by_more_than_half_a_second: int


def measure(
    *,
    pairs: int,
    vaults: int,
    reads_per_second: float,
    steady: float,
    interval: str,
    at_rest: bool = False,
    copied: int = 0,
) -> dict[str, Any]:
    """Run the operator over ``pairs * vaults`` policies in Observe mode and return the figures.

    They look more often than in every interval, because statements and copies are missing, unless they are ``at_rest``:
    with as many recovery points in each vault as are ``copied``.
    """
    world = worlds.world(pairs=pairs, vaults=vaults, points=4)
    if at_rest:
        world = worlds.copied(worlds.at_rest(world), copied) if copied else worlds.at_rest(world)
    with SimulatorServer(world) as aws, ControlPlane.start() as plane:
        plane.kubectl("apply", "-f", ROOT / "crds")
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all")
        manifests = worlds.manifests(pairs=pairs, vaults=vaults, reads_per_second=reads_per_second, mode="Observe")
        plane.kubectl("apply", "--server-side", "-f", "-", stdin=manifests, timeout=600)
        before = plane.request_counts()
        began = datetime.now(UTC)
        port = _free_port()
        operator = start_operator(plane, aws, interval, port)
        try:
            last = wait_for_statuses(plane, pairs * vaults, copied if at_rest else 0)
            took = (last - began).total_seconds()
            asked, first_cpu = aws.control.calls(), _cpu(operator)
            first_calls, floor = len(asked), _floor(asked, reads_per_second)
            counts = plane.request_counts()
            first_writes = counts.since(before).writes(group="crossvault.io")
            time.sleep(steady)
            later = aws.control.calls()[first_calls:]
            cpu = _cpu(operator) - first_cpu
            late = _beats(port)
            return asdict(
                Figures(
                    policies=pairs * vaults,
                    accounts=pairs * 2,
                    reads_per_second=reads_per_second,
                    seconds_to_all_statuses=round(took, 1),
                    seconds_floor_by_budget=round(floor, 1),
                    share_of_the_configured_rate=round(floor / took, 3),
                    aws_calls_first_pass=first_calls,
                    api_writes_first_pass=first_writes,
                    recovery_points=pairs * vaults * (copied if at_rest else 4),
                    rss_mib=round(_memory(operator, "VmRSS"), 1),
                    peak_mib=round(_memory(operator, "VmHWM"), 1),
                    cpu_seconds_first_pass=round(first_cpu, 1),
                    steady_seconds=steady,
                    steady_aws_calls=len(later),
                    steady_aws_writes=sum(call.mutating for call in later),
                    steady_api_writes=plane.request_counts().since(counts).writes(group="crossvault.io"),
                    steady_cpu_percent=round(100 * cpu / steady, 1),
                    steady_calls=dict(Counter(call.operation for call in later).most_common()),
                    calls_per_policy_and_interval=round(
                        len(later) / (pairs * vaults) * seconds_of(interval) / steady, 2
                    )
                    if at_rest
                    else None,
                    beats_of_the_event_loop=late[_ALL],
                    late_by_more_than_a_tenth_of_a_second=late[_ALL] - late["0.1"],
                    late_by_more_than_half_a_second=late[_ALL] - late["0.5"],
                )
            )
        finally:
            operator.stop(10)


def seconds_of(interval: str) -> float:
    """Return how long an interval is."""
    length = parse_duration(interval)
    if length is None:
        raise ValueError(interval)
    return length.total_seconds()


def start_operator(
    plane: ControlPlane, aws: SimulatorServer, interval: str, port: int = 0, *options: str
) -> TetheredProcess:
    """Run an operator of this checkout against both; it shows its metrics on a port."""
    return TetheredProcess(
        [
            *(sys.executable, "-m", "crossvault", "operator", "--kubeconfig", plane.kubeconfig_admin()),
            *("--metrics-port", str(port), "--probe-port", "0"),
            *("--interval", interval, "--log-level", "warning"),
            *options,
        ],
        log=plane.folder / "operator.log",
        environment={
            **worlds.environment(aws),
            **ALLOCATION,
        },
    )


def wait_for_statuses(plane: ControlPlane, wanted: int, copied: int = 0, timeout: float = 900) -> datetime:
    """Wait until so many policies have a true status with so many copies; return when the last one came to be ready.

    They are watched: to list a thousand of them takes the API server a second of what it shares with the operator.
    """
    ready: dict[str, datetime] = {}
    policies = CustomObjectsApi(new_client_from_config(str(plane.kubeconfig_admin())))
    options = {"plural": "crossaccountbackuppolicies", "timeout_seconds": int(timeout)}
    for event in Watch().stream(policies.list_cluster_custom_object, "crossvault.io", "v1alpha1", **options):
        each = event["object"]
        rows = each.get("status", {}).get("destinations", ())
        if any("inScope" in row and row.get("copied", 0) >= copied for row in rows):
            conditions = {row["type"]: row for row in each["status"]["conditions"]}
            ready[each["metadata"]["uid"]] = datetime.fromisoformat(conditions["Ready"]["lastTransitionTime"])
        if len(ready) >= wanted:
            return max(ready.values())
    raise TimeoutError(f"not all of {wanted} policies have a true status after {timeout:.0f} s")


def _floor(calls: Sequence[Call], reads_per_second: float) -> float:
    """Return the seconds that the limit of the account that was asked most leaves no way round."""
    by_account = Counter(call.account for call in calls if call.account != worlds.HUB)
    return max(by_account.values()) / reads_per_second


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _beats(port: int) -> dict[str, int]:
    """Return how many beats of the event loop were late by at most so many seconds."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as page:
        families = text_string_to_metric_families(page.read().decode())
        samples = [each for family in families for each in family.samples]
    return {each.labels["le"]: int(each.value) for each in samples if each.name == "crossvault_loop_lag_seconds_bucket"}


def _memory(process: TetheredProcess, what: str) -> float:
    lines = Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(what))) / 1024


def _cpu(process: TetheredProcess) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
