"""Assembles the picture of one pass from shared reads, in three rounds; what a round does not depend on runs at once.

Identity first; then organization, settings, vaults and jobs; then what lies in and on the vaults that exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeAlias, TypeVar

from .. import copy_role, vault_key
from ..errors import CrossvaultError, ErrorClass, Problem
from ..iam import evaluation
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
    Ownership,
    RecoveryPoint,
    Role,
    Seen,
    Unseen,
    Vault,
)
from ..reasons import Reason
from ..vault_key import KEYED_BY_RESOURCE
from . import inventory, keys, regions, roles
from .backoff import RefusedWrites
from .ledger import RefusedCopies, StartedCopies
from .reads import Key as ReadKey
from .reads import SharedReads
from .sessions import Access, Sessions, fingerprint

LONGEST = timedelta(hours=24)
ROLE = timedelta(hours=1)
DENIED = timedelta(minutes=15)
"""How long an answer lasts about who manages a key, about a role that lets AWS Backup in, and that we may not ask."""

T = TypeVar("T")
Pending: TypeAlias = Callable[[], Look[T]]

_UNASKED = Unseen(Problem(Reason.CANNOT_OBSERVE, "It is not asked, because nothing depends on it.", ErrorClass.RETRY))


@dataclass(frozen=True, slots=True)
class _Shared:
    """The reads as one pass uses them.

    Attributes:
        ages: Collects when the answers were fetched.
        doubts: Why there is nothing to be asked in a Region that this release does not know, or None where there is.
    """

    reads: SharedReads
    not_before: datetime
    ages: dict[ReadKey, datetime] = field(default_factory=dict)
    doubts: dict[str, Problem | None] = field(default_factory=dict)

    def look(self, key: ReadKey, fetch: Callable[[], T]) -> Look[T]:
        try:
            value, at = self.reads.get(key, self.not_before, fetch)
        except CrossvaultError as error:
            return Unseen(error.problem)
        self.ages[key] = at
        return Seen(value)

    def slowly(
        self, access: Access, key: ReadKey, fetch: Callable[[], T], lasts: Callable[[Look[T]], timedelta]
    ) -> Pending[T]:
        """Ask for what hardly ever changes; ``lasts`` tells for how long an answer will do.

        Being denied is an answer, too: it lasts. What is known this way does not make the picture any older.
        """
        known = self.reads.cached(key, self.not_before - LONGEST)
        if known is not None and known[1] >= self.not_before - lasts(known[0]):
            return _known(known[0])

        def answer() -> Look[T]:
            try:
                return Seen(fetch())
            except CrossvaultError as error:
                if error.problem.error_class is ErrorClass.RETRY:
                    raise
                return Unseen(error.problem)

        def look() -> Look[T]:
            try:
                return self.reads.get(key, self.not_before, answer)[0]
            except CrossvaultError as error:
                return Unseen(error.problem)

        return access.threads.submit(look).result

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
    first_there: list[str] = field(default_factory=list)

    def _start(self, key: ReadKey, fetch: Callable[[], T], *, regional: bool = True) -> Pending[T]:
        unseen = self._closed(regional=regional)
        return unseen if unseen is not None else self.shared.start(self.access, key, fetch)

    def _closed(self, *, regional: bool = True) -> Pending[Any] | None:
        """Return the answer to every question while there is nobody to ask: a stranger, or in no Region at all."""
        identity = self.identity()
        if isinstance(identity, Unseen):
            return _known(identity)
        if regional and self._doubt() is not None:
            words = f"Not looked at: Region {self.region}."
            return _known(Unseen(Problem(Reason.REGION_UNSEEN, words, ErrorClass.RETRY)))
        return None

    def _doubt(self) -> Problem | None:
        """Ask once in a Region that this release does not know before anything else is asked there.

        It may be new, or misspelt; who is refused a right there has reached it.
        """
        doubts, region = self.shared.doubts, self.region
        if region not in doubts:
            doubts[region] = None
            if regions.doubt(region):
                key = keys.settings(self.access.fingerprint, region)
                look = self.shared.look(key, lambda: inventory.cross_account_backup(self.access, region))
                doubtful = isinstance(look, Unseen) and look.problem.reason is Reason.REGION_DOUBTFUL
                doubts[region] = look.problem if doubtful and isinstance(look, Unseen) else None
                if doubts[region] is not None:
                    self.first_there.append(region)
        return doubts[region]

    def sight(self, *, switch: bool) -> Callable[[], AccountSight]:
        """Look at the account itself, and with ``switch`` at the one of its organization."""
        access, entry, region = self.access, self.access.fingerprint, self.region
        home = regions.known_like(region)
        organization = self._start(
            keys.organization(entry), lambda: inventory.organization(access, home), regional=False
        )
        backup: Pending[bool] | None = None
        if switch:
            backup = self._start(keys.settings(entry, region), lambda: inventory.cross_account_backup(access, region))
        return lambda: AccountSight(self.account, self.identity(), organization(), backup() if backup else None)

    def organization_path(self, account_id: str, organization_id: str) -> Pending[str]:
        """Look where an account is in the organization."""
        access, region = self.access, self.region
        key = keys.organization_path(access.fingerprint, account_id)
        return self._start(key, lambda: inventory.organization_path(access, region, account_id, organization_id))

    def vault(self, name: str) -> Pending[Vault | None]:
        """Look at a vault."""
        access, entry, region = self.access, self.access.fingerprint, self.region
        doubt = None if isinstance(self.identity(), Unseen) else self._doubt()
        if doubt is not None and region in self.first_there:
            return _known(Unseen(doubt))

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

    def role(self, role_arn: str) -> Pending[Role | None]:
        """Look at a role; one that does what it is for is looked at rarely."""
        access, name, home = self.access, role_arn.rsplit("/", 1)[-1], regions.known_like(self.region)
        account_id = self.account.account_id

        def lasts(look: Look[Role | None]) -> timedelta:
            if isinstance(look, Unseen):
                return DENIED
            return ROLE if look.value is not None and copy_role.trusts(look.value, account_id) else timedelta()

        closed = self._closed(regional=False)
        key = keys.role(access.fingerprint, name)
        return closed or self.shared.slowly(access, key, lambda: roles.role(access, home, name), lasts)

    def key_managers(self, points: Iterable[RecoveryPoint]) -> Mapping[str, Look[Key | None]]:
        """Ask once for every own key that snapshots among these recovery points are encrypted with."""
        if self._closed() is not None:
            return {}
        access, region, entry = self.access, self.region, self.access.fingerprint
        place = (region, self.account.account_id)
        arns = {each.encryption_key_arn for each in points if each.resource_type in KEYED_BY_RESOURCE}
        own = sorted(arn for arn in arns if arn is not None and tuple(arn.split(":")[3:5]) == place)
        asked = {
            arn: self.shared.slowly(
                access, keys.key_manager(entry, region, arn), partial(inventory.key, access, region, arn), _key_lasts
            )
            for arn in own
        }
        return {arn: pending() for arn, pending in asked.items()}

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
        refused_writes: RefusedWrites,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._shared = shared
        self._started = started
        self._refused = refused
        self._refused_writes = refused_writes
        self._clock = clock

    def observe(self, desired: Desired, *, not_before: datetime) -> Observed:
        """Look at everything one policy speaks of, or at what is left of one that is being deleted."""
        began = self._clock()
        shared = _Shared(self._shared, not_before)
        observe = self._observe_remains if desired.deleting else self._observe_whole
        return observe(desired, shared, began)

    def _observe_whole(self, desired: Desired, shared: _Shared, began: datetime) -> Observed:
        source = self._enter(shared, desired.source.account, desired.source.region)
        rooms = [self._enter(shared, wanted.vault.account, wanted.vault.region) for wanted in desired.destinations]

        source_sight, source_vault = source.sight(switch=True), source.vault(desired.source.name)
        role = source.role(desired.copy_role_arn)
        jobs = [source.jobs(wanted.vault.arn) for wanted in desired.destinations]
        sights = [room.sight(switch=False) for room in rooms]
        vaults = [room.vault(wanted.vault.name) for room, wanted in zip(rooms, desired.destinations, strict=True)]

        points = _points(source, desired.source.name, source_vault())
        inside = [
            _inside(room, wanted, vault())
            for room, wanted, vault in zip(rooms, desired.destinations, vaults, strict=True)
        ]
        paths = [
            _paths((room, source), within.policy(), sight(), source_sight())
            for room, within, sight in zip(rooms, inside, sights, strict=True)
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
                source_path=source_path,
                vault_path=vault_path,
            )
            for wanted, room, sight, vault, within, into, (source_path, vault_path) in zip(
                desired.destinations, rooms, sights, vaults, inside, jobs, paths, strict=True
            )
        )
        listed = points()
        return Observed(
            source=source_sight(),
            source_vault=source_vault(),
            copy_role=role(),
            points=listed,
            source_keys=source.key_managers(listed.value if isinstance(listed, Seen) else ()),
            destinations=destinations,
            account_copies_in_progress=self._started.in_progress(fingerprint(desired.source.account), self._clock()),
            refused=self._refused.into({wanted.vault.arn for wanted in desired.destinations}, self._clock()),
            refused_writes=self._refused_writes.for_policy(desired, self._clock()),
            at=min(shared.ages.values(), default=began),
        )

    def _observe_remains(self, desired: Desired, shared: _Shared, began: datetime) -> Observed:
        """Look at the vault policies that may hold a statement of ours: nothing else matters to a deletion."""
        managed = [each for each in desired.destinations if each.vault_policy is Ownership.MANAGE]
        rooms = {each.name: self._enter(shared, each.vault.account, each.vault.region) for each in managed}
        vaults = {each.name: rooms[each.name].vault(each.vault.name) for each in managed}
        policies = {each.name: _policy(rooms[each.name], each.vault.name, vaults[each.name]()) for each in managed}
        return Observed(
            source=_unasked(desired.source.account),
            source_vault=_UNASKED,
            copy_role=_UNASKED,
            points=_UNASKED,
            destinations=tuple(
                DestinationSight(
                    name=each.name,
                    account=_unasked(each.vault.account),
                    vault=vaults[each.name]() if each.name in vaults else _UNASKED,
                    policy=policies[each.name]() if each.name in policies else Seen(None),
                    vault_key=_UNASKED,
                    wanted_key=_UNASKED,
                    copies=_UNASKED,
                    jobs=_UNASKED,
                )
                for each in desired.destinations
            ),
            refused_writes=self._refused_writes.for_policy(desired, self._clock()),
            at=min(shared.ages.values(), default=began),
        )

    def look_at_account(self, account: Account, *, not_before: datetime) -> AccountSight:
        """Look at one account through its role."""
        shared = _Shared(self._shared, not_before)
        return self._enter(shared, account, self._sessions.home(account)).sight(switch=True)()

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


def _policy(room: _Room, name: str, vault: Look[Vault | None]) -> Pending[str | None]:
    """Look at the policy of a vault, as far as there is one."""
    if isinstance(vault, Unseen):
        return _known(vault)
    return _known(Seen(None)) if vault.value is None else room.policy(name)


def _unasked(account: Account) -> AccountSight:
    return AccountSight(account, _UNASKED, _UNASKED, None)


def _inside(room: _Room, wanted: Destination, vault: Look[Vault | None]) -> _Inside:
    """Look at what belongs to a destination vault; an absent one has no policy, no key and no copies."""
    if isinstance(vault, Unseen):
        # Without knowing that it exists, its other answers could not be told from "there is none".
        return _Inside(_known(vault), _known(vault), _known(Seen(None)), _known(vault))
    none: Pending[Key | None] = _known(Seen(None))
    declared = None if vault_key.is_foreign(wanted) else wanted.encryption_key
    if vault.value is None:
        wanted_key = room.kms_key(declared) if wanted.create and declared else none
        return _Inside(_known(Seen(None)), none, wanted_key, _known(Seen(())))
    key_arn = vault.value.own_key_arn
    own_key = room.kms_key(key_arn) if key_arn else none
    # An ARN can be compared as it stands; what an alias names has to be asked.
    wanted_key = room.kms_key(declared) if declared and ":key/" not in declared else none
    name = wanted.vault.name
    return _Inside(room.policy(name), own_key, wanted_key, room.points(name))


def _paths(
    rooms: tuple[_Room, ...], policy: Look[str | None], vault: AccountSight, source: AccountSight
) -> tuple[Look[str] | None, Look[str] | None]:
    """Look where the source's account and the vault's are in the organization, where the vault's policy asks for it."""
    asked = evaluation.paths_asked(policy.value) if isinstance(policy, Seen) else (False, False)
    return (
        _path(rooms, source) if asked[0] else None,
        _path(rooms, vault) if asked[1] else None,
    )


def _path(rooms: tuple[_Room, ...], sight: AccountSight) -> Look[str]:
    """Ask through each account that is entered anyway: few may read the organization, one of them suffices."""
    organization = sight.organization
    if isinstance(organization, Unseen):
        return organization
    if organization.value is None:
        return Seen("")
    first, *others = rooms
    look = first.organization_path(sight.account.account_id, organization.value.id)()
    for room in others:
        if isinstance(look, Seen):
            break
        look = room.organization_path(sight.account.account_id, organization.value.id)()
    return look


def _from_vault(jobs: Look[tuple[CopyJob, ...]], source_vault_arn: str) -> Look[tuple[CopyJob, ...]]:
    """Keep the jobs that copy from one vault: AWS has no such filter."""
    if isinstance(jobs, Unseen):
        return jobs
    return Seen(tuple(job for job in jobs.value if job.source_vault_arn == source_vault_arn))


def _key_lasts(look: Look[Key | None]) -> timedelta:
    """Who manages a key never changes; whether we may ask, or whether there is one, may."""
    return LONGEST if isinstance(look, Seen) and look.value is not None else DENIED


def _known(look: Look[T]) -> Pending[T]:
    return lambda: look
