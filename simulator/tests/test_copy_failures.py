"""Copies that AWS refuses: at once or later, each with its words and category."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulator_kit import scenes
from simulator_kit.changes import (
    ACCESS,
    FOR_COPIER,
    KEY,
    LOCKED,
    ORGANIZATION,
    ROLE,
    ROOT,
    SERVICE_KEY,
    TOGGLE,
    both,
    key_state,
    lock,
    no_organization,
    no_vault,
    outside,
    point,
    service_key,
    toggle_off,
    unsupported,
    with_copier,
    with_policy,
)
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from backup_simulator.server import SimulatorServer

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
        point(resource_type="Redshift"),
        START,
        "RESOURCE_NOT_SUPPORTED",
        "Copy job failed. Unsupported resource type: Redshift",
        id="Redshift",
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
        "RESOURCE_NOT_SUPPORTED",
        "Copy job failed. Unsupported resource type: DynamoDB",
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
