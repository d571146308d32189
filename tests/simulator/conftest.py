"""One simulator per test process, put back to a fresh world before each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.simulator import scenes
from tests.simulator.backup_kit import Backups

from backup_simulator.server import SimulatorServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def shared_server() -> Iterator[SimulatorServer]:
    """A running simulator."""
    with SimulatorServer(scenes.world()) as server:
        yield server


@pytest.fixture
def server(shared_server: SimulatorServer) -> SimulatorServer:
    """A running simulator with the world of `scenes.world()`, untouched; its clock stands still."""
    shared_server.control.load(scenes.world())
    return shared_server


@pytest.fixture
def backups(server: SimulatorServer) -> Backups:
    """The source account with resources to back up."""
    return Backups(server)
