"""Permissions boundaries: they hold back, and they give nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

BOUNDARY = f"arn:aws:iam::{scenes.SOURCE}:policy/limits/reading"


def bounded() -> scenes.Json:
    """A world whose source has an administrator within a boundary."""
    scene = scenes.world()
    source = scenes.account(scene, scenes.SOURCE)
    reading = scenes.policy(
        {"Effect": "Allow", "Action": ["backup:List*", "backup:Describe*", "iam:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "backup:DescribeRegionSettings", "Resource": "*"},
    )
    source["policies"] = [{"name": "reading", "path": "/limits/", "document": reading}]
    source["users"][0]["boundary"] = BOUNDARY
    return scene


def test_a_boundary_holds_back_what_the_policies_allow(server: SimulatorServer) -> None:
    """Implicitly and explicitly, in words of its own."""
    server.control.load(bounded())
    client = scenes.client(server, "backup", scenes.SOURCE)
    client.list_backup_vaults()
    with scenes.refused() as silent:
        client.delete_backup_vault(BackupVaultName="backups")
    with scenes.refused() as denied:
        client.describe_region_settings()

    assert silent.message.endswith("because no permissions boundary allows the backup:DeleteBackupVault action")
    assert denied.message.endswith("with an explicit deny in a permissions boundary")


def test_a_boundary_is_put_and_taken_away(server: SimulatorServer) -> None:
    """On users and roles, by the ARN of a managed policy; sessions of the role feel it at once."""
    scene = bounded()
    del scenes.account(scene, scenes.SOURCE)["users"][0]["boundary"]
    server.control.load(scene)
    iam = scenes.client(server, "iam", scenes.SOURCE)
    role = f"arn:aws:iam::{scenes.SOURCE}:role/reader"
    session = scenes.session_client(server, "backup", scenes.assume(server, role))
    iam.put_role_permissions_boundary(RoleName="reader", PermissionsBoundary=BOUNDARY)
    shown = iam.get_role(RoleName="reader")["Role"]["PermissionsBoundary"]
    with scenes.refused() as refusal:
        session.delete_backup_vault(BackupVaultName="backups")
    iam.delete_role_permissions_boundary(RoleName="reader")
    with scenes.refused() as free:
        session.delete_backup_vault(BackupVaultName="backups")
    with scenes.refused() as missing:
        iam.put_user_permissions_boundary(UserName="admin", PermissionsBoundary=BOUNDARY + "x")

    assert shown == {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": BOUNDARY}
    assert "permissions boundary" in refusal.message
    assert "permissions boundary" not in free.message
    assert missing.code == "NoSuchEntity"
