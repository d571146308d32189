"""An event loop on which time passes only when nothing else is to be done: no test waits for a clock."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.skip: Callable[[float], None] = lambda _seconds: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("everything waits, and nothing will ever happen")
        if not ready and timeout:
            self.skip(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time starts at zero and jumps to whatever is due next."""

    def __init__(self) -> None:
        selector = _Selector()
        super().__init__(selector)
        self._virtual = 0.0
        selector.skip = self._advance

    def _advance(self, seconds: float) -> None:
        self._virtual += seconds

    def time(self) -> float:
        """Return the virtual time."""
        return self._virtual


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in virtual time."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()
