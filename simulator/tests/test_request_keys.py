"""Condition keys that follow from what a call asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

VAULT = {"BackupVaultName": "backups"}
LOCK = VAULT | {"MinRetentionDays": 7}
ARN = scenes.vault_arn(scenes.SOURCE, "backups", scenes.HOME)
GOVERNANCE = {"Null": {"backup:ChangeableForDays": "true"}}
TEAM = {"StringEquals": {"aws:RequestTag/team": "storage"}}
ONLY_TEAM = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}

ASKED = [
    pytest.param("put_backup_vault_lock_configuration", LOCK, GOVERNANCE, True, id="governance mode"),
    pytest.param(
        "put_backup_vault_lock_configuration", LOCK | {"ChangeableForDays": 3}, GOVERNANCE, False, id="compliance mode"
    ),
    pytest.param(
        "put_backup_vault_lock_configuration",
        LOCK,
        {"NumericGreaterThanEquals": {"backup:MinRetentionDays": 7}},
        True,
        id="a bound that is long enough",
    ),
    pytest.param(
        "put_backup_vault_lock_configuration",
        LOCK,
        {"NumericGreaterThanEquals": {"backup:MinRetentionDays": "10"}},
        False,
        id="a bound that is too short: 7 and 10 are numbers",
    ),
    pytest.param("tag_resource", {"ResourceArn": ARN, "Tags": {"team": "storage"}}, TEAM, True, id="the right tag"),
    pytest.param("tag_resource", {"ResourceArn": ARN, "Tags": {"team": "other"}}, TEAM, False, id="another tag"),
    pytest.param("tag_resource", {"ResourceArn": ARN, "Tags": {"x": "y"}}, ONLY_TEAM, False, id="another tag's name"),
    pytest.param(
        "untag_resource", {"ResourceArn": ARN, "TagKeyList": ["team"]}, ONLY_TEAM, True, id="the name of a tag"
    ),
]


@pytest.mark.parametrize(("operation", "params", "condition", "allowed"), ASKED)
def test_parameters_are_condition_keys(
    server: SimulatorServer, operation: str, params: scenes.Json, condition: scenes.Json, allowed: bool
) -> None:
    """A role whose only right depends on them."""
    scene = scenes.world()
    scenes.account(scene, scenes.SOURCE)["roles"][2]["policies"] = [scenes.allow("backup:*", condition=condition)]
    server.control.load(scene)
    reader = f"arn:aws:iam::{scenes.SOURCE}:role/reader"
    call = getattr(scenes.session_client(server, "backup", scenes.assume(server, reader)), operation)
    if allowed:
        call(**params)
        return
    with scenes.refused() as refusal:
        call(**params)

    assert refusal.code == "AccessDeniedException"


def test_a_key_that_aws_has_and_no_call_sets_is_an_error(server: SimulatorServer) -> None:
    """Rather than a silent "absent"."""
    scene = scenes.world()
    lockout = {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "false"}}
    scenes.account(scene, scenes.SOURCE)["roles"][2]["policies"] = [scenes.allow("kms:*", condition=lockout)]
    server.control.load(scene)
    reader = f"arn:aws:iam::{scenes.SOURCE}:role/reader"
    with scenes.refused() as refusal:
        scenes.session_client(server, "kms", scenes.assume(server, reader)).list_keys()

    assert refusal.status == 501
    assert "kms:bypasspolicylockoutsafetycheck" in refusal.message
