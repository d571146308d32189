"""What StartCopyJob refuses at once: named, told with AWS's words, not promised again, and hardly ever asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.kit.cases import CLINIC, Case, account_in, points_of, world_of

from backup_simulator.faults import Kind
from crossvault.aspects.copies.planned import State
from crossvault.words.reasons import Reason

Begin = Callable[..., Case]
WORLD = "02-air-gapped-owned-key"


def _partial(point: Any) -> None:
    """A part of it is missing, and it is no composite: AWS refuses such a one."""
    point.status = "PARTIAL"


def _cold(point: Any) -> None:
    """It has moved to cold storage, and its lifecycle does not show that."""
    point.storage_class = "COLD"


def _begin(case: Begin, broken: Callable[[Any], None]) -> Case:
    began: Case = case(WORLD, world=world_of(WORLD))
    (ledger,) = (each for each in began.control.vault(CLINIC, "eu-west-1", "records").points.values() if _is_efs(each))
    broken(ledger)
    return began


def _is_efs(point: Any) -> bool:
    return bool(point.resource_type == "EFS")


def _starts(case: Case) -> list[str]:
    return [each.outcome for each in case.writes("StartCopyJob")]


@pytest.mark.parametrize(
    ("broken", "reason"), [(_partial, Reason.NOT_COMPLETED), (_cold, Reason.COLD_STORAGE)], ids=["partial", "cold"]
)
def test_one_request_is_enough_for_what_aws_does_not_copy(
    case: Begin, broken: Callable[[Any], None], reason: Reason
) -> None:
    """Ineligible like a point whose listing shows it; the other one goes; after a restart one request more."""
    began = _begin(case, broken)
    began.passes(5)
    assert sorted(_starts(began)) == ["InvalidRequestException", "OK"]
    numbers = began.numbers()
    assert (numbers["copied"], numbers["ineligible"], numbers["failed"], numbers["missing"]) == (1, 1, 0, 0)
    standing = began.standings()["fs-ledger"]
    assert (standing.state, standing.reason) == (State.INELIGIBLE, reason)
    assert standing.point.arn in str(standing.message)
    assert "cannot be copied" in str(standing.message)
    assert began.plan()["summary"]["copies"] == 0
    assert began.condition("CopiesHealthy")[0] == "True"
    began.advance("1m")
    began.passes(3)
    assert sorted(_starts(began)) == ["InvalidRequestException", "InvalidRequestException", "OK"]


def test_a_point_that_changes_is_asked_for_again(case: Begin) -> None:
    """Its status is another one: what AWS said was about the old one."""
    began = _begin(case, _partial)
    began.passes(2)
    (ledger,) = (each for each in began.control.vault(CLINIC, "eu-west-1", "records").points.values() if _is_efs(each))
    ledger.status = "COMPLETED"
    began.passes(6, apart=1200)  # what has a status that lasts is looked at once an hour, while it is young
    assert began.numbers()["copied"] == 2


def test_a_role_that_may_not_be_passed_is_told_at_each_point_and_not_hammered(case: Begin) -> None:
    """Failed, because somebody can end it; each point is asked for once, not in every pass. Nobody may try it out."""
    world = world_of(WORLD)
    statement = {"Effect": "Deny", "Action": ["iam:PassRole", "iam:SimulatePrincipalPolicy"], "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    account_in(world, CLINIC)["roles"][0]["policies"] = ["full", document]
    began: Case = case(WORLD, world=world)
    assert len(points_of(world)) == 2
    began.passes(6, apart=60)
    assert _starts(began) == ["AccessDeniedException"] * 2
    assert (began.numbers()["failed"], began.condition()[:2]) == (2, ("False", "CopiesFailing"))
    (failure,) = began.status()["failures"]
    assert (failure["reason"], failure["count"], failure["class"]) == ("AccessDenied", 2, "stuck")
    assert "iam:PassRole" in failure["message"]
    assert began.plan()["summary"]["copies"] == 0


def test_a_lifecycle_that_aws_refuses_is_asked_for_again_once_it_is_another(case: Begin) -> None:
    """The declaration changed, so the question did."""
    began: Case = case(WORLD)
    for body in began.bodies.values():
        body["spec"]["destinations"][0]["lifecycle"] = {"deleteAfterDays": 30}
    began.control.faults.add(
        Kind.ERROR, operation="StartCopyJob", times=2, code="InvalidParameterValueException", status=400
    )
    began.passes(3)
    assert began.numbers()["failed"] == 2
    for body in began.bodies.values():
        body["spec"]["destinations"][0]["lifecycle"] = {"deleteAfterDays": 31}
    began.passes(3)
    assert began.numbers()["copied"] == 2
