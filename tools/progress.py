"""Show that something long goes on and how far it is: on stderr, because stdout is for the answer."""

import sys
import threading
import time
from types import TracebackType
from typing import Self

LIVE, QUIET = 1.0, 30.0


class Progress:
    """A line that says what is done, how far it is and for how long: renewed on a terminal, now and then elsewhere."""

    def __init__(self, text: str, far: str = "") -> None:
        self._far = far
        self._text, self._live = text, sys.stderr.isatty()
        self._started, self._done = time.monotonic(), threading.Event()
        self._clock = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        self._show()
        self._clock.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._clock.join()
        say(f"{self._text}: {'failed' if kind else 'done'} after {self._seconds():.0f} s")

    def tell(self, far: str) -> None:
        """Say how far it is; shown with the next line."""
        self._far = far

    def _seconds(self) -> float:
        return time.monotonic() - self._started

    def _tick(self) -> None:
        while not self._done.wait(LIVE if self._live else QUIET):
            self._show()

    def _show(self) -> None:
        far = f"{self._far}, " if self._far else ""
        say(f"{self._text} … {far}{self._seconds():.0f} s", over=self._live)


def say(text: str, *, over: bool = False) -> None:
    """Write a line, on a terminal in place of one that was to be written over."""
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(start + text, end="" if over else "\n", file=sys.stderr, flush=True)
