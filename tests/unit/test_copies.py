"""The state of every recovery point: why it is copied, waits, fails or is out of scope."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit import recorded
from tests.kit.builders import (
    DATABASE,
    DISK,
    NOW,
    ROLE,
    SOURCE_ARN,
    TARGET_ARN,
    ago,
    copy_of,
    desired,
    destination,
    job_for,
    point,
)
from tests.kit.copies import (
    ALL,
    ORGANIZATION_TEXT,
    judged,
    stand_all,
    view_of,
)

from crossvault.aspects.copies import states
from crossvault.aspects.copies.declared import Backfill, BackfillMode, Copying
from crossvault.aspects.copies.pairing import Pair
from crossvault.aspects.copies.planned import State
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.aspects.copy_role import COPY_ROLE
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.engine.declared import Scope
from crossvault.words.reasons import Reason

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
            State.FAILED,
            Reason.SERVICE_FAILURE,
            id="a failure that may be tried again",
        ),
        pytest.param(
            lambda p: Pair(p, None, (job_for(p, state="FAILED", message=FAILED, completed=ago(minutes=5)),)),
            State.FAILED,
            Reason.SERVICE_FAILURE,
            id="a failure just now",
        ),
        pytest.param(
            lambda p: Pair(p, None, (job_for(p, state="FAILED", message=ORGANIZATION_TEXT),)),
            State.FAILED,
            Reason.NOT_SAME_ORGANIZATION,
            id="a failure somebody has to end",
        ),
        pytest.param(
            lambda p: Pair(p, None, (job_for(p, state="FAILED", message=recorded.said("no-recovery-point")),)),
            State.FAILED,
            Reason.SOURCE_GONE,
            id="a failure nobody can end",
        ),
        pytest.param(
            lambda p: Pair(p, None, (job_for(p, state="COMPLETED", created=ago(hours=4)),)),
            State.FAILED,
            Reason.COPY_VANISHED,
            id="a copy that vanished",
        ),
        pytest.param(
            lambda p: Pair(p, None, (job_for(p, state="PARTIAL", created=ago(hours=4)),)),
            State.FAILED,
            Reason.COPY_PARTIAL,
            id="a part",
        ),
        pytest.param(
            lambda p: Pair(p, copy_of(p), (), repeats=point(2)),
            State.OUT_OF_SCOPE,
            Reason.SAME_BACKUP,
            id="another recovery point of one backup",
        ),
    ],
)
def test_every_recovery_point_has_one_state(
    make: Callable[[RecoveryPoint], Pair], state: State, reason: Reason | None
) -> None:
    """Copies beat jobs, jobs that may still bring a copy beat those that did not."""
    standing = stand_all(make(point()))[0]

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
        pytest.param(point(status="EXPIRED"), Reason.EXPIRED, id="expired"),
        pytest.param(point(kind="Redshift"), Reason.TYPE_NOT_SUPPORTED, id="a type AWS does not copy"),
        pytest.param(
            point(arn="arn:aws:dynamodb:eu-west-1:111111111111:table/t/backup/1"),
            Reason.TYPE_NOT_SUPPORTED,
            id="a basic DynamoDB backup",
        ),
        pytest.param(point(kind="EFS", cold_at=NOW), Reason.COLD_STORAGE, id="in cold storage"),
        pytest.param(point(delete_at=NOW + timedelta(hours=23)), Reason.EXPIRING, id="about to expire"),
        pytest.param(
            replace(point(), source_vault_arn=TARGET_ARN), Reason.CAME_FROM_DESTINATION, id="out of the destination"
        ),
    ],
)
def test_what_cannot_be_copied_is_ineligible(source: RecoveryPoint, reason: Reason) -> None:
    """The reason is told, and a copy that exists all the same counts."""
    assert (judged(source).state, judged(source).reason) == (State.INELIGIBLE, reason)
    assert judged(source, copy=copy_of(source)).state is State.COPIED
    assert not states.may_start(judged(source), NOW)


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
    assert judged(source).state is State.MISSING


@pytest.mark.parametrize(
    ("source", "scope"),
    [
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
    view = view_of(desired(scope=scope, backfill=ALL))

    assert judged(source, copy=copy_of(source), view=view).state is State.OUT_OF_SCOPE


class Compared(str):
    """A text that counts with how many others it is compared."""

    __slots__ = ("times",)
    __hash__ = str.__hash__

    def __init__(self, _text: str) -> None:
        self.times = 0

    def __eq__(self, other: object) -> bool:
        self.times += 1
        return super().__eq__(other)


@pytest.mark.parametrize("listed", ["resources", "exclude_resources"])
def test_a_point_is_looked_up_in_a_long_list_and_not_compared_with_all_of_it(listed: str) -> None:
    """Each policy between two vaults asks this of every point there: long lists of one must not cost the others."""
    many = tuple(f"arn:aws:ec2:eu-west-1:111111111111:volume/vol-{number:04}" for number in range(500))
    scope = Scope(resources=many) if listed == "resources" else Scope(exclude_resources=many)
    inside, outside = Compared(many[-1]), Compared(DISK)
    answers = [scope.selects("EBS", each) for each in (inside, outside)]

    assert answers == [listed == "resources", listed != "resources"]
    assert inside.times + outside.times < 10


COMPOSITE = point(1, arn="arn:aws:backup:eu-west-1:111111111111:recovery-point:composite:eks/shop", kind="EKS")
NESTED = point(2, resource=DISK, kind="EBS", parent=COMPOSITE.arn, created=COMPOSITE.created)


@pytest.mark.parametrize(
    ("composite", "copy", "scope", "told"),
    [
        pytest.param(COMPOSITE, None, Scope(), (State.OUT_OF_SCOPE, None), id="goes with its composite"),
        pytest.param(
            replace(COMPOSITE, status="CREATING"), None, Scope(), (State.OUT_OF_SCOPE, None), id="of one in the making"
        ),
        pytest.param(
            replace(COMPOSITE, status="EXPIRED"), True, Scope(), (State.OUT_OF_SCOPE, None), id="of one with a copy"
        ),
        pytest.param(None, None, Scope(), (State.INELIGIBLE, Reason.NESTED), id="its composite is gone"),
        pytest.param(
            replace(COMPOSITE, resource_type="CloudFormation"),
            None,
            Scope(),
            (State.INELIGIBLE, Reason.NESTED),
            id="its composite cannot be copied",
        ),
        pytest.param(
            COMPOSITE, None, Scope(resource_types=("EBS",)), (State.INELIGIBLE, Reason.NESTED), id="meant by itself"
        ),
        pytest.param(
            COMPOSITE, None, Scope(resource_types=("EKS",)), (State.OUT_OF_SCOPE, None), id="meant with its composite"
        ),
        pytest.param(None, None, Scope(resource_types=("RDS",)), (State.OUT_OF_SCOPE, None), id="not meant"),
    ],
)
@pytest.mark.parametrize("backfill", [ALL, Backfill(BackfillMode.LATEST)], ids=["all", "latest"])
def test_a_nested_recovery_point_counts_where_no_composite_brings_it_along(
    composite: RecoveryPoint | None,
    copy: bool | None,
    scope: Scope,
    told: tuple[State, Reason | None],
    backfill: Backfill,
) -> None:
    """Nothing in the vault goes uncounted."""
    pairs = [Pair(NESTED, None, ())]
    if composite is not None:
        pairs.append(Pair(composite, copy_of(composite) if copy else None, ()))
    first, *_ = stand_all(*pairs, view=view_of(desired(scope=scope, backfill=backfill)))

    assert (first.state, first.reason) == told


def test_a_copy_without_all_its_parts_is_no_good_copy() -> None:
    """Whatever status it has."""
    (told,) = stand_all(Pair(COMPOSITE, copy_of(COMPOSITE), (), lacking=2))

    assert (told.state, told.reason, told.needs_action) == (State.FAILED, Reason.COPY_PARTIAL, True)
    assert told.message == "The copy lacks 2 of the nested recovery points of its source."
    assert not states.may_start(told, NOW)


def test_a_nested_recovery_point_that_was_copied_by_itself_is_copied() -> None:
    """Somebody did by hand what Crossvault does not."""
    assert judged(NESTED, copy=copy_of(NESTED)).state is State.COPIED


def test_a_copy_that_outlived_its_retention_is_not_made_again() -> None:
    """What the destination has deleted by its own lifecycle is no gap; nor is what it would delete at once."""
    short = view_of(towards=destination(lifecycle=Lifecycle(delete_after_days=7)))
    keep = view_of(towards=destination(lifecycle=Lifecycle(delete_after_days=-1)))

    assert [judged(point(day), view=short).state for day in (5, 6, 7)] == [
        State.MISSING,
        State.MISSING,
        State.OUT_OF_SCOPE,
    ]
    assert judged(point(7), view=short).reason is Reason.COPY_EXPIRING
    assert judged(point(7), copy=copy_of(point(7)), view=short).state is State.COPIED
    assert judged(point(700), view=keep).state is State.MISSING


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        (timedelta(minutes=15), Reason.COPYING),
        (timedelta(minutes=16), Reason.COPY_NOT_LISTED),
        (timedelta(minutes=119), Reason.COPY_NOT_LISTED),
    ],
)
def test_a_copy_that_does_not_arrive_is_told_before_it_counts_as_vanished(ended: timedelta, reason: Reason) -> None:
    """Nothing is started for it, and nobody reads that all is well."""
    source = point()
    told = judged(source, job_for(source, state="COMPLETED", completed=NOW - ended, to=copy_of(source)))

    assert (told.state, told.reason) == (State.IN_PROGRESS, reason)
    assert states.amiss(told) == (None if reason is Reason.COPYING else reason)
    assert not states.may_start(told, NOW)


@pytest.mark.parametrize(
    ("declared", "cold_after", "reason"),
    [
        pytest.param(Lifecycle(None, 365), 1, Reason.COPY_COLD_EARLY, id="never was declared"),
        pytest.param(Lifecycle(30, 365), 1, Reason.COPY_COLD_EARLY, id="earlier than declared"),
        pytest.param(Lifecycle(30, 365), 30, None, id="as declared"),
        pytest.param(Lifecycle(30, 365), 60, None, id="later than declared"),
        pytest.param(Lifecycle(30, 365), None, None, id="never"),
        pytest.param(None, None, None, id="as its source"),
    ],
)
def test_a_copy_that_goes_cold_earlier_than_declared_is_a_copy_and_is_told(
    declared: Lifecycle | None, cold_after: int | None, reason: Reason | None
) -> None:
    """It protects, and a restore takes hours."""
    source = point(kind="EFS")
    cold_at = source.created + timedelta(days=cold_after) if cold_after else None
    copy = replace(copy_of(source), cold_at=cold_at)
    told = judged(source, copy=copy, view=view_of(towards=destination(lifecycle=declared)))

    assert (told.state, told.reason) == (State.COPIED, reason)


@pytest.mark.parametrize("status", [None, "CREATING"], ids=["nothing listed", "a copy in the making"])
@pytest.mark.parametrize(
    ("job_state", "age", "reason"),
    [
        ("CREATED", timedelta(days=6, hours=23), Reason.COPYING),
        ("CREATED", timedelta(days=7), Reason.COPY_JOB_STUCK),
        ("RUNNING", timedelta(days=20), Reason.COPY_JOB_STUCK),
        ("ABORTING", timedelta(days=20), Reason.COPY_JOB_STUCK),
    ],
)
def test_a_copy_job_without_an_end_is_for_a_person_and_starts_nothing(
    status: str | None, job_state: str, age: timedelta, reason: Reason
) -> None:
    """It is on its way until then, and amiss from then on."""
    source = point(25)
    job = job_for(source, state=job_state, created=ago() - age)
    told = judged(source, job, copy=copy_of(source, status=status) if status else None)

    assert (told.state, told.reason) == (State.IN_PROGRESS, reason)
    assert states.amiss(told) == (reason if reason is Reason.COPY_JOB_STUCK else None)
    assert not states.may_start(told, NOW)


# --- Backfill ------------------------------------------------------------------------------------------------------


def _in_scope(backfill: Backfill, *pairs: Pair, created: datetime | None = TEN_DAYS_AGO) -> list[str]:
    judged = stand_all(*pairs, view=view_of(desired(backfill=backfill, created=created)))
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
    early = judged(point(), *_failures(failed, last=last), view=view_of(now=due - timedelta(seconds=1)))
    ready = judged(point(), *_failures(failed, last=last), view=view_of(now=due))

    assert (early.state, early.retry_at, early.needs_action) == (State.FAILED, due, False)
    assert (ready.state, ready.attempts) == (State.FAILED, failed)
    assert states.amiss(early) is states.amiss(ready) is Reason.SERVICE_FAILURE
    assert not states.may_start(early, due - timedelta(seconds=1))
    assert states.may_start(ready, due)


WEAK = "arn:aws:iam::111111111111:role/weak"


def _failed(
    number: int, role: str | None, message: str = ORGANIZATION_TEXT, *, last: datetime = TEN_DAYS_AGO
) -> CopyJob:
    began = last + timedelta(minutes=number)
    return job_for(
        point(), state="FAILED", message=message, job_id=f"job-{number}", role=role, created=began, completed=began
    )


@pytest.mark.parametrize("message", [FAILED, ORGANIZATION_TEXT, "Cannot find recovery point"])
def test_what_failed_with_another_role_says_nothing_of_this_one(message: str) -> None:
    """Another policy's role may be one that cannot copy: however often it failed, this one is tried at once."""
    wanted = desired(backfill=ALL)
    strangers = [_failed(number, WEAK, message, last=ago(hours=1)) for number in range(7)]
    mine = _failed(0, ROLE, FAILED, last=ago(hours=2))
    alone = judged(point(), mine, view=view_of(wanted))
    after = judged(point(), mine, *strangers, view=view_of(wanted))
    first = judged(point(), *strangers, view=view_of(wanted))

    assert (first.state, states.may_start(first, NOW)) == (State.MISSING, True)
    assert (after.reason, after.retry_at, after.needs_action) == (alone.reason, alone.retry_at, alone.needs_action)
    assert states.may_start(after, NOW)


