"""A tour with the AWS CLI, as a person at a shell would make it: vaults, policies, recovery points, copies.

The CLI brings a botocore of its own, so it is a client that shares no code with the rest of the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

AWS = Path(sys.executable).with_name("aws")


class Shell:
    """A shell of one account's admin."""

    def __init__(self, server: SimulatorServer, home: Path, account: str = scenes.SOURCE) -> None:
        user = server.credentials(account, "admin")
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(home),
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": user.aws_access_key_id,
            "AWS_SECRET_ACCESS_KEY": user.aws_secret_access_key,
            "AWS_DEFAULT_REGION": scenes.HOME,
            "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "3",
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `aws` with some words."""
        command = [str(AWS), *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=240, check=False)

    def text(self, *words: str) -> str:
        """What a command that has to succeed prints."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def json(self, *words: str) -> Any:
        """The same, as JSON."""
        return json.loads(self.text(*words, "--output", "json"))

    def refused(self, *words: str) -> str:
        """What a command prints that has to fail."""
        done = self.run(*words)
        assert done.returncode in {254, 255}, done.stdout
        return done.stderr


@pytest.fixture
def shell(server: SimulatorServer, tmp_path: Path) -> Shell:
    """A shell in the source account, over a vault with five points of two types."""
    scene = scenes.world()
    scenes.source_vault(scene)["recovery_points"] = []
    scenes.source_vault(scene)["generate"] = [
        {"resource_type": "EFS", "name": "fs-1", "resources": 1, "every": "1d", "back": "2d"},
        {"resource_type": "S3", "name": "bucket", "resources": 1, "every": "1d", "back": "1d"},
    ]
    server.control.load(scene)
    return Shell(server, tmp_path)


def test_who_am_i(shell: Shell) -> None:
    """The query protocol."""
    assert shell.json("sts", "get-caller-identity")["Arn"] == f"arn:aws:iam::{scenes.SOURCE}:user/admin"
    assert shell.text("sts", "get-caller-identity", "--query", "Account", "--output", "text") == scenes.SOURCE


def test_vaults_come_and_go(shell: Shell) -> None:
    """Created with tags, described, listed as a table, locked, deleted."""
    created = shell.json("backup", "create-backup-vault", "--backup-vault-name", "new", "--backup-vault-tags", "a=b")
    described = shell.json("backup", "describe-backup-vault", "--backup-vault-name", "new")
    arn = created["BackupVaultArn"]
    tags = shell.json("backup", "list-tags", "--resource-arn", arn)
    table = shell.text("backup", "list-backup-vaults", "--output", "table")

    assert described["BackupVaultArn"] == arn
    assert described["CreationDate"] == created["CreationDate"]
    assert tags["Tags"] == {"a": "b"}
    assert "ListBackupVaults" in table
    assert arn in table

    shell.text("backup", "delete-backup-vault", "--backup-vault-name", "new")
    names = shell.text(
        "backup", "list-backup-vaults", "--query", "BackupVaultList[].BackupVaultName", "--output", "text"
    )
    assert "new" not in names.split()


def test_a_policy_reads_back_from_a_file(shell: Shell, tmp_path: Path) -> None:
    """As it was put, and deleted it is gone."""
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(scenes.may_copy({"AWS": f"arn:aws:iam::{scenes.TARGET}:root"})), "utf-8")
    vault = ("--backup-vault-name", "backups")
    shell.text("backup", "put-backup-vault-access-policy", *vault, "--policy", f"file://{file}")
    found = json.loads(shell.json("backup", "get-backup-vault-access-policy", *vault)["Policy"])
    shell.text("backup", "delete-backup-vault-access-policy", *vault)

    assert found["Statement"][0]["Action"] == "backup:CopyIntoBackupVault"
    assert "has no associated POLICY" in shell.refused("backup", "get-backup-vault-access-policy", *vault)


LIST = ("backup", "list-recovery-points-by-backup-vault", "--backup-vault-name", "backups")


def test_recovery_points_are_listed_in_every_form(shell: Shell) -> None:
    """JSON, text by query, pages large and small, cut off and taken up again."""
    whole = shell.json(*LIST)["RecoveryPoints"]
    paged = shell.json(*LIST, "--page-size", "2")["RecoveryPoints"]
    cut = shell.json(*LIST, "--max-items", "2")
    rest = shell.json(*LIST, "--starting-token", cut["NextToken"])
    sizes = shell.text(
        *LIST, "--query", "RecoveryPoints[?ResourceType=='S3'].[ResourceType,Status]", "--output", "text"
    )
    efs = shell.json(*LIST, "--by-resource-type", "EFS")["RecoveryPoints"]
    late = shell.json(*LIST, "--by-created-after", "2026-02-28T12:00:00Z")["RecoveryPoints"]

    assert len(whole) == 5
    assert paged == whole
    assert cut["RecoveryPoints"] + rest["RecoveryPoints"] == whole
    assert sizes == "S3\tCOMPLETED\nS3\tCOMPLETED"
    assert len(efs) == 3
    assert len(late) == 2


def test_a_recovery_point_changes_its_lifecycle(shell: Shell) -> None:
    """Its ARN holds colons and slashes; shorthand makes a structure of it."""
    arn = shell.text(*LIST, "--query", "RecoveryPoints[0].RecoveryPointArn", "--output", "text")
    named = ("--backup-vault-name", "backups", "--recovery-point-arn", arn)
    shell.text("backup", "update-recovery-point-lifecycle", *named, "--lifecycle", "DeleteAfterDays=50")
    described = shell.json("backup", "describe-recovery-point", *named)

    assert described["RecoveryPointArn"] == arn
    assert described["Lifecycle"]["DeleteAfterDays"] == 50


