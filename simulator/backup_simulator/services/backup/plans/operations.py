"""Backup plans: create, update, read, delete; every update is a new version."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....records.backups import Plan, PlanVersion
from ....wire import AwsError, Params
from ...operation import Operation, Scope, request_tags
from .. import paging, plan_events
from . import rules as plan_rules
from . import scanning, schedule

if TYPE_CHECKING:
    from ....policies.policy import Policy

MAX_PLANS, MAX_VERSIONS = 300, 2000
NO_PLAN = "Failed reading Backup plan with provided version"
SAME_DOCUMENT = "Backup plan with the same plan document already exists"
HAS_SELECTIONS = "Related backup plan selections must be deleted prior to backup plan deletion"


def arn(scope: Scope, plan_id: str) -> str:
    """The ARN a plan of the caller has or would have."""
    return scope.arn("backup", f"backup-plan:{plan_id}")


def find(scope: Scope, plan_id: str) -> Plan:
    """A plan of the caller's Region that is not deleted."""
    plan = scope.region.plans.get(plan_id)
    if plan is None or plan.deleted is not None:
        raise AwsError("ResourceNotFoundException", NO_PLAN)
    return plan


def create(scope: Scope, params: Params) -> Params:
    """Create a plan, or give the one that the same request created before."""
    tags, request = params.get("BackupPlanTags", {}), params.get("CreatorRequestId")
    scope.authorise("backup:CreateBackupPlan", arn(scope, "*"), keys=request_tags(tags))
    if tags:
        scope.authorise("backup:TagResource", arn(scope, "*"), keys=request_tags(tags))
    alive = [plan for plan in scope.region.plans.values() if plan.deleted is None]
    known = next((plan for plan in alive if request is not None and plan.creator_request_id == request), None)
    if known:
        return _changed(known)
    document = plan_rules.checked(params["BackupPlan"])
    scanning.require_passable(scope, document)
    for plan in alive:
        if _said(plan.current.document) == _said(document):
            raise AwsError(
                "AlreadyExistsException", SAME_DOCUMENT, Arn=plan.arn, CreatorRequestId=plan.creator_request_id
            )
    if len(alive) >= MAX_PLANS:
        raise AwsError("LimitExceededException", f"The number of backup plans is limited to {MAX_PLANS}.")
    plan = Plan(
        plan_id=scope.state.ids.uuid(),
        sequence=next(scope.state.sequence),
        account=scope.account.account_id,
        region=scope.region_name,
        created=scope.now,
        creator_request_id=request,
        versions=[_version(scope, params["BackupPlan"], document, {})],
        tags=dict(tags),
    )
    scope.region.plans[plan.plan_id] = plan
    schedule.arm(scope.state, plan, scope.now)
    plan_events.plan(scope.state, plan, "CREATED", scope.now)
    return _changed(plan)


def _said(document: Params) -> Params:
    """What a document says, without the ids that AWS gave to its rules."""
    rules = [{name: value for name, value in rule.items() if name != "RuleId"} for rule in document["Rules"]]
    return document | {"Rules": rules}


def _version(scope: Scope, sent: Params, document: Params, rule_ids: dict[str, str]) -> PlanVersion:
    """A version with ids for its rules; a rule keeps its id as long as it keeps its name."""
    rules = [rule | {"RuleId": rule_ids.get(rule["RuleName"]) or scope.state.ids.uuid()} for rule in document["Rules"]]
    version_id = base64.b64encode(scope.state.ids.uuid().encode()).decode()
    advanced = tuple(sent.get("AdvancedBackupSettings", ()))
    return PlanVersion(version_id, scope.now, document | {"Rules": rules}, advanced)


def update(scope: Scope, params: Params) -> Params:
    """Replace a plan's document by a new version."""
    plan = find(scope, params["BackupPlanId"])
    document = plan_rules.checked(params["BackupPlan"])
    scanning.require_passable(scope, document)
    if document["BackupPlanName"] != plan.current.name:
        raise AwsError("InvalidParameterValueException", "The name of a backup plan cannot be changed.")
    if len(plan.versions) >= MAX_VERSIONS:
        raise AwsError("LimitExceededException", f"The number of versions is limited to {MAX_VERSIONS}.")
    rule_ids = {rule["RuleName"]: rule["RuleId"] for rule in plan.current.rules}
    plan.versions.append(_version(scope, params["BackupPlan"], document, rule_ids))
    schedule.arm(scope.state, plan, scope.now)
    plan_events.plan(scope.state, plan, "MODIFIED", scope.now)
    return _changed(plan)


def _changed(plan: Plan) -> Params:
    return {
        "BackupPlanId": plan.plan_id,
        "BackupPlanArn": plan.arn,
        "CreationDate": plan.current.created,
        "VersionId": plan.current.version_id,
        "AdvancedBackupSettings": list(plan.current.advanced) or None,
    }


