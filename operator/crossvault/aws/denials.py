"""What AWS has denied to one identity of late, until the same is allowed, or nobody has asked for it for an hour.

And which actions it has let pass: what a pass has just done needs no trial.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from ..words.problems import Problem
from ..words.reasons import Reason
from . import errors

LASTS = timedelta(hours=1)
"""What is denied is asked again sooner than that, by whoever needs it."""
MOST = 200


def trying(action: str) -> str:
    """Return in words that an action is tried out for nothing but to find out."""
    return f"try out {action}"


class Denials:
    """By what was asked. Thread-safe."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._heard: dict[tuple[str, str, str], tuple[datetime, Problem]] = {}
        self._passed: dict[str, datetime] = {}

    def heard(self, what: str, action: str, region: str, problem: Problem) -> None:
        """Keep a problem that is a denial; the newest take the places of the oldest."""
        if problem.reason is not Reason.ACCESS_DENIED:
            return
        key = (what, action, region)
        with self._lock:
            self._heard.pop(key, None)
            self._heard[key] = (self._clock(), problem)
            if len(self._heard) > MOST:
                del self._heard[next(iter(self._heard))]

    def allowed(self, what: str, action: str, region: str) -> None:
        """Forget a denial: the same was allowed, or what was only tried out."""
        self._passed[action] = self._clock()  # one assignment; there are as many as the operator knows actions
        if self._heard:
            with self._lock:
                self._heard.pop((what, action, region), None)
                self._heard.pop((trying(action), action, region), None)

    def of_late(self) -> tuple[tuple[str, Problem], ...]:
        """Return what was denied, by the action that AWS names where it does; of each the last problem."""
        since = self._clock() - LASTS
        with self._lock:
            self._heard = {key: each for key, each in self._heard.items() if each[0] > since}
            found = [(errors.denied_action(problem, key[1]), problem) for key, (_, problem) in self._heard.items()]
        return tuple(sorted(dict(found).items(), key=lambda each: each[0]))

    def passed_of_late(self) -> frozenset[str]:
        """Return the actions that AWS has let pass, each at least once."""
        since = self._clock() - LASTS
        return frozenset(action for action, at in list(self._passed.items()) if at > since)
