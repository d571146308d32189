"""The ways into all accounts. A changed BackupAccount is another one."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from ..engine.declared import Account
from . import regions, tenants
from .budget import Budgets
from .calls import CallHooks, CallRecorder
from .clients import Clients, NewClients, SharedClients
from .entered import Entered, Fingerprint, fingerprint
from .own import AwsSettings, NewSession, OwnIdentity, plain_session
from .threads import NewThreads

IDLE = timedelta(hours=2)
SWEPT = timedelta(minutes=1)
"""How often accounts are looked for that nobody has entered for so long."""


class Sessions:
    """The accounts that were entered, the least recently used of which go first."""

    def __init__(
        self,
        settings: AwsSettings,
        recorder: CallRecorder,
        budgets: Budgets,
        *,
        clock: Callable[[], datetime],
        new_session: NewSession = plain_session,
        new_clients: NewClients = SharedClients,
        new_threads: NewThreads | None = None,
    ) -> None:
        # A failed refresh is told by our problem already; botocore would add a traceback to the log each time.
        logging.getLogger("botocore.credentials").setLevel(logging.ERROR)
        self._settings = settings
        self._recorder = recorder
        self._budgets = budgets
        self._clock = clock
        self._new_session = new_session
        self._new_clients = new_clients
        self._new_threads = new_threads
        self._lock = threading.Lock()
        self._operator: OwnIdentity | None = None
        self._clients: Clients | None = None
        self._entered: OrderedDict[Fingerprint, Entered] = OrderedDict()
        self._swept: datetime | None = None

    def enter(self, account: Account) -> Entered:
        """Return the way into ``account``; makes no request by itself."""
        key, now = fingerprint(account), self._clock()
        with self._lock:
            sts_region = self._sts_region(account)
            gone = self._sweep(now)
            access = self._entered.get(key)
            if access is not None and (access.spoiled or access.sts_region != sts_region):
                gone.append(self._entered.pop(key))
                access = None
            if access is None:
                access = self._entered[key] = self._new(account, sts_region)
            access.listed = account.regions
            access.used = now
            self._entered.move_to_end(key)
            while len(self._entered) > self._settings.sessions:
                gone.append(self._entered.popitem(last=False)[1])
        _close(gone)
        self._budgets.limit(account.name, account.limits)
        return access

    def warm(self) -> None:
        """Read the service models and make every kind of client once; makes no request.

        That takes longer than a whole pass, and would otherwise fall into the first one.
        """
        with self._lock:
            region = self._own().region or regions.first("aws")
            access = self._new(Account("", ""), region)
        access.warm()
        access.close()

    def own(self) -> OwnIdentity:
        """Return the operator's own identity."""
        with self._lock:
            return self._own()

    def name_cluster(self, cluster: str) -> None:
        """Name the cluster in the sessions that are opened from now on."""
        with self._lock:
            self._settings = replace(self._settings, cluster=cluster)

    def home(self, account: Account) -> str:
        """Return the Region in which to look at an account that no policy named a Region for."""
        if account.regions:
            return account.regions[0]
        with self._lock:
            return self._sts_region(account)

    def drop(self, name: str) -> None:
        """Leave the account of this name, however it was declared."""
        with self._lock:
            gone = self._leave(lambda access: access.account.name == name)
        _close(gone)
        self._budgets.drop(name)

    def close(self) -> None:
        """Leave all accounts."""
        with self._lock:
            gone = self._leave(lambda _: True)
            clients, self._clients = self._clients, None
        _close(gone)
        if clients is not None:
            clients.close()

    def _own(self) -> OwnIdentity:
        if self._operator is None:
            self._operator = OwnIdentity(self._settings, self._recorder, self._new_session)
        return self._operator

    def _sts_region(self, account: Account) -> str:
        """Return where STS is asked about an account: what administrators chose, whatever Region a policy names.

        Credentials of one Region's STS are good in all others. https://docs.aws.amazon.com/IAM/latest/UserGuide/\
        id_credentials_temp_enable-regions.html
        """
        own = self._own().region
        if own:
            return own
        return account.regions[0] if account.regions else regions.first(account.partition)

    def _new(self, account: Account, sts_region: str) -> Entered:
        name = account.name
        if self._clients is None:
            self._clients = self._new_clients(self._own().new_session, self._settings)
        hooks = CallHooks(name, self._recorder, lambda kind: self._budgets.spend(name, kind, tenants.current()))
        return Entered(
            account,
            self._own(),
            self._settings,
            sts_region=sts_region,
            clients=self._clients,
            hooks=hooks,
            clock=self._clock,
            new_threads=self._new_threads,
        )

    def _sweep(self, now: datetime) -> list[Entered]:
        if self._swept is not None and timedelta(0) <= now - self._swept < SWEPT:
            return []
        self._swept = now
        return self._leave(lambda old: old.spoiled or now - old.used >= IDLE)

    def _leave(self, leaves: Callable[[Entered], bool]) -> list[Entered]:
        gone = [access for access in self._entered.values() if leaves(access)]
        for access in gone:
            del self._entered[access.fingerprint]
        return gone


def _close(gone: list[Entered]) -> None:
    for access in gone:
        access.close()
