"""Whole passes over an AWS in memory, interrupted wherever they can be."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.unit.builders import (
    DATABASE,
    DISK,
    ROLE,
    SOURCE_ID,
    TARGET_ARN,
    TARGET_ID,
    account_body,
    destination_body,
    point,
    policy_body,
    problem,
    stuck,
    target_vault,
)
from tests.unit.fake_aws import FakeAws, KilledError

from crossvault import manifest, vaultpolicy
from crossvault.errors import Problem
from crossvault.manifest import AccountDeclaration
from crossvault.model import Action, CreateVault, PutVaultPolicy, StartCopy
from crossvault.reasons import Reason
from crossvault.reconcile import PolicyRequest, plan_policy, reconcile_account, reconcile_policy
from crossvault.status import Cadence, Outcome

SECOND_ARN = target_vault("second").arn
SECOND = destination_body("second", vault_name="second")
SID = vaultpolicy.sid_of(ROLE)
THEIRS = '{"Version": "2012-10-17", "Statement": [ {"Sid":"theirs","Effect":"Deny","Principal":"*","Action":"x"} ]}'
Request = Callable[[dict[str, Any]], PolicyRequest]


def _accounts() -> dict[str, AccountDeclaration]:
    parsed = {
        name: manifest.parse_account(account_body(name, number))
        for name, number in (("orders-prod", SOURCE_ID), ("dr", TARGET_ID))
    }
    return {name: each for name, each in parsed.items() if isinstance(each, AccountDeclaration)}


def _request(body: dict[str, Any], aws: FakeAws, **members: Any) -> PolicyRequest:
    return PolicyRequest(body, _accounts(), {}, not_before=aws.now, **members)


def _pass(aws: FakeAws, body: dict[str, Any], **members: Any) -> Outcome:
    """Do one pass and write its status into the object, as the edge would."""
    stopping = members.pop("stopping", lambda: False)
    outcome = reconcile_policy(
        _request(body, aws, **members), aws, clock=lambda: aws.now, cadence=Cadence(), stopping=stopping
    )
    if outcome.status is not None:
        body["status"] = json.loads(json.dumps(outcome.status))
    return outcome


def _settle(aws: FakeAws, body: dict[str, Any], passes: int = 12) -> Outcome:
    """Do passes with all jobs ending well in between."""
    for _ in range(passes):
        outcome = _pass(aws, body)
        aws.finish_jobs()
        aws.pass_time()
    return outcome


def _world() -> FakeAws:
    return FakeAws(point(1), point(2), point(3, resource=DISK), point(4, resource=f"{DISK}x"))


def _ready(body: dict[str, Any]) -> tuple[str, str]:
    ready = body["status"]["conditions"][0]
    assert ready["type"] == "Ready"
    return ready["status"], ready["reason"]


def _kinds(actions: list[Action]) -> list[type[Action]]:
    return [type(each) for each in actions]


# --- The way to protection -----------------------------------------------------------------------------------------


def test_an_empty_account_becomes_protected() -> None:
    """One pass makes the vault, its policy and the first copies; further ones copy the rest and then rest."""
    aws, body = _world(), policy_body()
    first = _pass(aws, body)

    assert _kinds(aws.log) == [CreateVault, PutVaultPolicy, StartCopy, StartCopy, StartCopy]
    assert _ready(body) == ("True", "CatchingUp")
    assert [each.reason for each in first.events] == [
        Reason.VAULT_CREATED,
        Reason.VAULT_POLICY_UPDATED,
        Reason.COPIES_STARTED,
        Reason.CATCHING_UP,
    ]

    _settle(aws, body)

    assert _ready(body) == ("True", "Protected")
    assert aws.copied(TARGET_ARN) == sorted(each.arn for each in aws.points)
    assert body["status"]["summary"]["copied"] == "4/4"


def test_invariant_8_in_sync_is_silent() -> None:
    """A pass over an unchanged world does nothing, says nothing and has the same status to write, whenever it is."""
    aws, body = _world(), policy_body()
    _settle(aws, body)
    before, log = body["status"], list(aws.log)
    aws.pass_time(timedelta(days=3))
    outcome = _pass(aws, body)

    assert outcome.status == before
    assert aws.log == log
    assert (outcome.events, outcome.summary, outcome.requeue) == ((), "", Cadence().interval)


def test_invariant_8_status_rests_while_copies_run() -> None:
    """Waiting changes nothing either."""
    aws, body = _world(), policy_body()
    _pass(aws, body)
    before = body["status"]
    aws.pass_time(timedelta(minutes=3))

    assert _pass(aws, body).status == before
    assert _pass(aws, body).requeue == Cadence().follow


def test_invariant_9_observing_and_planning_touch_nothing() -> None:
    """Observe, suspension and plan look and tell, and make no mutating call."""
    aws = _world()
    for spec in ({"mode": "Observe"}, {"suspend": True}):
        body = policy_body(**spec)
        _settle(aws, body, passes=3)

        assert _ready(body)[0] == "False"
        assert body["status"]["drift"]["total"] == 1
    planned = plan_policy(_request(policy_body(), aws), aws)

    assert not isinstance(planned, manifest.Rejected)
    assert _kinds(list(planned[2].actions)) == [CreateVault]
    assert aws.log == []


# --- Interruptions -------------------------------------------------------------------------------------------------


def _protection(aws: FakeAws) -> tuple[int, int, int]:
    statements = sum(document is not None and SID in document for document in aws.policies.values())
    return len(aws.vaults), statements, len(aws.jobs)


def _two() -> dict[str, Any]:
    return policy_body(destinations=[destination_body(), SECOND])


@pytest.mark.parametrize("moment", ["kill_before", "kill_after"])
@pytest.mark.parametrize("number", range(13))
def test_invariant_6_no_recovery_point_is_copied_twice_after_a_kill(moment: str, number: int) -> None:
    """Killed at any AWS call, before or after its effect, a new process ends up where an undisturbed one does."""
    undisturbed, calm = _world(), _two()
    _settle(undisturbed, calm)
    aws, body = _world(), _two()
    setattr(aws, moment, number)
    killed = 0
    for _ in range(12):
        try:
            _pass(aws, body)
        except KilledError:
            killed += 1
            aws.kill_before = aws.kill_after = None
        aws.finish_jobs()
        aws.pass_time()
    outcome = _settle(aws, body, passes=2)

    assert killed == (1 if number < len(undisturbed.log) else 0)
    for arn in (TARGET_ARN, SECOND_ARN):
        assert aws.copied(arn) == sorted(each.arn for each in aws.points)
    assert (aws.vaults, aws.policies) == (undisturbed.vaults, undisturbed.policies)
    assert _ready(body) == ("True", "Protected")
    assert outcome.events == ()


@pytest.mark.parametrize("moment", ["kill_before", "kill_after"])
@pytest.mark.parametrize("number", range(5))
def test_invariant_6_a_restart_at_once_repeats_no_copy(moment: str, number: int) -> None:
    """A new process that looks before any job has ended starts nothing a second time."""
    aws, body = _world(), policy_body()
    setattr(aws, moment, number)
    with pytest.raises(KilledError):
        _pass(aws, body)
    aws.kill_before = aws.kill_after = None
    for _ in range(3):
        _pass(aws, body)

    started = [job.source_point_arn for job in aws.jobs]
    assert len(started) == len(set(started)) == 3


@pytest.mark.parametrize("number", range(5))
def test_invariants_6_and_10_a_lost_reply_is_looked_up(number: int) -> None:
    """After a timeout the world is looked at again: what was done counts, and is not done again."""
    aws, body = _world(), policy_body()
    aws.lose_replies = frozenset({number})
    outcome = _pass(aws, body)

    assert sum(each.problem is not None for each in outcome.results) == 1
    assert body["status"]["destinations"][0]["inProgress"] == len(aws.jobs)
    _settle(aws, body)
    assert aws.copied(TARGET_ARN) == sorted(each.arn for each in aws.points)
    assert sum(isinstance(each, CreateVault) for each in aws.log) == 1
    assert _ready(body) == ("True", "Protected")


def test_invariant_6_a_stale_job_list_costs_no_second_copy() -> None:
    """When AWS does not list a job yet, the same token asks for the same copy."""
    aws, body = _world(), policy_body()
    _pass(aws, body)
    jobs, aws.jobs = aws.jobs, []
    _pass(aws, body)

    assert aws.jobs == []
    assert len(jobs) == len(aws.tokens) == 3


def test_invariant_2_every_prefix_of_a_pass_protects_at_least_as_much() -> None:
    """Stopped after any action, nothing is less protected than before it."""
    seen = [(0, 0, 0)]
    aws, body = _world(), _two()
    aws.after = lambda it: seen.append(_protection(it))
    _settle(aws, body)

    assert all(all(was <= now for was, now in zip(*pair, strict=True)) for pair in pairwise(seen))
    assert seen[-1] == (2, 2, 8)


@pytest.mark.parametrize("allowed", range(6))
def test_a_process_that_stops_ends_the_pass_before_the_next_action(allowed: int) -> None:
    """Stopping waits for one AWS call at most, the status tells what was seen, and the next process goes on."""
    aws, body = _world(), policy_body()
    outcome = _pass(aws, body, stopping=lambda: len(aws.log) >= allowed)

    assert len(aws.log) == min(allowed, 5)
    assert outcome.status is not None
    assert body["status"]["destinations"][0]["inProgress"] == len(aws.jobs)
    _settle(aws, body)
    assert aws.copied(TARGET_ARN) == sorted(each.arn for each in aws.points)


# --- Others' hands -------------------------------------------------------------------------------------------------


def test_drift_is_restored_within_one_pass() -> None:
    """A statement somebody removed is back after the pass that saw it, and others' changes stay."""
    aws, body = _world(), policy_body()
    _settle(aws, body)
    aws.policies[TARGET_ARN] = THEIRS
    outcome = _pass(aws, body)

    assert aws.policies[TARGET_ARN] == vaultpolicy.put(THEIRS, vaultpolicy.statement_for(ROLE))
    assert [each.reason for each in outcome.events] == [Reason.DRIFT_CORRECTED]
    assert _ready(body) == ("True", "Protected")


