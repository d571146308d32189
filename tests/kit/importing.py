"""A set-up that somebody made by hand, without Crossvault: vaults, who may copy, and plans that copy."""

from __future__ import annotations

import json
from typing import Any

from tests.kit import stage as scene
from tests.kit.stage import Json

COPIES = f"arn:aws:backup:{scene.AWAY}:{scene.BACKUP}:backup-vault:orders-copies"
KEY = f"arn:aws:kms:{scene.AWAY}:{scene.BACKUP}:key/22222222-0000-4000-8000-000000000001"
ROLE = scene.COPY_ROLE
NIGHTLY: Json = {
    "BackupPlanName": "Orders-nightly",
    "Rules": [
        {
            "RuleName": "daily",
            "TargetBackupVaultName": "orders",
            "ScheduleExpression": "cron(0 5 ? * * *)",
            "ScheduleExpressionTimezone": "Europe/Berlin",
            "Lifecycle": {"DeleteAfterDays": 35},
            "CopyActions": [{"DestinationBackupVaultArn": COPIES, "Lifecycle": {"DeleteAfterDays": 365}}],
        },
        {
            "RuleName": "monthly",
            "TargetBackupVaultName": "orders",
            "ScheduleExpression": "cron(0 7 1 * ? *)",
            "StartWindowMinutes": 60,
            "CompletionWindowMinutes": 600,
            "Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 400},
            "RecoveryPointTags": {"kept": "long"},
            "CopyActions": [{"DestinationBackupVaultArn": COPIES, "Lifecycle": {"DeleteAfterDays": 365}}],
        },
    ],
    "AdvancedBackupSettings": [{"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "enabled"}}],
}
SELECTIONS: tuple[Json, ...] = (
    {
        "SelectionName": "tagged",
        "IamRoleArn": ROLE,
        "Resources": ["*"],
        "Conditions": {
            "StringEquals": [{"ConditionKey": "aws:ResourceTag/backup", "ConditionValue": "true"}],
            "StringNotLike": [{"ConditionKey": "aws:ResourceTag/stage", "ConditionValue": "test*"}],
        },
    },
    {
        "SelectionName": "either",
        "IamRoleArn": ROLE,
        "Resources": [f"arn:aws:rds:{scene.HOME}:{scene.PRODUCTION}:db:*"],
        "NotResources": [f"arn:aws:rds:{scene.HOME}:{scene.PRODUCTION}:db:scratch"],
        "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "team", "ConditionValue": "orders"}],
    },
)


def external_vault(backup: Any) -> None:
    """Make the vault that copies go into, as the guide does, and let the whole source account in."""
    backup.create_backup_vault(BackupVaultName="orders-copies", EncryptionKeyArn=KEY)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{scene.PRODUCTION}:root"},
        "Action": "backup:CopyIntoBackupVault",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    backup.put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=policy)


def plan(backup: Any, **tags: str) -> str:
    """Make the plan with its selections, and return its id."""
    plan_id = str(backup.create_backup_plan(BackupPlan=NIGHTLY, BackupPlanTags=tags)["BackupPlanId"])
    for each in SELECTIONS:
        backup.create_backup_selection(BackupPlanId=plan_id, BackupSelection=each)
    return plan_id
