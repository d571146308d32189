"""Which key is to be worked on next: a pure state machine over instants that the caller passes in.

A key is in one place at a time: ready in a lane, running, or waiting for its instant. Adding a key that runs makes it
dirty, so that it runs once more afterwards: nothing is lost and nothing runs twice at once. The rules are those of
client-go's workqueue (https://pkg.go.dev/k8s.io/client-go/util/workqueue), with two lanes and one delay per key.

Keys that need the same thing (an AWS account, with its rate limit) share it: those whose needs are least in use come
first, so that work spreads over all accounts, and an account that hangs leaves workers to the others. Tenants
(namespaces) that wait for the same thing take turns at it, and none of them takes the last places.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import count
from threading import Lock
from typing import Generic, TypeAlias, TypeVar, assert_never

from .shares import Group, Places, Shares, Tenant
from .vitals import Family, QueueFigures

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
        overtakes: So many changes may overtake a waiting resync in a row, of several tenants.
        overtakes_of_one: So many of one tenant.
    """

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(minutes=15)
    shorten: float = 0.2
    spread: float = 0.1
    overtakes: int = 8
    overtakes_of_one: int = 1


@dataclass(slots=True)
class _Wait:
    """Until when a key waits, where it then queues, and what failed if it is a retry."""

    due: float
    lane: Lane
    cause: str | None


_NO_GROUP = Group(frozenset(), "")


class Agenda(Generic[K]):
    """The queue itself. Not async. Instants are seconds of one monotonic clock.

    Taking a key looks at every group a few times, however many keys are in it; the rest is O(log n) at most.
    """

    def __init__(
        self,
        *,
        pace: Pace | None = None,
        shares: Shares[K] | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._pace = pace or Pace()
        self._uniform = uniform
        self._ready: dict[Lane, dict[Group, dict[K, float]]] = {lane: {} for lane in Lane}
        self._queued: dict[K, tuple[Lane, Group]] = {}
        self._running: dict[K, float] = {}
        self._groups: dict[K, Group] = {}
        self._away: set[K] = set()
        self._places = Places(shares) if shares is not None else None
        self._dirty: dict[K, Lane] = {}
        self._waiting: dict[K, _Wait] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._order = count()
        self._failures: dict[K, int] = {}
        self._overtakers: Counter[Tenant] = Counter()
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
        group = self._group_of(key)
        queued = self._queued.get(key)
        if queued is not None:
            lane = Lane.CHANGE if queued[0] is Lane.CHANGE else lane
            if queued == (lane, group):
                return
            now = self._unqueue(key, *queued)
        self._queued[key] = lane, group
        self._ready[lane].setdefault(group, {})[key] = now

    def _group_of(self, key: K) -> Group:
        return self._places.group_of(key) if self._places is not None else _NO_GROUP

    def _unqueue(self, key: K, lane: Lane, group: Group) -> float:
        """Take a key out of its lane and return since when it was in one."""
        keys = self._ready[lane][group]
        since = keys.pop(key)
        if not keys:
            del self._ready[lane][group]
        del self._queued[key]
        return since

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
            choices = self._choices(now)
            lane = self._lane(choices)
            if lane is None:
                return None
            group = choices[lane]
            key = next(iter(self._ready[lane][group]))
            since = self._unqueue(key, lane, group)
            self._running[key] = now
            self._groups[key] = group
            if self._places is not None:
                self._places.take(group, now)
            self._waits.observe(lane.value, max(0.0, now - since))
            return key

    def _choices(self, now: float) -> dict[Lane, Group]:
        """Return the group whose first key is next in each lane in which one may run."""
        places = self._places
        if places is None:
            return {lane: _NO_GROUP for lane in Lane if self._ready[lane]}
        waiting = {
            lane: [(group, next(iter(keys.values()))) for group, keys in self._ready[lane].items()] for lane in Lane
        }
        places.keep((each for groups in waiting.values() for each in groups), now)
        found = {lane: places.next(groups, now) for lane, groups in waiting.items()}
        return {lane: group for lane, group in found.items() if group is not None}

    def _lane(self, choices: Mapping[Lane, Group]) -> Lane | None:
        """Choose between the lanes that have something to take.

        Edits are cheap to make: a tenant's may overtake others once, then it is a resync's turn.
        """
        waiting = Lane.RESYNC in choices
        if Lane.CHANGE in choices and (not waiting or self._may_overtake(choices[Lane.CHANGE])):
            if waiting:
                self._overtakers[choices[Lane.CHANGE].tenant] += 1
            else:
                self._overtakers.clear()
            return Lane.CHANGE
        self._overtakers.clear()
        return Lane.RESYNC if waiting else None

    def _may_overtake(self, group: Group) -> bool:
        most = self._pace.overtakes if self._places is None else self._pace.overtakes_of_one
        return self._overtakers.total() < self._pace.overtakes and self._overtakers[group.tenant] < most

    def _wake(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            wait = self._waiting.get(key)
            if wait is not None and wait.due == due:
                self._enqueue(key, due, wait.lane)

    def finish(self, key: K, then: Next, now: float) -> None:
        """End the pass over a key that :meth:`take` returned."""
        with self._lock:
            self._take_back(key)
            del self._running[key]
            group = self._groups.pop(key)
            if self._places is not None:
                self._places.release(group)
            self._settle(key, then, now)
            dirty = self._dirty.pop(key, None)
            if dirty is not None:
                self._enqueue(key, now, dirty)

    def lend(self, key: K) -> bool:
        """Let another key run while the pass over this one only waits; False where it cannot."""
        with self._lock:
            if key not in self._running or key in self._away:
                return False
            self._away.add(key)
            if self._places is not None:
                self._places.lend(self._groups[key])
            return True

    def take_back(self, key: K) -> None:
        """End what :meth:`lend` began."""
        with self._lock:
            self._take_back(key)

    def _take_back(self, key: K) -> None:
        if key in self._away:
            self._away.remove(key)
            if self._places is not None:
                self._places.take_back(self._groups[key])

    def away(self) -> int:
        """Return how many running keys only wait."""
        return len(self._away)

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

    def ready(self, now: float, enough: int) -> int:
        """Return how many keys could be taken now, those among them whose wait is over; or that there are ``enough``.

        Groups are not looked at any further than that.
        """
        with self._lock:
            self._wake(now)
        places, found = self._places, 0
        for lane in self._ready.values():
            for group, keys in lane.items():
                if places is None or places.has_room(group):
                    found += len(keys)
                if found >= enough:
                    return enough
        return found

    def running(self) -> frozenset[K]:
        """Return the keys being worked on."""
        return frozenset(self._running)

    def figures(self, now: float) -> QueueFigures:
        """Return the numbers of this instant. May be called from any thread."""
        with self._lock:
            queued = {
                lane: [since for keys in by_group.values() for since in keys.values()]
                for lane, by_group in self._ready.items()
            }
            return QueueFigures(
                depth={lane.value: len(ages) for lane, ages in queued.items()},
                oldest_age={lane.value: _oldest(ages, now) for lane, ages in queued.items()},
                delayed=len(self._waiting),
                running=len(self._running),
                longest_running=_oldest(self._running.values(), now),
                added=self._added,
                retried=self._retried,
                waits=self._waits.read(),
            )


def _oldest(since: Collection[float], now: float) -> float:
    return max(0.0, now - min(since)) if since else 0.0
