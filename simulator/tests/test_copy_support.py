"""What can be copied whereto, and what the copy role has to be allowed in the services of the resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backup_simulator.records import resource_types
from simulator_kit import scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

FOR_RESOURCES = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
BACKED_UP = {"Null": {"aws:ResourceTag/aws:backup:source-resource": "false"}}
RDS_SNAPSHOTS = ["arn:aws:rds:*:*:snapshot:awsbackup:*", "arn:aws:rds:*:*:cluster-snapshot:awsbackup:*"]
# The parts of AWSBackupServiceRolePolicyForBackup that copies use.
MANAGED = [
    scenes.allow(
        "backup:DescribeBackupVault", "backup:CopyIntoBackupVault", resource="arn:aws:backup:*:*:backup-vault:*"
    ),
    scenes.allow("backup:CopyFromBackupVault", "kms:DescribeKey"),
    scenes.allow("kms:CreateGrant", condition=FOR_RESOURCES),
    scenes.allow("ec2:ModifySnapshotAttribute", "ec2:ModifyImageAttribute", condition=BACKED_UP),
    scenes.allow("ec2:CopySnapshot", "ec2:CopyImage", "ec2:DescribeTags"),
    scenes.allow("rds:CopyDBSnapshot", "rds:CopyDBClusterSnapshot", "rds:ListTagsForResource"),
    scenes.allow("rds:ModifyDBSnapshotAttribute", "rds:ModifyDBClusterSnapshotAttribute", resource=RDS_SNAPSHOTS),
    scenes.allow(
        "fsx:CopyBackup",
        "fsx:ManageBackupPrincipalAssociations",
        "fsx:ListTagsForResource",
        resource="arn:aws:fsx:*:*:backup/*",
    ),
]
COPIED = sorted(name for name, row in resource_types.TYPES.items() if row.copies and row.cross_account)


def outcome(server: SimulatorServer, world: scenes.Json, part: scenes.Json, **changes: str) -> tuple[str, str | None]:
    """State and message of a copy in a world."""
    server.control.load(world)
    scene = Scene(server)
    job_id = scene.start(scene.add(**part), **changes)
    server.control.advance("5m")
    job = scene.job(job_id)
    return job["State"], job.get("StatusMessage")


@pytest.mark.parametrize("kind", COPIED)
@pytest.mark.parametrize(
    "policies",
    [
        pytest.param(MANAGED, id="its parts about copies"),
        pytest.param(
            ["arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"], id="the managed policy"
        ),
    ],
)
def test_what_aws_gives_the_copy_role_is_enough(
    server: SimulatorServer, policies: list[scenes.Json], kind: str
) -> None:
    """For every type that can be copied across accounts."""
    world = scenes.world()
    scenes.account(world, scenes.SOURCE)["roles"][0]["policies"] = policies
    part = {"resource_type": kind, "resource": "r-1", "key": "alias/data"}

    assert outcome(server, world, part) == ("COMPLETED", None)


UNAUTHORIZED = "You are not authorized to perform this operation."
HIDDEN = "Access denied exception while trying to list tags"


@pytest.mark.parametrize(
    ("kind", "action", "message"),
    [
        pytest.param("EBS", "ec2:ModifySnapshotAttribute", UNAUTHORIZED, id="EBS is shared"),
        pytest.param("EC2", "ec2:ModifyImageAttribute", UNAUTHORIZED, id="images are shared"),
        pytest.param("RDS", "rds:ModifyDBSnapshotAttribute", UNAUTHORIZED, id="databases are shared"),
        pytest.param("Neptune", "rds:ModifyDBClusterSnapshotAttribute", UNAUTHORIZED, id="clusters are shared"),
        pytest.param("FSx", "fsx:ManageBackupPrincipalAssociations", UNAUTHORIZED, id="FSx is shared"),
        pytest.param("EBS", "ec2:DescribeTags", HIDDEN, id="tags of EC2"),
        pytest.param("Aurora", "rds:ListTagsForResource", HIDDEN, id="tags of RDS"),
        pytest.param("FSx", "fsx:ListTagsForResource", HIDDEN, id="tags of FSx"),
        pytest.param("EFS", "ec2:ModifySnapshotAttribute", None, id="EFS needs none of these"),
    ],
)
def test_a_right_that_lacks_fails_the_copy(
    server: SimulatorServer, kind: str, action: str, message: str | None
) -> None:
    """Each type needs its own."""
    world = scenes.world()
    denied = scenes.policy({"Effect": "Deny", "Action": action, "Resource": "*"})
    scenes.account(world, scenes.SOURCE)["roles"][0]["policies"] = [*MANAGED, denied]
    part = {"resource_type": kind, "resource": "r-1", "key": "alias/data"}

    assert outcome(server, world, part)[1] == message


@pytest.mark.parametrize(
    ("kind", "region", "state"),
    [
        pytest.param("Neptune", "eu-south-1", "FAILED", id="Neptune into a Region to opt into"),
        pytest.param("Timestream", "eu-south-1", "FAILED", id="Timestream into a Region to opt into"),
        pytest.param("Neptune", "eu-north-1", "COMPLETED", id="Neptune elsewhere"),
        pytest.param("EFS", "eu-south-1", "COMPLETED", id="EFS into a Region to opt into"),
    ],
)
def test_some_types_stay_out_of_regions_to_opt_into(
    server: SimulatorServer, kind: str, region: str, state: str
) -> None:
    """Across accounts."""
    world = scenes.world()
    scenes.account(world, scenes.TARGET)["keys"][0]["region"] = region
    scenes.target_vault(world)["region"] = region
    part = {"resource_type": kind, "resource": "r-1", "key": "alias/data"}
    found = outcome(server, world, part, DestinationBackupVaultArn=scenes.vault_arn(region=region))

    assert found[0] == state
    if state == "FAILED":
        assert "Feature is not supported for provided resource type." in str(found[1])


def test_multi_az_clusters_of_rds_are_never_copied(server: SimulatorServer) -> None:
    """A footnote of AWS's matrix; instances are."""
    arn = f"arn:aws:rds:eu-west-1:{scenes.SOURCE}:cluster-snapshot:awsbackup:job-1"
    part = {"resource_type": "RDS", "resource": "db-1", "key": "alias/data", "arn": arn}
    state, message = outcome(server, scenes.world(), part)

    assert state == "FAILED"
    assert message == "Copy job failed. Unsupported resource type: RDS"


