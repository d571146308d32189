"""Backup jobs: how they are started, what they leave, how they fail, wait, expire and are stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import backup_kit, scenes
from simulator_kit.backup_kit import Backups

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


def test_a_job_goes_through_its_states_and_leaves_a_recovery_point(backups: Backups) -> None:
    """CREATED, RUNNING, COMPLETED on the virtual clock; the recovery point is there at the end."""
    job_id = backups.start(Lifecycle={"DeleteAfterDays": 7})
    created = backups.job(job_id)
    backups.pass_time(5)
    running = backups.job(job_id)
    nothing = backups.points()
    backups.pass_time(60)
    done = backups.job(job_id)

    assert [created["State"], running["State"], done["State"]] == ["CREATED", "RUNNING", "COMPLETED"]
    assert [created["PercentDone"], done["PercentDone"]] == ["0.0", "100.0"]
    assert nothing == []
    assert done["MessageCategory"] == "SUCCESS"
    assert done["RecoveryPointLifecycle"] == {"DeleteAfterDays": 7}
    assert (done["InitiationDate"] - done["CreationDate"]).total_seconds() == 5
    assert (done["CompletionDate"] - done["CreationDate"]).total_seconds() == 65
    assert (done["StartBy"] - done["CreationDate"]).total_seconds() == 8 * 3600
    (point,) = backups.points()
    assert point["RecoveryPointArn"] == done["RecoveryPointArn"]
    assert point["CreationDate"] == done["CreationDate"]
    assert point["Lifecycle"] == {"DeleteAfterDays": 7}
    assert (point["ResourceArn"], point["Status"]) == (backup_kit.FILES, "COMPLETED")


@pytest.mark.parametrize(
    ("resource", "form", "key", "named"),
    [
        pytest.param(backup_kit.VOLUME, "arn:aws:ec2:eu-west-1::snapshot/snap-", "alias/data", False, id="EBS"),
        pytest.param(
            backup_kit.FILES, "arn:aws:backup:eu-west-1:111111111111:recovery-point:", "alias/vault", True, id="EFS"
        ),
        pytest.param(
            backup_kit.DATABASE, "arn:aws:rds:eu-west-1:111111111111:snapshot:awsbackup:job-", None, False, id="RDS"
        ),
        pytest.param(
            backup_kit.BUCKET, "arn:aws:backup:eu-west-1:111111111111:recovery-point:", "alias/vault", False, id="S3"
        ),
        pytest.param(
            backup_kit.TABLE,
            "arn:aws:backup:eu-west-1:111111111111:recovery-point:",
            "alias/vault",
            True,
            id="DynamoDB",
        ),
    ],
)
def test_recovery_points_have_the_arn_and_the_key_of_their_type(
    backups: Backups, resource: str, form: str, key: str | None, named: bool
) -> None:
    """Types managed in full have ARNs of AWS Backup and the vault's key, others those of their own service."""
    asked = {"BackupVaultName": "daily", "ResourceArn": resource, "IamRoleArn": scenes.COPIER}
    answer = backups.client.start_backup_job(**asked)
    backups.pass_time("2m")

    (point,) = backups.points()
    aliases = backups.server.state.accounts[scenes.SOURCE].region(scenes.HOME).aliases
    found = point.get("EncryptionKeyArn")
    assert point["RecoveryPointArn"].startswith(form)
    assert (found or "").rpartition("/")[2] == (aliases[key] if key else "")
    assert point["IsEncrypted"] == (key is not None)
    assert answer.get("RecoveryPointArn") == (point["RecoveryPointArn"] if named else None)


def test_a_recovery_point_has_the_tags_of_resource_and_job(backups: Backups) -> None:
    """Tags are copied from the resource; those of the job come on top."""
    backups.start(RecoveryPointTags={"team": "payments", "kind": "manual"})
    backups.pass_time("2m")

    arn = backups.points()[0]["RecoveryPointArn"]
    assert backups.client.list_tags(ResourceArn=arn)["Tags"] == {
        "backup": "daily",
        "team": "payments",
        "kind": "manual",
    }


