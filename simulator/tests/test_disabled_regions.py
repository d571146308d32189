"""Regions that an account has not opted into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backup_simulator.world import files
from simulator_kit import scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

FAR = "eu-south-1"


def without(server: SimulatorServer, account: str) -> None:
    """A world in which both accounts have a vault far away, and one of them has disabled the Region."""
    scene = scenes.world()
    target = scenes.account(scene, scenes.TARGET)
    target["keys"].append({"region": FAR, "aliases": ["alias/copies"], "policy": scenes.shared_key(scenes.TARGET)})
    target["vaults"].append({"region": FAR, "name": "far", "key": "alias/copies", "policy": scenes.may_copy()})
    scenes.account(scene, account)["disabled_regions"] = [FAR]
    server.control.load(scene)


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        pytest.param("backup", "list_backup_vaults", "UnrecognizedClientException", id="rest-json"),
        pytest.param("kms", "list_keys", "UnrecognizedClientException", id="json"),
        pytest.param("sts", "get_caller_identity", "InvalidClientTokenId", id="query"),
    ],
)
def test_no_key_is_known_in_a_disabled_region(server: SimulatorServer, service: str, operation: str, code: str) -> None:
    """Elsewhere the same key goes on working."""
    without(server, scenes.SOURCE)
    with scenes.refused() as refusal:
        getattr(scenes.client(server, service, scenes.SOURCE, region=FAR), operation)()

    assert refusal.code == code
    assert getattr(scenes.client(server, service, scenes.SOURCE), operation)()


def test_no_session_of_an_account_is_opened_in_a_region_it_disabled(server: SimulatorServer) -> None:
    """Although the caller's own account has enabled it."""
    without(server, scenes.TARGET)
    sts = scenes.client(server, "sts", scenes.TOOLS, region=FAR, user="operator")
    asked = {"RoleArn": f"arn:aws:iam::{scenes.TARGET}:role/operator", "RoleSessionName": "far"}
    with scenes.refused() as refusal:
        sts.assume_role(**asked, ExternalId=scenes.EXTERNAL_ID)

    assert (refusal.code, refusal.status) == ("RegionDisabledException", 403)


@pytest.mark.parametrize(
    ("account", "state"),
    [
        pytest.param(scenes.TARGET, "FAILED", id="the destination has disabled it"),
        pytest.param(scenes.STRANGER, "COMPLETED", id="somebody else has"),
    ],
)
def test_nothing_is_copied_into_a_disabled_region(server: SimulatorServer, account: str, state: str) -> None:
    """Whatever the policy of the vault there says."""
    without(server, account)
    scene = Scene(server)
    job_id = scene.start(scene.add(), DestinationBackupVaultArn=scenes.vault_arn(name="far", region=FAR))
    server.control.advance("5m")

    assert scene.job(job_id)["State"] == state


def test_which_regions_are_disabled_is_listed(server: SimulatorServer) -> None:
    """By its own account; others have theirs, and what nobody can disable is told apart."""
    without(server, scenes.SOURCE)
    account = scenes.client(server, "account", scenes.SOURCE, region="us-east-1")
    found = {each["RegionName"]: each["RegionOptStatus"] for each in account.list_regions(MaxResults=50)["Regions"]}
    off = account.list_regions(RegionOptStatusContains=["DISABLED"])["Regions"]
    first = account.list_regions(MaxResults=1)
    theirs = scenes.client(server, "account", scenes.TARGET, region="us-east-1")

    assert (found[FAR], found["eu-west-1"], found["eu-south-2"]) == ("DISABLED", "ENABLED_BY_DEFAULT", "ENABLED")
    assert off == [{"RegionName": FAR, "RegionOptStatus": "DISABLED"}]
    assert len(first["Regions"]) == 1
    assert account.list_regions(MaxResults=1, NextToken=first["NextToken"])["Regions"] != first["Regions"]
    assert theirs.list_regions(RegionOptStatusContains=["DISABLED"])["Regions"] == []


def test_the_regions_of_another_account_answer_501(server: SimulatorServer) -> None:
    """By the name of the member."""
    with scenes.refused() as refusal:
        scenes.client(server, "account", scenes.PAYER, region="us-east-1").list_regions(AccountId=scenes.SOURCE)

    assert (refusal.code, refusal.status) == ("NotImplemented", 501)


def test_only_regions_to_opt_into_can_be_disabled(server: SimulatorServer) -> None:
    """The world file says which is none."""
    scene = scenes.world()
    scenes.account(scene, scenes.SOURCE)["disabled_regions"] = ["us-east-1"]

    with pytest.raises(files.WorldError, match="no Region to opt into, which nobody can disable: us-east-1"):
        server.control.load(scene)
