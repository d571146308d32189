"""One simulator per test process, put back to a fresh world before each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backup_simulator.server import SimulatorServer
from simulator_kit import scenes
from simulator_kit.backup_kit import Backups

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def shared_server() -> Iterator[SimulatorServer]:
    """A running simulator."""
    with SimulatorServer(scenes.world()) as server:
        yield server


@pytest.fixture
def server(shared_server: SimulatorServer) -> Iterator[SimulatorServer]:
    """A running simulator with the world of `scenes.world()`, untouched; its clock stands still.

    What fails in it although it was only due, in the clock's thread perhaps, fails the test.
    """
    shared_server.control.load(scenes.world())
    yield shared_server
    shared_server.simulator.tell()


@pytest.fixture
def backups(server: SimulatorServer) -> Backups:
    """The source account with resources to back up."""
    return Backups(server)
