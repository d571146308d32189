"""The writes that a run has asked of AWS and has no answer to: the end waits for these, and for no read."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import datetime

from ..engine.declared import Account, Desired
from ..engine.looks import NO_PATIENCE, Patience
from ..engine.observed import Observed, Sight
from ..engine.parts import NONE, Parts
from ..engine.plan import Action, Result
from ..engine.rounds import Aws

_LOOKS_EVERY = 0.02


class Writes:
    """An AWS that counts its writes, and takes none any more once it is closed. Thread-safe."""

    def __init__(self, aws: Aws) -> None:
        self._aws, self._lock = aws, threading.Lock()
        self._under_way, self._closed = 0, False

    def observe(self, desired: Desired, *, not_before: datetime, patience: Patience = NO_PATIENCE) -> Observed:
        """Read what a policy speaks of."""
        return self._aws.observe(desired, not_before=not_before, patience=patience)

    def look_at_account(self, account: Account, *, not_before: datetime, around: Parts = NONE) -> Sight:
        """Read what an account shows."""
        return self._aws.look_at_account(account, not_before=not_before, around=around)

    def look_at_organization(self, account: Account, *, not_before: datetime, departures: bool = False) -> Sight:
        """Read what an account shows of its organization."""
        return self._aws.look_at_organization(account, not_before=not_before, departures=departures)

    def apply(self, action: Action, *, namespace: str = "") -> Result:
        """Carry out one action; after the end it is withheld."""
        with self._lock:
            if self._closed:
                return Result(action, withheld=True)
            self._under_way += 1
        try:
            return self._aws.apply(action, namespace=namespace)
        finally:
            with self._lock:
                self._under_way -= 1

    def close(self) -> None:
        """Let nothing more be written."""
        with self._lock:
            self._closed = True

    async def ended(self, seconds: float | None = None) -> bool:
        """Wait for the answers that are due, ``seconds`` at most where there is a bound; tell whether all are there."""
        until = None if seconds is None else time.monotonic() + seconds
        while self._under_way:
            if until is not None and time.monotonic() >= until:
                return False
            await asyncio.sleep(_LOOKS_EVERY)
        return True
