"""The vault of EFS's automatic backups, which AWS guards with a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import backup_kit, scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

NAME = "aws/efs/automatic-backup-vault"
ARN = scenes.vault_arn(scenes.SOURCE, NAME, scenes.HOME)
POINT = {"resource_type": "EFS", "resource": "fs-1", "age": "3d"}


@pytest.fixture
def backup(server: SimulatorServer) -> Any:
    """The administrator of an account that has such a vault, with a recovery point in it."""
    scene = backup_kit.world()
    part = {"region": scenes.HOME, "name": NAME, "key": "alias/vault", "recovery_points": [POINT]}
    scenes.account(scene, scenes.SOURCE)["vaults"].append(part)
    server.control.load(scene)
    return scenes.client(server, "backup", scenes.SOURCE)


def _point(backup: Any) -> str:
    found = backup.list_recovery_points_by_backup_vault(BackupVaultName=NAME)["RecoveryPoints"]
    return str(found[0]["RecoveryPointArn"])


def test_its_policy_guards_itself(backup: Any) -> None:
    """Not even an administrator deletes it; the refusal is the one that a user of a cleaning tool reported."""
    with scenes.refused() as refusal:
        backup.delete_backup_vault_access_policy(BackupVaultName=NAME)

    assert (refusal.code, refusal.status) == ("AccessDeniedException", 403)
    assert refusal.message == (
        f"User: arn:aws:iam::{scenes.SOURCE}:user/admin is not authorized to perform: "
        f"backup:DeleteBackupVaultAccessPolicy on resource: {ARN} with an explicit deny in a resource-based policy"
    )


def test_its_recovery_points_stay(backup: Any) -> None:
    """Neither deleted nor copied, as long as the policy is there; another policy may be put in its place."""
    point = {"BackupVaultName": NAME, "RecoveryPointArn": _point(backup)}
    for call in (backup.delete_recovery_point, backup.update_recovery_point_lifecycle):
        with scenes.refused() as refusal:
            call(**point)
        assert refusal.code == "AccessDeniedException"
        assert "with an explicit deny in a resource-based policy" in refusal.message
    harmless = {"Effect": "Deny", "Principal": "*", "Action": "backup:StartRestoreJob", "Resource": "*"}
    backup.put_backup_vault_access_policy(BackupVaultName=NAME, Policy=scenes.text(scenes.policy(harmless)))
    backup.delete_recovery_point(**point)

    assert backup.describe_recovery_point(**point)["Status"] == "DELETING"


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        pytest.param(
            "start_backup_job",
            {"BackupVaultName": NAME, "ResourceArn": backup_kit.FILES, "IamRoleArn": scenes.COPIER},
            id="a backup on demand",
        ),
        pytest.param(
            "create_backup_plan",
            {"BackupPlan": {"BackupPlanName": "x", "Rules": [{"RuleName": "x", "TargetBackupVaultName": NAME}]}},
            id="a plan",
        ),
    ],
)
def test_other_backups_are_kept_out(backup: Any, operation: str, params: scenes.Json) -> None:
    """It is reserved for EFS's own automatic backups."""
    with scenes.refused() as refusal:
        getattr(backup, operation)(**params)

    assert (refusal.code, refusal.status) == ("AccessDeniedException", 403)
    assert refusal.message == "Insufficient privileges to perform this action."


def test_nobody_else_makes_a_vault_of_this_name(backup: Any) -> None:
    """The name has slashes, which are AWS's own."""
    with scenes.refused() as refusal:
        backup.create_backup_vault(BackupVaultName=NAME)

    assert (refusal.code, refusal.message) == (
        "InvalidParameterValueException",
        f"Backup vault name {NAME} is not valid",
    )
