"""Backup selections: create, read, delete; there is no update."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .... import arns
from ....fidelity import Behaviour
from ....records.backups import Selection
from ....wire import AwsError, Params
from ...operation import Operation, Scope
from .. import paging
from ..backups import roles as backup_roles
from . import operations, selecting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ....records.backups import Plan

INVALID = "InvalidParameterValueException"
EMPTY = "Invalid backup selection. Either 'ListOfTags' or 'Resources' section must be non-empty."
MAX_SELECTIONS, MAX_BY_TAG, MAX_CONDITIONS = 100, 10, 30
MAX_ARNS, MAX_PATTERNS = 500, 30
LISTS = ("Resources", "ListOfTags", "NotResources")
CONDITIONS = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike")


def create(scope: Scope, params: Params) -> Params:
    """Add a selection to a plan, or give the one that the same request added before."""
    plan = _plan(scope, params)
    document, request = params["BackupSelection"], params.get("CreatorRequestId")
    for known in plan.selections.values():
        if request is not None and known.creator_request_id == request:
            return _created(plan, known)
    for flaw in _flaws(document):
        raise AwsError(INVALID, f"Invalid backup selection. {flaw}" if flaw != EMPTY else EMPTY)
    _check_role(scope, document)
    _check_limits(plan, document)
    selection = Selection(
        selection_id=scope.state.ids.uuid(),
        sequence=next(scope.state.sequence),
        created=scope.now,
        creator_request_id=request,
        document=document,
    )
    plan.selections[selection.selection_id] = selection
    return _created(plan, selection)


def _plan(scope: Scope, params: Params) -> Plan:
    """The plan of a request; a missing one is an invalid parameter here (terraform-provider-aws)."""
    plan = scope.region.plans.get(params["BackupPlanId"])
    if plan is None or plan.deleted is not None:
        raise AwsError(INVALID, f"Cannot find Backup plan with ID {params['BackupPlanId']}")
    return plan


def _created(plan: Plan, selection: Selection) -> Params:
    return {
        "SelectionId": selection.selection_id,
        "BackupPlanId": plan.plan_id,
        "CreationDate": selection.created,
    }


def _check_role(scope: Scope, document: Params) -> None:
    role_arn = document["IamRoleArn"]
    backup_roles.require_passable(scope, role_arn)
    backup_roles.require_assumable(scope, role_arn)
    if not selecting.by_tag(document):
        return
    if not backup_roles.may(scope.state, role_arn, selecting.FIND, "*", region=scope.region_name):
        raise backup_roles.refused(role_arn, f"IAM Role {role_arn} is not authorized to call {selecting.FIND}")


def _check_limits(plan: Plan, document: Params) -> None:
    if len(plan.selections) >= MAX_SELECTIONS:
        raise AwsError("LimitExceededException", f"A backup plan has {MAX_SELECTIONS} selections at most.")
    tagged = sum(selecting.by_tag(known.document) for known in plan.selections.values())
    if selecting.by_tag(document) and tagged >= MAX_BY_TAG:
        raise AwsError("LimitExceededException", f"A backup plan has {MAX_BY_TAG} selections by tag at most.")


def _flaws(document: Params) -> Iterator[str]:
    if not document.get("Resources") and not document.get("ListOfTags"):
        yield EMPTY
    for member in ("Resources", "NotResources"):
        yield from _pattern_flaws(member, document.get(member, ()))
    if len(document.get("ListOfTags", ())) > MAX_CONDITIONS:
        yield f"ListOfTags cannot have more than {MAX_CONDITIONS} conditions."
    tests = [test for group in document.get("Conditions", {}).values() for test in group or ()]
    if len(tests) > MAX_CONDITIONS:
        yield f"Conditions cannot have more than {MAX_CONDITIONS} conditions."
    for test in tests:
        key = test.get("ConditionKey", "")
        if not key.startswith(selecting.TAG) or "ConditionValue" not in test:
            yield f"A condition needs a value, and a key of the form {selecting.TAG}key: {key}"


def _pattern_flaws(member: str, patterns: list[str]) -> Iterator[str]:
    wild = any("*" in pattern for pattern in patterns)
    if len(patterns) > (MAX_PATTERNS if wild else MAX_ARNS):
        yield f"{member} cannot have more than {MAX_ARNS} ARNs, or {MAX_PATTERNS} with wildcards."
    for pattern in patterns:
        arn = arns.of(pattern)
        if pattern != "*" and (not arn.service or not arn.resource):
            yield f"{pattern} in {member} is no ARN."
        elif "*" in arn.resource[:-1]:
            yield f"The wildcard of {pattern} in {member} is not at its end."


def _selection(scope: Scope, plan: Plan, params: Params) -> Selection:
    """The selection of a request; a new one is not found at first."""
    found = plan.selections.get(params["SelectionId"])
    if found is None or not _visible(scope, found):
        raise AwsError(INVALID, f"Cannot find Backup selection with ID {params['SelectionId']}")
    return found


def get(scope: Scope, params: Params) -> Params:
    """Give a selection's document."""
    plan = _plan(scope, params)
    selection = _selection(scope, plan, params)
    return _created(plan, selection) | {
        "BackupSelection": _whole(selection.document),
        "CreatorRequestId": selection.creator_request_id,
    }


