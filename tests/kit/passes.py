"""Whole passes over an AWS in memory, and what they lead to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.kit.builders import (
    DATABASE,
    DISK,
    ROLE,
    SOURCE_ID,
    TARGET_ID,
    account_body,
    destination_body,
    point,
    policy_body,
    target_vault,
)
from tests.kit.fake_aws import FakeAws

from crossvault.aspects.vault_policy.statement import sid_of
from crossvault.engine.plan import Action
from crossvault.kinds.account.parse import AccountDeclaration, parse_account
from crossvault.kinds.policy.reconcile import PolicyRequest
from crossvault.status.outcome import Cadence, Outcome

SECOND_ARN = target_vault("second").arn
SECOND = destination_body("second", vault_name="second")
SID = sid_of(ROLE)
THEIRS = '{"Version": "2012-10-17", "Statement": [ {"Sid":"theirs","Effect":"Deny","Principal":"*","Action":"x"} ]}'
Request = Callable[[dict[str, Any]], PolicyRequest]


def accounts() -> dict[str, AccountDeclaration]:
    """Return the declared accounts."""
    parsed = {
        name: parse_account(account_body(name, number))
        for name, number in (("orders-prod", SOURCE_ID), ("dr", TARGET_ID))
    }
    return {name: each for name, each in parsed.items() if isinstance(each, AccountDeclaration)}


def request_for(body: dict[str, Any], aws: FakeAws, **members: Any) -> PolicyRequest:
    """Return what a pass over a policy is given."""
    return PolicyRequest(body, accounts(), {}, not_before=aws.now, **members)


def do_pass(aws: FakeAws, body: dict[str, Any], **members: Any) -> Outcome:
    """Do one pass and write its status into the object, as the edge would."""
    stopping = members.pop("stopping", lambda: False)
    outcome = request_for(body, aws, **members).reconcile(
        aws, clock=lambda: aws.now, cadence=Cadence(), stopping=stopping
    )
    if outcome.status is not None:
        body["status"] = json.loads(json.dumps(outcome.status))
    return outcome


def settle(aws: FakeAws, body: dict[str, Any], passes: int = 12) -> Outcome:
    """Do passes with all jobs ending well in between."""
    for _ in range(passes):
        outcome = do_pass(aws, body)
        aws.finish_jobs()
        aws.pass_time()
    return outcome


def small_world() -> FakeAws:
    """Return a world with four recovery points of three resources."""
    return FakeAws(point(1), point(2), point(3, resource=DISK), point(4, resource=f"{DISK}x"))


def readiness(body: dict[str, Any]) -> tuple[str, str]:
    """Return status and reason of Ready."""
    ready = body["status"]["conditions"][0]
    assert ready["type"] == "Ready"
    return ready["status"], ready["reason"]


def kinds(actions: list[Action]) -> list[type[Action]]:
    """Return what kinds of actions there were."""
    return [type(each) for each in actions]


def two_destinations() -> dict[str, Any]:
    """Return a policy with two destinations in one account."""
    return policy_body(destinations=[destination_body(), SECOND])


def many(count: int) -> FakeAws:
    """Return a world with one recovery point of each of many resources, newest first."""
    return FakeAws(*(point(number, resource=f"{DATABASE}-{number}") for number in range(1, count + 1)))


def protection(aws: FakeAws) -> tuple[int, int, int]:
    """Return how many vaults, statements of ours and jobs there are."""
    statements = sum(document is not None and SID in document for document in aws.policies.values())
    return len(aws.vaults), statements, len(aws.jobs)
