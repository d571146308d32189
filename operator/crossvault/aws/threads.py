"""A few threads per account, so that one account that answers slowly holds up nobody else's reads.

They are daemons, because the end of the process must not wait for a read: reading leaves nothing half done.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
_Job: TypeAlias = "tuple[Future[Any], Callable[[], Any]]"

IDLE_SECONDS = 60.0


class Threads:
    """At most ``size`` threads, started when there is work and ended when there was none for a while."""

    def __init__(self, size: int, *, name: str, idle_seconds: float = IDLE_SECONDS) -> None:
        self._size = size
        self._name = name
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._running = 0
        self._pending = 0  # jobs that are waiting or being worked on
        self._closed = False

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Do ``work`` in another thread; after :meth:`close` in this one."""
        future: Future[T] = Future()
        with self._lock:
            closed = self._closed
            if not closed:
                self._pending += 1
                self._jobs.put((future, work))
                if self._running < min(self._size, self._pending):
                    self._running += 1
                    threading.Thread(target=self._run, name=self._name, daemon=True).start()
        if closed:
            _do(future, work)
        return future

    def close(self) -> None:
        """Let the threads end after what was submitted."""
        with self._lock:
            self._closed = True
            for _ in range(self._running):
                self._jobs.put(None)

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._idle_seconds)
            except queue.Empty:
                with self._lock:
                    if not self._jobs.empty():
                        continue  # submitted since, counting on this thread
                    self._running -= 1
                return
            if job is None:  # nothing can stand behind it
                return
            _do(*job)
            del job
            with self._lock:
                self._pending -= 1


def _do(future: Future[Any], work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001  # it is raised where the result is asked for
        future.set_exception(error)