@pytest.mark.parametrize("role", [None, ROLE], ids=["unknown", "ours"])
def test_what_failed_with_this_role_or_nobody_knows_which_is_ours(role: str | None) -> None:
    """AWS documents the member as one that may be absent."""
    standing = judged(point(), _failed(0, role, last=ago(minutes=5)))

    assert (standing.state, standing.reason) == (State.FAILED, Reason.NOT_SAME_ORGANIZATION)
    assert not states.may_start(standing, NOW)


def test_all_who_want_a_copy_at_once_ask_for_the_same_job() -> None:
    """The job and the number of attempts that make the token are all that AWS shows, whoever asked."""
    jobs = (_failed(0, ROLE), _failed(1, WEAK))
    theirs = view_of(replace(desired(backfill=ALL), parts=desired(backfill=ALL).parts.having(COPY_ROLE, WEAK)))
    found = [judged(point(), *jobs, view=each) for each in (view_of(), theirs)]

    assert {(each.job, each.attempts) for each in found} == {(jobs[-1], 2)}


def test_attempts_end_and_a_person_is_called() -> None:
    """After the last attempt the point is failed, and tried slowly: an outage of a day must not last for ever."""
    standing = judged(point(), *_failures(5, last=ago(hours=10)))

    assert (standing.state, standing.needs_action) == (State.FAILED, True)
    assert standing.retry_at == ago(hours=10) + timedelta(hours=16)
    assert not states.may_start(standing, NOW)
    assert states.may_start(standing, NOW + timedelta(hours=6))
    assert not judged(point(), *_failures(4, last=ago(days=20))).needs_action


