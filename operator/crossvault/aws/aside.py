"""What a host is told while a pass does nothing but wait for its turn to start a copy: somebody else may work then.

A pass starts what its account allows in some seconds. Twenty of them would hold all workers of a process, asleep.
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
