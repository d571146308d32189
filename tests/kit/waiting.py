"""Waiting for what happens elsewhere, on a condition and never on a time: in other threads, processes and servers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from tools.apiclient import ApiError

T = TypeVar("T")
DEADLINE = 90.0
"""Seconds that anything may take on a machine with other things to do."""
_FIRST, _LAST = 0.001, 0.1
_AWAY = (OSError, ApiError)


def until(look: Callable[[], T | None], what: str, timeout: float = DEADLINE, told: Callable[[], str] = str) -> T:
    """Return the first true answer; a server that is away gives none.

    Raises:
        AssertionError: There was none in time; ``told`` says how things stood.
    """
    end, pause, away = time.monotonic() + timeout, _FIRST, None
    while True:
        try:
            answer = look()
        except _AWAY as error:
            answer, away = None, error
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not so after {timeout:.0f} s. {told()}") from away
        time.sleep(pause)
        pause = min(2 * pause, _LAST)


async def until_in_loop(condition: Callable[[], object]) -> None:
    """Wait until something is so in this event loop, which goes on meanwhile."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - the runner has no event for it, on purpose
            await asyncio.sleep(0.01)