@pytest.mark.parametrize(("failed", "hours"), [(1, 1), (2, 2), (5, 16), (6, 24), (70, 24), (5000, 24)])
def test_what_a_person_has_to_end_is_tried_slowly_for_ever(failed: int, hours: int) -> None:
    """Somebody may end the cause unseen, so even thousands of attempts leave a next one."""
    last = ago(days=2)
    due = last + timedelta(hours=hours)
    standing = judged(point(), *_failures(failed, ORGANIZATION_TEXT, last=last))

    assert (standing.state, standing.retry_at, standing.needs_action) == (State.FAILED, due, True)
    assert states.may_start(standing, due)
    assert not states.may_start(standing, due - timedelta(seconds=1))


def test_a_cause_that_was_seen_to_end_is_tried_at_once() -> None:
    """A prerequisite that is met now ends the wait, however long it would have been."""
    cleared = view_of(cleared=frozenset({Reason.NOT_SAME_ORGANIZATION}))
    soon = judged(point(), *_failures(1, ORGANIZATION_TEXT, last=ago(minutes=1)), view=cleared)
    often = judged(point(), *_tried(9, hours=25, last=ago(minutes=16)), view=cleared)

    for each in (soon, often):
        assert (states.may_start(each, NOW), each.needs_action) == (True, False)


