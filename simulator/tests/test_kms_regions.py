"""KMS: multi-Region keys: a primary, its replicas, and how they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.transport import InProcess
from simulator_kit import scenes

if TYPE_CHECKING:
    from collections.abc import Callable

FAR = "us-east-1"


class Keys:
    """An account's clients in three Regions, and a primary key at home."""

    def __init__(self, change: Callable[[scenes.Json], None] | None = None) -> None:
        scene = scenes.world()
        if change:
            change(scene)
        self.opened = InProcess(scene)
        self.home, self.away, self.far = (self.client(region) for region in (scenes.HOME, scenes.AWAY, FAR))
        made = self.home.create_key(MultiRegion=True, Description="orders")["KeyMetadata"]
        self.key = str(made["KeyId"])
        self.arn = str(made["Arn"])

    def client(self, region: str, account: str = scenes.SOURCE, user: str = "admin") -> Any:
        """A client of a Region."""
        return self.opened.client("kms", account, user, region=region, config=scenes.fast())

    def shown(self, client: Any) -> Any:
        """What a Region tells of the key."""
        return client.describe_key(KeyId=self.key)["KeyMetadata"]

    def replicate(self, region: str = scenes.AWAY, **options: Any) -> Any:
        """Make a replica."""
        return self.home.replicate_key(KeyId=self.key, ReplicaRegion=region, **options)


def test_a_replica_is_the_same_key_elsewhere() -> None:
    """Of one id, with a description, tags and a policy of its own; each opens what the other closed."""
    keys = Keys()
    made = keys.replicate(Description="copy", Tags=[{"TagKey": "a", "TagValue": "b"}])
    keys.replicate(FAR)
    primary, replica = keys.shown(keys.home), keys.shown(keys.away)
    blob = keys.home.encrypt(KeyId=keys.key, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
    opened = keys.away.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})
    kinds = primary["MultiRegionConfiguration"]

    assert keys.key.startswith("mrk-")
    assert len(keys.key) == 36
    assert made["ReplicaKeyMetadata"]["Arn"] == replica["Arn"] == keys.arn.replace(scenes.HOME, scenes.AWAY)
    assert (replica["Description"], replica["KeyState"], primary["Description"]) == ("copy", "Enabled", "orders")
    assert made["ReplicaTags"] == [{"TagKey": "a", "TagValue": "b"}]
    assert kinds["MultiRegionKeyType"] == "PRIMARY"
    assert kinds["PrimaryKey"] == {"Arn": keys.arn, "Region": scenes.HOME}
    assert [one["Region"] for one in kinds["ReplicaKeys"]] == [scenes.AWAY, FAR]
    assert replica["MultiRegionConfiguration"] == kinds | {"MultiRegionKeyType": "REPLICA"}
    assert (opened["Plaintext"], opened["KeyId"]) == (b"x", replica["Arn"])


def test_a_key_of_one_region_stays_there() -> None:
    """It has no configuration, and cannot be replicated."""
    keys = Keys()
    single = keys.home.describe_key(KeyId="alias/data")["KeyMetadata"]
    keys.replicate()
    refusals = []
    for client, asked in (
        (keys.home, {"KeyId": single["KeyId"], "ReplicaRegion": FAR}),
        (keys.away, {"KeyId": keys.key, "ReplicaRegion": FAR}),
        (keys.home, {"KeyId": keys.key, "ReplicaRegion": scenes.AWAY}),
    ):
        with scenes.refused() as refusal:
            client.replicate_key(**asked)
        refusals.append(refusal.code)

    assert single["MultiRegion"] is False
    assert "MultiRegionConfiguration" not in single
    assert refusals == ["UnsupportedOperationException", "UnsupportedOperationException", "AlreadyExistsException"]


