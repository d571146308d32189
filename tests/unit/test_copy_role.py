"""The copy role: whether it is there, and whether its trust policy lets AWS Backup in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit.builders import ROLE, SOURCE_ID, UNSEEN, desired, role, stuck

from backup_simulator.policies import policy
from backup_simulator.policies.principal import Principal
from crossvault.aspects import copy_role
from crossvault.aspects.copy_role import COPY_ROLE, Role
from crossvault.engine.looks import Look, Seen, Unseen
from crossvault.engine.rows import PrerequisiteStatus
from crossvault.words.reasons import Reason

MET, UNMET, UNKNOWN = PrerequisiteStatus.MET, PrerequisiteStatus.UNMET, PrerequisiteStatus.UNKNOWN
BACKUP = {"Service": "backup.amazonaws.com"}


BARE = {"Effect": "Allow", "Principal": BACKUP}
DENY = {"Effect": "Deny", "Principal": "*"}
DENY_ALL = {"Effect": "Deny", "Action": "*"}


def _allow(**members: Any) -> dict[str, Any]:
    return {**BARE, "Action": "sts:AssumeRole", **members}


def _deny(**condition: Any) -> dict[str, Any]:
    return _allow(Effect="Deny", Principal="*", Condition=condition)


@pytest.mark.parametrize(
    ("look", "status", "reason"),
    [
        pytest.param(Seen(role()), MET, Reason.ALL_MET, id="there and trusting"),
        pytest.param(Seen(None), UNMET, Reason.COPY_ROLE_MISSING, id="not there"),
        pytest.param(Seen(role(ROLE.replace("role/", "role/backup/"))), UNMET, Reason.COPY_ROLE_MISSING, id="path"),
        pytest.param(Seen(role(Statement=[])), UNMET, Reason.COPY_ROLE_UNTRUSTING, id="trusts nobody"),
        pytest.param(
            Seen(role(Statement=[_allow(Condition={"StringEquals": {"aws:SourceArn": "x"}})])),
            UNKNOWN,
            Reason.COPY_ROLE_UNTRUSTING,
            id="depends on what is not known",
        ),
        pytest.param(UNSEEN, UNKNOWN, Reason.THROTTLED, id="not seen"),
        pytest.param(Unseen(stuck()), UNKNOWN, Reason.ACCESS_DENIED, id="may not be seen"),
    ],
)
def test_the_row_says_what_was_seen(look: Look[Role | None], status: PrerequisiteStatus, reason: Reason) -> None:
    """Only what is known to be wrong blocks; it names role, account, and what to do."""
    row = copy_role.row(desired(), look)
    assert (row.name, row.destination, row.status, row.reason) == ("CopyRole", "", status, reason)
    assert row.blocks is (status is UNMET)
    if status is UNMET:
        assert "copy-role" in row.message
        assert f"orders-prod ({SOURCE_ID})" in row.message
        assert row.remedy


def test_a_role_of_another_path_is_named_as_it_has_to_be_declared() -> None:
    """AWS Backup would be told of a role that is not there."""
    there = ROLE.replace("role/", "role/backup/")
    row = copy_role.row(desired(), Seen(role(there)))
    assert row.remedy == f"Declare spec.source.copyRole: {there}"


@pytest.mark.parametrize(
    ("statement", "trusted"),
    [
        pytest.param([_allow()], True, id="the service"),
        pytest.param(_allow(), True, id="one statement, not a list"),
        pytest.param([_allow(Principal={"Service": ["ec2.amazonaws.com", "backup.amazonaws.com"]})], True, id="among"),
        pytest.param([_allow(Action=["sts:TagSession", "STS:assumerole"])], True, id="letter case"),
        pytest.param([_allow(Action="sts:*")], True, id="wildcard"),
        pytest.param([_allow(Principal="*")], True, id="everybody"),
        pytest.param([_allow(Principal={"Service": "*"})], True, id="every service"),
        pytest.param([_allow(Condition={"StringEquals": {"aws:SourceAccount": SOURCE_ID}})], True, id="deputy"),
        pytest.param([_allow(Condition={"StringLike": {"AWS:sourceaccount": ["9*", "1*"]}})], True, id="deputy, alike"),
        pytest.param([_allow(Condition={"StringEquals": {"aws:SourceAccount": "9"}})], False, id="another deputy"),
        pytest.param([_allow(Condition={"Null": {"aws:SourceAccount": "true"}})], False, id="for no account"),
        pytest.param([_allow(Condition={"StringEquals": {"aws:SourceOrgID": "o-1"}})], None, id="another key"),
        pytest.param([_allow(Condition="x")], None, id="no condition at all"),
        pytest.param([_allow(Principal={"Service": "ec2.amazonaws.com"})], False, id="another service"),
        pytest.param([_allow(Principal={"AWS": f"arn:aws:iam::{SOURCE_ID}:root"})], False, id="the account"),
        pytest.param([_allow(Action="sts:TagSession")], False, id="another action"),
        pytest.param([_allow(), _allow(Effect="Deny")], False, id="denied"),
        pytest.param([_allow(), _allow(Effect="Deny", Principal={"Service": "s3.amazonaws.com"})], True, id="not us"),
        pytest.param([_allow(), _allow(Effect="Deny", Condition={"Bool": {"x": "true"}})], None, id="perhaps denied"),
        pytest.param([_allow(), _allow(Effect="Deny", Action="sts:TagSession")], True, id="another action denied"),
        pytest.param([], False, id="nothing"),
        pytest.param(None, None, id="no statements"),
        pytest.param(["nonsense"], None, id="nonsense"),
        pytest.param([_allow(Effect="Grant")], None, id="an effect that AWS does not have"),
        pytest.param([_allow(), DENY | {"NotAction": "sts:AssumeRole"}], True, id="all but this denied"),
        pytest.param([BARE | {"NotAction": "sts:AssumeRole"}], False, id="all but this allowed"),
        pytest.param([BARE | {"NotAction": "sts:TagSession"}], True, id="all but another allowed"),
        pytest.param(
            [_allow(), DENY_ALL | {"NotPrincipal": {"Service": "ec2.amazonaws.com"}}], False, id="others spared"
        ),
        pytest.param([_allow(), DENY_ALL | {"NotPrincipal": BACKUP}], True, id="only this one spared"),
        pytest.param(
            [_allow(), _allow(Effect="Deny", Principal={"AWS": "*"})], None, id="everybody of accounts denied"
        ),
        pytest.param([_allow(Principal={"AWS": "*"})], None, id="everybody of accounts"),
        pytest.param([_allow(), _deny(StringNotEquals={"aws:SourceAccount": SOURCE_ID})], True, id="others denied"),
        pytest.param([_allow(), _deny(StringNotEquals={"aws:SourceAccount": "9"})], False, id="ours among the others"),
        pytest.param([_allow(), _deny(Bool={"aws:PrincipalIsAWSService": "false"})], True, id="people denied"),
        pytest.param([_allow(), _deny(Bool={"aws:PrincipalIsAWSService": "true"})], False, id="services denied"),
        pytest.param([_allow(), _deny(StringNotEquals={"aws:PrincipalOrgID": "o-1"})], None, id="strangers denied"),
        pytest.param([_allow(Condition={"StringEquals": {"aws:SourceAccount": "1*"}})], False, id="no wildcard there"),
        pytest.param([_allow(Condition={"stringequals": {"aws:SourceAccount": SOURCE_ID}})], True, id="small letters"),
        pytest.param(
            [_allow(Condition={"ArnLike": {"aws:SourceArn": "x:*"}, "StringEquals": {"aws:SourceAccount": "9"}})],
            False,
            id="one test fails for certain",
        ),
        pytest.param([_allow(Action="sts:[aA]ssumeRole")], False, id="brackets are letters"),
    ],
)
def test_a_trust_policy_lets_aws_backup_in_or_not(statement: Any, *, trusted: bool | None) -> None:
    """None where something decides that is not known here."""
    assert copy_role.trusts(role(Statement=statement), SOURCE_ID) is trusted


def test_a_deny_is_named_with_what_it_depends_on() -> None:
    """To let AWS Backup in once more would be in vain, so no command is printed for that."""
    shut = {"Sid": "OnlyOurs", **_deny(StringNotEquals={"aws:SourceAccount": "9"})}
    row = copy_role.row(desired(), Seen(role(Statement=[_allow(), shut])))
    assert (row.status, row.reason, row.fix) == (UNMET, Reason.COPY_ROLE_UNTRUSTING, ())
    assert f"denies it: statement OnlyOurs (StringNotEquals aws:SourceAccount 9: it is {SOURCE_ID})" in row.message
    assert row.remedy == "Remove or narrow statement OnlyOurs in the role's trust policy."


# --- Against the simulator's evaluator -----------------------------------------------------------------------------

_SERVICES = ["backup.amazonaws.com", "ec2.amazonaws.com"]
_WHO = st.one_of(
    st.just("*"),
    st.sampled_from(_SERVICES).map(lambda each: {"Service": each}),
    st.just({"Service": _SERVICES}),
    st.sampled_from(["*", f"arn:aws:iam::{SOURCE_ID}:root"]).map(lambda each: {"AWS": each}),
)
_ACTS = st.sampled_from(
    ["sts:AssumeRole", "STS:Assume*", "sts:TagSession", "*", ["sts:SetSourceIdentity", "sts:a?sumerole"]]
)
_VALUES = {
    "aws:SourceAccount": [SOURCE_ID, "9" * 12, "1*"],
    "aws:SourceArn": ["arn:aws:backup:*:*:*", "*"],
    "aws:PrincipalServiceName": [*_SERVICES, "*.amazonaws.com"],
    "aws:PrincipalIsAWSService": ["true", "false"],
    "aws:PrincipalOrgID": ["o-ours"],
}
_OPERATORS = ["StringEquals", "StringNotEquals", "StringLike", "StringNotLikeIfExists", "Bool", "BoolIfExists", "Null"]

_FLAGS = {"Bool", "BoolIfExists", "Null"}


@st.composite
def _statements(draw: st.DrawFn) -> dict[str, Any]:
    effect = draw(st.sampled_from(["Allow", "Allow", "Deny"]))
    who = "NotPrincipal" if effect == "Deny" and draw(st.booleans()) else "Principal"
    what = draw(st.sampled_from(["Action", "Action", "NotAction"]))
    made: dict[str, Any] = {"Effect": effect, who: draw(_WHO), what: draw(_ACTS)}
    for _ in range(draw(st.integers(0, 2))):
        key, operator = draw(st.sampled_from(sorted(_VALUES))), draw(st.sampled_from(_OPERATORS))
        value = draw(st.sampled_from(["true", "false"] if operator in _FLAGS else _VALUES[key]))
        made.setdefault("Condition", {}).setdefault(operator, {})[key] = value
    return made


@settings(max_examples=500)
@given(st.lists(_statements(), min_size=1, max_size=4))
def test_no_trust_policy_is_judged_otherwise_than_aws_does(statements: list[dict[str, Any]]) -> None:
    """What is certain is what an evaluator says that was written apart from it; the rest is unknown."""
    judged = copy_role.trusts(role(Statement=statements), SOURCE_ID)
    service = Principal(kind="service", name="backup.amazonaws.com")
    keys: dict[str, tuple[str, ...]] = {
        "aws:sourceaccount": (SOURCE_ID,),
        "aws:principalisawsservice": ("true",),
        "aws:principalservicename": ("backup.amazonaws.com",),
    }
    document = policy.compiled({"Version": "2012-10-17", "Statement": statements})
    granted = policy.granted(document, policy.Question("sts:AssumeRole", ROLE, service, keys))
    assert judged is None or judged is bool(granted)


def test_the_default_role_can_be_made_in_the_console_too() -> None:
    """What most people lack is the one that AWS Backup makes itself."""
    default = f"arn:aws-cn:iam::{SOURCE_ID}:role/service-role/AWSBackupDefaultServiceRole"
    remedy = copy_role.row(desired().having(COPY_ROLE, default), Seen(None)).remedy
    assert "console" in remedy
    assert "--path /service-role/" in remedy
    assert "arn:aws-cn:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup" in remedy
