"""The creation of a vault."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ...engine.declared import VaultRef
from ...engine.kept import KeptWrite
from ...engine.looks import Seen
from ...engine.observed import Sight, WriteKey
from ...engine.plan import Change
from ...words.reasons import Reason
from .seen import AIR_GAPPED, AWS_OWNED, CUSTOMER_MANAGED, KEYS, VAULT, Vault

ROW = "DestinationVault"


@dataclass(frozen=True, slots=True)
class CreateVault(KeptWrite):
    """Create the destination vault: with its customer managed key, or air-gapped, which needs none.

    Attributes:
        key_arn: Empty for a key that AWS owns.
        bounds: Days of retention, least and most, of one that is logically air-gapped.
    """

    destination: str
    vault: VaultRef
    key_arn: str
    bounds: tuple[int, int] | None = None

    mends: ClassVar[str] = ROW

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one."""
        return ("CreateVault", self.vault, self.key_arn, self.bounds)

    def after(self, sight: Sight) -> Sight:
        """Return the destination with an empty vault; what a room has not looked at in it is not there."""
        vault = made(self.vault, self.key_arn, self.bounds)
        return sight.having(VAULT, Seen(vault)).having(KEYS, replace(sight[KEYS], own=sight[KEYS].wanted))

    def told(self) -> Change:
        """Return how a plan lists it."""
        where = f"{self.vault.account.name}/{self.vault.name}"
        return Change("add", "vault", where, self._how())

    def done(self, *, repaired: bool) -> tuple[Reason, str]:  # noqa: ARG002 - a vault is made once
        """Return the event about it."""
        name, account = self.vault.name, self.vault.account.name
        how = "with its customer managed key" if self.bounds is None else self._how()
        return Reason.VAULT_CREATED, f"{self.destination}: Created vault {name} in account {account} {how}."

    def _how(self) -> str:
        key = f"with key {self.key_arn}" if self.key_arn else "on a key that AWS owns"
        if self.bounds is None:
            return key
        return f"{key}, logically air-gapped, bound for ever to {self.bounds[0]} to {self.bounds[1]} days of retention"


def made(vault: VaultRef, key_arn: str, bounds: tuple[int, int] | None) -> Vault:
    """Return a vault as it is once it is made: empty, and bound to its key, its kind and its retention for ever."""
    if bounds is None:
        return Vault(vault.arn, vault.name, encryption_key_arn=key_arn)
    least, most = bounds
    key_type = CUSTOMER_MANAGED if key_arn else AWS_OWNED
    return Vault(vault.arn, vault.name, key_arn or None, True, least, most, AIR_GAPPED, key_type)
