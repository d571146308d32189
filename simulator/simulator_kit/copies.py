"""A source and a target account, and what tests do with copies between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


class Scene:
    """A source and a target account with their admins."""

    def __init__(self, server: SimulatorServer) -> None:
        self.server = server
        self.source = scenes.client(server, "backup", scenes.SOURCE)
        self.target = scenes.client(server, "backup", scenes.TARGET, region=scenes.AWAY)

    def points(self) -> list[scenes.Json]:
        """The source's recovery points."""
        return self.source.list_recovery_points_by_backup_vault(BackupVaultName="backups", MaxResults=1000)[  # type: ignore[no-any-return] # boto3 by name
            "RecoveryPoints"
        ]

    def add(self, **part: Any) -> str:
        """Add a recovery point and give its ARN."""
        part = {"resource_type": "EFS", "resource": "fs-1"} | part
        return self.server.control.seed(scenes.SOURCE, scenes.HOME, "backups", [part])[0].arn

    def start(self, arn: str | None = None, **changes: Any) -> str:
        """Start a copy and give the job's id."""
        asked = {
            "RecoveryPointArn": arn or self.points()[0]["RecoveryPointArn"],
            "SourceBackupVaultName": "backups",
            "DestinationBackupVaultArn": scenes.vault_arn(),
            "IamRoleArn": scenes.COPIER,
        }
        return str(self.source.start_copy_job(**(asked | changes))["CopyJobId"])

    def job(self, job_id: str) -> scenes.Json:
        """Describe a job."""
        return self.source.describe_copy_job(CopyJobId=job_id)["CopyJob"]  # type: ignore[no-any-return] # boto3 by name

    def states(self) -> list[str]:
        """The states of all jobs in order of creation."""
        return [job["State"] for job in self.source.list_copy_jobs(MaxResults=1000)["CopyJobs"]]

    def copies(self) -> list[scenes.Json]:
        """What lies in the destination vault."""
        return self.target.list_recovery_points_by_backup_vault(BackupVaultName="copies", MaxResults=1000)[  # type: ignore[no-any-return] # boto3 by name
            "RecoveryPoints"
        ]
