"""Vaults: tags at creation, the grant on their key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def backup(server: SimulatorServer) -> Any:
    """The source account's admin."""
    return scenes.client(server, "backup", scenes.SOURCE)


@pytest.mark.parametrize(
    ("tags", "code"),
    [pytest.param({"a": "b"}, "AccessDeniedException", id="with tags"), pytest.param({}, "", id="without tags")],
)
def test_a_vault_with_tags_needs_the_right_to_tag(server: SimulatorServer, tags: dict[str, str], code: str) -> None:
    """backup:CreateBackupVault alone makes vaults without tags."""
    world = scenes.world()
    scenes.account(world, scenes.SOURCE)["roles"][1]["policies"] = [
        scenes.allow("backup:CreateBackupVault", "backup-storage:MountCapsule")
    ]
    server.control.load(world)
    session = scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/operator")
    backup = scenes.session_client(server, "backup", session)
    found = ""
    try:
        backup.create_backup_vault(BackupVaultName="new", BackupVaultTags=tags)
    except backup.exceptions.ClientError as error:
        found = error.response["Error"]["Code"]

    assert found == code


def test_a_vault_holds_a_grant_on_its_key(server: SimulatorServer, backup: Any) -> None:
    """AWS Backup may use the key because the creator handed it a grant; it goes with the vault."""
    kms = scenes.client(server, "kms", scenes.SOURCE)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    vault = backup.create_backup_vault(BackupVaultName="new", EncryptionKeyArn=key)["BackupVaultArn"]
    (grant,) = kms.list_grants(KeyId=key)["Grants"]
    backup.delete_backup_vault(BackupVaultName="new")

    assert grant["GranteePrincipal"] == "backup.eu-west-1.amazonaws.com"
    assert grant["Constraints"] == {"EncryptionContextSubset": {"aws:backup:backup-vault": vault}}
    assert kms.list_grants(KeyId=key)["Grants"] == []


def test_a_vault_tells_what_kind_of_key_it_has(backup: Any) -> None:
    """A customer's key or one of AWS."""
    backup.create_backup_vault(BackupVaultName="plain")
    kinds = {
        vault["BackupVaultName"]: vault["EncryptionKeyType"] for vault in backup.list_backup_vaults()["BackupVaultList"]
    }

    assert kinds == {"backups": "CUSTOMER_MANAGED_KMS_KEY", "plain": "AWS_OWNED_KMS_KEY"}


def test_tags_of_what_is_not_there_are_not_found(server: SimulatorServer) -> None:
    """For recovery points in AWS's words, with its internal code in the body."""
    client = scenes.client(server, "backup", scenes.SOURCE)

    with scenes.refused() as refusal:
        client.list_tags(ResourceArn=f"arn:aws:backup:{scenes.HOME}:{scenes.SOURCE}:recovery-point:gone")

    assert (refusal.code, refusal.message) == ("ResourceNotFoundException", "Cannot find recovery point.")
    assert refusal.body["Code"] == "ERROR_2603"
