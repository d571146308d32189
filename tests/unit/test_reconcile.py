"""Whole passes over an AWS in memory: the way to protection, interrupted wherever it can be."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from tests.kit.builders import (
    TARGET_ARN,
    policy_body,
)
from tests.kit.fake_aws import KilledError
from tests.kit.passes import (
    SECOND_ARN,
    do_pass,
    kinds,
    protection,
    readiness,
    request_for,
    settle,
    small_world,
    two_destinations,
)

from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.vault import CreateVault
from crossvault.aspects.vault_policy import PutVaultPolicy
from crossvault.kinds.policy.reconcile import plan_policy
from crossvault.kinds.rejected import Rejected
from crossvault.status.outcome import Cadence
from crossvault.words.reasons import Reason

# --- The way to protection -----------------------------------------------------------------------------------------


def test_an_empty_account_becomes_protected() -> None:
    """One pass makes the vault, its policy and the first copies; further ones copy the rest and then rest."""
    aws, body = small_world(), policy_body()
    first = do_pass(aws, body)

    assert kinds(aws.log) == [CreateVault, PutVaultPolicy, StartCopy, StartCopy, StartCopy]
    assert readiness(body) == ("True", "CatchingUp")
    assert [each.reason for each in first.events] == [
        Reason.VAULT_CREATED,
        Reason.VAULT_POLICY_UPDATED,
        Reason.COPIES_STARTED,
        Reason.CATCHING_UP,
    ]

    settle(aws, body)

    assert readiness(body) == ("True", "Protected")
    assert aws.copied(TARGET_ARN) == sorted(each.arn for each in aws.points)
    assert body["status"]["summary"]["copied"] == "4/4"


def test_invariant_8_in_sync_is_silent() -> None:
    """A pass over an unchanged world does nothing, says nothing and has the same status to write, whenever it is."""
    aws, body = small_world(), policy_body()
    settle(aws, body)
    before, log = body["status"], list(aws.log)
    aws.pass_time(timedelta(days=3))
    outcome = do_pass(aws, body)

    assert outcome.status == before
    assert aws.log == log
    assert (outcome.events, outcome.summary, outcome.requeue) == ((), "", Cadence().interval)


def test_invariant_8_status_rests_while_copies_run() -> None:
    """Waiting changes nothing either."""
    aws, body = small_world(), policy_body()
    do_pass(aws, body)
    before = body["status"]
    aws.pass_time(timedelta(minutes=3))

    assert do_pass(aws, body).status == before
    assert do_pass(aws, body).requeue == Cadence().follow


def test_invariant_9_observing_and_planning_touch_nothing() -> None:
    """Observe, suspension and plan look and tell, and make no mutating call."""
    aws = small_world()
    for spec in ({"mode": "Observe"}, {"suspend": True}):
        body = policy_body(**spec)
        settle(aws, body, passes=3)

        assert readiness(body)[0] == "False"
        assert body["status"]["drift"]["total"] == 1
    planned = plan_policy(request_for(policy_body(), aws), aws)

    assert not isinstance(planned, Rejected)
    assert kinds(list(planned[2].actions)) == [CreateVault, PutVaultPolicy, *[StartCopy] * 3]
    assert aws.log == []


# --- Interruptions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["kill_before", "kill_after"])
@pytest.mark.parametrize("number", range(13))
def test_invariant_6_no_recovery_point_is_copied_twice_after_a_kill(moment: str, number: int) -> None:
    """Killed at any AWS call, before or after its effect, a new process ends up where an undisturbed one does."""
    undisturbed, calm = small_world(), two_destinations()
    settle(undisturbed, calm)
    aws, body = small_world(), two_destinations()
    setattr(aws, moment, number)
    killed = 0
    for _ in range(12):
        try:
            do_pass(aws, body)
        except KilledError:
            killed += 1
            aws.kill_before = aws.kill_after = None
        aws.finish_jobs()
        aws.pass_time()
    outcome = settle(aws, body, passes=2)

    assert killed == (1 if number < len(undisturbed.log) else 0)
    for arn in (TARGET_ARN, SECOND_ARN):
        assert aws.copied(arn) == sorted(each.arn for each in aws.points)
    assert (aws.vaults, aws.policies) == (undisturbed.vaults, undisturbed.policies)
    assert readiness(body) == ("True", "Protected")
    assert outcome.events == ()


@pytest.mark.parametrize("moment", ["kill_before", "kill_after"])
@pytest.mark.parametrize("number", range(5))
def test_invariant_6_a_restart_at_once_repeats_no_copy(moment: str, number: int) -> None:
    """A new process that looks before any job has ended starts nothing a second time."""
    aws, body = small_world(), policy_body()
    setattr(aws, moment, number)
    with pytest.raises(KilledError):
        do_pass(aws, body)
    aws.kill_before = aws.kill_after = None
    for _ in range(3):
        do_pass(aws, body)

    started = [job.source_point_arn for job in aws.jobs]
    assert len(started) == len(set(started)) == 3


@pytest.mark.parametrize("number", range(5))
def test_invariants_6_and_10_a_lost_reply_is_looked_up(number: int) -> None:
    """After a timeout the world is looked at again: what was done counts, and is not done again."""
    aws, body = small_world(), policy_body()
    aws.lose_replies = frozenset({number})
    outcome = do_pass(aws, body)

    assert sum(each.problem is not None for each in outcome.results) == 1
    assert body["status"]["destinations"][0]["inProgress"] == len(aws.jobs)
    settle(aws, body)
    assert aws.copied(TARGET_ARN) == sorted(each.arn for each in aws.points)
    assert sum(isinstance(each, CreateVault) for each in aws.log) == 1
    assert readiness(body) == ("True", "Protected")


def test_invariant_6_a_stale_job_list_costs_no_second_copy() -> None:
    """When AWS does not list a job yet, the same token asks for the same copy."""
    aws, body = small_world(), policy_body()
    do_pass(aws, body)
    jobs, aws.jobs = aws.jobs, []
    do_pass(aws, body)

    assert aws.jobs == []
    assert len(jobs) == len(aws.tokens) == 3


def test_invariant_2_every_prefix_of_a_pass_protects_at_least_as_much() -> None:
    """Stopped after any action, nothing is less protected than before it."""
    seen = [(0, 0, 0)]
    aws, body = small_world(), two_destinations()
    aws.after = lambda it: seen.append(protection(it))
    settle(aws, body)

    assert all(all(was <= now for was, now in zip(*pair, strict=True)) for pair in pairwise(seen))
    assert seen[-1] == (2, 2, 8)


@pytest.mark.parametrize("allowed", range(6))
def test_a_process_that_stops_ends_the_pass_before_the_next_action(allowed: int) -> None:
    """Stopping waits for one AWS call at most, the status tells what was seen, and the next process goes on."""
    aws, body = small_world(), policy_body()
    outcome = do_pass(aws, body, stopping=lambda: len(aws.log) >= allowed)

    assert len(aws.log) == min(allowed, 5)
    assert outcome.status is not None
    assert body["status"]["destinations"][0]["inProgress"] == len(aws.jobs)
    settle(aws, body)
    assert aws.copied(TARGET_ARN) == sorted(each.arn for each in aws.points)
