"""What waits in doubt, what is made again, and what two policies leave each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.kit.builders import (
    DISK,
    NOW,
    SOURCE_ARN,
    TARGET_ARN,
    ago,
    copy_of,
    desired,
    destination,
    job_for,
    observed,
    point,
    sight,
    vault,
)
from tests.kit.copies import LOOSE, OLD, linked
from tests.kit.judging import diff, standings_of

from crossvault.aspects.copies import doubts
from crossvault.aspects.copies import states as copying
from crossvault.aspects.copies.declared import Backfill, BackfillMode, Copying, Neighbour, Uncertain
from crossvault.aspects.copies.figures import failures
from crossvault.aspects.copies.grounds import Ground
from crossvault.aspects.copies.judged import judged
from crossvault.aspects.copies.planned import Standing, State
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.engine.declared import Mode, PolicyKey, Scope
from crossvault.engine.looks import Seen
from crossvault.engine.plan import Plan
from crossvault.words.reasons import Reason

ALL = Backfill(BackfillMode.ALL)


def planned(
    *points: RecoveryPoint,
    copies: tuple[RecoveryPoint, ...] = (),
    jobs: tuple[CopyJob, ...] = (),
    known: int = 0,
    minute: int = 11,
    locked: bool = False,
    uncertain: Uncertain = Uncertain.HOLD,
    lifecycle: Lifecycle | None = None,
    neighbours: tuple[Neighbour, ...] = (),
    now: datetime = NOW,
    born: datetime | None = None,
) -> Plan:
    """Return the plan for some points beside others that prove how copies are listed."""
    others = linked(known, minute=minute)
    wanted = desired(
        destination(lifecycle=lifecycle), backfill=ALL, copying=Copying(when_uncertain=uncertain, max_concurrent=90)
    )
    there = sight(
        wanted.destinations[0],
        copies=(*copies, *(copy for _, copy, _ in others)),
        jobs=(*jobs, *(job for *_, job in others)),
        copies_at=now,
        vault=Seen(vault(locked=locked, created=born)),
    )
    return diff(wanted, observed((*points, *(one for one, *_ in others)), there, at=now), neighbours=neighbours)


def standing(found: Plan, of: RecoveryPoint) -> Standing:
    """Return the standing of a point in a plan."""
    return next(each for each in standings_of(found)["dr"] if each.point.arn == of.arn)


# --- Held, and the ways out ----------------------------------------------------------------------------------------


def test_what_is_uncertain_waits_for_a_person_and_says_why() -> None:
    """An old point without a job, beside something that nothing explains: a gap with figures and a way out."""
    found = standing(planned(OLD, copies=(LOOSE,)), OLD)

    assert (found.state, found.reason, found.needs_action) == (State.WAITING, Reason.COPY_UNCERTAIN, True)
    assert found.retry_at is None
    assert found.message == (
        "Nothing is started, because 1 unexplained RDS recovery points in vault orders-copies could be a copy of it and"
        " 0 of 0 finished jobs prove how copies of RDS are dated. Set spec.copying.whenUncertain: AssumeMissing to have"
        " such points copied, AssumeCopied to call them copied."
    )


@pytest.mark.parametrize(
    ("uncertain", "state", "reason", "ground"),
    [
        (Uncertain.HOLD, State.WAITING, Reason.COPY_UNCERTAIN, None),
        (Uncertain.ASSUME_MISSING, State.MISSING, None, Ground.DECLARED),
        (Uncertain.ASSUME_COPIED, State.COPIED, Reason.ASSUMED_COPIED, None),
    ],
)
def test_a_person_may_decide(uncertain: Uncertain, state: State, reason: Reason | None, ground: Ground | None) -> None:
    """Declared per policy: assume missing, or assume copied."""
    found = standing(planned(OLD, copies=(LOOSE,), uncertain=uncertain), OLD)

    assert (found.state, found.reason, found.ground) == (state, reason, ground)


@pytest.mark.parametrize("status", ["EXPIRED", "DELETING"])
def test_a_copy_that_goes_is_none(status: str) -> None:
    """Only these two say that a copy is there no more."""
    found = planned(OLD, copies=(copy_of(OLD, status=status),))

    assert standing(found, OLD).ground is Ground.NOTHING_THERE


@pytest.mark.parametrize("uncertain", list(Uncertain))
@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        pytest.param("CREATING", State.IN_PROGRESS, Reason.COPYING, id="somebody makes it"),
        pytest.param("INDEXING", State.WAITING, Reason.COPY_UNCERTAIN, id="a word of a later AWS"),
        pytest.param("PARTIAL", State.FAILED, Reason.COPY_PARTIAL, id="a part of it"),
    ],
)
def test_a_copy_that_is_not_good_is_not_made_again(
    status: str, state: State, reason: Reason, uncertain: Uncertain
) -> None:
    """It is there, whatever it is: nobody's declaration makes a second one, or calls it good."""
    found = planned(OLD, copies=(copy_of(OLD, status=status),), known=3, uncertain=uncertain)

    assert (standing(found, OLD).state, standing(found, OLD).reason) == (state, reason)
    assert found.actions == ()


