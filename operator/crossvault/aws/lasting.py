"""What of a vault is looked at seldom while nothing is amiss with it, and when that will not do.

It will not do for a write that depends on it, nor after AWS has refused a copy for want of a right. Jobs are told by
the order of their ends, as AWS dates them, and doubts are dated by our own clock when they come up, so that clocks
which differ hide none.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

FORGOTTEN = timedelta(hours=2)
"""After so long nothing is kept any more that was seen before a doubt."""

End: TypeAlias = tuple[datetime, str]
"""When a copy job ended, and its id."""


@dataclass(frozen=True, slots=True)
class _Vault:
    touched: datetime
    doubted: datetime | None = None
    denied: End | None = None
    served: bool = False
    """Whether somebody was last given what is older than everything else."""


class Lasting:
    """What is remembered of each vault, by its ARN. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._vaults: dict[str, _Vault] = {}

    def serve(self, vault_arn: str, now: datetime, *, old: bool) -> None:
        """Note that a pass was given something ``old``, or what is as fresh as everything else."""
        with self._lock:
            self._put(vault_arn, replace(self._of(vault_arn, now), touched=now, served=old))

    def is_too_old_to_act(self, vault_arn: str, now: datetime) -> bool:
        """Tell whether a write would depend on something old; then it is seen anew by whoever looks next."""
        with self._lock:
            vault = self._of(vault_arn, now)
            if vault.served:
                self._put(vault_arn, replace(vault, touched=now, doubted=now))
            return vault.served

    def refused(self, vault_arn: str, now: datetime) -> None:
        """Note that a request for a copy was denied."""
        with self._lock:
            self._put(vault_arn, replace(self._of(vault_arn, now), touched=now, doubted=now))

    def failed(self, vault_arn: str, last: End, now: datetime) -> None:
        """Note the last copy job that was denied; the same one is noticed once."""
        with self._lock:
            vault = self._of(vault_arn, now)
            if vault.denied is None or last > vault.denied:
                self._put(vault_arn, replace(vault, touched=now, doubted=now, denied=last))

    def is_doubted_since(self, vault_arn: str, moment: datetime) -> bool:
        """Tell whether something has come up since then."""
        with self._lock:
            vault = self._vaults.get(vault_arn)
            return vault is not None and vault.doubted is not None and vault.doubted >= moment

    def _of(self, vault_arn: str, now: datetime) -> _Vault:
        return self._vaults.get(vault_arn) or _Vault(now)

    def _put(self, vault_arn: str, vault: _Vault) -> None:
        if vault_arn not in self._vaults:
            kept = self._vaults.items()
            self._vaults = {arn: each for arn, each in kept if vault.touched - each.touched < FORGOTTEN}
        self._vaults[vault_arn] = vault
