"""Worlds in which backup plans find something, and what AWS has of them."""

from __future__ import annotations

import copy
from typing import Any

from tests.kit import stage as scene
from tests.kit.stage import Json

RIGHTS = (
    *("backup:ListBackupPlans", "backup:GetBackupPlan", "backup:ListBackupSelections", "backup:GetBackupSelection"),
    *("backup:ListTags", "backup:CreateBackupPlan", "backup:UpdateBackupPlan", "backup:TagResource"),
    *("backup:CreateBackupSelection", "backup:DeleteBackupSelection", "backup:DeleteBackupPlan"),
)
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
    """Return a world in which the operator's role at the source may keep plans."""
    statements = scene.role(made, scene.PRODUCTION, "crossvault-source")["policies"][0]["Statement"]
    statements.append({"Sid": "Plans", "Effect": "Allow", "Action": list(rights or RIGHTS), "Resource": "*"})
    return made


def with_resources(made: Json) -> Json:
    """Return a world with resources to back up, and no recovery point yet."""
    production = scene.account(made, scene.PRODUCTION)
    production["resources"] = copy.deepcopy(list(RESOURCES))
    production["vaults"][0]["recovery_points"] = []
    return made


def plans(backup: Any) -> list[Json]:
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
