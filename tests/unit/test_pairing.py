"""Which copy belongs to which recovery point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import (
    DATABASE,
    DISK,
    SOURCE_ARN,
    TARGET_ARN,
    ago,
    copy_of,
    job_for,
    point,
)
from tests.kit.copies import (
    copies_found,
)

from crossvault.aspects.copies import pairing
from crossvault.aspects.copies.pairing import TOLERANCE, Pairing
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint

# --- Pairing -------------------------------------------------------------------------------------------------------


def pair(
    points: Iterable[RecoveryPoint], copies: Iterable[RecoveryPoint], jobs: Iterable[CopyJob], source_vault_arn: str
) -> Pairing:
    """Match what lies in two vaults."""
    return pairing.pair(points, copies, jobs, source_vault_arn)


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
    first = pair(points, made, jobs, SOURCE_ARN).pairs
    mixed = dice.sample(points, len(points)), dice.sample(made, len(made)), dice.sample(jobs, len(jobs))
    second = pair(*mixed, SOURCE_ARN).pairs

    assert [each.point for each in first] == points
    assert {each.point.arn: each for each in first} == {each.point.arn: each for each in second}
    used = [each.copy.arn for each in first if each.copy]
    assert len(used) == len(set(used))
    for each in first:
        if each.copy is not None:
            assert each.copy.resource_arn == each.point.resource_arn
            assert abs(each.copy.created - each.point.created) <= TOLERANCE
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


OTHER = "arn:aws:backup:eu-west-1:111111111111:backup-vault:other"


def test_a_date_alone_makes_no_pair() -> None:
    """Another resource, or none, is another backup; so is another date."""
    source = point()
    strangers = (
        copy_of(point(resource=DISK), arn="a"),
        copy_of(point(resource=""), arn="b"),
        copy_of(source, arn="c", created=source.created + timedelta(seconds=2)),
    )

    assert copies_found((source,), strangers) == {source.arn: None}


@pytest.mark.parametrize("origin", [SOURCE_ARN, None, OTHER, TARGET_ARN])
def test_a_backup_is_there_by_whatever_way_it_came(origin: str | None) -> None:
    """Which vault a copy names is a preference among equals and no condition."""
    source = point()
    there, ours = copy_of(source, arn="a", from_vault=origin), copy_of(source, arn="z", from_vault=SOURCE_ARN)

    assert copies_found((source,), (there,)) == {source.arn: "a"}
    assert copies_found((source,), (there, ours)) == {source.arn: "a" if origin == SOURCE_ARN else "z"}


@pytest.mark.parametrize("copied", [0, 1])
def test_twins_within_a_second_do_not_swap(copied: int) -> None:
    """The nearest dates pair first, so that the gap is the one that has no copy."""
    twins = [point(1, created=ago(days=1)), point(2, created=ago(days=1) + timedelta(milliseconds=300))]
    made = copy_of(twins[copied], created=twins[copied].created + timedelta(milliseconds=100))

    assert copies_found(tuple(twins), (made,)) == {twins[copied].arn: made.arn, twins[1 - copied].arn: None}


# --- One backup, however often it lies there -----------------------------------------------------------------------


def brought(source: RecoveryPoint, arn: str, origin: str = TARGET_ARN) -> RecoveryPoint:
    """Return a copy of a recovery point that came back into its vault."""
    return replace(source, arn=arn, source_vault_arn=origin)


def test_a_copy_that_came_back_is_the_backup_that_it_is_of() -> None:
    """It shares the copy, and the jobs, of its original, and is never a new thing to protect."""
    source, later = point(1), point(2)
    back = brought(source, "back")
    copy, job = copy_of(source), job_for(back, state="COMPLETED")
    found = pair((source, back, later), (copy,), (job,), SOURCE_ARN)

    assert [(each.copy, each.jobs, each.repeats) for each in found.pairs] == [
        (copy, (job,), None),
        (copy, (job,), source),
        (None, (), None),
    ]
    assert found.loose == ()


def test_a_copy_that_came_back_stands_for_an_original_that_is_no_good() -> None:
    """An original that expired does not keep the backup from being copied."""
    source = point(1, status="EXPIRED")
    back = brought(point(1), "back", OTHER)
    found = {each.point.arn: each.repeats for each in pair((source, back), (), (), SOURCE_ARN).pairs}

    assert found == {source.arn: back, "back": None}


def test_what_was_brought_twice_is_one_backup() -> None:
    """By one vault or by several, also where no origin is told: the resource is another account's."""
    theirs = DATABASE.replace("111111111111", "333333333333")
    for origin in (OTHER, None):
        one = replace(point(1, resource=theirs), source_vault_arn=OTHER)
        two = replace(one, arn="two", source_vault_arn=origin)
        later = replace(one, arn="later", created=one.created + timedelta(milliseconds=300))
        found = {each.point.arn: each.repeats for each in pair((one, two, later), (), (), SOURCE_ARN).pairs}

        assert found == {one.arn: None, "two": one, "later": None}


def test_the_vaults_own_name_beside_an_original_is_a_way_round() -> None:
    """Alone it is how some native backups are listed; beside one of the same moment it came back."""
    source = point()
    own = replace(source, arn="own", source_vault_arn=SOURCE_ARN)

    assert [each.repeats for each in pair((source, own), (), (), SOURCE_ARN).pairs] == [None, source]
    assert [each.repeats for each in pair((own,), (), (), SOURCE_ARN).pairs] == [None]


def test_what_may_have_come_back_without_a_trace_is_in_doubt() -> None:
    """The same resource and millisecond twice, one of them copied: nothing tells whether they are one backup."""
    source, other = point(), point(arn="other")
    copied = pair((source, other), (copy_of(source),), (), SOURCE_ARN).pairs

    assert sorted(each.shadowed for each in copied) == [False, True]
    assert not any(each.shadowed for each in pair((source, other), (), (), SOURCE_ARN).pairs)


def test_what_cannot_be_explained_is_loose() -> None:
    """Second copies are explained; children, bad ones and those of recovery points that are still there are, too."""
    source = point()
    gone = copy_of(point(9), arn="gone")
    made = (
        copy_of(source),
        copy_of(source, arn="second"),
        gone,
        copy_of(point(8), arn="expired", status="EXPIRED"),
        replace(copy_of(point(7), arn="child"), parent_arn="parent"),
    )

    assert pair((source,), made, (), SOURCE_ARN).loose == (gone,)


@pytest.mark.parametrize(
    ("there", "lacking"),
    [
        pytest.param((), 0, id="the destination lists no parts of anything"),
        pytest.param(("other",), 2, id="the parts of another"),
        pytest.param(("copy",), 1, id="one of two"),
        pytest.param(("copy", "copy"), 0, id="all"),
        pytest.param(("copy", "copy", "copy"), 0, id="more than there are now"),
    ],
)
def test_a_copy_of_a_composite_says_which_parts_it_lacks(there: tuple[str, ...], lacking: int) -> None:
    """AWS calls such a copy PARTIAL where it knows; a part that was deleted later it does not tell of."""
    composite = point(1)
    parts = (point(2, parent=composite.arn), point(3, parent=composite.arn))
    expired = point(4, parent=composite.arn, status="EXPIRED")
    nested = tuple(
        replace(copy_of(point(9), arn=f"nested-{number}"), parent_arn=parent) for number, parent in enumerate(there)
    )
    first, *_ = pair((composite, *parts, expired), (copy_of(composite, arn="copy"), *nested), (), SOURCE_ARN).pairs

    assert (first.copy is not None, first.lacking) == (True, lacking)


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
