"""Pairing of vaults, scope, and the state of every recovery point."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.builders import (
    DATABASE,
    DISK,
    NOW,
    SOURCE_ARN,
    ago,
    copy_of,
    desired,
    destination,
    job_for,
    point,
)

from crossvault import copies
from crossvault.copies import Pair, Viewpoint, pair
from crossvault.model import (
    Backfill,
    BackfillMode,
    Copying,
    CopyJob,
    Desired,
    Destination,
    Lifecycle,
    RecoveryPoint,
    Scope,
    Standing,
    State,
)
from crossvault.reasons import Reason

ALL = Backfill(BackfillMode.ALL)
ORGANIZATION_TEXT = "Copy job failed. Both source and destination account must be a member of the same organization."


def _view(
    wanted: Desired | None = None,
    *,
    now: datetime = NOW,
    towards: Destination | None = None,
    cleared: frozenset[Reason] = frozenset(),
    copies_seen: datetime | None = None,
) -> Viewpoint:
    return Viewpoint(
        wanted or desired(backfill=ALL), towards or destination(), now, copies_seen or now, cleared=cleared
    )


def _judge(*pairs: Pair, view: Viewpoint | None = None) -> tuple[Standing, ...]:
    return copies.judge(pairs, view or _view())


def _one(
    source: RecoveryPoint, *jobs: CopyJob, copy: RecoveryPoint | None = None, view: Viewpoint | None = None
) -> Standing:
    return _judge(Pair(source, copy, jobs), view=view)[0]


def _paired(*args: tuple[RecoveryPoint | CopyJob, ...]) -> dict[str, str | None]:
    points, made, jobs = (*args, (), ())[:3]
    pairs = pair(points, made, jobs, SOURCE_ARN)  # type: ignore[arg-type] # the test passes each in its place
    return {each.point.arn: each.copy.arn if each.copy else None for each in pairs}


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

    assert (_paired((source,), (copy,))[source.arn] is not None) is paired


def test_points_a_second_apart_keep_a_copy_each() -> None:
    """Neighbours within the tolerance do not take each other's copies."""
    sources = tuple(point(n, created=ago(days=1) + timedelta(seconds=n)) for n in range(3))
    made = tuple(copy_of(each) for each in sources)

    assert _paired(sources, made) == {each.arn: copy.arn for each, copy in zip(sources, made, strict=True)}


def test_copies_of_another_vault_or_resource_are_ignored() -> None:
    """A date alone makes no pair."""
    source = point()
    strangers = (
        copy_of(source, from_vault="arn:aws:backup:eu-west-1:111111111111:backup-vault:other", arn="a"),
        copy_of(source, from_vault=None, arn="b"),
        copy_of(point(resource=DISK), arn="c"),
    )

    assert _paired((source,), strangers) == {source.arn: None}


def test_a_job_that_names_its_copy_wins_over_dates_and_origins() -> None:
    """AWS's own word for which copy is whose beats our reading of dates, and needs no SourceBackupVaultArn."""
    one, two = point(1, created=ago(days=1)), point(2, created=ago(days=1))
    first, second = copy_of(one, arn="first", from_vault=None), copy_of(one, arn="second")
    jobs = (job_for(one, state="COMPLETED", to=first, job_id="j1"), job_for(two, state="COMPLETED", to=second))

    assert _paired((one, two), (second, first), jobs) == {one.arn: "first", two.arn: "second"}


def test_a_good_copy_is_found_behind_a_bad_one() -> None:
    """An expired or half-deleted double does not hide a good copy."""
    source = point()
    good, bad = copy_of(source, arn="good"), copy_of(source, arn="bad", status="EXPIRED")
    late = job_for(source, state="COMPLETED", to=bad, created=ago(hours=2), job_id="late")
    early = job_for(source, state="COMPLETED", to=good, created=ago(hours=9), job_id="early")

    assert _paired((source,), (bad, good)) == {source.arn: "good"}
    assert _paired((source,), (bad, good), (late, early)) == {source.arn: "good"}


# --- States --------------------------------------------------------------------------------------------------------

TEN_DAYS_AGO = ago(days=10)
FAILED = "An internal error occurred."


