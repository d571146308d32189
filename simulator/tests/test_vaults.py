"""Vaults, their keys, tags and access policies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def backup(server: SimulatorServer) -> Any:
    """The target account's admin."""
    return scenes.client(server, "backup", scenes.TARGET, region=scenes.AWAY)


@pytest.fixture
def key_arn(server: SimulatorServer) -> str:
    """The target account's CMK."""
    kms = scenes.client(server, "kms", scenes.TARGET, region=scenes.AWAY)
    return str(kms.describe_key(KeyId="alias/copies")["KeyMetadata"]["Arn"])


def test_a_vault_is_made_on_a_key(backup: Any, key_arn: str) -> None:
    """What was asked for reads back, with nothing in it."""
    made = backup.create_backup_vault(
        BackupVaultName="fresh", EncryptionKeyArn=key_arn, CreatorRequestId="me-1", BackupVaultTags={"team": "a"}
    )
    found = backup.describe_backup_vault(BackupVaultName="fresh")

    assert made["BackupVaultArn"] == scenes.vault_arn(name="fresh")
    assert found["EncryptionKeyArn"] == key_arn
    assert found["CreatorRequestId"] == "me-1"
    assert found["NumberOfRecoveryPoints"] == 0
    assert found["Locked"] is False
    assert "VaultState" not in found
    assert backup.list_tags(ResourceArn=made["BackupVaultArn"])["Tags"] == {"team": "a"}


def test_a_vault_without_a_key_is_on_the_key_of_aws_backup(server: SimulatorServer, backup: Any) -> None:
    """alias/aws/backup comes into being."""
    backup.create_backup_vault(BackupVaultName="fresh")
    arn = backup.describe_backup_vault(BackupVaultName="fresh")["EncryptionKeyArn"]
    key = scenes.client(server, "kms", scenes.TARGET, region=scenes.AWAY).describe_key(KeyId="alias/aws/backup")

    assert key["KeyMetadata"]["Arn"] == arn
    assert key["KeyMetadata"]["KeyManager"] == "AWS"


def test_a_name_that_is_taken_says_by_whom(backup: Any) -> None:
    """AlreadyExistsException carries ARN and CreatorRequestId of the vault that is there."""
    backup.create_backup_vault(BackupVaultName="fresh", CreatorRequestId="first")
    with scenes.refused() as refusal:
        backup.create_backup_vault(BackupVaultName="fresh", CreatorRequestId="second")

    assert (refusal.code, refusal.status) == ("AlreadyExistsException", 400)
    assert refusal.body["Arn"] == scenes.vault_arn(name="fresh")
    assert refusal.body["CreatorRequestId"] == "first"


BAD_KEYS = [
    pytest.param("alias/copies", id="an alias"),
    pytest.param("arn:aws:kms:eu-central-1:222222222222:alias/copies", id="an alias ARN"),
    pytest.param("12345678-1234-1234-1234-123456789012", id="a key id"),
    pytest.param("arn:aws:kms:eu-central-1:222222222222:key/12345678-1234-1234-1234-123456789012", id="no such key"),
    pytest.param("arn:aws:kms:eu-west-1:222222222222:key/12345678-1234-1234-1234-123456789012", id="another Region"),
]


@pytest.mark.parametrize("arn", BAD_KEYS)
def test_a_vault_needs_the_arn_of_a_key_that_exists(backup: Any, arn: str) -> None:
    """Everything else is InvalidParameterValueException."""
    with scenes.refused() as refusal:
        backup.create_backup_vault(BackupVaultName="fresh", EncryptionKeyArn=arn)

    assert refusal.code == "InvalidParameterValueException"
    assert arn in refusal.message


def test_a_disabled_key_holds_no_vault(server: SimulatorServer, backup: Any, key_arn: str) -> None:
    """The key must be usable."""
    scenes.client(server, "kms", scenes.TARGET, region=scenes.AWAY).disable_key(KeyId=key_arn)
    with scenes.refused() as refusal:
        backup.create_backup_vault(BackupVaultName="fresh", EncryptionKeyArn=key_arn)

    assert refusal.code == "InvalidParameterValueException"


LACKING = [
    pytest.param(("backup:*", "kms:*"), id="backup-storage"),
    pytest.param(("backup:*", "backup-storage:*"), id="kms"),
    pytest.param(("backup:*", "backup-storage:*", "kms:DescribeKey", "kms:Decrypt"), id="some of kms"),
]


