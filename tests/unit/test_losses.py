"""Copies that were there and are there no more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit import builders
from tests.kit.builders import (
    DISK,
    NOW,
    absent,
    ago,
    copy_of,
    desired,
    destination,
    job_for,
    key,
    observed,
    point,
    sight,
    target_vault,
    vault,
)
from tests.kit.judging import diff
from tests.kit.statuses import ALL, condition_in, declare, status_of, tell

from crossvault.aspects.copies.contents import ARRIVALS, Arrivals
from crossvault.aspects.copies.declared import Backfill, BackfillMode, Copying, Uncertain
from crossvault.aspects.copies.inventory import Inventory
from crossvault.aspects.copies.jobs import Jobs
from crossvault.aspects.lifecycle import LIFECYCLE, Lifecycle
from crossvault.aspects.vault.declared import CREATION, Creation
from crossvault.aspects.vault.seen import Key
from crossvault.engine.looks import Look, Seen
from crossvault.engine.observed import Observed, Sight
from crossvault.status.outcome import Cadence
from crossvault.words.instants import moment

# Older than the job history: of a younger point the job that copied it would be listed.
POINTS = (point(41), point(42, resource=DISK), point(43, resource=f"{DISK}b"), point(44, resource=f"{DISK}c"))
DONE = tuple(
    job_for(each, state="COMPLETED", job_id=f"job-{each.arn}", created=ago(hours=10), to=copy_of(each))
    for each in POINTS
)
HELD = sight(copies=tuple(map(copy_of, POINTS)))
CREATES = destination(create=True)


def made(at: datetime, **members: Any) -> Sight:
    """Return the destination with a vault that was created then."""
    return sight(vault=Seen(vault(created=at)), **members)


def healthy(seen: Observed, previous: dict[str, Any] | None = None, **members: Any) -> tuple[str, str]:
    """Return CopiesHealthy after a pass."""
    condition = condition_in(status_of(tell(declare(**members), seen, previous=previous)), "CopiesHealthy")
    return condition["status"], condition["reason"]


KNOWN = status_of(tell(declare(), observed(POINTS, HELD)))


@pytest.mark.parametrize(
    ("seen", "previous", "reason"),
    [
        pytest.param(observed(POINTS, made(ago(days=900), jobs=DONE)), {}, "CopyVanished", id="emptied"),
        pytest.param(observed(POINTS, made(ago(hours=1), jobs=DONE)), {}, "DestinationVaultLost", id="made anew"),
        pytest.param(observed(POINTS, absent()), KNOWN, "DestinationVaultLost", id="gone, no job is left"),
        pytest.param(
            observed(POINTS, absent().having(ARRIVALS, Arrivals(Seen(Inventory()), Seen(Jobs(DONE)), NOW))),
            {},
            "DestinationVaultLost",
            id="gone, jobs tell",
        ),
        pytest.param(observed(POINTS, made(ago(days=900))), KNOWN, "CopyVanished", id="emptied, no job is left"),
    ],
)
@pytest.mark.parametrize("lag", [None, timedelta(days=30)], ids=["no objective", "an objective"])
def test_a_loss_is_told(seen: Observed, previous: dict[str, Any], reason: str, lag: timedelta | None) -> None:
    """0 of 4: a reason, a warning, and never "Protected"; the jobs tell it, or the status that knew the copies."""
    wanted = declare(CREATES, max_copy_lag=lag)
    outcome = tell(wanted, seen, previous=previous)
    told = status_of(outcome)

    assert condition_in(told, "CopiesHealthy")["reason"] == reason
    assert condition_in(told, "Ready")["status"] == "False"
    assert [each.type for each in outcome.events if each.reason == reason] == ["Warning"]
    assert [(each["reason"], each["needsAction"]) for each in told["failures"]] == [(reason, True)]
    assert told["failures"][0]["count"] == 4
    assert told["failures"][0]["remedy"].startswith("Find who delete")


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(observed(POINTS, absent()), id="a vault that is still to be made"),
        pytest.param(observed(POINTS, made(ago(hours=1))), id="a vault just made"),
        pytest.param(
            observed(POINTS[:1], made(ago(days=900), jobs=DONE, copies=(copy_of(POINTS[0]),))), id="sources gone"
        ),
        pytest.param(
            observed(POINTS, made(ago(hours=1), jobs=DONE, copies=tuple(map(copy_of, POINTS)))), id="copied again"
        ),
    ],
)
def test_what_was_never_there_is_no_loss(seen: Observed) -> None:
    """A first backfill, and a source that expired, are no reason to alarm."""
    assert healthy(seen) == ("True", "NoFailures")


def test_a_loss_that_only_a_status_knew_is_told_until_the_copies_are_back() -> None:
    """Pass after pass, restart after restart, and not a moment longer."""
    gone = status_of(tell(declare(CREATES), observed(POINTS, absent()), previous=KNOWN))
    anew = observed(POINTS, made(ago(minutes=1)))
    still = status_of(tell(declare(CREATES), anew, previous=gone, now=NOW + timedelta(minutes=5)))
    later = status_of(tell(declare(CREATES), anew, previous=still, now=NOW + timedelta(days=2)))
    half = observed(POINTS, made(ago(minutes=1), copies=tuple(map(copy_of, POINTS[:2]))))
    part = status_of(tell(declare(CREATES), half, previous=later, now=NOW + timedelta(days=3)))
    back = observed(POINTS, made(ago(minutes=1), copies=tuple(map(copy_of, POINTS))))

    for each, count in ((still, 4), (later, 4), (part, 2)):
        assert (each["failures"][0]["reason"], each["failures"][0]["count"]) == ("DestinationVaultLost", count)
        assert each["failures"][0]["lostAt"] == gone["failures"][0]["lostAt"]
    assert condition_in(status_of(tell(declare(CREATES), back, previous=part)), "Ready")["reason"] == "Protected"


def test_a_look_that_failed_is_no_loss() -> None:
    """What could not be listed is not gone."""
    assert healthy(observed(POINTS, builders.blind()), KNOWN) == ("Unknown", "CannotObserve")


# --- A vault with another key --------------------------------------------------------------------------------------

OTHER = "arn:aws:kms:eu-central-1:222222222222:key/99999999-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("declared", "looked_up", "differs"),
    [
        pytest.param(builders.KEY_ARN, Seen(None), False, id="the same ARN"),
        pytest.param(OTHER, Seen(None), True, id="another ARN"),
        pytest.param("alias/orders", Seen(key()), False, id="an alias of it"),
        pytest.param("alias/orders", Seen(Key(OTHER, "CUSTOMER", "Enabled")), True, id="an alias of another"),
        pytest.param("alias/orders", builders.UNSEEN, False, id="an alias that could not be looked up"),
        pytest.param("alias/orders", Seen(None), False, id="an alias that is not there"),
        pytest.param(None, Seen(None), False, id="none declared"),
    ],
)
def test_a_key_that_is_not_the_declared_one_is_a_hazard(
    declared: str | None, looked_up: Look[Key | None], *, differs: bool
) -> None:
    """Nobody can change the key of a vault: told with a remedy, in a steady state, while copies go on."""
    where = destination().having(CREATION, Creation(encryption_key=declared))
    wanted = desired(where, backfill=ALL)
    seen = observed((point(),), sight(where, wanted_key=looked_up))
    intended = diff(wanted, seen)
    outcome = tell(wanted, seen)
    told = status_of(outcome)

    (row,) = [each for each in intended.prerequisites if each.name == "VaultKey"]
    nowhere = isinstance(looked_up, Seen) and looked_up.value is None and str(declared).startswith("alias/")
    assert (row.status, row.reason) == (("Unknown", "DeclaredKeyNotFound") if nowhere else ("Met", "AllMet"))
    assert not nowhere or ("alias/orders" in row.message and row.remedy and not row.blocks)
    assert condition_in(told, "Ready")["status"] == ("False" if differs else "True")
    assert [each.aspect for each in intended.drift] == (["vault_key"] if differs else [])
    assert len(intended.actions) == 1
    if differs:
        (item,) = told["drift"]["items"]
        assert item["remedy"].startswith("A vault's key cannot be changed")
        assert condition_in(told, "Synced")["reason"] == "Drifted"
        assert OTHER in condition_in(told, "Synced")["message"]
        assert "cannot be changed" in condition_in(told, "Synced")["message"]
        assert status_of(tell(wanted, seen, previous=told)) == told


def test_what_nobody_can_mend_is_not_looked_at_more_often() -> None:
    """A hazard is no reason to follow: only a person can end it."""
    where = destination().having(CREATION, Creation(encryption_key=OTHER))
    copied = observed((point(),), sight(where, copies=(copy_of(point()),)))

    assert tell(desired(where, backfill=ALL), copied).requeue == Cadence().interval


def test_a_hazard_of_a_vault_in_the_dark_is_not_taken_back() -> None:
    """It does not flap with the looks that fail."""
    where = destination(vault=target_vault()).having(CREATION, Creation(encryption_key=OTHER))
    before = status_of(tell(desired(where), observed((), sight(where))))
    after = status_of(tell(desired(where), observed((), builders.blind(where)), previous=before))

    assert before["drift"]["items"] == after["drift"]["items"]
    assert after["drift"]["items"][0]["remedy"]


def test_a_hazard_of_an_alias_that_cannot_be_looked_up_is_not_taken_back() -> None:
    """One throttled call to KMS neither mends a vault's key nor turns the policy green."""
    where = destination().having(CREATION, Creation(encryption_key="alias/orders"))
    wanted = desired(where, backfill=ALL)
    told = status_of(tell(wanted, observed((), sight(where, wanted_key=Seen(Key(OTHER, "CUSTOMER", "Enabled"))))))
    dark = status_of(tell(wanted, observed((), sight(where, wanted_key=builders.UNSEEN)), previous=told))
    right = status_of(tell(wanted, observed((), sight(where, wanted_key=Seen(key()))), previous=dark))

    assert dark == told
    assert condition_in(right, "Ready")["reason"] == "Protected"
    assert right["drift"]["total"] == 0


