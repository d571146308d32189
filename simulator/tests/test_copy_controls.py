"""Service control policies about copies, as AWS's guide suggests them, and boundaries of copy roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulator_kit import scenes
from simulator_kit.changes import ACCESS
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

COPIES = scenes.vault_arn()
OTHERS = f"arn:aws:backup:*:{scenes.TARGET}:backup-vault:central-*"
HERE = "o-simulator01/r-cv01/"


def deny(action: str, condition: scenes.Json, resource: str = "*") -> scenes.Json:
    """A control policy of one Deny."""
    return scenes.policy({"Effect": "Deny", "Action": action, "Resource": resource, "Condition": condition})


def only_to(*vaults: str) -> scenes.Json:
    """Snapshots may be copied into these vaults only."""
    condition = {"ForAllValues:ArnNotLike": {"backup:CopyTargets": list(vaults)}}
    return deny("backup:CopyFromBackupVault", condition, "arn:aws:ec2:*:*:snapshot/*")


def only_below(path: str) -> scenes.Json:
    """Copies go to accounts below this unit only."""
    condition = {"ForAllValues:StringNotLike": {"backup:CopyTargetOrgPaths": [path]}}
    return deny("backup:CopyFromBackupVault", condition)


MARKED = deny("backup:CopyIntoBackupVault", {"Null": {"aws:ResourceTag/DestinationBackupVault": "true"}})


@pytest.mark.parametrize(
    ("control", "tags", "allowed"),
    [
        pytest.param(MARKED, {}, False, id="the vault is not marked as a destination"),
        pytest.param(MARKED, {"DestinationBackupVault": "yes"}, True, id="the vault is marked as a destination"),
        pytest.param(only_to(COPIES), {}, True, id="the vault is among the targets"),
        pytest.param(only_to(OTHERS), {}, False, id="the vault is not among the targets"),
        pytest.param(only_below(f"{HERE}*"), {}, True, id="the account is below the unit"),
        pytest.param(only_below(f"{HERE}ou-cv01-backups1/*"), {}, False, id="the account is below another unit"),
        pytest.param(
            deny("*", {"StringNotEquals": {"aws:RequestedRegion": [scenes.HOME, scenes.AWAY]}}),
            {},
            True,
            id="both Regions are allowed",
        ),
        pytest.param(
            deny("*", {"StringNotEquals": {"aws:RequestedRegion": scenes.HOME}}),
            {},
            False,
            id="only the source's Region is allowed",
        ),
        pytest.param(
            deny("backup:CopyFromBackupVault", {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}),
            {},
            True,
            id="another Region is barred",
        ),
    ],
)
def test_control_policies_hold_the_copy_role(
    server: SimulatorServer, control: scenes.Json, tags: dict[str, str], *, allowed: bool
) -> None:
    """They come out as a failed job, not as a refused StartCopyJob."""
    world = scenes.world()
    world["organization"]["control_policies"] = [
        {"id": "p-copies01", "name": "copies", "document": control, "targets": [scenes.SOURCE]}
    ]
    scenes.target_vault(world)["tags"] = tags
    server.control.load(world)
    scene = Scene(server)
    job_id = scene.start()
    server.control.advance("2m")
    job = scene.job(job_id)

    assert job["State"] == ("COMPLETED" if allowed else "FAILED")
    if not allowed:
        assert (job["MessageCategory"], job["StatusMessage"]) == ("ACCESS_DENIED", ACCESS)


def test_a_boundary_holds_the_copy_role(server: SimulatorServer) -> None:
    """Whatever its policies allow."""
    world = scenes.world()
    account = scenes.account(world, scenes.SOURCE)
    account["policies"] = [{"name": "reading", "document": scenes.allow("backup:Describe*")}]
    account["roles"][0]["boundary"] = f"arn:aws:iam::{scenes.SOURCE}:policy/reading"
    server.control.load(world)
    scene = Scene(server)
    job_id = scene.start()
    server.control.advance("2m")

    assert scene.job(job_id)["StatusMessage"] == ACCESS
