"""Large worlds from the command, and that they are worlds in which copies succeed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from bench import simulator as bench
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from backup_simulator.__main__ import main
from backup_simulator.transport import InProcess
from backup_simulator.world import building, files, large, schema

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


NUMBERS = st.integers(-1, 3) | st.integers(4, 400)
TIMES = st.sampled_from(["0s", "0.1s", "0.7s", "1s", "90s", "1h30m", "1.1d", "1d", "52w", "900000d", "soon", ""])


@example(accounts=10, vaults=10, resources=100, points=0, every="1d", seed=1)
@example(accounts=1, vaults=1, resources=1, points=4, every="0.1s", seed=1)
@example(accounts=1, vaults=1, resources=1, points=1001, every="1.1d", seed=-1)
@given(
    accounts=st.integers(-1, 3),
    vaults=st.integers(-1, 3),
    resources=NUMBERS | st.just(schema.MOST_POINTS),
    points=NUMBERS | st.just(schema.MOST_POINTS),
    every=TIMES,
    seed=st.integers(),
)
def test_whatever_is_accepted_can_be_loaded(
    accounts: int, vaults: int, resources: int, points: int, every: str, seed: int
) -> None:
    """With as many recovery points as were asked for; what is refused is refused by name, with what to give instead."""
    shape = {"accounts": accounts, "vaults": vaults, "resources": resources, "points": points}
    refused: large.ShapeError | None = None
    try:
        world = large.world(**shape, every=every, seed=seed)
    except large.ShapeError as error:
        refused = error
    if refused:
        assert refused.field in {*shape, "every"}
        assert str(refused).startswith(f"{refused.field}: ")
        assert "give" in refused.cause or "write" in refused.cause
        return
    loaded = files.from_object(world)
    made = [part for account in loaded.accounts for vault in account.vaults for part in vault.generate]
    counted = sum(part.resources * part.steps for part in made)

    assert counted == math.prod(shape.values())
    if counted < 10_000:
        state = building.build(loaded)
        regions = [region for account in state.accounts.values() for region in account.regions.values()]
        assert sum(len(vault.points) for region in regions for vault in region.vaults.values()) == counted


REFUSED = [
    pytest.param(["--resources", "5000", "--points", "5000"], "--points", "more vaults", id="more than a part takes"),
    pytest.param(["--every", "0s"], "--every", "like 1h or 1d", id="no time in between"),
    pytest.param(["--every", "52w", "--points", "5000"], "--every", "thousand years", id="before there were dates"),
]


@pytest.mark.parametrize(("options", "named", "words"), REFUSED)
def test_numbers_that_make_no_world_are_refused_by_name(options: list[str], named: str, words: str) -> None:
    """The command says which to change, and how."""
    result = CliRunner().invoke(main, ["generate", *options])

    assert result.exit_code == 2
    assert named in result.output
    assert words in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize("points", [bench.LEAST_LARGE, 1000, 12_345])
def test_the_measurement_takes_any_number_of_points(points: int) -> None:
    """From one for each vault upwards."""
    assert math.prod(bench.large_shape(points).values()) in range(points // 2, points + 1)


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
