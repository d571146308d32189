"""The demo's way through the quickstart world, with the rights the roles in it have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.server import SimulatorServer
from simulator_kit import scenes

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICKSTART = Path(__file__).parents[1] / "worlds" / "quickstart.yaml"
COPIER = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"


@pytest.fixture
def demo() -> Iterator[SimulatorServer]:
    """The quickstart world, standing still."""
    with SimulatorServer(QUICKSTART) as server:
        server.control.freeze()
        yield server


def session(server: SimulatorServer, account: str, role: str, service: str, region: str) -> Any:
    """A client of one of the operator's roles."""
    sts = scenes.client(server, "sts", "555555555555", user="crossvault-operator")
    arn = f"arn:aws:iam::{account}:role/{role}"
    found = sts.assume_role(RoleArn=arn, RoleSessionName="demo", ExternalId="demo-external-id")["Credentials"]
    return scenes.session_client(server, service, found, region=region)


def test_the_operator_may_nothing_but_assume_its_roles(demo: SimulatorServer) -> None:
    """Its own user has no right on any vault."""
    with scenes.refused() as refusal:
        scenes.client(demo, "backup", "555555555555", user="crossvault-operator").list_backup_vaults()

    assert refusal.code == "AccessDeniedException"


def test_everything_is_brought_over(demo: SimulatorServer) -> None:
    """Vault, policy and twenty-four copies, all with the roles' own rights."""
    source = session(demo, "111111111111", "crossvault-source", "backup", "eu-west-1")
    target = session(demo, "222222222222", "crossvault-destination", "backup", "eu-central-1")
    kms = session(demo, "222222222222", "crossvault-destination", "kms", "eu-central-1")
    key = kms.describe_key(KeyId="alias/orders-copies")["KeyMetadata"]["Arn"]
    vault = target.create_backup_vault(
        BackupVaultName="orders-copies", EncryptionKeyArn=key, BackupVaultTags={"a": "b"}
    )
    policy = scenes.may_copy({"AWS": COPIER})
    target.put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=scenes.text(policy))
    points = source.list_recovery_points_by_backup_vault(BackupVaultName="orders")["RecoveryPoints"]
    for point in points:
        source.start_copy_job(
            RecoveryPointArn=point["RecoveryPointArn"],
            SourceBackupVaultName="orders",
            DestinationBackupVaultArn=vault["BackupVaultArn"],
            IamRoleArn=COPIER,
        )
    demo.control.advance("10m")
    jobs = source.list_copy_jobs()["CopyJobs"]
    copies = target.list_recovery_points_by_backup_vault(BackupVaultName="orders-copies")["RecoveryPoints"]

    assert {(job["State"], job.get("StatusMessage")) for job in jobs} == {("COMPLETED", None)}
    assert len(copies) == len(points) == 24
    assert {(copy["ResourceArn"], copy["CreationDate"]) for copy in copies} == {
        (point["ResourceArn"], point["CreationDate"]) for point in points
    }


@pytest.mark.parametrize("account", ["111111111111", "222222222222", "555555555555", "999999999999"])
def test_every_account_has_an_administrator(demo: SimulatorServer, account: str) -> None:
    """For the AWS CLI in the demo."""
    assert scenes.client(demo, "sts", account).get_caller_identity()["Account"] == account
