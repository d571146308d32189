"""How long a copy lives, and whether the lock of its vault allows that: point by point, as AWS compares them.

A copy without a retention of its own inherits that of its recovery point; one outside the lock's bounds fails as a job.
https://docs.aws.amazon.com/aws-backup/latest/devguide/recov-point-create-a-copy.html
https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from ...engine.model import (
    Desired,
    Destination,
    DestinationSight,
    Observed,
    Prerequisite,
    RecoveryPoint,
    Standing,
    State,
    Unseen,
    Vault,
)
from ...engine.rows import UNKNOWN, met, unknown, unmet
from ...words.reasons import Reason

NAME = "VaultLockBounds"


def declared_days(destination: Destination) -> int | None:
    """Return the retention that copies are declared to have; None when they inherit it (-1 says the same)."""
    days = destination.lifecycle.delete_after_days if destination.lifecycle else None
    return None if days is None or days < 0 else days


def days_of(point: RecoveryPoint, destination: Destination) -> int | None:
    """Return the retention that a copy would have, in days from the creation of its point; None for ever."""
    declared = declared_days(destination)
    if declared is not None:
        return declared
    if point.delete_after_days is not None or point.delete_at is None:
        return point.delete_after_days
    return round((point.delete_at - point.created) / timedelta(days=1))


def refusal(point: RecoveryPoint, destination: Destination, vault: Vault | None) -> str | None:
    """Return why the lock of a vault would not let a copy in, as a sentence; None when it would."""
    bounds = vault.bounds if vault is not None else None
    if vault is None or bounds is None:
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


def judge(destination: Destination, sight: DestinationSight) -> Prerequisite:
    """Judge what concerns all copies alike; where they inherit their retention, :func:`counted` judges each."""
    if isinstance(sight.vault, Unseen):
        return unknown(NAME, destination.name, sight.vault.problem)
    vault = sight.vault.value
    if vault is None or vault.bounds is None:
        return met(NAME, destination.name, "The vault is not locked.")
    days = declared_days(destination)
    if days is None:
        return Prerequisite(
            NAME,
            destination.name,
            UNKNOWN,
            Reason.RETENTION_OUT_OF_BOUNDS,
            f"Vault {vault.name} is locked to {_bounds(vault)}; copies inherit the retention of each source point,"
            " and those were not seen.",
        )
    if not _fits(days, vault):
        return unmet(
            NAME,
            destination.name,
            Reason.RETENTION_OUT_OF_BOUNDS,
            f"Copies would live {days} days in vault {vault.name}, whose lock allows {_bounds(vault)}.",
            f"Set deleteAfterDays: {_nearest([days], vault)} in spec.destinations[].lifecycle of {destination.name}.",
        )
    return met(NAME, destination.name, f"{days} days are within the lock's bounds.")


def counted(
    rows: Iterable[Prerequisite],
    desired: Desired,
    observed: Observed,
    standings: Mapping[str, tuple[Standing, ...]],
) -> tuple[Prerequisite, ...]:
    """Return the rows with those about locks judged from the recovery points, where copies inherit their retention."""
    told: dict[str, Prerequisite] = {}
    for destination, sight in zip(desired.destinations, observed.destinations, strict=True):
        vault = None if isinstance(sight.vault, Unseen) else sight.vault.value
        inherits = declared_days(destination) is None and observed.contents(sight) is not None
        if vault is not None and vault.bounds is not None and inherits:
            told[destination.name] = _inherited(destination, vault, standings.get(destination.name, ()))
    return tuple(told.get(row.destination, row) if row.name == NAME else row for row in rows)


def _inherited(destination: Destination, vault: Vault, standings: tuple[Standing, ...]) -> Prerequisite:
    meant = [one for one in standings if one.state not in {State.OUT_OF_SCOPE, State.INELIGIBLE}]
    held = [one for one in meant if one.reason is Reason.RETENTION_OUT_OF_BOUNDS]
    if not held:
        return met(NAME, destination.name, f"What copies inherit is within {_bounds(vault)}, which the lock allows.")
    days = [days_of(one.point, destination) for one in held]
    return unmet(
        NAME,
        destination.name,
        Reason.RETENTION_OUT_OF_BOUNDS,
        f"{len(held)} of {len(meant)} recovery points are held: copies inherit their retention, and the lock of vault"
        f" {vault.name} allows {_bounds(vault)} only.",
        f"Set deleteAfterDays: {_nearest(days, vault)} in spec.destinations[].lifecycle of {destination.name}.",
        blocks=False,
    )


def _nearest(days: Iterable[int | None], vault: Vault) -> int:
    """Return the retention within the bounds that is nearest to what was to be kept: longer rather than shorter."""
    least, most = vault.bounds or (1, 1)
    return most if any(each is None or each > most for each in days) else least


def _bounds(vault: Vault) -> str:
    least, most = vault.bounds or (1, 1)
    return f"{least} to {most} days"
