"""What AWS's guide asks for before backups are copied to another account, with kubectl, point by point.

Each thing is wrong by itself in one world; a row says so with its remedy, nothing is started that AWS would refuse,
and what can be copied is copied. What the guide says besides has files of its own: the organization and its switch, the
lag and leaving accounts, keys, the policy of the vault, the deleted role.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.chart_cluster import Cluster, serving
from tests.kit.waiting import until
from tools.controlplane import ControlPlane

pytestmark = pytest.mark.kube

Json = dict[str, Any]

KINDS = ("Redshift", "CloudFormation", "S3")
VAULTS: dict[str, list[Json]] = {
    "kinds": [{"resource_type": kind, "resource": f"one-{number}", "age": "1d"} for number, kind in enumerate(KINDS)],
    "snapshots": [
        {"resource_type": "EBS", "resource": "vol-managed", "key": "aws/ebs", "age": "1d"},
        {"resource_type": "EBS", "resource": "vol-own", "key": "alias/orders-storage", "age": "1d"},
    ],
}

OWN = {
    "Sid": "Account",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{scene.BACKUP}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
SHUT = {
    **OWN,
    "Sid": "Shut",
    "Effect": "Deny",
    "Action": "kms:CreateGrant",
    "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/aws-service-role/*"}},
}


@pytest.fixture(scope="module")
def guide(plane: ControlPlane) -> Iterator[Cluster]:
    """A running operator, and accounts that the namespace may use."""
    world = scene.world()
    world["clock"] = {"start": "now"}
    world["durations"] = {"created": 0.2, "running": 0.5}
    production = scene.account(world, scene.PRODUCTION)
    production["vaults"] += [
        {"region": scene.HOME, "name": name, "key": "alias/orders", "recovery_points": points}
        for name, points in VAULTS.items()
    ]
    production["roles"].append({"name": "weak", "trust": {"services": ["backup.amazonaws.com"]}, "policies": []})
    passing = next(
        each
        for each in scene.role(world, scene.PRODUCTION, "crossvault-source")["policies"][0]["Statement"]
        if each["Sid"] == "PassCopyRole"
    )
    passing["Resource"] = f"arn:aws:iam::{scene.PRODUCTION}:role/*"
    for cluster in serving(plane, world):
        cluster.start()
        cluster.accounts("production", "dr", "second", "stranger")
        yield cluster


def into(vault: str, **changes: Any) -> Json:
    """Return a destination whose vault is created by that name."""
    declared = {"name": vault, "create": True, "encryptionKey": "alias/orders-copies"}
    return scene.destination(vault=declared, **changes)


def declare(guide: Cluster, name: str, vault: str = "orders", **spec: Any) -> None:
    """Declare a policy over a vault of the source."""
    source = {"accountRef": {"name": "production"}, "region": scene.HOME, "vault": {"name": vault}}
    copy_role = spec.pop("copy_role", None)
    guide.apply(guide.policy(name, source=source | ({"copyRole": copy_role} if copy_role else {}), **spec))


def row(guide: Cluster, policy: str, name: str) -> Json:
    """Wait until a prerequisite is not met, and return it."""

    def look() -> Json:
        found = (guide.get(policy).get("status") or {}).get("prerequisites") or ()
        return next((each for each in found if each["name"] == name and each["status"] == "Unmet"), {})

    return until(look, f"{name} is not met", told=lambda: f"{json.dumps(guide.get(policy), indent=1)}\n{guide.log()}")


def ineligible(guide: Cluster, policy: str) -> dict[str, int]:
    """Return why some recovery points are not copied, once the others are."""
    body = guide.wait_until_all_is_copied(policy)
    reasons = body["status"]["destinations"][0]["reasons"]
    return {each["reason"]: each["count"] for each in reasons if each["state"] == "ineligible"}


def started_into(guide: Cluster, vault: str) -> int:
    """Count the copy jobs into vaults of a name."""
    return sum(arn.endswith(f":{vault}") for _, arn in guide.jobs())


def test_same_organization(guide: Cluster) -> None:
    """An account of no organization, or of another one, is no destination: nothing is written there."""
    declare(guide, "stranger", destinations=[into("elsewhere", accountRef={"name": "stranger"})])
    told = row(guide, "stranger", "SameOrganization")

    assert scene.STRANGER in told["message"]
    assert told["remedy"]
    assert started_into(guide, "elsewhere") == 0
    assert not [each for each in guide.control.calls(mutating=True) if each.account == scene.STRANGER]


def test_supported_types(guide: Cluster) -> None:
    """What AWS never copies is told as such, without a job; all else is copied."""
    declare(guide, "kinds", "kinds", destinations=[into("of-kinds")])

    assert ineligible(guide, "kinds") == {"TypeNotSupported": 2}
    assert started_into(guide, "of-kinds") == 1


def test_aws_managed_keys(guide: Cluster) -> None:
    """A snapshot on a key of AWS stays, with what would make the next one go; its neighbour is copied."""
    declare(guide, "snapshots", "snapshots", destinations=[into("of-snapshots")])

    assert ineligible(guide, "snapshots") == {"AwsManagedKey": 1}
    assert started_into(guide, "of-snapshots") == 1
    (told,) = (each for each in guide.get("snapshots")["status"]["prerequisites"] if each["name"] == "SourceKeys")
    assert "vol-managed" in told["message"]
    assert "customer managed key" in told["message"]


def test_permissions(guide: Cluster) -> None:
    """A copy role that may not copy is known before a job fails, with the actions that it lacks."""
    declare(guide, "permissions", copy_role="weak", destinations=[into("by-weak")])
    told = row(guide, "permissions", "CopyRolePermissions")

    assert "backup:CopyIntoBackupVault" in told["message"]
    assert started_into(guide, "by-weak") == 0


def test_several_destinations(guide: Cluster) -> None:
    """One source, two accounts: each recovery point once in each."""
    both = [into("of-two"), into("of-two", name="second", accountRef={"name": "second"})]
    declare(guide, "two", destinations=both)
    body = guide.wait_until_all_is_copied("two")

    assert body["status"]["summary"]["copied"] == "8/8"
    assert started_into(guide, "of-two") == 2 * len(scene.POINTS)
    assert guide.copies("of-two") == guide.copies("of-two", scene.SECOND)


def test_destination_vault_and_its_arn(guide: Cluster) -> None:
    """It is made in the other account, and its ARN stands in the status."""
    declare(guide, "vault", destinations=[into("made-here")])
    body = guide.wait_until_all_is_copied("vault")
    arn = body["status"]["destinations"][0]["vaultArn"]
    made = guide.admin().describe_backup_vault(BackupVaultName="made-here")

    assert arn == made["BackupVaultArn"] == f"arn:aws:backup:{scene.AWAY}:{scene.BACKUP}:backup-vault:made-here"


def test_destination_vault_has_a_key_of_its_own(guide: Cluster) -> None:
    """Made with it; a key that shuts AWS Backup out holds what it writes on it until somebody puts its policy right.

    That is all but what AWS Backup manages in full.
    """
    kms = guide.aws.client("kms", scene.BACKUP, "admin", region=scene.AWAY)
    key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [OWN, SHUT]}))["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/orders-shut", TargetKeyId=key)
    vault = {"name": "on-its-key", "create": True, "encryptionKey": "alias/orders-shut"}
    declare(guide, "key", destinations=[scene.destination(vault=vault)])
    told = row(guide, "key", "VaultKeyPolicy")
    assert "kms:CreateGrant" in told["message"]
    assert {arn.split(":")[2] for arn, into_vault in guide.jobs() if into_vault.endswith(":on-its-key")} <= {"backup"}

    kms.put_key_policy(KeyId=key, Policy=json.dumps({"Version": "2012-10-17", "Statement": [OWN]}))
    guide.wait_until_all_is_copied("key")
    made = guide.admin().describe_backup_vault(BackupVaultName="on-its-key")
    assert made["EncryptionKeyArn"] == key
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyManager"] == "CUSTOMER"


def test_default_vault(guide: Cluster) -> None:
    """The vault Default holds no copies of another account: kubectl says so before anything is asked of AWS."""
    refused = guide.refuse(guide.policy("default", destinations=[scene.destination(vault={"name": "Default"})]))

    assert "spec.destinations[0].vault.name" in refused
    assert "the vault named Default cannot receive copies from other accounts" in refused