def test_the_primary_moves() -> None:
    """To a replica, with its rotation; there it is replicated from now on."""
    keys = Keys()
    keys.replicate()
    keys.home.enable_key_rotation(KeyId=keys.key)
    keys.home.update_primary_region(KeyId=keys.key, PrimaryRegion=scenes.AWAY)
    with scenes.refused() as former:
        keys.replicate(FAR)
    keys.away.replicate_key(KeyId=keys.key, ReplicaRegion=FAR)
    with scenes.refused() as nowhere:
        keys.away.update_primary_region(KeyId=keys.key, PrimaryRegion="eu-north-1")
    with scenes.refused() as replica:
        keys.home.disable_key_rotation(KeyId=keys.key)

    assert former.code == replica.code == "UnsupportedOperationException"
    assert nowhere.code == "NotFoundException"
    assert keys.shown(keys.home)["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA"
    assert keys.shown(keys.away)["MultiRegionConfiguration"]["PrimaryKey"]["Region"] == scenes.AWAY
    assert [
        client.get_key_rotation_status(KeyId=keys.key)["KeyRotationEnabled"]
        for client in (keys.home, keys.away, keys.far)
    ] == [True] * 3


def test_a_primary_goes_after_its_replicas() -> None:
    """It waits for them, and its own window begins when the last one is gone."""
    keys = Keys()
    keys.replicate()
    waiting = keys.home.schedule_key_deletion(KeyId=keys.key, PendingWindowInDays=7)
    keys.opened.control.advance("30d")
    still = keys.shown(keys.home)
    keys.away.schedule_key_deletion(KeyId=keys.key, PendingWindowInDays=10)
    keys.opened.control.advance("10d")
    alone = keys.shown(keys.home)
    with scenes.refused() as gone:
        keys.shown(keys.away)
    keys.opened.control.advance("7d")
    with scenes.refused() as last:
        keys.shown(keys.home)

    assert (waiting["KeyState"], waiting["PendingWindowInDays"]) == ("PendingReplicaDeletion", 7)
    assert "DeletionDate" not in waiting
    assert (still["KeyState"], still["PendingDeletionWindowInDays"]) == ("PendingReplicaDeletion", 7)
    assert alone["KeyState"] == "PendingDeletion"
    assert (alone["DeletionDate"] - still["CreationDate"]).days == 47
    assert gone.code == last.code == "NotFoundException"


def test_a_waiting_primary_is_kept() -> None:
    """Cancelled, it is disabled, and its replicas are none the worse."""
    keys = Keys()
    keys.replicate()
    keys.home.schedule_key_deletion(KeyId=keys.key)
    keys.home.cancel_key_deletion(KeyId=keys.key)

    assert keys.shown(keys.home)["KeyState"] == "Disabled"
    assert keys.shown(keys.away)["KeyState"] == "Enabled"


DENIED: list[Any] = [
    pytest.param("kms:ReplicateKey", {}, id="the key"),
    pytest.param("kms:ReplicateKey", {"StringEquals": {"kms:ReplicaRegion": scenes.AWAY}}, id="the Region"),
    pytest.param("kms:CreateKey", {"StringEquals": {"kms:MultiRegionKeyType": "REPLICA"}}, id="another replica"),
    pytest.param("kms:CreateKey", {"StringEquals": {"aws:RequestedRegion": scenes.AWAY}}, id="a key over there"),
    pytest.param("kms:TagResource", {}, id="tags"),
]


@pytest.mark.parametrize(("action", "condition"), DENIED)
def test_replicating_needs_a_right_here_and_there(action: str, condition: scenes.Json) -> None:
    """On the key, and to make one in the other Region."""
    keys = Keys()
    deny = {"Effect": "Deny", "Action": action, "Resource": "*"} | ({"Condition": condition} if condition else {})
    iam = keys.opened.client("iam", scenes.SOURCE, "admin", region=scenes.HOME, config=scenes.fast())
    iam.put_user_policy(UserName="admin", PolicyName="no", PolicyDocument=scenes.text(scenes.policy(deny)))
    with scenes.refused() as refusal:
        keys.replicate(Tags=[{"TagKey": "a", "TagValue": "b"}])

    assert refusal.code == "AccessDeniedException"
    assert action in refusal.message


def test_a_world_has_multi_region_keys_and_copies_name_them() -> None:
    """A vault here and a vault there, each with its Region's key of one id."""

    def change(scene: scenes.Json) -> None:
        target = scenes.account(scene, scenes.TARGET)
        target["keys"] = [
            {
                "region": scenes.HOME,
                "replicas": [scenes.AWAY],
                "aliases": ["alias/copies"],
                "policy": scenes.shared_key(scenes.TARGET),
            }
        ]

    keys = Keys(change)
    target = keys.client(scenes.AWAY, scenes.TARGET)
    key = target.describe_key(KeyId="alias/copies")["KeyMetadata"]
    source = keys.opened.client("backup", scenes.SOURCE, "admin", region=scenes.HOME, config=scenes.fast())
    (point,) = source.list_recovery_points_by_backup_vault(BackupVaultName="backups")["RecoveryPoints"]
    job = source.start_copy_job(
        RecoveryPointArn=point["RecoveryPointArn"],
        SourceBackupVaultName="backups",
        DestinationBackupVaultArn=scenes.vault_arn(),
        IamRoleArn=scenes.COPIER,
    )["CopyJobId"]
    keys.opened.control.advance("10m")
    over_there = keys.opened.client("backup", scenes.TARGET, "admin", region=scenes.AWAY, config=scenes.fast())
    (copy,) = over_there.list_recovery_points_by_backup_vault(BackupVaultName="copies")["RecoveryPoints"]

    assert key["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA"
    assert source.describe_copy_job(CopyJobId=job)["CopyJob"]["State"] == "COMPLETED"
    assert copy["EncryptionKeyArn"] == key["Arn"]
