"""KMS on both sides of a copy: who has to be let in, and which policies and grants do that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.services.backup.copies import texts
from simulator_kit import scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

SLR = f"arn:aws:iam::{scenes.TARGET}:role/{scenes.SERVICE_LINKED}"
USE = ["kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"]
FOR_RESOURCES = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
CLOSED = "Given key ID is not accessible"
STATE = "KMS key is either disabled or pending deletion or access to KMS key is denied"


def own(account: str) -> scenes.Json:
    """The statement by which the account's own policies decide."""
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    return {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}


def let(who: Any, *actions: str, condition: scenes.Json | None = None, effect: str = "Allow") -> scenes.Json:
    """One statement of a key policy."""
    principal = who if who == "*" else {"AWS": who}
    statement = {"Effect": effect, "Principal": principal, "Action": list(actions), "Resource": "*"}
    return statement | ({"Condition": condition} if condition else {})


def with_slr(world: scenes.Json) -> None:
    """The target account has used AWS Backup before."""
    scenes.account(world, scenes.TARGET)["roles"].append(
        {
            "name": "AWSServiceRoleForBackup",
            "path": "/aws-service-role/backup.amazonaws.com/",
            "trust": {"services": ["backup.amazonaws.com"]},
            "policies": [],
        }
    )


def copied(server: SimulatorServer, part: scenes.Json, account: str, *statements: scenes.Json) -> scenes.Json:
    """The job of a copy in a world where an account's key has this policy."""
    world = scenes.world()
    with_slr(world)
    scenes.source_vault(world)["recovery_points"] = [part]
    scenes.account(world, account)["keys"][0]["policy"] = scenes.policy(*statements)
    server.control.load(world)
    scene = Scene(server)
    job_id = scene.start()
    server.control.advance("2m")
    return scene.job(job_id)


