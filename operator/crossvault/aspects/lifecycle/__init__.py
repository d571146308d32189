"""How long a copy lives, and whether the lock of its vault allows that: point by point, as AWS compares them.

A copy without a retention of its own inherits that of its recovery point; one outside the lock's bounds fails as a job.
https://docs.aws.amazon.com/aws-backup/latest/devguide/recov-point-create-a-copy.html
https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Protocol

from ...engine.declared import Destination
from ...engine.looks import Unseen
from ...engine.parts import Parts
from ...engine.plan import Declaring, Finding, Room, Side
from ...engine.rows import UNKNOWN, Prerequisite, met, unknown, unmet
from ...manifest.fields import Fields
from ...words.reasons import Reason
from ..vault.declared import lock_from
from ..vault.lock import days as allowed_days
from ..vault.lock import held_to
from ..vault.seen import VAULT, Vault
from . import cold
from .declared import LIFECYCLE, Lifecycle
from .existing import EXISTING, existing_from

NAME = "VaultLockBounds"


class Kept(Protocol):
    """What is read of a recovery point to tell how long it lives."""

    @property
    def arn(self) -> str:
        """Its ARN."""

    @property
    def created(self) -> datetime:
        """From when retention counts, that of its copies too."""

    @property
    def delete_after_days(self) -> int | None:
        """The Lifecycle's DeleteAfterDays, which copies inherit; None for one that is kept."""

    @property
    def delete_at(self) -> datetime | None:
        """When it expires."""


def destination(declaring: Declaring) -> Parts:
    """Read ``lifecycle`` of a destination, and what it means for the copies that are there."""
    lifecycle = _lifecycle(declaring.fields)
    _check_lock(declaring.fields, lifecycle)
    parts = Parts() if lifecycle is None else Parts().having(LIFECYCLE, lifecycle)
    existing = existing_from(declaring.fields, lifecycle)
    return parts.having(EXISTING, existing) if existing.updates else parts


def _lifecycle(spec: Fields) -> Lifecycle | None:
    if not spec.has("lifecycle"):
        return None
    fields = spec.object("lifecycle")
    opted_in = fields.flag("optInToArchive")
    if opted_in and not fields.has("moveToColdStorageAfterDays"):
        fields.fault("optInToArchive", "only with moveToColdStorageAfterDays, which says when")
    return Lifecycle(
        move_to_cold_storage_after_days=fields.optional_integer("moveToColdStorageAfterDays"),
        delete_after_days=fields.optional_integer("deleteAfterDays"),
        opt_in_to_archive=opted_in,
    )


def _check_lock(fields: Fields, lifecycle: Lifecycle | None) -> None:
    """Find a retention wrong that the lock declared beside it would refuse."""
    lock = lock_from(fields.silently().object("vault"))
    days = lifecycle.delete_after_days if lifecycle is not None else None
    if lock is not None and days is not None and not lock.allows(days):
        words = f"must be within the lock declared for the vault, {allowed_days(lock.bounds)}; is {days}"
        fields.object("lifecycle").fault("deleteAfterDays", words)


def declared_days(destination: Destination) -> int | None:
    """Return the retention that copies are declared to have; None when they inherit it (-1 says the same)."""
    lifecycle = destination[LIFECYCLE]
    days = lifecycle.delete_after_days if lifecycle else None
    return None if days is None or days < 0 else days


def days_of(point: Kept, destination: Destination) -> int | None:
    """Return the retention that a copy would have, in days from the creation of its point; None for ever."""
    declared = declared_days(destination)
    if declared is not None:
        return declared
    if point.delete_after_days is not None or point.delete_at is None:
        return point.delete_after_days
    return round((point.delete_at - point.created) / timedelta(days=1))


def refusal(point: Kept, destination: Destination, vault: Vault | None) -> str | None:
    """Return why the lock of a vault would not let a copy in, as a sentence; None when it would."""
    vault = held_to(destination, vault) if vault is not None else None
    if vault is None or vault.bounds is None:
        return None
    days = days_of(point, destination)
    if _fits(days, vault):
        return None
    lives = "would be kept for ever" if days is None else f"would live {days} days"
    return f"A copy of {point.arn} {lives}; the lock of vault {vault.name} allows {_bounds(vault)}."


