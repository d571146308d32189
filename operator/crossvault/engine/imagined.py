"""An AWS that accepts everything, imagined from one look: in it a pass shows what it would do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from .model import (
    Account,
    AccountSight,
    Action,
    CreateVault,
    Desired,
    DestinationSight,
    Observed,
    PutVaultPolicy,
    Result,
    Seen,
    StartCopy,
    Vault,
)


class ImaginedAws:
    """Shows what was seen, changed by what a pass has done to it since.

    Copies leave no trace here: a pass starts them once, and what is left to judge is how things stand before them.
    """

    def __init__(self, seen: Observed) -> None:
        self._seen = seen

    def observe(self, desired: Desired, *, not_before: datetime) -> Observed:  # noqa: ARG002 - the port of a pass
        """Return the picture as it would be now."""
        return self._seen

    def look_at_account(self, account: Account, *, not_before: datetime) -> AccountSight:  # noqa: ARG002
        """Return what was seen of an account."""
        sights = (self._seen.source, *(each.account for each in self._seen.destinations))
        return next(each for each in sights if each.account == account)

    def apply(self, action: Action, *, namespace: str = "") -> Result:  # noqa: ARG002 - the port of a pass
        """Change the picture as AWS would change."""
        sights = tuple(
            _after(action, each) if each.name == action.destination else each for each in self._seen.destinations
        )
        self._seen = replace(self._seen, destinations=sights)
        return Result(action)


def _after(action: Action, sight: DestinationSight) -> DestinationSight:
    match action:
        case CreateVault(vault=vault, key_arn=key):
            made = Vault(vault.arn, vault.name, encryption_key_arn=key)
            return replace(sight, vault=Seen(made), vault_key=sight.wanted_key, policy=Seen(None), copies=Seen(()))
        case PutVaultPolicy(document=document):
            return replace(sight, policy=Seen(document))
        case StartCopy():
            return sight