def _whole(document: Params) -> Params:
    """A document with the lists that nobody filled: AWS always shows all of them."""
    conditions = document.get("Conditions") or {}
    return document | {
        **{name: document.get(name) or [] for name in LISTS},
        "Conditions": {name: conditions.get(name) or [] for name in CONDITIONS},
    }


def delete(scope: Scope, params: Params) -> Params:
    """Take a selection away; backups of its resources stay."""
    plan = _plan(scope, params)
    del plan.selections[_selection(scope, plan, params).selection_id]
    plan.last_removal = scope.now
    return {}


def _visible(scope: Scope, selection: Selection) -> bool:
    return selection.created + scope.state.durations.selections <= scope.now


def list_selections(scope: Scope, params: Params) -> Params:
    """List a plan's selections in order of creation."""
    plan = operations.find(scope, params["BackupPlanId"])
    selections = [selection for selection in plan.selections.values() if _visible(scope, selection)]
    found, token = paging.page(
        scope, "ListBackupSelections", params, selections, position=lambda selection: selection.sequence
    )
    shown = [
        _created(plan, selection)
        | {
            "SelectionName": selection.document["SelectionName"],
            "CreatorRequestId": selection.creator_request_id,
            "IamRoleArn": selection.role_arn,
        }
        for selection in found
    ]
    return {"BackupSelectionsList": shown, "NextToken": token}


OPERATIONS = {
    "CreateBackupSelection": Operation(create, operations.on_plan),
    "GetBackupSelection": Operation(get, operations.on_plan),
    "DeleteBackupSelection": Operation(delete, operations.on_plan),
    "ListBackupSelections": Operation(list_selections, operations.on_plan),
}

FIDELITY = (
    Behaviour(
        "`Either 'ListOfTags' or 'Resources' section must be non-empty`, also when there are conditions",
        "issue",
        "test_selections.py::test_a_selection_that_cannot_be_is_refused",
    ),
    Behaviour(
        "A role that does not trust AWS Backup, or may not call tag:GetResources where tags are looked at: ERROR_3018",
        "issue",
        "test_selections.py::test_a_selection_needs_a_role_that_works",
    ),
    Behaviour(
        "Wildcards as Region, account or end of an ARN, 500 ARNs or 30 with wildcards, 30 conditions,"
        " 100 selections, 10 by tag",
        "botocore, DG; texts and codes: assumed",
        "test_selections.py::test_a_selection_that_cannot_be_is_refused",
    ),
    Behaviour(
        "GetBackupSelection shows all lists, also the empty ones, and the four groups of Conditions",
        "issue; Resources of a selection by tags: assumed",
        "test_selections.py::test_a_selection_reads_back_with_its_empty_lists",
    ),
    Behaviour(
        "A missing plan or selection is an invalid parameter (`Cannot find Backup plan …`)",
        "issue; text of the latter: assumed",
        "test_selections.py::test_what_is_missing_is_an_invalid_parameter",
    ),
    Behaviour(
        "A new selection is not found, and one that was deleted holds its plan, for `durations.selections` "
        "(at once by default)",
        "issue (terraform-provider-aws waits two minutes)",
        "test_propagation.py::test_a_selection_comes_and_goes_late",
    ),
)
