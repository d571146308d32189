"""An environment without anybody's AWS configuration, and a simulated AWS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from backup_simulator.server import SimulatorServer

WORLD = Path(__file__).parents[3] / "simulator" / "worlds" / "quickstart.yaml"
OPERATOR = ("AKIAOPERATOR55555555", "crossvault-operator-secret")


@pytest.fixture(autouse=True)
def operator_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give the operator the identity of the demo world, and no configuration of this machine."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OPERATOR[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", OPERATOR[1])


@pytest.fixture(scope="session")
def _simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer(WORLD) as server:
        yield server


@pytest.fixture
def simulator(_simulator: SimulatorServer) -> SimulatorServer:
    """Serve the demo world as it is in the file."""
    _simulator.control.reset()
    return _simulator
