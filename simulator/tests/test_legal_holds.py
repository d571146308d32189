"""Legal holds: what they keep, for how long, and what they do not keep."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from collections.abc import Callable

    from backup_simulator.server import SimulatorServer

HELD = "The recovery point cannot be deleted because it has active legal hold(s)"
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
SAID = {"Title": "matter 7", "Description": "asked by counsel"}


class Held:
    """The source account with a vault of two file systems' backups, one of them due to expire in two days."""

    def __init__(self, server: SimulatorServer) -> None:
        scene = scenes.world()
        points = [
            {"resource_type": "EFS", "resource": "fs-a", "age": "5d", "lifecycle": {"delete_after_days": 7}},
            {"resource_type": "EFS", "resource": "fs-b", "age": "3d", "lifecycle": {"move_to_cold_after_days": 4}},
            {"resource_type": "S3", "resource": "docs", "continuous": True, "status": "AVAILABLE"},
        ]
        vault = {"region": scenes.HOME, "name": "files", "key": "alias/vault", "recovery_points": points}
        scenes.account(scene, scenes.SOURCE)["vaults"].append(vault)
        server.control.load(scene)
        self.server = server
        self.client: Any = scenes.client(server, "backup", scenes.SOURCE)

    def points(self) -> dict[str, scenes.Json]:
        """What lies in the vault, by name of the resource."""
        found = self.client.list_recovery_points_by_backup_vault(BackupVaultName="files")["RecoveryPoints"]
        return {point["ResourceName"]: point for point in found}

    def arn(self, name: str = "fs-a") -> str:
        """The recovery point of a resource."""
        return str(self.points()[name]["RecoveryPointArn"])

    def hold(self, **selection: Any) -> str:
        """Make a hold and return its id."""
        asked = {"RecoveryPointSelection": selection} if selection else {}
        return str(self.client.create_legal_hold(**SAID, **asked)["LegalHoldId"])

    def kept(self, hold: str) -> set[str]:
        """Names of the resources whose recovery points a hold keeps."""
        found = self.client.list_recovery_points_by_legal_hold(LegalHoldId=hold)["RecoveryPoints"]
        return {each["ResourceArn"].replace("/", ":").rpartition(":")[2] for each in found}

    def delete(self) -> None:
        """Delete a recovery point."""
        self.client.delete_recovery_point(BackupVaultName="files", RecoveryPointArn=self.arn())

    def disassociate(self) -> None:
        """Take a recovery point out of its composite one."""
        self.client.disassociate_recovery_point_from_parent(BackupVaultName="files", RecoveryPointArn=self.arn())


@pytest.fixture
def held(server: SimulatorServer) -> Held:
    """A vault with something to keep."""
    return Held(server)


@pytest.mark.parametrize(
    "change", [pytest.param(Held.delete, id="deletion"), pytest.param(Held.disassociate, id="disassociation")]
)
def test_what_is_held_is_not_deleted(held: Held, change: Callable[[Held], None]) -> None:
    """As long as any hold is in force; one of two that is cancelled frees nothing."""
    first, _ = held.hold(), held.hold(VaultNames=["files"])
    held.client.cancel_legal_hold(LegalHoldId=first, CancelDescription="over")
    held.server.control.advance("1m")

    with scenes.refused() as refusal:
        change(held)

    assert (refusal.code, refusal.message) == ("InvalidRequestException", HELD)


@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        pytest.param({}, {"fs-a", "fs-b", "vol-1"}, id="everything but the continuous one"),
        pytest.param({"VaultNames": ["files"]}, {"fs-a", "fs-b"}, id="one vault"),
        pytest.param(
            {"ResourceIdentifiers": [f"arn:aws:elasticfilesystem:{scenes.HOME}:{scenes.SOURCE}:file-system/fs-b"]},
            {"fs-b"},
            id="one resource",
        ),
        pytest.param(
            {"DateRange": {"FromDate": START - dt.timedelta(days=4), "ToDate": START}},
            {"fs-b", "vol-1"},
            id="some days",
        ),
    ],
)
def test_a_hold_means_what_it_selects(held: Held, selection: scenes.Json, kept: set[str]) -> None:
    """Vaults, resources and creation dates, all of them together."""
    assert held.kept(held.hold(**selection)) == kept


