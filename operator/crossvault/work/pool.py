"""Threads for passes: as many as the busiest minute needs, and no more than there is work for in the others."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, ParamSpec, TypeAlias, TypeVar

from ..aws.threads import IDLE_SECONDS, do

P = ParamSpec("P")
T = TypeVar("T")
_Job: TypeAlias = "tuple[Future[Any], Callable[[], Any]]"


class Pool(Executor):
    """At most so many threads, begun when there is work and ended when there was none for a while.

    The standard library's keeps each thread that it ever began, with its stack: two hundred of them are 10 MiB. They
    are daemons, because the end of the process must not wait for a pass; :meth:`shutdown` does, where it is told to.

    Args:
        most: How many threads there may be.
        name: Theirs.
        idle_seconds: How long one waits for more.
    """

    def __init__(self, most: int, *, name: str = "pass", idle_seconds: float = IDLE_SECONDS) -> None:
        self._most = most
        self._name = name
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._threads: set[threading.Thread] = set()
        self._idle = 0
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have something done in a thread.

        Raises:
            RuntimeError: After :meth:`shutdown`, or where there is no thread and none can be begun.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("nothing begins after the end")
            self._jobs.append((future, partial(fn, *args, **kwargs)))
            if self._idle >= len(self._jobs):
                self._changed.notify()
            elif len(self._threads) < self._most:
                self._begin()
        return future

    def _begin(self) -> None:
        thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the process may have no more; those that there are come to it
            if not self._threads:
                self._jobs.pop()
                raise
        else:
            self._threads.add(thread)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take nothing more; leave what waits, and wait for what runs, where told to."""
        with self._changed:
            self._closed = True
            left = [future for future, _ in self._jobs] if cancel_futures else []
            if cancel_futures:
                self._jobs.clear()
            running = [*self._threads]
            self._changed.notify_all()
        for future in left:
            future.cancel()
        for thread in running if wait else ():
            thread.join()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            do(*job)
            del job

    def _next(self) -> _Job | None:
        """Wait for the next job; None when this thread is to end."""
        with self._changed:
            if not self._jobs and not self._closed:
                self._idle += 1
                self._changed.wait_for(lambda: self._jobs or self._closed, self._idle_seconds)
                self._idle -= 1
            if self._jobs:
                return self._jobs.popleft()
            self._threads.discard(threading.current_thread())
            return None