def test_a_busy_resource_makes_a_job_wait_and_expire(server: SimulatorServer) -> None:
    """One job per resource: the second is tried every ten minutes, the third gives up after its window."""
    scene = backup_kit.world() | {"durations": {"running": "65m"}}
    backups = Backups(server, scene)
    first, second = backups.start(), backups.start(StartWindowMinutes=60)
    third = backups.start(backup_kit.VOLUME)
    backups.pass_time("59m")
    waiting = backups.job(second)
    backups.pass_time("1m")
    expired = backups.job(second)
    fourth = backups.start()
    backups.pass_time("20m")

    assert waiting["State"] == "CREATED"
    assert (expired["State"], expired["MessageCategory"]) == ("EXPIRED", "CONCURRENT_JOB")
    assert expired["StatusMessage"] == "Backup job failed because there was a running job for the same resource."
    assert [backups.job(job)["State"] for job in (first, third, fourth)] == ["COMPLETED", "COMPLETED", "RUNNING"]


def test_a_copy_waits_for_a_backup_of_its_resource(server: SimulatorServer) -> None:
    """Copies and backups of one resource exclude each other, both ways."""
    backups = Backups(server)
    backups.start()
    backups.pass_time("2m")
    point = backups.points()[0]["RecoveryPointArn"]
    backup = backups.start()
    backups.pass_time(5)
    copy = backups.client.start_copy_job(
        RecoveryPointArn=point,
        SourceBackupVaultName="daily",
        DestinationBackupVaultArn=scenes.vault_arn(),
        IamRoleArn=scenes.COPIER,
    )["CopyJobId"]
    backups.pass_time(30)
    held = backups.client.describe_copy_job(CopyJobId=copy)["CopyJob"]["State"]
    backups.pass_time(40)
    freed = backups.client.describe_copy_job(CopyJobId=copy)["CopyJob"]["State"]

    assert (held, freed, backups.job(backup)["State"]) == ("CREATED", "RUNNING", "COMPLETED")


def test_a_job_that_takes_too_long_expires(server: SimulatorServer) -> None:
    """The completion window of an on-demand job counts from its creation."""
    backups = Backups(server, backup_kit.world() | {"durations": {"running": "2h"}})
    job_id = backups.start(CompleteWindowMinutes=90)
    backups.pass_time("89m")
    before = backups.job(job_id)["State"]
    backups.pass_time("1m")
    job = backups.job(job_id)
    backups.pass_time("1h")

    assert before == "RUNNING"
    assert (job["State"], job["MessageCategory"]) == ("EXPIRED", "JOB_EXPIRED")
    assert job["StatusMessage"] == "Backup job expired before completion."
    assert backups.points() == []


def test_a_job_is_stopped(backups: Backups) -> None:
    """ABORTING, then ABORTED, without a recovery point; the resource is free again."""
    job_id = backups.start()
    backups.pass_time(10)
    backups.client.stop_backup_job(BackupJobId=job_id)
    aborting = backups.job(job_id)["State"]
    backups.pass_time("5m")
    job = backups.job(job_id)
    again = backups.start()
    backups.pass_time("2m")

    assert aborting == "ABORTING"
    assert (job["State"], job["StatusMessage"]) == ("ABORTED", "Backup job was stopped by user.")
    assert backups.job(again)["State"] == "COMPLETED"
    assert len(backups.points()) == 1


def test_not_every_job_can_be_stopped(backups: Backups) -> None:
    """Ended jobs and those of some types go on; unknown ones are not found."""
    database, files = backups.start(backup_kit.DATABASE), backups.start()
    backups.pass_time("2m")
    codes = []
    for job_id in (database, files, "00000000-0000-0000-0000-000000000000"):
        with scenes.refused() as refusal:
            backups.client.stop_backup_job(BackupJobId=job_id)
        codes.append(refusal.code)

    assert codes == ["InvalidRequestException", "InvalidRequestException", "ResourceNotFoundException"]


