"""Backups that are refused, and those that fail later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import backup_kit, scenes
from simulator_kit.backup_kit import Backups

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


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


def test_what_is_not_simulated_says_so(backups: Backups) -> None:
    """Nothing is accepted and ignored."""
    with scenes.refused() as refusal:
        backups.start(Index="ENABLED")

    assert (refusal.status, refusal.code) == (501, "NotImplemented")


COPIER_ONLY = f"arn:aws:iam::{scenes.SOURCE}:role/copier"


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
        case "key policy":
            policy = scenes.policy(
                {"Effect": "Allow", "Principal": {"AWS": COPIER_ONLY}, "Action": "kms:DescribeKey", "Resource": "*"}
            )
            source["keys"].append({"region": scenes.HOME, "aliases": ["alias/shut"], "policy": policy})
            source["vaults"][1]["key"] = "alias/shut"
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
        pytest.param("key policy", "KMS_KEY_ERROR", "access to KMS key is denied", id="key policy"),
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


@pytest.mark.parametrize(
    ("order", "states", "message"),
    [
        pytest.param("FAILED", ["RUNNING", "FAILED", "FAILED"], "An internal error occurred.", id="failed"),
        pytest.param(
            "COMPLETED", ["RUNNING", "COMPLETED", "COMPLETED"], "An internal error occurred.", id="with issues"
        ),
        pytest.param("STUCK_CREATED", ["CREATED", "CREATED", "EXPIRED"], "expired before completion", id="stuck early"),
        pytest.param("STUCK_RUNNING", ["RUNNING", "RUNNING", "EXPIRED"], "expired before completion", id="stuck late"),
    ],
)
def test_an_end_may_be_ordered(backups: Backups, order: Any, states: list[str], message: str) -> None:
    """For backup jobs as for copy jobs; those that are stuck expire with their windows."""
    backups.server.control.order(
        order, kind="backup", resource="fs-a", message="An internal error occurred.", category="FATAL_ERROR", times=1
    )
    job_id, other = backups.start(CompleteWindowMinutes=600), backups.start(backup_kit.VOLUME)
    found = []
    for moment in ("10s", "2m", "11h"):
        backups.pass_time(moment)
        found.append(backups.job(job_id))

    assert [job["State"] for job in found] == states
    assert message in found[-1]["StatusMessage"]
    assert found[-1]["MessageCategory"] == ("JOB_EXPIRED" if "EXPIRED" in states else "FATAL_ERROR")
    assert backups.job(other)["State"] == "COMPLETED"


def test_a_job_may_vanish(backups: Backups) -> None:
    """Neither listed nor described any more, and without effect on copies."""
    backups.server.control.order("VANISHED", kind="backup")
    backups.start()
    backups.pass_time("2m")

    assert (backups.jobs(), backups.points()) == ([], [])
