"""Resources to back up in the source account, and what tests do with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

VOLUME = f"arn:aws:ec2:{scenes.HOME}:{scenes.SOURCE}:volume/vol-a"
FILES = f"arn:aws:elasticfilesystem:{scenes.HOME}:{scenes.SOURCE}:file-system/fs-a"
DATABASE = f"arn:aws:rds:{scenes.HOME}:{scenes.SOURCE}:db:orders"
BUCKET = "arn:aws:s3:::documents"
TABLE = f"arn:aws:dynamodb:{scenes.HOME}:{scenes.SOURCE}:table/carts"


def resource(resource_type: str, name: str, **changes: Any) -> scenes.Json:
    """A resource of the source account."""
    return {"region": scenes.HOME, "resource_type": resource_type, "resource": name} | changes


def world() -> scenes.Json:
    """The usual world with a few resources in the source account and an empty vault for their backups."""
    scene = scenes.world()
    source = scenes.account(scene, scenes.SOURCE)
    source["vaults"].append({"region": scenes.HOME, "name": "daily", "key": "alias/vault"})
    source["resources"] = [
        resource("EBS", "vol-a", key="alias/data", size="8GiB", tags={"backup": "daily", "team": "shop"}),
        resource("EFS", "fs-a", tags={"backup": "daily"}),
        resource("RDS", "orders", tags={"backup": "hourly"}),
        resource("S3", "documents"),
        resource("DynamoDB", "carts", tags={"backup": "Daily"}),
    ]
    return scene


class Backups:
    """The source account's administrator at work with AWS Backup."""

    def __init__(self, server: SimulatorServer, scene: scenes.Json | None = None) -> None:
        self.server = server
        server.control.load(scene or world())
        self.client = scenes.client(server, "backup", scenes.SOURCE)

    def start(self, resource_arn: str = FILES, **changes: Any) -> str:
        """Start a backup and give the job's id."""
        asked = {"BackupVaultName": "daily", "ResourceArn": resource_arn, "IamRoleArn": scenes.COPIER}
        return str(self.client.start_backup_job(**(asked | changes))["BackupJobId"])

    def job(self, job_id: str) -> scenes.Json:
        """Describe a job."""
        return self.client.describe_backup_job(BackupJobId=job_id)  # type: ignore[no-any-return] # boto3 by name

    def jobs(self, **filters: Any) -> list[scenes.Json]:
        """The listed jobs."""
        return self.client.list_backup_jobs(**({"MaxResults": 1000} | filters))["BackupJobs"]  # type: ignore[no-any-return] # boto3 by name

    def points(self, vault: str = "daily") -> list[scenes.Json]:
        """What lies in a vault."""
        return self.client.list_recovery_points_by_backup_vault(BackupVaultName=vault, MaxResults=1000)[  # type: ignore[no-any-return] # boto3 by name
            "RecoveryPoints"
        ]

    def pass_time(self, by: float | str) -> None:
        """Move virtual time forward."""
        self.server.control.advance(by)