def test_the_same_token_gives_the_same_job(backups: Backups) -> None:
    """A repeated request does nothing more; another token is another job."""
    first, same = backups.start(IdempotencyToken="one"), backups.start(IdempotencyToken="one")
    other = backups.start(IdempotencyToken="two")

    assert first == same != other
    assert len(backups.jobs()) == 2


def test_jobs_are_listed_by_every_filter(backups: Backups) -> None:
    """Filters are joined by AND; before and after are exclusive."""
    files = backups.start()
    backups.pass_time("2m")
    start = backups.job(files)["CreationDate"]
    end = backups.job(files)["CompletionDate"]
    volume = backups.start(backup_kit.VOLUME, BackupVaultName="backups")

    def listed(**filters: Any) -> list[str]:
        return [job["BackupJobId"] for job in backups.jobs(**filters)]

    assert listed() == [files, volume]
    assert listed(ByResourceArn=backup_kit.FILES) == [files]
    assert listed(ByState="CREATED") == [volume]
    assert listed(ByBackupVaultName="backups") == [volume]
    assert listed(ByCreatedAfter=start) == [volume]
    assert listed(ByCreatedBefore=end) == [files]
    assert listed(ByResourceType="EBS") == [volume]
    assert listed(ByResourceType="Storage Gateway") == []
    assert listed(ByAccountId=scenes.SOURCE) == [files, volume]
    assert listed(ByAccountId=scenes.TARGET) == []
    assert listed(ByCompleteAfter=start) == [files]
    assert listed(ByCompleteBefore=end) == []
    assert listed(ByParentJobId=files) == []
    assert listed(ByMessageCategory="SUCCESS") == [files]
    assert listed(ByMessageCategory="SUCCESS", ByResourceType="EBS") == []


def test_pages_cover_the_list_once(backups: Backups) -> None:
    """Pages join up to the whole list."""
    started = [backups.start() for _ in range(7)]
    pages = backups.client.get_paginator("list_backup_jobs").paginate(PaginationConfig={"PageSize": 3})

    assert [job["BackupJobId"] for page in pages for job in page["BackupJobs"]] == started


def test_the_management_account_lists_the_organization(backups: Backups) -> None:
    """`*` is everybody's jobs, to the management account; members see their own."""
    job = backups.start()
    payer = scenes.client(backups.server, "backup", scenes.PAYER)
    target = scenes.client(backups.server, "backup", scenes.TARGET)

    def listed(client: Any, account: str) -> list[str]:
        return [each["BackupJobId"] for each in client.list_backup_jobs(ByAccountId=account)["BackupJobs"]]

    assert listed(payer, "*") == listed(payer, scenes.SOURCE) == [job]
    assert listed(payer, scenes.TARGET) == listed(target, scenes.SOURCE) == listed(target, "*") == []


def test_history_is_gone_after_thirty_days(backups: Backups) -> None:
    """Jobs are dropped thirty days after their end, the recovery point stays."""
    backups.start()
    backups.pass_time("30d")
    kept = len(backups.jobs())
    backups.pass_time("2m")

    assert (kept, len(backups.jobs()), len(backups.points())) == (1, 0, 1)


def test_opt_ins_do_not_matter_on_demand(backups: Backups) -> None:
    """A resource that is named is backed up although its type is not opted in."""
    backups.client.update_region_settings(ResourceTypeOptInPreference={"EFS": False})
    job = backups.start()
    backups.pass_time("2m")

    assert backups.job(job)["State"] == "COMPLETED"


def test_the_first_backup_makes_the_service_linked_role(backups: Backups) -> None:
    """As the first copy into an account does."""
    iam = scenes.client(backups.server, "iam", scenes.SOURCE)
    with scenes.refused() as before:
        iam.get_role(RoleName="AWSServiceRoleForBackup")
    backups.start()
    backups.pass_time("2m")

    assert before.code == "NoSuchEntity"
    assert iam.get_role(RoleName="AWSServiceRoleForBackup")["Role"]["Path"] == "/aws-service-role/backup.amazonaws.com/"
