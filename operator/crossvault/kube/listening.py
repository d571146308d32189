"""Events heard in a thread of their own, brought into the event loop, and from there into the queue in their time.

They wait in the slow lane: what people change overtakes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from ..kinds.kind import ObjectKey
from ..work.agenda import Lane
from ..work.hearing import Answer, Hearing
from ..work.workers import Workers

Take: TypeAlias = Callable[[Sequence[Answer]], bool]


class Listen(Protocol):
    """Begins to listen."""

    def __call__(self, take: Take, stopping: Callable[[], bool], /) -> None:
        """Give all that is heard to ``take``, from whatever thread, until it is time to stop."""


class Listening:
    """What stands between whoever listens and the workers. All but :meth:`take` belongs to the event loop's thread."""

    def __init__(self, hearing: Hearing, workers: Workers[ObjectKey], loop: asyncio.AbstractEventLoop) -> None:
        self._hearing, self._workers, self._loop = hearing, workers, loop
        self._alarm: asyncio.TimerHandle | None = None
        self._closed = False
        hearing.rescheduled = self._wait

    def take(self, answers: Sequence[Answer]) -> bool:
        """Take in what was heard, from any thread; return whether there is anybody yet to do so."""
        if self._closed:
            return False
        try:
            self._loop.call_soon_threadsafe(self._heard, answers)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def close(self) -> None:
        """Hear nothing more."""
        self._closed = True
        if self._alarm is not None:
            self._alarm.cancel()

    def _heard(self, answers: Sequence[Answer]) -> None:
        if not self._closed:
            self._hearing.hear(answers, self._loop.time())

    def _wait(self, due: float) -> None:
        """Set the alarm for what is due first."""
        if self._closed:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        for key in self._hearing.due(self._loop.time()):
            self._workers.add(key, Lane.RESYNC)
        due = self._hearing.next_due()
        if due is not None and self._alarm is None:
            self._wait(due)
