"""For whom AWS is asked: the namespace whose pass it is, known to whatever the pass asks, in its thread and in others.

What passes share is asked for by the first that needs it; that one's namespace counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

NOBODY = ""
"""Who asks for what belongs to no namespace: a pass over a BackupAccount."""

_namespace: ContextVar[str] = ContextVar("namespace", default=NOBODY)


def current() -> str:
    """Return the namespace for which this thread asks."""
    return _namespace.get()


@contextmanager
def asking_for(namespace: str) -> Iterator[None]:
    """Ask for a namespace what is asked inside."""
    before = _namespace.set(namespace)
    try:
        yield
    finally:
        _namespace.reset(before)
