"""Which service control policy is in the way, by name and statement."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.kit.builders import ROLE, SOURCE_ID, TARGET_ARN, UNSEEN, account_sight, desired, observed, point, sight
from tests.kit.judging import diff

from crossvault.aspects.copy_role.controlled import Around, under
from crossvault.aspects.copy_role.permissions import COPYING, INTO, MAY_COPY, OUT, Trial, holding, samples
from crossvault.aspects.organization.controls import CONTROLS, ControlPolicy, Level, told
from crossvault.engine.looks import UNASKED, Look, Seen
from crossvault.engine.rows import MET, UNMET, Prerequisite
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


WHERE_TAGGED = {"StringNotEquals": {"aws:PrincipalTag/copies": "yes"}}
FORMS = samples(SOURCE_ID, "eu-west-1", "aws")


ALL = Trial(((OUT, True), (INTO, True)))


def copying(*statements: Json, trial: Trial = ALL) -> Prerequisite:
    """Return the row about what the role may do, under a policy beside FULL; the source has a snapshot of EBS."""
    look = over(FULL, policy(*statements))
    own = desired()
    tried = under(own, own.destinations[0], Seen(trial), Around(look))
    source = account_sight().having(CONTROLS, look)
    there = (point(1, arn="arn:aws:ec2:eu-west-1::snapshot/snap-1", kind="EBS"),)
    plan = diff(own, observed(there, sight().having(COPYING, tried), source=source))
    (row,) = (each for each in plan.prerequisites if each.name == MAY_COPY)
    return row


@pytest.mark.parametrize("form", FORMS)
def test_what_is_certain_is_never_told_as_undecided(form: str) -> None:
    """Of recovery points of a form that nobody has: nothing is tried of those, so the row does not say that it is."""
    row = copying(deny(Action=OUT, Resource=form))
    held = form == FORMS[1]

    assert row.status is (UNMET if held else MET)
    assert "Not decided" not in row.message
    assert ("NoCopies" in row.remedy) is held


def test_what_is_not_decided_is_told_beside_what_is() -> None:
    """The statement that may deny, and not the one that certainly does and comes first."""
    certain, open_ = deny(Sid="Certain", Action=OUT, Resource=FORMS[0]), deny(Action=OUT, Condition=WHERE_TAGGED)
    row = copying(certain, open_)

    assert "Not decided, and copies are tried: statement NoCopies" in row.message
    assert "Certain" not in row.message


@pytest.mark.parametrize(
    ("statements", "told_of"),
    [
        pytest.param([{"Effect": "Allow", "Action": "*", "Condition": WHERE_TAGGED}], "", id="an Allow"),
        pytest.param(
            [
                {"Sid": "Some", "Effect": "Allow", "Action": "*", "Condition": WHERE_TAGGED},
                deny(Condition=WHERE_TAGGED),
            ],
            "NoCopies",
            id="an Allow and a Deny",
        ),
    ],
)
def test_an_allow_says_nothing_where_another_one_allows(statements: list[Json], told_of: str) -> None:
    """Within a level one Allow is enough, so that of another one is in nobody's way whatever its conditions come to."""
    clause = told(over(FULL, policy(*statements)), [REQUEST], [INTO])

    assert (told_of in clause) if told_of else clause == ""
    assert "Some" not in clause


def test_an_allow_that_alone_may_allow_is_told() -> None:
    """Nothing else of the level allows it."""
    alone = policy({"Sid": "Some", "Effect": "Allow", "Action": "*", "Condition": WHERE_TAGGED})

    assert told(over(alone), [REQUEST], [INTO]).startswith("statement Some ")


def test_what_a_control_policy_denies_is_named_beside_what_the_role_lacks() -> None:
    """A policy of the role gives no right to share snapshots, and the organization does not let it copy any."""
    trial = Trial(
        ((OUT, True), (INTO, True)),
        kept=((FORMS[1], frozenset()),),
        lacking=((FORMS[1], ("ec2:ModifySnapshotAttribute",)),),
    )
    row = copying(deny(Action=OUT, Resource=FORMS[1]), trial=trial)

    assert f"may not do {OUT} and ec2:ModifySnapshotAttribute on {FORMS[1]}" in row.message


def test_what_the_role_itself_lacks_is_not_laid_at_the_organizations_door() -> None:
    """It denies to copy into the vault; that the role may not copy out is another matter, with another remedy."""
    row = copying(deny(), trial=Trial(((OUT, False), (INTO, True)), bare=frozenset({OUT})))

    assert f"may not do {OUT}, nor by a service control policy of the organization {INTO}, for vault" in row.message
    assert f"allow {INTO}. About {OUT}: Allow it in a policy of the role" in row.remedy
    assert "No other policy" not in row.remedy


def test_forms_that_the_role_itself_lacks_are_told_apart() -> None:
    """One form the organization keeps in, another one the role; both have points."""
    trial = Trial(((OUT, True), (INTO, True)), kept=((FORMS[3], frozenset()),))
    look = over(FULL, policy(deny(Action=OUT, Resource=FORMS[1])))
    own = desired()
    arns = ["arn:aws:ec2:eu-west-1::snapshot/snap-1", FORMS[3].replace("*", "job-1")]
    tried = under(own, own.destinations[0], Seen(trial), Around(look))
    row = holding(own, own.destinations[0], tried, arns, Around(look))

    assert row.message.endswith(f"does not allow it on {FORMS[1]}.")
    assert f"About {FORMS[3]}: Allow it in a policy of the role" in row.remedy