def test_fewer_copies_than_points_that_went_are_a_loss() -> None:
    """The newest stands, jobs are forgotten: as many are lost as are fewer beyond what left the source."""
    for points, there, lost in (
        (POINTS, POINTS[:2], 2),
        (POINTS[:3], POINTS[:2], 1),
        (POINTS[:2], POINTS[:2], 0),
        ((point(0), *POINTS), POINTS, 0),
        ((point(0), *POINTS), POINTS[:3], 1),
    ):
        seen = observed(points, made(ago(days=900), copies=tuple(map(copy_of, there))))
        failures = status_of(tell(declare(), seen, previous=KNOWN))["failures"]
        assert sum(each["count"] for each in failures if each["reason"] == "CopyVanished") == lost


def test_the_newest_copy_is_lost_though_others_came() -> None:
    """As many copies as before, none of them of the date of the newest: one was lost while an older one arrived."""
    some = status_of(tell(declare(), observed(POINTS, made(ago(days=900), copies=tuple(map(copy_of, POINTS[:2]))))))
    swapped = observed(POINTS, made(ago(days=900), copies=tuple(map(copy_of, POINTS[1:3]))))
    (failure, *_) = status_of(tell(declare(), swapped, previous=some))["failures"]

    assert (failure["reason"], failure["count"], failure["example"]) == ("CopyVanished", 1, POINTS[0].arn)


