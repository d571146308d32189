"""How fast an account may be asked: one token bucket for reads and one for starts, shared by all policies.

Those of one namespace may use all of it while nobody else asks; namespaces that ask at the same time take turns. Who
has been quiet has its first requests in advance, so that a busy account answers it as soon as an idle one.

AWS publishes no request rates for AWS Backup, and its throttle hits everybody in the account: we stay below it.
"""

from __future__ import annotations

import bisect
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ..engine.declared import Limits
from . import aside
from .aside import Aside
from .tenants import NOBODY

READS = "reads"
STARTS = "starts"

QUIET = 60.0
"""Who has waited for nothing for so many seconds is a newcomer again."""

Place: TypeAlias = tuple[int, int, str]
"""The round in which it is somebody's turn, when they came, and who they are."""

_ROUNDING = 1e-9


class WaitRecorder(Protocol):
    """Takes note of the seconds somebody waited for the budget of an account."""

    def waited(self, account: str, kind: str, seconds: float) -> None:
        """Add ``seconds`` to what ``account`` has waited for ``kind``."""


@dataclass(slots=True)
class _Store:
    """Tokens that come at a rate, up to a most."""

    rate: float
    most: float
    tokens: float
    filled: float

    def fill(self, now: float, places: int = 0) -> float:
        """Add what has come since, and return what there is; more than the most is kept for those who wait."""
        most = max(self.most, float(places))
        self.tokens = min(most, self.tokens + max(0.0, now - self.filled) * self.rate)
        self.filled = now
        return self.tokens + _ROUNDING


@dataclass(slots=True)
class _Tenant:
    """What the line knows of one that asks."""

    due: float
    """What it may still have in advance."""
    asked: float
    waiting: int = 0
    round: int = -1
    """The last in which it had or has a place."""


class Line:
    """Who waits for a token, and for how long: pure, instants come in.

    Tenants go round: nobody's second request goes before anybody's first. A tenant that comes late joins the round
    that goes on, so that it waits for one request of each other one at most, however many they have.

    Who has been quiet for :data:`QUIET` seconds, and finds the tokens taken, has as many as the burst in advance, less
    what it finds. The line waits until they are paid back: in any time no more goes out than comes, and twice the
    burst. Advances take half of what comes at most, however many are quiet in turn: the line goes on after the time in
    which two bursts come, and then at half of its rate at least.
    """

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._burst = burst
        self._store = _Store(rate, burst, burst, now)
        self._advances = _Store(rate / 2, burst, burst, now)
        self._tenants: dict[str, _Tenant] = {}
        self._places: list[Place] = []
        self._number = 0
        self._round = 0
        self._last = 0

    def change(self, rate: float, burst: float, now: float) -> None:
        """Go on at another rate, with what is left and owed, so that changes to and fro give nobody a burst again."""
        for store, its_rate in ((self._store, rate), (self._advances, rate / 2)):
            store.fill(now, len(self._places))
            store.rate, store.most, store.tokens = its_rate, burst, min(store.tokens, burst)
        for one in self._tenants.values():
            one.due = min(one.due, burst)
        self._burst = burst

    def advance(self, tenant: str, now: float) -> bool:
        """Take a token before the line, if the tenant has one due and would have to wait for it otherwise."""
        there = self._store.fill(now, len(self._places))
        one = self._known(tenant, now)
        if there >= 1.0 + len(self._places) or one.due < 1.0 or self._advances.fill(now) < 1.0:
            return False
        self._advances.tokens -= 1.0
        self._take(one, now)
        return True

    def join(self, tenant: str, now: float) -> Place:
        """Queue up behind the tenant's own, and behind what others have in the same round."""
        one = self._known(tenant, now)
        one.round = max(self._round, one.round + 1)
        one.waiting += 1
        self._number += 1
        self._last = max(self._last, one.round)
        place = (one.round, self._number, tenant)
        self._store.fill(now, len(self._places))
        bisect.insort(self._places, place)
        return place

    def wait(self, place: Place, now: float) -> float:
        """Return for how many seconds to wait before asking again; 0 gives the token, and the place is gone."""
        # What has come for those who wait is theirs, also when they are late to take it.
        there = self._store.fill(now, len(self._places))
        needed = 1.0 + bisect.bisect_left(self._places, place)
        if there < needed:
            return (needed - self._store.tokens) / self._store.rate
        self._round = max(self._round, place[0])
        self._take(self._tenants[place[2]], now)
        self.leave(place)
        return 0.0

    def leave(self, place: Place) -> None:
        """Give a place up."""
        self._places.remove(place)
        self._tenants[place[2]].waiting -= 1
        if not self._places:
            # Nobody has had a turn in a round that has not begun.
            self._round = self._last + 1

    def _take(self, one: _Tenant, now: float) -> None:
        self._store.tokens -= 1.0
        one.due = max(0.0, one.due - 1.0)
        one.asked = now

    def _known(self, tenant: str, now: float) -> _Tenant:
        if self._tenants.get(tenant) is None or self._is_quiet(self._tenants[tenant], now):
            self._tenants = {name: one for name, one in self._tenants.items() if not self._is_quiet(one, now)}
            self._tenants[tenant] = _Tenant(self._burst, now)
        return self._tenants[tenant]

    def _is_quiet(self, one: _Tenant, now: float) -> bool:
        return not one.waiting and now - one.asked >= QUIET


