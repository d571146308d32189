"""From what AWS's events hint at to which objects are looked at, and when: soon, once for many, and never too often.

A pure state machine over instants that the caller passes in; belongs to one thread. Whoever can write into the queue
writes what he likes, so several looks in a row that found nothing make an object deaf to further hints, ever longer, up
to the interval in which it is looked at anyway: in the long run forged events double its looks.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TypeAlias

from ..engine.hints import Fate, Hint, Notice
from ..kinds.kind import ObjectKey
from ..status.outcome import Outcome
from .desk import Desk
from .vitals import Vitals

QUIET = 2.0
"""Seconds between two looks at an object that hints have led to something at."""
AGAIN = 5.0
"""Seconds after which a look that has found nothing is repeated, once: AWS's lists may be late."""
PATIENT = 5
"""So many looks in a row may find nothing: of two events about one thing the second one has nothing to show."""
REMEMBERED = 10_000
"""So many events are known again by their ids."""

Heard: TypeAlias = Mapping[Hint, datetime]
"""What is hinted at, and when that was heard: what was seen before is too old."""
Answer: TypeAlias = Notice | Fate


@dataclass(slots=True)
class _Ear:
    """One object that there were hints about.

    Attributes:
        waiting: What it will be looked at for, at ``due``.
        again: Of a look that is repeated: what for.
        ready: What the next pass has to see anew.
        last: When it was last looked at because of hints.
        fruitless: How many looks in a row have found nothing.
    """

    last: float
    fruitless: int = 0
    waiting: dict[Hint, datetime] = field(default_factory=dict)
    again: frozenset[Hint] = frozenset()
    ready: dict[Hint, datetime] = field(default_factory=dict)
    due: float | None = None
    repeats: bool = False


class Hearing:
    """Hears hints.

    Args:
        desk: Knows which objects a hint is about.
        vitals: Counts what became of messages.
        longest: How long an object may be deaf.
        clock: The present, as what is read is dated by it.

    Attributes:
        rescheduled: Told when :meth:`due` has something earlier than it had.
    """

    def __init__(self, desk: Desk, vitals: Vitals, *, longest: timedelta, clock: Callable[[], datetime]) -> None:
        self._desk, self._vitals, self._clock = desk, vitals, clock
        self._longest = max(QUIET, longest.total_seconds())
        self._ears: dict[ObjectKey, _Ear] = {}
        self._heap: list[tuple[float, int, ObjectKey]] = []
        self._order = count()
        self._known: OrderedDict[str, None] = OrderedDict()
        self.rescheduled: Callable[[float], None] = lambda _due: None

    # --- in

    def hear(self, answers: Iterable[Answer], now: float) -> None:
        """Take in what messages were read as."""
        at = self._clock()
        for each in answers:
            self._vitals.hints.add(self._fate(each, now, at).value)
            self._vitals.last_hint = at

    def _fate(self, answer: Answer, now: float, at: datetime) -> Fate:
        if isinstance(answer, Fate):
            return answer
        if answer.id in self._known:
            self._known.move_to_end(answer.id)
            return Fate.DUPLICATE
        found = [self._desk.hinted(hint) for hint in answer.hints]
        if not any(found):
            return Fate.UNKNOWN
        self._known[answer.id] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        for concerned in found:
            for key, hints in concerned.items():
                self._offer(key, hints, now, at)
        return Fate.USED

    def _offer(self, key: ObjectKey, hints: Iterable[Hint], now: float, at: datetime) -> None:
        ear = self._ears.get(key)
        if ear is None:
            ear = self._ears[key] = _Ear(now - self._longest)
        if not ear.waiting:
            ear.fruitless = max(0, ear.fruitless - int((now - ear.last) / self._longest))
        ear.waiting |= dict.fromkeys(hints, at)
        self._set(key, ear, max(now, ear.last + self._quiet(ear)))

    def _quiet(self, ear: _Ear) -> float:
        """Return for how long an object is deaf after a look."""
        return min(QUIET * 2.0 ** min(max(0, ear.fruitless - PATIENT), 30), self._longest)

    def _set(self, key: ObjectKey, ear: _Ear, due: float) -> None:
        if ear.due is None or due < ear.due:
            ear.due = due
            heapq.heappush(self._heap, (due, next(self._order), key))
            if self._heap[0][0] == due:
                self.rescheduled(due)

    # --- out

    def next_due(self) -> float | None:
        """Return when :meth:`due` has something next; perhaps earlier."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> list[ObjectKey]:
        """Return what is to be looked at now."""
        keys = []
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            ear = self._ears.get(key)
            if ear is None or ear.due != due:
                continue
            ear.repeats = not ear.waiting
            ear.ready |= ear.waiting or dict.fromkeys(ear.again, self._clock())
            ear.waiting, ear.again, ear.due, ear.last = {}, frozenset(), None, now
            keys.append(key)
        return keys

    def take(self, key: ObjectKey) -> Heard:
        """Return what the pass that begins has to see anew."""
        ear = self._ears.get(key)
        if ear is None:
            return {}
        ready, ear.ready = ear.ready, {}
        return ready

    def looked(self, key: ObjectKey, heard: Heard, now: float, *, found: bool) -> None:
        """Note the end of a pass that had taken ``heard``, and whether it found, or did, anything."""
        ear = self._ears.get(key)
        if ear is None or not heard:
            return
        if found:
            ear.fruitless = 0
            return
        ear.fruitless += 1
        if not ear.repeats and not ear.waiting and ear.fruitless <= PATIENT:
            ear.again = frozenset(heard)
            self._set(key, ear, max(now + AGAIN, ear.last + QUIET))

    def forget(self, key: ObjectKey) -> None:
        """Forget an object that is gone."""
        self._ears.pop(key, None)


def found_any(outcome: Outcome, *, changed: bool) -> bool:
    """Tell whether a pass has done anything, or seen what ``changed`` the status; one that failed has not."""
    return bool(outcome.results or outcome.summary or changed) and not outcome.failed
