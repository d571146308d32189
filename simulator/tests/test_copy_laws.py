"""How copies are written down: as documented, and as a world file may have it to try clients with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulator_kit import scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


def copied(server: SimulatorServer, **law: str) -> tuple[scenes.Json, scenes.Json, scenes.Json]:
    """Copy a recovery point under a law and return its row, its copy's and the job."""
    server.control.load(scenes.world() | {"copies": law})
    scene = Scene(server)
    source = scene.points()[0]
    job = scene.start(source["RecoveryPointArn"])
    server.control.advance(66)
    (copy,) = scene.copies()
    return source, copy, scene.job(job)


def test_copies_are_written_down_as_documented(server: SimulatorServer) -> None:
    """The source's date and resource, the vault it came from, and the ARN that the job names."""
    source, copy, job = copied(server)

    assert (copy["ResourceArn"], copy["CreationDate"]) == (source["ResourceArn"], source["CreationDate"])
    assert copy["SourceBackupVaultArn"] == source["BackupVaultArn"] == job["SourceBackupVaultArn"]
    assert copy["RecoveryPointArn"] == job["DestinationRecoveryPointArn"]


@pytest.mark.parametrize("date", ["second", "hour", "copy"])
def test_the_date_of_a_copy_may_be_another(server: SimulatorServer, date: str) -> None:
    """Cut to the second or the hour, or that of the copy."""
    source, copy, job = copied(server, date=date)
    cut = source["CreationDate"].replace(microsecond=0)
    expected = {"second": cut, "hour": cut.replace(minute=0, second=0), "copy": job["CompletionDate"]}

    assert copy["CreationDate"] == expected[date]


def test_the_origin_the_resource_and_the_arn_may_be_others(server: SimulatorServer) -> None:
    """Nothing of the source is told; a chain names its beginning."""
    _, copy, job = copied(server, origin="null", resource="absent", job_arn="other")
    assert {"SourceBackupVaultArn", "ResourceArn"} & copy.keys() == set()
    assert job["DestinationRecoveryPointArn"] != copy["RecoveryPointArn"]

    source, copy, _ = copied(server, origin="first", resource="other")
    assert copy["SourceBackupVaultArn"] == source["BackupVaultArn"]
    assert copy["ResourceArn"] != source["ResourceArn"]
