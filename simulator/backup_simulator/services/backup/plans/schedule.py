"""When plans run and what they start: a rule's moments on the virtual clock, and the backup jobs of each run."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....records.backups import BackupJob
from ..backups import composite, continuous, primary, windows
from ..backups import roles as backup_roles
from ..backups import rules as backup_rules
from ..backups import running as backing_up
from ..points import lifecycles
from . import cron, selecting

if TYPE_CHECKING:
    from ....records.backups import Plan, PlanVersion, Selection
    from ....records.resources import Resource
    from ....records.state import State
    from ....wire import Params


def arm(state: State, plan: Plan, now: float) -> None:
    """Plan the next run of every rule of a plan's current version; runs of older versions come to nothing."""
    for rule in plan.current.rules:
        _await(state, plan, plan.current, rule, now)


def following(rule: Params, moment: float) -> float | None:
    """When a rule runs next after a moment."""
    timezone = cron.zone(rule["ScheduleExpressionTimezone"])
    return cron.following(cron.parse(rule["ScheduleExpression"]), moment, timezone)


def _await(state: State, plan: Plan, version: PlanVersion, rule: Params, now: float) -> None:
    moment = following(rule, now)
    if moment is not None:
        state.scheduler.at(moment, _run, state, plan, version, rule)


def _run(state: State, plan: Plan, version: PlanVersion, rule: Params, now: float) -> None:
    """Let a rule run unless the plan has changed since."""
    if plan.deleted is not None or plan.current is not version:
        return
    _await(state, plan, version, rule, now)
    if not plan.selections:
        return
    plan.last_run = now
    if not _outlived(version, rule, now):
        for selection, resource in _selected(state, plan):
            backing_up.begin(state, _job(state, now, plan=plan, rule=rule, selection=selection, resource=resource))


def _outlived(version: PlanVersion, rule: Params, now: float) -> bool:
    """Whether another rule whose start window overlaps keeps its backups longer; then only that one runs.

    Of rules that keep equally long the first runs (assumed).
    """
    end = now + rule["StartWindowMinutes"] * windows.MINUTE
    before = True
    for other in version.rules:
        if other is rule:
            before = False
            continue
        longer = _retention(other) > _retention(rule) or (before and _retention(other) == _retention(rule))
        if not longer or other["EnableContinuousBackup"] != rule["EnableContinuousBackup"]:
            continue
        start = following(other, now - other["StartWindowMinutes"] * windows.MINUTE)
        if start is not None and start < end:
            return True
    return False


def _retention(rule: Params) -> float:
    days = (rule.get("Lifecycle") or {}).get("DeleteAfterDays")
    return float("inf") if days in {None, -1} else float(days)


def _selected(state: State, plan: Plan) -> list[tuple[Selection, Resource]]:
    """The resources of all selections whose role works, each with the first selection that finds it."""
    found: dict[str, tuple[Selection, Resource]] = {}
    for selection in plan.selections.values():
        if not _role_works(state, plan, selection):
            continue
        for resource in selecting.resources_of(state, plan.account, plan.region, selection.document):
            found.setdefault(resource.arn, (selection, resource))
    return list(found.values())


def _role_works(state: State, plan: Plan, selection: Selection) -> bool:
    """Without a role that can be assumed, and may look for tags, AWS Backup finds nothing to back up."""
    if not backup_roles.assumable(state, plan.account, selection.role_arn, region=plan.region):
        return False
    by_tag = selecting.by_tag(selection.document)
    return not by_tag or backup_roles.may(state, selection.role_arn, selecting.FIND, "*", region=plan.region)


