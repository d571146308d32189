"""Parent jobs, of copies and of backups: how they end when their children have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter

UNFINISHED = frozenset({"CREATED", "PENDING", "RUNNING", "ABORTING"})


def ending(states: Counter[str]) -> str | None:
    """How a parent ends whose children are in these states (so many of each); None while some are at it."""
    counts = {state: count for state, count in states.items() if count}
    if UNFINISHED & counts.keys():
        return None
    if not counts.keys() - {"COMPLETED"}:
        return "COMPLETED"
    return "PARTIAL" if counts.keys() & {"COMPLETED", "PARTIAL"} else "FAILED"