@pytest.mark.parametrize(
    ("make", "state", "reason"),
    [
        pytest.param(lambda p: Pair(p, copy_of(p), ()), State.COPIED, None, id="a copy"),
        pytest.param(
            lambda p: Pair(p, copy_of(p), (job_for(p),)), State.COPIED, None, id="a copy and another job under way"
        ),
        pytest.param(lambda p: Pair(p, None, (job_for(p),)), State.IN_PROGRESS, Reason.COPYING, id="a running job"),
        pytest.param(
            lambda p: Pair(p, None, (job_for(p, state="COMPLETING"),)),
            State.IN_PROGRESS,
            Reason.COPYING,
            id="a job in a state we do not know",
        ),
        pytest.param(
            lambda p: Pair(p, None, (job_for(p), job_for(p, state="FAILED", job_id="job-2"))),
            State.IN_PROGRESS,
            Reason.COPYING,
            id="a running job before a failed one",
        ),
        pytest.param(lambda p: Pair(p, None, ()), State.MISSING, None, id="nothing"),
        pytest.param(
            lambda p: Pair(p, copy_of(p, status="EXPIRED"), ()), State.MISSING, None, id="a copy that expired"
        ),
        pytest.param(
            lambda p: Pair(p, None, (job_for(p, state="FAILED", message=FAILED),)),
            State.MISSING,
            Reason.SERVICE_FAILURE,
            id="a failure that may be tried again",
        ),
        pytest.param(
            lambda p: Pair(p, None, (job_for(p, state="FAILED", message=FAILED, completed=ago(minutes=5)),)),
            State.WAITING,
            Reason.BACKING_OFF,
            id="a failure just now",
        ),
        pytest.param(
            lambda p: Pair(p, None, (job_for(p, state="FAILED", message=ORGANIZATION_TEXT),)),
            State.FAILED,
            Reason.NOT_SAME_ORGANIZATION,
            id="a failure somebody has to end",
        ),
        pytest.param(
            lambda p: Pair(p, None, (job_for(p, state="FAILED", message="Cannot find recovery point"),)),
            State.FAILED,
            Reason.SOURCE_GONE,
            id="a failure nobody can end",
        ),
        pytest.param(
            lambda p: Pair(p, None, (job_for(p, state="COMPLETED"),)),
            State.MISSING,
            Reason.COPY_VANISHED,
            id="a copy that vanished",
        ),
        pytest.param(
            lambda p: Pair(p, None, (job_for(p, state="PARTIAL"),)), State.MISSING, Reason.COPY_PARTIAL, id="a part"
        ),
    ],
)
def test_every_recovery_point_has_one_state(
    make: Callable[[RecoveryPoint], Pair], state: State, reason: Reason | None
) -> None:
    """Copies beat jobs, jobs that may still bring a copy beat those that did not."""
    standing = _judge(make(point()))[0]

    assert (standing.state, standing.reason) == (state, reason)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param(point(status="STOPPED"), Reason.CONTINUOUS_BACKUP, id="a stopped continuous backup"),
        pytest.param(
            point(arn="arn:aws:rds:eu-west-1:111111111111:auto-backup:ab-1"),
            Reason.CONTINUOUS_BACKUP,
            id="a continuous backup of RDS",
        ),
        pytest.param(
            point(arn="arn:aws:rds:eu-west-1:111111111111:cluster-auto-backup:ab-1"),
            Reason.CONTINUOUS_BACKUP,
            id="a continuous backup of Aurora",
        ),
        pytest.param(
            point(arn="arn:aws:backup:eu-west-1:111111111111:recovery-point:my-bucket-5ec207d0"),
            Reason.CONTINUOUS_BACKUP,
            id="a continuous backup of S3",
        ),
        pytest.param(
            point(arn="arn:aws:backup:eu-west-1:111111111111:recovery-point:logs-20250101000000-x-5ec207d0"),
            Reason.CONTINUOUS_BACKUP,
            id="a continuous backup of a bucket named like a date",
        ),
        pytest.param(point(status="EXPIRED"), Reason.NOT_COMPLETED, id="expired"),
        pytest.param(point(kind="Redshift"), Reason.TYPE_NOT_SUPPORTED, id="a type AWS does not copy"),
        pytest.param(
            point(arn="arn:aws:dynamodb:eu-west-1:111111111111:table/t/backup/1"),
            Reason.TYPE_NOT_SUPPORTED,
            id="a basic DynamoDB backup",
        ),
        pytest.param(point(cold_at=NOW), Reason.COLD_STORAGE, id="in cold storage"),
        pytest.param(point(delete_at=NOW + timedelta(hours=23)), Reason.EXPIRING, id="about to expire"),
    ],
)
def test_what_cannot_be_copied_is_ineligible(source: RecoveryPoint, reason: Reason) -> None:
    """The reason is told, and a copy that exists all the same counts."""
    assert (_one(source).state, _one(source).reason) == (State.INELIGIBLE, reason)
    assert _one(source, copy=copy_of(source)).state is State.COPIED
    assert not copies.may_start(_one(source), NOW)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(point(status="AVAILABLE"), id="available"),
        pytest.param(point(status="PARTIAL"), id="partial"),
        pytest.param(point(cold_at=NOW + timedelta(seconds=1)), id="not cold yet"),
        pytest.param(point(delete_at=NOW + timedelta(days=1)), id="not expiring yet"),
        pytest.param(
            point(arn="arn:aws:backup:eu-west-1:111111111111:recovery-point:b-20251101050000-5ec207d0"),
            id="a periodic backup of S3",
        ),
        pytest.param(
            point(arn="arn:aws:backup:eu-west-1:111111111111:recovery-point:1EB3B5E7-9EB0-435A-A80B-108B488B0D45"),
            id="an id that is a UUID",
        ),
        pytest.param(
            point(arn="arn:aws:backup:eu-west-1:111111111111:recovery-point:composite:eks/shop-20251101"),
            id="a composite of EKS",
        ),
    ],
)
def test_everything_else_is_copied(source: RecoveryPoint) -> None:
    """What AWS can copy is missing until it is."""
    assert _one(source).state is State.MISSING


