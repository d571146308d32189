"""Vault Lock: its three states, its bounds, and what a locked vault refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def backup(server: SimulatorServer) -> Any:
    """The source account's admin."""
    return scenes.client(server, "backup", scenes.SOURCE)


def lock(backup: Any, **bounds: int) -> None:
    """Lock the source vault."""
    backup.put_backup_vault_lock_configuration(BackupVaultName="backups", **bounds)


def shown(backup: Any) -> tuple[bool, int | None, int | None, bool]:
    """Whether the vault is locked, its bounds, whether in compliance mode."""
    vault = backup.describe_backup_vault(BackupVaultName="backups")
    return vault["Locked"], vault.get("MinRetentionDays"), vault.get("MaxRetentionDays"), "LockDate" in vault


def test_a_governance_lock_is_removed_by_whoever_may(backup: Any) -> None:
    """It has no lock date; a second removal changes nothing."""
    lock(backup, MinRetentionDays=7, MaxRetentionDays=90)
    locked = shown(backup)
    for _ in range(2):
        backup.delete_backup_vault_lock_configuration(BackupVaultName="backups")

    assert locked == (True, 7, 90, False)
    assert shown(backup) == (False, None, None, False)


def test_a_lock_hardens_when_its_cooling_off_is_over(server: SimulatorServer, backup: Any) -> None:
    """Until the lock date it is changed and removed; from then on neither, by nobody."""
    lock(backup, MinRetentionDays=7, ChangeableForDays=3)
    cooling = shown(backup)
    lock(backup, MinRetentionDays=14, ChangeableForDays=4)
    server.control.advance("4d")
    refusals = []
    for change in (
        lambda: lock(backup, MinRetentionDays=1),
        lambda: backup.delete_backup_vault_lock_configuration(BackupVaultName="backups"),
    ):
        with scenes.refused() as refusal:
            change()
        refusals.append(refusal.code)

    assert cooling == (True, 7, None, True)
    assert refusals == ["InvalidRequestException"] * 2
    assert shown(backup) == (True, 14, None, True)


@pytest.mark.parametrize(
    "bounds",
    [
        pytest.param({"MinRetentionDays": 0}, id="no day"),
        pytest.param({"MaxRetentionDays": 36_501}, id="more than a century"),
        pytest.param({"MinRetentionDays": 8, "MaxRetentionDays": 7}, id="crossed"),
        pytest.param({"MinRetentionDays": 7, "ChangeableForDays": 2}, id="too little time to reconsider"),
        pytest.param({"MinRetentionDays": 7, "ChangeableForDays": 36_501}, id="too much time to reconsider"),
    ],
)
def test_impossible_bounds_are_refused(backup: Any, bounds: dict[str, int]) -> None:
    """And the vault stays open."""
    with scenes.refused() as refusal:
        lock(backup, **bounds)

    assert refusal.code == "InvalidParameterValueException"
    assert shown(backup)[0] is False


@pytest.mark.parametrize(
    "changeable", [pytest.param({}, id="governance"), pytest.param({"ChangeableForDays": 3}, id="compliance")]
)
def test_a_locked_vault_keeps_what_it_has(backup: Any, changeable: dict[str, int]) -> None:
    """No deletion and no other lifecycle, in whichever mode."""
    arn = backup.list_recovery_points_by_backup_vault(BackupVaultName="backups")["RecoveryPoints"][0][
        "RecoveryPointArn"
    ]
    point = {"BackupVaultName": "backups", "RecoveryPointArn": arn}
    lock(backup, MinRetentionDays=1, **changeable)
    refusals = []
    for operation, more in (
        ("delete_recovery_point", {}),
        ("update_recovery_point_lifecycle", {"Lifecycle": {"DeleteAfterDays": 400}}),
    ):
        with scenes.refused() as refusal:
            getattr(backup, operation)(**point, **more)
        refusals.append(refusal.code)

    assert refusals == ["InvalidRequestException"] * 2
    assert backup.describe_recovery_point(**point)["Status"] == "COMPLETED"


def test_who_may_lock_in_governance_mode_only_is_held_to_it(server: SimulatorServer) -> None:
    """`Null: backup:ChangeableForDays` is how an account keeps its tools from locking for ever."""
    world = scenes.world()
    scenes.account(world, scenes.SOURCE)["roles"][1]["policies"] = [
        scenes.allow(
            "backup:PutBackupVaultLockConfiguration", condition={"Null": {"backup:ChangeableForDays": "true"}}
        ),
        scenes.allow("backup:DescribeBackupVault"),
    ]
    server.control.load(world)
    session = scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/operator")
    backup = scenes.session_client(server, "backup", session)
    with scenes.refused() as refusal:
        lock(backup, MinRetentionDays=7, ChangeableForDays=3)
    lock(backup, MinRetentionDays=7)

    assert refusal.code == "AccessDeniedException"
    assert shown(backup) == (True, 7, None, False)


def test_a_missing_vault_is_not_locked(backup: Any) -> None:
    """It answers as everywhere."""
    with scenes.refused() as refusal:
        backup.put_backup_vault_lock_configuration(BackupVaultName="nowhere", MinRetentionDays=1)

    assert (refusal.status, refusal.message) == (403, "Insufficient privileges to perform this action.")
