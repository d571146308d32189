"""One simulator per worker with a fresh world for each test, and a witness at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kit import harms
from tests.kit.doctoring import Surgery
from tests.kit.stage import OPERATOR_KEY, PERMITTED, Stage, world

from backup_simulator.server import SimulatorServer
from backup_simulator.transport import InProcess


@pytest.fixture(scope="session")
def in_process() -> InProcess:
    """A simulator without a socket."""
    return InProcess(world())


@pytest.fixture(scope="session")
def server() -> Iterator[SimulatorServer]:
    """A simulator on a socket, for what goes wrong on the way."""
    with SimulatorServer(world()) as running:
        yield running


@pytest.fixture(scope="module")
def aws() -> Iterator[SimulatorServer]:
    """An AWS with a socket that each test loads its world into."""
    with SimulatorServer(harms.sound()) as running:
        yield running


@pytest.fixture
def surgery(tmp_path: Path, aws: SimulatorServer) -> Surgery:
    """A folder and a shell."""
    return Surgery(tmp_path, aws)


@pytest.fixture
def operator_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process have the operator's identity and nobody's configuration."""
    for name, value in OPERATOR_KEY.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@contextlib.contextmanager
def _witnessed(cloud: InProcess | SimulatorServer) -> Iterator[Stage]:
    made = Stage(cloud)
    try:
        yield made
    finally:
        made.close()
    operators = [each for each in made.control.calls(mutating=True) if "/crossvault-" in each.principal]
    strange = {each.operation for each in operators} - PERMITTED
    assert not strange, f"the operator called {strange}"


@pytest.fixture
def stage(in_process: InProcess, operator_key: None) -> Iterator[Stage]:
    """An operator before its first pass; afterwards every call it made must have been one of the permitted ones."""
    del operator_key
    with _witnessed(in_process) as made:
        yield made


@pytest.fixture
def wired_stage(server: SimulatorServer, operator_key: None) -> Iterator[Stage]:
    """The same, over HTTP."""
    del operator_key
    with _witnessed(server) as made:
        yield made