def test_a_fight_over_the_policy_ends_with_the_pass_and_is_told() -> None:
    """Somebody who removes our statement whenever we put it costs three calls a pass; the policy is not ready."""
    aws, body = _world(), policy_body()
    _settle(aws, body)
    calls = len(aws.log)
    aws.policies[TARGET_ARN] = THEIRS

    def undo(world: FakeAws) -> None:
        world.policies[TARGET_ARN] = THEIRS

    aws.after = undo
    outcome = _pass(aws, body)

    assert len(aws.log) - calls == 3
    assert _ready(body)[0] == "False"
    assert outcome.requeue == Cadence().follow


def test_a_copy_deleted_at_the_destination_is_made_again_once() -> None:
    """A vanished copy is a gap like any other."""
    aws, body = FakeAws(point()), policy_body()
    _settle(aws, body, passes=3)
    aws.copies[TARGET_ARN].clear()
    aws.pass_time(timedelta(minutes=20))
    _settle(aws, body, passes=6)

    assert len(aws.jobs) == 2
    assert len(aws.copies[TARGET_ARN]) == 1
    assert _ready(body) == ("True", "Protected")


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
    aws, body = _world(), _two()
    aws.refuse = lambda action: answer if isinstance(action, CreateVault) and action.destination == "dr" else None
    _settle(aws, body)

    assert aws.copied(SECOND_ARN) == sorted(each.arn for each in aws.points)
    assert aws.copied(TARGET_ARN) == []
    assert _ready(body)[0] == "False"