def test_what_was_due_goes_when_the_hold_is_cancelled(held: Held) -> None:
    """Expiry and cold storage wait for the end of the hold."""
    hold = held.hold(VaultNames=["files"])
    held.server.control.advance("10d")
    waiting = held.points()
    described = held.client.describe_recovery_point(BackupVaultName="files", RecoveryPointArn=held.arn("fs-b"))
    held.client.cancel_legal_hold(LegalHoldId=hold, CancelDescription="over")
    held.server.control.advance("9h")

    after = held.client.describe_recovery_point(BackupVaultName="files", RecoveryPointArn=held.arn("fs-b"))
    assert "fs-a" in waiting
    assert described["StorageClass"] == "WARM"
    assert "fs-a" not in held.points()
    assert after["StorageClass"] == "COLD"


def test_a_hold_comes_too_late_for_what_is_being_deleted(held: Held) -> None:
    """A deletion that was accepted goes on; the hold keeps the rest."""
    held.delete()
    hold = held.hold(VaultNames=["files"])
    statuses = {name: point["Status"] for name, point in held.points().items()}
    held.server.control.advance("5m")

    assert statuses["fs-a"] == "DELETING"
    assert set(held.points()) == {"fs-b", "docs"}
    assert held.kept(hold) == {"fs-b"}


def test_what_comes_later_is_not_held(held: Held) -> None:
    """A copy that arrives after the hold was made can be deleted; its source cannot."""
    hold = held.hold()
    held.client.start_copy_job(
        RecoveryPointArn=held.arn("fs-b"),
        SourceBackupVaultName="files",
        DestinationBackupVaultArn=scenes.vault_arn(scenes.SOURCE, "backups", scenes.HOME),
        IamRoleArn=scenes.COPIER,
    )
    held.server.control.advance("2m")
    copied = held.client.list_copy_jobs()["CopyJobs"][0]["DestinationRecoveryPointArn"]

    held.client.delete_recovery_point(BackupVaultName="backups", RecoveryPointArn=copied)

    assert held.kept(hold) == {"fs-a", "fs-b", "vol-1"}


def test_a_hold_lives_from_making_to_forgetting(held: Held) -> None:
    """CREATING, ACTIVE, CANCELING, CANCELED, and gone when its record need not be kept any longer."""
    client, states = held.client, []
    made = client.create_legal_hold(**SAID, IdempotencyToken="once", Tags={"matter": "7"})
    again = client.create_legal_hold(**SAID, IdempotencyToken="once")
    hold = {"LegalHoldId": made["LegalHoldId"]}
    tags = client.list_tags(ResourceArn=made["LegalHoldArn"])["Tags"]
    states.append(made["Status"])
    held.server.control.advance("10s")
    states.append(client.get_legal_hold(**hold)["Status"])
    client.cancel_legal_hold(**hold, CancelDescription="settled", RetainRecordInDays=30)
    states.append(client.get_legal_hold(**hold)["Status"])
    with scenes.refused() as twice:
        client.cancel_legal_hold(**hold, CancelDescription="settled")
    held.server.control.advance("10s")
    ended = client.get_legal_hold(**hold)
    listed = client.list_legal_holds()["LegalHolds"]
    held.server.control.advance("30d")
    with scenes.refused() as gone:
        client.get_legal_hold(**hold)

    assert again["LegalHoldId"] == made["LegalHoldId"]
    assert tags == {"matter": "7"}
    assert [*states, ended["Status"]] == ["CREATING", "ACTIVE", "CANCELING", "CANCELED"]
    assert ended["CancelDescription"] == "settled"
    assert ended["RetainRecordUntil"] == START + dt.timedelta(days=30, seconds=10)
    assert [each["Title"] for each in listed] == ["matter 7"]
    assert (twice.code, gone.code) == ("InvalidResourceStateException", "ResourceNotFoundException")


@pytest.mark.parametrize(
    ("selection", "code"),
    [
        pytest.param({"VaultNames": ["none"]}, "InvalidParameterValueException", id="vault that is not there"),
        pytest.param(
            {"DateRange": {"FromDate": START, "ToDate": START - dt.timedelta(days=1)}},
            "InvalidParameterValueException",
            id="range that ends before it begins",
        ),
    ],
)
def test_a_hold_that_cannot_be_is_refused(held: Held, selection: scenes.Json, code: str) -> None:
    """With the error for wrong values, and nothing is held."""
    with scenes.refused() as refusal:
        held.hold(**selection)

    assert refusal.code == code
    assert held.client.list_legal_holds()["LegalHolds"] == []


def test_the_number_of_active_holds_is_limited(held: Held) -> None:
    """Fifty at a time."""
    for _ in range(50):
        held.hold()

    with scenes.refused() as refusal:
        held.hold()

    assert refusal.code == "LimitExceededException"