@pytest.mark.parametrize(
    ("source", "scope"),
    [
        pytest.param(point(parent="arn:parent"), Scope(), id="children go with their parent"),
        pytest.param(point(status="CREATING"), Scope(), id="not made yet"),
        pytest.param(point(status="DELETING"), Scope(), id="going"),
        pytest.param(point(), Scope(resource_types=("EBS",)), id="another type"),
        pytest.param(point(), Scope(resources=(DISK,)), id="another resource"),
        pytest.param(point(), Scope(exclude_resources=(DATABASE,)), id="excluded"),
        pytest.param(
            point(), Scope(resources=(DATABASE,), exclude_resources=(DATABASE,)), id="exclusion beats inclusion"
        ),
    ],
)
def test_the_selection_leaves_out_what_it_does_not_mean(source: RecoveryPoint, scope: Scope) -> None:
    """What is out of scope is so even when it is copied."""
    view = _view(desired(scope=scope, backfill=ALL))

    assert _one(source, copy=copy_of(source), view=view).state is State.OUT_OF_SCOPE


def test_a_copy_that_outlived_its_retention_is_not_made_again() -> None:
    """What the destination has deleted by its own lifecycle is no gap; nor is what it would delete at once."""
    short = _view(towards=destination(lifecycle=Lifecycle(delete_after_days=7)))
    keep = _view(towards=destination(lifecycle=Lifecycle(delete_after_days=-1)))

    assert [_one(point(day), view=short).state for day in (5, 6, 7)] == [
        State.MISSING,
        State.MISSING,
        State.OUT_OF_SCOPE,
    ]
    assert _one(point(7), copy=copy_of(point(7)), view=short).state is State.COPIED
    assert _one(point(700), view=keep).state is State.MISSING


# --- Backfill ------------------------------------------------------------------------------------------------------


def _in_scope(backfill: Backfill, *pairs: Pair, created: datetime | None = TEN_DAYS_AGO) -> list[str]:
    judged = _judge(*pairs, view=_view(desired(backfill=backfill, created=created)))
    return [each.point.arn[-2:] for each in judged if each.state is not State.OUT_OF_SCOPE]


TIMELINE = [Pair(point(day), None, ()) for day in (2, 8, 12, 20, 30)]


