"""A few threads per account, so that one account that answers slowly holds up nobody else's reads.

They are daemons, because the end of the process must not wait for a read: reading leaves nothing half done.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeAlias, TypeVar

from . import tenants

T = TypeVar("T")
_Job: TypeAlias = "tuple[Future[Any], Callable[[], Any]]"

IDLE_SECONDS = 60.0


class RequestThreads:
    """At most ``size`` threads, started when there is work and ended when there was none for a while.

    Tenants take turns. One for whom nothing is being done gets a thread more if all are taken: behind the long lists
    of another it would wait for their ends otherwise, whatever the budget says.
    """

    def __init__(self, size: int, *, name: str, idle_seconds: float = IDLE_SECONDS) -> None:
        self._size = size
        self._name = name
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()
        self._jobs: dict[str, deque[_Job]] = {}  # in the order in which it is the tenants' turn
        self._busy: Counter[str] = Counter()
        self._running = 0
        self._idle = 0
        self._closed = False

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Do ``work`` in another thread, for whom this one asks; after :meth:`close` in this one."""
        future: Future[T] = Future()
        tenant = tenants.current()
        with self._changed:
            closed = self._closed
            if not closed:
                jobs = self._jobs.setdefault(tenant, deque())
                jobs.append((future, work))
                if self._idle >= sum(map(len, self._jobs.values())):
                    self._changed.notify()
                elif self._running < self._size or (len(jobs) == 1 and not self._busy[tenant]):
                    self._start()
        if closed:
            _do(future, work)
        return future

    def _start(self) -> None:
        self._running += 1
        threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def close(self) -> None:
        """Let the threads end after what was submitted."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            tenant, job = taken
            with tenants.asking_for(tenant):
                _do(*job)
            del job, taken
            with self._changed:
                self._busy[tenant] -= 1
                if not self._busy[tenant]:
                    del self._busy[tenant]

    def _next(self) -> tuple[str, _Job] | None:
        """Wait for the next job; None when this thread is to end."""
        with self._changed:
            if not self._jobs:
                self._idle += 1
                self._changed.wait_for(lambda: self._jobs or self._closed, self._idle_seconds)
                self._idle -= 1
            tenant = self._turn()
            if tenant is None:
                self._running -= 1
                return None
            jobs = self._jobs.pop(tenant)
            job = jobs.popleft()
            if jobs:
                self._jobs[tenant] = jobs
            self._busy[tenant] += 1
            return tenant, job

    def _turn(self) -> str | None:
        """Return the tenant whose turn it is; None when there is nothing to do, or more do it than there should."""
        idle = next((tenant for tenant in self._jobs if not self._busy[tenant]), None)
        if idle is not None:
            return idle
        return next(iter(self._jobs), None) if self._running <= self._size else None


def _do(future: Future[Any], work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001  # it is raised where the result is asked for
        future.set_exception(error)