def test_a_partial_copy_of_a_partial_backup_is_whole() -> None:
    """The copy has what the source has."""
    source = replace(OLD, status="PARTIAL")

    assert standing(planned(source, copies=(copy_of(source, status="PARTIAL"),)), source).state is State.COPIED


def test_no_more_is_assumed_copied_than_could_be() -> None:
    """One unexplained recovery point is the copy of one, at most; the others stay gaps."""
    three = tuple(point(number) for number in (60, 61, 62))
    found = planned(*three, copies=(replace(LOOSE, created=ago(days=1)),), uncertain=Uncertain.ASSUME_COPIED)
    reasons = [standing(found, each).reason for each in three]

    assert reasons == [Reason.ASSUMED_COPIED, Reason.COPY_UNCERTAIN, Reason.COPY_UNCERTAIN]


@pytest.mark.parametrize("uncertain", list(Uncertain))
def test_what_vanished_is_never_called_copied(uncertain: Uncertain) -> None:
    """Whoever deletes everything is told of, whatever is assumed of what nobody knows."""
    four = linked(4)
    found = planned(*(one for one, *_ in four), jobs=tuple(job for *_, job in four), uncertain=uncertain)

    assert State.COPIED not in {each.state for each in standings_of(found)["dr"]}


def test_what_is_listed_otherwise_is_not_assumed_missing_for_ever() -> None:
    """Each copy would look missing as soon as its job is forgotten: more unexplained ones than points end it."""
    newest = point(1)
    copy = copy_of(newest, created=ago(hours=5))
    done = job_for(newest, state="COMPLETED", to=copy, created=ago(hours=5))
    for loose, started in ((1, True), (2, False)):
        others = tuple(replace(LOOSE, arn=f"loose-{each}", created=ago(days=each + 2)) for each in range(loose))
        found = planned(OLD, newest, copies=(copy, *others), jobs=(done,), uncertain=Uncertain.ASSUME_MISSING)
        assert (standing(found, OLD).ground is Ground.DECLARED) is started


def test_a_long_job_does_not_widen_the_authority_of_the_list() -> None:
    """AWS forgets jobs so long after their end: one that ran for weeks says nothing of the weeks before."""
    ran = job_for(point(30), state="FAILED", created=ago(days=27), completed=ago(days=2), job_id="long")
    runs = job_for(point(31), created=ago(days=27), job_id="still")
    old = point(20)
    for jobs in ((ran,), (runs,), (ran, runs)):
        found = planned(old, copies=(replace(LOOSE, resource_arn="", created=NOW),), jobs=jobs)
        assert standing(found, old).reason is Reason.COPY_UNCERTAIN


@pytest.mark.parametrize(
    ("known", "minute", "old", "ground"),
    [
        pytest.param(3, 11, OLD, Ground.PROVEN, id="three copies where their jobs say"),
        pytest.param(2, 11, OLD, Ground.PROVEN, id="all there are, for a day"),
        pytest.param(3, 0, OLD, None, id="copies of whole hours prove nothing for others"),
        pytest.param(3, 0, point(60, created=ago(days=60)), Ground.PROVEN, id="but do for one on the hour"),
        pytest.param(3, 11, replace(OLD, source_vault_arn="elsewhere"), None, id="nor for what was brought by a copy"),
        pytest.param(3, 11, replace(OLD, resource_arn=DISK, resource_type="EBS"), None, id="nor for another type"),
        pytest.param(0, 11, point(1), None, id="without any job the job list is no authority"),
    ],
)
def test_jobs_prove_their_own_kind(known: int, minute: int, old: RecoveryPoint, ground: Ground | None) -> None:
    """Each kind, at each destination, has to be proven by its own copies."""
    kinds = tuple(
        replace(LOOSE, arn=f"loose-{kind}", resource_type=kind, resource_arn="", created=NOW) for kind in ("RDS", "EBS")
    )
    found = standing(planned(old, point(0), copies=kinds, known=known, minute=minute), old)

    assert found.ground is ground


