"""Finding vaults and recovery points the way AWS Backup answers when they are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...wire import AwsError, CommonError

if TYPE_CHECKING:
    from ...policies.policy import Policy
    from ...records.state import RecoveryPoint, Vault
    from ...wire import Params
    from ..operation import Scope

INSUFFICIENT = "Insufficient privileges to perform this action."


def vault_arn(scope: Scope, name: str) -> str:
    """The ARN a vault of the caller has or would have."""
    return scope.arn("backup", f"backup-vault:{name}")


def vault(scope: Scope, params: Params, *, words: str = INSUFFICIENT) -> Vault:
    """The vault of a request; a missing one is 403, whoever asks."""
    other = params.get("BackupVaultAccountId", scope.account.account_id)
    found = scope.region.vaults.get(params["BackupVaultName"])
    if found is None or other != scope.account.account_id:
        raise CommonError("AccessDenied", words)
    return found


def point(scope: Scope, params: Params) -> RecoveryPoint:
    """The recovery point of a request."""
    found = vault(scope, params).points.get(params["RecoveryPointArn"])
    if found is None:
        raise AwsError("ResourceNotFoundException", "Cannot find recovery point")
    return found


def on_vault(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    """Judge the caller on the vault, under the vault's own policy."""
    found = scope.region.vaults.get(params["BackupVaultName"])
    return vault_arn(scope, params["BackupVaultName"]), found.policy if found else None


def on_point(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    """Judge the caller on the recovery point, under its vault's policy."""
    name = params.get("BackupVaultName", params.get("SourceBackupVaultName"))
    found = scope.region.vaults.get(name) if name else None
    return params["RecoveryPointArn"], found.policy if found else None


FIDELITY = (
    Behaviour(
        "A missing vault is 403 `Insufficient privileges to perform this action.` on every operation, but without a "
        "word on GetBackupVaultAccessPolicy",
        "issue (the latter: turbot/steampipe-plugin-aws 1156; Put's message may be empty, too); on Delete assumed",
        "test_vaults.py::test_a_missing_vault_is_access_denied",
    ),
    Behaviour(
        "The vault's policy binds callers of its own account (Deny)",
        "DG",
        "test_vaults.py::test_a_deny_in_the_vault_policy_binds_the_own_account",
    ),
)
