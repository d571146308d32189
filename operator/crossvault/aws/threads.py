"""A few threads per account, so that one account that answers slowly holds up nobody else's reads.

They are daemons, because the end of the process must not wait for a read: reading leaves nothing half done.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Protocol, TypeAlias, TypeVar

from . import aside, large, tenants

T = TypeVar("T")
_Job: TypeAlias = "tuple[Future[Any], Callable[[], Any]]"

IDLE_SECONDS = 1.0
"""A thread that waits for work keeps its stack, which is more than it takes to begin another one."""
PROMPT = 0.2
"""Answers that take longer than so many seconds wait for the budget, or for an account that is slow."""


class Threads(Protocol):
    """Where one account's reads are done."""

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Have ``work`` done, now or soon."""

    def close(self) -> None:
        """Take nothing more."""


NewThreads: TypeAlias = Callable[[str], Threads]
"""Makes the threads of an account, by its name."""


class NoThreads:
    """Every read is done at once, by whoever asks: one after the other, in the same order each time."""

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Do ``work``."""
        future: Future[T] = Future()
        do(future, work)
        return future

    def close(self) -> None:
        """Nothing is held."""


class RequestThreads:
    """At most ``size`` threads for each tenant, started when there is work and ended when there was none for a while.

    What tenants ask for at once is bounded by the workers. Threads that were shared would keep one that comes behind
    the long lists of another, which wait for the budget, whatever the budget has for it.
    """

    def __init__(self, size: int, *, name: str, idle_seconds: float = IDLE_SECONDS) -> None:
        self._size = size
        self._name = name
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()
        self._jobs: dict[str, deque[_Job]] = {}
        self._busy: Counter[str] = Counter()
        self._idle = 0
        self._closed = False

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Do ``work`` in another thread for whom this one asks; in this one after :meth:`close`, or without threads."""
        future: Future[T] = Future()
        tenant = tenants.current()
        with self._changed:
            taken = not self._closed and self._take(tenant, (future, work))
        if not taken:
            do(future, work)
        return future

    def _take(self, tenant: str, job: _Job) -> bool:
        """Queue a job up and see to a thread for it; False where there is none and none can be started."""
        jobs = self._jobs.setdefault(tenant, deque())
        jobs.append(job)
        if self._idle >= self._possible():
            self._changed.notify()
        elif self._busy[tenant] + len(jobs) <= self._size:
            try:
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
            except RuntimeError:  # the process may have no more threads
                jobs.pop()
                if not jobs:
                    del self._jobs[tenant]
                return False
        return True

    def _possible(self) -> int:
        """Return how many jobs could be done now, had they threads."""
        return sum(min(len(jobs), self._size - self._busy[tenant]) for tenant, jobs in self._jobs.items())

    def close(self) -> None:
        """Let the threads end after what was submitted."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            tenant, job = taken
            with tenants.asking_for(tenant):
                do(*job)
            del job, taken
            with self._changed:
                self._busy -= Counter([tenant])

    def _next(self) -> tuple[str, _Job] | None:
        """Wait for the next job; None when this thread is to end."""
        with self._changed:
            if not self._possible():
                self._idle += 1
                self._changed.wait_for(lambda: self._possible() or self._closed, self._idle_seconds)
                self._idle -= 1
            tenant = next((tenant for tenant in self._jobs if self._busy[tenant] < self._size), None)
            if tenant is None:
                return None
            job = self._jobs[tenant].popleft()
            if not self._jobs[tenant]:
                del self._jobs[tenant]
            self._busy[tenant] += 1
            return tenant, job


def awaited(future: Future[T]) -> Callable[[], T]:
    """Return what waits for a result; whoever has to wait for long steps aside meanwhile."""

    def result() -> T:
        if future.done() or wait((future,), PROMPT).done:
            return future.result()
        with aside.waiting():
            return future.result()

    return result


def do(future: Future[Any], work: Callable[[], Any]) -> None:
    """Do what a future is the result of."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        try:
            found = work()
        finally:
            large.TURNS.end()
    except BaseException as error:  # noqa: BLE001  # it is raised where the result is asked for
        future.set_exception(error)
    else:
        future.set_result(found)