class TokenBucket:
    """A bucket that fills with ``rate`` tokens a second up to ``burst``; who finds it empty waits in :class:`Line`."""

    def __init__(
        self, rate: float, burst: float, *, clock: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._line = Line(rate, burst, clock())

    def take(self, tenant: str = NOBODY, waiting: Aside = nullcontext) -> float:
        """Take one token, waiting until there is one, and return the seconds waited.

        What ``waiting`` returns is entered meanwhile.
        """
        with self._lock:
            now = self._clock()
            if self._line.advance(tenant, now):
                return 0.0
            place = self._line.join(tenant, now)
            wait = self._line.wait(place, now)
        if wait <= 0:
            return 0.0
        with waiting():
            return self._wait(place, wait)

    def _wait(self, place: Place, wait: float) -> float:
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

    def change(self, rate: float, burst: float) -> None:
        """Go on at another rate; who waits learns of it when the time is over that it was told to wait."""
        with self._lock:
            self._line.change(rate, burst, self._clock())


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
            if known is None:
                self._buckets[account] = (limits, self._fill(limits))
            elif known[0] != limits:
                for kind, bucket in known[1].items():
                    bucket.change(*_rates(limits)[kind])
                self._buckets[account] = (limits, known[1])

    def spend(self, account: str, kind: str, tenant: str = NOBODY) -> None:
        """Wait until one more request of ``kind`` may go out for a tenant."""
        with self._lock:
            if account not in self._buckets:
                self._buckets[account] = (Limits(), self._fill(Limits()))
            bucket = self._buckets[account][1][kind]
        waited = bucket.take(tenant, aside.waiting if kind == STARTS else nullcontext)
        if waited > 0:
            self._recorder.waited(account, kind, waited)

    def drop(self, account: str) -> None:
        """Forget an account."""
        with self._lock:
            self._buckets.pop(account, None)

    def _fill(self, limits: Limits) -> dict[str, TokenBucket]:
        return {
            kind: TokenBucket(*rates, clock=self._clock, sleep=self._sleep) for kind, rates in _rates(limits).items()
        }


def _rates(limits: Limits) -> dict[str, tuple[float, float]]:
    """Return rate and burst of each kind."""
    reads, starts = limits.reads_per_second, limits.starts_per_second
    return {READS: (reads, max(10.0, 2 * reads)), STARTS: (starts, max(2.0, 2 * starts))}