def test_one_troubled_destination_does_not_slow_the_copies_to_the_other() -> None:
    """While copies move, what fails beside them costs no back-off."""
    aws, body = _many(40), _two()
    trouble = problem(reason=Reason.SERVICE_UNAVAILABLE)
    aws.refuse = lambda action: trouble if isinstance(action, CreateVault) and action.destination == "dr" else None
    first = _pass(aws, body)

    assert any(isinstance(each.action, StartCopy) and each.problem is None for each in first.results)
    assert any(each.problem is trouble for each in first.results)
    assert not first.failed
    assert first.requeue is not None
    assert first.requeue <= timedelta(seconds=30)


def test_a_lasting_refusal_is_announced_once() -> None:
    """What AWS refuses in every pass is a condition, and an event when it began."""
    aws, body = _world(), policy_body()
    aws.refuse = lambda _: stuck()
    events = [each for _ in range(10) for each in _pass(aws, body).events]

    assert len([each for each in events if each.reason is Reason.ACCESS_DENIED]) == 1
    assert len(events) <= 3


def test_a_copy_refused_for_good_leaves_the_others_to_be_made() -> None:
    """One recovery point AWS does not want holds nothing else up."""
    aws, body = _world(), policy_body()
    bad = aws.points[2].arn
    aws.refuse = lambda action: stuck() if isinstance(action, StartCopy) and action.point.arn == bad else None
    _settle(aws, body)

    assert aws.copied(TARGET_ARN) == sorted(each.arn for each in aws.points if each.arn != bad)
    assert _ready(body) == ("False", "CopiesFailing")


