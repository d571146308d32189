"""Backup jobs: how they are started, what they leave, how they fail, wait, expire and are stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.simulator import backup_kit, scenes
from tests.simulator.backup_kit import Backups

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def backups(server: SimulatorServer) -> Backups:
    """The source account with resources to back up."""
    return Backups(server)


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


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        pytest.param({"BackupVaultName": "nowhere"}, "AccessDeniedException", "Insufficient privileges", id="no vault"),
        pytest.param(
            {"ResourceArn": "arn:aws:sqs:eu-west-1:1:q"},
            "InvalidParameterValueException",
            "Unsupported resource type",
            id="type",
        ),
        pytest.param(
            {"StartWindowMinutes": 59},
            "InvalidParameterValueException",
            "Invalid start window",
            id="short start window",
        ),
        pytest.param(
            {"StartWindowMinutes": 52_560_001},
            "InvalidParameterValueException",
            "Invalid start window",
            id="long start window",
        ),
        pytest.param(
            {"CompleteWindowMinutes": 0}, "InvalidParameterValueException", "Invalid completion window", id="no window"
        ),
        pytest.param(
            {"Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 119}},
            "InvalidParameterValueException",
            "90 days apart",
            id="cold",
        ),
        pytest.param(
            {"RecoveryPointTags": {"aws:x": "y"}},
            "InvalidParameterValueException",
            "cannot start with aws:",
            id="reserved tag",
        ),
        pytest.param(
            {"BackupOptions": {"WindowsVSS": "enabled"}},
            "InvalidParameterValueException",
            "Invalid Resource Type : EFS",
            id="VSS of EFS",
        ),
        pytest.param(
            {"IamRoleArn": "copier"}, "InvalidParameterValueException", "Invalid IamRoleArn", id="no ARN of a role"
        ),
        pytest.param(
            {"IamRoleArn": f"arn:aws:iam::{scenes.TARGET}:role/operator"},
            "AccessDeniedException",
            "Cross-account pass role",
            id="foreign role",
        ),
        pytest.param(
            {"IamRoleArn": f"arn:aws:iam::{scenes.SOURCE}:role/reader"},
            "InvalidParameterValueException",
            "cannot be assumed by AWS Backup",
            id="role does not trust",
        ),
        pytest.param(
            {"IamRoleArn": f"arn:aws:iam::{scenes.SOURCE}:role/nobody"},
            "InvalidParameterValueException",
            "cannot be assumed by AWS Backup",
            id="no role",
        ),
    ],
)
def test_a_job_that_cannot_be_is_refused(backups: Backups, changes: dict[str, Any], code: str, message: str) -> None:
    """What can be known at once is refused at once, and leaves no job."""
    with scenes.refused() as refusal:
        backups.start(**({"resource_arn": changes.pop("ResourceArn")} if "ResourceArn" in changes else {}), **changes)

    assert refusal.code == code
    assert message in refusal.message
    assert backups.jobs() == []


def test_a_role_that_may_not_be_passed_is_refused(server: SimulatorServer) -> None:
    """The caller needs iam:PassRole on the role."""
    scene = backup_kit.world()
    starter = {
        "name": "starter",
        "access_key": {"id": "AKIASTARTER111111111", "secret": "starter-secret"},
        "policies": [scenes.allow("backup:StartBackupJob")],
    }
    scenes.account(scene, scenes.SOURCE)["users"].append(starter)
    backups = Backups(server, scene)
    backups.client = scenes.client(server, "backup", scenes.SOURCE, user="starter")

    with scenes.refused() as refusal:
        backups.start()

    assert refusal.code == "AccessDeniedException"
    assert "is not authorized to perform: iam:PassRole" in refusal.message


@pytest.mark.parametrize("parameter", ["LogicallyAirGappedBackupVaultArn", "Index"])
def test_what_is_not_simulated_says_so(backups: Backups, parameter: str) -> None:
    """Nothing is accepted and ignored."""
    with scenes.refused() as refusal:
        backups.start(**{parameter: "ENABLED"})

    assert (refusal.status, refusal.code) == (501, "NotImplemented")


def _breaks(scene: scenes.Json, how: str) -> None:
    source = scenes.account(scene, scenes.SOURCE)
    match how:
        case "no permission":
            source["roles"][0]["policies"] = [scenes.allow("ec2:*", "backup:*")]
        case "lock":
            source["vaults"][1]["lock"] = {"min_days": 30, "max_days": 90}
        case "key":
            source["keys"].append({"region": scenes.HOME, "aliases": ["alias/off"], "state": "Disabled"})
            source["vaults"][1]["key"] = "alias/off"
        case "tags":
            source["resources"][1]["tags"] = {f"tag-{index}": "x" for index in range(45)}
        case "resource":
            source["resources"] = []


@pytest.mark.parametrize(
    ("how", "category", "message"),
    [
        pytest.param(
            "no permission",
            "ACCESS_DENIED",
            f"IAM Role {scenes.COPIER} does not have sufficient permissions to execute the backup.",
            id="permission",
        ),
        pytest.param(
            "lock", "INVALID_LIFECYCLE", "is not within the range specified for the target Backup Vault.", id="lock"
        ),
        pytest.param("key", "KMS_KEY_ERROR", "KMS key is either disabled or pending deletion", id="key"),
        pytest.param(
            "tags", "LIMIT_EXCEEDED", "The resultant tag set must not have more than 50 user tags.", id="tags"
        ),
        pytest.param("resource", "RESOURCE_NOT_FOUND", f"Could not find resource {backup_kit.FILES}", id="resource"),
    ],
)
def test_a_backup_fails_later(server: SimulatorServer, how: str, category: str, message: str) -> None:
    """What AWS finds out when it begins fails the job, with a text and a category, and leaves nothing."""
    scene = backup_kit.world()
    _breaks(scene, how)
    backups = Backups(server, scene)
    job_id = backups.start(Lifecycle={"DeleteAfterDays": 7}, RecoveryPointTags={f"own-{i}": "x" for i in range(6)})
    backups.pass_time("2m")

    job = backups.job(job_id)
    assert (job["State"], job["MessageCategory"]) == ("FAILED", category)
    assert message in job["StatusMessage"]
    assert backups.points() == []


def test_a_vault_that_goes_away_fails_the_job(backups: Backups) -> None:
    """The vault is looked for again when the job starts and when it ends."""
    before, during = backups.start(), backups.start(backup_kit.VOLUME)
    backups.pass_time(5)
    backups.client.delete_backup_vault(BackupVaultName="daily")
    backups.pass_time("2m")
    states = {job["BackupJobId"]: (job["State"], job["StatusMessage"]) for job in backups.jobs()}

    arn = scenes.vault_arn(scenes.SOURCE, "daily", scenes.HOME)
    assert (
        states[before] == states[during] == ("FAILED", f"Backup job failed because backup vault {arn} does not exist.")
    )


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
