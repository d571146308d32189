"""The chart, rendered and installed with the real Helm."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools import binaries
from tools.controlplane import ControlPlane

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "crossvault"
NAMESPACE = "crossvault-system"


def helm(*args: str | Path, plane: ControlPlane | None = None) -> subprocess.CompletedProcess[str]:
    """Run helm, against a control plane when one is given."""
    program = binaries.find("helm")
    if program is None:
        pytest.fail("helm missing; run `python -m tools.binaries` first, it shows its progress")
    environment = plane.environment() if plane else None
    return subprocess.run([program, *map(str, args)], capture_output=True, text=True, check=False, env=environment)


def rendered(*sets: str) -> list[dict[str, Any]]:
    """Render the chart as release crossvault with these values."""
    values = [part for each in sets for part in ("--set", each)]
    result = helm("template", "crossvault", CHART, "--namespace", NAMESPACE, *values)
    assert result.returncode == 0, result.stderr
    return [each for each in yaml.safe_load_all(result.stdout) if each]


def only(objects: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    """Return the one object of a kind, and of a name where there are several."""
    (found,) = [each for each in objects if each["kind"] == kind and name in {"", each["metadata"]["name"]}]
    return found
