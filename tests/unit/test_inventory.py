"""What lies in a vault, packed by resource: nothing is lost, and what is the same is known to be the same."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Never
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import DATABASE, DISK, NOW, ago, job_for, point

from crossvault.aspects.copies.inventory import Inventory
from crossvault.aspects.copies.jobs import JobBook, Jobs
from crossvault.aspects.copies.marks import Marks
from crossvault.aspects.copies.packing import Packing
from crossvault.aspects.copies.records import JOBS, POINTS, Apart, number_at, number_of
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.aws.rows import EARLIEST, LATEST

DAY = timedelta(days=1)
points = st.builds(
    lambda number, days, resource, status: point(number, created=ago(days=days), resource=resource, status=status),
    st.integers(0, 30),
    st.integers(0, 5),
    st.sampled_from([DATABASE, DISK, ""]),
    st.sampled_from(["COMPLETED", "CREATING"]),
)
names = st.one_of(
    st.uuids().map(lambda each: f"arn:aws:backup:eu-west-1:111111111111:recovery-point:{each}"),
    st.uuids().map(lambda each: str(each).upper()),
    st.integers(0, 16**17 - 1).map(lambda each: f"arn:aws:ec2:eu-west-1::snapshot/snap-{each:017x}"),
    st.tuples(st.integers(0, 10**14 - 1), st.integers(0, 16**8 - 1)).map(lambda two: f"b-{two[0]:014d}-{two[1]:08x}"),
    st.text(max_size=60),
)
moments = st.integers(-(10**8), 10**11).map(lambda each: NOW + timedelta(milliseconds=each))
perhaps = st.none() | moments
texts = st.none() | st.text(max_size=5)
sizes = st.integers(-10, 2**70)
any_point = st.builds(
    RecoveryPoint,
    names,
    st.sampled_from(["", DISK]),
    st.text(max_size=3),
    moments,
    st.text(max_size=3),
    sizes,
    texts,
    perhaps,
    perhaps,
    texts,
    texts,
    st.booleans(),
    st.none() | st.integers(1, 400),
    st.none() | st.booleans(),
    texts,
    st.integers(0, 500),
)
any_job = st.builds(
    CopyJob,
    names,
    st.sampled_from(["RUNNING", "COMPLETED", "FAILED"]),
    names,
    st.just("v"),
    st.sampled_from(["d", "e"]),
    st.sampled_from(["", DISK]),
    st.just("EBS"),
    moments,
    perhaps,
    st.none() | names,
    texts,
    texts,
    sizes,
    texts,
    st.none() | st.integers(1, 400),
    texts,
)


@given(st.lists(any_point, max_size=6))
def test_what_is_packed_comes_out_as_it_went_in(rows: list[RecoveryPoint]) -> None:
    """Whatever AWS says, of each ARN and resource as it was said last; oldest first."""
    packing = Packing(POINTS)
    for each in rows:
        packing.add(each.resource_arn, each)
    found = {resource: list(group) for resource, group in packing.packed().items()}

    last = {(each.resource_arn, each.arn): each for each in rows}
    assert {(each.resource_arn, each.arn): each for group in found.values() for each in group} == last
    assert sum(map(len, found.values())) == len(last)
    assert all([each.created for each in group] == sorted(each.created for each in group) for group in found.values())


@given(st.floats(EARLIEST, LATEST))
def test_instants_are_those_of_dates(seconds: float) -> None:
    """Read off an answer without making a date of it."""
    assert number_at(seconds) == number_of(datetime.fromtimestamp(seconds, UTC))


def listed(rows: Iterable[RecoveryPoint], known: Inventory, *, whole: bool = True) -> Inventory:
    """List recovery points; each is sent as what it is."""
    return Inventory.listed(rows, read, known, whole=whole)


def read(row: RecoveryPoint) -> tuple[str, Apart]:
    """Read one."""
    return row.resource_arn, POINTS.apart(row)


def never_read(row: RecoveryPoint) -> Never:
    """Fail, since it need not be read."""
    raise AssertionError(row)


def by_name(points: Iterable[RecoveryPoint]) -> dict[tuple[str, str], RecoveryPoint]:
    """Return them by what tells them apart."""
    return {(each.resource_arn, each.arn): each for each in points}


ANY_WAY = st.sampled_from(["all", "window", "found", "gone"])


@given(st.lists(st.tuples(ANY_WAY, st.lists(any_point, max_size=5)), max_size=5), st.randoms())
def test_a_listing_is_the_same_whatever_was_known(steps: list[tuple[str, list[RecoveryPoint]]], random: Random) -> None:
    """After any looks and audits: what it has, and that nothing is read which was sent in the same way before."""
    known, there = Inventory(), dict[tuple[str, str], RecoveryPoint]()
    for way, points in steps:
        gone = random.sample(sorted(there, key=repr), len(there) // 2) if way == "gone" else ()
        there = {name: each for name, each in there.items() if name not in gone} | by_name(points)
        rows = [*there.values()]
        random.shuffle(rows)
        if way == "window":
            known = known.joined(listed(points, known, whole=False))
        elif way == "found":
            known = known.joined(Inventory(points))
        else:
            known = listed(rows, known)
            assert by_name(known) == there
            assert Inventory.listed(rows, never_read, known) is known


@given(st.lists(any_point, max_size=6), st.randoms())
def test_a_row_that_moves_while_it_is_listed_is_one_of_those_that_came(
    points: list[RecoveryPoint], random: Random
) -> None:
    """Pages are cut at different times: one may come twice, and have changed in between."""
    known = listed(points, Inventory())
    moving = [*known, *(replace(each, status="DELETING") for each in known), *known]
    random.shuffle(moving)
    found = by_name(listed(moving, known))
    assert found.keys() == by_name(moving).keys()
    assert all(each in moving for each in found.values())
    unmarked = Inventory(points)
    assert by_name(listed(moving, unmarked)) == by_name(moving)


@given(st.lists(any_point, max_size=6), st.lists(any_point, max_size=6), st.randoms())
def test_what_is_listed_as_it_was_known_is_the_same_object(
    before: list[RecoveryPoint], after: list[RecoveryPoint], random: Random
) -> None:
    """Whatever the order; and what has changed is as if nothing had been known."""
    known = Inventory(before)
    again = [*known]
    random.shuffle(again)

    assert listed(again, known) is known
    both = listed([*again, *after], known)
    assert {(each.resource_arn, each.arn): each for each in both} == {
        (each.resource_arn, each.arn): each for each in (*known, *after)
    }
    untouched = known.groups.keys() - {each.resource_arn for each in after}
    assert all(both.groups[name] is known.groups[name] for name in untouched)
    for each in {*known, *after}:
        assert both.where(each.arn) is not None


@given(st.lists(any_job, max_size=6, unique_by=lambda each: each.id), st.lists(any_job, max_size=6))
def test_jobs_that_are_listed_again_are_counted_as_if_they_were_new(
    before: list[CopyJob], after: list[CopyJob]
) -> None:
    """All sums are those of jobs of which nothing was known."""
    known = JobBook(before)
    now = {each.id: each for each in (*before, *after)}

    def read(job: CopyJob) -> tuple[tuple[str, str], str, Apart]:
        return (job.source_vault_arn, job.destination_vault_arn), job.resource_arn, JOBS.apart(job)

    for _ in range(2):  # as it was put together, and as it was listed
        again = JobBook.listed(before, read, known)
    assert all(again.between("v", name) is known.between("v", name) for name in "de")
    for name in "de":
        found = JobBook.listed(now.values(), read, known).between("v", name)
        expected = Jobs(each for each in now.values() if each.destination_vault_arn == name)
        sums = "outcomes", "first_created", "first_ended", "first_completed", "last_completed"
        assert [getattr(found, each) for each in sums] == [getattr(expected, each) for each in sums]
        assert {each.id for each in found.running} == {each.id for each in expected.running}
        assert found == expected


def spans_of(jobs: list[CopyJob]) -> Iterator[tuple[tuple[datetime, datetime], ...]]:
    """Yield spans that begin and end at the very moments of jobs."""
    moments = sorted(each.completed or each.created for each in jobs)
    yield ()
    for first, second, third in zip(moments, moments[1:], moments[2:], strict=False):
        yield ((first, second),)
        yield ((first, first), (second, third))


@given(st.lists(any_job, max_size=6, unique_by=lambda each: each.id))
def test_jobs_are_counted_as_one_would(jobs: list[CopyJob]) -> None:
    """The sums, against the jobs themselves."""
    found = Jobs(jobs)
    ended = [each.completed for each in jobs if each.completed is not None]
    completed = [each.completed for each in jobs if each.completed is not None and each.state == "COMPLETED"]

    assert sum(found.outcomes.values()) == len(jobs)
    assert {each.id for each in found.running} == {each.id for each in jobs if each.is_running}
    assert found.outcomes.get(("running", ""), 0) == len(found.running)
    assert found.first_created == min((each.created for each in jobs), default=None)
    assert found.first_ended == min(ended, default=None)
    assert found.first_completed == min(completed, default=None)
    assert found.last_completed == max(completed, default=None)
    for moment in (each for job in jobs for each in (job.created, job.completed) if each is not None):
        moved = {job.id for job in jobs if job.created > moment or (job.completed or job.created) > moment}
        assert {job.id for _, job in found.moved(moment)} == moved
    for spans in spans_of(jobs):
        ends = {job.id: job.completed or job.created for job in jobs}
        within = {name for name, end in ends.items() if any(after < end <= until for after, until in spans)}
        assert {job.id for _, job in found.ended(spans)} == within


@given(st.lists(any_job, max_size=6, unique_by=lambda each: each.id))
def test_jobs_come_out_as_they_went_in(rows: list[CopyJob]) -> None:
    """Packed, and by the vaults that they copy between."""
    assert {each.id: each for each in Jobs(rows)} == {each.id: each for each in rows}
    assert {each.id: each for each in JobBook(rows)} == {each.id: each for each in rows}


@pytest.mark.parametrize(
    "arn",
    [
        "12345678-1234-1234-1234-123456789012",
        "12345678-1234-1234-1234-12345678901G",
        "123456789-123-1234-1234-123456789012",
        "ABCDEF12-abcd-1234-1234-123456789012",
        "12345678-1234-1234-1234-1234 6789012",
        "+123456789abcdef0",
        "0123456789abcde_0",
        "0123456789ABCDEF0",
        "-0123456789abcdef",
        "bucket-20260101120000-0123abcd",
        "bucket-20260101120000-0123abcG",
        "bucket-2026010112000-0123abcd",
        "",
    ],
)
def test_an_unusual_name_is_kept_as_it_is(arn: str) -> None:
    """What looks nearly like an id, and is none."""
    (found,) = Inventory([replace(point(), arn=arn)])

    assert found.arn == arn


def test_a_settled_point_costs_tens_of_bytes() -> None:
    """Record by record; what thousands have in common is there once."""
    rows = [replace(point(), arn=f"arn:aws:ec2:x::{UUID(int=number)}", size=number) for number in range(1000)]
    (group,) = Inventory(rows).groups.values()

    assert len(group) == 1000
    assert len(group.profiles) == 1
    assert POINTS.layout.size <= 60
    assert JOBS.layout.size <= 80


def test_what_is_listed_again_is_not_held_a_second_time() -> None:
    """A row that is known is ticked, which takes nine bytes of memory; a record takes fifty."""
    rows = [replace(point(), arn=f"arn:aws:ec2:x::{UUID(int=number)}", size=number) for number in range(2000)]
    known, apart = Inventory(rows), [(each.resource_arn, POINTS.apart(each)) for each in rows]
    packing = Packing(POINTS, known.groups, again=Marks([group.marks for group in known.groups.values()]))
    tracemalloc.start()
    for resource, each in apart:
        packing.take(resource, each)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held < 20 * len(rows)
    (group,) = packing.packed().values()
    assert group is known.groups[rows[0].resource_arn]


def test_profiles_go_with_their_rows() -> None:
    """An unusual ARN stands in a profile of its own, which does not stay when its recovery point is gone."""
    known = Inventory()
    for day in range(100):
        made = replace(point(created=NOW + timedelta(days=day)), arn=f"unusual {day}", resource_arn=DISK)
        known = Inventory([made], known)
        assert list(known) == [made]

    assert len(known.groups[DISK].profiles) < 20


def test_the_same_rows_are_the_same_with_other_profiles() -> None:
    """As where some were left out in the meantime."""
    rows = [replace(point(created=ago(days=day)), arn=f"unusual {day}", resource_arn=DISK) for day in range(30)]
    known = Inventory(rows)
    window = Inventory(rows[:2])

    assert known.renewed(window, ago(days=1, hours=12), {"COMPLETED"}) == (known, False)


@given(st.lists(points, max_size=20))
def test_every_point_is_there_once_and_with_its_resource(listed: list[RecoveryPoint]) -> None:
    """By resource from the oldest on, and found by ARN alone."""
    inventory = Inventory({each.arn: each for each in listed}.values())

    assert len(inventory) == len({each.arn for each in inventory})
    assert all(
        [each.created for each in group] == sorted(each.created for each in group)
        for group in inventory.groups.values()
    )
    assert all(inventory.where(each.arn) == each.resource_arn for each in inventory)
    assert all(inventory.find(each.arn, DISK) == each for each in inventory)
    assert inventory.where("another") is None
    assert inventory.find("another", DISK) is None
    assert inventory == Inventory(inventory) != Inventory([*inventory, point(99)])


changes = st.lists(st.lists(points, max_size=6), max_size=6)


@given(st.lists(points, max_size=12), changes)
def test_what_changes_is_found_wherever_it_is(first: list[RecoveryPoint], later: list[list[RecoveryPoint]]) -> None:
    """An inventory made of another one is like one that was listed anew, in all that it is asked."""
    truth = {each.arn: each for each in first}
    inventory = Inventory(truth.values())
    inventory.where("nothing")
    for found in later:
        known = {each.arn: each.resource_arn for each in truth.values()}
        step = {each.arn: each for each in found if known.get(each.arn, each.resource_arn) == each.resource_arn}
        truth |= step
        inventory = inventory.joined(Inventory(step.values()))

        assert inventory == Inventory(truth.values())
        assert len(inventory) == len(truth)
        assert all(inventory.where(each.arn) == each.resource_arn for each in truth.values())
        assert set(inventory.since(ago(days=3))) == {each for each in truth.values() if each.created > ago(days=3)}
        assert set(inventory.unlike({"COMPLETED"})) == {each for each in truth.values() if each.status == "CREATING"}


def test_what_is_the_same_stays_the_same_object() -> None:
    """So that nobody compares it again."""
    old = [point(number, created=ago(days=number), resource=DISK) for number in range(1, 5)]
    inventory = Inventory([*old, point(9, resource=DATABASE, created=ago(days=9))])
    window = Inventory([each for each in old if each.created > ago(days=2, hours=12)], inventory)

    assert inventory.renewed(window, ago(days=2, hours=12), {"COMPLETED"}) == (inventory, False)
    assert inventory.joined(window) is inventory
    more, doubtful = inventory.renewed(
        Inventory([*window, point(7, resource=DISK)], inventory), ago(days=2, hours=12), {"COMPLETED"}
    )
    assert not doubtful
    assert more.groups[DATABASE] is inventory.groups[DATABASE]
    assert more.groups[DISK] is not inventory.groups[DISK]


def test_what_should_be_in_a_window_and_is_not_is_doubtful() -> None:
    """Unless it was only being made."""
    inventory = Inventory([point(1, created=ago(hours=1)), point(2, created=ago(days=9))])

    renewed, doubtful = inventory.renewed(Inventory(), ago(days=1), {"COMPLETED"})
    assert doubtful
    assert renewed == Inventory([point(2, created=ago(days=9))])
    assert not inventory.renewed(Inventory(), ago(days=1), {"AVAILABLE"})[1]


def test_a_point_that_gets_its_resource_later_is_there_once() -> None:
    """AWS may not know it while the backup runs."""
    inventory = Inventory([replace(point(1, resource=""), status="CREATING")])

    renewed, doubtful = inventory.renewed(Inventory([point(1, resource=DISK)]), ago(days=999), {"COMPLETED"})
    assert not doubtful
    assert renewed == Inventory([point(1, resource=DISK)])
    assert list(renewed.groups) == [DISK]


# --- Copy jobs -----------------------------------------------------------------------------------------------------

ENDED = ago(hours=3)


def done(number: int, **members: Any) -> CopyJob:
    """Return a completed job."""
    return replace(job_for(point(number), state="COMPLETED", completed=ENDED), id=f"job-{number}", **members)


def test_jobs_are_renewed_as_they_were_listed() -> None:
    """One that was under way and is not listed any more is there no more; what ended long ago is forgotten."""
    running = replace(job_for(point(2), state="RUNNING"), id="job-2")
    jobs = Jobs([done(1), running, done(3, completed=ago(days=31))])

    assert jobs.renewed([running], ago(days=30)) == Jobs([done(1), running])
    assert jobs.renewed([done(2)], ago(days=40)) == Jobs([done(1), done(2), done(3, completed=ago(days=31))])
    assert jobs.renewed([], ago(days=30)) == Jobs([done(1)])
    settled = Jobs([done(1)])
    assert settled.renewed([done(1)], ago(days=30)) is settled


@given(st.lists(any_job, max_size=8, unique_by=lambda each: each.id), moments)
def test_sums_of_jobs_are_those_of_all(rows: list[CopyJob], moment: datetime) -> None:
    """However they are kept."""
    jobs = Jobs(rows)
    ended = [each.completed for each in rows if each.completed is not None]

    assert set(jobs.running) == {each for each in rows if each.is_running}
    assert sum(jobs.outcomes.values()) == len(rows) == len(jobs)
    assert jobs.first_created == min((each.created for each in rows), default=None)
    assert jobs.first_ended == min(ended, default=None)
    assert {job for _, job in jobs.moved(moment)} == {
        each for each in rows if each.created > moment or (each.completed is not None and each.completed > moment)
    }


def test_a_book_tells_jobs_by_their_vaults() -> None:
    """And stays the same object as long as nothing changes."""
    here, there = done(1), done(2, destination_vault_arn="elsewhere")
    book = JobBook([here, there])

    assert list(book.between(here.source_vault_arn, here.destination_vault_arn)) == [here]
    assert [list(each) for each in book.into("elsewhere")] == [[there]]
    assert book.renewed([here], ago(days=30)) is book
    assert list(book.renewed([], ENDED)) == []