def test_a_point_younger_than_the_oldest_job_would_show_its_own() -> None:
    """The job list is the authority as far back as it reaches."""
    job = job_for(point(30), state="FAILED", created=ago(days=20), job_id="another")
    younger, older = point(19), point(21)
    found = planned(younger, older, copies=(replace(LOOSE, resource_arn="", created=NOW),), jobs=(job,))

    assert standing(found, younger).ground is Ground.JOBS
    assert standing(found, older).reason is Reason.COPY_UNCERTAIN


def test_one_canary_goes_ahead_and_the_next_when_it_arrived() -> None:
    """The newest young point of a kind of which nothing is known goes first, alone; an old one does not."""
    loose = replace(LOOSE, resource_arn="", created=NOW)
    new, newer, newest = point(3), point(2), point(1)
    first = planned(OLD, new, newer, newest, copies=(loose,))
    assert {each.point.arn for each in standings_of(first)["dr"] if each.ground is Ground.CANARY} == {newest.arn}

    running = planned(OLD, new, newer, newest, copies=(loose,), jobs=(job_for(newest),))
    assert [each for each in standings_of(running)["dr"] if each.ground is Ground.CANARY] == []

    copy = copy_of(newest)
    done = job_for(newest, state="COMPLETED", to=copy, created=ago(hours=5))
    arrived = planned(OLD, new, newer, newest, copies=(loose, copy), jobs=(done,))
    assert standing(arrived, newer).ground is Ground.CANARY

    late = planned(OLD, point(8), copies=(loose,))
    assert {each.reason for each in standings_of(late)["dr"]} == {Reason.COPY_UNCERTAIN}


def test_a_canary_that_refutes_its_kind_is_the_last() -> None:
    """A copy with another date than its source says that dates cannot be trusted."""
    newest = point(1)
    copy = copy_of(newest, created=ago(hours=5))
    done = job_for(newest, state="COMPLETED", to=copy, created=ago(hours=5))
    found = planned(OLD, point(2), newest, copies=(copy, replace(LOOSE, resource_arn="", created=NOW)), jobs=(done,))

    assert {each.reason for each in standings_of(found)["dr"] if each.point.arn != newest.arn} == {
        Reason.COPY_UNCERTAIN
    }
    assert "1 of 1 finished jobs left a copy with another date or resource" in (standing(found, OLD).message or "")


# --- Vanished ------------------------------------------------------------------------------------------------------

GONE = point(5, created=ago(days=5, minutes=7))


def gone_job(*, ended: datetime, job_id: str = "gone") -> CopyJob:
    """Return a job whose copy is nowhere."""
    return job_for(
        GONE, state="COMPLETED", to=copy_of(GONE), created=ended - timedelta(hours=1), completed=ended, job_id=job_id
    )


@pytest.mark.parametrize(
    ("known", "jobs", "locked", "loose", "again"),
    [
        pytest.param(3, (gone_job(ended=ago(days=2)),), False, False, True, id="jobs name copies as listed"),
        pytest.param(3, (gone_job(ended=ago(hours=23)),), False, False, False, id="not before a day has gone by"),
        pytest.param(2, (gone_job(ended=ago(days=2)),), False, False, False, id="too few prove that"),
        pytest.param(0, (gone_job(ended=ago(days=2)),), False, False, False, id="none prove that"),
        pytest.param(3, (gone_job(ended=ago(days=2)),), True, False, False, id="a locked vault cannot lose one"),
        pytest.param(3, (gone_job(ended=ago(days=2)),), False, True, False, id="something could be it"),
        pytest.param(
            3,
            (gone_job(ended=ago(days=4)), gone_job(ended=ago(days=2), job_id="twice")),
            False,
            False,
            False,
            id="never more than once",
        ),
    ],
)
def test_a_vanished_copy_is_made_again_once_and_only_where_it_is_surely_gone(
    known: int, jobs: tuple[CopyJob, ...], *, locked: bool, loose: bool, again: bool
) -> None:
    """It is told as a loss all the same, until it is copied."""
    beside = (replace(LOOSE, resource_arn="", created=NOW),) if loose else ()
    found = planned(GONE, copies=beside, jobs=jobs, known=known, locked=locked)

    assert (standing(found, GONE).state, standing(found, GONE).reason) == (State.FAILED, Reason.COPY_VANISHED)
    assert standing(found, GONE).needs_action
    assert len(found.actions) == again