def _many(count: int) -> FakeAws:
    """Return a world with one recovery point of each of many resources, newest first."""
    return FakeAws(*(point(number, resource=f"{DATABASE}-{number}") for number in range(1, count + 1)))


@pytest.mark.parametrize(
    ("refused", "answer"),
    [
        pytest.param(10, stuck(), id="as many as one pass may start, for good"),
        pytest.param(1, problem(reason=Reason.SERVICE_UNAVAILABLE), id="one, with an error that ends the pass"),
    ],
)
def test_copies_that_aws_never_starts_come_after_all_others(refused: int, answer: Problem) -> None:
    """The newest recovery points are refused in every pass; every other one is copied all the same, and it is told."""
    aws, body = _many(30), policy_body()
    bad = {each.arn for each in aws.points[:refused]}
    aws.refuse = lambda action: answer if isinstance(action, StartCopy) and action.point.arn in bad else None
    _settle(aws, body)

    assert aws.copied(TARGET_ARN) == sorted(each.arn for each in aws.points if each.arn not in bad)
    assert _ready(body) == ("False", "CopiesFailing")


def test_a_refusal_is_told_until_aws_takes_the_copy() -> None:
    """CopiesHealthy does not flap between passes that try the refused copies and passes that try others."""
    aws, body = _many(30), policy_body()
    bad = {each.arn for each in aws.points[:10]}
    aws.refuse = lambda action: stuck() if isinstance(action, StartCopy) and action.point.arn in bad else None
    readies = []
    for _ in range(8):
        _pass(aws, body)
        readies.append(_ready(body))
        aws.finish_jobs()
        aws.pass_time()

    assert set(readies) == {("False", "CopiesFailing")}


def test_throttling_ends_the_pass_and_asks_for_another() -> None:
    """What time can end is tried again later, with nothing tried in vain."""
    aws, body = _world(), policy_body()
    aws.refuse = lambda action: problem() if isinstance(action, StartCopy) else None
    outcome = _pass(aws, body)

    assert outcome.failed
    assert len([each for each in outcome.results if each.problem]) == 1


