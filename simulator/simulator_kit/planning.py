"""The source account with plans, and what tests do with it."""

from __future__ import annotations

from typing import Any

from . import scenes
from .backup_kit import Backups

DAILY = {"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "backup", "ConditionValue": "daily"}]}


class Planned(Backups):
    """The source account with a plan."""

    def plan(self, *rules: scenes.Json, name: str = "plan", **selection: Any) -> str:
        """Create a plan with one selection and give its id."""
        plan = {"BackupPlanName": name, "Rules": list(rules) or [rule()]}
        plan_id = str(self.client.create_backup_plan(BackupPlan=plan)["BackupPlanId"])
        self.select(plan_id, **(selection or DAILY))
        return plan_id

    def select(self, plan_id: str, **members: Any) -> str:
        """Add a selection and give its id."""
        selection = {"SelectionName": "some", "IamRoleArn": scenes.COPIER} | members
        answer = self.client.create_backup_selection(BackupPlanId=plan_id, BackupSelection=selection)
        return str(answer["SelectionId"])

    def runs(self, **filters: Any) -> list[tuple[str, str]]:
        """Day and hour of each job with the last part of its resource."""
        return [
            (job["CreationDate"].strftime("%d %H:%M"), job["ResourceArn"].replace("/", ":").rpartition(":")[2])
            for job in self.jobs(**filters)
        ]


def rule(**changes: Any) -> scenes.Json:
    """A rule that runs at five, with short windows."""
    return {"RuleName": "daily", "TargetBackupVaultName": "daily", "StartWindowMinutes": 60} | changes
