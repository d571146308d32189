"""Permissions boundaries: they hold back, and they give nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulator import scenes

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
