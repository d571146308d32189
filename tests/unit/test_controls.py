"""Which service control policy is in the way, by name and statement."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.kit.builders import ROLE, SOURCE_ID, TARGET_ARN, UNSEEN, account_sight, desired, observed, point, sight
from tests.kit.judging import diff

from crossvault.aspects.copy_role.permissions import COPYING, INTO, MAY_COPY, OUT, Trial, samples
from crossvault.aspects.organization.controls import CONTROLS, ControlPolicy, Level, told
from crossvault.engine.looks import UNASKED, Look, Seen
from crossvault.iam.context import Caller, Request
from crossvault.iam.decisions import Barrier

Json = dict[str, Any]

FULL = ControlPolicy(
    "p-FullAWSAccess", "FullAWSAccess", json.dumps({"Statement": [{"Effect": "Allow", "Action": "*"}]})
)
REQUEST = Request(Caller(ROLE, SOURCE_ID), TARGET_ARN)
BARRED = frozenset({Barrier.ORGANIZATION})


def policy(*statements: Json, name: str = "no-copies") -> ControlPolicy:
    """Return a control policy."""
    return ControlPolicy("p-abcdefgh", name, json.dumps({"Version": "2012-10-17", "Statement": [*statements]}))


def over(*policies: ControlPolicy, target: str = SOURCE_ID) -> Seen[tuple[Level, ...]]:
    """Return what is attached to the account, below a root that lets everything through."""
    return Seen((Level(target, (*policies,)), Level("r-root", (FULL,))))


def deny(**members: Any) -> Json:
    """Return a statement that denies copies."""
    return {"Sid": "NoCopies", "Effect": "Deny", "Action": INTO, "Resource": "*", **members}


WHERE = f"of service control policy no-copies (p-abcdefgh) on {SOURCE_ID}"


@pytest.mark.parametrize(
    ("look", "clause"),
    [
        pytest.param(over(FULL, policy(deny())), f"statement NoCopies {WHERE} (without a condition)", id="a Deny"),
        pytest.param(
            over(FULL, policy(deny(Sid=""))), f"statement 1 (no Sid) {WHERE} (without a condition)", id="bare"
        ),
        pytest.param(
            over(FULL, policy(deny(Condition={"ArnLike": {"aws:PrincipalArn": ROLE}}))),
            f"statement NoCopies {WHERE} (ArnLike aws:PrincipalArn {ROLE}: it is {ROLE})",
            id="a Deny with a condition that holds",
        ),
        pytest.param(
            over(FULL, policy(deny(Condition={"Null": {"aws:ResourceTag/x": "true"}}))),
            f"statement NoCopies {WHERE} (aws:ResourceTag/x is not known from here)",
            id="one that may hold",
        ),
        pytest.param(
            over(policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, name="lists")),
            f"service control policy lists (p-abcdefgh) on {SOURCE_ID} (it does not allow {INTO})",
            id="a list of what is allowed",
        ),
        pytest.param(
            over(FULL, policy(deny(), deny(Sid="Two"), deny(Sid="Three"))),
            f"statement NoCopies {WHERE} (without a condition), statement Two {WHERE} (without a condition) and 1 more",
            id="several",
        ),
        pytest.param(over(FULL, policy(deny(Action="s3:*"))), "", id="about others"),
        pytest.param(over(FULL, policy(deny(Condition={"Null": {"aws:PrincipalArn": "true"}}))), "", id="for others"),
        pytest.param(over(FULL, ControlPolicy("p-1", "odd", "{")), "", id="unreadable"),
        pytest.param(UNSEEN, "", id="not seen"),
        pytest.param(UNASKED, "", id="not asked"),
    ],
)
def test_what_is_in_the_way_is_named(look: Look[tuple[Level, ...]], clause: str) -> None:
    """By statement or position, with its policy and where that is attached."""
    assert told(look, [REQUEST], [INTO]) == clause


@pytest.mark.parametrize(
    ("trial", "statement"),
    [
        pytest.param(Trial(((OUT, True), (INTO, False)), BARRED), deny(), id="into the vault"),
        pytest.param(Trial(((OUT, False), (INTO, True)), BARRED), deny(Action=OUT), id="out of the source"),
        pytest.param(
            Trial(((OUT, True), (INTO, True)), kept=((samples(SOURCE_ID, "eu-west-1", "aws")[1], BARRED),)),
            deny(Action=OUT, Resource="arn:aws:ec2:*:*:snapshot/*"),
            id="a form of recovery points",
        ),
        pytest.param(
            Trial(((OUT, None), (INTO, True))),
            deny(Action=OUT, Condition={"StringNotEquals": {"aws:PrincipalTag/copies": "yes"}}),
            id="perhaps",
        ),
        pytest.param(
            Trial(((OUT, False), (INTO, True)), BARRED),
            deny(Action=OUT, Condition={"ForAllValues:ArnNotLike": {"backup:CopyTargets": ["arn:aws:backup:*:*:*:x"]}}),
            id="by the vaults that copies go to",
        ),
    ],
)
def test_the_row_names_it(trial: Trial, statement: Json) -> None:
    """In the remedy, which is not shortened, or in what a row that holds nothing depends on."""
    source = account_sight().having(CONTROLS, over(FULL, policy(statement)))
    there = (point(1, arn="arn:aws:ec2:eu-west-1::snapshot/snap-1", kind="EBS"),)
    plan = diff(desired(), observed(there, sight().having(COPYING, Seen(trial)), source=source))
    (row,) = (each for each in plan.prerequisites if each.name == MAY_COPY)

    assert f"statement NoCopies {WHERE} (" in f"{row.message} {row.remedy}"
