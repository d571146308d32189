"""What a host is told while a pass does nothing but wait: somebody else may work then.

A pass asks, and starts, what its account allows in some seconds, or hangs as long as its account does. Twenty of them
would hold all workers of a process, asleep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TypeAlias

Aside: TypeAlias = Callable[[], AbstractContextManager[object]]

_aside: ContextVar[Aside] = ContextVar("aside", default=nullcontext)


def waiting() -> AbstractContextManager[object]:
    """Step aside: inside, this thread only waits."""
    return _aside.get()()


@contextmanager
def stepping(aside: Aside) -> Iterator[None]:
    """Have ``aside`` entered for as long as somebody waits inside."""
    before = _aside.set(aside)
    try:
        yield
    finally:
        _aside.reset(before)
