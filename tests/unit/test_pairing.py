"""Which copy belongs to which recovery point."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.builders import (
    DATABASE,
    DISK,
    SOURCE_ARN,
    ago,
    copy_of,
    job_for,
    point,
)
from tests.unit.copies_kit import (
    copies_found,
)

from crossvault import copies
from crossvault.copies import pair
from crossvault.model import (
    CopyJob,
    RecoveryPoint,
)

# --- Pairing -------------------------------------------------------------------------------------------------------


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[RecoveryPoint], list[RecoveryPoint], list[CopyJob]]:
    """Return points of two resources seconds apart, copies of some, doubles, strangers, and jobs of some copies."""
    points, made, jobs = [], [], []
    for number in range(draw(st.integers(0, 8))):
        source = point(
            number,
            created=ago(days=1) + timedelta(milliseconds=draw(st.integers(0, 20)) * 250),
            resource=draw(st.sampled_from([DATABASE, DISK])),
        )
        points.append(source)
        for double in range(draw(st.integers(0, 2))):
            copy = copy_of(
                source,
                arn=f"copy-{number}-{double}",
                from_vault=draw(st.sampled_from([SOURCE_ARN, SOURCE_ARN, None, "another"])),
                status=draw(st.sampled_from(["COMPLETED", "EXPIRED"])),
                created=source.created + timedelta(milliseconds=draw(st.integers(-900, 900))),
            )
            made.append(copy)
            if draw(st.booleans()):
                started = ago(hours=draw(st.integers(1, 5)))
                jobs.append(job_for(source, state="COMPLETED", job_id=f"j{number}{double}", to=copy, created=started))
    return points, made, jobs


@given(worlds(), st.randoms(use_true_random=True))
def test_pairing_does_not_depend_on_the_order_of_the_lists(
    world: tuple[list[RecoveryPoint], list[RecoveryPoint], list[CopyJob]], dice: Random
) -> None:
    """However AWS orders its pages, and after every restart, the pairs are the same and one to one."""
    points, made, jobs = world
    first = pair(points, made, jobs, SOURCE_ARN)
    shuffled = [dice.sample(each, len(each)) for each in (points, made, jobs)]
    second = pair(shuffled[0], shuffled[1], shuffled[2], SOURCE_ARN)  # type: ignore[arg-type] # lists of three types

    assert [each.point for each in first] == points
    assert {each.point.arn: each for each in first} == {each.point.arn: each for each in second}
    used = [each.copy.arn for each in first if each.copy]
    assert len(used) == len(set(used))
    for each in first:
        if each.copy is not None:
            assert each.copy.resource_arn == each.point.resource_arn
            assert abs(each.copy.created - each.point.created) <= copies.TOLERANCE
    for one in jobs:
        found = next(each.copy for each in first if each.point.arn == one.source_point_arn)
        named = {each.destination_point_arn for each in jobs if each.source_point_arn == one.source_point_arn}
        assert found is not None
        assert found.arn in named


@pytest.mark.parametrize(
    ("shift", "paired"),
    [
        pytest.param(timedelta(), True, id="the same date"),
        pytest.param(timedelta(seconds=1), True, id="a second later"),
        pytest.param(timedelta(seconds=-1), True, id="a second earlier"),
        pytest.param(timedelta(seconds=1, milliseconds=1), False, id="more than a second later"),
        pytest.param(timedelta(seconds=-1, milliseconds=-1), False, id="more than a second earlier"),
    ],
)
def test_dates_are_compared_with_a_tolerance(shift: timedelta, *, paired: bool) -> None:
    """A second is the same moment, more is not."""
    source = point()
    copy = copy_of(source, created=source.created + shift)

    assert (copies_found((source,), (copy,))[source.arn] is not None) is paired


def test_points_a_second_apart_keep_a_copy_each() -> None:
    """Neighbours within the tolerance do not take each other's copies."""
    sources = tuple(point(n, created=ago(days=1) + timedelta(seconds=n)) for n in range(3))
    made = tuple(copy_of(each) for each in sources)

    assert copies_found(sources, made) == {each.arn: copy.arn for each, copy in zip(sources, made, strict=True)}


def test_copies_of_another_vault_or_resource_are_ignored() -> None:
    """A date alone makes no pair."""
    source = point()
    strangers = (
        copy_of(source, from_vault="arn:aws:backup:eu-west-1:111111111111:backup-vault:other", arn="a"),
        copy_of(source, from_vault=None, arn="b"),
        copy_of(point(resource=DISK), arn="c"),
    )

    assert copies_found((source,), strangers) == {source.arn: None}


def test_a_job_that_names_its_copy_wins_over_dates_and_origins() -> None:
    """AWS's own word for which copy is whose beats our reading of dates, and needs no SourceBackupVaultArn."""
    one, two = point(1, created=ago(days=1)), point(2, created=ago(days=1))
    first, second = copy_of(one, arn="first", from_vault=None), copy_of(one, arn="second")
    jobs = (job_for(one, state="COMPLETED", to=first, job_id="j1"), job_for(two, state="COMPLETED", to=second))

    assert copies_found((one, two), (second, first), jobs) == {one.arn: "first", two.arn: "second"}


def test_a_good_copy_is_found_behind_a_bad_one() -> None:
    """An expired or half-deleted double does not hide a good copy."""
    source = point()
    good, bad = copy_of(source, arn="good"), copy_of(source, arn="bad", status="EXPIRED")
    late = job_for(source, state="COMPLETED", to=bad, created=ago(hours=2), job_id="late")
    early = job_for(source, state="COMPLETED", to=good, created=ago(hours=9), job_id="early")

    assert copies_found((source,), (bad, good)) == {source.arn: "good"}
    assert copies_found((source,), (bad, good), (late, early)) == {source.arn: "good"}