def test_failed_jobs_are_tried_again_in_time_and_then_slowly() -> None:
    """Attempts are counted in AWS alone, so restarts forget none; 33 hours hold five quick ones and a slow one."""
    aws, body = FakeAws(point()), policy_body()
    for _ in range(400):
        _pass(aws, body)
        aws.fail_jobs("An internal error occurred.")
        aws.pass_time()

    assert len(aws.jobs) == 6
    assert _ready(body) == ("False", "CopiesFailing")
    assert body["status"]["failures"][0]["count"] == 1


# --- Not seen ------------------------------------------------------------------------------------------------------


def test_invariant_7_a_destination_in_the_dark_keeps_its_figures_and_starts_nothing() -> None:
    """Unknown is no zero and no gap; when the light is back, nothing has happened."""
    aws, body = _world(), policy_body()
    _settle(aws, body)
    before, log = body["status"], list(aws.log)
    aws.unseen = frozenset({TARGET_ARN})
    outcome = _pass(aws, body)

    assert _ready(body) == ("Unknown", "CannotObserve")
    assert body["status"]["destinations"] == before["destinations"]
    assert body["status"]["summary"]["copied"] == "4/4"
    assert (aws.log, outcome.failed) == (log, True)
    aws.unseen = frozenset()
    _pass(aws, body)
    assert _ready(body) == ("True", "Protected")


def test_one_destination_in_the_dark_does_not_slow_the_other_down() -> None:
    """The back-off of what cannot be seen begins when nothing else moves any more."""
    aws, body = _many(30), _two()
    aws.unseen = frozenset({TARGET_ARN})
    passes = []
    for _ in range(5):
        passes.append(_pass(aws, body))
        aws.finish_jobs()
        aws.pass_time()

    assert [(each.failed, each.requeue) for each in passes[:3]] == [
        (False, timedelta(seconds=1)),
        (False, timedelta(seconds=1)),
        (False, Cadence().follow),
    ]
    assert passes[-1].failed


def test_one_destination_in_the_dark_does_not_stop_the_other() -> None:
    """What can be seen goes on being protected."""
    aws, body = _world(), _two()
    aws.unseen = frozenset({TARGET_ARN})
    _settle(aws, body)

    assert aws.copied(SECOND_ARN) == sorted(each.arn for each in aws.points)
    assert "inScope" not in body["status"]["destinations"][0]


# --- Deletion ------------------------------------------------------------------------------------------------------


def _deleted(policy: str, aws: FakeAws, **members: Any) -> Outcome:
    body = policy_body(deletionPolicy=policy)
    _settle(aws, body)
    gone = policy_body(deletionPolicy=policy, deleting=True, status=body["status"])
    return _pass(aws, gone, **members)


def test_deletion_retains_everything_by_default_without_a_look() -> None:
    """Retain needs no AWS at all."""
    aws = _world()
    outcome = _deleted("Retain", aws)

    assert outcome.done
    assert "4 copies" in outcome.events[0].message
    assert _protection(aws) == (1, 1, 4)


@pytest.mark.parametrize(
    ("foreign", "left"),
    [
        pytest.param(False, None, id="ours alone"),
        pytest.param(True, THEIRS, id="ours beside another's"),
    ],
)
def test_deletion_removes_our_statement_and_no_more(left: str | None, *, foreign: bool) -> None:
    """Invariant 1: vault, key and copies stay under every deletion policy."""
    aws = _world()
    aws.policies[TARGET_ARN] = THEIRS if foreign else None
    outcome = _deleted("RemoveOwned", aws)

    assert outcome.done
    assert aws.policies[TARGET_ARN] == left
    assert outcome.events[0].reason is Reason.DELETION_REMOVED
    assert len(aws.vaults) == 1
    assert len(aws.copies[TARGET_ARN]) == 4


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"ordered": False}, id="the namespace or the CRD goes"),
        pytest.param({"claims": frozenset({(TARGET_ARN, SID)})}, id="another policy needs the statement"),
    ],
)
def test_invariant_11_the_statement_stays_when_nobody_ordered_its_removal(members: dict[str, Any]) -> None:
    """Only the deletion of the one policy by name removes, and only what nobody else needs."""
    aws = _world()

    assert _deleted("RemoveOwned", aws, **members).done
    assert _protection(aws)[1] == 1