@pytest.mark.parametrize("actions", LACKING)
def test_a_caller_without_rights_on_storage_or_key_is_refused_without_words(
    server: SimulatorServer, key_arn: str, actions: tuple[str, ...]
) -> None:
    """AccessDeniedException with an empty message (api-errors.tsv)."""
    scene = scenes.world()
    target = scenes.account(scene, scenes.TARGET)
    target["roles"][0]["policies"] = [scenes.allow(*actions)]
    target["keys"][0]["id"] = key_arn.rpartition("/")[2]
    server.control.load(scene)
    found = scenes.assume(server, f"arn:aws:iam::{scenes.TARGET}:role/operator")
    client = scenes.session_client(server, "backup", found, region=scenes.AWAY)
    with scenes.refused() as refusal:
        client.create_backup_vault(BackupVaultName="fresh", EncryptionKeyArn=key_arn)

    assert (refusal.code, refusal.status, refusal.message) == ("AccessDeniedException", 403, "")


MISSING = [
    pytest.param("describe_backup_vault", {}, id="DescribeBackupVault"),
    pytest.param("put_backup_vault_access_policy", {"Policy": "{}"}, id="PutBackupVaultAccessPolicy"),
    pytest.param("delete_backup_vault", {}, id="DeleteBackupVault"),
    pytest.param("list_recovery_points_by_backup_vault", {}, id="ListRecoveryPointsByBackupVault"),
    pytest.param("describe_recovery_point", {"RecoveryPointArn": "arn:x"}, id="DescribeRecoveryPoint"),
]


@pytest.mark.parametrize(("operation", "params"), MISSING)
def test_a_missing_vault_is_access_denied(backup: Any, operation: str, params: scenes.Json) -> None:
    """403 even for somebody who may do everything."""
    with scenes.refused() as refusal:
        getattr(backup, operation)(BackupVaultName="nowhere", **params)

    assert (refusal.code, refusal.status) == ("AccessDeniedException", 403)
    assert refusal.message == "Insufficient privileges to perform this action."


def test_a_missing_vaults_policy_is_refused_without_a_word(backup: Any) -> None:
    """The code is the same, the message is empty (api-errors.tsv)."""
    with scenes.refused() as refusal:
        backup.get_backup_vault_access_policy(BackupVaultName="nowhere")

    assert (refusal.code, refusal.status, refusal.message) == ("AccessDeniedException", 403, "")


def test_names_that_aws_gives_itself_can_be_read(server: SimulatorServer) -> None:
    """`aws/efs/automatic-backup-vault` breaks the create pattern and still exists."""
    scene = scenes.world()
    scenes.source_vault(scene)["name"] = "aws/efs/automatic-backup-vault"
    server.control.load(scene)
    client = scenes.client(server, "backup", scenes.SOURCE)
    found = client.describe_backup_vault(BackupVaultName="aws/efs/automatic-backup-vault")

    assert found["BackupVaultArn"].endswith(":backup-vault:aws/efs/automatic-backup-vault")


def test_vaults_are_listed_in_pages(backup: Any) -> None:
    """Every vault once, in order of names."""
    for number in range(7):
        backup.create_backup_vault(BackupVaultName=f"fresh-{number}")
    pages = list(backup.get_paginator("list_backup_vaults").paginate(PaginationConfig={"PageSize": 3}))
    names = [vault["BackupVaultName"] for page in pages for vault in page["BackupVaultList"]]

    assert [len(page["BackupVaultList"]) for page in pages] == [3, 3, 2]
    assert names == sorted(["copies", *(f"fresh-{number}" for number in range(7))])


def test_a_vault_with_recovery_points_stays(server: SimulatorServer) -> None:
    """DeleteBackupVault is refused until it is empty."""
    client = scenes.client(server, "backup", scenes.SOURCE)
    with scenes.refused() as refusal:
        client.delete_backup_vault(BackupVaultName="backups")
    point = client.list_recovery_points_by_backup_vault(BackupVaultName="backups")["RecoveryPoints"][0]
    client.delete_recovery_point(BackupVaultName="backups", RecoveryPointArn=point["RecoveryPointArn"])
    server.control.advance("2m")
    client.delete_backup_vault(BackupVaultName="backups")

    assert refusal.code == "InvalidRequestException"
    assert refusal.message == "Backup vault cannot be deleted because it contains recovery points."
    assert client.list_backup_vaults()["BackupVaultList"] == []


