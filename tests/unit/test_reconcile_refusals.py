"""Whole passes over an AWS in memory in which others interfere, refuse, or do not show themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.kit.builders import (
    ROLE,
    TARGET_ARN,
    point,
    policy_body,
    problem,
    stuck,
)
from tests.kit.fake_aws import FakeAws
from tests.kit.passes import (
    SECOND_ARN,
    THEIRS,
    do_pass,
    many,
    readiness,
    settle,
    small_world,
    two_destinations,
)

from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.vault import CreateVault
from crossvault.aspects.vault_policy.statement import statement_for
from crossvault.iam import documents
from crossvault.status.outcome import Cadence
from crossvault.words.problems import Problem
from crossvault.words.reasons import Reason

# --- Others' hands -------------------------------------------------------------------------------------------------


def test_drift_is_restored_within_one_pass() -> None:
    """A statement somebody removed is back after the pass that saw it, and others' changes stay."""
    aws, body = small_world(), policy_body()
    settle(aws, body)
    aws.policies[TARGET_ARN] = THEIRS
    outcome = do_pass(aws, body)

    assert aws.policies[TARGET_ARN] == documents.put(THEIRS, statement_for(ROLE))
    assert [each.reason for each in outcome.events] == [Reason.DRIFT_CORRECTED]
    assert readiness(body) == ("True", "Protected")


def test_a_fight_over_the_policy_ends_with_the_pass_and_is_told() -> None:
    """Somebody who removes our statement whenever we put it costs three calls a pass; the policy is not ready."""
    aws, body = small_world(), policy_body()
    settle(aws, body)
    calls = len(aws.log)
    aws.policies[TARGET_ARN] = THEIRS

    def undo(world: FakeAws) -> None:
        world.policies[TARGET_ARN] = THEIRS

    aws.after = undo
    outcome = do_pass(aws, body)

    assert len(aws.log) - calls == 3
    assert readiness(body)[0] == "False"
    assert outcome.requeue == Cadence().follow


def test_a_copy_deleted_at_the_destination_is_made_again_once() -> None:
    """A vanished copy is a gap; a day later, while other jobs show that copies are listed as named, it is made anew."""
    aws, body = FakeAws(*(point(number) for number in range(1, 5))), policy_body()
    settle(aws, body, passes=12)
    assert len(aws.jobs) == 4
    del aws.copies[TARGET_ARN][0]
    aws.pass_time(timedelta(hours=3))
    settle(aws, body, passes=6)
    assert len(aws.jobs) == 4
    assert readiness(body) == ("False", "CopiesFailing")

    aws.pass_time(timedelta(hours=24))
    settle(aws, body, passes=6)
    assert len(aws.jobs) == 5
    assert len(aws.copies[TARGET_ARN]) == 4
    assert readiness(body) == ("True", "Protected")

    aws.copies[TARGET_ARN].pop()
    for _ in range(20):
        aws.pass_time(timedelta(hours=12))
        settle(aws, body, passes=2)
    assert len(aws.jobs) == 5
    assert readiness(body) == ("False", "CopiesFailing")


# --- Refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(stuck(), id="for good"),
        pytest.param(problem(reason=Reason.SERVICE_UNAVAILABLE), id="for now, in every pass"),
    ],
)
def test_one_refused_destination_does_not_starve_the_other(answer: Problem) -> None:
    """A vault that may not be made is told, while the other destination is protected to the last point."""
    aws, body = small_world(), two_destinations()
    aws.refuse = lambda action: answer if isinstance(action, CreateVault) and action.destination == "dr" else None
    settle(aws, body)

    assert aws.copied(SECOND_ARN) == sorted(each.arn for each in aws.points)
    assert aws.copied(TARGET_ARN) == []
    assert readiness(body)[0] == "False"


def test_one_troubled_destination_does_not_slow_the_copies_to_the_other() -> None:
    """While copies move, what fails beside them costs no back-off."""
    aws, body = many(40), two_destinations()
    trouble = problem(reason=Reason.SERVICE_UNAVAILABLE)
    aws.refuse = lambda action: trouble if isinstance(action, CreateVault) and action.destination == "dr" else None
    first = do_pass(aws, body)

    assert any(isinstance(each.action, StartCopy) and each.problem is None for each in first.results)
    assert any(each.problem is trouble for each in first.results)
    assert not first.failed
    assert first.requeue is not None
    assert first.requeue <= timedelta(seconds=30)


def test_a_lasting_refusal_is_announced_once() -> None:
    """What AWS refuses in every pass is a condition, and an event when it began."""
    aws, body = small_world(), policy_body()
    aws.refuse = lambda _: stuck()
    events = [each for _ in range(10) for each in do_pass(aws, body).events]

    assert len([each for each in events if each.reason is Reason.ACCESS_DENIED]) == 1
    assert len(events) <= 3


