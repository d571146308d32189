r"""Logs for the operators of the operator: one line per fact, as JSON or as text, with the same keys everywhere.

One record is one line, whatever it holds: who could end a line could write the next one. In text the end of a line,
also of a traceback's, is written as ``\n``.

What a pass is about travels in a context variable, so that every line written during it (by any edge, in any thread
of the pass) says so. Extras that are not listed here are not printed: nothing secret slips in by accident.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from ..words.texts import LONGEST, one_line, plain_json, shortened

FIELDS = (
    "namespace", "name", "pass", "destination", "account", "region", "reason", "service", "operation", "outcome",
    "code", "request_id", "seconds", "count", "bytes", "waiting", "diff",
)  # fmt: skip

_about: ContextVar[Mapping[str, object]] = ContextVar("about", default={})  # noqa: B039 - never mutated

_HOUR = 3600.0
_REMEMBERED = 2048
_LONGEST_MESSAGE = 8192
_LONGEST_TRACEBACK = 32768
_VOLATILE = re.compile(r"#\d+(/\d+)?|0x[0-9a-f]+|\b\d+(\.\d+)?s\b")


@contextmanager
def about(**fields: object) -> Iterator[None]:
    """Have every line written inside carry these fields."""
    token = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(token)


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return the key-value pairs of a line, in their order."""
    present = _about.get()
    # "name" and "pass" are taken in a LogRecord and in Python, so they come from the context only.
    extras = {key: record.__dict__[key] for key in FIELDS if key != "name" and key in record.__dict__}
    known = {**present, **extras}
    return {key: _bounded(known[key]) for key in FIELDS if known.get(key) not in (None, "")}


def _bounded(value: object) -> object:
    """Return numbers as they are and everything else as a text with an end."""
    return value if isinstance(value, bool | int | float) else shortened(str(value), LONGEST)


def _message(record: logging.LogRecord) -> str:
    """Return what a record says, cut before anything looks at it."""
    return shortened(record.getMessage(), _LONGEST_MESSAGE)


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "msg": _message(record),
            **fields_of(record),
            "logger": record.name,
        }
        if record.exc_info:
            line["traceback"] = shortened(self.formatException(record.exc_info), _LONGEST_TRACEBACK)
        return plain_json(json.dumps(line, default=str, ensure_ascii=False))


class TextFormatter(logging.Formatter):
    """Time, level, sentence, then the pairs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        pairs = "  ".join(f"{key}={one_line(str(value), LONGEST)}" for key, value in fields_of(record).items())
        line = f"{at} {record.levelname:<7} {one_line(record.getMessage(), _LONGEST_MESSAGE)}"
        line += f"  {pairs}" if pairs else ""
        if record.exc_info:
            line += f"  traceback={one_line(self.formatException(record.exc_info), _LONGEST_TRACEBACK)}"
        return line


class Repeats(logging.Filter):
    """Lets a warning or error through when it is new, and then once an hour with how often it came meanwhile.

    What is logged with ``extra={"transition": True}`` is told once per change by whoever logs it, and always passes.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._known: OrderedDict[tuple[object, ...], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the line is to be written."""
        if record.levelno < logging.WARNING or record.__dict__.get("transition"):
            return True
        subject = _about.get()
        fact = _VOLATILE.sub("", _message(record))
        key = (record.name, record.levelno, fact, subject.get("namespace"), subject.get("name"))
        now = self._clock()
        since, suppressed = self._known.get(key, (None, 0))
        if since is not None and now - since < _HOUR:
            self._known[key] = (since, suppressed + 1)
            return False
        if suppressed:
            record.msg, record.args = f"{_message(record)} (and {suppressed} times more in the last hour)", ()
        self._known[key] = (now, 0)
        self._known.move_to_end(key)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return True


def configure(style: str, *, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send all logs to ``stream`` (stderr), as ``json`` or ``text``. Libraries speak up from warnings on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    handler.addFilter(Repeats())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("crossvault").setLevel(level)
