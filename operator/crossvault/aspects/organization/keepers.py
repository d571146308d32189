"""Who is declared to keep the switch of an organization."""

from __future__ import annotations

from collections.abc import Mapping

from ...engine.declared import Account
from ...engine.parts import Part
from .switch import Keeper

KEEPERS: Part[Mapping[str, Keeper]] = Part("keepers", {})
"""The BackupOrganizations that are declared, by the id of the account that they call the management account."""

MANAGERS: Part[tuple[tuple[str, Account], ...]] = Part("managers", ())
"""The accounts that they name, by that id: who may be asked what governs the other accounts of an organization."""
