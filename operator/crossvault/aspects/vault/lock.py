"""The lock of a destination vault in governance mode, kept as declared. Pure.

A lock bounds everybody who writes into the vault, so that several declarations of one have to agree. It is never taken
away, never made such that nobody can change it, and a longer least retention is shortened only where that is accepted.
https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from ...engine.declared import Desired, Destination, PolicyKey, VaultRef
from ...engine.kept import KeptWrite
from ...engine.looks import Seen, Unseen
from ...engine.observed import Sight, WriteKey
from ...engine.parts import Part
from ...engine.plan import Change, Drift, Finding, Side
from ...engine.rows import by_the_operator, met, unknown, unmet, unproven
from ...words.instants import instant
from ...words.problems import ErrorClass, Problem
from ...words.reasons import Reason
from . import by_hand
from .declared import LOCK, Lock
from .key import no_vault
from .seen import VAULT, Bounds, Vault

NAME, ASPECT = "VaultLock", "vault"


@dataclass(frozen=True, slots=True)
class PutVaultLock(KeptWrite):
    """Lock a vault in governance mode, or give its lock other bounds; ``expected`` None is a vault without one."""

    destination: str
    vault: VaultRef
    expected: Bounds | None
    bounds: Bounds

    mends: ClassVar[str] = NAME
    bars: ClassVar[bool] = False

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one: also what it replaces."""
        return ("PutVaultLock", self.vault, self.expected, self.bounds)

    def after(self, sight: Sight) -> Sight:
        """Return the destination with its vault locked."""
        look = sight[VAULT]
        if isinstance(look, Unseen) or look.value is None:
            return sight
        return sight.having(VAULT, Seen(_locked(look.value, self.bounds)))

    def told(self) -> Change:
        """Return how a plan lists it."""
        where = f"{self.vault.account.name}/{self.vault.name}"
        if self.expected is None:
            return Change("add", "vault lock", where, f"governance mode, {days(self.bounds)}")
        return Change(
            "change", "vault lock", where, f"{days(self.bounds)} in place of {days(self.expected)}{self._how()}"
        )

    def done(self, *, repaired: bool) -> tuple[Reason, str]:
        """Return the event about it."""
        verb, reason = ("Restored", Reason.DRIFT_CORRECTED) if repaired else ("Put", Reason.VAULT_LOCKED)
        before = "it had none" if self.expected is None else f"it allowed {days(self.expected)}{self._how()}"
        name, account = self.vault.name, self.vault.account.name
        words = (
            f"{verb} the lock of vault {name} in account {account}, in governance mode: {days(self.bounds)}; {before}."
        )
        return reason, f"{self.destination}: {words}"

    def _how(self) -> str:
        """Say what of it is more than the same lock again, for everybody who writes into the vault."""
        if self.expected is None:
            return ""
        (least, most), (had_least, had_most) = self.bounds, self.expected
        ways = [
            *(["a longer least retention"] if least > had_least else []),
            *(["a shorter least retention"] if least < had_least else []),
            *(["a shorter longest retention"] if _longest(most) < _longest(had_most) else []),
            *(["a longer longest retention"] if _longest(most) > _longest(had_most) else []),
        ]
        return f" ({' and '.join(ways)}, for all who write into the vault)"


def _longest(most: int | None) -> float:
    return float("inf") if most is None else most


def _locked(vault: Vault, bounds: Bounds) -> Vault:
    return replace(vault, locked=True, min_retention_days=bounds[0], max_retention_days=bounds[1])


def days(bounds: Bounds) -> str:
    """Return what a lock allows, in words."""
    least, most = bounds
    return f"{least} days or more" if most is None else f"{least} to {most} days"


# --- What others declare -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LockClaim:
    """The lock that a policy keeps a vault in, as others that declare one for the same vault see it."""

    key: PolicyKey
    vault_arn: str
    bounds: Bounds


LOCKS: Part[tuple[LockClaim, ...]] = Part("locks", ())
"""The locks that other policies keep."""


def claims_of(desired: Desired) -> tuple[LockClaim, ...]:
    """Return the locks that a policy keeps; one that does not act keeps none, so that it stands in nobody's way."""
    if desired.deleting or not desired.acts:
        return ()
    locks = [(each.vault.arn, each[LOCK]) for each in desired.destinations]
    return tuple(LockClaim(desired.key, arn, lock.bounds) for arn, lock in locks if lock is not None)


