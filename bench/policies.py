"""Many policies on a real API server: time to a true status, then writes, calls, memory and CPU in steady state."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.controlplane import ControlPlane
from tools.processes import TetheredProcess

from backup_simulator.server import SimulatorServer
from crossvault.manifest.fields import parse_duration

from . import worlds

ROOT = Path(__file__).resolve().parents[1]
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run showed. Seconds, MiB, counts."""

    policies: int
    accounts: int
    reads_per_second: float
    seconds_to_all_statuses: float
    seconds_floor_by_budget: float
    aws_calls_first_pass: int
    api_writes_first_pass: int
    rss_mib: float
    cpu_seconds_first_pass: float
    steady_seconds: float
    steady_aws_calls: int
    steady_aws_writes: int
    steady_api_writes: int
    steady_cpu_percent: float
    steady_calls: dict[str, int]
    calls_per_policy_and_interval: float | None


def measure(
    *, pairs: int, vaults: int, reads_per_second: float, steady: float, interval: str, at_rest: bool = False
) -> dict[str, Any]:
    """Run the operator over ``pairs * vaults`` policies in Observe mode and return the figures.

    They look more often than in every interval, because statements and copies are missing, unless they are ``at_rest``.
    """
    world = worlds.world(pairs=pairs, vaults=vaults, points=4)
    if at_rest:
        world = worlds.at_rest(world)
    with SimulatorServer(world) as aws, ControlPlane.start() as plane:
        plane.kubectl("apply", "-f", ROOT / "crds")
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all")
        manifests = worlds.manifests(pairs=pairs, vaults=vaults, reads_per_second=reads_per_second, mode="Observe")
        plane.kubectl("apply", "--server-side", "-f", "-", stdin=manifests, timeout=600)
        before = plane.request_counts()
        began = time.monotonic()
        operator = start_operator(plane, aws, interval)
        try:
            _wait_for_statuses(plane, pairs * vaults)
            took = time.monotonic() - began
            first_calls, first_cpu = len(aws.control.calls()), _cpu(operator)
            counts = plane.request_counts()
            first_writes = counts.since(before).writes(group="crossvault.io")
            time.sleep(steady)
            later = aws.control.calls()[first_calls:]
            cpu = _cpu(operator) - first_cpu
            return asdict(
                Figures(
                    policies=pairs * vaults,
                    accounts=pairs * 2,
                    reads_per_second=reads_per_second,
                    seconds_to_all_statuses=round(took, 1),
                    seconds_floor_by_budget=round(first_calls / (pairs * 2) / reads_per_second, 1),
                    aws_calls_first_pass=first_calls,
                    api_writes_first_pass=first_writes,
                    rss_mib=round(_rss(operator), 1),
                    cpu_seconds_first_pass=round(first_cpu, 1),
                    steady_seconds=steady,
                    steady_aws_calls=len(later),
                    steady_aws_writes=sum(call.mutating for call in later),
                    steady_api_writes=plane.request_counts().since(counts).writes(group="crossvault.io"),
                    steady_cpu_percent=round(100 * cpu / steady, 1),
                    steady_calls=dict(Counter(call.operation for call in later).most_common()),
                    calls_per_policy_and_interval=round(len(later) / (pairs * vaults) * _seconds(interval) / steady, 2)
                    if at_rest
                    else None,
                )
            )
        finally:
            operator.stop(10)


def _seconds(interval: str) -> float:
    length = parse_duration(interval)
    if length is None:
        raise ValueError(interval)
    return length.total_seconds()


def start_operator(plane: ControlPlane, aws: SimulatorServer, interval: str) -> TetheredProcess:
    """Run an operator of this checkout against both."""
    credentials = aws.credentials(worlds.HUB, "operator")
    return TetheredProcess(
        [
            *(sys.executable, "-m", "crossvault", "operator", "--kubeconfig", plane.kubeconfig_admin()),
            *("--metrics-port", "0", "--probe-port", "0", "--interval", interval, "--log-level", "warning"),
        ],
        log=plane.folder / "operator.log",
        environment={
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": credentials.aws_access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.aws_secret_access_key,
            "AWS_REGION": worlds.SOURCE_REGION,
        },
    )


def _wait_for_statuses(plane: ControlPlane, wanted: int, timeout: float = 900) -> None:
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        items = json.loads(plane.kubectl("get", "cabp", "-A", "-o", "json").stdout)["items"]
        done = sum("inScope" in row for each in items for row in each.get("status", {}).get("destinations", ()))
        if done >= wanted:
            return
        time.sleep(1)
    raise TimeoutError(f"not all of {wanted} policies have a true status after {timeout:.0f} s")


def _rss(process: TetheredProcess) -> float:
    lines = Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024


def _cpu(process: TetheredProcess) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