@pytest.mark.parametrize(
    ("known", "jobs", "locked", "loose", "why"),
    [
        (2, (gone_job(ended=ago(days=2)),), False, False, "2 copies of RDS are listed as their jobs name them, and 3"),
        (3, (gone_job(ended=ago(days=2)),), True, False, "in a locked vault it cannot be gone yet"),
        (3, (gone_job(ended=ago(days=2)),), False, True, "1 unexplained RDS recovery points in the vault could be it"),
        (
            3,
            (gone_job(ended=ago(days=4)), gone_job(ended=ago(days=2), job_id="twice")),
            False,
            False,
            "it was made 2 times already",
        ),
    ],
)
def test_what_is_not_made_again_says_why_and_the_way_out(
    known: int, jobs: tuple[CopyJob, ...], *, locked: bool, loose: bool, why: str
) -> None:
    """Nobody waits for a copy that does not come."""
    beside = (replace(LOOSE, resource_arn="", created=NOW),) if loose else ()
    found = planned(GONE, copies=beside, jobs=jobs, known=known, locked=locked)
    (failed,) = [each for each in failures("dr", standings_of(found)["dr"]) if each.reason is Reason.COPY_VANISHED]

    assert failed.message.startswith(f"The copy is gone, and is not made again by itself: {why}")
    assert "set spec.copying.whenUncertain: AssumeMissing" in failed.remedy
    assert failed.retry_at is None


def test_copies_that_were_in_a_vault_that_was_made_anew_are_made_again() -> None:
    """They went with it for sure: no proof is needed, and a copy made since then counts as any other."""
    born = ago(days=1)
    before, since = gone_job(ended=ago(days=2)), gone_job(ended=ago(hours=3), job_id="since")

    def again(*jobs: CopyJob) -> int:
        return len(planned(GONE, jobs=jobs, born=born).actions)

    assert [again(before), again(before, since), again(since)] == [1, 0, 0]
    assert standing(planned(GONE, jobs=(before,), born=born), GONE).reason is Reason.COPY_VANISHED


@pytest.mark.parametrize(("days", "again"), [(4, 1), (6, 0), (None, 0)])
def test_a_copy_that_expired_as_it_was_made_to_is_made_again(days: int | None, again: int) -> None:
    """Somebody made it with a shorter life; that it is gone is no riddle, and no proof is needed."""
    job = replace(gone_job(ended=ago(days=4, hours=20)), delete_after_days=days)
    found = planned(GONE, jobs=(job,), lifecycle=Lifecycle(delete_after_days=365))

    assert len(found.actions) == again
    assert standing(found, GONE).reason is Reason.COPY_VANISHED


def test_a_copy_that_is_being_deleted_proves_nothing() -> None:
    """What it proves now it would not prove in a minute, and a plan would promise what never comes."""
    four = linked(4)
    going = tuple(replace(copy, status="DELETING") for _, copy, _ in four)
    found = planned(*(one for one, *_ in four), copies=going, jobs=tuple(job for *_, job in four))

    assert found.actions == ()
    assert {each.reason for each in standings_of(found)["dr"]} == {Reason.COPY_VANISHED}


def test_all_copies_deleted_is_a_loss_and_no_reason_to_copy() -> None:
    """0 of 4: nothing shows any more that jobs name their copies as they are listed."""
    four = linked(4)
    found = planned(*(one for one, *_ in four), jobs=tuple(job for *_, job in four))

    assert {(each.state, each.reason) for each in standings_of(found)["dr"]} == {(State.FAILED, Reason.COPY_VANISHED)}
    assert found.actions == ()


# --- Two policies --------------------------------------------------------------------------------------------------

THEIRS = PolicyKey("shop", "reports")