def _rivals(side: Side, lock: Lock) -> tuple[LockClaim, ...]:
    """Return who declares another lock for the same vault, those of the same namespace first."""
    arn, namespace = side.destination.vault.arn, side.desired.key.namespace
    others = [each for each in side.case.around[LOCKS] if each.vault_arn == arn and each.bounds != lock.bounds]
    return tuple(sorted(others, key=lambda each: (each.key.namespace != namespace, str(each.key))))


def _disagreement(side: Side, lock: Lock, rivals: Iterable[LockClaim]) -> str:
    """Say who disagrees; of a policy in another namespace nobody may learn more than that there is one."""
    first, vault = next(iter(rivals)), side.destination.vault.name
    mine = side.desired.key
    if first.key.namespace != mine.namespace:
        return f"Policy {mine} and one of another namespace declare different locks for vault {vault}."
    return (
        f"Policies {mine} and {first.key} declare different locks for vault {vault}: {days(lock.bounds)} and"
        f" {days(first.bounds)}."
    )


# --- Judging -------------------------------------------------------------------------------------------------------


def judge(side: Side) -> Finding:
    """Judge the lock of a destination vault.

    | declared | the vault's lock | found |
    |---|---|---|
    | no | none, or in governance mode | nothing |
    | no | in compliance mode | Met; it says until when it may still be changed |
    | yes | not seen, or not told | Unknown |
    | yes | as declared | Met |
    | yes, otherwise by another policy | any | Unmet; neither writes |
    | yes | in compliance mode or of an air-gapped vault, with other bounds | Unmet; drift that only a person can end |
    | yes | none, or other bounds in governance mode | Unmet, ours; PutVaultLock |
    | yes | a longer least retention, and no shorter one is accepted | Unmet; that is a person's to decide |
    """
    lock, look = side.destination[LOCK], side.sight[VAULT]
    if lock is None:
        return _undeclared(side)
    name = side.destination.name
    if isinstance(look, Unseen):
        return Finding((unknown(NAME, name, look.problem),))
    if look.value is None:
        return Finding((no_vault(NAME, side.destination, "lock"),))
    if look.value.locked is None and look.value.lock is None:
        words = f"AWS did not say whether vault {look.value.name} is locked."
        return Finding((unknown(NAME, name, Problem(Reason.UNEXPECTED_ANSWER, words, ErrorClass.RETRY)),))
    return _seen(side, lock, look.value)


def _seen(side: Side, lock: Lock, vault: Vault) -> Finding:
    rivals = _rivals(side, lock)
    if rivals:
        return _contested(side, lock, vault, rivals)
    if vault.lock == lock.bounds:
        return Finding((met(NAME, side.destination.name, _as_it_is(vault, side.case.observed.at)),))
    return _fixed(side, lock, vault) if is_fixed(vault) else _differing(side, lock, vault)


def is_fixed(vault: Vault) -> bool:
    """Tell whether a lock is not ours to touch: in compliance mode, also while it is cooling off, or born with it."""
    return vault.air_gapped or vault.lock_date is not None


def _undeclared(side: Side) -> Finding:
    """Show a lock that is, or becomes, one for ever."""
    look = side.sight[VAULT]
    vault = None if isinstance(look, Unseen) else look.value
    if vault is None or vault.lock_date is None:
        return Finding()
    return Finding((met(NAME, side.destination.name, _as_it_is(vault, side.case.observed.at)),))


def _as_it_is(vault: Vault, at: datetime) -> str:
    bounds = days(vault.lock or (1, None))
    if vault.air_gapped:
        return f"Vault {vault.name} is logically air-gapped, and locked for ever to {bounds}."
    if vault.lock_date is None:
        return f"Vault {vault.name} is locked in governance mode to {bounds}."
    when = instant(vault.lock_date)
    until = f"until {when} it may still be changed" if at < vault.lock_date else f"since {when} nobody can change it"
    return f"Vault {vault.name} is locked in compliance mode to {bounds}; {until}."