def test_a_deletion_that_cannot_look_is_not_done() -> None:
    """The finalizer stays while it is unknown whether anything of ours is left; the edge bounds the wait."""
    aws = _world()
    aws.unseen = frozenset({TARGET_ARN})
    outcome = _pass(aws, policy_body(deletionPolicy="RemoveOwned", deleting=True))

    assert (outcome.done, outcome.failed, outcome.events) == (False, True, ())
    assert outcome.problem is not None, "what to tell when the object has to be let go all the same"


@pytest.mark.parametrize("moment", ["kill_before", "kill_after"])
def test_an_interrupted_deletion_comes_to_the_same_end(moment: str) -> None:
    """A deletion killed at its one call is finished by the next process."""
    aws, body = _world(), policy_body(deletionPolicy="RemoveOwned")
    _settle(aws, body)
    setattr(aws, moment, len(aws.log))
    gone = policy_body(deletionPolicy="RemoveOwned", deleting=True)
    with pytest.raises(KilledError):
        _pass(aws, gone)
    aws.kill_before = aws.kill_after = None

    assert _pass(aws, gone).done
    assert aws.policies[TARGET_ARN] is None


# --- Two policies, many policies -----------------------------------------------------------------------------------


def test_two_policies_that_want_the_same_copies_make_them_once() -> None:
    """Neither statement nor copy is doubled by a second policy."""
    aws, one, two = _world(), policy_body(), policy_body(name="twin")
    for _ in range(8):
        _pass(aws, one)
        _pass(aws, two)
        aws.finish_jobs()
        aws.pass_time()

    assert aws.copied(TARGET_ARN) == sorted(each.arn for each in aws.points)
    assert sum(isinstance(each, PutVaultPolicy) for each in aws.log) == 1
    assert _ready(one) == _ready(two) == ("True", "Protected")


def test_a_pass_starts_copies_once() -> None:
    """However many are missing, a pass starts what its rate allows, so that status and other policies keep up."""
    aws, body = FakeAws(), policy_body()
    _settle(aws, body, passes=2)
    aws.points = [point(n, resource=f"{DISK}{n}") for n in range(1, 60)]
    outcome = _pass(aws, body)

    assert len(aws.jobs) == 10
    assert outcome.requeue == timedelta(seconds=1)
    row = body["status"]["destinations"][0]
    assert (row["inProgress"], row["missing"] + row["waiting"]) == (10, 49)


# --- Manifests that cannot be worked with --------------------------------------------------------------------------


def test_a_rejected_policy_asks_nothing_of_aws() -> None:
    """Without a valid manifest there is nothing to look at."""
    aws, body = _world(), policy_body(destinations=[destination_body(accountRef={"name": "nobody"})])
    outcome = _pass(aws, body)

    assert (aws.looks, aws.log) == (0, [])
    assert _ready(body) == ("False", "AccountNotFound")
    assert outcome.requeue is None
    assert _pass(aws, body).status == body["status"]


def test_an_account_is_verified_and_then_silent() -> None:
    """The second look at an account has the same status to write."""
    aws, body = FakeAws(), account_body()

    def verify() -> Outcome:
        now: datetime = aws.now
        return reconcile_account(body, aws, not_before=now, clock=lambda: aws.now, cadence=Cadence())

    first = verify()
    body["status"] = first.status
    aws.pass_time()
    second = verify()

    assert first.status is not None
    assert first.status["crossAccountBackup"] == "Enabled"
    assert [each.reason for each in first.events] == [Reason.VERIFIED]
    assert (second.status, second.events) == (first.status, ())
    assert DATABASE.split(":")[4] == SOURCE_ID