def test_a_loss_amid_a_backlog_is_told_as_what_it_is() -> None:
    """One copy of an old point goes while hundreds wait for theirs: one is lost, also in the passes after."""
    backlog = tuple(point(n, created=ago(hours=3), resource=f"{DISK}-{n}") for n in range(100, 120))
    began = observed((*POINTS, *backlog), made(ago(days=900), copies=tuple(map(copy_of, POINTS))))
    gone = observed((*POINTS, *backlog), made(ago(days=900), copies=tuple(map(copy_of, POINTS[1:]))))
    told = status_of(tell(declare(), began))
    for minutes in range(3):
        told = status_of(tell(declare(), gone, previous=told, now=NOW + timedelta(minutes=minutes)))
        assert [(each["reason"], each["count"]) for each in told["failures"]] == [("CopyVanished", 1)]
    back = status_of(tell(declare(), began, previous=told))

    assert back["failures"] == []


def test_a_copy_that_comes_to_live_shorter_is_there_still() -> None:
    """Somebody shortens a copy's life: that is what is told, and no loss."""
    wanted = declare(destination().having(LIFECYCLE, Lifecycle(delete_after_days=365)))
    kept = tuple(copy_of(each) for each in POINTS)
    short = replace(kept[0], delete_at=POINTS[0].created + timedelta(days=50))
    before = status_of(tell(wanted, observed(POINTS, made(ago(days=900), copies=kept))))
    after = status_of(tell(wanted, observed(POINTS, made(ago(days=900), copies=(short, *kept[1:]))), previous=before))

    assert [each["reason"] for each in after["failures"]] == ["CopyExpiresEarly"]


# --- Histories -----------------------------------------------------------------------------------------------------

_SAME_SECOND = [timedelta(), timedelta(milliseconds=10), timedelta(milliseconds=999), timedelta(seconds=1)]


@dataclass(frozen=True)
class Step:
    """What comes between two looks: numbers of points that are listed first, get their copy, or leave the source."""

    come: frozenset[int]
    copied: frozenset[int]
    leave: frozenset[int]


