"""The policy of the source vault: a Deny in it keeps recovery points in, whatever the copy role may do otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit import readings
from tests.kit.builders import (
    DISK,
    ORGANIZATION_ID,
    ROLE,
    SOURCE_ID,
    TARGET_ARN,
    account_sight,
    desired,
    observed,
    point,
    sight,
    stuck,
)
from tests.kit.judging import diff

from backup_simulator.policies import policy
from backup_simulator.policies.principal import Principal
from crossvault.aspects.copies import held
from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.copy_role.permissions import OUT
from crossvault.aspects.vault_policy.leaving import LEAVING, ROW, denial, may_deny
from crossvault.engine.looks import UNASKED, Seen, Unseen
from crossvault.engine.plan import Plan
from crossvault.engine.rows import MET, UNKNOWN, UNMET
from crossvault.iam import documents
from crossvault.iam.context import Caller, Request
from crossvault.iam.evaluation import Verdict
from crossvault.words.reasons import Reason

Json = dict[str, Any]

REGION = "eu-west-1"
POINT = f"arn:aws:backup:{REGION}:{SOURCE_ID}:recovery-point:1EB3B5E7"
SNAPSHOT = f"arn:aws:ec2:{REGION}::snapshot/snap-0a1b2c3d4e5f67890"
OTHER_VAULT = "arn:aws:backup:us-west-2:222222222222:backup-vault:central"


def deny(*, condition: Json | None = None, **members: Any) -> Json:
    """Return a statement that keeps everything in, unless it says otherwise."""
    made = {"Sid": "Stay", "Effect": "Deny", "Principal": "*", "Action": OUT, "Resource": "*", **members}
    made = {name: value for name, value in made.items() if value is not None}
    return made | ({"Condition": condition} if condition is not None else {})


def only(*targets: str, operator: str = "ForAllValues:ArnNotLike") -> Json:
    """Return the condition of AWS's guide, and of people: copies go to these vaults only."""
    return {operator: {"backup:CopyTargets": [*targets]}}


def planned(look: Any, *points: Any) -> Plan:
    """Return a plan over some recovery points of a source with such a policy."""
    there = points or (point(1, arn=POINT), point(2, resource=DISK, arn=SNAPSHOT, kind="EBS"))
    return diff(desired(), observed(there, sight(), source=account_sight().having(LEAVING, look)))


def text(*statements: Json) -> str:
    """Return a policy with these statements."""
    return documents.canonical({"Version": "2012-10-17", "Statement": [*statements]})


@pytest.mark.parametrize(
    ("statement", "status", "reason"),
    [
        pytest.param(deny(), UNMET, Reason.VAULT_POLICY_DENIES, id="everybody, everywhere"),
        pytest.param(deny(Principal={"AWS": ROLE}), UNMET, Reason.VAULT_POLICY_DENIES, id="the role"),
        pytest.param(deny(Action=None, NotAction="backup:StartBackupJob"), UNMET, Reason.VAULT_POLICY_DENIES, id="not"),
        pytest.param(deny(condition=only(OTHER_VAULT)), UNMET, Reason.VAULT_POLICY_DENIES, id="to another vault only"),
        pytest.param(deny(condition=only(TARGET_ARN)), MET, Reason.ALL_MET, id="to ours only"),
        pytest.param(deny(condition=only(OTHER_VAULT, TARGET_ARN)), MET, Reason.ALL_MET, id="to ours among others"),
        pytest.param(
            deny(condition=only("arn:aws:backup:*:222222222222:backup-vault:*", operator="ForAnyValue:ArnNotLike")),
            MET,
            Reason.ALL_MET,
            id="to any vault of the account",
        ),
        pytest.param(
            deny(condition={"StringNotEquals": {"backup:CopyTargets": [OTHER_VAULT]}}),
            UNMET,
            Reason.VAULT_POLICY_DENIES,
            id="without a quantifier",
        ),
        pytest.param(
            deny(condition={"ForAllValues:StringNotLike": {"backup:CopyTargetOrgPaths": ["o-1/r-1/*"]}}),
            UNKNOWN,
            Reason.VAULT_POLICY_UNCLEAR,
            id="to units that nobody looked up",
        ),
        pytest.param(
            deny(condition={"StringNotEquals": {"aws:PrincipalOrgID": ORGANIZATION_ID}}),
            MET,
            Reason.ALL_MET,
            id="strangers",
        ),
        pytest.param(
            deny(condition={"StringEquals": {"aws:PrincipalTag/team": "x"}}),
            UNKNOWN,
            Reason.VAULT_POLICY_UNCLEAR,
            id="by tag",
        ),
        pytest.param(deny(Action="backup:CopyIntoBackupVault"), MET, Reason.ALL_MET, id="to copy in"),
        pytest.param(deny(Effect="Allow", Principal={"AWS": "222222222222"}), MET, Reason.ALL_MET, id="others allowed"),
        pytest.param(deny(Resource=SNAPSHOT), MET, Reason.ALL_MET, id="one snapshot"),
    ],
)
def test_what_a_source_vaults_policy_denies(statement: Json, status: object, reason: Reason) -> None:
    """It need not allow anything; who denies is named, and nothing is started that AWS would refuse."""
    plan = planned(Seen(text(statement)))
    (row,) = (each for each in plan.prerequisites if each.name == ROW)

    assert (row.status, row.reason, row.blocks) == (status, reason, status is UNMET)
    assert any(isinstance(each, StartCopy) for each in plan.actions) is (status is not UNMET)
    if status is not MET:
        assert "statement Stay" in row.message
    if status is UNMET:
        where = f"in the policy of vault orders, so that copies may go to {TARGET_ARN}."
        assert row.remedy == f"Remove or narrow statement Stay {where}"


