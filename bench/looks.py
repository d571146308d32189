"""What a look at two settled vaults costs, beside the script that a user would write with boto3.

Every recovery point has its copy. Both run in processes of their own against one simulated AWS, so that CPU and memory
are theirs alone; the script lists both vaults and compares them by resource and date, and does nothing else.

The vaults are full from the beginning, and no copy job is remembered of them; or, which takes its time, their copies
are made, and the job of each is listed by ours, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from backup_simulator.server import SimulatorServer
from crossvault.aspects.vault_policy.statement import statement_for

from . import worlds

EACH = 24
"""So many recovery points has each resource, one a day."""
ADMIN = {"name": "admin", "policies": ["full"], "access_key": {"id": "AKIABENCHBENCHBENCH0", "secret": "bench-secret"}}


def measure(*, points: int) -> dict[str, Any]:
    """Look at vaults of ten times as many recovery points as the ones before, that many at most."""
    sizes = [size for size in (10_000, 100_000, 1_000_000) if size <= points] or [points]
    return {f"{size:,} points": _full(size) for size in sizes}


def with_jobs(*, points: int) -> dict[str, Any]:
    """Copy about so many recovery points, and look at them."""
    with SimulatorServer(_world(points // EACH)) as aws:
        return {f"{_copy_all(aws):,} points": _compared(aws)}


def _full(points: int) -> dict[str, Any]:
    with SimulatorServer(all_copied(points)) as aws:
        return _compared(aws)


def all_copied(points: int) -> dict[str, Any]:
    """Return a pair of accounts with about so many recovery points, all of them copied, and nothing to do."""
    world = worlds.copied(worlds.at_rest(worlds.world(pairs=1, vaults=1, points=1)), points)
    for account in world["accounts"]:
        account["service_linked_role"] = account["name"].startswith("target-")
        if account["name"] == "source-0":
            account["keys"][0]["policy"] = anybody("kms:*")
    return _administered(world)


def _compared(aws: SimulatorServer) -> dict[str, Any]:
    """Let the script look once, and ours as often as it does in hours."""
    plain, ours = (_in_a_process(name, aws) for name in ("plain", "our_looks"))
    ratios = {name: round(plain["cpu_seconds"] / ours[name]["cpu_seconds"], 2) for name in ("first_look", "audit")}
    return {"plain_boto3": plain, **ours, "cpu_ratio": ratios}


def table(found: dict[str, Any]) -> str:
    """Return what was measured as a table."""
    head = f"{'recovery points':>17} {'':12} {'CPU s':>8} {'less by':>8} {'calls':>6} {'MiB':>6}"
    lines = [head]
    for size, each in found.items():
        plain = each["plain_boto3"]["cpu_seconds"]
        for name in ("plain_boto3", "first_look", "third_look", "audit"):
            row = each[name]
            less = f"{plain / row['cpu_seconds']:.1f}" if row["cpu_seconds"] and name != "plain_boto3" else ""
            numbers = f"{row['cpu_seconds']:>8.2f} {less:>8} {row['calls']:>6} {row['peak_mib']:>6}"
            lines.append(f"{size:>17} {name.replace('_', ' '):12} {numbers}")
    return "\n".join(lines)


def _world(resources: int) -> dict[str, Any]:
    """Return a pair of accounts; the source has daily recovery points of so many resources."""
    return _administered(with_room_for_copies(worlds.world(pairs=1, vaults=1, points=EACH), resources))


def _administered(world: dict[str, Any]) -> dict[str, Any]:
    for account in world["accounts"]:
        if account["name"] == "source-0":
            account["users"] = [ADMIN]
    return world


def with_room_for_copies(world: dict[str, Any], resources: int) -> dict[str, Any]:
    """Let each first source vault have daily recovery points of so many resources, and whoever copies them do so."""
    for account in world["accounts"]:
        if account["name"].startswith("source-"):
            account["keys"][0]["policy"] = anybody("kms:*")
            account["vaults"][0]["generate"][0] |= {"resources": resources, "every": "1d", "back": f"{EACH - 1}d"}
        if account["name"].startswith("target-"):
            role = f"arn:aws:iam::{worlds.source_id(int(account['name'].removeprefix('target-')))}:role/copy-role"
            account["vaults"][0]["policy"] = {"Version": "2012-10-17", "Statement": [statement_for(role)]}
    return world


def anybody(action: str) -> dict[str, Any]:
    """Return a policy that lets everybody do something."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _copy_all(aws: SimulatorServer) -> int:
    client = aws.client("backup", worlds.source_id(0), "admin", region=worlds.SOURCE_REGION)
    pages = client.get_paginator("list_recovery_points_by_backup_vault").paginate(BackupVaultName=worlds.VAULT)
    arns = [row["RecoveryPointArn"] for page in pages for row in page["RecoveryPoints"]]

    def copy(arn: str) -> None:
        client.start_copy_job(
            RecoveryPointArn=arn,
            SourceBackupVaultName=worlds.VAULT,
            DestinationBackupVaultArn=(
                f"arn:aws:backup:{worlds.TARGET_REGION}:{worlds.target_id(0)}:backup-vault:{worlds.COPIES}"
            ),
            IamRoleArn=f"arn:aws:iam::{worlds.source_id(0)}:role/copy-role",
        )

    left = arns
    while left:  # AWS takes so many at once, and one of a resource
        left = [arn for arn in left if not _accepted(copy, arn)]
        aws.control.advance("3h")
    return len(arns)


def _accepted(copy: Callable[[str], None], arn: str) -> bool:
    try:
        copy(arn)
    except ClientError:
        return False
    return True


def _in_a_process(name: str, aws: SimulatorServer) -> dict[str, Any]:
    credentials = aws.credentials(worlds.HUB, "operator")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["AWS_ACCESS_KEY_ID"] = credentials.aws_access_key_id
    environment["AWS_SECRET_ACCESS_KEY"] = credentials.aws_secret_access_key
    ahead = str(aws.control.now() - time.time())  # the copies took virtual hours
    command = [sys.executable, "-m", f"bench.{name}", aws.url, ahead]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=3600, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
