"""What the process remembers of refused copies: how often the same was asked, and for how long."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.kit.builders import NOW, ROLE, TARGET_ARN, job_for, point, source_vault, stuck

from crossvault.aspects.copies.aws.ledger import (
    COUNTED,
    LISTED_WITHIN,
    OWNED,
    REMEMBERED,
    RefusedCopies,
    StartedCopies,
    jobs_key,
)
from crossvault.aspects.copies.foresight import SLOWEST
from crossvault.aspects.copies.jobs import JobBook
from crossvault.aspects.copies.planned import Bound, StartCopy
from crossvault.aspects.copies.seen import RunningCopy
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aws.entered import fingerprint
from crossvault.aws.reads import SharedReads
from crossvault.engine.declared import PolicyKey

ENTRY = fingerprint(source_vault().account)
START = StartCopy("dr", point(), source_vault(), TARGET_ARN, ROLE, None, "token")
PAIR = (START.point.arn, TARGET_ARN)
VAULTS = (START.source.arn, TARGET_ARN)
LISTING = jobs_key(ENTRY, START.source.region)
OTHER = fingerprint(replace(source_vault().account, account_id="333333333333"))
AGAIN = fingerprint(replace(source_vault().account, name="the-same-account"))
SHOP, BOOKS = PolicyKey("shop", "orders"), PolicyKey("books", "sales")

FOR_SHOP = replace(START, bound=Bound(10, SHOP))


def start(number: int, most: int, policy: PolicyKey = SHOP, **changes: Any) -> StartCopy:
    """Return a start of a copy of a resource of its own, in an account with so many places."""
    one = point(number, resource=f"arn:aws:elasticfilesystem:eu-west-1:1:file-system/fs-{number}", kind="EFS")
    return replace(START, point=one, bound=Bound(most, policy, **changes))


def test_the_same_question_is_counted_and_another_begins_anew() -> None:
    """What was asked is the point as it was, the lifecycle and the role; the token of an attempt is not part of it."""
    refused = RefusedCopies()
    for minute in range(3):
        refused.add(replace(START, token=str(minute)), stuck(), NOW + timedelta(minutes=minute))
    assert refused.into({TARGET_ARN}, NOW)[PAIR].times == 3
    for changed in (
        replace(START, lifecycle=Lifecycle(delete_after_days=9)),
        replace(START, role_arn="another"),
        replace(START, point=replace(START.point, status="AVAILABLE")),
    ):
        refused.add(changed, stuck(), NOW)
        assert refused.into({TARGET_ARN}, NOW)[PAIR].times == 1


def test_what_aws_takes_is_forgotten() -> None:
    """The refusals before it are history."""
    refused = RefusedCopies()
    refused.add(START, stuck(), NOW)
    refused.discard(*PAIR)
    assert refused.into({TARGET_ARN}, NOW) == {}


def test_a_refusal_outlives_the_slowest_pause_and_ends_with_its_policy() -> None:
    """While somebody asks, it is renewed; nobody asks for a point that is gone."""
    refused = RefusedCopies()
    refused.add(START, stuck(), NOW)
    assert refused.into({TARGET_ARN}, NOW + SLOWEST) != {}
    assert refused.into({"another vault"}, NOW) == {}
    assert refused.into({TARGET_ARN}, NOW + REMEMBERED) == {}


def test_an_answer_with_a_job_that_no_listing_shows_is_known_after_a_while() -> None:
    """AWS may remember a request for longer than the job it made; a listing that lags is given its time."""
    started = StartedCopies(SharedReads(lambda: NOW))

    assert not started.is_forgotten(START, "job-1", NOW)
    assert not started.is_forgotten(START, "job-1", NOW + LISTED_WITHIN / 2)
    assert started.is_forgotten(START, "job-1", NOW + LISTED_WITHIN)
    assert not started.is_forgotten(START, "job-2", NOW + LISTED_WITHIN)
    assert not started.is_forgotten(replace(START, destination_vault_arn="another"), "job-1", NOW + LISTED_WITHIN)
    assert not started.is_forgotten(START, "job-2", NOW + LISTED_WITHIN + REMEMBERED)


@pytest.mark.parametrize(
    ("state", "later"), [("RUNNING", timedelta(0)), ("COMPLETED", LISTED_WITHIN)], ids=["under way", "ended"]
)
def test_an_answer_is_kept_no_longer_than_until_its_job_is_listed(state: str, later: timedelta) -> None:
    """A backlog has many thousands of them; one that a listing has shown is not forgotten."""
    now = NOW + later
    reads = SharedReads(lambda: now)
    started = StartedCopies(reads)
    assert not started.is_forgotten(START, "job-1", NOW)
    started.add("job-1", LISTING, START, NOW)
    reads.get(LISTING, now, lambda: JobBook((replace(job_for(START.point, state=state), id="job-1"),)))
    started.in_progress(ENTRY, now)

    assert not started.is_forgotten(START, "job-1", NOW + LISTED_WITHIN), "it is heard of for the first time"


def test_an_answer_with_a_job_that_listings_do_not_show_stays_known() -> None:
    """However long ago it should have been listed."""
    now = NOW + LISTED_WITHIN
    reads = SharedReads(lambda: now)
    started = StartedCopies(reads)
    started.is_forgotten(START, "job-1", NOW)
    started.add("job-1", LISTING, START, NOW)
    reads.get(LISTING, now, lambda: JobBook((replace(job_for(START.point), id="another"),)))
    assert started.in_progress(ENTRY, now).keys() == {"another"}

    assert started.is_forgotten(START, "job-1", now)


def test_passes_that_run_at_once_do_not_take_one_place_twice() -> None:
    """What is being asked for counts like what runs, until its answer has come; of another account nothing counts.

    Whichever way somebody enters the account.
    """
    started = StartedCopies(SharedReads(lambda: NOW))
    first, second, third, fourth = (start(number, 2) for number in range(1, 5))
    with started.starting(ENTRY, first, NOW) as one, started.starting(AGAIN, second, NOW) as two:
        with started.starting(ENTRY, third, NOW) as three, started.starting(OTHER, third, NOW) as elsewhere:
            assert (one, two, three, elsewhere) == (True, True, False, True)
        started.add("job-1", LISTING, first, NOW)
    unbounded = replace(third, bound=None)
    with started.starting(ENTRY, second, NOW) as one_more, started.starting(ENTRY, unbounded, NOW) as other:
        assert (one_more, other) == (True, True)
        with started.starting(ENTRY, replace(fourth, bound=Bound(3, SHOP)), NOW) as too_many:
            assert not too_many

    assert started.in_progress(ENTRY, NOW) == started.in_progress(AGAIN, NOW) == {"job-1": first.copy}


def test_passes_that_run_at_once_do_not_start_two_copies_of_one_resource() -> None:
    """Two policies into two vaults, before anything is listed; and as long as the first copy is not known to end."""
    started = StartedCopies(SharedReads(lambda: NOW))
    ours, theirs = start(1, 80), replace(start(1, 80, BOOKS), destination_vault_arn="another")
    with started.starting(ENTRY, ours, NOW) as first, started.starting(ENTRY, theirs, NOW) as second:
        assert (first, second) == (True, False)
    started.add("job-1", LISTING, ours, NOW)
    with started.starting(ENTRY, theirs, NOW + COUNTED / 2) as later:
        assert not later
    with started.starting(ENTRY, theirs, NOW + COUNTED) as at_last:
        assert at_last


def test_passes_that_run_at_once_do_not_go_beyond_what_aws_makes_at_once() -> None:
    """Five copies of FSx into a Region, whatever the account may have; into another one five more."""
    started, there, elsewhere = StartedCopies(SharedReads(lambda: NOW)), TARGET_ARN, "arn:aws:backup:eu-north-1:2:b:v"
    starts = [
        replace(
            start(number, 80), point=point(number, resource=f"fs-{number}", kind="FSx"), destination_vault_arn=vault
        )
        for number, vault in enumerate([there] * 7 + [elsewhere] * 7, start=1)
    ]
    with contextlib.ExitStack() as asked:
        may = [asked.enter_context(started.starting(ENTRY, each, NOW)) for each in starts]

    assert may == ([True] * 5 + [False] * 2) * 2


def test_beyond_a_hundred_of_a_region_each_vault_has_five() -> None:
    """Of the types that AWS Backup manages in full; a vault that has more of the hundred has no more."""
    started, other = StartedCopies(SharedReads(lambda: NOW)), f"{TARGET_ARN}-2"
    starts = [
        replace(start(number, 1000), destination_vault_arn=vault)
        for number, vault in enumerate([TARGET_ARN] * 102 + [other] * 7, start=1)
    ]
    with contextlib.ExitStack() as asked:
        may = [asked.enter_context(started.starting(ENTRY, each, NOW)) for each in starts]

    assert may == [True] * 100 + [False] * 2 + [True] * 5 + [False] * 2


def test_passes_that_run_at_once_do_not_take_their_share_twice() -> None:
    """Of ten places five are the share of each of two, and one is left to the other one, also before any answer."""
    started = StartedCopies(SharedReads(lambda: NOW))
    with contextlib.ExitStack() as asked:
        ours = [
            asked.enter_context(started.starting(ENTRY, start(number, 10, namespaces=2), NOW)) for number in range(12)
        ]
        theirs = [
            asked.enter_context(started.starting(ENTRY, start(number, 10, BOOKS, namespaces=2), NOW))
            for number in range(20, 23)
        ]
        for number in range(9):
            started.add(f"job-{number}", LISTING, start(number, 10), NOW)

    assert (sum(ours), sum(theirs)) == (9, 1)
    mine, other = start(30, 10, namespaces=2), start(31, 10, BOOKS, namespaces=2)
    with started.starting(ENTRY, mine, NOW) as one, started.starting(ENTRY, other, NOW) as two:
        assert (one, two) == (False, True)


@pytest.mark.parametrize(
    ("listed", "after", "counted"),
    [
        pytest.param(None, timedelta(minutes=59), SHOP, id="no listing yet"),
        pytest.param(None, COUNTED, None, id="never listed"),
        pytest.param("RUNNING", 2 * OWNED, SHOP, id="listed as running, as long as it takes"),
        pytest.param("COMPLETED", timedelta(minutes=5), None, id="listed as ended"),
    ],
)
def test_a_copy_belongs_to_the_namespace_that_started_it(
    listed: str | None, after: timedelta, counted: PolicyKey | None
) -> None:
    """Whatever has become of its policy, and who else has asked for the same."""
    now = NOW + after
    reads = SharedReads(lambda: now)
    started = StartedCopies(reads)
    started.add("job-1", LISTING, FOR_SHOP, NOW)
    assert not started.add("job-1", LISTING, replace(START, bound=Bound(10, BOOKS)), NOW)
    if listed is not None:
        job = replace(job_for(START.point, state=listed), id="job-1")
        reads.get(LISTING, now, lambda: JobBook((job,)))
    running = started.in_progress(ENTRY, now)

    assert [each.policy for each in running.values()] == ([] if counted is None else [counted])
    assert {each.vaults for each in running.values()} <= {VAULTS}


@pytest.mark.parametrize(("after", "owner"), [(2 * COUNTED, SHOP), (OWNED, None)])
def test_whose_a_copy_is_is_known_for_a_week_without_a_listing(after: timedelta, owner: PolicyKey | None) -> None:
    """A policy that is gone asks for none, and the next one into that vault finds what is still running."""
    times = [NOW]
    reads = SharedReads(lambda: times[-1])
    started = StartedCopies(reads)
    started.add("job-1", LISTING, FOR_SHOP, NOW)
    times.append(NOW + after)
    assert started.in_progress(ENTRY, times[-1]) == {}
    reads.get(LISTING, times[-1], lambda: JobBook((replace(job_for(START.point, state="RUNNING"), id="job-1"),)))

    (running,) = started.in_progress(ENTRY, times[-1]).values()
    assert (running.vaults, running.policy) == (VAULTS, owner)


def test_of_a_copy_from_before_the_process_the_vaults_tell_whose_it_is() -> None:
    """It counts for each namespace that declares to copy between them; of one that is known only its own counts."""
    ours = Bound(10, SHOP, frozenset({VAULTS}), namespaces=2)
    copies = [RunningCopy(VAULTS), RunningCopy(PAIR), RunningCopy(PAIR, SHOP), RunningCopy(VAULTS, BOOKS)]

    assert [ours.is_own(each) for each in copies] == [True, False, True, False]


def test_a_request_that_fails_gives_its_place_back() -> None:
    """Nothing was started, as far as anybody knows."""
    started = StartedCopies(SharedReads(lambda: NOW))
    for _ in range(3):
        with contextlib.suppress(ValueError), started.starting(ENTRY, start(1, 1), NOW) as may:
            assert may
            raise ValueError