def histories(*, leaving: bool) -> st.SearchStrategy[list[Step]]:
    """Return some looks' worth of what happens to eight recovery points."""
    some = st.frozensets(st.integers(0, 7), max_size=8)
    return st.lists(st.builds(Step, some, some, some if leaving else st.just(frozenset())), min_size=2, max_size=5)


def live(ages: list[timedelta], steps: list[Step], *, forgotten: bool) -> list[str]:
    """Return the losses told while points come, are copied and leave; jobs of the first copies may be forgotten."""
    points = [
        point(each, created=NOW - age + _SAME_SECOND[each % 4], resource=f"{DISK}-{each}")
        for each, age in enumerate(ages)
    ]
    here, copied, told, found = set[int](), set[int](), dict[str, Any](), list[str]()
    first = (steps[0].come & steps[0].copied) if forgotten else frozenset[int]()
    for each in steps:
        here = (here | each.come) - each.leave
        copied |= each.copied & here
        there = tuple(copy_of(points[n]) for n in sorted(copied))
        jobs = tuple(
            job_for(points[n], state="COMPLETED", job_id=f"job-{n}", created=ago(hours=10), to=copy_of(points[n]))
            for n in sorted(copied - first)
        )
        seen = observed(tuple(points[n] for n in sorted(here)), made(ago(days=900), copies=there, jobs=jobs))
        told = status_of(tell(declare(), seen, previous=told))
        found += [one["reason"] for one in told["failures"] if "lostAt" in one or one["reason"] == "CopyVanished"]
    return found


_YOUNG = st.sampled_from([timedelta(hours=11), timedelta(hours=11, seconds=1), timedelta(days=3)])
_OLD = st.sampled_from([timedelta(days=40), timedelta(days=40, seconds=1), timedelta(days=300)])


@given(st.lists(_YOUNG | _OLD, min_size=8, max_size=8), histories(leaving=False), st.booleans())
def test_what_only_arrives_is_never_a_loss(ages: list[timedelta], steps: list[Step], forgotten: bool) -> None:
    """Whatever the dates, in whatever order and portions they are listed and copied."""
    assert live(ages, steps, forgotten=forgotten) == []


@given(st.lists(_YOUNG, min_size=8, max_size=8), histories(leaving=True))
def test_a_night_of_backups_is_never_a_loss(ages: list[timedelta], steps: list[Step]) -> None:
    """Points are listed later than younger ones while others expire: the numbers would tell a loss that is none."""
    assert live(ages, steps, forgotten=False) == []


@given(st.permutations(range(8)), st.integers(1, 7), st.integers(0, 7))
def test_what_goes_of_what_stays_is_counted(order: list[int], copied: int, lost: int) -> None:
    """Of copies whose jobs are forgotten as many are told as are fewer, whichever they are."""
    points = [point(40 + each // 3, resource=f"{DISK}-{each}") for each in order]
    lost = min(lost, copied)
    before = observed(tuple(points), made(ago(days=900), copies=tuple(map(copy_of, points[:copied]))))
    after = observed(tuple(points), made(ago(days=900), copies=tuple(map(copy_of, points[lost:copied]))))
    told = status_of(tell(declare(), after, previous=status_of(tell(declare(), before))))

    assert sum(each["count"] for each in told["failures"] if each["reason"] == "CopyVanished") == lost


@pytest.mark.parametrize("mode", [BackfillMode.LATEST, BackfillMode.ALL])
def test_an_older_point_that_becomes_the_latest_has_lost_nothing(mode: BackfillMode) -> None:
    """The latest of a resource goes at the source, sooner than the one before it: that one never had a copy."""
    latest, older = point(3), point(5)
    copying = Copying(when_uncertain=Uncertain.ASSUME_MISSING)
    wanted = declare(backfill=Backfill(mode), created=ago(hours=20), copying=copying)
    there = sight(copies=(copy_of(latest),), jobs=(job_for(latest, state="COMPLETED", to=copy_of(latest)),))
    before = status_of(tell(wanted, observed((latest, older), there)))
    after = status_of(tell(wanted, observed((older,), there), previous=before))

    assert before["destinations"][0]["inScope"] == (1 if mode is BackfillMode.LATEST else 2)
    assert (after["destinations"][0]["inScope"], after["destinations"][0]["missing"]) == (1, 1)
    assert after["failures"] == []


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-12:00", "yesterday", 5, None])
def test_an_instant_in_a_status_that_no_calendar_has_is_none(text: object) -> None:
    """Whoever edited it by hand."""
    assert moment(text) is None
