"""Assembles the picture of one pass from shared reads, in three rounds; what a round does not depend on runs at once.

Identity first; then organization, settings, vaults and jobs; then what lies in and on the vaults that exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar

from ..errors import CrossvaultError
from ..model import (
    Account,
    AccountSight,
    CopyJob,
    Desired,
    Destination,
    DestinationSight,
    Key,
    Look,
    Observed,
    RecoveryPoint,
    Seen,
    Unseen,
    Vault,
)
from . import inventory, keys
from .ledger import RefusedCopies, StartedCopies
from .reads import Key as ReadKey
from .reads import SharedReads
from .sessions import Access, Sessions, fingerprint

T = TypeVar("T")
Pending: TypeAlias = Callable[[], Look[T]]


@dataclass(frozen=True, slots=True)
class _Shared:
    """The reads as one pass uses them; ``ages`` collects when its answers were fetched."""

    reads: SharedReads
    not_before: datetime
    ages: dict[ReadKey, datetime]

    def look(self, key: ReadKey, fetch: Callable[[], T]) -> Look[T]:
        try:
            value, at = self.reads.get(key, self.not_before, fetch)
        except CrossvaultError as error:
            return Unseen(error.problem)
        self.ages[key] = at
        return Seen(value)

    def start(self, access: Access, key: ReadKey, fetch: Callable[[], T]) -> Pending[T]:
        """Ask in one of the account's threads, or take at once what is there."""
        if self.reads.cached(key, self.not_before) is not None:
            return _known(self.look(key, fetch))
        return access.threads.submit(lambda: self.look(key, fetch)).result


@dataclass(frozen=True, slots=True)
class _Room:
    """One account in one Region, as one pass looks around in it. While the identity is unseen, nothing is asked."""

    shared: _Shared
    account: Account
    region: str
    access: Access
    identity: Pending[str]

    def _start(self, key: ReadKey, fetch: Callable[[], T]) -> Pending[T]:
        identity = self.identity()
        if isinstance(identity, Unseen):
            return _known(identity)
        return self.shared.start(self.access, key, fetch)

    def sight(self) -> Callable[[], AccountSight]:
        """Look at the account itself."""
        access, entry, region = self.access, self.access.fingerprint, self.region
        organization = self._start(keys.organization(entry), lambda: inventory.organization(access, region))
        backup = self._start(keys.settings(entry, region), lambda: inventory.cross_account_backup(access, region))
        return lambda: AccountSight(self.account, self.identity(), organization(), backup())

    def vault(self, name: str) -> Pending[Vault | None]:
        """Look at a vault."""
        access, entry, region = self.access, self.access.fingerprint, self.region

        def names() -> frozenset[str]:
            listing = keys.vaults(entry, region)
            return self.shared.reads.get(
                listing, self.shared.not_before, lambda: inventory.vault_names(access, region)
            )[0]

        return self._start(keys.vault(entry, region, name), lambda: inventory.vault(access, region, name, names))

    def policy(self, name: str) -> Pending[str | None]:
        """Look at a vault's access policy."""
        access, region = self.access, self.region
        key = keys.policy(access.fingerprint, region, name)
        return self._start(key, lambda: inventory.vault_policy(access, region, name))

    def kms_key(self, key_id: str) -> Pending[Key | None]:
        """Look at a key."""
        access, region = self.access, self.region
        key = keys.kms_key(access.fingerprint, region, key_id)
        return self._start(key, lambda: inventory.key(access, region, key_id))

    def points(self, name: str) -> Pending[tuple[RecoveryPoint, ...]]:
        """Look into a vault."""
        access, region = self.access, self.region
        key = keys.points(access.fingerprint, region, name)
        return self._start(key, lambda: inventory.recovery_points(access, region, name))

    def listed_at(self, name: str) -> datetime | None:
        """Tell when the recovery points that this pass was given were listed."""
        return self.shared.ages.get(keys.points(self.access.fingerprint, self.region, name))

    def jobs(self, destination_vault_arn: str) -> Pending[tuple[CopyJob, ...]]:
        """Look at the copy jobs this account has had into a vault."""
        access, region = self.access, self.region
        key = keys.jobs(access.fingerprint, region, destination_vault_arn)
        return self._start(key, lambda: inventory.copy_jobs(access, region, destination_vault_arn))


@dataclass(frozen=True, slots=True)
class _Inside:
    """What lies on and in a destination vault, as far as there is one."""

    policy: Pending[str | None]
    vault_key: Pending[Key | None]
    wanted_key: Pending[Key | None]
    copies: Pending[tuple[RecoveryPoint, ...]]


