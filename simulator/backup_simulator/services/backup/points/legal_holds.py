"""Legal holds: create, cancel, read, and list what they keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....clock import DAY
from ....fidelity import Behaviour
from ....records import holds
from ....records.holds import LegalHold
from ....wire import AwsError, Params
from ...operation import Operation, Scope, request_tags
from .. import paging
from . import ageing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ....identity.policy import Policy
    from ....records.state import RecoveryPoint, State, Vault

INVALID = "InvalidParameterValueException"
MAX_HOLDS = 50


def create(scope: Scope, params: Params) -> Params:
    """Put a hold on recovery points, or give the one that the same request made before."""
    tags, token = params.get("Tags", {}), params.get("IdempotencyToken")
    scope.authorise("backup:CreateLegalHold", _arn(scope, "*"), keys=request_tags(tags))
    known = scope.region.legal_holds.values()
    same = next((hold for hold in known if token is not None and hold.token == token), None)
    if same:
        return _shown(same)
    selection = _selection(scope, params.get("RecoveryPointSelection") or {})
    if sum(hold.status in holds.HOLDING for hold in known) >= MAX_HOLDS:
        raise AwsError("LimitExceededException", f"An account has {MAX_HOLDS} active legal holds at most.")
    hold = LegalHold(
        hold_id=scope.state.ids.uuid(),
        sequence=next(scope.state.sequence),
        account=scope.account.account_id,
        region=scope.region_name,
        created=scope.now,
        title=params["Title"],
        description=params["Description"],
        selection=selection,
        token=token,
        tags=dict(tags),
    )
    scope.region.legal_holds[hold.hold_id] = hold
    scope.state.scheduler.at(scope.now + scope.state.durations.created, _activate, hold)
    return _shown(hold)


def _selection(scope: Scope, asked: Params) -> Params:
    """What is asked for, as far as it can be: vaults that are there, a range that does not end before it begins."""
    for name in asked.get("VaultNames", ()):
        if name not in scope.region.vaults:
            raise AwsError(INVALID, f"Backup vault {name} does not exist.")
    between = asked.get("DateRange")
    if between and between["FromDate"] > between["ToDate"]:
        raise AwsError(INVALID, "FromDate must be before ToDate.")
    return asked


def _activate(hold: LegalHold, _now: float) -> None:
    if hold.status == "CREATING":
        hold.status = "ACTIVE"


def cancel(scope: Scope, params: Params) -> Params:
    """Let go of what a hold keeps; its record stays for as long as was asked."""
    hold = _find(scope, params)
    if hold.status not in {"CREATING", "ACTIVE"}:
        raise AwsError("InvalidResourceStateException", f"Legal hold {hold.hold_id} is {hold.status}.")
    hold.status, hold.cancel_description = "CANCELING", params["CancelDescription"]
    days = params.get("RetainRecordInDays")
    hold.retain_until = None if days is None else scope.now + days * DAY
    scope.state.scheduler.at(scope.now + scope.state.durations.created, _release, scope.state, hold)
    return {}


def _release(state: State, hold: LegalHold, now: float) -> None:
    """The recovery points go on ageing where they were stopped."""
    hold.status, hold.cancelled = "CANCELED", round(now, 3)
    for vault, point in _covered(state, hold):
        ageing.watch(state, vault, point, now)
    if hold.retain_until is not None:
        state.scheduler.at(max(hold.retain_until, now), _forget, state, hold)


def _forget(state: State, hold: LegalHold, _now: float) -> None:
    state.accounts[hold.account].region(hold.region).legal_holds.pop(hold.hold_id, None)


def get(scope: Scope, params: Params) -> Params:
    """Describe a hold."""
    hold = _find(scope, params)
    return _shown(hold) | {
        "CancelDescription": hold.cancel_description,
        "CancellationDate": hold.cancelled,
        "RetainRecordUntil": hold.retain_until,
    }


def list_holds(scope: Scope, params: Params) -> Params:
    """List the holds of the Region in order of creation, without what they ask."""
    known = list(scope.region.legal_holds.values())
    found, token = paging.page(scope, "ListLegalHolds", params, known, position=lambda hold: hold.sequence)
    return {"LegalHolds": [_listed(hold) for hold in found], "NextToken": token}


def _listed(hold: LegalHold) -> Params:
    shown = {name: value for name, value in _shown(hold).items() if name != "RecoveryPointSelection"}
    return shown | {"CancellationDate": hold.cancelled}


def list_points(scope: Scope, params: Params) -> Params:
    """List the recovery points that a hold keeps, in order of arrival."""
    hold = _find(scope, params)
    points = sorted(_covered(scope.state, hold), key=lambda each: each[1].sequence)
    operation = "ListRecoveryPointsByLegalHold"
    found, token = paging.page(scope, operation, params, points, position=lambda each: each[1].sequence)
    shown = [
        {
            "RecoveryPointArn": point.arn,
            "ResourceArn": point.resource_arn,
            "ResourceType": point.resource_type,
            "BackupVaultName": vault.name,
        }
        for vault, point in found
    ]
    return {"RecoveryPoints": shown, "NextToken": token}


def _covered(state: State, hold: LegalHold) -> Iterator[tuple[Vault, RecoveryPoint]]:
    for vault in state.accounts[hold.account].region(hold.region).vaults.values():
        for point in vault.points.values():
            if hold.covers(vault, point):
                yield vault, point


def _find(scope: Scope, params: Params) -> LegalHold:
    found = scope.region.legal_holds.get(params["LegalHoldId"])
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Cannot find legal hold {params['LegalHoldId']}")
    return found


def _shown(hold: LegalHold) -> Params:
    return {
        "Title": hold.title,
        "Status": hold.status,
        "Description": hold.description,
        "LegalHoldId": hold.hold_id,
        "LegalHoldArn": hold.arn,
        "CreationDate": hold.created,
        "RecoveryPointSelection": hold.selection or None,
    }


def _arn(scope: Scope, hold_id: str) -> str:
    return scope.arn("backup", f"legal-hold:{hold_id}")


def _on_hold(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    return _arn(scope, params["LegalHoldId"]), None


OPERATIONS = {
    "CreateLegalHold": Operation(create, target=None),
    "CancelLegalHold": Operation(cancel, _on_hold),
    "GetLegalHold": Operation(get, _on_hold),
    "ListLegalHolds": Operation(list_holds),
    "ListRecoveryPointsByLegalHold": Operation(list_points, _on_hold),
}

FIDELITY = (
    Behaviour(
        "Legal holds keep what was in their vaults when they were made, by resource and creation date, from deletion, "
        "disassociation, cold storage and expiry: `The recovery point cannot be deleted because it has active legal "
        "hold(s)`",
        "DG, issue (Re:Post); error code: assumed",
        "test_legal_holds.py::test_what_is_held_is_not_deleted",
    ),
    Behaviour(
        "They keep no continuous recovery point and do not travel with copies; what was due meanwhile goes when the "
        "last hold is cancelled",
        "DG; what comes into the vault later: assumed not held",
        "test_legal_holds.py::test_what_was_due_goes_when_the_hold_is_cancelled",
    ),
    Behaviour(
        "A hold comes too late for a recovery point that is DELETING already: the deletion that was accepted goes on",
        "assumed (DG says only what a hold keeps from being deleted, not what it calls back)",
        "test_legal_holds.py::test_a_hold_comes_too_late_for_what_is_being_deleted",
    ),
    Behaviour(
        "CREATING before ACTIVE, CANCELING before CANCELED; 50 active holds; the record is kept as long as asked",
        "botocore, DG; durations: ours, texts and the code of a second cancelling: assumed",
        "test_legal_holds.py::test_a_hold_lives_from_making_to_forgetting",
    ),
)
