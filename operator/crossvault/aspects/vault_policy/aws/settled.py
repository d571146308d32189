"""For which declarations the policy of which vault was looked at: others have to see it anew before it may wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

from ....aws.reads import ReadKey
from ....engine.declared import Desired, PolicyKey
from ...vault.seen import Vault

UNUSED = timedelta(hours=2)

Version: TypeAlias = tuple[int, datetime | None, datetime | None]
"""Generation and creation of a policy object, and when the vault was made."""


def version_of(desired: Desired, vault: Vault) -> Version:
    """Tell a declaration, and a vault, from others of the same name."""
    return desired.generation, desired.created, vault.created


class SettledFor:
    """Remembers for which version of each policy a vault's policy was looked at. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[ReadKey, PolicyKey], tuple[Version, datetime]] = {}
        self._swept: datetime | None = None

    def note(self, key: ReadKey, who: PolicyKey, version: Version, now: datetime) -> None:
        """Note that a policy of a vault is looked at, as fresh as the pass needs it."""
        with self._lock:
            self._sweep(now)
            self._seen[key, who] = (version, now)

    def is_for(self, key: ReadKey, who: PolicyKey, version: Version, now: datetime) -> bool:
        """Tell whether this very declaration has looked at this very vault before."""
        with self._lock:
            seen = self._seen.get((key, who))
            if seen is None or seen[0] != version:
                return False
            self._seen[key, who] = (version, now)
            return True

    def forget(self, belongs: Callable[[ReadKey], bool]) -> None:
        """Drop what is kept of an account that is gone."""
        with self._lock:
            self._seen = {each: seen for each, seen in self._seen.items() if not belongs(each[0])}

    def _sweep(self, now: datetime) -> None:
        if self._swept is not None and timedelta(0) <= now - self._swept < UNUSED:
            return
        self._swept = now
        self._seen = {each: seen for each, seen in self._seen.items() if now - seen[1] < UNUSED}
