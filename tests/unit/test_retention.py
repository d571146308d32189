"""How long copies live, against the lock of their vault: point by point."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.kit import recorded
from tests.kit.builders import UNSEEN, ago, copy_of, desired, destination, job_for, observed, point, sight, vault
from tests.kit.copies import ALL
from tests.kit.judging import diff, standings_of

from crossvault.aspects import lifecycle
from crossvault.aspects.copies.planned import StartCopy, State
from crossvault.aspects.copies.seen import RecoveryPoint
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.engine.declared import Destination
from crossvault.engine.looks import Seen
from crossvault.engine.plan import Plan
from crossvault.engine.rows import Prerequisite, PrerequisiteStatus
from crossvault.words.reasons import Reason

MET, UNMET, UNKNOWN = PrerequisiteStatus.MET, PrerequisiteStatus.UNMET, PrerequisiteStatus.UNKNOWN
INHERIT = destination(lifecycle=Lifecycle(delete_after_days=-1))
YEAR = destination(lifecycle=Lifecycle(delete_after_days=365))


def _kept(number: int, days: int | None, **members: Any) -> RecoveryPoint:
    return replace(point(number, resource=f"arn:aws:rds:eu-west-1:1:db:{number}", **members), delete_after_days=days)


def _locked(low: int | None, high: int | None, **members: Any) -> Any:
    return Seen(vault(locked=True, min_retention_days=low, max_retention_days=high, **members))


def _plan(*points: RecoveryPoint, to: Destination | None = None, lock: Any = None, **looks: Any) -> Plan:
    to = to or destination()
    there = sight(to, vault=lock or _locked(30, 60), **looks)
    return diff(desired(to, backfill=ALL), observed(points, there))


def _row(made: Plan) -> Prerequisite:
    return next(row for row in made.prerequisites if row.name == "VaultLockBounds")


@pytest.mark.parametrize(
    ("one", "to", "days"),
    [
        pytest.param(_kept(1, 35), destination(), 35, id="nothing declared: as the source"),
        pytest.param(_kept(1, 35), INHERIT, 35, id="-1: as the source"),
        pytest.param(_kept(1, 35), YEAR, 365, id="declared"),
        pytest.param(_kept(1, None), destination(), None, id="kept for ever"),
        pytest.param(_kept(1, None), YEAR, 365, id="kept for ever, the copy not"),
        pytest.param(_kept(1, None, delete_at=ago(days=1) + timedelta(days=90)), destination(), 90, id="calculated"),
        pytest.param(_kept(1, 35, delete_at=ago(days=1) + timedelta(days=90)), destination(), 35, id="both"),
    ],
)
def test_a_copy_lives_as_declared_or_as_its_source(one: RecoveryPoint, to: Destination, days: int | None) -> None:
    """Days from the creation of the recovery point."""
    assert lifecycle.days_of(one, to) == days


@pytest.mark.parametrize(
    ("days", "lock", "fits"),
    [
        (29, (30, 60), False),
        (30, (30, 60), True),
        (60, (30, 60), True),
        (61, (30, 60), False),
        (None, (30, 60), False),
        (None, (30, None), True),
        (36_500, (30, None), True),
        (1, (None, 60), True),
    ],
)
def test_a_point_is_held_exactly_when_its_copy_would_not_fit_the_lock(
    days: int | None, lock: tuple[int | None, int | None], *, fits: bool
) -> None:
    """What is kept for ever is too long only for a lock that has an upper bound."""
    made = _plan(_kept(1, days), lock=_locked(*lock))
    (standing,) = standings_of(made)["dr"]
    assert bool([each for each in made.actions if isinstance(each, StartCopy)]) is fits
    assert standing.state is (State.MISSING if fits else State.WAITING)
    assert standing.needs_action is not fits
    assert (standing.reason is Reason.RETENTION_OUT_OF_BOUNDS) is not fits
    assert _row(made).status is (MET if fits else UNMET)


@pytest.mark.parametrize(
    ("held", "remedy"),
    [((90,), 60), ((None,), 60), ((7,), 30), ((7, 90), 60), ((7, 8), 30)],
)
def test_the_row_counts_and_tells_what_to_declare(held: tuple[int | None, ...], remedy: int) -> None:
    """What fits goes; the rest is told once, with a retention that the lock allows: longer rather than shorter."""
    points = [_kept(1, 45), *(_kept(number, days) for number, days in enumerate(held, start=2))]
    made = _plan(*points)
    row = _row(made)
    assert row.message.startswith(f"{len(held)} of {len(points)} recovery points are held")
    assert f"deleteAfterDays: {remedy} in" in row.remedy
    assert row.blocks is False
    assert len([each for each in made.actions if isinstance(each, StartCopy)]) == 1


def test_what_is_copied_or_ineligible_is_not_held() -> None:
    """A lock judges new copies only."""
    there, cold = _kept(1, 90), _kept(2, 90, kind="EFS", cold_at=ago(days=1))
    made = _plan(there, cold, copies=(copy_of(there),))
    assert _row(made).status is MET


def test_a_vault_without_a_lock_takes_everything() -> None:
    """Also what is kept for ever."""
    made = _plan(_kept(1, None), _kept(2, 9), lock=Seen(vault()))
    assert _row(made).message == "The vault is not locked."
    assert len(made.actions) == 2


def test_an_air_gapped_vault_is_always_locked() -> None:
    """Whatever Locked says of it."""
    there = Seen(vault(kind="LOGICALLY_AIR_GAPPED_BACKUP_VAULT", min_retention_days=7, max_retention_days=60))
    assert _row(_plan(_kept(1, 61, kind="EBS"), lock=there)).status is UNMET


def test_without_a_look_at_the_points_nothing_is_said_of_them() -> None:
    """Unknown, and it stops nothing."""
    there = sight(vault=_locked(30, 60))
    row = _row(diff(desired(destination()), observed(UNSEEN, there)))
    assert (row.status, row.blocks) == (UNKNOWN, False)


def test_a_job_that_the_lock_refused_is_not_repeated_until_it_fits() -> None:
    """A failed job tells nothing that the bounds do not; once they fit, it is tried again with its own token."""
    one = _kept(1, 90)
    refused = job_for(one, state="FAILED", message=recorded.said("vault-lock"))
    held = _plan(one, jobs=(refused,))
    assert [each.needs_action for each in standings_of(held)["dr"]] == [True]
    assert not held.actions
    fits = _plan(one, lock=_locked(30, 90), jobs=(refused,))
    (start,) = fits.actions
    (first,) = _plan(one, lock=_locked(30, 90)).actions
    assert isinstance(start, StartCopy)
    assert isinstance(first, StartCopy)
    assert start.token != first.token


def test_a_declared_retention_outside_the_bounds_stops_all() -> None:
    """There it is one cause for every copy."""
    made = _plan(_kept(1, 45), _kept(2, 90), to=YEAR)
    row = _row(made)
    assert (row.status, row.blocks, made.actions) == (UNMET, True, ())
    assert "deleteAfterDays: 60 in spec.destinations[].lifecycle of dr" in row.remedy
