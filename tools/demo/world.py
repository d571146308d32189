"""The AWS of the demo: the quickstart world on a loopback port, and the hand that breaks something in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from backup_simulator.server import SimulatorServer

ROOT = Path(__file__).resolve().parents[2]
WORLD = ROOT / "simulator" / "worlds" / "quickstart.yaml"
MANIFESTS = ROOT / "examples" / "quickstart"

OPERATOR = ("555555555555", "crossvault-operator")
BACKUP_ADMIN = ("222222222222", "admin")
SOURCE_REGION, DESTINATION_REGION = "eu-west-1", "eu-central-1"
DESTINATION_VAULT = "orders-copies"

# Real copies take minutes to hours; nobody watches a demo for that long.
DURATIONS = {"created": "1s", "running": "3s"}


def serve() -> SimulatorServer:
    """Return a simulator, not yet started, with copies that take seconds."""
    world: dict[str, Any] = yaml.safe_load(WORLD.read_text("utf-8"))
    world["durations"] = {**world.get("durations", {}), **DURATIONS}
    return SimulatorServer(world)


def exports(server: SimulatorServer, account: str, user: str, region: str) -> dict[str, str]:
    """Return the environment that makes any AWS client speak to the simulator as ``user``."""
    credentials = server.credentials(account, user)
    return {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": credentials.aws_access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.aws_secret_access_key,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def operator_environment(server: SimulatorServer) -> dict[str, str]:
    """Return this process's environment with the operator's AWS identity and no other."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, **exports(server, *OPERATOR, SOURCE_REGION)}


class Administrator:
    """Somebody with all rights in the backup account, who works on AWS directly."""

    def __init__(self, server: SimulatorServer) -> None:
        self._backup = server.client("backup", *BACKUP_ADMIN, region=DESTINATION_REGION)

    def policy(self) -> str | None:
        """Return the access policy of the destination vault, None without one."""
        try:
            answer: dict[str, Any] = self._backup.get_backup_vault_access_policy(BackupVaultName=DESTINATION_VAULT)
        except (self._backup.exceptions.ResourceNotFoundException, self._backup.exceptions.ClientError):
            return None
        return str(answer["Policy"])

    def remove_policy(self) -> None:
        """Remove the access policy of the destination vault by hand."""
        self._backup.delete_backup_vault_access_policy(BackupVaultName=DESTINATION_VAULT)

    def copies(self) -> int:
        """Return how many recovery points the destination vault holds."""
        pages = self._backup.get_paginator("list_recovery_points_by_backup_vault")
        return sum(len(page["RecoveryPoints"]) for page in pages.paginate(BackupVaultName=DESTINATION_VAULT))
