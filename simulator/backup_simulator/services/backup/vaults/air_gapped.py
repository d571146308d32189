"""Logically air-gapped vaults: born locked, with bounds for every retention, readable and never emptied by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....records.state import Lock, Vault
from ....wire import Params
from ...operation import Operation, Scope
from . import locks, operations

if TYPE_CHECKING:
    from ....records.state import State

KIND = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"
LEAST_DAYS = 7
OWNER = "000000000000"
"""Stands for the account in which AWS owns the keys of air-gapped vaults without a key of the customer."""


def create(scope: Scope, params: Params) -> Params:
    """Create an air-gapped vault; it is CREATING first."""
    name = params["BackupVaultName"]
    operations.require_creatable(scope, params, "backup:CreateLogicallyAirGappedBackupVault")
    low, high = params["MinRetentionDays"], params["MaxRetentionDays"]
    locks.check_bounds(low, high, least=LEAST_DAYS)
    asked = params.get("EncryptionKeyArn")
    key_arn = operations.usable_key(scope, asked).arn if asked else owned_key(scope.state, scope.region_name)
    if not asked:
        operations.require_storage(scope)
    vault = Vault(
        name,
        scope.account.account_id,
        scope.region_name,
        key_arn,
        scope.now,
        creator_request_id=params.get("CreatorRequestId"),
        lock=Lock(low, high),
        tags=dict(params.get("BackupVaultTags", {})),
        kind=KIND,
        state="CREATING",
    )
    operations.add(scope.state, vault)
    scope.state.scheduler.at(scope.now + scope.state.durations.created, _ready, vault)
    return {
        "BackupVaultName": name,
        "BackupVaultArn": vault.arn,
        "CreationDate": vault.created,
        "VaultState": vault.state,
    }


def owned_key(state: State, region: str) -> str:
    """The ARN of a fresh key that AWS owns."""
    return f"arn:aws:kms:{region}:{OWNER}:key/{state.ids.uuid()}"


def _ready(vault: Vault, _now: float) -> None:
    vault.state = "AVAILABLE"


OPERATIONS = {"CreateLogicallyAirGappedBackupVault": Operation(create, target=None)}

FIDELITY = (
    Behaviour(
        "Air-gapped vaults: retention bounds from 7 days, CREATING before AVAILABLE, immutable lock without a lock "
        "date, a key of the customer or one that AWS owns",
        "DG, botocore; the owned key's ARN assumed",
        "test_air_gapped.py::test_an_air_gapped_vault_is_born_locked",
    ),
    Behaviour("Sharing air-gapped vaults through RAM, restore access vaults, multi-party approval", "missing"),
)
