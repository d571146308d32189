"""Vaults: create, describe, list, delete."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....identity import key_access
from ....records import keys
from ....records.state import Vault
from ....wire import AwsError, CommonError, Params
from ...operation import Operation, Scope, forwarded, request_tags
from .. import backup_events, lookup, paging
from . import automatic

if TYPE_CHECKING:
    from ....records.state import Key, State

KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/.+")
KEY_ACTIONS = ("kms:CreateGrant", "kms:GenerateDataKey", "kms:DescribeKey")
MAX_VAULTS = 300


def create_backup_vault(scope: Scope, params: Params) -> Params:
    """Create a vault on a usable key of this Region."""
    require_creatable(scope, params, "backup:CreateBackupVault")
    key = usable_key(scope, params.get("EncryptionKeyArn"))
    vault = Vault(
        params["BackupVaultName"],
        scope.account.account_id,
        scope.region_name,
        key.arn,
        scope.now,
        creator_request_id=params.get("CreatorRequestId"),
        tags=dict(params.get("BackupVaultTags", {})),
    )
    add(scope.state, vault)
    return {"BackupVaultName": vault.name, "BackupVaultArn": vault.arn, "CreationDate": vault.created}


def require_creatable(scope: Scope, params: Params, action: str) -> None:
    """The caller may create (and tag) this vault, the name is free, and there is room for one more."""
    name, tags = params["BackupVaultName"], params.get("BackupVaultTags", {})
    arn = lookup.vault_arn(scope, name)
    scope.authorise(action, arn, keys=request_tags(tags))
    if tags:
        scope.authorise("backup:TagResource", arn, keys=request_tags(tags))
    automatic.require_creatable(name)
    existing = scope.region.vaults.get(name)
    if existing:
        raise AwsError(
            "AlreadyExistsException",
            "Backup vault with the same name already exists",
            Arn=existing.arn,
            CreatorRequestId=existing.creator_request_id,
        )
    if len(scope.region.vaults) >= MAX_VAULTS:
        raise AwsError("LimitExceededException", f"The number of backup vaults is limited to {MAX_VAULTS}.")


def add(state: State, vault: Vault) -> None:
    """Put a vault into its Region; AWS Backup takes a grant on the customer's key to be able to use it."""
    state.accounts[vault.account].region(vault.region).vaults[vault.name] = vault
    backup_events.vault(state, vault, "CREATED", vault.created)
    key = state.key(vault.key_arn)
    if key and key.manager == "CUSTOMER":
        keys.grant_to_vault(key, vault, vault.created)


def usable_key(scope: Scope, arn: str | None) -> Key:
    """The vault's key: a key ARN, never an alias; it must exist, be enabled, and the caller may use it."""
    if arn is None:
        require_storage(scope)
        return keys.managed(scope.state, scope.account.account_id, scope.region_name, "alias/aws/backup", scope.now)
    if not KEY_ARN.fullmatch(arn):
        raise AwsError("InvalidParameterValueException", f"Invalid EncryptionKeyArn: {arn} is not a key ARN")
    key = scope.state.key(arn)
    if key is None or key.region != scope.region_name or key.state != "Enabled":
        raise AwsError("InvalidParameterValueException", f"KMS key {arn} does not exist or cannot be used")
    require_storage(scope)
    via = forwarded("backup.amazonaws.com") | {
        "kms:viaservice": (f"backup.{scope.region_name}.amazonaws.com",),
        "kms:grantisforawsresource": ("true",),
        "kms:encryptioncontextkeys": (keys.VAULT_CONTEXT,),
        "aws:requestedregion": (scope.region_name,),
    }
    if any(key_access.refusal(scope.state, scope.principal, key, action, via) for action in KEY_ACTIONS):
        raise CommonError("AccessDenied", "")
    return key


def require_storage(scope: Scope) -> None:
    """CreateBackupVault needs backup-storage:MountCapsule; what lacks is answered without words (api-errors.tsv)."""
    try:
        scope.authorise("backup-storage:MountCapsule", "*")
    except CommonError:
        raise CommonError("AccessDenied", "") from None


def describe_backup_vault(scope: Scope, params: Params) -> Params:
    """Describe a vault."""
    return _member(scope.state, lookup.vault(scope, params))


