"""The table of effects: which room looks and acts in AWS with what, and whoever does it for a pass.

It answers with values; what AWS refuses is a :class:`~crossvault.words.problems.Problem` in them. Only bugs are raised.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from ..aws import marks, tenants
from ..aws.budget import Budgets
from ..aws.calls import CallCounts, CallRecorder
from ..aws.clients import NewClients, SharedClients
from ..aws.entered import Entered
from ..aws.hands import Hands, Looked, Looking, Reach, Scene
from ..aws.own import AwsSettings, NewSession, plain_session
from ..aws.places import Age, Place, Shared, identity_key
from ..aws.queue import EventQueue, QueuePlace
from ..aws.reads import ReadKey, SharedReads
from ..aws.sessions import Sessions
from ..aws.threads import NewThreads
from ..engine.declared import Account, Desired
from ..engine.hints import Hint, Subject
from ..engine.looks import NO_PATIENCE, Look, Patience, Seen, Unseen
from ..engine.observed import Observed, Sight
from ..engine.parts import NONE, Parts
from ..engine.plan import Action, Result
from ..words.problems import CrossvaultError, ErrorClass, Problem
from ..words.reasons import Reason
from .copies import aws as copies
from .copies.aws import listing
from .copy_role import aws as copy_role
from .identity import aws as identity
from .organization import aws as organization
from .permissions import aws as permissions
from .regions import aws as regions
from .resource_types import aws as resource_types
from .schedule import aws as schedule
from .source_keys import aws as source_keys
from .stock import Stock, routes_of
from .vault import aws as vault
from .vault.seen import Vault
from .vault_policy import aws as vault_policy

EFFECTS: Mapping[str, Callable[[Reach], Hands]] = {
    "identity": identity.hands,
    "organization": organization.hands,
    "regions": regions.hands,
    "resource_types": resource_types.hands,
    "vault": vault.hands,
    "copy_role": copy_role.hands,
    "vault_policy": vault_policy.hands,
    "source_keys": source_keys.hands,
    "schedule": schedule.hands,
    "permissions": permissions.hands,
    "copies": copies.hands,
}
"""By name of the room, in the order of their list. A room that needs nothing of its own from AWS has none."""


T = TypeVar("T")


def _now() -> datetime:
    return datetime.now(UTC)


class AwsAccounts:
    """All AWS accounts of one operator. Thread-safe.

    Botocore's sessions come from ``new_session``: they may share a loader, which keeps the models of the AWS services
    and takes long to fill, or reach AWS in another way than over the network. ``new_threads`` makes what the reads of
    an account are done in; a host of one thread passes :class:`~crossvault.aws.threads.NoThreads`.
    """

    def __init__(
        self,
        settings: AwsSettings | None = None,
        *,
        recorder: CallRecorder | None = None,
        clock: Callable[[], datetime] = _now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        new_session: NewSession = plain_session,
        new_clients: NewClients = SharedClients,
        new_threads: NewThreads | None = None,
    ) -> None:
        self.recorder = recorder or CallCounts()
        self._closing = threading.Event()
        budgets = Budgets(self.recorder, clock=monotonic, sleep=sleep or self._sleep)
        self._settings = settings = settings or AwsSettings()
        sessions = Sessions(
            settings,
            self.recorder,
            budgets,
            clock=clock,
            new_session=new_session,
            new_clients=new_clients,
            new_threads=new_threads,
        )
        heeds: dict[str, frozenset[Subject]] = {}
        reads = SharedReads(clock, lambda key: marks.of_read(key, heeds))
        self._reach = Reach(sessions, reads, clock, settings.audit, settings.settled)
        self._hands = tuple(made(self._reach) for made in EFFECTS.values())
        for each in self._hands:
            heeds.update(each.heeds)
        self._acts = {kind: act for each in self._hands for kind, act in each.acts.items()}

    def warm(self) -> None:
        """Get ready for the first pass without making a request; worth a thread of its own while a process starts."""
        self._reach.sessions.warm()

    def name_cluster(self, cluster: str) -> None:
        """Say what the cluster is called in CloudTrail, before the first account is entered."""
        self._reach.sessions.name_cluster(cluster)

    # --- Looking

    def observe(self, desired: Desired, *, not_before: datetime, patience: Patience = NO_PATIENCE) -> Observed:
        """Look at everything one policy speaks of; no answer is older than ``not_before``.

        Some of it may be older, by ``patience``.
        """
        with tenants.asking_for(desired.key.namespace):
            began = self._reach.clock()
            shared = Shared(self._reach.reads, not_before, patience)
            scene = Scene(desired, lambda vault: self._enter(shared, vault.account, vault.region))
            found = _seen([each.look(scene) for each in self._hands])
            return Observed(
                source=Sight(desired.source.account, sum((each.source for each in found), Parts())),
                destinations=tuple(
                    Sight(
                        declared.vault.account,
                        sum((each.destinations[index] for each in found if each.destinations), Parts()),
                        declared.name,
                    )
                    for index, declared in enumerate(desired.destinations)
                ),
                refused_writes=self._reach.refused_writes.for_policy(desired, self._reach.clock()),
                at=shared.age(began),
            )

    def look_at_account(self, account: Account, *, not_before: datetime, around: Parts = NONE) -> Sight:
        """Look at one account through its role; ``around`` is what is declared of it elsewhere."""
        place = replace(self._at_home(account, not_before), around=around)
        pending = [each.account(place) for each in self._hands]
        return Sight(account, sum((each() for each in pending), Parts()))

    def look_at_organization(self, account: Account, *, not_before: datetime, departures: bool = False) -> Sight:
        """Look at an organization through the role of the account that is said to manage it."""
        place = self._at_home(account, not_before)
        pending = [each.management(place, departures) for each in self._hands]
        return Sight(account, sum((each() for each in pending), Parts()))

    def _at_home(self, account: Account, not_before: datetime) -> Place:
        shared = Shared(self._reach.reads, not_before)
        return self._enter(shared, account, self._reach.sessions.home(account))

    def _enter(self, shared: Shared, account: Account, region: str) -> Place:
        """Begin to verify the identity."""
        access = self._reach.sessions.enter(account)
        key = identity_key(access.fingerprint)
        identity = shared.start(access, key, lambda: access.verify(shared.settled_since), age=Age.SETTLED)
        return Place(shared, account, region, access, identity)

    def take_stock(self, account: Account, region: str) -> Look[Stock]:
        """Read which backup plans an account has in a Region, and where it has copied to of late."""

        def read(access: Entered) -> Stock:
            routes = routes_of(account.account_id, listing.copy_jobs(access, region))
            return Stock(account, region, schedule.stock(access, region), routes)

        return self._through(account, read)

    def vaults(self, account: Account, region: str) -> Look[Mapping[str, Vault]]:
        """Read which vaults an account has in a Region, by name."""
        return self._through(account, lambda access: vault.vaults(access, region).vaults)

    def _through(self, account: Account, ask: Callable[[Entered], T]) -> Look[T]:
        """Ask through the role of an account whose identity is verified (invariant 5)."""
        try:
            access = self._reach.sessions.enter(account)
            access.verify()
            return Seen(ask(access))
        except CrossvaultError as error:
            return Unseen(error.problem)

    def heed(self, hint: Hint, at: datetime) -> None:
        """Let nobody be told any more what was seen, before ``at``, of what a hint is about."""
        self._reach.reads.outdate(marks.of_hint(hint), at)

    def queue(self, place: QueuePlace) -> EventQueue:
        """Return a queue of events, as the operator's own identity reaches it."""
        return EventQueue(place, self._reach.sessions.own(), self._settings, self.recorder)

    # --- Acting

    def apply(self, action: Action, *, namespace: str = tenants.NOBODY) -> Result:
        """Carry out one action for a namespace and say what became of it."""
        with tenants.asking_for(namespace):
            return self._acts[type(action)](action)

    # --- The end

    def drop(self, name: str) -> None:
        """Forget the account of a deleted BackupAccount: its sessions, its budget and everything read through it."""
        self._reach.sessions.drop(name)

        def belongs(key: ReadKey) -> bool:
            return isinstance(key[1], tuple) and key[1][0] == name

        self._reach.reads.forget(belongs)
        for each in self._hands:
            each.forget(belongs)

    def close(self) -> None:
        """Wake up who waits for a budget, and close all connections."""
        self._closing.set()
        self._reach.sessions.close()

    def _sleep(self, seconds: float) -> None:
        """Wait, unless the process ends: then nothing more is sent."""
        if self._closing.wait(seconds):
            raise CrossvaultError(
                Problem(Reason.DEADLINE_EXCEEDED, "Crossvault is stopping; nothing was sent.", ErrorClass.RETRY)
            )


def _seen(looking: list[Looking]) -> list[Looked]:
    """Let all rooms look, round by round, so that what depends on nothing is asked for at once."""
    found: dict[int, Looked] = {}
    while len(found) < len(looking):
        for place, each in enumerate(looking):
            if place in found:
                continue
            try:
                next(each)
            except StopIteration as end:
                found[place] = end.value
    return [found[place] for place in range(len(looking))]