def beside(days: int | None, *, key: PolicyKey = THEIRS) -> tuple[Neighbour, ...]:
    """Return another policy for the same two vaults."""
    return (Neighbour(key, (SOURCE_ARN, TARGET_ARN), None if days is None else Lifecycle(delete_after_days=days)),)


def test_a_copy_that_goes_too_early_does_not_do() -> None:
    """Whoever made it: it is a gap that a person has to end, and no second copy is made."""
    source = point(1)
    short = replace(copy_of(source), delete_at=source.created + timedelta(days=30))
    for days, good in ((30, True), (31, True), (32, False), (365, False)):
        found = planned(source, copies=(short,), lifecycle=Lifecycle(delete_after_days=days))
        assert (standing(found, source).state is State.COPIED) is good
        assert found.actions == ()
    assert standing(found, source).reason is Reason.COPY_EXPIRES_EARLY
    assert standing(planned(source, copies=(short,)), source).reason is Reason.COPY_EXPIRES_EARLY


def test_the_longer_policy_makes_the_copy_and_the_other_names_both() -> None:
    """One backup has one copy, made for the policy that keeps it longer."""
    source = point(1)
    shorter = planned(source, lifecycle=Lifecycle(delete_after_days=30), neighbours=beside(365))
    longer = planned(source, lifecycle=Lifecycle(delete_after_days=365), neighbours=beside(30))

    assert (shorter.actions, len(longer.actions)) == ((), 1)
    held = standing(shorter, source)
    assert (held.state, held.reason) == (State.WAITING, Reason.LIFECYCLE_CONFLICT)
    assert held.message == (
        "Policies shop/orders and shop/reports copy vault orders into orders-copies with different lifecycles: 30 days"
        " and 365 days. One backup has one copy, made for the longer one; declare the same lifecycle, or name another"
        " vault."
    )


def test_of_a_policy_in_another_namespace_no_more_is_told_than_that_it_is_there() -> None:
    """Neither its name nor its namespace."""
    source, theirs = point(1, created=ago(minutes=30)), PolicyKey("payroll-x7", "salaries-x7")
    held = planned(source, lifecycle=Lifecycle(delete_after_days=30), neighbours=beside(365, key=theirs))

    assert standing(held, source).message == (
        "Policy shop/orders and one of another namespace copy vault orders into orders-copies with different"
        " lifecycles: 30 days and 365 days. One backup has one copy, made for the longer one unless that has not begun"
        " within 1 hour; declare the same lifecycle, or name another vault."
    )
    assert "x7" not in repr(judged(held, "dr"))


@pytest.mark.parametrize(
    ("age", "namespace", "starts"),
    [
        pytest.param(timedelta(minutes=59), "payroll", 0, id="another namespace has an hour"),
        pytest.param(timedelta(minutes=61), "payroll", 1, id="and no more"),
        pytest.param(timedelta(days=20), "payroll", 1, id="not for what is old either"),
        pytest.param(timedelta(days=20), "shop", 0, id="one's own namespace decides for itself"),
    ],
)
def test_nobody_waits_for_ever_for_a_policy_of_another_namespace(age: timedelta, namespace: str, starts: int) -> None:
    """It may be unable to copy, or slow on purpose; its long lifecycle must not keep mine from being made."""
    source = point(1, created=NOW - age)
    key = PolicyKey(namespace, "reports")
    held = planned(source, lifecycle=Lifecycle(delete_after_days=30), neighbours=beside(365, key=key))

    assert len(held.actions) == starts


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"scope": Scope(min_remaining_days=36500)}, id="too short-lived for it"),
        pytest.param({"scope": Scope(resource_types=("EBS",))}, id="of another type"),
        pytest.param({"backfill": Backfill(BackfillMode.NONE), "created": NOW}, id="older than it"),
    ],
)
def test_a_policy_that_would_never_copy_a_recovery_point_keeps_nobody_from_it(change: dict[str, Any]) -> None:
    """Whatever lifecycle it declares."""
    source = point(1, created=ago(minutes=30), delete_at=NOW + timedelta(days=20))
    (rival,) = beside(365)
    held = planned(source, lifecycle=Lifecycle(delete_after_days=30), neighbours=(replace(rival, **change),))

    assert len(held.actions) == 1