def test_a_copy_across_accounts(server: SimulatorServer, shell: Shell, tmp_path: Path) -> None:
    """Started here, watched here, found there."""
    arn = shell.text(*LIST, "--query", "RecoveryPoints[0].RecoveryPointArn", "--output", "text")
    started = shell.json(
        "backup", "start-copy-job", "--recovery-point-arn", arn, "--source-backup-vault-name", "backups",
        "--destination-backup-vault-arn", scenes.vault_arn(), "--iam-role-arn", scenes.COPIER,
    )  # fmt: skip
    job = ("backup", "describe-copy-job", "--copy-job-id", started["CopyJobId"])
    assert shell.text(*job, "--query", "CopyJob.State", "--output", "text") == "CREATED"
    server.control.advance("10m")
    done = shell.json(*job)["CopyJob"]
    other = Shell(server, tmp_path, scenes.TARGET)
    there = other.json(
        "backup", "list-recovery-points-by-backup-vault", "--backup-vault-name", "copies", "--region", scenes.AWAY
    )["RecoveryPoints"]
    listed = shell.json("backup", "list-copy-jobs", "--by-state", "COMPLETED")["CopyJobs"]

    assert done["State"] == "COMPLETED"
    assert [each["RecoveryPointArn"] for each in there] == [done["DestinationRecoveryPointArn"]]
    assert [each["CopyJobId"] for each in listed] == [started["CopyJobId"]]


def test_plans_come_and_go(shell: Shell, tmp_path: Path) -> None:
    """A rule that copies, from a file; a selection; both read back."""
    plan = {
        "BackupPlanName": "daily",
        "Rules": [
            {
                "RuleName": "night",
                "TargetBackupVaultName": "backups",
                "ScheduleExpression": "cron(0 5 * * ? *)",
                "CopyActions": [{"DestinationBackupVaultArn": scenes.vault_arn()}],
            }
        ],
    }
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(plan), "utf-8")
    created = shell.json("backup", "create-backup-plan", "--backup-plan", f"file://{file}")
    named = ("--backup-plan-id", created["BackupPlanId"])
    selection = {"SelectionName": "all", "IamRoleArn": scenes.COPIER, "Resources": ["*"]}
    shell.json("backup", "create-backup-selection", *named, "--backup-selection", json.dumps(selection))
    found = shell.json("backup", "get-backup-plan", *named)["BackupPlan"]
    names = shell.text("backup", "list-backup-plans", "--query", "BackupPlansList[].BackupPlanName", "--output", "text")
    selections = shell.json("backup", "list-backup-selections", *named)["BackupSelectionsList"]

    assert found["Rules"][0]["CopyActions"][0]["DestinationBackupVaultArn"] == scenes.vault_arn()
    assert names == "daily"
    assert [each["SelectionName"] for each in selections] == ["all"]


REFUSALS = [
    pytest.param(
        ("backup", "describe-backup-vault", "--backup-vault-name", "missing"), "AccessDeniedException", id="no vault"
    ),
    pytest.param(
        ("backup", "describe-copy-job", "--copy-job-id", "none"), "ResourceNotFoundException", id="no job"
    ),
    pytest.param(("backup", "list-copy-jobs", "--by-state", "DONE"), "InvalidParameterValueException", id="no state"),
    pytest.param(("backup", "list-frameworks"), "does not implement backup:ListFrameworks", id="not implemented"),
    pytest.param(("iam", "get-role", "--role-name", "missing"), "NoSuchEntity", id="no role"),
    pytest.param(("kms", "describe-key", "--key-id", "alias/none"), "NotFoundException", id="no key"),
    pytest.param(
        ("sts", "assume-role", "--role-arn", "arn:aws:iam::" + "9" * 12 + ":role/x", "--role-session-name", "me"),
        "AccessDenied",
        id="no such role to assume",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), REFUSALS)
def test_refusals_name_their_cause(server: SimulatorServer, shell: Shell, words: tuple[str, ...], said: str) -> None:
    """With one call and not three: the CLI repeats none of them."""
    server.control.clear_calls()

    assert said in shell.refused(*words)
    assert len(server.control.calls()) == 1


def test_keys_and_organization(shell: Shell) -> None:
    """The json protocol, table and text."""
    assert "alias/data" in shell.text("kms", "list-aliases", "--output", "table")
    organization = shell.text(
        "organizations", "describe-organization", "--query", "Organization.MasterAccountId", "--output", "text"
    )
    assert organization == scenes.PAYER
    state = shell.text(
        "kms", "describe-key", "--key-id", "alias/data", "--query", "KeyMetadata.KeyState", "--output", "text"
    )
    assert state == "Enabled"


def test_a_role_of_another_account_through_a_profile(server: SimulatorServer, tmp_path: Path) -> None:
    """`role_arn`, `source_profile` and `external_id` in a configuration file, as people have it."""
    user = server.credentials(scenes.TOOLS, "operator")
    role = f"arn:aws:iam::{scenes.SOURCE}:role/reader"
    config = tmp_path / "config"
    config.write_text(
        f"[profile operator]\naws_access_key_id = {user.aws_access_key_id}\n"
        f"aws_secret_access_key = {user.aws_secret_access_key}\n"
        f"[profile source]\nrole_arn = {role}\nsource_profile = operator\nexternal_id = {scenes.EXTERNAL_ID}\n",
        "utf-8",
    )
    shell = Shell(server, tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del shell.environment[name]
    shell.environment["AWS_CONFIG_FILE"] = str(config)

    assert ":assumed-role/reader/" in shell.json("sts", "get-caller-identity", "--profile", "source")["Arn"]