@pytest.mark.parametrize(
    ("count", "hours", "minutes"),
    [(1, 0, 0), (2, 0.1, 15), (3, 0.1, 30), (4, 0.1, 60), (9, 0.1, 12 * 60), (2, 50, 15), (40, 12, 12 * 60)],
)
def test_what_fails_again_although_it_is_met_is_not_tried_in_every_pass(count: int, hours: float, minutes: int) -> None:
    """Once at once; then the pauses count, doubled for each try that came sooner than the slow ones do."""
    cleared = view_of(cleared=frozenset({Reason.NOT_SAME_ORGANIZATION}))
    standing = judged(point(), *_tried(count, hours=hours, last=ago(minutes=1)), view=cleared)

    assert standing.retry_at == ago(minutes=1) + timedelta(minutes=minutes)
    assert standing.needs_action == (count > 5 and hours < 24)


def _tried(count: int, *, hours: float, last: datetime, message: str = ORGANIZATION_TEXT) -> tuple[CopyJob, ...]:
    """Return jobs that failed at once, with pauses of so many hours between them."""
    return tuple(
        job_for(point(), state="FAILED", message=message, job_id=f"job-{n}", created=at, completed=at)
        for n in reversed(range(count))
        for at in (last - n * timedelta(hours=hours),)
    )


