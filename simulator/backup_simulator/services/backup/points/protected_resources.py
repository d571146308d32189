"""Protected resources: everything of which a vault of the Region holds a recovery point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....wire import AwsError, Params
from ...operation import Operation, Scope
from .. import lookup, paging

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ....records.state import RecoveryPoint, Vault


def list_all(scope: Scope, params: Params) -> Params:
    """List the Region's protected resources by ARN."""
    latest = _latest(scope.region.vaults.values())
    return _listed(scope, "ListProtectedResources", params, latest)


def list_by_vault(scope: Scope, params: Params) -> Params:
    """List the resources protected in one vault by ARN."""
    latest = _latest([lookup.vault(scope, params)])
    return _listed(scope, "ListProtectedResourcesByBackupVault", params, latest)


def _latest(vaults: Iterable[Vault]) -> dict[str, tuple[Vault, RecoveryPoint]]:
    """The most recent recovery point of each resource and its vault."""
    latest: dict[str, tuple[Vault, RecoveryPoint]] = {}
    for vault in vaults:
        for point in vault.points.values():
            known = latest.get(point.resource_arn)
            if known is None or point.created >= known[1].created:
                latest[point.resource_arn] = vault, point
    return latest


def _listed(scope: Scope, operation: str, params: Params, latest: dict[str, tuple[Vault, RecoveryPoint]]) -> Params:
    shown = [_shown(*latest[arn]) for arn in sorted(latest)]
    found, token = paging.page(scope, operation, params, shown, position=lambda each: str(each["ResourceArn"]))
    return {"Results": found, "NextToken": token}


def describe(scope: Scope, params: Params) -> Params:
    """Describe one protected resource."""
    found = _latest(scope.region.vaults.values()).get(params["ResourceArn"])
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Cannot find protected resource {params['ResourceArn']}")
    return _shown(*found)


def _shown(vault: Vault, point: RecoveryPoint) -> Params:
    return {
        "ResourceArn": point.resource_arn,
        "ResourceType": point.resource_type,
        "LastBackupTime": point.created,
        "ResourceName": point.resource_name,
        "LastBackupVaultArn": vault.arn,
        "LastRecoveryPointArn": point.arn,
    }


OPERATIONS = {
    "ListProtectedResources": Operation(list_all),
    "ListProtectedResourcesByBackupVault": Operation(list_by_vault, lookup.on_vault),
    "DescribeProtectedResource": Operation(describe),
}

FIDELITY = (
    Behaviour(
        "Whatever has a recovery point in the Region is a protected resource, copies from other accounts included, "
        "whatever the point's status",
        "botocore; copies: assumed",
        "test_protected_resources.py::test_whatever_has_a_recovery_point_is_protected",
    ),
    Behaviour(
        "A resource without recovery points is ResourceNotFound to describe",
        "assumed",
        "test_protected_resources.py::test_an_unprotected_resource_is_not_found",
    ),
)
