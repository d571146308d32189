"""Large worlds from the command, and that they are worlds in which copies succeed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from backup_simulator.__main__ import main
from backup_simulator.transport import InProcess
from backup_simulator.world import files, large

if TYPE_CHECKING:
    from pathlib import Path


def generated(*options: str) -> str:
    """What the command prints."""
    result = CliRunner().invoke(main, ["generate", *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_writes_a_world_that_validates(tmp_path: Path) -> None:
    """Accounts come in pairs, with one that pays; counts multiply."""
    file = tmp_path / "large.yaml"
    file.write_text(generated("--accounts", "3", "--vaults", "2", "--resources", "5", "--points", "10"), "utf-8")
    result = CliRunner().invoke(main, ["validate", "--world", str(file)], catch_exceptions=False)

    assert "7 accounts, 12 vaults, 300 recovery points" in result.output


@pytest.mark.parametrize("option", ["--accounts", "--vaults", "--resources", "--points"])
def test_there_is_at_least_one_of_everything(option: str) -> None:
    """Zero is a slip of the pen."""
    assert CliRunner().invoke(main, ["generate", option, "0"]).exit_code == 2


def test_a_time_that_is_none_is_refused_by_name() -> None:
    """Not by a stack trace."""
    result = CliRunner().invoke(main, ["generate", "--every", "soon"])

    assert result.exit_code == 2
    assert "--every" in result.output


def test_copies_succeed_in_a_large_world() -> None:
    """Role, policy, organization and keys are as a copy needs them."""
    opened = InProcess(files.from_object(large.world(accounts=2, vaults=2, resources=3, points=4)))
    opened.control.freeze()
    account = large.source_id(1)
    source = opened.client("backup", account, "admin", region=large.SOURCE_REGION)
    points = source.list_recovery_points_by_backup_vault(BackupVaultName="vault-2")["RecoveryPoints"]
    started = source.start_copy_job(
        RecoveryPointArn=points[0]["RecoveryPointArn"],
        SourceBackupVaultName="vault-2",
        DestinationBackupVaultArn=large.target_vault_arn(1, 2),
        IamRoleArn=large.copy_role_arn(1),
    )
    opened.control.advance("10m")
    job = source.describe_copy_job(CopyJobId=started["CopyJobId"])["CopyJob"]

    assert len(points) == 12
    assert job["State"] == "COMPLETED", json.dumps(job, default=str)
