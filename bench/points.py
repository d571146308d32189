"""What ``crossvault points`` costs over settled vaults, beside ``crossvault plan``, which judges them and lists none.

Each runs in a process of its own, so that CPU and memory are its alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from backup_simulator.server import SimulatorServer

from . import looks, worlds

COMMANDS = {"plan": ("plan", "-o", "json"), "points": ("points", "-o", "csv")}


def measure(*, points: int) -> dict[str, Any]:
    """Tell ten times as many recovery points as the time before, that many at most."""
    sizes = [size for size in (10_000, 100_000, 1_000_000) if size <= points] or [points]
    return {f"{size:,} points": _at(size) for size in sizes}


def _at(points: int) -> dict[str, Any]:
    with SimulatorServer(looks.all_copied(points)) as aws, tempfile.TemporaryDirectory(prefix="crossvault-") as folder:
        text = worlds.manifests(pairs=1, vaults=1, reads_per_second=1000)
        (Path(folder) / "all.yaml").write_text(text, "utf-8")
        found = {name: _run(words, folder, aws) for name, words in COMMANDS.items()}
    more = {name: round(found["points"][name] - found["plan"][name], 2) for name in ("cpu_seconds", "peak_mib")}
    listed = found["points"]["lines"] - 1  # the names of the columns
    each = {
        "bytes_of_memory_a_point": round(more["peak_mib"] * 2**20 / listed, 1),
        "cpu_microseconds_a_point": round(more["cpu_seconds"] * 1e6 / listed, 1),
    }
    return {**found, "beyond_plan": {**more, **each}, "listed": listed}


def _run(words: tuple[str, ...], folder: str, aws: SimulatorServer) -> dict[str, Any]:
    command, *rest = words
    line = [sys.executable, "-m", "crossvault", command, "-f", folder, *rest]
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(line, env=worlds.environment(aws), stdout=printed)
        # What wait() tells of memory is that of this process, too, from before the other program was begun.
        peak = 0
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            peak = max(peak, _peak(process.pid))
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(ended[1])
        printed.seek(0)
        lines = sum(1 for _ in printed)
    return {
        "exit_code": process.returncode,
        "lines": lines,
        "cpu_seconds": round(ended[2].ru_utime + ended[2].ru_stime, 2),
        "peak_mib": round(peak / 1024, 1),
    }


def _peak(pid: int) -> int:
    """Return how many KiB a process has had at most; 0 where it is about to end."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
