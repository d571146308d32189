"""Virtual time, and a heap of what is to happen in it.

Everything in the simulated AWS reads this clock; only signatures are judged by wall time, because clients sign with it.
Virtual time follows a clock that never steps, so that it does not run backwards when the machine's time is corrected.
"""

from __future__ import annotations

import heapq
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .fidelity import Behaviour

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class RealTime:
    """What tells real time: `wall` as epoch seconds, which may step either way, `steady` in seconds since whenever."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic


REAL = RealTime()


@dataclass(slots=True)
class Clock:
    """A clock that runs at a rate of real time, can be frozen and moved forward."""

    real: RealTime
    virtual_base: float
    steady_base: float
    rate: float = 1.0
    frozen: bool = False

    def now(self) -> float:
        """Virtual time as epoch seconds."""
        if self.frozen:
            return self.virtual_base
        return self.virtual_base + (self.real.steady() - self.steady_base) * self.rate

    def freeze(self, frozen: bool) -> None:
        """Stop or start the clock without a jump."""
        self._rebase()
        self.frozen = frozen

    def set_rate(self, rate: float) -> None:
        """Change the speed without a jump."""
        self._rebase()
        self.rate = rate

    def advance(self, seconds: float) -> None:
        """Jump forward."""
        self._rebase()
        self.virtual_base += seconds

    def wall_delay(self, moment: float) -> float:
        """Real seconds until a virtual moment is reached; infinite while frozen."""
        missing = moment - self.now()
        if missing <= 0:
            return 0.0
        return math.inf if self.frozen else missing / self.rate

    def wall_moment(self, moment: float) -> float:
        """Wall time at which a virtual moment will be reached; a frozen clock counts as running at rate 1."""
        missing = moment - self.now()
        return self.real.wall() + missing / (1.0 if self.frozen else self.rate)

    def _rebase(self) -> None:
        self.virtual_base = self.now()
        self.steady_base = self.real.steady()


class Count:
    """Numbers from 0 upwards; unlike itertools' it can be kept in a snapshot."""

    __slots__ = ("following",)

    def __init__(self, start: int = 0) -> None:
        self.following = start

    def __next__(self) -> int:
        found = self.following
        self.following += 1
        return found


@dataclass(frozen=True, slots=True)
class Failure:
    """What was due at a moment and failed: a bug of the simulator, or something that it cannot judge."""

    moment: float
    what: str
    error: Exception

    def __str__(self) -> str:
        return f"{self.what}, due at {self.moment:.3f}: {type(self.error).__name__}: {self.error}"


class Scheduler:
    """What happens when, in order of time; callbacks get the moment at which they were due."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._sequence = Count()

    def at(self, moment: float, happen: Callable[..., None], *about: Any) -> None:  # noqa: ANN401 - what happens knows
        """Plan `happen(*about, moment)`; a function of a module with plain arguments, so that snapshots can keep it."""
        heapq.heappush(self._heap, (moment, next(self._sequence), happen, about))

    def next_due(self) -> float | None:
        """When something happens next."""
        return self._heap[0][0] if self._heap else None

    def run(self, now: float, failed: Callable[[Failure], None], over: Callable[[], bool] = lambda: False) -> int:
        """Let everything happen that is due, including what that plans in turn; what fails stops nothing else.

        `over` tells that the world ends, whatever is still due.
        """
        count = 0
        while self._heap and self._heap[0][0] <= now and not over():
            moment, _, happen, about = heapq.heappop(self._heap)
            try:
                happen(*about, moment)
            except Exception as error:  # noqa: BLE001 - told to whoever moves time, not to whoever happens to call
                name = f"{happen.__module__}.{happen.__qualname__}".removeprefix("backup_simulator.")
                failed(Failure(moment, name, error))
            count += 1
        return count


FIDELITY = (
    Behaviour(
        "What fails although it is only due is told to the log and to whoever moves time; all else that is due happens",
        "ours",
        "test_clock.py::test_what_fails_when_it_is_due_stops_nothing_else",
    ),
    Behaviour(
        "Virtual time never runs backwards nor jumps by itself, whatever happens to the machine's wall clock",
        "ours",
        "test_clock.py::test_the_clock_never_runs_backwards",
    ),
)