@pytest.mark.parametrize(
    ("backfill", "created", "expected"),
    [
        pytest.param(Backfill(BackfillMode.NONE), ago(days=10), ["02", "08"], id="none"),
        pytest.param(Backfill(BackfillMode.LATEST), ago(days=10), ["02", "08", "12"], id="latest"),
        pytest.param(Backfill(BackfillMode.SINCE, ago(days=20)), ago(days=10), ["02", "08", "12", "20"], id="since"),
        pytest.param(Backfill(BackfillMode.ALL), ago(days=10), ["02", "08", "12", "20", "30"], id="all"),
        pytest.param(Backfill(BackfillMode.LATEST), ago(days=12), ["02", "08", "12"], id="latest at the very moment"),
        pytest.param(Backfill(BackfillMode.LATEST), ago(days=40), ["02", "08", "12", "20", "30"], id="all are newer"),
        pytest.param(Backfill(BackfillMode.LATEST), None, ["02"], id="latest without a cluster"),
        pytest.param(Backfill(BackfillMode.NONE), None, [], id="none without a cluster"),
    ],
)
def test_backfill_reaches_as_far_back_as_declared(
    backfill: Backfill, created: datetime | None, expected: list[str]
) -> None:
    """The mode and the policy's creation decide which points are meant."""
    assert _in_scope(backfill, *TIMELINE, created=created) == expected


def test_latest_reaches_back_for_every_resource_by_itself() -> None:
    """A resource without a recent backup has its newest one copied."""
    disk = Pair(point(90, resource=DISK), None, ())

    assert _in_scope(Backfill(), *TIMELINE, disk) == ["02", "08", "12", "90"]


def test_what_is_being_worked_on_stays_meant() -> None:
    """A job keeps its point and everything newer in scope, also when the policy is made anew."""
    failed = Pair(point(20), None, (job_for(point(20), state="FAILED", message=FAILED),))
    timeline = [*TIMELINE[:3], failed, TIMELINE[4]]

    for created in (ago(days=10), ago(days=1), NOW, None):
        assert _in_scope(Backfill(), *timeline, created=created) == ["02", "08", "12", "20"]


def test_an_old_copy_counts_for_itself_alone() -> None:
    """A copy that somebody made by hand long ago does not pull in everything since."""
    copied = Pair(point(20), copy_of(point(20)), ())
    timeline = [*TIMELINE[:3], copied, TIMELINE[4]]

    assert _in_scope(Backfill(), *timeline, created=ago(days=1)) == ["02", "20"]


def test_latest_does_not_shrink_while_its_copies_are_made() -> None:
    """Nothing leaves the scope because something was copied."""
    before = _in_scope(Backfill(), *TIMELINE)
    for index in range(3):
        pairs = [*TIMELINE]
        pairs[index] = Pair(pairs[index].point, copy_of(pairs[index].point), ())

        assert _in_scope(Backfill(), *pairs) == before


# --- Trying again --------------------------------------------------------------------------------------------------


def _failures(count: int, message: str = FAILED, *, last: datetime) -> tuple[CopyJob, ...]:
    return tuple(
        job_for(
            point(), state="FAILED", message=message, job_id=f"job-{n}", completed=last, created=last - timedelta(n + 1)
        )
        for n in reversed(range(count))
    )


@pytest.mark.parametrize(("failed", "minutes"), [(1, 15), (2, 30), (3, 60), (4, 120)], ids="after {} failures".format)
def test_pauses_between_attempts_double(failed: int, minutes: int) -> None:
    """A failure that time may end is tried again after the declared pause, doubled each time."""
    last = ago(hours=3)
    due = last + timedelta(minutes=minutes)
    early = _one(point(), *_failures(failed, last=last), view=_view(now=due - timedelta(seconds=1)))
    ready = _one(point(), *_failures(failed, last=last), view=_view(now=due))

    assert (early.state, early.retry_at) == (State.WAITING, due)
    assert (ready.state, ready.attempts) == (State.MISSING, failed)
    assert not copies.may_start(early, due - timedelta(seconds=1))
    assert copies.may_start(ready, due)


