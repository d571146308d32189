"""The AWS edge: looks and acts for ``engine.reconcile.Aws``, with verified identities and within budgets.

It answers with values; what AWS refuses is a :class:`~crossvault.words.problems.Problem` in them. Only bugs are raised.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..engine.model import Account, AccountSight, Action, Desired, Observed, Result
from ..words.problems import CrossvaultError, ErrorClass, Problem
from ..words.reasons import Reason
from . import tenants
from .apply import Applier
from .backoff import RefusedWrites
from .budget import Budgets
from .calls import CallCounts, CallRecorder
from .ledger import RefusedCopies, StartedCopies
from .observe import Observer
from .own import Settings
from .reads import SharedReads
from .sessions import Sessions

if TYPE_CHECKING:
    from botocore.loaders import Loader

__all__ = ["AwsAccounts", "CallCounts", "CallRecorder", "Settings"]


def _now() -> datetime:
    return datetime.now(UTC)


class AwsAccounts:
    """All AWS accounts of one operator. Thread-safe.

    A ``loader`` may be shared by several: it keeps botocore's models of the AWS services, which take long to read.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        recorder: CallRecorder | None = None,
        clock: Callable[[], datetime] = _now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        loader: Loader | None = None,
    ) -> None:
        self.recorder = recorder or CallCounts()
        self._closing = threading.Event()
        budgets = Budgets(self.recorder, clock=monotonic, sleep=sleep or self._sleep)
        self._sessions = Sessions(settings or Settings(), self.recorder, budgets, clock=clock, loader=loader)
        self._shared = SharedReads(clock)
        started, refused, writes = StartedCopies(self._shared), RefusedCopies(), RefusedWrites()
        self._observer = Observer(self._sessions, self._shared, started, refused, writes, clock)
        self._applier = Applier(self._sessions, self._shared, started, refused, writes, clock)

    def warm(self) -> None:
        """Get ready for the first pass without making a request; worth a thread of its own while a process starts."""
        self._sessions.warm()

    def name_cluster(self, cluster: str) -> None:
        """Say what the cluster is called in CloudTrail, before the first account is entered."""
        self._sessions.name_cluster(cluster)

    def observe(self, desired: Desired, *, not_before: datetime) -> Observed:
        """Look at everything one policy speaks of; no answer is older than ``not_before``."""
        with tenants.asking_for(desired.key.namespace):
            return self._observer.observe(desired, not_before=not_before)

    def look_at_account(self, account: Account, *, not_before: datetime) -> AccountSight:
        """Look at one account through its role."""
        return self._observer.look_at_account(account, not_before=not_before)

    def apply(self, action: Action, *, namespace: str = tenants.NOBODY) -> Result:
        """Carry out one action for a namespace and say what became of it."""
        with tenants.asking_for(namespace):
            return self._applier.apply(action)

    def drop(self, name: str) -> None:
        """Forget the account of a deleted BackupAccount: its sessions, its budget and everything read through it."""
        self._sessions.drop(name)
        self._shared.forget(lambda key: isinstance(key[1], tuple) and key[1][0] == name)

    def close(self) -> None:
        """Wake up who waits for a budget, and close all connections."""
        self._closing.set()
        self._sessions.close()

    def _sleep(self, seconds: float) -> None:
        """Wait, unless the process ends: then nothing more is sent."""
        if self._closing.wait(seconds):
            raise CrossvaultError(
                Problem(Reason.DEADLINE_EXCEEDED, "Crossvault is stopping; nothing was sent.", ErrorClass.RETRY)
            )