def _drift(
    destination: Destination, wanted: Bounds, has: Bounds | None, remedies: tuple[str, str]
) -> tuple[Drift, ...]:
    """Return what differs, bound by bound, with the remedies of both; a vault without a lock differs once."""
    name = destination.name
    if has is None:
        return (Drift(name, ASPECT, "lock", days(wanted), "absent", remedies[0]),)
    found = []
    for place, path in enumerate(("lock.minRetentionDays", "lock.maxRetentionDays")):
        if wanted[place] != has[place]:
            want, have = (str(each) if each is not None else "none" for each in (wanted[place], has[place]))
            found.append(Drift(name, ASPECT, path, want, have, remedies[place]))
    return tuple(found)


def _contested(side: Side, lock: Lock, vault: Vault, rivals: tuple[LockClaim, ...]) -> Finding:
    words = _disagreement(side, lock, rivals)
    remedy = "Neither writes it: declare the same lock in both, or in one of them only."
    row = unmet(NAME, side.destination.name, Reason.VAULT_LOCK_CONFLICT, words, remedy, blocks=False)
    return Finding((row,), _drift(side.destination, lock.bounds, vault.lock, (f"{words} {remedy}",) * 2))


def _fixed(side: Side, lock: Lock, vault: Vault) -> Finding:
    """Tell of a lock that is nobody's, or not the operator's, to change."""
    has, name = vault.lock or (1, None), side.destination.name
    declare = f"Declare the bounds that it has, {days(has)}, or name another vault."
    open_ = vault.lock_date is not None and side.case.observed.at < vault.lock_date
    by_a_person = " Whoever administers the account may change it until then; the operator does not." if open_ else ""
    remedy = f"{declare}{by_a_person}"
    words = f"{_as_it_is(vault, side.case.observed.at)} {days(lock.bounds)} are declared."
    row = unmet(NAME, name, Reason.VAULT_LOCK_FIXED, words, remedy, blocks=False)
    return Finding((row,), _drift(side.destination, lock.bounds, vault.lock, (remedy, remedy)))


def _differing(side: Side, lock: Lock, vault: Vault) -> Finding:
    destination, has = side.destination, vault.lock
    target = target_of(lock, has)
    keeps = has is not None and lock.least < has[0] and lock.shorten_to is None
    accept = (
        f"Declare minRetentionDays: {has[0]}, as the lock has it, or accept less with shortenToDays: {lock.least}."
        if has is not None and keeps
        else ""
    )
    drift = _drift(destination, lock.bounds, has, (accept, accept if target is None else ""))
    message = (
        f"Vault {vault.name} is not locked."
        if has is None
        else f"The lock of vault {vault.name} allows {days(has)}; {days(lock.bounds)} are declared."
    )
    if keeps:
        message += " A least retention is shortened only where that is accepted."
        row = unmet(NAME, destination.name, Reason.VAULT_LOCK_DIFFERS, message, accept, blocks=False)
    else:
        remedy = by_the_operator(side.desired, "puts the lock", unproven(side.rows, destination.name))
        fix = by_hand.lock(destination.vault, lock.bounds)
        row = unmet(
            NAME, destination.name, Reason.VAULT_LOCK_DIFFERS, message, remedy, blocks=False, ours=True, fix=fix
        )
    if target is None or target == has:
        return Finding((row,), drift)
    return Finding((row,), drift, (PutVaultLock(destination.name, destination.vault, has, target),))


def target_of(lock: Lock, has: Bounds | None) -> Bounds | None:
    """Return the bounds to put; None where those that stay and those that are declared exclude each other.

    A least retention that is longer than declared stays, unless a shorter one is accepted.
    """
    least = lock.least
    if has is not None and lock.shorten_to is None:
        least = max(least, has[0])
    return (least, lock.most) if lock.most is None or least <= lock.most else None


def held_to(destination: Destination, vault: Vault) -> Vault:
    """Return a vault with the lock that copies have to fit in: the one that it has, and the one that it is to have."""
    lock, has = destination[LOCK], vault.lock
    if lock is None or is_fixed(vault):
        return vault
    least, most = has or (1, None)
    most = min((each for each in (most, lock.most) if each is not None), default=None)
    least = max(least, lock.least)
    return vault if most is not None and least > most else _locked(vault, (least, most))
