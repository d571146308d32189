"""Assembles the picture of one pass from shared reads, in three rounds; what a round does not depend on runs at once.

Identity first; then organization, settings, vaults and jobs; then what lies in and on the vaults that exist.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..engine.model import (
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
    Seen,
    Unseen,
    Vault,
)
from ..iam import evaluation
from ..words.problems import ErrorClass, Problem
from ..words.reasons import Reason
from . import keys
from .backoff import RefusedWrites
from .ledger import RefusedCopies, StartedCopies
from .reads import SharedReads
from .rooms import Pending, Room, Shared, known
from .sessions import Sessions, fingerprint

LONGEST = timedelta(hours=24)
ROLE = timedelta(hours=1)
DENIED = timedelta(minutes=15)
"""How long an answer lasts about who manages a key, about a role that lets AWS Backup in, and that we may not ask."""


_UNASKED = Unseen(Problem(Reason.CANNOT_OBSERVE, "It is not asked, because nothing depends on it.", ErrorClass.RETRY))


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
        shared = Shared(self._shared, not_before)
        observe = self._observe_remains if desired.deleting else self._observe_whole
        return observe(desired, shared, began)

    def _observe_whole(self, desired: Desired, shared: Shared, began: datetime) -> Observed:
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
        running = self._started.in_progress(fingerprint(desired.source.account), self._clock())
        return Observed(
            source=source_sight(),
            source_vault=source_vault(),
            copy_role=role(),
            points=listed,
            source_keys=source.key_managers(listed.value if isinstance(listed, Seen) else ()),
            destinations=destinations,
            account_copies_in_progress=len(running),
            copies_in_progress=Counter(running.values()),
            refused=self._refused.into({wanted.vault.arn for wanted in desired.destinations}, self._clock()),
            refused_writes=self._refused_writes.for_policy(desired, self._clock()),
            at=min(shared.ages.values(), default=began),
        )

    def _observe_remains(self, desired: Desired, shared: Shared, began: datetime) -> Observed:
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
        shared = Shared(self._shared, not_before)
        return self._enter(shared, account, self._sessions.home(account)).sight(switch=True)()

    def _enter(self, shared: Shared, account: Account, region: str) -> Room:
        """Begin to verify the identity."""
        access = self._sessions.enter(account)
        identity = shared.start(access, keys.identity(access.fingerprint), lambda: access.verify(shared.not_before))
        return Room(shared, account, region, access, identity)


def _points(source: Room, name: str, vault: Look[Vault | None]) -> Pending[tuple[RecoveryPoint, ...]]:
    """Look into the source vault, which may be permitted even where describing it is not."""
    if isinstance(vault, Seen) and vault.value is None:
        return known(Seen(()))
    return source.points(name)


def _policy(room: Room, name: str, vault: Look[Vault | None]) -> Pending[str | None]:
    """Look at the policy of a vault, as far as there is one."""
    if isinstance(vault, Unseen):
        return known(vault)
    return known(Seen(None)) if vault.value is None else room.policy(name)


def _unasked(account: Account) -> AccountSight:
    return AccountSight(account, _UNASKED, _UNASKED, None)


def _inside(room: Room, wanted: Destination, vault: Look[Vault | None]) -> _Inside:
    """Look at what belongs to a destination vault; an absent one has no policy, no key and no copies."""
    if isinstance(vault, Unseen):
        # Without knowing that it exists, its other answers could not be told from "there is none".
        return _Inside(known(vault), known(vault), known(Seen(None)), known(vault))
    none: Pending[Key | None] = known(Seen(None))
    declared = wanted.encryption_key
    if vault.value is None:
        wanted_key = room.kms_key(declared) if wanted.create and declared else none
        return _Inside(known(Seen(None)), none, wanted_key, known(Seen(())))
    key_arn = vault.value.own_key_arn
    own_key = room.kms_key(key_arn) if key_arn else none
    # An ARN can be compared as it stands; what an alias names has to be asked.
    wanted_key = room.kms_key(declared) if declared and ":key/" not in declared else none
    name = wanted.vault.name
    return _Inside(room.policy(name), own_key, wanted_key, room.points(name))


def _paths(
    rooms: tuple[Room, ...], policy: Look[str | None], vault: AccountSight, source: AccountSight
) -> tuple[Look[str] | None, Look[str] | None]:
    """Look where the source's account and the vault's are in the organization, where the vault's policy asks for it."""
    asked = evaluation.paths_asked(policy.value) if isinstance(policy, Seen) else (False, False)
    return (
        _path(rooms, source) if asked[0] else None,
        _path(rooms, vault) if asked[1] else None,
    )


def _path(rooms: tuple[Room, ...], sight: AccountSight) -> Look[str]:
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
