"""The tree of the usual organization, and who asks about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

ROOT, UNIT = "r-cv01", "ou-cv01-workloads1"


def orgs(server: SimulatorServer, account: str) -> Any:
    """A client of an account's admin."""
    return scenes.client(server, "organizations", account)
