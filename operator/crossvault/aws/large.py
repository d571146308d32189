"""How many large answers are read at once: a few, however many threads ask.

A page of a thousand recovery points is a megabyte, and some more while it is read. A hundred of them at once are what
a process would need memory for all its life, and take the interpreter from each other. Who has one gives its turn back
before it asks again, and when its work is done; the others' answers wait in their connections.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LARGE = 65_536
"""Bytes from which on an answer is large; only listings are."""
AT_ONCE = 2
LONGEST = 1.0
"""Seconds for which a turn counts: a page takes some hundredths, and a connection that stalls must hold nobody up."""


class Turns:
    """Who reads a large answer.

    Args:
        at_once: How many do.
        longest: Seconds after which somebody's turn counts no more.
        clock: Seconds.
    """

    def __init__(self, at_once: int, longest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once = at_once
        self._longest = longest
        self._clock = clock
        self._ended = threading.Condition()
        self._since: dict[int, float] = {}

    def begin(self) -> None:
        """Wait for a turn of this thread."""
        me = threading.get_ident()
        with self._ended:
            while (left := self._left(me)) > 0:
                self._ended.wait(left)
            self._since[me] = self._clock()

    def end(self) -> None:
        """Give the turn of this thread back, if it has one."""
        if threading.get_ident() in self._since:  # only the thread itself adds or takes that
            with self._ended:
                del self._since[threading.get_ident()]
                self._ended.notify()

    def _left(self, me: int) -> float:
        """Return for how many seconds all turns are taken."""
        now = self._clock()
        taken = sorted(since + self._longest - now for whose, since in self._since.items() if whose != me)
        counting = [each for each in taken if each > 0]
        return counting[-self._at_once] if len(counting) >= self._at_once else 0.0


TURNS = Turns(AT_ONCE, LONGEST)
"""Those of the process: it has one memory."""
