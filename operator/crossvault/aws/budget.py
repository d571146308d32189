"""How fast an account may be asked: one token bucket for reads and one for starts, shared by all policies.

Those of one namespace may use all of it while nobody else asks; namespaces that ask at the same time take turns.

AWS publishes no request rates for AWS Backup, and its throttle hits everybody in the account: we stay below it.
"""

from __future__ import annotations

import bisect
import threading
from collections.abc import Callable
from typing import Protocol, TypeAlias

from ..engine.declared import Limits
from .tenants import NOBODY

READS = "reads"
STARTS = "starts"

Place: TypeAlias = tuple[int, int]
"""The round in which it is somebody's turn, and when they came."""

_ROUNDING = 1e-9


class WaitRecorder(Protocol):
    """Takes note of the seconds somebody waited for the budget of an account."""

    def waited(self, account: str, kind: str, seconds: float) -> None:
        """Add ``seconds`` to what ``account`` has waited for ``kind``."""


class Line:
    """Who waits for a token, and for how long: pure, instants come in.

    Tenants go round: nobody's second request goes before anybody's first. A tenant that comes late joins the round
    that goes on, so that it waits for one request of each other one at most, however many they have.
    """

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._filled = now
        self._places: list[Place] = []
        self._number = 0
        self._round = 0
        self._last: dict[str, int] = {}

    def join(self, tenant: str, now: float) -> Place:
        """Queue up behind the tenant's own, and behind what others have in the same round."""
        self._fill(now)
        self._number += 1
        place = (max(self._round, self._last.get(tenant, -1) + 1), self._number)
        self._last[tenant] = place[0]
        bisect.insort(self._places, place)
        return place

    def wait(self, place: Place, now: float) -> float:
        """Return for how many seconds to wait before asking again; 0 gives the token, and the place is gone."""
        self._fill(now)
        needed = 1.0 + bisect.bisect_left(self._places, place)
        if self._tokens + _ROUNDING < needed:
            return (needed - self._tokens) / self._rate
        self._tokens -= 1.0
        self._round = max(self._round, place[0])
        self.leave(place)
        return 0.0

    def _fill(self, now: float) -> None:
        # What has come for those who wait is theirs, also when they are late to take it.
        most = max(self._burst, float(len(self._places)))
        self._tokens = min(most, self._tokens + max(0.0, now - self._filled) * self._rate)
        self._filled = now

    def leave(self, place: Place) -> None:
        """Give a place up."""
        self._places.remove(place)
        if not self._places:
            self._last.clear()


class TokenBucket:
    """A bucket that fills with ``rate`` tokens a second up to ``burst``; who finds it empty waits in :class:`Line`."""

    def __init__(
        self, rate: float, burst: float, *, clock: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._line = Line(rate, burst, clock())

    def take(self, tenant: str = NOBODY) -> float:
        """Take one token, waiting until there is one, and return the seconds waited."""
        with self._lock:
            now = self._clock()
            place = self._line.join(tenant, now)
            wait = self._line.wait(place, now)
        waited = 0.0
        while wait > 0:
            try:
                self._sleep(wait)
            except BaseException:
                with self._lock:
                    self._line.leave(place)
                raise
            waited += wait
            with self._lock:
                # Somebody may have come before us meanwhile, but nobody who was before us goes behind.
                wait = self._line.wait(place, self._clock())
        return waited


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

    def spend(self, account: str, kind: str, tenant: str = NOBODY) -> None:
        """Wait until one more request of ``kind`` may go out for a tenant."""
        with self._lock:
            if account not in self._buckets:
                self._buckets[account] = (Limits(), self._fill(Limits()))
            bucket = self._buckets[account][1][kind]
        waited = bucket.take(tenant)
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
