"""A virtual month of hourly backup plans: how long the simulator takes, and where the time goes."""

from __future__ import annotations

import collections
import resource
import time
from typing import Any

from backup_simulator.transport import InProcess

ACCOUNT, TARGET, REGION = "111111111111", "222222222222", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/backups"
HOURLY = "cron(0 * ? * * *)"


def measure(*, resources: int = 200, plans: int = 10, days: int = 30, copies: bool = False) -> dict[str, Any]:
    """Let hourly plans back up resources for some days; with copies, every backup is copied to another account."""
    aws = InProcess(_world(resources, plans))
    _plan(aws, plans, copies=copies)
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(days):
        aws.control.advance("1d")
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    region = aws.state.accounts[ACCOUNT].region(REGION)
    states = [job.state for job in region.backup_jobs.values()]
    ended = [*states, *(job.state for job in region.copy_jobs.values())]
    if set(ended) - {"COMPLETED", "CREATED", "RUNNING"} or len(states) < resources * 24 * (days - 1):
        raise AssertionError(f"not every job went well: {collections.Counter(ended)}")
    return {
        "resources": resources,
        "plans": plans,
        "days": days,
        "backup_jobs": len(states),
        "copy_jobs": len(region.copy_jobs),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used, 1),
        "cpu_microseconds_per_job": round(used / len(states) * 1e6),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
    }


def _plan(aws: InProcess, plans: int, *, copies: bool) -> None:
    client = aws.client("backup", ACCOUNT, "admin", region=REGION)
    action = {"DestinationBackupVaultArn": f"arn:aws:backup:{REGION}:{TARGET}:backup-vault:copies"}
    rule = {
        "RuleName": "hourly",
        "TargetBackupVaultName": "backups",
        "ScheduleExpression": HOURLY,
        "StartWindowMinutes": 60,
        "Lifecycle": {"DeleteAfterDays": 7},
        "CopyActions": [action | {"Lifecycle": {"DeleteAfterDays": 14}}] if copies else [],
    }
    for number in range(plans):
        plan = client.create_backup_plan(BackupPlan={"BackupPlanName": f"plan-{number}", "Rules": [rule]})
        tag = {"ConditionType": "STRINGEQUALS", "ConditionKey": "plan", "ConditionValue": str(number)}
        selection = {"SelectionName": "tagged", "IamRoleArn": ROLE, "ListOfTags": [tag]}
        client.create_backup_selection(BackupPlanId=plan["BackupPlanId"], BackupSelection=selection)


def _world(resources: int, plans: int) -> dict[str, Any]:
    keys = [{"region": REGION, "aliases": ["alias/vault"], "policy": _shared()}]
    role = {"name": "backups", "trust": {"services": ["backup.amazonaws.com"]}, "policies": ["full"]}
    files = [
        {"region": REGION, "resource_type": "EFS", "resource": f"fs-{number}", "count": resources // plans}
        | {"tags": {"plan": str(number)}}
        for number in range(plans)
    ]
    vault = {"region": REGION, "key": "alias/vault"}
    source = _account(ACCOUNT, "source") | {"roles": [role], "keys": keys, "resources": files}
    target = _account(TARGET, "target") | {"keys": keys}
    return {
        "version": 1,
        "clock": {"start": "2026-03-01T00:30:00Z", "frozen": True},
        "organization": {
            "id": "o-measurement1",
            "management": ACCOUNT,
            "members": [TARGET],
            "cross_account_backup": True,
        },
        "accounts": [
            source | {"vaults": [vault | {"name": "backups"}]},
            target | {"vaults": [vault | {"name": "copies", "policy": _may_copy()}]},
        ],
    }


def _account(number: str, name: str) -> dict[str, Any]:
    key = {"id": f"AKIAADMIN{number}"[:20], "secret": f"admin-secret-{number}"}
    return {"id": number, "name": name, "users": [{"name": "admin", "access_key": key, "policies": ["full"]}]}


def _shared() -> dict[str, Any]:
    """A key policy for everybody in the organization, so that copies succeed."""
    everybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
    within = {"StringEquals": {"aws:PrincipalOrgID": "o-measurement1"}}
    return {"Version": "2012-10-17", "Statement": [everybody | {"Condition": within}]}


def _may_copy() -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "backup:CopyIntoBackupVault",
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
