"""What a recovery point waits for, until when, and whether trying again helps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from tests.kit import builders, recorded
from tests.kit.builders import NOW, ago
from tests.kit.judging import diff, standings_of

from crossvault.aspects.copies import failures, waits
from crossvault.aspects.copies.declared import Backfill, BackfillMode, Copying
from crossvault.aspects.copies.planned import GAP_STATES, Standing, State
from crossvault.aspects.copies.waits import Again, Wait
from crossvault.engine.declared import Desired, Mode
from crossvault.engine.observed import Observed
from crossvault.engine.plan import Plan
from crossvault.engine.rows import unmet
from crossvault.words.explanations.meaning import NOBODY
from crossvault.words.reasons import Reason

ALL = Backfill(BackfillMode.ALL)
POINT = builders.point()


def waiting(desired: Desired, observed: Observed) -> dict[str, tuple[Standing, Wait | None]]:
    """Return every recovery point towards the only destination, and what it waits for."""
    plan = diff(desired, observed)
    (standings,) = standings_of(plan).values()
    name = desired.destinations[0].name
    return {each.point.arn: (each, waits.wait(each, plan, desired, name, observed.at)) for each in standings}


def of(desired: Desired, *jobs: Any, policy: Any = builders.OUR_POLICY, **members: Any) -> tuple[Standing, Wait]:
    """Return how the only recovery point stands, and what it waits for."""
    point = replace(POINT, **members)
    seen = builders.observed((point,), builders.sight(jobs=jobs, policy=policy))
    ((standing, wait),) = waiting(desired, seen).values()
    assert wait is not None
    return standing, wait


def test_one_that_may_start_waits_for_the_next_pass() -> None:
    """Nobody has to act, and no date is known."""
    standing, wait = of(builders.desired())

    assert (standing.state, waits.again(standing)) == (State.MISSING, None)
    assert wait == Wait("the next pass, which starts it")


@pytest.mark.parametrize(
    ("members", "what"),
    [
        pytest.param({"mode": Mode.OBSERVE}, "Set spec.mode: Enforce.", id="it only observes"),
        pytest.param({"suspend": True}, "Set spec.suspend: false.", id="it is suspended"),
    ],
)
def test_one_of_a_policy_that_does_not_act_waits_for_that(members: dict[str, Any], what: str) -> None:
    """What would start is not said to."""
    _, wait = of(builders.desired(**members))

    assert wait == Wait("the policy to act", who="author of the policy", remedy=what)


def test_one_that_a_prerequisite_holds_waits_for_it() -> None:
    """By its name, with who mends it and how."""
    deny = '{"Statement":[{"Sid":"No","Effect":"Deny","Principal":"*","Action":"backup:CopyIntoBackupVault"}]}'
    standing, wait = of(builders.desired(), policy=deny)

    assert (standing.state, standing.reason) == (State.MISSING, Reason.HELD)
    assert wait.what == "prerequisite VaultPolicy"
    assert wait.remedy.startswith("Remove or narrow statement No")
    assert wait.who == "AWS administrator"


def test_several_prerequisites_are_all_named() -> None:
    """One that is mended would not be enough."""
    rows = tuple(
        unmet(name, "", Reason.CROSS_ACCOUNT_BACKUP_OFF, "It is off.", f"Mend {name}.") for name in ("One", "Two")
    )
    wait = waits.wait(Standing(POINT, State.MISSING), Plan(prerequisites=rows), builders.desired(), "dr", NOW)

    assert wait == Wait("prerequisites One, Two", who="AWS administrator", remedy="Mend One.")


def test_a_running_copy_is_waited_for_without_a_date() -> None:
    """AWS says of no job when it ends."""
    job = builders.job_for(POINT)
    standing, wait = of(builders.desired(), job)

    assert (standing.state, waits.again(standing)) == (State.IN_PROGRESS, None)
    assert wait == Wait(f"copy job {job.id}")


def test_a_copy_that_is_not_listed_yet_is_waited_for_a_quarter_of_an_hour() -> None:
    """From the end of its job on; afterwards somebody is called."""
    ended = ago(minutes=5)
    job = builders.job_for(POINT, state="COMPLETED", created=ago(hours=1), completed=ended)
    _, wait = of(builders.desired(), job)
    late = builders.job_for(POINT, state="COMPLETED", created=ago(hours=1), completed=ago(minutes=20))
    told, after = of(builders.desired(), late)

    assert wait == Wait(f"the copy of job {job.id} to be listed", ended + timedelta(minutes=15))
    assert told.reason is Reason.COPY_NOT_LISTED
    assert (after.until, bool(after.who)) == (None, True)


def failed(message: str, **members: Any) -> Any:
    """Return a copy job of the point that failed a minute ago."""
    ended = {"created": ago(minutes=10), "completed": ago(minutes=1), "role": builders.ROLE}
    return builders.job_for(POINT, state="FAILED", message=message, **{**ended, **members})


def test_what_time_ends_is_tried_again_at_a_known_time() -> None:
    """The pause after one attempt is the declared one."""
    standing, wait = of(
        builders.desired(copying=Copying(backoff=timedelta(minutes=20))), failed("An internal error occurred.")
    )

    assert (standing.state, waits.again(standing)) == (State.FAILED, Again.YES)
    assert wait == Wait("the next attempt", ago(minutes=1) + timedelta(minutes=20))


def test_what_somebody_has_to_mend_names_who_and_the_next_attempt_all_the_same() -> None:
    """That person may act unseen."""
    standing, wait = of(builders.desired(), failed("Tag policy does not allow the tags."))

    assert waits.again(standing) is Again.ONCE_MENDED
    assert wait.who not in {"", NOBODY}
    assert wait.what == f"{wait.who}, or the next attempt"
    assert wait.until == standing.retry_at is not None
    assert wait.remedy


def test_what_fails_for_good_is_not_tried_and_says_so() -> None:
    """But on the day on which one of its kind finds out whether that is so still."""
    standing, wait = of(builders.desired(), failed("Unsupported resource type."))

    assert waits.again(standing) is Again.NO
    assert wait.what == f"{wait.who}, or the trial of one of its kind"
    assert wait.until == ago(minutes=1) + timedelta(days=28)


def test_what_the_own_plan_copies_waits_for_the_end_of_its_grace() -> None:
    """The date is that of the standing, whether the policy acts or not: the plan is in AWS."""
    until = NOW + timedelta(minutes=7)
    standing = Standing(POINT, State.WAITING, Reason.EXPECTED_FROM_PLAN, retry_at=until)
    for desired in (builders.desired(), builders.desired(suspend=True)):
        wait = waits.wait(standing, Plan(), desired, "dr", NOW)

        assert wait == Wait("the policy's own backup plan, which copies it", until)


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        (Reason.BUDGET, "a running copy of the policy to end"),
        (Reason.ACCOUNT_LIMIT, "a running copy of the account to end"),
        (Reason.RESOURCE_BUSY, "the running copy of its resource to end"),
    ],
)
def test_limits_are_waited_for_without_a_date(reason: Reason, what: str) -> None:
    """No quota says when a place becomes free."""
    standing = Standing(POINT, State.WAITING, reason)

    assert waits.wait(standing, Plan(), builders.desired(), "dr", NOW) == Wait(what)


def test_what_comes_after_this_pass_is_told_from_what_comes_first() -> None:
    """One of a resource at a time, and so many in a pass."""
    points = tuple(builders.point(number, resource=f"arn:db:{number}") for number in range(1, 40))
    copying = Copying(max_concurrent=100)
    found = waiting(builders.desired(backfill=ALL, copying=copying), builders.observed(points))
    words = {wait.what for _, wait in found.values() if wait is not None}

    assert words == {"the next pass, which starts it", "one of the next passes, which starts it"}


def test_what_another_one_finds_out_is_waited_for() -> None:
    """A vault denies copies for no reason that is seen; of two recovery points one is tried."""
    points = tuple(builders.point(number, resource=f"arn:db:{number}") for number in (1, 2))
    denied = builders.job_for(points[0], state="FAILED", message=recorded.said("vault-access-denied"))
    found = waiting(builders.desired(backfill=ALL), builders.observed(points, builders.sight(jobs=(denied,))))

    (told,) = {wait.what for standing, wait in found.values() if wait and standing.reason is Reason.COPY_DENIED} - {
        "one of the next passes, which starts it",
        "the next pass, which starts it",
    }
    assert told == "another one of its type, which finds out whether copies are still denied"


@pytest.mark.parametrize("state", sorted(set(State) - GAP_STATES))
def test_what_lacks_nothing_waits_for_nothing(state: State) -> None:
    """It is there, or is never copied."""
    standing = Standing(POINT, state, Reason.CONTINUOUS_BACKUP)

    assert waits.wait(standing, Plan(), builders.desired(), "dr", NOW) is None
    assert waits.again(standing) is None


@pytest.mark.parametrize("reason", sorted(failures.TERMINAL_REASONS))
def test_what_ends_for_good_in_one_text_does_so_in_all(reason: Reason) -> None:
    """What AWS has forgotten the job of is known by its reason alone."""
    standing = Standing(POINT, State.FAILED, reason, needs_action=True)

    assert waits.again(standing) is Again.NO


@pytest.mark.parametrize("state", sorted(GAP_STATES))
def test_every_gap_waits_for_something(state: State) -> None:
    """Whatever the reason, whether the policy acts or not; and who has to act is never nobody."""
    whens = (None, NOW, NOW + timedelta(hours=1))
    for reason, needs, retry_at, suspend in product((None, *Reason), (True, False), whens, (True, False)):
        standing = Standing(POINT, state, reason, retry_at=retry_at, needs_action=needs)
        wait = waits.wait(standing, Plan(), builders.desired(suspend=suspend), "dr", NOW)

        assert wait is not None, standing
        assert wait.what, standing
        assert wait.who != NOBODY, standing
        assert wait.until in {None, retry_at}, standing
        if state is State.FAILED and retry_at is not None:
            assert wait.until == (None if retry_at <= NOW else retry_at), standing