class Observer:
    """Looks at AWS and changes nothing."""

    def __init__(
        self,
        sessions: Sessions,
        shared: SharedReads,
        started: StartedCopies,
        refused: RefusedCopies,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._shared = shared
        self._started = started
        self._refused = refused
        self._clock = clock

    def observe(self, desired: Desired, *, not_before: datetime) -> Observed:
        """Look at everything one policy speaks of."""
        began = self._clock()
        shared = _Shared(self._shared, not_before, {})
        source = self._enter(shared, desired.source.account, desired.source.region)
        rooms = [self._enter(shared, wanted.vault.account, wanted.vault.region) for wanted in desired.destinations]

        source_sight, source_vault = source.sight(), source.vault(desired.source.name)
        jobs = [source.jobs(wanted.vault.arn) for wanted in desired.destinations]
        sights = [room.sight() for room in rooms]
        vaults = [room.vault(wanted.vault.name) for room, wanted in zip(rooms, desired.destinations, strict=True)]

        points = _points(source, desired.source.name, source_vault())
        inside = [
            _inside(room, wanted, vault())
            for room, wanted, vault in zip(rooms, desired.destinations, vaults, strict=True)
        ]
        destinations = tuple(
            DestinationSight(
                name=wanted.name,
                account=sight(),
                vault=vault(),
                policy=within.policy(),
                vault_key=within.vault_key(),
                wanted_key=within.wanted_key(),
                copies=within.copies(),
                jobs=_from_vault(into(), desired.source.arn),
                copies_at=room.listed_at(wanted.vault.name),
            )
            for wanted, room, sight, vault, within, into in zip(
                desired.destinations, rooms, sights, vaults, inside, jobs, strict=True
            )
        )
        return Observed(
            source=source_sight(),
            source_vault=source_vault(),
            points=points(),
            destinations=destinations,
            account_copies_in_progress=self._started.in_progress(fingerprint(desired.source.account), self._clock()),
            refused=self._refused.into({wanted.vault.arn for wanted in desired.destinations}, self._clock()),
            at=min(shared.ages.values(), default=began),
        )

    def look_at_account(self, account: Account, *, not_before: datetime) -> AccountSight:
        """Look at one account through its role."""
        shared = _Shared(self._shared, not_before, {})
        return self._enter(shared, account, self._sessions.home(account)).sight()()

    def _enter(self, shared: _Shared, account: Account, region: str) -> _Room:
        """Begin to verify the identity."""
        access = self._sessions.enter(account, region)
        identity = shared.start(access, keys.identity(access.fingerprint), lambda: access.verify(shared.not_before))
        return _Room(shared, account, region, access, identity)


def _points(source: _Room, name: str, vault: Look[Vault | None]) -> Pending[tuple[RecoveryPoint, ...]]:
    """Look into the source vault, which may be permitted even where describing it is not."""
    if isinstance(vault, Seen) and vault.value is None:
        return _known(Seen(()))
    return source.points(name)


def _inside(room: _Room, wanted: Destination, vault: Look[Vault | None]) -> _Inside:
    """Look at what belongs to a destination vault; an absent one has no policy, no key and no copies."""
    if isinstance(vault, Unseen):
        # Without knowing that it exists, its other answers could not be told from "there is none".
        return _Inside(_known(vault), _known(vault), _known(Seen(None)), _known(vault))
    none: Pending[Key | None] = _known(Seen(None))
    declared = wanted.encryption_key
    if vault.value is None:
        wanted_key = room.kms_key(declared) if wanted.create and declared else none
        return _Inside(_known(Seen(None)), none, wanted_key, _known(Seen(())))
    key_arn = vault.value.encryption_key_arn
    vault_key = room.kms_key(key_arn) if key_arn else none
    # An ARN can be compared as it stands; what an alias names has to be asked.
    wanted_key = room.kms_key(declared) if declared and ":key/" not in declared else none
    name = wanted.vault.name
    return _Inside(room.policy(name), vault_key, wanted_key, room.points(name))


def _from_vault(jobs: Look[tuple[CopyJob, ...]], source_vault_arn: str) -> Look[tuple[CopyJob, ...]]:
    """Keep the jobs that copy from one vault: AWS has no such filter."""
    if isinstance(jobs, Unseen):
        return jobs
    return Seen(tuple(job for job in jobs.value if job.source_vault_arn == source_vault_arn))


def _known(look: Look[T]) -> Pending[T]:
    return lambda: look