def get(scope: Scope, params: Params) -> Params:
    """Give a version of a plan; of a deleted plan the versions before its last are left."""
    plan = scope.region.plans.get(params["BackupPlanId"])
    version = _asked(plan, params.get("VersionId")) if plan else None
    if plan is None or version is None:
        raise AwsError("ResourceNotFoundException", NO_PLAN)
    wanted = params.get("MaxScheduledRunsPreview", 0)
    runs = schedule.preview(version, scope.now, wanted) if wanted and plan.deleted is None else None
    return {
        "BackupPlan": version.document,
        "BackupPlanId": plan.plan_id,
        "BackupPlanArn": plan.arn,
        "VersionId": version.version_id,
        "CreatorRequestId": plan.creator_request_id,
        "CreationDate": version.created,
        "DeletionDate": plan.deleted,
        "LastExecutionDate": plan.last_run,
        "AdvancedBackupSettings": list(version.advanced) or None,
        "ScheduledRunsPreview": runs,
    }


def _asked(plan: Plan, version_id: str | None) -> PlanVersion | None:
    readable = plan.versions if plan.deleted is None else plan.versions[:-1]
    if version_id is None:
        return plan.current if plan.deleted is None else None
    return next((version for version in readable if version.version_id == version_id), None)


def delete(scope: Scope, params: Params) -> Params:
    """Delete a plan without selections; what it was stays listed as deleted."""
    plan = find(scope, params["BackupPlanId"])
    if plan.selections or _held(scope, plan):
        raise AwsError("InvalidRequestException", HAS_SELECTIONS)
    plan.deleted = scope.now
    plan_events.plan(scope.state, plan, "DELETED", scope.now)
    return {
        "BackupPlanId": plan.plan_id,
        "BackupPlanArn": plan.arn,
        "DeletionDate": plan.deleted,
        "VersionId": plan.current.version_id,
    }


def _held(scope: Scope, plan: Plan) -> bool:
    """Whether AWS Backup still believes in a selection that was deleted."""
    removed = plan.last_removal
    return removed is not None and removed + scope.state.durations.selections > scope.now


def list_plans(scope: Scope, params: Params) -> Params:
    """List the plans of the Region in order of creation, deleted ones on demand."""
    plans = [
        plan for plan in scope.region.plans.values() if plan.deleted is None or params.get("IncludeDeleted", False)
    ]
    found, token = paging.page(scope, "ListBackupPlans", params, plans, position=lambda plan: plan.sequence)
    return {"BackupPlansList": [_listed(plan, plan.current) for plan in found], "NextToken": token}


def list_versions(scope: Scope, params: Params) -> Params:
    """List all versions of a plan, oldest first."""
    plan = find(scope, params["BackupPlanId"])
    numbered = list(enumerate(plan.versions))
    found, token = paging.page(scope, "ListBackupPlanVersions", params, numbered, position=lambda each: each[0])
    return {"BackupPlanVersionsList": [_listed(plan, version) for _, version in found], "NextToken": token}


def _listed(plan: Plan, version: PlanVersion) -> Params:
    return {
        "BackupPlanArn": plan.arn,
        "BackupPlanId": plan.plan_id,
        "CreationDate": version.created,
        "DeletionDate": plan.deleted,
        "VersionId": version.version_id,
        "BackupPlanName": version.name,
        "CreatorRequestId": plan.creator_request_id,
        "LastExecutionDate": plan.last_run,
        "AdvancedBackupSettings": list(version.advanced) or None,
    }


def on_plan(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    """Judge the caller on the plan."""
    return arn(scope, params["BackupPlanId"]), None


OPERATIONS = {
    "CreateBackupPlan": Operation(create, target=None),
    "UpdateBackupPlan": Operation(update, on_plan),
    "GetBackupPlan": Operation(get, on_plan),
    "DeleteBackupPlan": Operation(delete, on_plan),
    "ListBackupPlans": Operation(list_plans),
    "ListBackupPlanVersions": Operation(list_versions, on_plan),
}

FIDELITY = (
    Behaviour(
        "CreateBackupPlan with tags needs `backup:TagResource` too",
        "DG",
        "test_plans.py::test_a_plan_with_tags_needs_the_right_to_tag",
    ),
    Behaviour(
        "The same CreatorRequestId gives the plan that is there; the same document under another id is AlreadyExists",
        "botocore; text: assumed",
        "test_plans.py::test_the_same_request_gives_the_same_plan",
    ),
    Behaviour(
        "Every update is a version, also one that changes nothing; rules keep their ids by name; old versions stay "
        "readable",
        "botocore; changes of nothing and rule ids: assumed",
        "test_plans.py::test_every_update_is_a_version",
    ),
    Behaviour(
        "CreationDate is that of the version that is read",
        "assumed",
        "test_plans.py::test_every_update_is_a_version",
    ),
    Behaviour(
        "A plan's name cannot be changed",
        "DG; error: assumed",
        "test_plans.py::test_the_name_of_a_plan_stays",
    ),
    Behaviour(
        "A plan with selections cannot be deleted; a deleted one is listed on demand, its last version is gone",
        "DG, issue",
        "test_plans.py::test_a_plan_is_deleted_after_its_selections",
    ),
    Behaviour(
        "A plan that is not there: ResourceNotFound, `Failed reading Backup plan with provided version`",
        "botocore; text: assumed",
        "test_plans.py::test_a_missing_plan_is_not_found",
    ),
    Behaviour(
        "300 plans a Region, 2000 versions a plan",
        "DG; error: assumed",
        "test_plans.py::test_the_number_of_versions_is_limited",
    ),
)
