"""What the copy role may do, and whether it may be passed, as IAM decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.kit.builders import DISK, ROLE, SOURCE_ID, TARGET_ARN, UNSEEN, desired, observed, point, sight, stuck
from tests.kit.judging import diff

from crossvault.aspects.copies import held
from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.copy_role import permissions
from crossvault.aspects.copy_role.permissions import COPYING, INTO, MAY_COPY, OUT, PASS, PASS_ROLE, PASSING, Trial
from crossvault.aspects.copy_role.trials import together
from crossvault.engine.looks import UNASKED, Seen, Unseen
from crossvault.engine.rows import MET, UNKNOWN, UNMET
from crossvault.iam.conditions import like
from crossvault.iam.decisions import Barrier
from crossvault.words.reasons import Reason

SOURCE_REGION = "eu-west-1"
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


# --- By form of the recovery points --------------------------------------------------------------------------------

SAMPLES = permissions.samples(SOURCE_ID, SOURCE_REGION, "aws")
ARNS = {
    "recovery-point": f"arn:aws:backup:{SOURCE_REGION}:{SOURCE_ID}:recovery-point:1EB3B5E7-9EB0-435A-A80B-108B488B0D45",
    "snapshot": f"arn:aws:ec2:{SOURCE_REGION}::snapshot/snap-0a1b2c3d4e5f67890",
    "image": f"arn:aws:ec2:{SOURCE_REGION}::image/ami-0a1b2c3d4e5f67890",
    "rds": f"arn:aws:rds:{SOURCE_REGION}:{SOURCE_ID}:snapshot:awsbackup:job-1eb3b5e7-9eb0-435a-a80b-108b488b0d45",
    "cluster": f"arn:aws:rds:{SOURCE_REGION}:{SOURCE_ID}:cluster-snapshot:awsbackup:copyjob-1eb3b5e7",
    "fsx": f"arn:aws:fsx:{SOURCE_REGION}:{SOURCE_ID}:backup/backup-0a1b2c3d4e5f67890",
}


def test_recovery_points_are_told_apart_by_form() -> None:
    """Each has exactly one sample that IAM is asked about."""
    found = [[like(arn, each) for each in SAMPLES] for arn in ARNS.values()]
    assert all(sum(each) == 1 for each in found)
    assert len({each.index(True) for each in found}) == len(SAMPLES)


@pytest.mark.parametrize("form", range(len(SAMPLES)), ids=ARNS)
@pytest.mark.parametrize("barrier", [None, *Barrier])
def test_what_may_not_leave_is_held_and_everything_else_goes(form: int, barrier: Barrier | None) -> None:
    """The row says so with how many are held; who sees none of that form is told nothing."""
    arn = [*ARNS.values()][form]
    kept = ((SAMPLES[form], frozenset({barrier} if barrier else ())),)
    look = Seen(Trial(((OUT, True), (INTO, True)), kept=kept))
    concerned = point(1, arn=arn, kind="Aurora")
    other = point(2, resource=DISK, arn=f"{SAMPLES[form - 1][:-1]}other", kind="Aurora")
    plan = diff(desired(), observed((concerned, other), sight().having(COPYING, look)))
    (row,) = (each for each in plan.prerequisites if each.name == MAY_COPY)
    sound = diff(desired(), observed((other,), sight().having(COPYING, look)))

    assert [each.point.arn for each in plan.actions if isinstance(each, StartCopy)] == [other.arn]
    assert (row.status, row.reason, row.blocks) == (UNMET, Reason.COPY_ROLE_LACKS, False)
    assert SAMPLES[form] in row.message
    assert "1 recovery point is held" in row.message
    assert bool(row.fix) is (barrier is None)
    assert held.held(row, plan).points == 1
    assert [each.status for each in sound.prerequisites if each.name == MAY_COPY] == [MET]


LEAVING = Trial(((OUT, True),), frozenset(), (), (("form", ("ec2:DescribeTags",)),), ("kms:CreateGrant",))
ENTERING = Trial(((INTO, False),), frozenset({Barrier.BOUNDARY}))


@pytest.mark.parametrize(
    ("leaving", "entering", "whole"),
    [
        pytest.param(
            Seen(LEAVING),
            Seen(ENTERING),
            Seen(
                Trial(
                    ((OUT, True), (INTO, False)),
                    frozenset({Barrier.BOUNDARY}),
                    (),
                    (("form", ("ec2:DescribeTags",)),),
                    ("kms:CreateGrant",),
                )
            ),
            id="both tried",
        ),
        pytest.param(Seen(None), Seen(ENTERING), Seen(None), id="the role is gone between the two"),
        pytest.param(Seen(LEAVING), Seen(None), Seen(None), id="or is seen to be gone by the second"),
        pytest.param(UNSEEN, Seen(ENTERING), UNSEEN, id="what leaves was not seen"),
        pytest.param(Seen(LEAVING), UNSEEN, UNSEEN, id="what enters was not seen"),
    ],
)
def test_what_leaves_and_what_enters_are_tried_apart_and_judged_together(
    leaving: Any, entering: Any, whole: Any
) -> None:
    """What is known of one part only says nothing about copies."""
    assert together(leaving, entering) == whole