def test_tags_come_and_go(backup: Any) -> None:
    """TagResource adds and replaces, UntagResource removes."""
    arn = scenes.vault_arn()
    backup.tag_resource(ResourceArn=arn, Tags={"a": "1", "b": "1"})
    backup.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    backup.untag_resource(ResourceArn=arn, TagKeyList=["a", "absent"])

    assert backup.list_tags(ResourceArn=arn)["Tags"] == {"b": "2"}


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        pytest.param({"aws:mine": "1"}, "InvalidParameterValueException", id="a reserved prefix"),
        pytest.param({f"t{n}": "1" for n in range(51)}, "LimitExceededException", id="more than fifty"),
    ],
)
def test_tags_have_rules(backup: Any, tags: dict[str, str], code: str) -> None:
    """Reserved names and counts."""
    with scenes.refused() as refusal:
        backup.tag_resource(ResourceArn=scenes.vault_arn(), Tags=tags)

    assert refusal.code == code


def put(backup: Any, document: scenes.Json) -> scenes.Json:
    """Put a policy and read it back."""
    backup.put_backup_vault_access_policy(BackupVaultName="copies", Policy=json.dumps(document))
    found = backup.get_backup_vault_access_policy(BackupVaultName="copies")
    return json.loads(found["Policy"])  # type: ignore[no-any-return] # JSON


def test_a_vault_without_a_policy_says_so(backup: Any) -> None:
    """The recorded text, for reading and for removing."""
    backup.delete_backup_vault_access_policy(BackupVaultName="copies")
    for operation in (backup.get_backup_vault_access_policy, backup.delete_backup_vault_access_policy):
        with scenes.refused() as refusal:
            operation(BackupVaultName="copies")

        assert (refusal.code, refusal.status) == ("ResourceNotFoundException", 400)
        assert refusal.message == f"Backup Vault {scenes.vault_arn()} has no associated POLICY"


READ_BACK = [
    pytest.param({"AWS": scenes.SOURCE}, {"AWS": f"arn:aws:iam::{scenes.SOURCE}:root"}, id="a bare account id"),
    pytest.param({"AWS": [scenes.SOURCE]}, {"AWS": f"arn:aws:iam::{scenes.SOURCE}:root"}, id="a list of one"),
    pytest.param({"AWS": scenes.COPIER}, {"AWS": scenes.COPIER}, id="a role"),
    pytest.param(
        {"AWS": [scenes.COPIER, scenes.PAYER]},
        {"AWS": [scenes.COPIER, f"arn:aws:iam::{scenes.PAYER}:root"]},
        id="several",
    ),
    pytest.param("*", "*", id="everybody"),
]


@pytest.mark.parametrize(("put_principal", "read_principal"), READ_BACK)
def test_principals_read_back_normalised(backup: Any, put_principal: Any, read_principal: Any) -> None:
    """Compare by meaning: AWS rewrites what was put."""
    statement = put(backup, scenes.may_copy(put_principal))["Statement"][0]

    assert statement["Principal"] == read_principal
    assert statement["Action"] == "backup:CopyIntoBackupVault"