EBS = {"resource_type": "EBS", "resource": "vol-1", "key": "alias/data"}
EFS = {"resource_type": "EFS", "resource": "fs-1"}
BOTH = [scenes.COPIER, SLR]
SOURCE_KEYS = [
    pytest.param([let(BOTH, *USE), let(BOTH, "kms:CreateGrant", condition=FOR_RESOURCES)], True, id="as AWS writes it"),
    pytest.param([let(f"arn:aws:iam::{scenes.TARGET}:root", *USE, "kms:CreateGrant")], True, id="the whole account"),
    pytest.param(
        [let("*", *USE, "kms:CreateGrant", condition={"StringEquals": {"aws:PrincipalOrgID": "o-simulator01"}})],
        True,
        id="the organization",
    ),
    pytest.param(
        [let("*", *USE, "kms:CreateGrant", condition={"StringEquals": {"kms:CallerAccount": scenes.TARGET}})],
        True,
        id="whoever calls from the account",
    ),
    pytest.param([let(SLR, "kms:DescribeKey", "kms:Decrypt", "kms:CreateGrant")], True, id="Decrypt without ReEncrypt"),
    pytest.param([let(SLR, "kms:DescribeKey", "kms:ReEncryptFrom", "kms:CreateGrant")], True, id="ReEncryptFrom only"),
    pytest.param(
        [
            let(
                SLR,
                *USE,
                "kms:CreateGrant",
                condition={"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}},
            )
        ],
        True,
        id="through EC2",
    ),
    pytest.param([], False, id="nobody but the account"),
    pytest.param([let(SLR, *USE)], False, id="no CreateGrant: sharing fails"),
    pytest.param([let(SLR, "kms:DescribeKey", "kms:CreateGrant")], False, id="nothing to read with"),
    pytest.param([let(SLR, "kms:Decrypt", "kms:CreateGrant")], False, id="no DescribeKey"),
    pytest.param(
        [let("*", *USE, "kms:CreateGrant", condition={"StringEquals": {"aws:PrincipalOrgID": "o-somebody11"}})],
        False,
        id="another organization",
    ),
    pytest.param(
        [
            let(
                SLR,
                *USE,
                "kms:CreateGrant",
                condition={"StringEquals": {"kms:ViaService": "rds.eu-west-1.amazonaws.com"}},
            )
        ],
        False,
        id="through another service",
    ),
    pytest.param(
        [let(SLR, *USE, "kms:CreateGrant"), let(SLR, "kms:CreateGrant", effect="Deny")], False, id="a Deny beside it"
    ),
]


@pytest.mark.parametrize(("statements", "allowed"), SOURCE_KEYS)
def test_a_source_key_admits_both_who_share_and_who_copy(
    server: SimulatorServer, statements: list[scenes.Json], *, allowed: bool
) -> None:
    """The copy role by its account's policies, the destination's service-linked role by the key's."""
    job = copied(server, EBS, scenes.SOURCE, own(scenes.SOURCE), *statements)

    assert job["State"] == ("COMPLETED" if allowed else "FAILED")
    assert job.get("StatusMessage") == (None if allowed else CLOSED)


def test_a_copy_role_that_the_key_shuts_out_cannot_share(server: SimulatorServer) -> None:
    """The account is not in the policy, so the role's own rights do not count."""
    admin = f"arn:aws:iam::{scenes.SOURCE}:user/admin"
    job = copied(server, EBS, scenes.SOURCE, let(admin, "kms:*"), let(SLR, *USE, "kms:CreateGrant"))

    assert (job["MessageCategory"], job["StatusMessage"]) == ("KMS_KEY_ERROR", CLOSED)


def test_a_role_without_rights_on_keys_cannot_share(server: SimulatorServer) -> None:
    """The key leaves it to the account, the account does not allow it."""
    world = scenes.world()
    with_slr(world)
    scenes.account(world, scenes.SOURCE)["roles"][0]["policies"] = [scenes.allow("backup:*", "ec2:*")]
    statements = [own(scenes.SOURCE), let(SLR, *USE, "kms:CreateGrant")]
    scenes.account(world, scenes.SOURCE)["keys"][0]["policy"] = scenes.policy(*statements)
    server.control.load(world)
    scene = Scene(server)
    job_id = scene.start()
    server.control.advance("2m")

    assert scene.job(job_id)["StatusMessage"] == CLOSED


def test_the_vaults_key_counts_for_types_that_backup_manages(server: SimulatorServer) -> None:
    """Not the resource's; the same people have to be let in."""
    refused = copied(server, EFS, scenes.SOURCE, own(scenes.SOURCE))
    admitted = copied(server, EFS, scenes.SOURCE, own(scenes.SOURCE), let(SLR, *USE, "kms:CreateGrant"))

    assert (refused["State"], refused["StatusMessage"]) == ("FAILED", STATE)
    assert admitted["State"] == "COMPLETED"


@pytest.mark.parametrize("kind", ["EFS", "DynamoDB", "S3"])
def test_fully_managed_types_leave_a_vault_on_the_key_of_aws_backup(server: SimulatorServer, kind: str) -> None:
    """The ban on keys that AWS manages is for types that it does not manage in full."""
    world = scenes.world()
    scenes.source_vault(world).update(key=None, recovery_points=[])
    server.control.load(world)
    scene = Scene(server)
    job_id = scene.start(scene.add(resource_type=kind, resource="r-1"))
    server.control.advance("5m")

    assert (scene.job(job_id)["State"], scene.job(job_id).get("StatusMessage")) == ("COMPLETED", None)


def test_a_grant_does_what_a_policy_would(server: SimulatorServer) -> None:
    """The owner of the key hands it to the service-linked role."""
    world = scenes.world()
    with_slr(world)
    del scenes.account(world, scenes.SOURCE)["keys"][0]["policy"]
    server.control.load(world)
    kms = scenes.client(server, "kms", scenes.SOURCE)
    key = kms.describe_key(KeyId="alias/data")["KeyMetadata"]["Arn"]
    operations = ["DescribeKey", "Decrypt", "CreateGrant"]
    grant = kms.create_grant(KeyId=key, GranteePrincipal=SLR, Operations=operations)
    scene = Scene(server)
    first = scene.start()
    server.control.advance("2m")
    kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    second = scene.start()
    server.control.advance("2m")

    assert scene.job(first)["State"] == "COMPLETED"
    assert scene.job(second)["StatusMessage"] == CLOSED


ADMIN = f"arn:aws:iam::{scenes.TARGET}:user/admin"


@pytest.mark.parametrize(
    ("part", "statements", "message"),
    [
        pytest.param(EBS, [own(scenes.TARGET)], None, id="EBS, by the account"),
        pytest.param(EBS, [let(ADMIN, "kms:*")], CLOSED, id="EBS, locked down"),
        pytest.param(
            EBS,
            [let(ADMIN, "kms:*"), let(SLR, *USE), let(SLR, "kms:CreateGrant", condition=FOR_RESOURCES)],
            None,
            id="EBS, locked down but for the service-linked role",
        ),
        pytest.param(EFS, [let(ADMIN, "kms:*")], None, id="EFS, by the vault's grant"),
    ],
)
def test_a_destination_key_admits_who_copies(
    server: SimulatorServer, part: scenes.Json, statements: list[scenes.Json], message: str | None
) -> None:
    """Snapshots are encrypted by the service-linked role, what AWS Backup manages by AWS Backup."""
    job = copied(server, part, scenes.TARGET, *statements)

    assert job.get("StatusMessage") == message


def test_a_vault_whose_grant_was_revoked_takes_nothing(server: SimulatorServer) -> None:
    """Not even what AWS Backup manages in full."""
    kms = scenes.client(server, "kms", scenes.TARGET, region=scenes.AWAY)
    key = kms.describe_key(KeyId="alias/copies")["KeyMetadata"]["Arn"]
    (grant,) = kms.list_grants(KeyId=key)["Grants"]
    kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    scene = Scene(server)
    job_id = scene.start(scene.add())
    server.control.advance("2m")

    assert (scene.job(job_id)["MessageCategory"], scene.job(job_id)["StatusMessage"]) == ("KMS_KEY_ERROR", STATE)


@pytest.mark.parametrize("kind", ["EBS", "RDS", "Aurora"])
@pytest.mark.parametrize(
    ("account", "region", "alias", "words"),
    [
        pytest.param(scenes.SOURCE, scenes.HOME, "alias/data", texts.RDS_SOURCE_KEY, id="the source's"),
        pytest.param(scenes.TARGET, scenes.AWAY, "alias/copies", texts.RDS_TARGET_KEY, id="the destination's"),
    ],
)
def test_a_deleted_key_fails_in_the_words_of_the_service(
    server: SimulatorServer, kind: str, account: str, region: str, alias: str, words: str
) -> None:
    """RDS has one text, and one category, for whatever is wrong with a key."""
    scene = Scene(server)
    arn = scene.add(resource_type=kind, resource="r-1", key="alias/data")
    kms = scenes.client(server, "kms", account, region=region)
    key = kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    server.control.advance("8d")
    job_id = scene.start(arn)
    server.control.advance("5m")
    job = scene.job(job_id)
    gone, own_words = ("RESOURCE_NOT_FOUND", texts.KEY_GONE), ("KMS_KEY_ERROR", words.format(key=key))

    assert (job["MessageCategory"], job["StatusMessage"]) == (gone if kind == "EBS" else own_words)


def test_the_first_copy_makes_the_service_linked_role(server: SimulatorServer) -> None:
    """Before it, a key policy cannot name it; from then on it keeps the copies."""
    kms = scenes.client(server, "kms", scenes.SOURCE)
    key = kms.describe_key(KeyId="alias/data")["KeyMetadata"]["Arn"]
    document = scenes.text(scenes.policy(own(scenes.SOURCE), let(SLR, *USE, "kms:CreateGrant")))
    with scenes.refused() as refusal:
        kms.put_key_policy(KeyId=key, Policy=document)
    scene = Scene(server)
    scene.start()
    server.control.advance("2m")
    kms.put_key_policy(KeyId=key, Policy=document)
    (copy,) = scene.copies()

    assert refusal.code == "MalformedPolicyDocumentException"
    assert copy["IamRoleArn"] == SLR


def test_within_the_account_the_copy_role_is_enough(server: SimulatorServer) -> None:
    """And keys that AWS manages are no obstacle there."""
    scene = Scene(server)
    kms = scenes.client(server, "kms", scenes.SOURCE)
    key = kms.describe_key(KeyId="alias/vault")["KeyMetadata"]["Arn"]
    scene.source.create_backup_vault(BackupVaultName="second", EncryptionKeyArn=key)
    target = scenes.vault_arn(scenes.SOURCE, "second", scenes.HOME)
    job_id = scene.start(scene.add(**EBS | {"key": "aws/ebs"}), DestinationBackupVaultArn=target)
    server.control.advance("2m")

    assert scene.job(job_id)["State"] == "COMPLETED"


@pytest.mark.parametrize(
    ("part", "message"),
    [
        pytest.param(EBS, texts.SERVICE_KEY, id="EBS"),
        pytest.param(EBS | {"key": "aws/ebs"}, texts.SERVICE_KEY, id="EBS on its default key"),
        pytest.param({"resource_type": "RDS", "resource": "db-1", "key": "alias/data"}, texts.SERVICE_KEY, id="RDS"),
        pytest.param(
            {"resource_type": "Storage Gateway", "resource": "vol-9", "key": "alias/data"},
            texts.GATEWAY,
            id="Storage Gateway",
        ),
        pytest.param(EFS, None, id="EFS is fully managed"),
    ],
)
@pytest.mark.parametrize("region", [scenes.HOME, scenes.AWAY])
def test_a_vault_on_the_key_of_aws_backup_takes_no_snapshots(
    server: SimulatorServer, part: scenes.Json, message: str | None, region: str
) -> None:
    """Within the account neither, in whichever Region."""
    scene = Scene(server)
    scenes.client(server, "backup", scenes.SOURCE, region=region).create_backup_vault(BackupVaultName="second")
    target = scenes.vault_arn(scenes.SOURCE, "second", region)
    job_id = scene.start(scene.add(**part), DestinationBackupVaultArn=target)
    server.control.advance("2m")

    assert scene.job(job_id).get("StatusMessage") == message