def test_a_form_that_is_kept_in_is_held_and_everything_else_goes() -> None:
    """Without such a recovery point the row is met."""
    look = Seen(text(deny(Resource=f"arn:aws:ec2:{REGION}::snapshot/*")))
    plan = planned(look)
    (row,) = (each for each in plan.prerequisites if each.name == ROW)
    sound = planned(look, point(1, arn=POINT))

    assert [each.point.arn for each in plan.actions if isinstance(each, StartCopy)] == [POINT]
    assert (row.status, row.reason, row.blocks) == (UNMET, Reason.VAULT_POLICY_DENIES, False)
    assert row.message.endswith("1 recovery point is held.")
    assert held.held(row, plan).points == 1
    assert [each.status for each in sound.prerequisites if each.name == ROW] == [MET]


@pytest.mark.parametrize(
    ("look", "status"),
    [
        pytest.param(Seen(None), [MET], id="no policy"),
        pytest.param(Unseen(stuck()), [UNKNOWN], id="may not be read"),
        pytest.param(Seen("{"), [UNKNOWN], id="unreadable"),
        pytest.param(UNASKED, [], id="not asked"),
    ],
)
def test_what_is_not_known_holds_nothing(look: Any, status: list[object]) -> None:
    """Copies are tried."""
    plan = planned(look)
    assert [each.status for each in plan.prerequisites if each.name == ROW] == status
    assert any(isinstance(each, StartCopy) for each in plan.actions)


# --- Against the simulator's evaluator -----------------------------------------------------------------------------

_WHO = st.sampled_from(["*", {"AWS": "*"}, {"AWS": ROLE}, {"AWS": SOURCE_ID}, {"AWS": "222222222222"}])
_WHAT = st.sampled_from([OUT, "backup:Copy*", "*", "backup:CopyIntoBackupVault", ["backup:StartCopyJob", OUT.upper()]])
_WHERE = st.sampled_from(["*", POINT, "arn:aws:ec2:*::snapshot/*", "arn:aws:backup:*:*:recovery-point:*"])
_TARGETS = st.sampled_from([TARGET_ARN, OTHER_VAULT, "arn:aws:backup:*:222222222222:backup-vault:*", "*"])
_OPERATORS = st.sampled_from(
    ["ForAllValues:ArnNotLike", "ForAnyValue:ArnNotEquals", "ForAllValues:StringNotLike", "ArnLike", "StringNotEquals"]
)


@st.composite
def _statements(draw: st.DrawFn) -> Json:
    condition = only(draw(_TARGETS), operator=draw(_OPERATORS)) if draw(st.booleans()) else None
    negated = draw(st.booleans())
    acts = {"NotAction" if negated else "Action": draw(_WHAT), **({"Action": None} if negated else {})}
    effect = draw(st.sampled_from(["Deny", "Deny", "Allow"]))
    return deny(condition=condition, Effect=effect, Principal=draw(_WHO), Resource=draw(_WHERE), **acts)


@settings(max_examples=300)
@given(st.lists(_statements(), min_size=1, max_size=4), st.sampled_from([POINT, SNAPSHOT]))
def test_no_policy_is_judged_otherwise_than_aws_does(statements: list[Json], arn: str) -> None:
    """What is certain is what an evaluator says that was written apart from it; what may deny is looked at often."""
    document = text(*statements)
    request = Request(Caller(ROLE, SOURCE_ID), arn, {"backup:copytargets": TARGET_ARN})
    judged = denial(document, request, OUT).verdict
    copier = Principal(kind="role", account=SOURCE_ID, arn=readings.SESSION, identity_arn=ROLE, unique_id="AROACOPIER")
    keys = {"backup:copytargets": (TARGET_ARN,)}
    granted = policy.granted(policy.compiled(documents.read(document)), policy.Question(OUT, arn, copier, keys))

    assert judged is Verdict.UNKNOWN or (judged is Verdict.DENIED) is (granted is None)
    assert may_deny(document) or judged is Verdict.ALLOWED