def _fits(days: int | None, vault: Vault) -> bool:
    bounds = vault.bounds
    if bounds is None:
        return True
    least, most = bounds
    # What is kept for ever is only too long for a lock that has an upper bound.
    return vault.max_retention_days is None if days is None else least <= days <= most


def judge(side: Side) -> Finding:
    """Judge the lock of a destination's vault; and cold storage, as :func:`.cold.row` has it.

    | lock | retention of the copies | row |
    |---|---|---|
    | none | | Met |
    | any | declared, within its bounds | Met |
    | any | declared, outside | Unmet |
    | any | inherited | Unknown, until each recovery point was judged: :func:`inherited` |
    """
    return Finding((_row(side), *cold.row(side)))


def _row(side: Side) -> Prerequisite:
    """Judge what concerns all copies alike."""
    destination, look = side.destination, side.sight[VAULT]
    if isinstance(look, Unseen):
        return unknown(NAME, destination.name, look.problem)
    days = declared_days(destination)
    vault = held_to(destination, look.value) if look.value is not None else None
    if vault is None or vault.bounds is None:
        return _good(destination, "The vault is not locked.")
    if days is None:
        words = (
            f"Vault {vault.name} is locked to {_bounds(vault)}; copies inherit the retention of each source point,"
            " and those were not seen."
        )
        # Each point is held by the lock or not; a refusal of before says no more.
        cleared = frozenset({Reason.RETENTION_REFUSED})
        return Prerequisite(NAME, destination.name, UNKNOWN, Reason.RETENTION_OUT_OF_BOUNDS, words, clears=cleared)
    if not _fits(days, vault):
        return unmet(
            NAME,
            destination.name,
            Reason.RETENTION_OUT_OF_BOUNDS,
            f"Copies would live {days} days in vault {vault.name}, whose lock allows {_bounds(vault)}.",
            f"Set deleteAfterDays: {_nearest([days], vault)} in spec.destinations[].lifecycle of {destination.name}.",
        )
    return _good(destination, f"{days} days are within the lock's bounds.")


def inherited(destination: Destination, vault: Vault, held: Collection[Kept], meant: int) -> Prerequisite:
    """Return the row of a locked vault whose copies inherit their retention.

    Args:
        destination: Where copies go.
        vault: The vault that is locked.
        held: The recovery points whose copies the lock would not let in.
        meant: How many could be copied at all.
    """
    if not held:
        return _good(destination, f"What copies inherit is within {_bounds(vault)}, which the lock allows.")
    days = [days_of(each, destination) for each in held]
    return unmet(
        NAME,
        destination.name,
        Reason.RETENTION_OUT_OF_BOUNDS,
        f"{len(held)} of {meant} recovery points are held: copies inherit their retention, and the lock of vault"
        f" {vault.name} allows {_bounds(vault)} only.",
        f"Set deleteAfterDays: {_nearest(days, vault)} in spec.destinations[].lifecycle of {destination.name}.",
        blocks=False,
    )


def _good(destination: Destination, message: str) -> Prerequisite:
    return met(NAME, destination.name, message, clears=[Reason.RETENTION_REFUSED])


def _nearest(days: Iterable[int | None], vault: Vault) -> int:
    """Return the retention within the bounds that is nearest to what was to be kept: longer rather than shorter."""
    least, most = vault.bounds or (1, 1)
    return most if any(each is None or each > most for each in days) else least


def _bounds(vault: Vault) -> str:
    least, most = vault.bounds or (1, 1)
    return f"{least} to {most} days"


ROOM = Room("lifecycle", judge=judge, destination=destination, rows=(NAME, cold.NAME))

__all__ = [
    "LIFECYCLE",
    "NAME",
    "ROOM",
    "Kept",
    "Lifecycle",
    "days_of",
    "declared_days",
    "inherited",
    "refusal",
]
