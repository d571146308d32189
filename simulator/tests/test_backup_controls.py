"""Who may do what with backups: control policies on the backup role, tags of resources and plans in policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import backup_kit, scenes
from simulator_kit.backup_kit import Backups

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


def _role(scene: scenes.Json, *policies: scenes.Json) -> None:
    scenes.account(scene, scenes.SOURCE)["roles"][0]["policies"] = list(policies)


@pytest.mark.parametrize(
    ("condition", "state"),
    [
        pytest.param({"StringEquals": {"aws:ResourceTag/backup": "daily"}}, "COMPLETED", id="tag of the resource"),
        pytest.param({"StringEquals": {"aws:ResourceTag/backup": "hourly"}}, "FAILED", id="another tag"),
        pytest.param({"StringEquals": {"aws:RequestedRegion": scenes.HOME}}, "COMPLETED", id="Region"),
        pytest.param({"StringNotEquals": {"aws:RequestedRegion": scenes.HOME}}, "FAILED", id="any other Region"),
        pytest.param({"StringEquals": {"aws:PrincipalAccount": scenes.SOURCE}}, "COMPLETED", id="account"),
    ],
)
@pytest.mark.parametrize("resource", [backup_kit.VOLUME, backup_kit.BUCKET])
def test_the_rights_of_the_role_may_have_conditions(
    server: SimulatorServer, condition: scenes.Json, state: str, resource: str
) -> None:
    """Tags of the resource and the Region are known when the role is judged; ARNs of buckets tell neither."""
    scene = backup_kit.world()
    scenes.account(scene, scenes.SOURCE)["resources"][3]["tags"] = {"backup": "daily"}
    actions = ("ec2:CreateSnapshot", "s3:ListBucket", "s3:GetBucketVersioning")
    _role(scene, scenes.allow(*actions, condition=condition), scenes.allow("kms:*"))
    backups = Backups(server, scene)
    job = backups.start(resource)
    backups.pass_time("2m")

    assert backups.job(job)["State"] == state


@pytest.mark.parametrize(
    ("region", "state"),
    [pytest.param(scenes.HOME, "COMPLETED", id="this Region"), pytest.param(scenes.AWAY, "FAILED", id="another")],
)
def test_control_policies_hold_the_backup_role(server: SimulatorServer, region: str, state: str) -> None:
    """A policy that allows one Region only: the callers of AWS Backup are exempt here, the role is not."""
    scene = backup_kit.world()
    control = scenes.policy(
        {
            "Effect": "Deny",
            "NotAction": ["backup:*", "iam:*"],
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": region}},
        }
    )
    scene["organization"]["control_policies"] = [
        {"id": "p-region001", "name": "region", "document": control, "targets": [scenes.SOURCE]}
    ]
    backups = Backups(server, scene)
    job_id = backups.start(backup_kit.VOLUME)
    backups.pass_time("2m")

    assert backups.job(job_id)["State"] == state


def test_the_trust_of_the_role_may_have_conditions(server: SimulatorServer) -> None:
    """aws:SourceAccount is the account that backs up, as AWS advises against the confused deputy."""
    found = []
    for account in (scenes.SOURCE, scenes.TARGET):
        scene = backup_kit.world()
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "backup.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
        scenes.account(scene, scenes.SOURCE)["roles"][0]["trust"] = scenes.policy(trust)
        backups = Backups(server, scene)
        try:
            backups.start()
        except backups.client.exceptions.InvalidParameterValueException as error:
            found.append(error.response["Error"]["Message"])

    assert found == [f"IAM Role {scenes.COPIER} cannot be assumed by AWS Backup"]


@pytest.mark.parametrize(("team", "allowed"), [("shop", True), ("bank", False)])
def test_tags_of_a_plan_count_for_the_caller(server: SimulatorServer, team: str, allowed: bool) -> None:
    """aws:ResourceTag on plans, aws:RequestTag when they are made."""
    scene = backup_kit.world()
    own = {"StringEquals": {"aws:ResourceTag/team": team}}
    key = {"id": "AKIASHOP111111111111", "secret": "shop-secret"}
    policies = [
        scenes.allow(
            *("backup:CreateBackupPlan", "backup:TagResource"),
            condition={"StringEquals": {"aws:RequestTag/team": "shop"}},
        ),
        scenes.allow("backup:GetBackupPlan", condition=own),
    ]
    user = {"name": "shop", "access_key": key, "policies": policies}
    scenes.account(scene, scenes.SOURCE)["users"].append(user)
    server.control.load(scene)
    client: Any = scenes.client(server, "backup", scenes.SOURCE, user="shop")
    plan = {"BackupPlanName": "plan", "Rules": [{"RuleName": "daily", "TargetBackupVaultName": "daily"}]}
    with scenes.refused() as untagged:
        client.create_backup_plan(BackupPlan=plan)
    plan_id = client.create_backup_plan(BackupPlan=plan, BackupPlanTags={"team": "shop"})["BackupPlanId"]

    assert untagged.code == "AccessDeniedException"
    if allowed:
        assert client.get_backup_plan(BackupPlanId=plan_id)["BackupPlan"]
        return
    with scenes.refused() as refusal:
        client.get_backup_plan(BackupPlanId=plan_id)
    assert "backup:GetBackupPlan" in refusal.message
