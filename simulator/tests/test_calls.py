"""The call log as a witness: who used what, and what was needless."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator import calls
from backup_simulator.transport import InProcess
from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

ROLE = f"arn:aws:iam::{scenes.TARGET}:role/operator"


def busy() -> InProcess:
    """Reads by an admin, and a role's session that writes, is refused, and reads."""
    opened = InProcess(scenes.world())
    admin = opened.client("backup", scenes.SOURCE, "admin", region=scenes.HOME)
    admin.list_backup_vaults()
    admin.list_backup_vaults()
    operator = opened.client("sts", scenes.TOOLS, "operator", region=scenes.HOME)
    given = operator.assume_role(RoleArn=ROLE, RoleSessionName="test", ExternalId=scenes.EXTERNAL_ID)["Credentials"]
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    session = opened.client_with("backup", *keys, region_name=scenes.AWAY, config=scenes.fast())
    opened.control.advance("1m")
    session.create_backup_vault(BackupVaultName="fresh")
    with scenes.refused():
        session.create_backup_vault(BackupVaultName="fresh")
    session.list_backup_vaults()
    return opened


def test_a_summary_tells_which_actions_each_role_used() -> None:
    """By account and role, whatever the session's name; the ends are counted."""
    used = busy().control.used()

    assert used == {
        f"{scenes.SOURCE}/admin": {"backup:ListBackupVaults": {"OK": 2}},
        f"{scenes.TARGET}/operator": {
            "backup:CreateBackupVault": {"AlreadyExistsException": 1, "OK": 1},
            "backup:ListBackupVaults": {"OK": 1},
        },
        f"{scenes.TOOLS}/operator": {"sts:AssumeRole": {"OK": 1}},
    }


def test_copy_roles_and_callers_are_judged_on_all_they_need() -> None:
    """More than the operations that were called; what was refused is told apart."""
    opened = InProcess(scenes.world())
    admin = opened.client("backup", scenes.SOURCE, "admin", region=scenes.HOME)
    (point,) = admin.list_recovery_points_by_backup_vault(BackupVaultName="backups")["RecoveryPoints"]
    admin.start_copy_job(
        RecoveryPointArn=point["RecoveryPointArn"],
        SourceBackupVaultName="backups",
        DestinationBackupVaultArn=scenes.vault_arn(),
        IamRoleArn=scenes.COPIER,
    )
    opened.control.advance("10m")
    caller = opened.control.judged(account=scenes.SOURCE, role="admin")
    copier = opened.control.judged(role="copier")
    with scenes.refused():
        opened.client("backup", scenes.TOOLS, "operator", region=scenes.HOME, config=scenes.fast()).list_backup_vaults()
    refused = opened.control.judged(role="operator")
    opened.control.clear_calls()

    assert {"backup:StartCopyJob", "iam:PassRole"} <= set(caller[f"arn:aws:iam::{scenes.SOURCE}:user/admin"])
    assert "backup:CopyIntoBackupVault" in copier[scenes.COPIER]
    assert refused == {
        f"arn:aws:iam::{scenes.TOOLS}:user/operator": {"backup:ListBackupVaults": {"allowed": 0, "refused": 1}}
    }
    assert opened.control.judged() == {}


def test_judged_actions_are_told_over_http(server: SimulatorServer) -> None:
    """Filtered by account and role."""
    scenes.client(server, "backup", scenes.SOURCE).list_backup_vaults()
    found = scenes.control(server, "GET", f"actions?account={scenes.SOURCE}").json["actions"]

    assert found == {
        f"arn:aws:iam::{scenes.SOURCE}:user/admin": {"backup:ListBackupVaults": {"allowed": 1, "refused": 0}}
    }


FILTERS: list[Any] = [
    pytest.param({"role": "operator"}, 4, id="role or user, in every account"),
    pytest.param({"role": "operator", "account": scenes.TARGET}, 3, id="a role of one account"),
    pytest.param({"region": scenes.AWAY}, 3, id="region"),
    pytest.param({"mutating": True}, 2, id="writes"),
    pytest.param({"mutating": True, "outcome": "OK"}, 1, id="writes that had an effect"),
    pytest.param({"since": 1_772_323_260.0}, 3, id="since a moment of virtual time"),
    pytest.param({"operation": "ListBackupVaults", "service": "backup"}, 3, id="operation"),
]


@pytest.mark.parametrize(("filters", "count"), FILTERS)
def test_calls_are_found_by(filters: dict[str, Any], count: int) -> None:
    """All given filters hold."""
    assert len(busy().control.calls(**filters)) == count


def test_an_unknown_filter_is_refused() -> None:
    """Nothing is accepted and ignored."""
    with pytest.raises(TypeError, match="colour"):
        busy().control.calls(colour="red")


def test_the_summary_is_told_over_http(server: SimulatorServer) -> None:
    """With the same filters as the list."""
    scenes.client(server, "backup", scenes.SOURCE).list_backup_vaults()
    scenes.client(server, "backup", scenes.TARGET).list_backup_vaults()
    found = scenes.control(server, "GET", f"calls/summary?account={scenes.SOURCE}&since=0").json

    assert found["roles"] == [
        {
            "account": scenes.SOURCE,
            "role": "admin",
            "calls": 1,
            "actions": {"backup:ListBackupVaults": {"OK": 1}},
        }
    ]


@pytest.mark.parametrize("operation", ["SimulatePrincipalPolicy", "SimulateCustomPolicy"])
def test_a_simulation_changes_nothing(operation: str) -> None:
    """It reads what is there."""
    assert not calls.mutates(operation)
