"""Vaults: create, describe, list, delete."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ... import keys
from ...fidelity import Behaviour
from ...state import Vault
from ...wire import AwsError, CommonError, Params
from ..operation import Operation, Scope, request_tags
from . import lookup, paging

if TYPE_CHECKING:
    from ...state import Key

KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/.+")
KEY_ACTIONS = ("kms:CreateGrant", "kms:GenerateDataKey", "kms:Decrypt", "kms:RetireGrant", "kms:DescribeKey")
MAX_VAULTS = 300


def create_backup_vault(scope: Scope, params: Params) -> Params:
    """Create a vault on a usable key of this Region."""
    name, tags = params["BackupVaultName"], params.get("BackupVaultTags", {})
    scope.authorise("backup:CreateBackupVault", lookup.vault_arn(scope, name), keys=request_tags(tags))
    existing = scope.region.vaults.get(name)
    if existing:
        raise AwsError(
            "AlreadyExistsException",
            f"Backup vault with the same name already exists: {name}",
            Arn=existing.arn,
            CreatorRequestId=existing.creator_request_id,
        )
    if len(scope.region.vaults) >= MAX_VAULTS:
        raise AwsError("LimitExceededException", f"The number of backup vaults is limited to {MAX_VAULTS}.")
    key = _key(scope, params.get("EncryptionKeyArn"))
    vault = Vault(
        name,
        scope.account.account_id,
        scope.region_name,
        key.arn,
        scope.now,
        creator_request_id=params.get("CreatorRequestId"),
        tags=dict(tags),
    )
    scope.region.vaults[name] = vault
    return {"BackupVaultName": name, "BackupVaultArn": vault.arn, "CreationDate": vault.created}


def _key(scope: Scope, arn: str | None) -> Key:
    """The vault's key: a key ARN, never an alias; it must exist, be enabled, and the caller may use it."""
    if arn is None:
        _require_storage(scope)
        return keys.managed(scope.state, scope.account.account_id, scope.region_name, "alias/aws/backup", scope.now)
    if not KEY_ARN.fullmatch(arn):
        raise AwsError("InvalidParameterValueException", f"Invalid EncryptionKeyArn: {arn} is not a key ARN")
    key = scope.state.key(arn)
    if key is None or key.region != scope.region_name or key.state != "Enabled":
        raise AwsError("InvalidParameterValueException", f"KMS key {arn} does not exist or cannot be used")
    _require_storage(scope)
    via = {"kms:viaservice": (f"backup.{scope.region_name}.amazonaws.com",), "kms:grantisforawsresource": ("true",)}
    if any(keys.refusal(scope.state, scope.principal, key, action, via) for action in KEY_ACTIONS):
        raise CommonError("AccessDenied", "")
    return key


def _require_storage(scope: Scope) -> None:
    """CreateBackupVault needs backup-storage:MountCapsule; what lacks is answered without words (api-errors.tsv)."""
    try:
        scope.authorise("backup-storage:MountCapsule", "*")
    except CommonError:
        raise CommonError("AccessDenied", "") from None


def describe_backup_vault(scope: Scope, params: Params) -> Params:
    """Describe a vault."""
    return _shown(lookup.vault(scope, params))


def list_backup_vaults(scope: Scope, params: Params) -> Params:
    """List the vaults of the Region by name; none is air-gapped or shared here."""
    wanted = params.get("ByVaultType", "BACKUP_VAULT") == "BACKUP_VAULT" and not params.get("ByShared", False)
    vaults = [vault for _, vault in sorted(scope.region.vaults.items())] if wanted else []
    found, token = paging.page(scope, "ListBackupVaults", params, vaults, position=lambda vault: vault.name)
    return {"BackupVaultList": [_shown(vault) for vault in found], "NextToken": token}


def delete_backup_vault(scope: Scope, params: Params) -> Params:
    """Delete an empty vault."""
    vault = lookup.vault(scope, params)
    if vault.points:
        raise AwsError("InvalidRequestException", "Backup vault cannot be deleted because it contains recovery points.")
    del scope.region.vaults[vault.name]
    return {}


def _shown(vault: Vault) -> Params:
    lock = vault.lock
    return {
        "BackupVaultName": vault.name,
        "BackupVaultArn": vault.arn,
        "VaultType": "BACKUP_VAULT",
        "EncryptionKeyArn": vault.key_arn,
        "CreationDate": vault.created,
        "CreatorRequestId": vault.creator_request_id,
        "NumberOfRecoveryPoints": len(vault.points),
        "Locked": lock is not None,
        "MinRetentionDays": lock.min_days if lock else None,
        "MaxRetentionDays": lock.max_days if lock else None,
        "LockDate": lock.lock_date if lock else None,
    }


OPERATIONS = {
    "CreateBackupVault": Operation(create_backup_vault, target=None),
    "DescribeBackupVault": Operation(describe_backup_vault, lookup.on_vault),
    "ListBackupVaults": Operation(list_backup_vaults),
    "DeleteBackupVault": Operation(delete_backup_vault, lookup.on_vault),
}


FIDELITY = (
    Behaviour(
        "AlreadyExists with Arn and CreatorRequestId, also for an equal CreatorRequestId",
        "botocore; the latter assumed",
        "test_vaults.py::test_a_name_that_is_taken_says_by_whom",
    ),
    Behaviour(
        "EncryptionKeyArn is a key ARN, exists, is enabled, in the Region",
        "DG; error code assumed",
        "test_vaults.py::test_a_vault_needs_the_arn_of_a_key_that_exists",
    ),
    Behaviour(
        "CreateBackupVault needs backup-storage:MountCapsule and five kms actions (through "
        "`kms:ViaService`); refused with an empty message",
        "DG, issue; ViaService assumed",
        "test_vaults.py::test_a_caller_without_rights_on_storage_or_key_is_refused_without_words",
    ),
)