def _job(state: State, now: float, *, plan: Plan, rule: Params, selection: Selection, resource: Resource) -> BackupJob:
    choices: dict[str, str] = {}
    for setting in plan.current.advanced:
        if setting.get("ResourceType") == resource.resource_type:
            choices |= setting.get("BackupOptions", {})
    row = backup_rules.row_of(state, plan.account, plan.region, resource.resource_type)
    air_gapped = rule.get("TargetLogicallyAirGappedBackupVaultArn")
    return BackupJob(
        job_id=state.ids.job(),
        sequence=next(state.sequence),
        account=plan.account,
        region=plan.region,
        vault_name=primary.vault_name(
            rule["TargetBackupVaultName"], air_gapped, row, account=plan.account, region=plan.region
        ),
        air_gapped_arn=air_gapped,
        resource_arn=resource.arn,
        resource_type=resource.resource_type,
        role_arn=selection.role_arn,
        created=round(now, 3),
        start_by=now + rule["StartWindowMinutes"] * windows.MINUTE,
        completion_window=rule["CompletionWindowMinutes"] * windows.MINUTE,
        lifecycle=lifecycles.parse(rule.get("Lifecycle")),
        resource_name=resource.name,
        tags=dict(rule.get("RecoveryPointTags", {})),
        options=choices,
        created_by=_creator(plan, rule),
        copy_actions=tuple(rule.get("CopyActions", ())),
        is_parent=composite.is_composite(resource.resource_type),
        continuous=bool(rule["EnableContinuousBackup"]) and resource.resource_type in continuous.TYPES,
    )


def _creator(plan: Plan, rule: Params) -> Params:
    """Who made a job, a recovery point or a copy, in the API's shape."""
    return {
        "BackupPlanId": plan.plan_id,
        "BackupPlanArn": plan.arn,
        "BackupPlanName": plan.current.name,
        "BackupPlanVersion": plan.current.version_id,
        "BackupRuleId": rule["RuleId"],
        "BackupRuleName": rule["RuleName"],
        "BackupRuleCron": rule["ScheduleExpression"],
        "BackupRuleTimezone": rule["ScheduleExpressionTimezone"],
    }


def preview(version: PlanVersion, now: float, count: int) -> list[Params]:
    """The next runs of a version's rules, in order of time."""
    coming = [(moment, index) for index, rule in enumerate(version.rules) if (moment := following(rule, now))]
    heapq.heapify(coming)
    runs: list[Params] = []
    while coming and len(runs) < count:
        moment, index = heapq.heappop(coming)
        rule = version.rules[index]
        kind = "CONTINUOUS" if rule["EnableContinuousBackup"] else "SNAPSHOTS"
        runs.append({"ExecutionTime": moment, "RuleId": rule["RuleId"], "RuleExecutionType": kind})
        then = following(rule, moment)
        if then is not None:
            heapq.heappush(coming, (then, index))
    return runs


FIDELITY = (
    Behaviour(
        "A plan runs by its rules' cron in their time zones, its selections find resources at that moment",
        "DG",
        "test_plans_run.py::test_a_plan_runs_at_its_moment",
    ),
    Behaviour(
        "Local times that a change of the clock leaves out are skipped, repeated ones run once",
        "DG (EventBridge Scheduler); that AWS Backup does the same: assumed",
        "test_plan_cron.py::test_the_time_zone_is_honoured",
    ),
    Behaviour(
        "Of rules of one plan with overlapping start windows the one with the longest retention runs",
        "DG; of equal ones the first: assumed",
        "test_plans_run.py::test_of_overlapping_rules_the_longest_runs",
    ),
    Behaviour(
        "A selection whose role cannot be assumed, or may not look for tags, yields no jobs",
        "issue (ProcessBackupPlanSelection in CloudTrail)",
        "test_plans_run.py::test_a_role_that_does_not_work_backs_nothing_up",
    ),
    Behaviour(
        "A resource that several selections of a plan find is backed up once, with the role of the first",
        "assumed",
        "test_plans_run.py::test_a_resource_is_backed_up_once_a_run",
    ),
    Behaviour(
        "A plan's changes affect the runs after them",
        "DG",
        "test_plans_run.py::test_changes_count_from_the_next_run_on",
    ),
)
