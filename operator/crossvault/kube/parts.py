"""What passes work with: the parts of one process, and how a pass over an object is done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..engine.hints import Hint
from ..engine.rounds import Aws
from ..kinds.kind import Clock, ObjectKey, Request
from ..status.outcome import Cadence, Outcome
from ..work.board import Board
from ..work.freshness import Freshness
from ..work.hearing import Hearing
from ..work.vitals import Vitals
from . import objects
from .client import Api
from .events import Recorder
from .settings import OperatorSettings
from .store import Store
from .threads import Threads
from .writer import Writer


class Reconcile(Protocol):
    """The shape of :func:`reconcile`."""

    def __call__(
        self, request: Request, aws: Aws, *, clock: Clock, cadence: Cadence, stopping: Callable[[], bool]
    ) -> Outcome:
        """Do one pass over an object, in a thread."""


def reconcile(request: Request, aws: Aws, *, clock: Clock, cadence: Cadence, stopping: Callable[[], bool]) -> Outcome:
    """Do one pass over an object as its kind does it."""
    return request.reconcile(aws, clock=clock, cadence=cadence, stopping=stopping)


class Heed(Protocol):
    """Makes what was seen, before an instant, of what a hint is about too old for everybody."""

    def __call__(self, hint: Hint, at: datetime, /) -> None:
        """Do so; any thread may."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What passes work with; one set per process."""

    aws: Aws
    reconcile: Reconcile
    settings: OperatorSettings
    clock: Clock
    store: Store
    api: Api
    writer: Writer
    recorder: Recorder
    board: Board
    freshness: Freshness
    threads: Threads
    vitals: Vitals
    hearing: Hearing
    forget_account: Callable[[str], None]
    aside: Callable[[ObjectKey], AbstractContextManager[object]]
    heed: Heed

    def work(self, key: ObjectKey, request: Request, stopping: Callable[[], bool]) -> Outcome:
        """Reconcile in the thread of a pass, until it is told to stop or what it acts for has changed."""
        return self.reconcile(
            request,
            self.aws,
            clock=self.clock,
            cadence=self.settings.cadence,
            stopping=lambda: stopping() or self.is_overtaken(key, request),
        )

    def is_overtaken(self, key: ObjectKey, request: Request) -> bool:
        """Tell whether what a running pass acts for has changed: who suspends a policy wants no copy started after.

        Called in the thread of the pass; it reads what the event loop replaces as a whole and never changes.
        """
        current = self.store.get(key)
        return (
            current is None
            or objects.identity_of(current) != objects.identity_of(request.body)
            or self.store.desk.is_overtaken(key, request)
        )
