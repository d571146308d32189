"""The copy role: whether it is there, and whether its trust policy lets AWS Backup in."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kit.builders import ROLE, SOURCE_ID, UNSEEN, desired, role, stuck

from crossvault.aspects import copy_role
from crossvault.aspects.copy_role import COPY_ROLE, Role
from crossvault.engine.looks import Look, Seen, Unseen
from crossvault.engine.rows import PrerequisiteStatus
from crossvault.words.reasons import Reason

MET, UNMET, UNKNOWN = PrerequisiteStatus.MET, PrerequisiteStatus.UNMET, PrerequisiteStatus.UNKNOWN
BACKUP = {"Service": "backup.amazonaws.com"}


def _allow(**members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": BACKUP, "Action": "sts:AssumeRole", **members}


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
        pytest.param([_allow(Condition={"Null": {"aws:SourceAccount": "true"}})], None, id="another operator"),
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
        pytest.param(None, False, id="no statements"),
        pytest.param(["nonsense"], False, id="nonsense"),
    ],
)
def test_a_trust_policy_lets_aws_backup_in_or_not(statement: Any, *, trusted: bool | None) -> None:
    """None where something decides that is not known here."""
    assert copy_role.trusts(role(Statement=statement), SOURCE_ID) is trusted


def test_the_default_role_can_be_made_in_the_console_too() -> None:
    """What most people lack is the one that AWS Backup makes itself."""
    default = f"arn:aws-cn:iam::{SOURCE_ID}:role/service-role/AWSBackupDefaultServiceRole"
    remedy = copy_role.row(desired().having(COPY_ROLE, default), Seen(None)).remedy
    assert "console" in remedy
    assert "--path /service-role/" in remedy
    assert "arn:aws-cn:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup" in remedy
