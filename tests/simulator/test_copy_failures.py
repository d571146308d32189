"""Copies that AWS refuses: at once or later, each with its words and category."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.simulator import scenes
from tests.simulator.test_copy_jobs import Scene

from backup_simulator.services.backup import copy_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from backup_simulator.server import SimulatorServer

ROOT = "arn:aws:iam::{}:root"
ACCESS = "Access Denied trying to call AWS Backup service"
SERVICE_KEY = (
    "Copy job failed because the destination Backup vault is encrypted with the default Backup service managed key. "
    "The contents of this vault cannot be copied. "
    "Only the contents of a Backup vault encrypted by an AWS KMS key may be copied."
)


def with_policy(document: scenes.Json | None) -> Callable[[scenes.Json], None]:
    """A world whose destination vault has this policy."""

    def change(scene: scenes.Json) -> None:
        scenes.target_vault(scene)["policy"] = document

    return change


def with_copier(**changes: Any) -> Callable[[scenes.Json], None]:
    """A world with another copy role."""

    def change(scene: scenes.Json) -> None:
        scenes.account(scene, scenes.SOURCE)["roles"][0].update(changes)

    return change


def outside(scene: scenes.Json) -> None:
    """The target account has left the organization."""
    scene["organization"]["members"].remove(scenes.TARGET)


def no_organization(scene: scenes.Json) -> None:
    """There is no organization."""
    del scene["organization"]


def toggle_off(scene: scenes.Json) -> None:
    """Cross-account backup is off, and has been for long."""
    scene["organization"]["cross_account_backup"] = False


def no_vault(scene: scenes.Json) -> None:
    """The destination vault is missing."""
    scenes.account(scene, scenes.TARGET)["vaults"] = []


def service_key(scene: scenes.Json) -> None:
    """The destination vault is on aws/backup."""
    scenes.target_vault(scene)["key"] = None


def point(**part: Any) -> Callable[[scenes.Json], None]:
    """A world with this recovery point only."""

    def change(scene: scenes.Json) -> None:
        vault = scenes.source_vault(scene)
        vault["recovery_points"] = [{"resource_type": "EBS", "resource": "r-1", "key": "alias/data"} | part]

    return change


def lock(**bounds: Any) -> Callable[[scenes.Json], None]:
    """A world with a locked destination vault."""

    def change(scene: scenes.Json) -> None:
        scenes.target_vault(scene)["lock"] = bounds

    return change


def key_state(account: str, number: int, state: str) -> Callable[[scenes.Json], None]:
    """A world with a key in another state."""

    def change(scene: scenes.Json) -> None:
        scenes.account(scene, account)["keys"][number]["state"] = state

    return change


def both(*changes: Callable[[scenes.Json], None]) -> Callable[[scenes.Json], None]:
    """Several changes."""

    def change(scene: scenes.Json) -> None:
        for one in changes:
            one(scene)

    return change


def unsupported(kind: str) -> str:
    """The text about a type that cannot be copied so."""
    return (
        f"Copy job from eu-west-1 to eu-central-1 cannot be initiated for {kind} resources. "
        "Feature is not supported for provided resource type."
    )


ORGANIZATION = "Copy job failed. Both source and destination account must be a member of the same organization."
TOGGLE = "Copy job failed. Cross-account copy feature is not enabled for the current organization."
KEY = "KMS key is either disabled or pending deletion or access to KMS key is denied"
LOCKED = (
    "Copy job failed. The retention specified in the job is not within the range specified for the target Backup Vault."
)
FOR_COPIER = {"Service": "backup.amazonaws.com"}
ROLE = f"IAM Role {scenes.COPIER} cannot be assumed by AWS Backup"

START, END = 5, 65
LATE = [
    pytest.param(outside, START, "ACCESS_DENIED", ORGANIZATION, id="the destination left the organization"),
    pytest.param(no_organization, START, "ACCESS_DENIED", ORGANIZATION, id="there is no organization"),
    pytest.param(toggle_off, START, "FEATURE_NOT_ENABLED", TOGGLE, id="the toggle is off"),
    pytest.param(no_vault, START, "ACCESS_DENIED", ACCESS, id="the destination vault is missing"),
    pytest.param(with_policy(None), START, "ACCESS_DENIED", ACCESS, id="the destination vault has no policy"),
    pytest.param(
        with_policy(scenes.may_copy({"AWS": scenes.PAYER})),
        START,
        "ACCESS_DENIED",
        ACCESS,
        id="policy for another account",
    ),
    pytest.param(
        with_policy(scenes.may_copy({"AWS": f"arn:aws:iam::{scenes.SOURCE}:role/reader"})),
        START,
        "ACCESS_DENIED",
        ACCESS,
        id="policy for another role",
    ),
    pytest.param(
        with_policy(scenes.may_copy("*", condition={"StringEquals": {"aws:PrincipalOrgID": "o-somebody11"}})),
        START,
        "ACCESS_DENIED",
        ACCESS,
        id="policy for another organization",
    ),
    pytest.param(
        with_policy(
            scenes.may_copy(
                "*", condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-simulator01/r-cv01/"}}
            )
        ),
        START,
        "ACCESS_DENIED",
        ACCESS,
        id="policy for an organization path without a star",
    ),
    pytest.param(
        with_policy(scenes.may_copy("*", condition={"StringEquals": {"backup:CopySourceRegion": "eu-west-1"}})),
        START,
        "ACCESS_DENIED",
        ACCESS,
        id="policy with a key that AWS does not have",
    ),
    pytest.param(
        with_policy(
            scenes.policy(
                *scenes.may_copy()["Statement"], *scenes.may_copy({"AWS": scenes.COPIER}, effect="Deny")["Statement"]
            )
        ),
        START,
        "ACCESS_DENIED",
        ACCESS,
        id="policy with a Deny beside its Allow",
    ),
    pytest.param(
        with_copier(policies=[scenes.allow("backup:CopyFromBackupVault")]),
        START,
        "ACCESS_DENIED",
        ACCESS,
        id="the role may not copy into vaults",
    ),
    pytest.param(
        with_copier(policies=[scenes.allow("backup:CopyIntoBackupVault")]),
        START,
        "ACCESS_DENIED",
        ACCESS,
        id="the role may not copy from vaults",
    ),
    pytest.param(
        with_copier(trust={"services": ["ec2.amazonaws.com"]}),
        START,
        "ACCESS_DENIED",
        ROLE,
        id="the role trusts another service",
    ),
    pytest.param(
        with_copier(trust={"aws": [scenes.TOOLS]}), START, "ACCESS_DENIED", ROLE, id="the role trusts no service"
    ),
    pytest.param(with_copier(name="other"), START, "ACCESS_DENIED", ROLE, id="the role does not exist"),
    pytest.param(service_key, START, "ACCESS_DENIED", SERVICE_KEY, id="EBS into a vault on aws/backup"),
    pytest.param(
        both(service_key, point(resource_type="Storage Gateway")),
        START,
        "UNSUPPORTED_OPERATION",
        "UnsupportedOperation : Storage Gateway backup copies require a user-created backup vault and key "
        "at destination.",
        id="Storage Gateway into a vault on aws/backup",
    ),
    pytest.param(
        point(resource_type="Redshift"), START, "UNSUPPORTED_OPERATION", unsupported("Redshift"), id="Redshift"
    ),
    pytest.param(
        point(resource_type="CloudFormation"),
        START,
        "UNSUPPORTED_OPERATION",
        unsupported("CloudFormation"),
        id="CloudFormation across accounts",
    ),
    pytest.param(
        point(resource_type="DynamoDB", advanced=False),
        START,
        "UNSUPPORTED_OPERATION",
        unsupported("DynamoDB"),
        id="basic DynamoDB",
    ),
    pytest.param(
        both(lock(min_days=30), point(lifecycle={"delete_after_days": 7})),
        START,
        "INVALID_LIFECYCLE",
        LOCKED,
        id="retention shorter than the lock's minimum",
    ),
    pytest.param(lock(max_days=30), START, "INVALID_LIFECYCLE", LOCKED, id="retention for ever beyond the maximum"),
    pytest.param(
        point(key="aws/ebs"),
        END,
        "ACCESS_DENIED",
        "Encrypted snapshots with Amazon EBS default key cannot be shared",
        id="EBS on aws/ebs",
    ),
    pytest.param(
        point(resource_type="RDS", key="aws/rds"),
        END,
        "ACCESS_DENIED",
        "Snapshots encrypted with the AWS managed key can't be shared. Specify another snapshot.",
        id="RDS on aws/rds",
    ),
    pytest.param(key_state(scenes.SOURCE, 0, "Disabled"), END, "KMS_KEY_ERROR", KEY, id="the source key is disabled"),
    pytest.param(
        key_state(scenes.TARGET, 0, "PendingDeletion"), END, "KMS_KEY_ERROR", KEY, id="the destination key is going"
    ),
]


@pytest.mark.parametrize(("change", "seconds", "category", "message"), LATE)
def test_a_copy_fails_later(
    server: SimulatorServer, change: Callable[[scenes.Json], None], seconds: int, category: str, message: str
) -> None:
    """The job is accepted, then FAILED at its moment with text and category; nothing arrives."""
    world = scenes.world()
    change(world)
    server.control.load(world)
    scene = Scene(server)
    job_id = scene.start()
    server.control.advance(seconds - 0.5)
    before = scene.job(job_id)["State"]
    server.control.advance(1)
    job = scene.job(job_id)

    assert before == ("CREATED" if seconds == START else "RUNNING")
    assert (job["State"], job["MessageCategory"], job["StatusMessage"]) == ("FAILED", category, message)
    assert (job["CompletionDate"] - job["CreationDate"]).total_seconds() == seconds
    assert "DestinationRecoveryPointArn" not in job
    if change is not no_vault and change is not outside:
        assert scene.copies() == []


ALLOWED = [
    pytest.param(with_policy(scenes.may_copy({"AWS": ROOT.format(scenes.SOURCE)})), id="policy for the account's root"),
    pytest.param(with_policy(scenes.may_copy({"AWS": scenes.SOURCE})), id="policy for the account id"),
    pytest.param(with_policy(scenes.may_copy({"AWS": scenes.COPIER})), id="policy for the role"),
    pytest.param(with_policy(scenes.may_copy("*")), id="policy for everybody"),
    pytest.param(
        with_policy(scenes.may_copy("*", condition={"StringEquals": {"aws:PrincipalOrgID": "o-simulator01"}})),
        id="policy for the organization",
    ),
    pytest.param(
        with_policy(scenes.may_copy("*", condition={"StringEquals": {"aws:PrincipalOrgId": "${aws:ResourceOrgID}"}})),
        id="policy for the vault's own organization",
    ),
    pytest.param(
        with_policy(
            scenes.may_copy(
                "*", condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-simulator01/r-cv01/*"}}
            )
        ),
        id="policy for an organization path",
    ),
    pytest.param(
        with_policy(scenes.may_copy("*", condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/copier"}})),
        id="policy for a role name",
    ),
    pytest.param(
        with_policy(scenes.may_copy("*", condition={"StringEquals": {"aws:PrincipalAccount": scenes.SOURCE}})),
        id="policy by the account as a condition",
    ),
    pytest.param(
        with_copier(
            trust={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": FOR_COPIER,
                        "Action": "sts:AssumeRole",
                        "Condition": {"StringEquals": {"aws:SourceAccount": scenes.SOURCE}},
                    }
                ],
            }
        ),
        id="a role that trusts for its own account",
    ),
    pytest.param(both(service_key, point(resource_type="EFS")), id="a fully managed type into a vault on aws/backup"),
    pytest.param(both(lock(min_days=7, max_days=90), point(lifecycle={"delete_after_days": 35})), id="within the lock"),
    pytest.param(point(key=None), id="an unencrypted snapshot"),
    pytest.param(point(status="AVAILABLE"), id="a point in the newer state AVAILABLE"),
]


@pytest.mark.parametrize("change", ALLOWED)
def test_a_copy_that_keeps_the_rules_completes(server: SimulatorServer, change: Callable[[scenes.Json], None]) -> None:
    """What looks like a refusal and is none."""
    world = scenes.world()
    change(world)
    server.control.load(world)
    scene = Scene(server)
    job_id = scene.start()
    server.control.advance(END + 1)

    assert scene.job(job_id).get("StatusMessage") is None
    assert scene.states() == ["COMPLETED"]


NO_POINT = "arn:aws:ec2:eu-west-1::snapshot/snap-0"
AT_ONCE = [
    pytest.param(
        {}, {"DestinationBackupVaultArn": "copies"}, "InvalidParameterValueException", id="no destination ARN"
    ),
    pytest.param({}, {"IamRoleArn": "copier"}, "InvalidParameterValueException", id="no role ARN"),
    pytest.param({}, {"RecoveryPointArn": "snap-1"}, "InvalidParameterValueException", id="no recovery point ARN"),
    pytest.param({}, {"SourceBackupVaultName": "nowhere"}, "AccessDeniedException", id="no such source vault"),
    pytest.param({}, {"RecoveryPointArn": NO_POINT}, "ResourceNotFoundException", id="no such recovery point"),
    pytest.param({}, {"Lifecycle": {"DeleteAfterDays": 0}}, "InvalidParameterValueException", id="bad lifecycle"),
    pytest.param({"continuous": True}, {}, "InvalidRequestException", id="a continuous point"),
    pytest.param({"storage_class": "COLD"}, {}, "InvalidRequestException", id="a cold point"),
    pytest.param({"status": "CREATING"}, {}, "InvalidRequestException", id="a point in the making"),
    pytest.param({"status": "EXPIRED"}, {}, "InvalidRequestException", id="an expired point"),
    pytest.param(
        {}, {"IamRoleArn": f"arn:aws:iam::{scenes.TARGET}:role/operator"}, "AccessDeniedException", id="a foreign role"
    ),
    pytest.param({}, {"SourceBackupVaultName": "x"}, "InvalidParameterValueException", id="a vault name too short"),
]


@pytest.mark.parametrize(("part", "changes", "code"), AT_ONCE)
def test_a_copy_is_refused_at_once(server: SimulatorServer, part: scenes.Json, changes: scenes.Json, code: str) -> None:
    """No job comes into being."""
    world = scenes.world()
    point(**part)(world)
    server.control.load(world)
    scene = Scene(server)
    with scenes.refused() as refusal:
        scene.start(**changes)

    assert refusal.code == code
    assert scene.states() == []


def test_a_caller_that_may_not_pass_the_role_is_refused(server: SimulatorServer) -> None:
    """iam:PassRole is judged on the copy role, with iam:PassedToService."""
    world = scenes.world()
    passing = scenes.allow(
        "iam:PassRole", resource=scenes.COPIER, condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    )
    scenes.account(world, scenes.SOURCE)["roles"][1]["policies"] = [scenes.allow("backup:*"), passing]
    server.control.load(world)
    found = scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/operator")
    scene = Scene(server)
    scene.source = scenes.session_client(server, "backup", found)
    with scenes.refused() as refusal:
        scene.start()

    assert refusal.code == "AccessDeniedException"
    assert f"is not authorized to perform: iam:PassRole on resource: {scenes.COPIER}" in refusal.message


@pytest.mark.parametrize(
    ("minutes", "state"),
    [pytest.param(14, "COMPLETED", id="within a quarter of an hour"), pytest.param(16, "FAILED", id="after it")],
)
def test_switching_the_toggle_off_takes_a_quarter_of_an_hour(server: SimulatorServer, minutes: int, state: str) -> None:
    """Jobs may still start in the meantime."""
    payer = scenes.client(server, "backup", scenes.PAYER)
    payer.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "false"})
    server.control.advance(minutes * 60)
    scene = Scene(server)
    job_id = scene.start()
    server.control.advance("2m")

    assert scene.job(job_id)["State"] == state


def test_switching_the_toggle_on_works_at_once(server: SimulatorServer) -> None:
    """Undocumented; assumed."""
    world = scenes.world()
    toggle_off(world)
    server.control.load(world)
    scenes.client(server, "backup", scenes.PAYER).update_global_settings(
        GlobalSettings={"isCrossAccountBackupEnabled": "true"}
    )
    scene = Scene(server)
    scene.start()
    server.control.advance("2m")

    assert scene.states() == ["COMPLETED"]


def test_repairing_the_policy_lets_the_next_copy_through(server: SimulatorServer) -> None:
    """A failed job stays failed; a new one completes."""
    world = scenes.world()
    with_policy(None)(world)
    server.control.load(world)
    scene = Scene(server)
    scene.start()
    server.control.advance("2m")
    scene.target.put_backup_vault_access_policy(BackupVaultName="copies", Policy=scenes.text(scenes.may_copy()))
    scene.start()
    server.control.advance("2m")

    assert scene.states() == ["FAILED", "COMPLETED"]


def test_a_recovery_point_that_goes_meanwhile_fails_the_job(server: SimulatorServer) -> None:
    """Before the start and while running."""
    scene = Scene(server)
    for wait in (1, 10):
        arn = scene.add(resource=f"fs-{wait}")
        scene.start(arn)
        server.control.advance(wait)
        scene.source.delete_recovery_point(BackupVaultName="backups", RecoveryPointArn=arn)
    server.control.advance("5m")
    jobs = scene.source.list_copy_jobs()["CopyJobs"]

    assert {job["StatusMessage"] for job in jobs} == {"Cannot find recovery point"}
    assert {job["MessageCategory"] for job in jobs} == {"RESOURCE_NOT_FOUND"}


def test_a_role_deleted_and_made_again_is_another_role(server: SimulatorServer) -> None:
    """A policy that named the first does not let the second in."""
    world = scenes.world()
    with_policy(scenes.may_copy({"AWS": scenes.COPIER}))(world)
    server.control.load(world)
    iam = scenes.client(server, "iam", scenes.SOURCE)
    iam.delete_role(RoleName="copier")
    trust = scenes.policy({"Effect": "Allow", "Principal": FOR_COPIER, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="copier", AssumeRolePolicyDocument=scenes.text(trust))
    iam.put_role_policy(RoleName="copier", PolicyName="all", PolicyDocument=scenes.text(scenes.allow("*")))
    scene = Scene(server)
    job_id = scene.start()
    server.control.advance("2m")

    assert scene.job(job_id)["StatusMessage"] == ACCESS


def test_failing_jobs_let_the_next_of_their_resource_go(server: SimulatorServer) -> None:
    """A queue behind a failure does not stand still."""
    world = scenes.world()
    with_policy(None)(world)
    server.control.load(world)
    scene = Scene(server)
    for age in ("1d", "2d", "3d"):
        scene.start(scene.add(age=age))
    server.control.advance("2m")

    assert scene.states() == ["FAILED"] * 3


def test_every_rule_of_the_table_is_shown_by_a_row(server: SimulatorServer) -> None:
    """No rule without a name, no name twice."""
    names = [rule.name for rule in copy_rules.RULES]

    assert len(set(names)) == len(names)
    assert server.control.dump()["calls"] == 0
