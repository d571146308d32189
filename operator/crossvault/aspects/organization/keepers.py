"""Who is declared to keep the switch of an organization."""

from __future__ import annotations

from collections.abc import Mapping

from ...engine.parts import Part
from .switch import Keeper

KEEPERS: Part[Mapping[str, Keeper]] = Part("keepers", {})
"""The BackupOrganizations that are declared, by the id of the account that they call the management account."""