@pytest.mark.parametrize(("mine", "theirs", "starts"), [(None, 1, 1), (1, None, 0), (30, 1, 1), (1, 30, 0)])
def test_of_equal_lifes_the_one_that_stays_warm_longer_is_made(
    mine: int | None, theirs: int | None, starts: int
) -> None:
    """A copy in cold storage costs hours to restore, and nobody moves it back."""
    (rival,) = beside(365)
    cold = replace(rival, lifecycle=Lifecycle(theirs, 365))
    found = planned(point(1), lifecycle=Lifecycle(mine, 365), neighbours=(cold,))

    assert len(found.actions) == starts


@pytest.mark.parametrize("mine", [30, 365, None])
@pytest.mark.parametrize("theirs", [30, 365, None])
def test_exactly_one_of_two_policies_starts_a_copy(mine: int | None, theirs: int | None) -> None:
    """Whatever the two declare, the copy is started once: by one where they differ, under one token where not."""
    source = point(1, delete_at=NOW + timedelta(days=90))
    lives = {"mine": mine, "theirs": theirs}
    ours = PolicyKey("shop", "orders")

    def starts(own: str, other: str, keys: tuple[PolicyKey, PolicyKey]) -> int:
        life = None if lives[own] is None else Lifecycle(delete_after_days=lives[own])
        wanted = replace(desired(destination(lifecycle=life), backfill=ALL), key=keys[0])
        seen = observed((source,), sight(wanted.destinations[0]))
        return len(diff(wanted, seen, neighbours=beside(lives[other], key=keys[1])).actions)

    assert starts("mine", "theirs", (ours, THEIRS)) + starts("theirs", "mine", (THEIRS, ours)) == (
        2 if mine == theirs else 1
    )


@pytest.mark.parametrize(
    ("theirs", "left"),
    [
        pytest.param({"scope": Scope(resource_types=("EBS",))}, False, id="another type"),
        pytest.param({"scope": Scope(resource_types=("RDS",))}, True, id="this type"),
        pytest.param({"backfill": Backfill(BackfillMode.NONE), "created": NOW}, False, id="only what comes later"),
        pytest.param({"backfill": Backfill(BackfillMode.LATEST), "created": NOW}, True, id="the newest of each"),
        pytest.param({"backfill": Backfill(BackfillMode.SINCE, NOW)}, False, id="only since now"),
    ],
)
def test_a_copy_is_left_to_who_means_it(theirs: dict[str, Any], left: bool) -> None:
    """A neighbour that keeps copies longer and does not mean this point makes none of it."""
    source = point(1)
    (longer,) = beside(365)
    found = planned(source, lifecycle=Lifecycle(delete_after_days=30), neighbours=(replace(longer, **theirs),))

    assert (found.actions == ()) is left


def test_what_is_left_to_another_is_not_healthy() -> None:
    """As long as that one has not made it, somebody is told."""
    found = planned(point(1), lifecycle=Lifecycle(delete_after_days=30), neighbours=beside(365))

    assert copying.amiss(standing(found, point(1))) is Reason.LIFECYCLE_CONFLICT


def test_the_copy_that_lives_longest_counts() -> None:
    """Beside one that a job names and one that sorts before it."""
    source = point(1)
    short = replace(copy_of(source, arn="a"), delete_at=source.created + timedelta(days=7))
    long = replace(copy_of(source, arn="b"), delete_at=source.created + timedelta(days=365))
    job = job_for(source, state="COMPLETED", to=short)
    for jobs in ((), (job,)):
        found = planned(source, copies=(short, long), jobs=jobs, lifecycle=Lifecycle(delete_after_days=365))
        assert standing(found, source).state is State.COPIED


def test_who_only_looks_is_nobodys_neighbour() -> None:
    """A suspended or observing policy makes no copies, so nothing is left to it."""
    acting = desired(destination(lifecycle=Lifecycle(delete_after_days=365)), name="reports")

    assert [(each.vaults, each.acts) for each in doubts.neighbours_of(acting)] == [((SOURCE_ARN, TARGET_ARN), True)]
    assert doubts.neighbours_of(replace(acting, deleting=True)) == ()
    for idle in (replace(acting, suspend=True), replace(acting, mode=Mode.OBSERVE)):
        found = planned(point(1), lifecycle=Lifecycle(delete_after_days=7), neighbours=doubts.neighbours_of(idle))
        assert len(found.actions) == 1
    assert len(planned(point(1), neighbours=beside(365, key=PolicyKey("shop", "orders"))).actions) == 1
