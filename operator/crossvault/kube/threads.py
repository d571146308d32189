"""Passes over AWS block, so they run in threads of their own; here is where they are waited for, with a bound.

A thread cannot be ended. One that is overdue is told so before its next action, and its key stays taken until it
returns: nothing runs twice at once.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import nullcontext
from datetime import timedelta

from ..aws.aside import Aside, stepping
from ..status.outcome import Outcome
from ..work.pool import Pool
from ..work.workers import LENT


class Overdue(Exception):  # noqa: N818 - a state the caller goes on from, with the pass that is still running
    """A pass did not end within its deadline; ``pending`` is its end."""

    def __init__(self, pending: asyncio.Future[Outcome]) -> None:
        super().__init__("The pass did not end within its deadline.")
        self.pending = pending


class EndingError(Exception):
    """The process is about to end: no pass starts any more."""


class Threads:
    """The bounded pool for passes, or one that is given. ``stopping`` says that the process is about to end."""

    def __init__(self, count: int, stopping: Callable[[], bool], pool: Executor | None = None) -> None:
        self._pool = pool or Pool(count * (1 + LENT))
        self._count = count
        self._stopping = stopping
        self._overdue = 0

    async def run(
        self, work: Callable[[Callable[[], bool]], Outcome], deadline: timedelta, aside: Aside = nullcontext
    ) -> Outcome:
        """Run ``work(stopping)`` in a thread and return what it returns, or raise :class:`Overdue`.

        What ``aside`` returns is entered while it only waits.
        """
        if self._stopping():
            raise EndingError
        late = threading.Event()
        context = contextvars.copy_context()

        def whole() -> Outcome:
            with stepping(aside):
                return work(lambda: late.is_set() or self._stopping())

        pending = asyncio.get_running_loop().run_in_executor(self._pool, context.run, whole)
        done, _ = await asyncio.wait({pending}, timeout=deadline.total_seconds())
        if done:
            return pending.result()
        late.set()
        self._overdue += 1
        pending.add_done_callback(self._returned)
        raise Overdue(pending)

    def _returned(self, _pending: asyncio.Future[Outcome]) -> None:
        self._overdue -= 1

    def exhausted(self) -> bool:
        """Tell whether every thread is stuck in an overdue pass: only another process helps."""
        return self._overdue >= self._count

    def close(self) -> None:
        """Start nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
