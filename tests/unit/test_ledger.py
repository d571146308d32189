"""What the process remembers of refused copies: how often the same was asked, and for how long."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta

from crossvault.aws.ledger import LISTED_WITHIN, REMEMBERED, RefusedCopies, StartedCopies
from crossvault.aws.reads import SharedReads
from crossvault.aws.sessions import fingerprint
from crossvault.foresight import SLOWEST
from crossvault.model import Lifecycle, StartCopy

from .builders import NOW, ROLE, TARGET_ARN, point, source_vault, stuck

ENTRY = fingerprint(source_vault().account)
START = StartCopy("dr", point(), source_vault(), TARGET_ARN, ROLE, None, "token")
PAIR = (START.point.arn, TARGET_ARN)


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


def test_passes_that_run_at_once_do_not_take_one_place_twice() -> None:
    """What is being asked for counts like what runs, until its answer has come; of another account nothing counts."""
    started = StartedCopies(SharedReads(lambda: NOW))
    with started.starting(ENTRY, 2, NOW) as first, started.starting(ENTRY, 2, NOW) as second:
        with started.starting(ENTRY, 2, NOW) as third, started.starting(("other",), 1, NOW) as elsewhere:
            assert (first, second, third, elsewhere) == (True, True, False, True)
        started.add("job-1", ("jobs", ENTRY), PAIR, NOW)
    with started.starting(ENTRY, 2, NOW) as one_more, started.starting(ENTRY, None, NOW) as unbounded:
        assert (one_more, unbounded) == (True, True)
        with started.starting(ENTRY, 3, NOW) as too_many:
            assert not too_many

    assert started.in_progress(ENTRY, NOW) == {"job-1": PAIR}


def test_a_request_that_fails_gives_its_place_back() -> None:
    """Nothing was started, as far as anybody knows."""
    started = StartedCopies(SharedReads(lambda: NOW))
    for _ in range(3):
        with contextlib.suppress(ValueError), started.starting(ENTRY, 1, NOW) as may:
            assert may
            raise ValueError