def list_backup_vaults(scope: Scope, params: Params) -> Params:
    """List the vaults of the Region by name; none is shared with the account, because there is no RAM here."""
    kind = params.get("ByVaultType")
    vaults = [
        vault
        for _, vault in sorted(scope.region.vaults.items())
        if kind in {None, vault.kind} and not params.get("ByShared", False)
    ]
    found, token = paging.page(scope, "ListBackupVaults", params, vaults, position=lambda vault: vault.name)
    return {"BackupVaultList": [_member(scope.state, vault) for vault in found], "NextToken": token}


def delete_backup_vault(scope: Scope, params: Params) -> Params:
    """Delete an empty vault; the body's internal code is a public report's."""
    vault = lookup.vault(scope, params)
    if vault.points:
        text = "Backup vault cannot be deleted because it contains recovery points."
        raise AwsError("InvalidRequestException", text, Code="ERROR_9101")
    del scope.region.vaults[vault.name]
    backup_events.vault(scope.state, vault, "DELETED", scope.now)
    key = scope.state.key(vault.key_arn)
    if key:
        keys.retire_of_vault(key, vault)
    return {}


def _member(state: State, vault: Vault) -> Params:
    """A vault as lists show it; VaultState is for air-gapped vaults only."""
    lock, key = vault.lock, state.key(vault.key_arn)
    return {
        "BackupVaultName": vault.name,
        "BackupVaultArn": vault.arn,
        "VaultType": vault.kind,
        "VaultState": vault.state,
        "EncryptionKeyArn": vault.key_arn,
        "CreationDate": vault.created,
        "CreatorRequestId": vault.creator_request_id,
        "NumberOfRecoveryPoints": len(vault.points),
        "Locked": lock is not None,
        "MinRetentionDays": lock.min_days if lock else None,
        "MaxRetentionDays": lock.max_days if lock else None,
        "LockDate": lock.lock_date if lock else None,
        "EncryptionKeyType": key_type(key),
    }


def key_type(key: Key | None) -> str:
    """EncryptionKeyType: keys that no account of this world has belong to AWS, as do the managed ones (assumed)."""
    return "CUSTOMER_MANAGED_KMS_KEY" if key and key.manager == "CUSTOMER" else "AWS_OWNED_KMS_KEY"


OPERATIONS = {
    "CreateBackupVault": Operation(create_backup_vault, target=None),
    "DescribeBackupVault": Operation(describe_backup_vault, lookup.on_vault),
    "ListBackupVaults": Operation(list_backup_vaults),
    "DeleteBackupVault": Operation(delete_backup_vault, lookup.on_vault),
}


FIDELITY = (
    Behaviour(
        "CreateBackupVault with tags needs `backup:TagResource` too",
        "DG",
        "test_vaults_more.py::test_a_vault_with_tags_needs_the_right_to_tag",
    ),
    Behaviour(
        "A vault takes a grant on its customer managed key and retires it when it is deleted",
        "DG (kms:CreateGrant and RetireGrant are asked for); the grant's form assumed",
        "test_vaults_more.py::test_a_vault_holds_a_grant_on_its_key",
    ),
    Behaviour(
        "ListBackupVaults filters by type; with ByShared it is empty, there is no RAM",
        "botocore; DG",
        "test_air_gapped.py::test_vaults_are_listed_by_type",
    ),
    Behaviour(
        "EncryptionKeyType of a vault on an AWS managed key is AWS_OWNED_KMS_KEY",
        "assumed",
        "test_vaults_more.py::test_a_vault_tells_what_kind_of_key_it_has",
    ),
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
        "CreateBackupVault needs backup-storage:MountCapsule and kms:CreateGrant, GenerateDataKey and DescribeKey "
        "(through `kms:ViaService`, `aws:CalledVia`, with `kms:EncryptionContextKeys`); refused with an empty message",
        "DG (AWSBackupFullAccess has these three; the table of permissions names Decrypt and RetireGrant too), issue; "
        "the keys assumed",
        "test_vaults.py::test_a_caller_without_rights_on_storage_or_key_is_refused_without_words",
    ),
)
