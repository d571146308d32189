"""Recovery points: list with every filter, describe, change the lifecycle, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...wire import AwsError, Params
from ..operation import Operation, Scope
from . import lifecycles, lookup, paging

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...state import RecoveryPoint, Vault


def list_by_vault(scope: Scope, params: Params) -> Params:
    """List a vault's recovery points in order of arrival."""
    vault = lookup.vault(scope, params)
    points = list(_filtered(vault.points.values(), params))
    found, token = paging.page(
        scope, "ListRecoveryPointsByBackupVault", params, points, position=lambda point: point.sequence
    )
    return {"RecoveryPoints": [_shown(vault, point) for point in found], "NextToken": token}


def _filtered(points: Iterable[RecoveryPoint], params: Params) -> Iterable[RecoveryPoint]:
    if "ByBackupPlanId" in params or "ByParentRecoveryPointArn" in params:
        return ()
    if resource := params.get("ByResourceArn"):
        points = (point for point in points if point.resource_arn == resource)
    if kind := params.get("ByResourceType"):
        points = (point for point in points if point.resource_type == kind)
    if "ByCreatedBefore" in params:
        points = (point for point in points if point.created < params["ByCreatedBefore"])
    if "ByCreatedAfter" in params:
        points = (point for point in points if point.created > params["ByCreatedAfter"])
    return points


def describe(scope: Scope, params: Params) -> Params:
    """Describe one recovery point."""
    point = lookup.point(scope, params)
    return _shown(lookup.vault(scope, params), point) | {"StorageClass": point.storage_class}


def update_lifecycle(scope: Scope, params: Params) -> Params:
    """Replace a lifecycle; members that are not sent become null."""
    vault, point = lookup.vault(scope, params), lookup.point(scope, params)
    if point.continuous:
        raise AwsError("InvalidRequestException", "The lifecycle of a continuous recovery point cannot be updated.")
    lifecycle = lifecycles.parse(params.get("Lifecycle"))
    if lifecycle is None:
        raise AwsError("MissingParameterValueException", "Lifecycle is missing")
    point.lifecycle = lifecycle
    return {
        "BackupVaultArn": vault.arn,
        "RecoveryPointArn": point.arn,
        "Lifecycle": lifecycles.shown(lifecycle),
        "CalculatedLifecycle": lifecycles.calculated(point),
    }


def delete(scope: Scope, params: Params) -> Params:
    """Delete a recovery point; the real delay of minutes is not imitated."""
    vault, point = lookup.vault(scope, params), lookup.point(scope, params)
    del vault.points[point.arn]
    return {}


def _shown(vault: Vault, point: RecoveryPoint) -> Params:
    return {
        "RecoveryPointArn": point.arn,
        "BackupVaultName": vault.name,
        "BackupVaultArn": vault.arn,
        "SourceBackupVaultArn": point.source_vault_arn,
        "ResourceArn": point.resource_arn,
        "ResourceType": point.resource_type,
        "IamRoleArn": point.role_arn,
        "Status": point.status,
        "StatusMessage": point.status_message,
        "CreationDate": point.created,
        "InitiationDate": point.created,
        "CompletionDate": point.completed,
        "BackupSizeInBytes": point.size,
        "CalculatedLifecycle": lifecycles.calculated(point),
        "Lifecycle": lifecycles.shown(point.lifecycle),
        "EncryptionKeyArn": point.key_arn,
        "IsEncrypted": point.key_arn is not None,
        "IsParent": False,
        "ResourceName": point.resource_name,
        "VaultType": "BACKUP_VAULT",
    }


OPERATIONS = {
    "ListRecoveryPointsByBackupVault": Operation(list_by_vault, lookup.on_vault),
    "DescribeRecoveryPoint": Operation(describe, lookup.on_point),
    "UpdateRecoveryPointLifecycle": Operation(update_lifecycle, lookup.on_point),
    "DeleteRecoveryPoint": Operation(delete, lookup.on_point),
}


FIDELITY = (
    Behaviour(
        "ARN forms of recovery points",
        "DG",
        "test_recovery_points.py::test_arns_have_the_form_of_their_type",
    ),
    Behaviour(
        "Recovery points do not expire or move to cold by themselves",
        "missing",
    ),
    Behaviour(
        "DeleteRecoveryPoint works at once; AWS takes minutes",
        "missing",
    ),
)