def test_attempts_end_and_a_person_is_called() -> None:
    """After the last attempt the point is failed, and tried slowly: an outage of a day must not last for ever."""
    standing = _one(point(), *_failures(5, last=ago(hours=10)))

    assert (standing.state, standing.needs_action) == (State.FAILED, True)
    assert standing.retry_at == ago(hours=10) + timedelta(hours=16)
    assert not copies.may_start(standing, NOW)
    assert copies.may_start(standing, NOW + timedelta(hours=6))
    assert _one(point(), *_failures(4, last=ago(days=20))).state is State.MISSING


@pytest.mark.parametrize(("failed", "hours"), [(1, 1), (2, 2), (5, 16), (6, 24), (70, 24), (5000, 24)])
def test_what_a_person_has_to_end_is_tried_slowly_for_ever(failed: int, hours: int) -> None:
    """Somebody may end the cause unseen, so even thousands of attempts leave a next one."""
    last = ago(days=2)
    due = last + timedelta(hours=hours)
    standing = _one(point(), *_failures(failed, ORGANIZATION_TEXT, last=last))

    assert (standing.state, standing.retry_at, standing.needs_action) == (State.FAILED, due, True)
    assert copies.may_start(standing, due)
    assert not copies.may_start(standing, due - timedelta(seconds=1))


def test_a_cause_that_was_seen_to_end_is_tried_soon() -> None:
    """A prerequisite that is met now shortens the pause, however often it failed before never to nothing at all."""
    cleared = _view(cleared=frozenset({Reason.NOT_SAME_ORGANIZATION}))
    soon = _one(point(), *_failures(1, ORGANIZATION_TEXT, last=ago(minutes=16)), view=cleared)
    often = _one(point(), *_failures(9, ORGANIZATION_TEXT, last=ago(hours=25)), view=cleared)

    assert copies.may_start(soon, NOW)
    assert copies.may_start(often, NOW)


def test_a_slow_backoff_stays_slow() -> None:
    """A pause longer than the slow one is respected, up to a day."""
    view = _view(desired(backfill=ALL, copying=Copying(backoff=timedelta(hours=20))))
    last = ago(hours=1)

    assert _one(point(), *_failures(1, ORGANIZATION_TEXT, last=last), view=view).retry_at == last + timedelta(hours=20)
    assert _one(point(), *_failures(2, ORGANIZATION_TEXT, last=last), view=view).retry_at == last + timedelta(hours=24)


@pytest.mark.parametrize(
    ("ended", "state"),
    [
        pytest.param(ago(minutes=9), State.IN_PROGRESS, id="just now"),
        pytest.param(ago(minutes=10), State.MISSING, id="ten minutes before the listing"),
    ],
)
def test_a_copy_may_take_a_while_to_be_listed(ended: datetime, state: State) -> None:
    """Between the end of a job and the sight of its copy, nothing is started."""
    job = job_for(point(), state="COMPLETED", created=ago(hours=1), completed=ended)
    younger = job_for(
        point(), state="FAILED", created=ago(minutes=50), completed=ago(minutes=40), message=FAILED, job_id="job-2"
    )
    view = _view(desired(backfill=ALL, copying=Copying(backoff=timedelta(seconds=1))))

    assert _one(point(), job, view=view).state is state
    assert _one(point(), job, younger, view=view).state is state


def test_settling_is_counted_from_the_listing_not_from_now() -> None:
    """An old listing says nothing about a copy that came after it."""
    job = job_for(point(), state="COMPLETED", created=ago(hours=3), completed=ago(hours=1))

    assert _one(point(), job, view=_view(copies_seen=ago(hours=2))).state is State.IN_PROGRESS
    assert _one(point(), job, view=_view(copies_seen=NOW)).state is State.MISSING


def test_a_job_without_an_end_date_is_not_taken_for_vanished() -> None:
    """As long as it is unknown when a job ended, its copy may still appear."""
    job = CopyJob("j", "COMPLETED", point().arn, SOURCE_ARN, "vault", DATABASE, "RDS", created=ago(days=9))

    assert _one(point(), job).state is State.IN_PROGRESS


def test_a_remark_of_a_finished_job_is_kept() -> None:
    """A copy that finished with a message is copied, and says so."""
    source = point()
    copy = copy_of(source)
    job = job_for(source, state="COMPLETED", to=copy, message="We are unable to copy resource tags to your backup.")

    assert (_one(source, job, copy=copy).state, _one(source, job, copy=copy).message) == (State.COPIED, job.message)
