"""Worlds in which backup plans find something, and what AWS has of them."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.kit import stage as scene
from tests.kit.stage import Json, Stage

from backup_simulator.records import resources

RIGHTS = (
    *("backup:ListBackupPlans", "backup:GetBackupPlan", "backup:ListBackupSelections", "backup:GetBackupSelection"),
    *("backup:ListTags", "backup:CreateBackupPlan", "backup:UpdateBackupPlan", "backup:TagResource"),
    *("backup:CreateBackupSelection", "backup:DeleteBackupSelection", "backup:DeleteBackupPlan"),
    *("tag:GetResources", "backup:ListBackupJobs"),
)
SCHEDULE: Json = {
    "rules": [
        {"name": "daily", "cron": "cron(0 5 ? * * *)", "lifecycle": {"deleteAfterDays": 35}},
        {
            "name": "monthly",
            "cron": "cron(0 7 1 * ? *)",
            "timezone": "Europe/Berlin",
            "startWindowMinutes": 60,
            "completionWindowMinutes": 600,
            "lifecycle": {"moveToColdStorageAfterDays": 30, "deleteAfterDays": 400},
            "recoveryPointTags": {"kept": "long"},
        },
    ],
    "selections": [
        {"name": "tagged", "tags": {"backup": "true"}},
        {"name": "named", "resources": [f"arn:aws:rds:{scene.HOME}:{scene.PRODUCTION}:db:*"]},
    ],
}
RESOURCES: tuple[Json, ...] = (
    {
        "region": scene.HOME,
        "resource_type": "EBS",
        "resource": "vol-plan",
        "key": "alias/orders-storage",
        "tags": {"backup": "true"},
    },
    {"region": scene.HOME, "resource_type": "EFS", "resource": "fs-plan", "tags": {"backup": "true"}},
    {"region": scene.HOME, "resource_type": "EFS", "resource": "fs-other", "tags": {"backup": "false"}},
)
"""Two that a plan finds by their tag, and one that it does not."""


def allowed(made: Json, *rights: str) -> Json:
    """Return a world in which the operator's role at the source may keep plans, and something bears their tag."""
    scene.account(made, scene.PRODUCTION).setdefault("resources", [dict(RESOURCES[0])])
    statements = scene.role(made, scene.PRODUCTION, "crossvault-source")["policies"][0]["Statement"]
    statements.append({"Sid": "Plans", "Effect": "Allow", "Action": list(rights or RIGHTS), "Resource": "*"})
    return made


def with_resources(made: Json) -> Json:
    """Return a world with resources to back up, and no recovery point yet."""
    production = scene.account(made, scene.PRODUCTION)
    production["resources"] = copy.deepcopy(list(RESOURCES))
    production["vaults"][0]["recovery_points"] = []
    return made


def plans_of(backup: Any) -> list[Json]:
    """Return the plans that a client sees, each with its tags and selections."""
    found = []
    for row in backup.list_backup_plans()["BackupPlansList"]:
        plan_id = row["BackupPlanId"]
        plan = backup.get_backup_plan(BackupPlanId=plan_id)
        listed = backup.list_backup_selections(BackupPlanId=plan_id)["BackupSelectionsList"]
        documents = [
            backup.get_backup_selection(BackupPlanId=plan_id, SelectionId=each["SelectionId"])["BackupSelection"]
            for each in listed
        ]
        tags = backup.list_tags(ResourceArn=row["BackupPlanArn"]).get("Tags", {})
        found.append({**plan["BackupPlan"], "id": plan_id, "tags": tags, "selections": documents})
    return found


def plans(stage: Stage) -> list[Json]:
    """Return the plans of the source account, each with its tags and selections."""
    return plans_of(stage.admin(scene.PRODUCTION, scene.HOME))


def covered(stage: Stage) -> set[str]:
    """Return the ARNs of what plans of the source account back up today, each with one rule at least."""
    state = stage.cloud.state
    alive = [
        each for each in state.accounts[scene.PRODUCTION].regions[scene.HOME].plans.values() if each.deleted is None
    ]
    return {
        resource.arn
        for plan in alive
        if plan.current.rules
        for selection in plan.selections.values()
        for resource in resources.listed(state, scene.PRODUCTION, scene.HOME)
        if _means(selection.document, resource.arn, resource.tags)
    }


def _means(selection: Mapping[str, Any], arn: str, tags: Mapping[str, str]) -> bool:
    """Tell whether a selection by tags, or by ARNs and what they begin with, means a resource."""
    wanted = [(each["ConditionKey"], each["ConditionValue"]) for each in selection.get("ListOfTags", ())]
    tagged = any(tags.get(name.removeprefix("aws:ResourceTag/")) == value for name, value in wanted)
    return tagged or any(fnmatchcase(arn, pattern) for pattern in selection.get("Resources", ()))


def calls(stage: Stage) -> Counter[str]:
    """Count the operator's writes by operation."""
    return Counter(each.operation for each in stage.writes() if "/crossvault-" in each.principal)


def made_by_hand(stage: Stage, **tags: str) -> str:
    """Make a plan by hand and return its id."""
    backup = stage.admin(scene.PRODUCTION, scene.HOME)
    rule = {"RuleName": "old", "TargetBackupVaultName": "orders", "Lifecycle": {"DeleteAfterDays": 7}}
    document = {"BackupPlanName": "by-hand", "Rules": [rule]}
    return str(backup.create_backup_plan(BackupPlan=document, BackupPlanTags=tags)["BackupPlanId"])


def running() -> Json:
    """Return a world whose clock runs, with resources to select, and roles that may keep a plan."""
    clock = {"clock": {"start": "now"}, "durations": {"created": 0.2, "running": 0.5}}
    return with_resources(allowed(scene.world())) | clock
