"""Recovery points: list with every filter, describe, tell how they would be restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .... import arns
from ....fidelity import Behaviour
from ....wire import AwsError, Params
from ...operation import Operation, Scope
from .. import lookup, paging
from ..vaults import operations as vaults
from . import lifecycles, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ....records.state import RecoveryPoint, State, Vault

LEAST_PAGE_OF_RDS = 20
"""ListRecoveryPointsByResource takes no smaller pages for RDS (botocore's documentation of the member)."""

# What each filter of ListRecoveryPointsByBackupVault compares; all are joined by AND.
_FILTERS: dict[str, Callable[[RecoveryPoint, Params], bool]] = {
    "ByResourceArn": lambda point, params: point.resource_arn == params["ByResourceArn"],
    "ByResourceType": lambda point, params: point.resource_type == params["ByResourceType"],
    "ByCreatedBefore": lambda point, params: point.created < params["ByCreatedBefore"],
    "ByCreatedAfter": lambda point, params: point.created > params["ByCreatedAfter"],
    "ByBackupPlanId": lambda point, params: (point.created_by or {}).get("BackupPlanId") == params["ByBackupPlanId"],
    "ByParentRecoveryPointArn": lambda point, params: point.parent_arn == params["ByParentRecoveryPointArn"],
}


def list_by_vault(scope: Scope, params: Params) -> Params:
    """List a vault's recovery points in order of arrival."""
    vault = lookup.vault(scope, params)
    filters = [matches for name, matches in _FILTERS.items() if name in params]

    def since(sequence: int) -> Iterator[RecoveryPoint]:
        points = vault.points.since(sequence)
        return (point for point in points if all(matches(point, params) for matches in filters))

    found, token = paging.page_on(
        scope, "ListRecoveryPointsByBackupVault", params, since, position=lambda point: point.sequence
    )
    types = _KeyTypes(scope.state)
    return {"RecoveryPoints": [_shown(scope.state, types, vault, point) for point in found], "NextToken": token}


def list_by_resource(scope: Scope, params: Params) -> Params:
    """List what all vaults of the Region hold of a resource, in order of arrival."""
    arn, least = params["ResourceArn"], LEAST_PAGE_OF_RDS
    if arn.startswith("arn:aws:rds:") and params.get("MaxResults", least) < least:
        raise AwsError("InvalidParameterValueException", f"MaxResults must be at least {least} for RDS resources")
    held = [
        (vault, point)
        for vault in scope.region.vaults.values()
        for point in vault.points.values()
        if point.resource_arn == arn
    ]
    held.sort(key=lambda pair: pair[1].sequence)
    found, token = paging.page(
        scope, "ListRecoveryPointsByResource", params, held, position=lambda pair: pair[1].sequence
    )
    types = _KeyTypes(scope.state)
    return {"RecoveryPoints": [_of_resource(types, *pair) for pair in found], "NextToken": token}


def describe(scope: Scope, params: Params) -> Params:
    """Describe one recovery point."""
    vault, point = lookup.vault(scope, params), lookup.point(scope, params)
    return _shown(scope.state, _KeyTypes(scope.state), vault, point) | {"StorageClass": point.storage_class}


def restore_metadata(scope: Scope, params: Params) -> Params:
    """Tell with which parameters the resource was made; what a recovery point does not say is its name alone."""
    vault, point = lookup.vault(scope, params), lookup.point(scope, params)
    name = arns.last_name(point.resource_arn)
    member = _NAMES.get(point.resource_type, "resourceId")
    metadata = {member: name, "encrypted": str(point.key_arn is not None).lower()} | point.restore_metadata
    return {
        "BackupVaultArn": vault.arn,
        "RecoveryPointArn": point.arn,
        "RestoreMetadata": metadata,
        "ResourceType": point.resource_type,
    }


_NAMES = {
    "EBS": "volumeId",
    "EC2": "instanceId",
    "EFS": "file-system-id",
    "RDS": "DBInstanceIdentifier",
    "Aurora": "DBClusterIdentifier",
    "DocumentDB": "DBClusterIdentifier",
    "Neptune": "DBClusterIdentifier",
    "DynamoDB": "originalTableName",
    "S3": "SourceBucketName",
    "FSx": "FileSystemId",
}


class _KeyTypes(dict[str, str]):
    """EncryptionKeyType by key ARN, each looked up once for a whole page."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state

    def __missing__(self, arn: str) -> str:
        found = self[arn] = vaults.key_type(self._state.key(arn))
        return found


def _shown(state: State, types: _KeyTypes, vault: Vault, point: RecoveryPoint) -> Params:
    return {
        "RecoveryPointArn": point.arn,
        "BackupVaultName": vault.name,
        "BackupVaultArn": vault.arn,
        "SourceBackupVaultArn": written.origin(state, point),
        "ResourceArn": written.resource(state, point),
        "ResourceType": point.resource_type,
        "CreatedBy": point.created_by,
        "IamRoleArn": point.role_arn,
        "Status": point.status,
        "StatusMessage": point.status_message,
        "CreationDate": written.created(state, point),
        "InitiationDate": point.created if point.initiated is None else point.initiated,
        "CompletionDate": point.completed,
        "BackupSizeInBytes": point.size,
        "CalculatedLifecycle": lifecycles.calculated(point),
        "Lifecycle": lifecycles.shown(point.lifecycle),
        "ParentRecoveryPointArn": point.parent_arn,
        "CompositeMemberIdentifier": point.member,
        "IsParent": point.is_parent,
        "ResourceName": point.resource_name,
        "VaultType": vault.kind,
        "EncryptionKeyArn": point.key_arn,
        "IsEncrypted": point.key_arn is not None,
        "EncryptionKeyType": types[point.key_arn] if point.key_arn else None,
    }


def _of_resource(types: _KeyTypes, vault: Vault, point: RecoveryPoint) -> Params:
    return {
        "RecoveryPointArn": point.arn,
        "CreationDate": point.created,
        "Status": point.status,
        "StatusMessage": point.status_message,
        "EncryptionKeyArn": point.key_arn,
        "EncryptionKeyType": types[point.key_arn] if point.key_arn else None,
        "BackupSizeBytes": point.size,
        "BackupVaultName": vault.name,
        "IsParent": point.is_parent,
        "ParentRecoveryPointArn": point.parent_arn,
        "ResourceName": point.resource_name,
        "VaultType": vault.kind,
    }


def is_cluster_state(point: RecoveryPoint) -> bool:
    """Whether this is the child of an EKS backup that cannot live alone."""
    return point.resource_type == "EKS" and point.parent_arn is not None


OPERATIONS = {
    "ListRecoveryPointsByBackupVault": Operation(list_by_vault, lookup.on_vault),
    "ListRecoveryPointsByResource": Operation(list_by_resource),
    "DescribeRecoveryPoint": Operation(describe, lookup.on_point),
    "GetRecoveryPointRestoreMetadata": Operation(restore_metadata, lookup.on_point),
}


FIDELITY = (
    Behaviour(
        "ARN forms of recovery points",
        "DG",
        "test_recovery_points.py::test_arns_have_the_form_of_their_type",
    ),
    Behaviour(
        "Recovery points are listed by plan, parent, resource, type and creation; all filters are joined by AND",
        "DG, botocore",
        "test_point_lists.py::test_points_are_listed_by_every_filter",
    ),
    Behaviour(
        "ListRecoveryPointsByResource takes no pages below 20 for RDS",
        "botocore; error name and text assumed",
        "test_point_lists.py::test_a_resource_finds_its_points_in_all_vaults",
    ),
    Behaviour(
        "Restore metadata: the resource's name under its service's name for it, and whether it was encrypted",
        "assumed",
        "test_point_lists.py::test_restore_metadata_names_the_resource",
    ),
    Behaviour("Scan results, indexes, recovery points shared from other accounts", "missing"),
)
