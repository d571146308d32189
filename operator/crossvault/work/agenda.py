"""Which key is to be worked on next: a pure state machine over instants that the caller passes in.

A key is in one place at a time: ready in a lane, held until a share is free, running, or waiting for its instant.
Adding a key that runs makes it dirty, so that it runs once more afterwards: nothing is lost and nothing runs twice at
once. The rules are those of client-go's workqueue (https://pkg.go.dev/k8s.io/client-go/util/workqueue), with two lanes
and one delay per key. Keys that need the same thing (an AWS account) share it: no more than so many of them run at
once, so that one account that hangs leaves workers to all others.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import count
from threading import Lock
from typing import Generic, TypeAlias, TypeVar, assert_never

from .figures import Family, QueueFigures

K = TypeVar("K", bound=Hashable)

_COMPACT_FROM = 64


class Lane(StrEnum):
    """What is waited for: a person's change and deletion overtake resyncs and retries."""

    CHANGE = "change"
    RESYNC = "resync"


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more to do until somebody adds the key again."""


@dataclass(frozen=True, slots=True)
class After:
    """Look again after ``delay``."""

    delay: timedelta
    lane: Lane = Lane.RESYNC


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again with back-off, at the latest after ``longest``.

    ``cause`` names what has to recover, for :meth:`Agenda.reset_backoffs`.
    """

    cause: str = ""
    longest: timedelta | None = None