@given(
    st.lists(st.sampled_from([ORGANIZATION_TEXT, recorded.said("toggle-off")]), min_size=1, max_size=4),
    st.sampled_from([timedelta(seconds=1), timedelta(minutes=15), timedelta(hours=24)]),
    st.sampled_from([timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=3)]),
)
def test_whatever_fails_for_ever_although_all_is_met_is_tried_twice_a_day(
    said: list[str], backoff: timedelta, interval: timedelta
) -> None:
    """In whatever order the reasons come, with the jobs that AWS lists as the only memory."""
    wanted = desired(backfill=ALL, copying=Copying(backoff=backoff))
    met = frozenset({Reason.NOT_SAME_ORGANIZATION, Reason.FEATURE_NOT_ENABLED})
    now, jobs, begun = NOW, list[CopyJob](), list[datetime]()
    for number in range(150):
        shown = [each for each in jobs if each.created > now - timedelta(days=30)]
        retry_at = judged(point(), *shown, view=view_of(wanted, now=now, cleared=met)).retry_at or now
        now += interval * max(1, math.ceil((retry_at - now) / interval))
        text = said[number % len(said)]
        jobs.append(job_for(point(), state="FAILED", message=text, job_id=str(number), created=now, completed=now))
        begun.append(now)

    a_day = timedelta(days=1)
    assert sum(each < begun[0] + a_day for each in begun) <= 20
    assert all(sum(day <= each < day + a_day for each in begun) <= 2 for day in begun[25:])


