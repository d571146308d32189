"""Changing and removing recovery points: lifecycle, deletion, release to the service, release from the parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....clock import DAY
from ....fidelity import Behaviour
from ....wire import AwsError, Params
from ...operation import Operation, Scope
from .. import lookup
from ..vaults import locks
from . import ageing, lifecycles, operations

if TYPE_CHECKING:
    from ....records.state import Lifecycle, RecoveryPoint

# botocore's words for InvalidResourceStateException; the other texts are assumed
BUSY = (
    "AWS Backup is already performing an action on this recovery point. "
    "It can't perform the action you requested until the first action finishes. Try again later."
)
CONTINUOUS = "The lifecycle of a continuous recovery point cannot be updated."
IS_COLD = "MoveToColdStorageAfterDays cannot be changed after a recovery point has moved to cold storage"
TOO_YOUNG = "MoveToColdStorageAfterDays must be at least one day more than the age of the recovery point"
HAS_CHILDREN = "Composite recovery point cannot be deleted because it contains nested recovery points."
CLUSTER_STATE = "The cluster state of an EKS backup cannot be deleted or disassociated by itself."
NOT_CONTINUOUS = "Only continuous recovery points can be disassociated."
NO_CHILD = "Recovery point has no parent recovery point."


def update_lifecycle(scope: Scope, params: Params) -> Params:
    """Replace a lifecycle; members that are not sent become null."""
    vault, point = lookup.vault(scope, params), lookup.point(scope, params)
    if point.continuous:
        raise _refused(CONTINUOUS)
    lifecycle = lifecycles.parse(params.get("Lifecycle"))
    if lifecycle is None:
        raise AwsError("MissingParameterValueException", "Lifecycle is missing")
    locks.require_lifecycle_open(vault, scope.now)
    _require_free(point, "InvalidRequestException")
    _require_reachable(point, lifecycle, scope.now)
    point.lifecycle = lifecycle
    ageing.watch(scope.state, vault, point, scope.now)
    return {
        "BackupVaultArn": vault.arn,
        "RecoveryPointArn": point.arn,
        "Lifecycle": lifecycles.shown(lifecycle),
        "CalculatedLifecycle": lifecycles.calculated(point),
    }


def _require_reachable(point: RecoveryPoint, lifecycle: Lifecycle, now: float) -> None:
    """Cold storage is entered once, and a day from now at the earliest."""
    days = lifecycle.move_to_cold_after_days
    if point.storage_class == "COLD":
        if days != point.lifecycle.move_to_cold_after_days:
            raise lifecycles.invalid(IS_COLD)
        return
    if days is not None and days != lifecycles.FOR_EVER and point.created + days * DAY < now + DAY:
        raise lifecycles.invalid(TOO_YOUNG)


def delete(scope: Scope, params: Params) -> Params:
    """Begin to delete a recovery point; it is DELETING until AWS has done it."""
    vault, point = lookup.vault(scope, params), lookup.point(scope, params)
    _require_free(point)
    locks.require_deletable(vault, scope.now)
    if ageing.children(vault, point):
        raise _refused(HAS_CHILDREN)
    if operations.is_cluster_state(point):
        raise _refused(CLUSTER_STATE)
    ageing.delete(scope.state, vault, point, scope.now, by="MANUAL_DELETE")
    return {}


def disassociate(scope: Scope, params: Params) -> Params:
    """Give a continuous recovery point back to the service it came from."""
    vault, point = lookup.vault(scope, params), lookup.point(scope, params)
    _require_free(point)
    if not point.continuous:
        raise _refused(NOT_CONTINUOUS)
    locks.require_deletable(vault, scope.now)
    ageing.remove(scope.state, vault, point, scope.now)
    return {}


def disassociate_from_parent(scope: Scope, params: Params) -> Params:
    """Take a recovery point out of its composite one; it lives on by itself."""
    vault, point = lookup.vault(scope, params), lookup.point(scope, params)
    parent = vault.points.get(point.parent_arn) if point.parent_arn else None
    if point.parent_arn is None:
        raise _refused(NO_CHILD)
    if operations.is_cluster_state(point):
        raise _refused(CLUSTER_STATE)
    point.parent_arn = None
    if parent:
        ageing.watch(scope.state, vault, parent, scope.now)
    return {}


def _require_free(point: RecoveryPoint, code: str = "InvalidResourceStateException") -> None:
    """One action at a time; a copy that runs is one (assumed). Changes of lifecycles know no error of their own."""
    if point.copying or point.status in {"DELETING", "CREATING"}:
        raise AwsError(code, BUSY)


def _refused(text: str) -> AwsError:
    return AwsError("InvalidRequestException", text)


OPERATIONS = {
    "UpdateRecoveryPointLifecycle": Operation(update_lifecycle, lookup.on_point),
    "DeleteRecoveryPoint": Operation(delete, lookup.on_point),
    "DisassociateRecoveryPoint": Operation(disassociate, lookup.on_point),
    "DisassociateRecoveryPointFromParent": Operation(disassociate_from_parent, lookup.on_point),
}

FIDELITY = (
    Behaviour(
        "DeleteRecoveryPoint answers at once; the point is DELETING for a minute (configurable), then gone, "
        "or EXPIRED if the role that made it is gone",
        "DG; the minute is ours",
        "test_point_changes.py::test_a_deleted_point_is_deleting_first",
    ),
    Behaviour(
        "While a point is copied or deleted, DeleteRecoveryPoint and DisassociateRecoveryPoint answer "
        "InvalidResourceStateException, UpdateRecoveryPointLifecycle InvalidRequestException",
        "botocore (which errors they know); that a copy counts assumed",
        "test_point_changes.py::test_a_point_in_use_is_left_alone",
    ),
    Behaviour(
        "UpdateRecoveryPointLifecycle: not for continuous points, cold storage a day from now at the earliest, "
        "not again after it was reached",
        "DG; texts assumed",
        "test_point_changes.py::test_impossible_changes_of_a_lifecycle_are_refused",
    ),
    Behaviour(
        "Composite points: parents are deleted after their children; an EKS cluster state stays with its parent",
        "DG; texts assumed",
        "test_point_changes.py::test_parents_go_after_their_children",
    ),
    Behaviour(
        "DisassociateRecoveryPoint takes continuous points only and removes them from the vault",
        "DG; text assumed",
        "test_point_changes.py::test_a_continuous_point_is_given_back",
    ),
)