Next: TypeAlias = Done | After | Retry


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast failures are retried and how much resyncs are spread.

    Attributes:
        first: Delay before the first retry; it doubles with every further one.
        longest: No delay is longer.
        shorten: A retry comes up to this share earlier, so that keys that failed together part.
        spread: A resync comes up to this share earlier or later.
        overtakes: So many changes may overtake a waiting resync in a row.
    """

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(minutes=15)
    shorten: float = 0.2
    spread: float = 0.1
    overtakes: int = 8


@dataclass(frozen=True, slots=True)
class Shares(Generic[K]):
    """What keys share: at most ``most`` keys that need the same thing run at once.

    ``needed_by`` is asked each time a key could run, so that an edited key needs what it now says.
    """

    needed_by: Callable[[K], Collection[Hashable]]
    most: int


@dataclass(slots=True)
class _Wait:
    """Until when a key waits, where it then queues, and what failed if it is a retry."""

    due: float
    lane: Lane
    cause: str | None


@dataclass(slots=True)
class _Held:
    """Where a key queued, since when, and what it needs that others have their share of."""

    lane: Lane
    since: float
    need: Hashable


class Agenda(Generic[K]):
    """The queue itself. Not async; every method is O(log n) at most. Instants are seconds of one monotonic clock."""

    def __init__(
        self,
        *,
        pace: Pace | None = None,
        shares: Shares[K] | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._pace = pace or Pace()
        self._shares = shares
        self._uniform = uniform
        self._ready: dict[Lane, OrderedDict[K, float]] = {lane: OrderedDict() for lane in Lane}
        self._running: dict[K, float] = {}
        self._needs: dict[K, tuple[Hashable, ...]] = {}
        self._in_use: Counter[Hashable] = Counter()
        self._held: dict[K, _Held] = {}
        self._held_by: dict[Hashable, OrderedDict[K, None]] = {}
        self._dirty: dict[K, Lane] = {}
        self._waiting: dict[K, _Wait] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._order = count()
        self._failures: dict[K, int] = {}
        self._overtaken = 0
        self._added = 0
        self._retried = 0
        self._waits: Family[str] = Family()
        self._lock = Lock()  # figures() is called from the scrape's thread

    # --- in

    def add(self, key: K, now: float, lane: Lane = Lane.CHANGE) -> None:
        """Have the key worked on as soon as possible; a wait or a lower lane is given up for it."""
        with self._lock:
            self._added += 1
            self._enqueue(key, now, lane)

    def _enqueue(self, key: K, now: float, lane: Lane) -> None:
        if key in self._running:
            self._dirty[key] = Lane.CHANGE if lane is Lane.CHANGE else self._dirty.get(key, lane)
            return
        self._waiting.pop(key, None)
        held = self._held.get(key)
        if held is not None:
            held.lane = Lane.CHANGE if lane is Lane.CHANGE else held.lane
            return
        since = now
        if lane is Lane.CHANGE:
            since = self._ready[Lane.RESYNC].pop(key, now)
        elif key in self._ready[Lane.CHANGE]:
            return
        self._ready[lane].setdefault(key, since)

    def _wait(self, key: K, wait: _Wait) -> None:
        present = self._waiting.get(key)
        if present is not None and present.due <= wait.due:
            return
        self._waiting[key] = wait
        heapq.heappush(self._heap, (wait.due, next(self._order), key))
        if len(self._heap) > 2 * len(self._waiting) + _COMPACT_FROM:
            self._heap = [(w.due, next(self._order), k) for k, w in self._waiting.items()]
            heapq.heapify(self._heap)

    # --- out

    def take(self, now: float) -> K | None:
        """Return the key to work on now and count it as running; None when nothing is due."""
        with self._lock:
            self._wake(now)
            while (lane := self._lane()) is not None:
                key, since = self._ready[lane].popitem(last=False)
                needs = tuple(self._shares.needed_by(key)) if self._shares else ()
                used_up = next((each for each in needs if not self._free(each)), None)
                if used_up is not None:
                    self._hold(key, _Held(lane, since, used_up), needs)
                    continue
                self._running[key] = now
                self._needs[key] = needs
                self._in_use.update(needs)
                self._waits.observe(lane.value, max(0.0, now - since))
                return key
            return None

    def _free(self, need: Hashable) -> bool:
        return self._shares is None or self._in_use[need] < self._shares.most

    def _hold(self, key: K, held: _Held, needs: tuple[Hashable, ...]) -> None:
        """Set a key aside; what it was let go for and cannot use is the next one's turn."""
        self._held[key] = held
        self._held_by.setdefault(held.need, OrderedDict())[key] = None
        for each in needs:
            if each != held.need and self._free(each):
                self._let_go(each)

    def _let_go(self, need: Hashable) -> None:
        """Put the key that was held first for ``need`` at the head of its lane."""
        keys = self._held_by.get(need)
        if not keys:
            return
        key, _ = keys.popitem(last=False)
        if not keys:
            del self._held_by[need]
        held = self._held.pop(key)
        self._ready[held.lane][key] = held.since
        self._ready[held.lane].move_to_end(key, last=False)

    def _lane(self) -> Lane | None:
        change, resync = self._ready[Lane.CHANGE], self._ready[Lane.RESYNC]
        if change and (not resync or self._overtaken < self._pace.overtakes):
            self._overtaken = self._overtaken + 1 if resync else 0
            return Lane.CHANGE
        self._overtaken = 0
        return Lane.RESYNC if resync else None

    def _wake(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            wait = self._waiting.get(key)
            if wait is not None and wait.due == due:
                self._enqueue(key, due, wait.lane)

    def finish(self, key: K, then: Next, now: float) -> None:
        """End the pass over a key that :meth:`take` returned."""
        with self._lock:
            del self._running[key]
            for need in self._needs.pop(key):
                self._in_use[need] -= 1
                if not self._in_use[need]:
                    del self._in_use[need]
                self._let_go(need)
            self._settle(key, then, now)
            dirty = self._dirty.pop(key, None)
            if dirty is not None:
                self._enqueue(key, now, dirty)

    def _settle(self, key: K, then: Next, now: float) -> None:
        match then:
            case Done():
                self._failures.pop(key, None)
            case After(delay, lane):
                self._failures.pop(key, None)
                spread = self._uniform(1 - self._pace.spread, 1 + self._pace.spread)
                self._wait(key, _Wait(now + delay.total_seconds() * spread, lane, None))
            case Retry(cause, longest):
                failures = self._failures.get(key, 0)
                self._failures[key] = failures + 1
                self._retried += 1
                self._wait(key, _Wait(now + self._backoff(failures, longest), Lane.RESYNC, cause))
            case _:
                assert_never(then)

    def _backoff(self, failures: int, longest: timedelta | None) -> float:
        limit = min(self._pace.longest, longest or self._pace.longest).total_seconds()
        delay = min(self._pace.first.total_seconds() * 2.0 ** min(failures, 30), limit)
        return delay * self._uniform(1 - self._pace.shorten, 1.0)

    def reset_backoffs(self, now: float, cause: str) -> int:
        """Retry now what waits because of ``cause``, which has recovered. Returns how many keys that were."""
        with self._lock:
            keys = [key for key, wait in self._waiting.items() if wait.cause == cause]
            for key in keys:
                self._failures.pop(key, None)
                self._enqueue(key, now, Lane.RESYNC)
            return len(keys)

    # --- sight

    def next_due(self) -> float | None:
        """Return when the first waiting key is due; the instant may have been given up since."""
        return self._heap[0][0] if self._heap else None

    def ready(self) -> int:
        """Return how many keys could be taken now."""
        return sum(len(keys) for keys in self._ready.values())

    def running(self) -> frozenset[K]:
        """Return the keys being worked on."""
        return frozenset(self._running)

    def figures(self, now: float) -> QueueFigures:
        """Return the numbers of this instant. May be called from any thread."""
        with self._lock:
            queued = {lane: dict(keys) for lane, keys in self._ready.items()}
            for key, held in self._held.items():
                queued[held.lane][key] = held.since
            return QueueFigures(
                depth={lane.value: len(keys) for lane, keys in queued.items()},
                oldest_age={lane.value: _oldest(keys, now) for lane, keys in queued.items()},
                delayed=len(self._waiting),
                running=len(self._running),
                longest_running=_oldest(self._running, now),
                added=self._added,
                retried=self._retried,
                waits=self._waits.read(),
            )


def _oldest(since: dict[K, float], now: float) -> float:
    return max(0.0, now - min(since.values())) if since else 0.0