@pytest.mark.parametrize(
    ("allowed", "state"),
    [
        pytest.param(None, "COMPLETED", id="the setting is off"),
        pytest.param([scenes.SOURCE], "COMPLETED", id="the source account is allowed"),
        pytest.param(["amazon"], "FAILED", id="others are allowed"),
    ],
)
def test_allowed_amis_of_the_destination_count(server: SimulatorServer, allowed: list[str] | None, state: str) -> None:
    """For images only."""
    world = scenes.world()
    scenes.account(world, scenes.TARGET)["allowed_amis"] = allowed
    image = {"resource_type": "EC2", "resource": "i-1", "key": "alias/data"}
    volume = {"resource_type": "EBS", "resource": "vol-7", "key": "alias/data"}

    assert outcome(server, world, image)[0] == state
    assert outcome(server, world, volume)[0] == "COMPLETED"


@pytest.mark.parametrize(("days", "state"), [(7, "COMPLETED"), (6, "FAILED"), (400, "COMPLETED"), (401, "FAILED")])
def test_an_air_gapped_vault_holds_copies_to_its_bounds(server: SimulatorServer, days: int, state: str) -> None:
    """As a locked vault does."""
    world = scenes.world()
    scenes.target_vault(world).update(air_gapped=True, lock={"min_days": 7, "max_days": 400}, key=None)
    part = {"resource_type": "EFS", "resource": "fs-1", "lifecycle": {"delete_after_days": days}}

    assert outcome(server, world, part)[0] == state


def test_unencrypted_clusters_stay_unencrypted(server: SimulatorServer) -> None:
    """Their copies have no key, whatever the vault's; for the same reason air-gapped vaults do not take them."""
    world = scenes.world()
    part = {"resource_type": "Aurora", "resource": "shop", "key": None}
    state, _ = outcome(server, world, part)
    copies = Scene(server).copies()
    scenes.target_vault(world).update(air_gapped=True, lock={"min_days": 7, "max_days": 400}, key=None)
    refused, message = outcome(server, world, part | {"lifecycle": {"delete_after_days": 35}})

    assert (state, copies[0]["IsEncrypted"]) == ("COMPLETED", False)
    assert refused == "FAILED"
    assert "Logically air-gapped" in str(message)
