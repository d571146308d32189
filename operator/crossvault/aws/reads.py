"""Reads that many policies share: one fetch at a time per key, reused as long as nobody needs a newer answer.

A value counts as old as the moment its fetch began. Errors reach everybody who waited for that fetch and are not kept,
but for those that took long: an account that hangs would hold up the passes of all others, one policy after the other.

Of what very many share, each tenant has a fetch of its own: it must not wait for one that waits for the budget behind
all that another tenant has asked for. Whichever ends first serves everybody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar, cast

from ..words.problems import CrossvaultError

T = TypeVar("T")
ReadKey: TypeAlias = tuple[Hashable, ...]

KEPT = timedelta(hours=2)
SWEEP = timedelta(minutes=5)
SLOW = timedelta(seconds=5)
LONGEST = timedelta(minutes=1)
MARKED = timedelta(days=2)
"""For longer than anything is kept."""


@dataclass(slots=True)
class _Entry:
    value: Any
    at: datetime
    touched: datetime
    stale: bool = False


@dataclass(slots=True)
class _Flight:
    began: datetime
    landed: threading.Event = field(default_factory=threading.Event)
    value: Any = None
    error: BaseException | None = None


class SharedReads:
    """The answers of AWS by key. Thread-safe; the lock is never held while AWS is asked.

    Args:
        clock: The present.
        marks_of: Which marks make the answer to a key old; see :meth:`outdate`.
    """

    def __init__(
        self, clock: Callable[[], datetime], marks_of: Callable[[ReadKey], Iterable[Hashable]] = lambda _key: ()
    ) -> None:
        self._clock = clock
        self._marks_of = marks_of
        self._marks: dict[Hashable, datetime] = {}
        self._lock = threading.Lock()
        self._entries: dict[ReadKey, _Entry] = {}
        self._by_kind: dict[Hashable, dict[ReadKey, None]] = {}
        self._flights: dict[tuple[ReadKey, str], _Flight] = {}
        self._troubles: dict[ReadKey, tuple[CrossvaultError, datetime]] = {}
        self._swept = clock()

    def get(self, key: ReadKey, not_before: datetime, fetch: Callable[[], T], who: str = "") -> tuple[T, datetime]:
        """Return the value of ``key`` and when its fetch began, which is not before ``not_before``.

        With ``who`` no fetch is waited for that somebody else began.
        """
        not_before = self._least(key, not_before)
        while True:
            with self._lock:
                now = self._clock()
                self._sweep(now)
                entry = self._entries.get(key)
                if entry is not None and not entry.stale and entry.at >= not_before:
                    entry.touched = now
                    return cast("T", entry.value), entry.at
                trouble = self._troubles.get(key)
                if trouble is not None and now < trouble[1]:
                    raise CrossvaultError(trouble[0].problem)
                flight = self._flights.get((key, who))
                if flight is None:
                    flight = self._flights[key, who] = _Flight(now)
                    break
            flight.landed.wait()
            if flight.began >= not_before:
                return _result(flight)
            # It began too early for us; now that it has landed, the next one is ours or somebody's who needs it too.
        return self._fly((key, who), flight, fetch)

    def cached(self, key: ReadKey, not_before: datetime) -> tuple[Any, datetime] | None:
        """Return what :meth:`get` would return without fetching or waiting."""
        not_before = self._least(key, not_before)
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.stale or entry.at < not_before:
                return None
            entry.touched = self._clock()
            return entry.value, entry.at

    def _fly(self, mine: tuple[ReadKey, str], flight: _Flight, fetch: Callable[[], T]) -> tuple[T, datetime]:
        try:
            flight.value = fetch()
        except BaseException as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                if self._flights.get(mine) is flight:
                    del self._flights[mine]
                    self._keep(mine[0], flight, self._clock())
            flight.landed.set()
        return flight.value, flight.began

    def _keep(self, key: ReadKey, flight: _Flight, now: datetime) -> None:
        """Keep an answer for whom it is young enough, and a slow error as long as it took to come by."""
        took = now - flight.began
        self._troubles.pop(key, None)
        entry = self._entries.get(key)
        if entry is not None and not entry.stale and entry.at > flight.began:
            return  # somebody else's that began later, and has ended before
        if flight.error is None:
            self._entries[key] = _Entry(flight.value, flight.began, now)
            self._by_kind.setdefault(key[0], {})[key] = None
        elif isinstance(flight.error, CrossvaultError) and took >= SLOW:
            self._troubles[key] = (flight.error, now + min(took, LONGEST))

    def last(self, key: ReadKey) -> Any:  # noqa: ANN401 - whatever was fetched
        """Return what was fetched last, however old; None where there is nothing, or somebody wrote since."""
        with self._lock:
            entry = self._entries.get(key)
            return None if entry is None or entry.stale else entry.value

    def outdate(self, marks: Iterable[Hashable], at: datetime) -> None:
        """Let nobody be given, for a key that has one of these marks, what began to be read before ``at``."""
        with self._lock:
            for each in marks:
                self._marks[each] = max(at, self._marks.get(each, at))

    def _least(self, key: ReadKey, not_before: datetime) -> datetime:
        if not self._marks:
            return not_before
        with self._lock:
            marked = [self._marks[each] for each in self._marks_of(key) if each in self._marks]
            return max([not_before, *marked])

    def invalidate(self, key: ReadKey) -> None:
        """Let nobody reuse what was read, or is being read, before now.

        The value stays visible to :meth:`values`: what is known to be running does not vanish by a write.
        """
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                entry.stale = True
            for each in [each for each in self._flights if each[0] == key]:
                del self._flights[each]
            self._troubles.pop(key, None)

    def values(self, kind: Hashable) -> Iterator[tuple[ReadKey, Any, datetime]]:
        """Yield key, value and age of everything kept whose key begins with ``kind``."""
        with self._lock:
            entries = [(key, self._entries[key]) for key in self._by_kind.get(kind, ())]
            found = [(key, entry.value, entry.at) for key, entry in entries]
        yield from found

    def forget(self, belongs: Callable[[ReadKey], bool]) -> None:
        """Drop every entry whose key ``belongs`` to something that is gone."""
        with self._lock:
            self._drop([key for key in self._entries if belongs(key)])
            for each in [each for each in self._flights if belongs(each[0])]:
                del self._flights[each]
            for key in [key for key in self._troubles if belongs(key)]:
                del self._troubles[key]

    def __len__(self) -> int:
        return len(self._entries)

    def _drop(self, keys: Iterable[ReadKey]) -> None:
        for key in keys:
            del self._entries[key]
            alike = self._by_kind[key[0]]
            del alike[key]
            if not alike:
                del self._by_kind[key[0]]

    def _sweep(self, now: datetime) -> None:
        if now - self._swept < SWEEP:
            return
        self._swept = now
        self._marks = {each: at for each, at in self._marks.items() if now - at < MARKED}
        self._drop([key for key, entry in self._entries.items() if now - entry.touched >= KEPT])
        for key in [key for key, (_, until) in self._troubles.items() if now >= until]:
            del self._troubles[key]


def _result(flight: _Flight) -> tuple[Any, datetime]:
    if flight.error is not None:
        raise flight.error
    return flight.value, flight.began
