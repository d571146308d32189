"""What passes work with: the parts of one process, and the core as far as this edge calls it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..engine.rounds import Aws
from ..kinds.account.reconcile import reconcile_account
from ..kinds.policy.reconcile import Clock, PolicyRequest, reconcile_policy
from ..status.outcome import Cadence, Outcome
from ..work.board import Board
from ..work.vitals import Vitals
from .client import Api
from .events import Recorder
from .freshness import Freshness
from .objects import Body
from .settings import OperatorSettings
from .store import Store
from .threads import Threads
from .writer import Writer


class ReconcilePolicy(Protocol):
    """The shape of ``kinds.policy.reconcile``."""

    def __call__(
        self, request: PolicyRequest, aws: Aws, *, clock: Clock, cadence: Cadence, stopping: Callable[[], bool]
    ) -> Outcome:
        """Do one pass over a policy."""


class ReconcileAccount(Protocol):
    """The shape of ``kinds.account.reconcile``."""

    def __call__(
        self, body: Body, aws: Aws, *, twins: tuple[str, ...], not_before: datetime, clock: Clock, cadence: Cadence
    ) -> Outcome:
        """Do one pass over an account."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The core, as far as this edge calls it."""

    policy: ReconcilePolicy = reconcile_policy
    account: ReconcileAccount = reconcile_account


@dataclass(frozen=True, slots=True)
class Parts:
    """What passes work with; one set per process."""

    aws: Aws
    engine: Engine
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
    forget_account: Callable[[str], None]
