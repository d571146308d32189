"""How fast ``crossvault run`` starts copies that are missing, against what the accounts' limits allow."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from backup_simulator.server import SimulatorServer
from crossvault.aspects.copies.failures import classify
from crossvault.words.reasons import Reason

from . import looks, worlds

PAIRS, RESOURCES = 20, 42
"""Pairs of accounts, and resources in each: 20,160 copies are missing."""
STARTS = 1.0
"""Per second and account."""
LIMITS = (Reason.TOO_MANY_COPIES, Reason.QUOTA_EXCEEDED)
LIMIT_CODES = ("LimitExceededException", "ThrottlingException")
"""How jobs fail, and starts are refused, for a limit that could have been known."""
FIRST, LAST = 30.0, 120.0
"""Seconds from the start of the process between which starts are counted."""


def measure() -> dict[str, Any]:
    """Run for a while over accounts that lack thousands of copies; nothing but startsPerSecond holds it up."""
    world = looks.with_room_for_copies(worlds.world(pairs=PAIRS, vaults=1, points=looks.EACH), RESOURCES)
    world["limits"] = {"beyond_resource": "fail"}
    with SimulatorServer(world) as aws, tempfile.TemporaryDirectory(prefix="crossvault-bench-") as folder:
        (Path(folder) / "all.yaml").write_text(yaml.safe_dump_all(_manifests()), "utf-8")
        command = [sys.executable, "-m", "crossvault", "run", "-f", folder, "--log-level", "error"]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, env=worlds.environment(aws), stdout=quiet, stderr=quiet)
        try:
            time.sleep(FIRST)
            before = _counts(aws)
            time.sleep(LAST - FIRST)
            after = _counts(aws)
            wrong = _wrong(aws)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    starts, calls = (now - then for now, then in zip(after, before, strict=True))
    return {
        "accounts": PAIRS,
        "starts": starts,
        "share_of_the_allowed_rate": round(starts / (LAST - FIRST) / PAIRS / STARTS, 3),
        "calls_per_start": round(calls / max(starts, 1), 2),
        **wrong,
    }


def _counts(aws: SimulatorServer) -> tuple[int, int]:
    calls = aws.control.calls()
    return sum(each.operation == "StartCopyJob" for each in calls), len(calls)


def _wrong(aws: SimulatorServer) -> dict[str, Any]:
    """Return what AWS refused, and which jobs failed, from the start on; none is expected, least for a limit."""
    refused = Counter(each.outcome for each in aws.control.calls(operation="StartCopyJob") if each.outcome != "OK")
    with aws.simulator.lock:
        regions = [region for account in aws.state.accounts.values() for region in account.regions.values()]
        jobs = [job for region in regions for job in region.copy_jobs.values()]
        failed = Counter(classify(job.message, job.category).reason for job in jobs if job.state == "FAILED")
    limits = sum(failed[reason] for reason in LIMITS) + sum(refused[code] for code in LIMIT_CODES)
    return {
        "starts_refused": dict(refused),
        "jobs_failed": {str(reason): count for reason, count in failed.items()},
        "refused_or_failed_for_a_limit": limits,
    }


def _manifests() -> list[dict[str, Any]]:
    bodies: list[dict[str, Any]] = []
    for number in range(PAIRS):
        accounts = worlds.accounts(number, 100, worlds.NAMESPACE)
        for each in accounts:
            each["spec"]["limits"]["startsPerSecond"] = STARTS
        policy = worlds.policy(number, 0, "Enforce")
        policy["spec"]["backfill"] = {"mode": "All"}
        bodies += [*accounts, policy]
    return bodies