def test_a_deleted_role_reads_back_as_its_unique_id(server: SimulatorServer, backup: Any) -> None:
    """And a new role of the same name is not the one that was meant."""
    put(backup, scenes.may_copy({"AWS": scenes.COPIER}))
    iam = scenes.client(server, "iam", scenes.SOURCE)
    role_id = iam.get_role(RoleName="copier")["Role"]["RoleId"]
    scenes.delete_role(server, scenes.SOURCE, "copier")
    trust = scenes.policy({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="copier", AssumeRolePolicyDocument=scenes.text(trust))
    found = json.loads(backup.get_backup_vault_access_policy(BackupVaultName="copies")["Policy"])

    assert found["Statement"][0]["Principal"] == {"AWS": role_id}


UNKNOWN_PRINCIPALS = [
    pytest.param(f"arn:aws:iam::{scenes.SOURCE}:role/nobody", id="a role that does not exist"),
    pytest.param(f"arn:aws:iam::{scenes.SOURCE}:role/path/copier", id="a role under another path"),
    pytest.param("arn:aws:iam::000000000000:root", id="an account that does not exist"),
    pytest.param("000000000000", id="an account id that does not exist"),
    pytest.param("arn:aws:iam::*:role/copier", id="a wildcard in an ARN"),
    pytest.param("AROANOBODY", id="an unknown unique id"),
]


@pytest.mark.parametrize("principal", UNKNOWN_PRINCIPALS)
def test_a_policy_names_only_who_exists(backup: Any, principal: str) -> None:
    """IPV with the text that means "retry when IAM has spread"."""
    with scenes.refused() as refusal:
        put(backup, scenes.may_copy({"AWS": principal}))

    assert refusal.code == "InvalidParameterValueException"
    assert refusal.message == "Provided principal is not valid"


def statement(effect: str, principal: Any, *actions: str) -> scenes.Json:
    """A vault policy of one statement."""
    return scenes.policy({"Effect": effect, "Principal": principal, "Action": list(actions), "Resource": "*"})


SHARED = [
    pytest.param(statement("Allow", {"AWS": scenes.SOURCE}, "backup:DeleteRecoveryPoint"), id="another account"),
    pytest.param(statement("Allow", {"AWS": "*"}, "backup:StartRestoreJob"), id="everybody"),
    pytest.param(
        statement("Allow", {"AWS": scenes.COPIER}, "backup:CopyIntoBackupVault", "backup:DescribeBackupVault"),
        id="more than copying into it",
    ),
]


@pytest.mark.parametrize("document", SHARED)
def test_only_copies_may_be_allowed_across_accounts(backup: Any, document: scenes.Json) -> None:
    """403 with the recorded text."""
    with scenes.refused() as refusal:
        put(backup, document)

    assert (refusal.code, refusal.status) == ("AccessDeniedException", 403)
    assert refusal.message.startswith("The specified policy cannot be added to the vault due to cross-account sharing")


ACCEPTED = [
    pytest.param(statement("Deny", {"AWS": "*"}, "backup:DeleteRecoveryPoint"), id="a Deny to everybody"),
    pytest.param(statement("Allow", {"AWS": scenes.TARGET}, "backup:DescribeBackupVault"), id="the own account"),
    pytest.param(scenes.may_copy("*", condition={"StringEquals": {"aws:PrincipalOrgID": "o-x"}}), id="an organization"),
]


@pytest.mark.parametrize("document", ACCEPTED)
def test_policies_that_keep_the_rules_are_stored(backup: Any, document: scenes.Json) -> None:
    """They read back with their effect."""
    assert put(backup, document)["Statement"][0]["Effect"] == document["Statement"][0]["Effect"]


BAD_POLICIES = [
    pytest.param("{", id="no JSON"),
    pytest.param("[]", id="a list"),
    pytest.param("{}", id="no statement"),
    pytest.param(json.dumps(statement("Allow", {"AWS": scenes.SOURCE}, "backup:*")), id="a wildcard in the action"),
    pytest.param(json.dumps(statement("Allow", {"AWS": scenes.SOURCE}, "CopyIntoBackupVault")), id="no prefix"),
    pytest.param(json.dumps(scenes.allow("backup:CopyIntoBackupVault")), id="no principal"),
]


@pytest.mark.parametrize("text", BAD_POLICIES)
def test_a_policy_that_is_none_is_refused(backup: Any, text: str) -> None:
    """InvalidParameterValueException, and the old policy stays."""
    with scenes.refused() as refusal:
        backup.put_backup_vault_access_policy(BackupVaultName="copies", Policy=text)

    assert refusal.code == "InvalidParameterValueException"
    assert backup.get_backup_vault_access_policy(BackupVaultName="copies")["Policy"]


def test_a_deny_in_the_vault_policy_binds_the_own_account(backup: Any) -> None:
    """Even somebody who may do everything is held by the vault's policy."""
    put(backup, statement("Deny", {"AWS": "*"}, "backup:DeleteBackupVaultAccessPolicy"))
    with scenes.refused() as refusal:
        backup.delete_backup_vault_access_policy(BackupVaultName="copies")

    assert refusal.code == "AccessDeniedException"
    assert refusal.message.endswith("with an explicit deny in a resource-based policy")


def test_a_lock_is_shown(server: SimulatorServer) -> None:
    """Governance has no date, compliance has one."""
    scene = scenes.world()
    scenes.target_vault(scene)["lock"] = {"min_days": 7, "max_days": 90, "cooling_off": "3d"}
    server.control.load(scene)
    found = scenes.client(server, "backup", scenes.TARGET, region=scenes.AWAY).describe_backup_vault(
        BackupVaultName="copies"
    )

    assert (found["Locked"], found["MinRetentionDays"], found["MaxRetentionDays"]) == (True, 7, 90)
    assert found["LockDate"].timestamp() == server.control.now() + 3 * scenes.DAY
