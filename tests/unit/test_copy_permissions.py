"""What the copy role may do, and whether it may be passed, as IAM decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.kit.builders import ROLE, TARGET_ARN, UNSEEN, desired, observed, point, sight, stuck
from tests.kit.judging import diff

from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.copy_role import permissions
from crossvault.aspects.copy_role.permissions import COPYING, INTO, MAY_COPY, OUT, PASS, PASS_ROLE, PASSING, Trial
from crossvault.engine.looks import UNASKED, Seen, Unseen
from crossvault.engine.rows import MET, UNKNOWN, UNMET
from crossvault.iam.decisions import Barrier
from crossvault.words.reasons import Reason

OPERATOR = "arn:aws:iam::111111111111:role/crossvault"


def trial(out: bool | None = True, into: bool | None = True) -> Seen[Trial | None]:
    """Return what IAM decided about copying."""
    return Seen(Trial(((OUT, out), (INTO, into))))


@pytest.mark.parametrize(
    ("look", "status", "reason", "said"),
    [
        pytest.param(trial(), MET, Reason.ALL_MET, "may copy out of the source and into vault", id="both allowed"),
        pytest.param(trial(out=False), UNMET, Reason.COPY_ROLE_LACKS, f"may not do {OUT} for", id="not out"),
        pytest.param(trial(into=False), UNMET, Reason.COPY_ROLE_LACKS, f"do {INTO} for vault {TARGET_ARN}", id="in"),
        pytest.param(trial(False, False), UNMET, Reason.COPY_ROLE_LACKS, f"{OUT} and {INTO}", id="neither"),
        pytest.param(trial(out=None), UNKNOWN, Reason.COPY_ROLE_LACKS, "depends on conditions", id="conditions"),
        pytest.param(trial(None, False), UNMET, Reason.COPY_ROLE_LACKS, INTO, id="denied whatever the other is"),
        pytest.param(UNSEEN, UNKNOWN, Reason.THROTTLED, "throttles", id="not seen"),
        pytest.param(Unseen(stuck()), UNKNOWN, Reason.ACCESS_DENIED, "may not do that", id="may not be tried"),
    ],
)
def test_what_the_role_may_do(look: Any, status: object, reason: Reason, said: str) -> None:
    """Only what is denied for certain blocks; the remedy is a command, and names what a Deny needs."""
    wanted = desired()
    (row,) = permissions.may_copy(wanted, wanted.destinations[0], look, ROLE)

    assert (row.name, row.destination, row.status, row.reason) == (MAY_COPY, "dr", status, reason)
    assert said in row.message
    assert row.blocks is (status is UNMET)
    if status is UNMET:
        assert "aws iam attach-role-policy --role-name copy-role --policy-arn arn:aws:iam::aws:policy/" in row.remedy


@pytest.mark.parametrize("barriers", [{Barrier.ORGANIZATION}, {Barrier.BOUNDARY}, set(Barrier)])
def test_what_no_policy_of_the_role_allows(barriers: set[Barrier]) -> None:
    """Who can mend it is named, and no command that would not help; nobody's conditions are blamed."""
    wanted, before = desired(), frozenset(barriers)
    look = Seen(Trial(((OUT, False), (INTO, True)), before))
    (row,) = permissions.may_copy(wanted, wanted.destinations[0], look, ROLE)
    (passing,) = permissions.may_pass(wanted, Seen(Trial(((PASS_ROLE, False),), before)), ROLE)

    assert (row.status, row.reason, row.blocks) == (UNMET, Reason.COPY_ROLE_LACKS, True)
    assert (passing.status, passing.reason) == (UNMET, Reason.COPY_ROLE_NOT_PASSED)
    for each, action in ((row, OUT), (passing, PASS_ROLE)):
        assert all(name in each.message for name in barriers)
        assert action in each.remedy
        assert not each.fix
        assert "aws " not in each.remedy
        assert ("management account" in each.remedy) is (Barrier.ORGANIZATION in barriers)


@pytest.mark.parametrize(
    ("look", "status", "reason"),
    [
        pytest.param(Seen(Trial(((PASS_ROLE, True),))), MET, Reason.ALL_MET, id="allowed"),
        pytest.param(Seen(Trial(((PASS_ROLE, False),))), UNMET, Reason.COPY_ROLE_NOT_PASSED, id="denied"),
        pytest.param(Seen(Trial(((PASS_ROLE, None),))), UNKNOWN, Reason.COPY_ROLE_NOT_PASSED, id="conditions"),
        pytest.param(UNSEEN, UNKNOWN, Reason.THROTTLED, id="not seen"),
    ],
)
def test_whether_the_operator_may_pass_it(look: Any, status: object, reason: Reason) -> None:
    """The remedy names both roles."""
    (row,) = permissions.may_pass(desired(), look, ROLE)

    assert (row.name, row.destination, row.status, row.reason) == (PASS, "", status, reason)
    assert row.blocks is (status is UNMET)
    if status is UNMET:
        assert row.remedy == (
            f"Allow {OPERATOR} the action iam:PassRole on {ROLE}, with iam:PassedToService backup.amazonaws.com."
        )


@pytest.mark.parametrize("look", [UNASKED, Seen(None)], ids=["not asked", "no such role"])
def test_what_another_row_is_about_has_none_here(look: Any) -> None:
    """The row CopyRole tells of a role that is not there."""
    wanted = desired()
    assert permissions.may_copy(wanted, wanted.destinations[0], look, ROLE) == ()
    assert permissions.may_pass(wanted, look, ROLE) == ()


@pytest.mark.parametrize(
    ("copying", "passing", "starts"),
    [
        pytest.param(trial(), True, True, id="all allowed"),
        pytest.param(trial(into=False), True, False, id="not into the vault"),
        pytest.param(trial(), False, False, id="not to be passed"),
        pytest.param(trial(out=None), None, True, id="unknown holds nothing up"),
        pytest.param(UNSEEN, None, True, id="nor what was not seen"),
    ],
)
def test_no_copy_starts_that_aws_would_refuse(copying: Any, passing: bool | None, *, starts: bool) -> None:
    """And none is held that it might take."""
    seen = observed((point(),), sight().having(COPYING, copying))
    seen = replace(seen, source=seen.source.having(PASSING, Seen(Trial(((PASS_ROLE, passing),)))))
    plan = diff(desired(), seen)

    assert any(isinstance(each, StartCopy) for each in plan.actions) is starts