def test_a_slow_backoff_stays_slow() -> None:
    """A pause longer than the slow one is respected, up to a day."""
    view = view_of(desired(backfill=ALL, copying=Copying(backoff=timedelta(hours=20))))
    last = ago(hours=1)

    assert judged(point(), *_failures(1, ORGANIZATION_TEXT, last=last), view=view).retry_at == last + timedelta(
        hours=20
    )
    assert judged(point(), *_failures(2, ORGANIZATION_TEXT, last=last), view=view).retry_at == last + timedelta(
        hours=24
    )


@pytest.mark.parametrize(
    ("ended", "state"),
    [
        pytest.param(ago(minutes=119), State.IN_PROGRESS, id="not long ago"),
        pytest.param(ago(minutes=120), State.FAILED, id="two hours before the listing"),
    ],
)
def test_a_copy_may_take_a_while_to_be_listed(ended: datetime, state: State) -> None:
    """Between the end of a job and the sight of its copy, nothing is started."""
    job = job_for(point(), state="COMPLETED", created=ago(hours=3), completed=ended)
    younger = job_for(
        point(), state="FAILED", created=ago(minutes=50), completed=ago(minutes=40), message=FAILED, job_id="job-2"
    )
    view = view_of(desired(backfill=ALL, copying=Copying(backoff=timedelta(seconds=1))))

    assert judged(point(), job, view=view).state is state
    assert (judged(point(), job, younger, view=view).state is State.IN_PROGRESS) is (state is State.IN_PROGRESS)


def test_a_copy_that_vanished_is_lost_until_it_is_back() -> None:
    """Also while it is on its way again: what was protected is not, and nobody else would tell."""
    gone = job_for(point(), state="COMPLETED", job_id="gone", created=ago(days=3), completed=ago(days=3))
    again = job_for(point(), job_id="again", created=ago(hours=1))

    lost, going = judged(point(), gone), judged(point(), gone, again)
    back = judged(point(), gone, again, copy=copy_of(point()))

    assert (lost.state, states.amiss(lost)) == (State.FAILED, Reason.COPY_VANISHED)
    assert (going.state, states.amiss(going)) == (State.IN_PROGRESS, Reason.COPY_VANISHED)
    assert (back.state, states.amiss(back)) == (State.COPIED, None)


def test_settling_is_counted_from_the_listing_not_from_now() -> None:
    """An old listing says nothing about a copy that came after it."""
    job = job_for(point(), state="COMPLETED", created=ago(hours=4), completed=ago(hours=3))

    assert judged(point(), job, view=view_of(copies_seen=ago(hours=2))).state is State.IN_PROGRESS
    assert judged(point(), job, view=view_of(copies_seen=NOW)).vanished


def test_a_job_without_an_end_date_is_not_taken_for_vanished() -> None:
    """As long as it is unknown when a job ended, its copy may still appear."""
    job = CopyJob("j", "COMPLETED", point().arn, SOURCE_ARN, "vault", DATABASE, "RDS", created=ago(days=9))

    assert judged(point(), job).state is State.IN_PROGRESS


def test_a_remark_of_a_finished_job_is_kept() -> None:
    """A copy that finished with a message is copied, and says so."""
    source = point()
    copy = copy_of(source)
    job = job_for(source, state="COMPLETED", to=copy, message=recorded.said("tags-lost"))

    assert (judged(source, job, copy=copy).state, judged(source, job, copy=copy).message) == (
        State.COPIED,
        job.message,
    )


def test_points_without_a_resource_stand_each_for_itself() -> None:
    """With backfill Latest each of them is the newest of what it is of."""
    pairs = [Pair(point(day, resource=""), None, ()) for day in (2, 8, 12)]

    assert _in_scope(Backfill(BackfillMode.LATEST), *pairs) == ["02", "08", "12"]
