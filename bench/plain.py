"""The script that a user would write: list both vaults with boto3, and compare them by resource and date."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

from . import worlds


def usage(began: float, cpu: float, calls: int) -> dict[str, Any]:
    """Return what this process has used since two instants, of the monotonic clock and of its CPU."""
    return {
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "seconds": round(time.monotonic() - began, 2),
        "calls": calls,
        "peak_mib": round(_peak() / 1024),
    }


def _peak() -> int:
    """Return the most memory that this process has had, in KiB; getrusage tells that of its parent, too."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))


def plain(url: str) -> dict[str, Any]:
    """List both vaults with boto3, and compare them by resource and date."""
    began, cpu = time.monotonic(), time.process_time()
    calls = 0

    def rows(account: str, region: str, vault: str) -> Iterator[Any]:
        nonlocal calls
        hub = boto3.Session(region_name=region)
        role = f"arn:aws:iam::{account}:role/crossvault"
        got = hub.client("sts", endpoint_url=url).assume_role(RoleArn=role, RoleSessionName="plain")["Credentials"]
        client = boto3.client(
            "backup",
            endpoint_url=url,
            region_name=region,
            aws_access_key_id=got["AccessKeyId"],
            aws_secret_access_key=got["SecretAccessKey"],
            aws_session_token=got["SessionToken"],
        )
        calls += 1
        listing = client.get_paginator("list_recovery_points_by_backup_vault")
        for page in listing.paginate(BackupVaultName=vault, PaginationConfig={"PageSize": 1000}):
            calls += 1
            yield from page["RecoveryPoints"]

    copies = {
        (row["ResourceArn"], row["CreationDate"])
        for row in rows(worlds.target_id(0), worlds.TARGET_REGION, worlds.COPIES)
    }
    missing = [
        row["RecoveryPointArn"]
        for row in rows(worlds.source_id(0), worlds.SOURCE_REGION, worlds.VAULT)
        if (row["ResourceArn"], row["CreationDate"]) not in copies
    ]
    return usage(began, cpu, calls) | {"missing": len(missing)}


if __name__ == "__main__":
    print(json.dumps(plain(sys.argv[1])))
