"""A Deny is for a person, also under our Sid, in the policy of a vault as in that of a key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.kit import builders
from tests.kit.builders import desired, destination, observed, point, sight
from tests.kit.judging import diff

from crossvault.aspects.source_keys.declared import KEY_OWNERSHIP
from crossvault.aspects.source_keys.seen import Behind, Picture, SourceKeys
from crossvault.aspects.source_keys.statement import statements_for
from crossvault.aspects.vault.seen import Key
from crossvault.aspects.vault_policy.statement import statement_for
from crossvault.engine.declared import Ownership
from crossvault.engine.looks import Seen
from crossvault.engine.plan import Plan

KEY = f"arn:aws:kms:eu-west-1:{builders.SOURCE_ID}:key/closed"
SERVICE = f"arn:aws:iam::{builders.TARGET_ID}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
HOME = {
    "Sid": "Home",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{builders.SOURCE_ID}:root"},
    "Action": "kms:*",
    "Resource": "*",
}


def of_vault(action: str) -> tuple[Plan, str]:
    """Return the plan where our statement in a vault's policy denies an action, and its Sid."""
    ours = {**statement_for(builders.ROLE), "Effect": "Deny", "Action": action}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [ours]})
    return diff(desired(), observed((point(),), sight(policy=policy))), ours["Sid"]


def of_key(action: str) -> tuple[Plan, str]:
    """Return the plan where our statement in a key's policy denies an action, and its Sid."""
    ours = {**statements_for([SERVICE])[0], "Effect": "Deny", "Action": action}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [HOME, ours]})
    picture = Picture(Seen(Key(KEY, "CUSTOMER", "Enabled")), Seen(policy))
    keys = SourceKeys((Behind(KEY, "RDS"),), {KEY: picture})
    wanted = desired(destination()).having(KEY_OWNERSHIP, Ownership.MANAGE)
    return diff(wanted, observed((), sight(source_keys=Seen(keys)))), ours["Sid"]


@pytest.mark.parametrize(
    ("row", "made"),
    [
        pytest.param("VaultPolicy", of_vault("backup:CopyIntoBackupVault"), id="a vault that takes no copy"),
        pytest.param("VaultPolicy", of_vault("backup:DeleteRecoveryPoint"), id="a vault of which nothing is deleted"),
        pytest.param("SourceKeys", of_key("kms:DescribeKey"), id="a key that is not used"),
        pytest.param("SourceKeys", of_key("kms:ScheduleKeyDeletion"), id="a key that is not deleted"),
    ],
)
def test_what_somebody_denies_under_our_sid_is_told_and_left_alone(row: str, made: tuple[Plan, str]) -> None:
    """Nothing is put in its place, and no second statement beside it; the row says what a person does."""
    plan, sid = made
    (told,) = [each for each in plan.prerequisites if each.name == row]
    written: list[Any] = [each for each in plan.actions if hasattr(each, "document")]

    assert written == []
    assert (told.status, told.ours) == ("Unmet", False)
    assert sid in told.message + told.remedy
    assert told.remedy
