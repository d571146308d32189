"""What it costs to start: CPU and memory of a process that imports something, or answers a command line."""

from __future__ import annotations

import statistics
import subprocess
import sys

RUNS = 9
_FIGURES = """
import resource, sys
used = resource.getrusage(resource.RUSAGE_SELF)
most = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(used.ru_utime + used.ru_stime, int(most) / 1024, file=sys.stderr)
"""
_COMMAND = """
import sys
sys.argv = ["crossvault", *{words!r}]
from crossvault.__main__ import main
try:
    main()
except SystemExit:
    pass
"""
STARTS = {
    "Python alone": "",
    "kubernetes, what reads kubeconfigs": "import kubernetes.config.kube_config",
    "kopf, as if kubernetes were not installed": "import sys; sys.modules['kubernetes'] = None; import kopf",
    "kopf": "import kopf",
    "kopf, then what reads kubeconfigs": "import kopf, kubernetes.config.kube_config",
    "the operator": "import crossvault.cli.operator",
    **{
        f"crossvault {' '.join(words)}": _COMMAND.format(words=words)
        for words in (("version",), ("plan", "--help"), ("operator", "--help"))
    },
}


def measure() -> dict[str, dict[str, float]]:
    """Return for each start the CPU seconds and the MiB at most, medians of several runs."""
    return {name: _measured(code) for name, code in STARTS.items()}


def _measured(code: str) -> dict[str, float]:
    runs = [_run(code + _FIGURES) for _ in range(RUNS)]
    seconds, mebibytes = (statistics.median(figures) for figures in zip(*runs, strict=True))
    return {"cpu_seconds": round(seconds, 2), "mebibytes": round(mebibytes, 1)}


def _run(code: str) -> tuple[float, float]:
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    seconds, mebibytes = told.splitlines()[-1].split()
    return float(seconds), float(mebibytes)
