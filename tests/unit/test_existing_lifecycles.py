"""What one copy that is there gets for a lifecycle: never less than it has, unless that is accepted, and all of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import NOW

from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.lifecycle.existing import (
    A_DAY,
    COLD_FOR,
    Existing,
    ExistingCopies,
    Fate,
    Life,
    Verdict,
    verdict,
)

UPDATE = Existing(ExistingCopies.UPDATE_LIFECYCLE)
NEVER = datetime.max.replace(tzinfo=NOW.tzinfo)


def accepting(days: int) -> Existing:
    """Return that shortening to a retention is accepted."""
    return Existing(ExistingCopies.UPDATE_LIFECYCLE, days)


def life(age: float, end: int | None, cold: int | None = None, *, is_cold: bool | None = None) -> Life:
    """Return a copy of so many days, with the days of its lifecycle."""
    created = NOW - timedelta(days=age)

    def date(days: int | None) -> datetime | None:
        return None if days is None else created + timedelta(days=days)

    return Life(created, date(end), date(cold), is_cold)


@pytest.mark.parametrize(
    ("copy", "declared", "existing", "fate", "target"),
    [
        pytest.param(
            life(3, 30), Lifecycle(None, 365), UPDATE, Fate.PROLONG, Lifecycle(None, 365), id="ends earlier: prolonged"
        ),
        pytest.param(
            life(3, 365), Lifecycle(None, 365), UPDATE, Fate.AS_DECLARED, None, id="ends as declared: nothing"
        ),
        pytest.param(life(3, 364), Lifecycle(None, 365), UPDATE, Fate.AS_DECLARED, None, id="a day is no difference"),
        pytest.param(life(3, 365), Lifecycle(None, 90), UPDATE, Fate.LONGER, None, id="ends later: told"),
        pytest.param(life(3, None), Lifecycle(None, 90), UPDATE, Fate.LONGER, None, id="never ends: told"),
        pytest.param(
            life(3, 365),
            Lifecycle(None, 90),
            accepting(90),
            Fate.SHORTEN,
            Lifecycle(None, 90),
            id="ends later, accepted: shortened",
        ),
        pytest.param(
            life(3, None),
            Lifecycle(None, 90),
            accepting(90),
            Fate.SHORTEN,
            Lifecycle(None, 90),
            id="never ends, accepted: shortened",
        ),
        pytest.param(
            life(3, 365), Lifecycle(None, 90), accepting(60), Fate.LONGER, None, id="another retention was accepted"
        ),
        pytest.param(
            life(91, 365), Lifecycle(None, 90), accepting(90), Fate.END_PASSED, None, id="the declared end has passed"
        ),
        pytest.param(
            life(89.5, 365), Lifecycle(None, 90), accepting(90), Fate.END_PASSED, None, id="the declared end is near"
        ),
        pytest.param(
            life(40, 35), Lifecycle(None, 38), UPDATE, Fate.AS_DECLARED, None, id="over, and so is the declared end"
        ),
        pytest.param(
            life(40, 35), Lifecycle(None, 90), UPDATE, Fate.PROLONG, Lifecycle(None, 90), id="over, and not yet deleted"
        ),
        pytest.param(
            life(3, 365, 30), Lifecycle(60, 365), UPDATE, Fate.AS_DECLARED, Lifecycle(60, 365), id="stays warm longer"
        ),
        pytest.param(
            life(3, 365, 30), Lifecycle(None, 365), UPDATE, Fate.AS_DECLARED, Lifecycle(None, 365), id="stays warm"
        ),
        pytest.param(
            life(3, 365), Lifecycle(30, 365), accepting(365), Fate.AS_DECLARED, None, id="is not sent to cold storage"
        ),
        pytest.param(
            life(3, 365, 90),
            Lifecycle(30, 730),
            UPDATE,
            Fate.PROLONG,
            Lifecycle(90, 730),
            id="keeps its later date for cold storage, which is sent again",
        ),
        pytest.param(
            life(3, 365, 200),
            Lifecycle(30, 120),
            accepting(120),
            Fate.SHORTEN,
            Lifecycle(None, 120),
            id="shortened too much for its date of cold storage: never cold",
        ),
        pytest.param(
            life(40, 365, 30), Lifecycle(None, 730), UPDATE, Fate.PROLONG, Lifecycle(30, 730), id="cold: keeps its date"
        ),
        pytest.param(
            life(40, 365, 30), Lifecycle(60, 365), UPDATE, Fate.AS_DECLARED, None, id="cold: comes back no more"
        ),
        pytest.param(
            life(40, 365, 30), Lifecycle(None, 100), accepting(100), Fate.IN_COLD, None, id="cold: for 90 days at least"
        ),
        pytest.param(
            life(40, 365, 30),
            Lifecycle(None, 130),
            accepting(130),
            Fate.SHORTEN,
            Lifecycle(30, 130),
            id="cold for long enough: shortened",
        ),
        pytest.param(
            life(29.5, 365, 30), Lifecycle(30, 730), UPDATE, Fate.PROLONG, None, id="moves within a day: waits for that"
        ),
        pytest.param(
            life(40, 365, 30, is_cold=False),
            Lifecycle(30, 730),
            UPDATE,
            Fate.PROLONG,
            Lifecycle(None, 730),
            id="warm although the date is over: a type without cold storage",
        ),
        pytest.param(life(3, 30), Lifecycle(None, 365), Existing(), Fate.AS_DECLARED, None, id="kept: nothing"),
        pytest.param(life(3, 30), Lifecycle(30, None), UPDATE, Fate.AS_DECLARED, None, id="no end declared: nothing"),
    ],
)
def test_a_copy_is_judged(copy: Life, declared: Lifecycle, existing: Existing, fate: Fate, target: Lifecycle) -> None:
    """The table of the module, row by row."""
    assert verdict(copy, declared, existing, NOW) == Verdict(fate, target)


def test_days_that_aws_tells_come_before_those_that_follow_from_dates() -> None:
    """What is sent again is what AWS has, and no calculation of ours."""
    told = Life(NOW - A_DAY, NOW + timedelta(days=29, hours=3), told=Lifecycle(None, 31))

    assert told.days == Lifecycle(None, 31)


# --- Whatever copies there are -------------------------------------------------------------------------------------

DAYS = st.integers(1, 1200)


@st.composite
def lifecycles(draw: st.DrawFn) -> Lifecycle:
    """Draw a lifecycle that AWS takes."""
    cold, end = draw(st.none() | DAYS), draw(st.none() | DAYS)
    if cold is not None and end is not None and end < cold + COLD_FOR:
        end = cold + COLD_FOR
    return Lifecycle(cold, end)


@st.composite
def copies(draw: st.DrawFn) -> Life:
    """Draw a copy; AWS may say that it is warm, or nothing."""
    has, age = draw(lifecycles()), draw(st.floats(0, 1300))
    return life(
        age, has.delete_after_days, has.move_to_cold_storage_after_days, is_cold=draw(st.sampled_from([None, False]))
    )


@st.composite
def wishes(draw: st.DrawFn) -> tuple[Lifecycle, Existing]:
    """Draw what a policy may declare."""
    declared = draw(lifecycles().filter(lambda each: each.delete_after_days is not None))
    accepted = draw(st.sampled_from([None, declared.delete_after_days]))
    return declared, Existing(ExistingCopies.UPDATE_LIFECYCLE, accepted)


def updated(copy: Life, target: Lifecycle) -> Life:
    """Do what AWS does with a lifecycle, and refuse what it refuses."""
    cold, end = target.move_to_cold_storage_after_days, target.delete_after_days
    assert cold is None or end is None or end >= cold + COLD_FOR, "AWS: 90 days apart"
    if copy.is_cold(NOW):
        assert cold == copy.days.move_to_cold_storage_after_days, "AWS: not after the move"
    elif cold is not None:
        assert copy.created + timedelta(days=cold) >= NOW + A_DAY, "AWS: a day older than the recovery point is"
    age = (NOW - copy.created) / A_DAY
    return life(age, end, cold)


@given(copies(), wishes())
def test_no_copy_gets_less_than_it_has_unless_that_is_accepted(copy: Life, wish: tuple[Lifecycle, Existing]) -> None:
    """Its end moves back only with consent, and to no end that is over; its move to cold storage never does."""
    declared, existing = wish
    judged = verdict(copy, declared, existing, NOW)
    if judged.target is None:
        return
    after = updated(copy, judged.target)
    tolerance = timedelta(seconds=1)

    if existing.shorten_to_days is None:
        assert (after.delete_at or NEVER) >= (copy.delete_at or NEVER) - tolerance
    assert (after.delete_at or NEVER) > NOW
    assert (after.delete_at or NEVER) >= min(copy.delete_at or NEVER, NOW + A_DAY - tolerance)
    if not copy.is_cold(NOW):
        assert (after.cold_at or NEVER) >= (copy.cold_at or NEVER) - tolerance


@given(copies(), wishes())
def test_what_was_done_is_not_done_again(copy: Life, wish: tuple[Lifecycle, Existing]) -> None:
    """The second look finds nothing to do, so that nobody is asked the same for ever."""
    judged = verdict(copy, *wish, NOW)
    if judged.target is None:
        return

    assert verdict(updated(copy, judged.target), *wish, NOW).target is None


@given(copies(), wishes(), wishes())
def test_policies_that_only_prolong_come_to_rest(
    copy: Life, one: tuple[Lifecycle, Existing], other: tuple[Lifecycle, Existing]
) -> None:
    """Whoever is first: both have their say, the copy has the longer life, and neither changes it to and fro."""
    for declared in (one[0], other[0], one[0], other[0]):
        judged = verdict(copy, declared, UPDATE, NOW)
        copy = updated(copy, judged.target) if judged.target is not None else copy

    assert [verdict(copy, declared, UPDATE, NOW).target for declared in (one[0], other[0])] == [None, None]
