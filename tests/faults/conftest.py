"""One simulator per worker with a fresh world for each test; botocore's models are read once; a witness at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.faults.stage import OPERATOR_KEY, PERMITTED, Stage, world

from backup_simulator.server import SimulatorServer


@pytest.fixture(scope="session")
def shared_server() -> Iterator[SimulatorServer]:
    """A running simulator."""
    with SimulatorServer(world()) as server:
        yield server


@pytest.fixture
def stage(shared_server: SimulatorServer, monkeypatch: pytest.MonkeyPatch, models: None) -> Iterator[Stage]:
    """An operator before its first pass; afterwards every call it made must have been one of the permitted ones."""
    del models
    for name, value in OPERATOR_KEY.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    made = Stage(shared_server)
    try:
        yield made
    finally:
        made.close()
    operators = [each for each in made.control.calls(mutating=True) if "/crossvault-" in each.principal]
    strange = {each.operation for each in operators} - PERMITTED
    assert not strange, f"the operator called {strange}"
