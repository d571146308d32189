"""Legal holds: which recovery points they keep from being deleted (DG: Legal holds)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..wire import Params
    from .state import RecoveryPoint, State, Vault

HOLDING = frozenset({"CREATING", "ACTIVE", "CANCELING"})


@dataclass(slots=True)
class LegalHold:
    """A hold and what it asks of recovery points; `selection` is in the API's shape, times are epoch seconds."""

    hold_id: str
    sequence: int
    account: str
    region: str
    created: float
    title: str
    description: str
    selection: Params
    token: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "CREATING"
    cancel_description: str | None = None
    cancelled: float | None = None
    retain_until: float | None = None

    @property
    def arn(self) -> str:
        """The hold's ARN."""
        return f"arn:aws:backup:{self.region}:{self.account}:legal-hold:{self.hold_id}"

    def covers(self, vault: Vault, point: RecoveryPoint) -> bool:
        """Whether the hold means a recovery point: there when it was made, in its vaults, resources, dates."""
        vaults, resources = self.selection.get("VaultNames"), self.selection.get("ResourceIdentifiers")
        return (
            point.completed <= self.created
            and not point.continuous
            and (not vaults or vault.name in vaults)
            and (not resources or point.resource_arn in resources)
            and self._within(point.created)
        )

    def _within(self, moment: float) -> bool:
        between = self.selection.get("DateRange")
        return between is None or bool(between["FromDate"] <= moment <= between["ToDate"])


def held(state: State, vault: Vault, point: RecoveryPoint) -> bool:
    """Whether any hold in force keeps a recovery point."""
    holds = state.accounts[vault.account].region(vault.region).legal_holds
    return any(hold.status in HOLDING and hold.covers(vault, point) for hold in holds.values())
