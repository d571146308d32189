"""The writes that AWS refuses for good: tried again ever more seldom, as long as they are the same writes.

Remembered in the process only: after a restart the first refusal says the same. Another key, another document, another
policy found in AWS, or another declaration of the account is another write, and is tried at once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ..engine.declared import Desired, PolicyKey, VaultRef
from ..engine.observed import RefusedWrite, WriteKey
from ..engine.plan import Action
from ..words.problems import ErrorClass, Problem

FIRST = timedelta(minutes=1)
LONGEST = timedelta(hours=1)
REMEMBERED = 10_000
"""So many policies, those of the last passes: names are free to invent, and nobody tells here which are gone."""


class Write(Action, Protocol):
    """An action that writes to a vault."""

    @property
    def vault(self) -> VaultRef:
        """Where it writes."""

    @property
    def key(self) -> WriteKey:
        """What makes it the same write as another one."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    tries: int
    refused: RefusedWrite
    vault_arn: str


class RefusedWrites:
    """What was refused, why, and when it may be tried again. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refusals: dict[WriteKey, _Refusal] = {}
        self._generations: OrderedDict[PolicyKey, int] = OrderedDict()

    def add(self, action: Write, problem: Problem, now: datetime) -> None:
        """Note a refusal; what time ends is no refusal."""
        if problem.error_class is ErrorClass.RETRY:
            return
        with self._lock:
            before = self._refusals.get(action.key)
            tries = before.tries + 1 if before is not None else 1
            wait = min(FIRST * 2 ** min(tries - 1, 16), LONGEST)
            self._refusals[action.key] = _Refusal(tries, RefusedWrite(problem, now + wait), action.vault.arn)

    def discard(self, action: Write) -> None:
        """Note that AWS took the request."""
        with self._lock:
            self._refusals.pop(action.key, None)

    def standing(self, action: Write, now: datetime) -> Problem | None:
        """Return why not to try now, or None."""
        with self._lock:
            found = self._refusals.get(action.key)
        return found.refused.problem if found is not None and now < found.refused.retry_at else None

    def for_policy(self, desired: Desired, now: datetime) -> dict[WriteKey, RefusedWrite]:
        """Return what is not tried now for a policy, at either end; nothing once the policy was declared anew."""
        vaults = {desired.source.arn, *(each.vault.arn for each in desired.destinations)}
        with self._lock:
            anew = self._generations.get(desired.key, desired.generation) != desired.generation
            self._generations[desired.key] = desired.generation
            self._generations.move_to_end(desired.key)
            if len(self._generations) > REMEMBERED:
                self._generations.popitem(last=False)
            for key, each in list(self._refusals.items()):
                if (anew and each.vault_arn in vaults) or now - each.refused.retry_at >= LONGEST:
                    del self._refusals[key]
            found = [(key, each.refused) for key, each in self._refusals.items() if each.vault_arn in vaults]
        return {key: refused for key, refused in found if now < refused.retry_at}
