"""Waiting for what happens in other threads, on a condition and never on a time."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(look: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + 10
    while not look():
        assert time.monotonic() < end
        time.sleep(0.001)
