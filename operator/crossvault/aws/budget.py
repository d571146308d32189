"""How fast an account may be asked: one token bucket for reads and one for starts, shared by all policies.

AWS publishes no request rates for AWS Backup, and its throttle hits everybody in the account: we stay below it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from ..model import Limits

READS = "reads"
STARTS = "starts"


class WaitRecorder(Protocol):
    """Takes note of the seconds somebody waited for the budget of an account."""

    def waited(self, account: str, kind: str, seconds: float) -> None:
        """Add ``seconds`` to what ``account`` has waited for ``kind``."""


class TokenBucket:
    """A bucket that fills with ``rate`` tokens a second up to ``burst``; who finds it empty queues up in order."""

    def __init__(
        self, rate: float, burst: float, *, clock: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = burst
        self._filled = clock()

    def take(self) -> float:
        """Take one token, waiting until there is one, and return the seconds waited."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + max(0.0, now - self._filled) * self._rate) - 1.0
            self._filled = now
            # A negative count is a place in the queue: the next one waits for one token more.
            wait = max(0.0, -self._tokens / self._rate)
        if wait > 0:
            self._sleep(wait)
        return wait


class Budgets:
    """The two buckets of every account, by its name; changed limits take effect with the next request."""

    def __init__(self, recorder: WaitRecorder, *, clock: Callable[[], float], sleep: Callable[[float], object]) -> None:
        self._recorder = recorder
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[Limits, dict[str, TokenBucket]]] = {}

    def limit(self, account: str, limits: Limits) -> None:
        """Give ``account`` its limits; where they are as before, its buckets stay as full as they are."""
        with self._lock:
            known = self._buckets.get(account)
            if known is None or known[0] != limits:
                self._buckets[account] = (limits, self._fill(limits))

    def spend(self, account: str, kind: str) -> None:
        """Wait until one more request of ``kind`` may go out."""
        with self._lock:
            if account not in self._buckets:
                self._buckets[account] = (Limits(), self._fill(Limits()))
            bucket = self._buckets[account][1][kind]
        waited = bucket.take()
        if waited > 0:
            self._recorder.waited(account, kind, waited)

    def drop(self, account: str) -> None:
        """Forget an account."""
        with self._lock:
            self._buckets.pop(account, None)

    def _fill(self, limits: Limits) -> dict[str, TokenBucket]:
        reads, starts = limits.reads_per_second, limits.starts_per_second
        return {
            READS: TokenBucket(reads, max(10.0, 2 * reads), clock=self._clock, sleep=self._sleep),
            STARTS: TokenBucket(starts, max(1.0, starts), clock=self._clock, sleep=self._sleep),
        }