def test_a_copy_refused_for_good_leaves_the_others_to_be_made() -> None:
    """One recovery point AWS does not want holds nothing else up."""
    aws, body = small_world(), policy_body()
    bad = aws.points[2].arn
    aws.refuse = lambda action: stuck() if isinstance(action, StartCopy) and action.point.arn == bad else None
    settle(aws, body)

    assert aws.copied(TARGET_ARN) == sorted(each.arn for each in aws.points if each.arn != bad)
    assert readiness(body) == ("False", "CopiesFailing")


@pytest.mark.parametrize(
    ("refused", "answer"),
    [
        pytest.param(10, stuck(), id="as many as one pass may start, for good"),
        pytest.param(1, problem(reason=Reason.SERVICE_UNAVAILABLE), id="one, with an error that ends the pass"),
    ],
)
def test_copies_that_aws_never_starts_come_after_all_others(refused: int, answer: Problem) -> None:
    """The newest recovery points are refused in every pass; every other one is copied all the same, and it is told."""
    aws, body = many(30), policy_body()
    bad = {each.arn for each in aws.points[:refused]}
    aws.refuse = lambda action: answer if isinstance(action, StartCopy) and action.point.arn in bad else None
    settle(aws, body)

    assert aws.copied(TARGET_ARN) == sorted(each.arn for each in aws.points if each.arn not in bad)
    assert readiness(body) == ("False", "CopiesFailing")


def test_a_refusal_is_told_until_aws_takes_the_copy() -> None:
    """CopiesHealthy does not flap between passes that try the refused copies and passes that try others."""
    aws, body = many(30), policy_body()
    bad = {each.arn for each in aws.points[:10]}
    aws.refuse = lambda action: stuck() if isinstance(action, StartCopy) and action.point.arn in bad else None
    readies = []
    for _ in range(8):
        do_pass(aws, body)
        readies.append(readiness(body))
        aws.finish_jobs()
        aws.pass_time()

    assert set(readies) == {("False", "CopiesFailing")}


def test_throttling_ends_the_pass_and_asks_for_another() -> None:
    """What time can end is tried again later, with nothing tried in vain."""
    aws, body = small_world(), policy_body()
    aws.refuse = lambda action: problem() if isinstance(action, StartCopy) else None
    outcome = do_pass(aws, body)

    assert outcome.failed
    assert len([each for each in outcome.results if each.problem]) == 1


def test_failed_jobs_are_tried_again_in_time_and_then_slowly() -> None:
    """Attempts are counted in AWS alone, so restarts forget none; 33 hours hold five quick ones and a slow one."""
    aws, body = FakeAws(point()), policy_body()
    for _ in range(400):
        do_pass(aws, body)
        aws.fail_jobs("An internal error occurred.")
        aws.pass_time()

    assert len(aws.jobs) == 6
    assert readiness(body) == ("False", "CopiesFailing")
    assert body["status"]["failures"][0]["count"] == 1


# --- Not seen ------------------------------------------------------------------------------------------------------


def test_invariant_7_a_destination_in_the_dark_keeps_its_figures_and_starts_nothing() -> None:
    """Unknown is no zero and no gap; when the light is back, nothing has happened."""
    aws, body = small_world(), policy_body()
    settle(aws, body)
    before, log = body["status"], list(aws.log)
    aws.unseen = frozenset({TARGET_ARN})
    outcome = do_pass(aws, body)

    assert readiness(body) == ("Unknown", "CannotObserve")
    looked = {"lastObserved": before["lastChanged"]}
    assert body["status"]["destinations"] == [{**each, **looked} for each in before["destinations"]]
    assert body["status"]["summary"]["copied"] == "4/4"
    assert (aws.log, outcome.failed) == (log, True)
    aws.unseen = frozenset()
    do_pass(aws, body)
    assert readiness(body) == ("True", "Protected")


def test_one_destination_in_the_dark_does_not_slow_the_other_down() -> None:
    """The back-off of what cannot be seen begins when nothing else moves any more."""
    aws, body = many(30), two_destinations()
    aws.unseen = frozenset({TARGET_ARN})
    passes = []
    for _ in range(5):
        passes.append(do_pass(aws, body))
        aws.finish_jobs()
        aws.pass_time()

    assert [(each.failed, each.requeue) for each in passes[:3]] == [
        (False, timedelta(milliseconds=100)),
        (False, Cadence().follow),
        (True, Cadence().follow),
    ]
    assert passes[-1].failed


def test_one_destination_in_the_dark_does_not_stop_the_other() -> None:
    """What can be seen goes on being protected."""
    aws, body = small_world(), two_destinations()
    aws.unseen = frozenset({TARGET_ARN})
    settle(aws, body)

    assert aws.copied(SECOND_ARN) == sorted(each.arn for each in aws.points)
    assert "inScope" not in body["status"]["destinations"][0]
