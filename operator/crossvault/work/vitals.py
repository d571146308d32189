"""Numbers for metrics, kept without a metrics library: counted in the event loop, read in the scrape's thread."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")

SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0)


@dataclass(frozen=True, slots=True)
class Buckets:
    """A histogram as Prometheus wants it: cumulative counts per upper bound, then +Inf, with the sum."""

    bounds: tuple[float, ...]
    cumulative: tuple[int, ...]
    total: float

    @property
    def count(self) -> int:
        """How many values were observed."""
        return self.cumulative[-1]


class Histogram:
    """Counts values into fixed buckets. Thread-safe, because scrapes read while passes write."""

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0
        self._lock = Lock()

    def observe(self, value: float) -> None:
        """Count one value."""
        with self._lock:
            self._counts[bisect_left(self._bounds, value)] += 1
            self._total += value

    def read(self) -> Buckets:
        """Return what was counted so far."""
        with self._lock:
            cumulative: list[int] = []
            for count in self._counts:
                cumulative.append(count + (cumulative[-1] if cumulative else 0))
            return Buckets(self._bounds, tuple(cumulative), self._total)


class Family(Generic[K]):
    """Histograms by label; a label appears with its first value."""

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self._bounds = bounds
        self._members: dict[K, Histogram] = {}

    def observe(self, label: K, value: float) -> None:
        """Count one value under a label."""
        member = self._members.get(label)
        if member is None:
            member = self._members.setdefault(label, Histogram(self._bounds))
        member.observe(value)

    def read(self) -> dict[K, Buckets]:
        """Return every label's histogram."""
        return {label: member.read() for label, member in list(self._members.items())}


class Tally(Generic[K]):
    """Counters by label."""

    def __init__(self) -> None:
        self._counts: Counter[K] = Counter()
        self._lock = Lock()

    def add(self, label: K, amount: int = 1) -> None:
        """Count under a label."""
        with self._lock:
            self._counts[label] += amount

    def read(self) -> dict[K, int]:
        """Return every label's count."""
        with self._lock:
            return dict(self._counts)


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """The work queue at one instant; ages in seconds, lanes by name."""

    depth: Mapping[str, int]
    oldest_age: Mapping[str, float]
    delayed: int
    running: int
    longest_running: float
    added: int
    retried: int
    waits: Mapping[str, Buckets]


@dataclass(slots=True)
class Vitals:
    """How the process itself is doing. One per process; every edge counts into it, metrics reads it.

    Attributes:
        passes: Duration of passes by (kind, outcome): ok, retry, error or deadline.
        loop_lag: How late the event loop runs what is due.
        internal_errors: Errors of class *bug* by the place where they were caught.
        api_requests: Our own requests to the API server by (verb, code); "timeout" and "unreachable" for no answer.
        watch_activity: Last event or watch connection per kind; bookmarks between them are not seen.
        hints: Messages of the event queue by what became of them.
        last_hint: When the last of them came.
    """

    passes: Family[tuple[str, str]] = field(default_factory=Family)
    loop_lag: Histogram = field(default_factory=Histogram)
    internal_errors: Tally[str] = field(default_factory=Tally)
    api_requests: Tally[tuple[str, str]] = field(default_factory=Tally)
    watch_activity: dict[str, datetime] = field(default_factory=dict)
    hints: Tally[str] = field(default_factory=Tally)
    last_hint: datetime | None = None
