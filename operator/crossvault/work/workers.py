"""The workers: N tasks that take keys from an agenda and run one handler for each.

A handler that raises is a bug of ours: it is logged with its traceback, counted, and tried again with back-off.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

from .agenda import Agenda, Lane, Next, Retry
from .shares import Shares
from .vitals import QueueFigures, Vitals

K = TypeVar("K", bound=Hashable)

LENT = 10
"""So many passes for each worker may wait at most while others work in their places."""

_logger = logging.getLogger(__name__)


class Workers(Generic[K]):
    """Runs ``handle(key)`` for every key that is due, at most ``count`` at once and never twice for one key.

    Of the keys for which ``needed_by`` names the same thing (an AWS account), at most half as many run at once. Those
    of one tenant never take the last places: a fifth of that half is left to others, and half of the workers that the
    others leave (a tenth, while it is alone), so that nobody need wait for the end of a pass to begin.

    A pass that only waits steps :meth:`aside`, and another one may run in its place.

    All methods but :meth:`figures` and :meth:`aside` belong to the event loop's thread.
    """

    def __init__(
        self,
        handle: Callable[[K], Awaitable[Next]],
        *,
        count: int,
        vitals: Vitals,
        agenda: Agenda[K] | None = None,
        needed_by: Callable[[K], Iterable[Hashable]] | None = None,
        tenant_of: Callable[[K], Hashable] | None = None,
        alone: Callable[[], bool] = lambda: False,
        kind_of: Callable[[K], str] = str,
    ) -> None:
        self._handle = handle
        self._count = count
        self._vitals = vitals
        self._agenda = agenda or Agenda(shares=shares_of(count, needed_by, tenant_of, alone) if needed_by else None)
        self._kind_of = kind_of
        self._loop = asyncio.get_running_loop()
        self._clock = self._loop.time
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._idle: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False
        self._stand_ins: set[asyncio.Task[None]] = set()

    # --- what there is to do

    def add(self, key: K, lane: Lane = Lane.CHANGE) -> None:
        """Have a key worked on."""
        self._agenda.add(key, self._clock(), lane)
        self._signal()

    def reset_backoffs(self, cause: str) -> None:
        """Retry now what waits because of ``cause``."""
        count = self._agenda.reset_backoffs(self._clock(), cause)
        if count:
            _logger.info("Retrying %d keys now: %s has recovered", count, cause)
        self._signal()

    def figures(self) -> QueueFigures:
        """Return the queue's numbers. May be called from any thread."""
        return self._agenda.figures(self._clock())

    def running(self) -> frozenset[K]:
        """Return the keys being worked on."""
        return self._agenda.running()

    # --- who does it

    def start(self) -> None:
        """Start the workers. Keys added before wait until now."""
        names = (f"worker-{number}" for number in range(self._count))
        self._tasks = tuple(self._loop.create_task(self._work(), name=name) for name in names)

    def alive(self) -> bool:
        """Tell whether every started worker still runs."""
        return not any(task.done() for task in self._tasks)

    async def drain(self, timeout: float) -> bool:  # noqa: ASYNC109 - a bound for all of them, not for one await
        """Take no more keys, wait for the running passes up to ``timeout`` seconds, then cancel the rest.

        Returns whether every pass came to its end.
        """
        self._stopping = True
        while self._idle:
            _wake(self._idle.popleft())
        tasks = (*self._tasks, *self._stand_ins)
        if not tasks:
            return True
        _, late = await asyncio.wait(tasks, timeout=timeout)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return not late

    # --- who only waits

    @contextmanager
    def aside(self, key: K) -> Iterator[None]:
        """Let somebody else work while the pass over a key, in whose thread this is entered, only waits."""
        self._tell(self._lend, key)
        try:
            yield
        finally:
            self._tell(self._agenda.take_back, key)

    def _tell(self, what: Callable[[K], None], key: K) -> None:
        with suppress(RuntimeError):  # the loop has ended before the pass
            self._loop.call_soon_threadsafe(what, key)

    def _lend(self, key: K) -> None:
        if not self._stopping and self._agenda.away() < self._count * LENT and self._agenda.lend(key):
            self._signal()

    async def _stand_in(self) -> None:
        while not self._stopping and len(self._stand_ins) <= self._agenda.away():
            key = self._agenda.take(self._clock())
            if key is None:
                return
            self._signal()
            await self._pass(key)

    async def _work(self) -> None:
        while not self._stopping:
            key = self._agenda.take(self._clock())
            self._signal()
            if key is None:
                await self._rest()
                continue
            await self._pass(key)

    async def _pass(self, key: K) -> None:
        start = self._clock()
        then: Next = Retry()
        outcome = "error"
        try:
            then = await self._handle(key)
            outcome = "retry" if isinstance(then, Retry) else "ok"
        except Exception:  # the last resort: whatever a pass raises, the worker lives on
            self._vitals.internal_errors.add("pass")
            _logger.exception("Failing because of a bug in a pass over %s; please report it", key)
        finally:
            now = self._clock()
            self._agenda.finish(key, then, now)
            self._vitals.passes.observe((self._kind_of(key), outcome), now - start)
            self._signal()

    # --- sleeping and waking

    async def _rest(self) -> None:
        waiter = self._loop.create_future()
        self._idle.append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._idle:
                self._idle.remove(waiter)

    def _signal(self) -> None:
        """Wake as many workers as there are keys, or send for a stand-in; set the alarm for the next key that waits."""
        ready = self._agenda.ready(self._clock(), max(1, len(self._idle)))
        if self._idle:
            for _ in range(ready):
                _wake(self._idle.popleft())
        elif self._tasks and ready and len(self._stand_ins) < self._agenda.away():
            stand_in = self._loop.create_task(self._stand_in(), name="stand-in")
            self._stand_ins.add(stand_in)
            stand_in.add_done_callback(self._stand_ins.discard)
        due = self._agenda.next_due()
        if self._timer is not None:
            if due is not None and self._timer.when() == due and not self._timer.cancelled():
                return
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer = self._loop.call_at(due, self._alarm)

    def _alarm(self) -> None:
        self._timer = None
        self._signal()


def shares_of(
    count: int,
    needed_by: Callable[[K], Iterable[Hashable]],
    tenant_of: Callable[[K], Hashable] | None = None,
    alone: Callable[[], bool] = lambda: False,
) -> Shares[K]:
    """Return how ``count`` workers are shared."""
    most = max(1, count // 2)
    if tenant_of is None:
        return Shares(needed_by, most)
    return Shares(
        needed_by,
        most,
        tenant_of=tenant_of,
        most_of_one=most - most // 5,
        workers=count,
        alone=alone,
    )


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
