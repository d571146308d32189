"""Vaults: tags at creation, the grant on their key, notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

TOPIC = f"arn:aws:sns:eu-west-1:{scenes.SOURCE}:backups"


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


def test_notifications_are_kept_and_given_back(backup: Any) -> None:
    """Put, get, delete; without a configuration the body says ERROR_2106."""
    asked = {"BackupVaultName": "backups", "SNSTopicArn": TOPIC}
    events = ["COPY_JOB_FAILED", "COPY_JOB_SUCCESSFUL"]
    backup.put_backup_vault_notifications(BackupVaultEvents=events, **asked)
    found = backup.get_backup_vault_notifications(BackupVaultName="backups")
    backup.delete_backup_vault_notifications(BackupVaultName="backups")
    with scenes.refused() as refusal:
        backup.get_backup_vault_notifications(BackupVaultName="backups")

    assert (found["SNSTopicArn"], found["BackupVaultEvents"]) == (TOPIC, events)
    assert (refusal.code, refusal.status) == ("ResourceNotFoundException", 400)
    assert refusal.body["Code"] == "ERROR_2106"


def test_an_unknown_event_is_answered_with_the_known_ones(backup: Any) -> None:
    """So that one may choose."""
    with scenes.refused() as refusal:
        backup.put_backup_vault_notifications(
            BackupVaultName="backups", SNSTopicArn=TOPIC, BackupVaultEvents=["COPY_JOB_PARTIAL"]
        )

    assert refusal.code == "InvalidParameterValueException"
    assert refusal.message.startswith("Please select from the following list of notifications BACKUP_JOB_STARTED, ")


@pytest.mark.parametrize(
    "topic",
    [
        pytest.param(TOPIC.replace(scenes.SOURCE, scenes.TARGET), id="another account's"),
        pytest.param(TOPIC + ".fifo", id="first in first out"),
        pytest.param("arn:aws:sqs:eu-west-1:222222222222:backups", id="a queue"),
    ],
)
def test_only_a_standard_topic_of_the_account_is_told(backup: Any, topic: str) -> None:
    """Others are refused when they are named."""
    with scenes.refused() as refusal:
        backup.put_backup_vault_notifications(
            BackupVaultName="backups", SNSTopicArn=topic, BackupVaultEvents=["COPY_JOB_FAILED"]
        )

    assert refusal.code == "InvalidParameterValueException"


def test_an_unknown_event_is_refused(backup: Any) -> None:
    """The service model knows them all."""
    with scenes.refused() as refusal:
        backup.put_backup_vault_notifications(
            BackupVaultName="backups", SNSTopicArn=TOPIC, BackupVaultEvents=["COPY_JOB_BORED"]
        )

    assert refusal.code == "InvalidParameterValueException"


def test_tags_of_what_is_not_there_are_not_found(server: SimulatorServer) -> None:
    """For recovery points in AWS's words, with its internal code in the body."""
    client = scenes.client(server, "backup", scenes.SOURCE)

    with scenes.refused() as refusal:
        client.list_tags(ResourceArn=f"arn:aws:backup:{scenes.HOME}:{scenes.SOURCE}:recovery-point:gone")

    assert (refusal.code, refusal.message) == ("ResourceNotFoundException", "Cannot find recovery point.")
    assert refusal.body["Code"] == "ERROR_2603"
