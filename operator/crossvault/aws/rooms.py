"""One account in one Region, as one pass looks around in it; every question is a read that passes share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeAlias, TypeVar

from ..aspects import copy_role
from ..aspects.vault.key import KEYED_BY_RESOURCE
from ..engine.model import Account, AccountSight, CopyJob, Key, Look, RecoveryPoint, Role, Seen, Unseen, Vault
from ..words.problems import CrossvaultError, ErrorClass, Problem
from ..words.reasons import Reason
from . import inventory, keys, regions, roles
from .reads import Key as ReadKey
from .reads import SharedReads
from .sessions import Access

LONGEST = timedelta(hours=24)
ROLE = timedelta(hours=1)
DENIED = timedelta(minutes=15)
"""How long an answer lasts about who manages a key, about a role that lets AWS Backup in, and that we may not ask."""

EVER = datetime.min.replace(tzinfo=UTC)

T = TypeVar("T")
Pending: TypeAlias = Callable[[], Look[T]]

_UNASKED = Unseen(Problem(Reason.CANNOT_OBSERVE, "It is not asked, because nothing depends on it.", ErrorClass.RETRY))


@dataclass(frozen=True, slots=True)
class Shared:
    """The reads as one pass uses them.

    Attributes:
        ages: Collects when the answers were fetched.
        doubts: Why an account is asked nothing in a Region, by both names; None where it is asked.
    """

    reads: SharedReads
    not_before: datetime
    ages: dict[ReadKey, datetime] = field(default_factory=dict)
    doubts: dict[tuple[str, str], Problem | None] = field(default_factory=dict)

    def look(self, key: ReadKey, fetch: Callable[[], T]) -> Look[T]:
        """Ask, or take what is there; what could not be asked is unseen."""
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
        kept = self.reads.cached(key, self.not_before - LONGEST)
        if kept is not None and kept[1] >= self.not_before - lasts(kept[0]):
            return known(kept[0])

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
            return known(self.look(key, fetch))
        return access.threads.submit(lambda: self.look(key, fetch)).result


@dataclass(frozen=True, slots=True)
class Room:
    """One account in one Region, as one pass looks around in it. While the identity is unseen, nothing is asked."""

    shared: Shared
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
            return known(identity)
        if regional and self._doubt() is not None:
            words = f"Not looked at: Region {self.region}."
            return known(Unseen(Problem(Reason.REGION_UNSEEN, words, ErrorClass.RETRY)))
        return None

    def _doubt(self) -> Problem | None:
        """Ask nothing in a Region that nobody knows, and once, before all else, in one that the account lists.

        That one may be new, or misspelt; who is refused a right there has reached it.
        """
        doubts, region = self.shared.doubts, self.region
        here = (self.account.name, region)
        if here not in doubts:
            told = any(doubts[each] is not None for each in doubts if each[1] == region)
            doubts[here] = self.access.refusal(region) or self._doubt_of_new()
            if doubts[here] is not None and not told:
                self.first_there.append(region)
        return doubts[here]

    def _doubt_of_new(self) -> Problem | None:
        region = self.region
        if not regions.doubt(region):
            return None
        key = keys.settings(self.access.fingerprint, region)
        look = self.shared.look(key, lambda: inventory.cross_account_backup(self.access, region))
        doubtful = isinstance(look, Unseen) and look.problem.reason is Reason.REGION_DOUBTFUL
        return look.problem if doubtful and isinstance(look, Unseen) else None

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
            return known(Unseen(doubt))

        closed, key = self._closed(), keys.vault(entry, region, name)
        if closed is not None:
            return closed
        describe = partial(inventory.vault, access, region, name, self._vault_names)
        if not self._is_listed_first(key):
            seen = self.shared.reads.cached(key, EVER) is not None
            return self.shared.start(access, key, describe) if seen else self._first_look(name, key, describe)

        def look() -> Look[Vault | None]:
            return Seen(None) if self._is_absent(name) else self.shared.look(key, describe)

        return access.threads.submit(look).result

    def _first_look(self, name: str, key: ReadKey, describe: Callable[[], Vault | None]) -> Pending[Vault | None]:
        """Look at a vault that nobody has looked at yet, one after the other: the first absent one has all listed."""

        def look() -> Look[Vault | None]:
            with self.shared.reads.turn(keys.vaults(self.access.fingerprint, self.region)):
                absent = self._is_listed_first(key) and self._is_absent(name)
                return Seen(None) if absent else self.shared.look(key, describe)

        return self.access.threads.submit(look).result

    def _is_listed_first(self, vault: ReadKey) -> bool:
        """Tell whether the list of vaults is asked before a vault: one answer serves for all that are absent.

        Of a vault that was there it is not asked, because that would be a call more; of one that nobody has looked at
        yet it is, where it was needed before.
        """
        before = self.shared.reads.cached(vault, EVER)
        if before is not None:
            return before[0] is None and before[1] < self.shared.not_before
        return self.shared.reads.cached(keys.vaults(self.access.fingerprint, self.region), EVER) is not None

    def _vault_names(self) -> frozenset[str]:
        """List the vaults, or take the list that is there; being denied it is an answer, too."""
        access, region = self.access, self.region

        def answer() -> frozenset[str] | Problem:
            try:
                return inventory.vault_names(access, region)
            except CrossvaultError as error:
                if error.problem.error_class is ErrorClass.RETRY:
                    raise
                return error.problem

        key = keys.vaults(access.fingerprint, region)
        names, at = self.shared.reads.get(key, self.shared.not_before, answer)
        if isinstance(names, Problem):
            raise CrossvaultError(names)
        self.shared.ages[key] = at
        return names

    def _is_absent(self, name: str) -> bool:
        """Tell whether the list of vaults says so."""
        try:
            return name not in self._vault_names()
        except CrossvaultError:
            return False

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
                access, keys.key_manager(entry, region, arn), partial(inventory.key, access, region, arn), key_lasts
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


def key_lasts(look: Look[Key | None]) -> timedelta:
    """Who manages a key never changes; whether we may ask, or whether there is one, may."""
    return LONGEST if isinstance(look, Seen) and look.value is not None else DENIED


def known(look: Look[T]) -> Pending[T]:
    """Return what is known without asking."""
    return lambda: look
