"""Whole passes over an AWS in memory: deletion, several policies, and manifests that cannot be worked with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.kit.builders import (
    DATABASE,
    DISK,
    ROLE,
    SOURCE_ID,
    TARGET_ARN,
    account_body,
    destination_body,
    point,
    policy_body,
)
from tests.kit.fake_aws import FakeAws, KilledError
from tests.kit.passes import (
    SID,
    THEIRS,
    do_pass,
    protection,
    readiness,
    settle,
    small_world,
)

from crossvault.aspects.vault_policy import PutVaultPolicy
from crossvault.aspects.vault_policy.statement import digest_of, statement_for
from crossvault.kinds.account.reconcile import AccountRequest
from crossvault.status.outcome import Cadence, Outcome
from crossvault.words.reasons import Reason

# --- Deletion ------------------------------------------------------------------------------------------------------


def _deleted(policy: str, aws: FakeAws, **members: Any) -> Outcome:
    body = policy_body(deletionPolicy=policy)
    settle(aws, body)
    gone = policy_body(deletionPolicy=policy, deleting=True, status=body["status"])
    return do_pass(aws, gone, **members)


def test_deletion_retains_everything_by_default_without_a_look() -> None:
    """Retain needs no AWS at all."""
    aws = small_world()
    outcome = _deleted("Retain", aws)

    assert outcome.done
    assert "4 copies" in outcome.events[0].message
    assert protection(aws) == (1, 1, 4)


@pytest.mark.parametrize(
    ("foreign", "left"),
    [
        pytest.param(False, None, id="ours alone"),
        pytest.param(True, THEIRS, id="ours beside another's"),
    ],
)
def test_deletion_removes_our_statement_and_no_more(left: str | None, *, foreign: bool) -> None:
    """Invariant 1: vault, key and copies stay under every deletion policy."""
    aws = small_world()
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
    aws = small_world()

    assert _deleted("RemoveOwned", aws, **members).done
    assert protection(aws)[1] == 1


def test_a_deletion_that_cannot_look_is_not_done() -> None:
    """The finalizer stays while it is unknown whether anything of ours is left; the edge bounds the wait."""
    aws, body = small_world(), policy_body(deletionPolicy="RemoveOwned")
    settle(aws, body)
    aws.unseen = frozenset({TARGET_ARN})
    outcome = do_pass(aws, policy_body(deletionPolicy="RemoveOwned", deleting=True, status=body["status"]))

    assert (outcome.done, outcome.failed) == (False, True)
    assert [each.reason for each in outcome.events] == [Reason.DELETION_WAITING]
    assert outcome.problem is not None, "what to tell when the object has to be let go all the same"
    assert SID in outcome.problem.message
    assert "vault orders-copies" in outcome.problem.message


def test_a_statement_that_another_policy_wrote_stays_and_that_is_told() -> None:
    """The second policy with the same copy role found it there."""
    aws, first, second = small_world(), policy_body(), policy_body(name="twin", deletionPolicy="RemoveOwned")
    settle(aws, first)
    settle(aws, second)
    written = [["statementWritten" in row for row in body["status"]["destinations"]] for body in (first, second)]
    outcome = do_pass(
        aws, policy_body(name="twin", deletionPolicy="RemoveOwned", deleting=True, status=second["status"])
    )

    assert written == [[True], [False]]
    assert outcome.done
    assert [each.reason for each in outcome.events] == [Reason.DELETION_RETAINED]
    assert "which this policy is not recorded as having written" in outcome.events[0].message
    assert protection(aws)[1] == 1


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "with its reply lost"])
def test_what_was_written_is_recorded_once_it_stands_there(*, lost: bool) -> None:
    """Whatever became of the reply; and somebody's change since then makes it theirs."""
    aws, body = small_world(), policy_body(deletionPolicy="RemoveOwned")
    aws.lose_replies = frozenset({1}) if lost else frozenset()  # the vault first, then its policy
    settle(aws, body)
    (row,) = body["status"]["destinations"]
    assert row["statementWritten"] == digest_of(statement_for(ROLE))

    changed = (aws.policies[TARGET_ARN] or "").replace('"Allow"', '"Deny"')
    aws.policies[TARGET_ARN] = changed
    outcome = do_pass(aws, policy_body(deletionPolicy="RemoveOwned", deleting=True, status=body["status"]))
    assert outcome.done
    assert aws.policies[TARGET_ARN] == changed
    assert "because somebody changed it since this policy wrote it" in outcome.summary


@pytest.mark.parametrize("moment", ["kill_before", "kill_after"])
def test_an_interrupted_deletion_comes_to_the_same_end(moment: str) -> None:
    """A deletion killed at its one call is finished by the next process."""
    aws, body = small_world(), policy_body(deletionPolicy="RemoveOwned")
    settle(aws, body)
    setattr(aws, moment, len(aws.log))
    gone = policy_body(deletionPolicy="RemoveOwned", deleting=True, status=body["status"])
    with pytest.raises(KilledError):
        do_pass(aws, gone)
    aws.kill_before = aws.kill_after = None

    assert do_pass(aws, gone).done
    assert aws.policies[TARGET_ARN] is None


# --- Two policies, many policies -----------------------------------------------------------------------------------


def test_two_policies_that_want_the_same_copies_make_them_once() -> None:
    """Neither statement nor copy is doubled by a second policy."""
    aws, one, two = small_world(), policy_body(), policy_body(name="twin")
    for _ in range(8):
        do_pass(aws, one)
        do_pass(aws, two)
        aws.finish_jobs()
        aws.pass_time()

    assert aws.copied(TARGET_ARN) == sorted(each.arn for each in aws.points)
    assert sum(isinstance(each, PutVaultPolicy) for each in aws.log) == 1
    assert readiness(one) == readiness(two) == ("True", "Protected")


def test_a_pass_starts_copies_once() -> None:
    """However many are missing, a pass starts what its rate allows, so that status and other policies keep up."""
    aws, body = FakeAws(), policy_body()
    settle(aws, body, passes=2)
    aws.points = [point(n, resource=f"{DISK}{n}") for n in range(1, 60)]
    outcome = do_pass(aws, body)

    assert len(aws.jobs) == 15
    assert outcome.requeue == timedelta(milliseconds=100)
    row = body["status"]["destinations"][0]
    assert (row["inProgress"], row["missing"] + row["waiting"]) == (15, 44)


# --- Manifests that cannot be worked with --------------------------------------------------------------------------


def test_a_rejected_policy_asks_nothing_of_aws() -> None:
    """Without a valid manifest there is nothing to look at."""
    aws, body = small_world(), policy_body(destinations=[destination_body(accountRef={"name": "nobody"})])
    outcome = do_pass(aws, body)

    assert (aws.looks, aws.log) == (0, [])
    assert readiness(body) == ("False", "AccountNotFound")
    assert outcome.requeue is None
    assert do_pass(aws, body).status == body["status"]


def test_an_account_is_verified_and_then_silent() -> None:
    """The second look at an account has the same status to write."""
    aws, body = FakeAws(), account_body()

    def verify() -> Outcome:
        now: datetime = aws.now
        return AccountRequest(body, now).reconcile(aws, clock=lambda: aws.now, cadence=Cadence())

    first = verify()
    body["status"] = first.status
    aws.pass_time()
    second = verify()

    assert first.status is not None
    assert first.status["crossAccountBackup"] == "Enabled"
    assert [each.reason for each in first.events] == [Reason.VERIFIED]
    assert (second.status, second.events) == (first.status, ())
    assert DATABASE.split(":")[4] == SOURCE_ID
