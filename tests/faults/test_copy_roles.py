"""A copy role that is deleted while it copies, or made anew, over a simulated AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Stage

from crossvault.aspects.organization.switch import Keeper, Wanted
from crossvault.kinds.account.parse import AccountDeclaration, parse_account

NAME = "crossvault-copies"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def make(stage: Stage) -> str:
    """Make the copy role and return its unique id."""
    iam = stage.admin(scene.PRODUCTION, scene.HOME, "iam")
    made = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName=NAME, PolicyName="all", PolicyDocument=json.dumps(ALL))
    return str(made["Role"]["RoleId"])


def unmake(stage: Stage) -> None:
    """Delete it."""
    iam = stage.admin(scene.PRODUCTION, scene.HOME, "iam")
    iam.delete_role_policy(RoleName=NAME, PolicyName="all")
    iam.delete_role(RoleName=NAME)


@pytest.fixture
def copying(stage: Stage) -> Stage:
    """A policy with a role of its own, whose copies are under way."""
    made = scene.world(durations={"created": "1s", "running": "1h", "toggle_off": "15m"})
    for each in scene.role(made, scene.PRODUCTION, "crossvault-source")["policies"]:
        _widen(each)
    stage.begin(made)
    make(stage)
    stage.declare(source={**stage.body["spec"]["source"], "copyRole": NAME})
    stage.go_on(lambda: len(stage.jobs()) >= 3)
    stage.control.advance(5)  # from created to running
    return stage


def _widen(policy: Any) -> None:
    """Let the operator see and pass any role of the account."""
    for statement in policy.get("Statement", ()) if isinstance(policy, dict) else ():
        if {"iam:GetRole", "iam:PassRole"} & {*_listed(statement["Action"])}:
            statement["Resource"] = "*"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def hazard(stage: Stage) -> Any:
    """Return what is told of the copy role as a hazard."""
    items = stage.body["status"]["drift"]["items"]
    return next((each for each in items if each["aspect"] == "copy_role"), None)


def test_a_role_that_is_deleted_while_copies_run(copying: Stage) -> None:
    """Which snapshots stay shared is told while they are copied, once as an event, and for a day after."""
    copying.look()
    assert hazard(copying) is None
    unmake(copying)
    copying.restart()
    events = copying.look().events
    found = hazard(copying)
    assert scene.row(copying.body, "CopyRole", "") == ("Unmet", "CopyRoleMissing")
    assert f"snapshots stay shared with account dr ({scene.BACKUP})" in found["observed"]
    assert "take the sharing back by hand" in found["remedy"]
    (event,) = [each for each in events if each.reason == "SnapshotsStayShared"]
    assert found["observed"] in event.message
    assert not [each for each in copying.look().events if each.reason == "SnapshotsStayShared"]

    copying.later("2h")
    copying.look()
    assert hazard(copying)["remedy"] == found["remedy"]
    copying.later("25h")
    copying.look()
    assert hazard(copying) is None


def test_a_role_that_is_made_anew_while_copies_run(copying: Stage) -> None:
    """AWS cannot take the sharing back with another role; the vault lets the new one in again, and both are told."""
    unmake(copying)
    make(copying)
    copying.restart()
    outcome = copying.look()
    assert hazard(copying) is None
    assert any("the copy role was made anew" in each.message for each in outcome.events)
    assert scene.row(copying.body, "VaultPolicy") == ("Met", "AllMet")

    copying.later("2h")
    reasons = [each.reason for each in copying.look().events]
    assert "SnapshotsStayShared" in reasons
    assert "snapshots stay shared" in hazard(copying)["observed"]


DENIED = {
    "CopyRolePermissions": ("backup:CopyIntoBackupVault", "AWSBackupDefaultServiceRole", "vault-account"),
    "PassRole": ("iam:PassRole", "crossvault-source", ""),
}


@pytest.mark.parametrize("row", DENIED)
def test_a_permission_that_lacks_is_told_before_a_job_is_spent(stage: Stage, row: str) -> None:
    """Nothing is started; put right, everything recovers without a restart."""
    action, role, where = DENIED[row]
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}
    iam = stage.admin(scene.PRODUCTION, scene.HOME, "iam")
    iam.put_role_policy(RoleName=role, PolicyName="deny", PolicyDocument=json.dumps(deny))
    for _ in range(3):
        stage.look()
    assert scene.row(stage.body, row, where)[0] == "Unmet"
    assert not stage.jobs()

    iam.delete_role_policy(RoleName=role, PolicyName="deny")
    stage.go_on()
    assert scene.row(stage.body, row, where) == ("Met", "AllMet")


SNAPSHOTS = "arn:aws:ec2:*::snapshot/*"


NO_SNAPSHOTS = {
    "a Deny": {"Effect": "Deny", "Action": "backup:CopyFromBackupVault", "Resource": SNAPSHOTS},
    "no Allow": {"Effect": "Allow", "Action": "*", "NotResource": SNAPSHOTS},
}


@pytest.mark.parametrize("how", NO_SNAPSHOTS)
def test_what_the_role_may_not_copy_out_is_held_and_all_else_goes(stage: Stage, how: str) -> None:
    """A policy may be for some forms of recovery points: no job is spent on the others, which go once they may."""
    made, document = scene.world(), {"Version": "2012-10-17", "Statement": [NO_SNAPSHOTS[how]]}
    role = scene.role(made, scene.PRODUCTION, "AWSBackupDefaultServiceRole")
    role["policies"] = [document, *(role["policies"] if how == "a Deny" else [])]
    stage.begin(made)
    stage.go_on(lambda: scene.numbers(stage.body).get("copied") == 2, passes=6)
    row = next(each for each in stage.body["status"]["prerequisites"] if each["name"] == "CopyRolePermissions")

    assert (row["status"], row["reason"]) == ("Unmet", "CopyRoleLacksPermission")
    assert "snapshot/snap-*; 2 recovery points are held" in row["message"]
    assert not [point for point, _ in stage.jobs() if ":snapshot/snap-" in point]

    iam = stage.admin(scene.PRODUCTION, scene.HOME, "iam")
    for name in iam.list_role_policies(RoleName="AWSBackupDefaultServiceRole")["PolicyNames"]:
        iam.delete_role_policy(RoleName="AWSBackupDefaultServiceRole", PolicyName=name)
    managed = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
    iam.attach_role_policy(RoleName="AWSBackupDefaultServiceRole", PolicyArn=managed)
    stage.control.advance("16m")
    stage.go_on()
    assert scene.row(stage.body, "CopyRolePermissions") == ("Met", "AllMet")


CONTROLLED = {
    "a Deny": (
        {"Sid": "NoCopies", "Effect": "Deny", "Action": "backup:CopyInto*", "Resource": "*"},
        "statement NoCopies",
    ),
    "a Deny without a Sid": ({"Effect": "Deny", "Action": "backup:*Vault", "Resource": "*"}, "statement 1 (no Sid)"),
    "a list of what is allowed": (
        {"Effect": "Allow", "NotAction": "backup:CopyIntoBackupVault", "Resource": "*"},
        "service control policy ours (p-ours12345)",
    ),
}


@pytest.mark.parametrize("how", CONTROLLED)
@pytest.mark.parametrize("unit", [scene.PRODUCTION, "root"], ids=["on the account", "on the root"])
def test_a_control_policy_that_is_in_the_way_is_named(stage: Stage, how: str, unit: str) -> None:
    """Where the management account may be asked; where not, or nobody declares it, the row stands without the name."""
    statement, name = CONTROLLED[how]
    made = scene.world()
    document = {"Version": "2012-10-17", "Statement": [statement]}
    ours = {"id": "p-ours12345", "name": "ours", "document": document, "targets": [unit]}
    made["organization"]["control_policies"] = [{**ours, "replaces_full_access": statement["Effect"] == "Allow"}]
    reading = ["organizations:ListParents", "organizations:ListPoliciesForTarget", "organizations:DescribePolicy"]
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": reading, "Resource": "*"}]}
    stage.begin(made)
    payer = parse_account(stage.declared["payer"])
    assert isinstance(payer, AccountDeclaration)
    keepers = {scene.PAYER: Keeper("main", Wanted.ENABLED, payer.account)}

    def told(**changes: Any) -> str:
        stage.restart()
        stage.look(**changes)
        assert scene.row(stage.body, "CopyRolePermissions") == ("Unmet", "CopyRoleLacksPermission")
        rows = stage.body["status"]["prerequisites"]
        return str(next(each["remedy"] for each in rows if each["name"] == "CopyRolePermissions"))

    assert "p-ours12345" not in told()
    assert "p-ours12345" not in told(keepers=keepers)
    iam = stage.admin(scene.PAYER, scene.HOME, "iam")
    iam.put_role_policy(RoleName="crossvault-management", PolicyName="see", PolicyDocument=json.dumps(allowed))
    assert f"It is {name}" in told(keepers=keepers)
    assert f"on {'r-' if unit == 'root' else unit}" in told(keepers=keepers)


def test_who_may_not_try_out_holds_nothing_up(stage: Stage) -> None:
    """Both rows are unknown, and every copy is made."""
    deny = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "iam:SimulatePrincipalPolicy", "Resource": "*"}],
    }
    iam = stage.admin(scene.PRODUCTION, scene.HOME, "iam")
    iam.put_role_policy(RoleName="crossvault-source", PolicyName="deny", PolicyDocument=json.dumps(deny))
    stage.go_on()

    assert scene.row(stage.body, "CopyRolePermissions")[0] == "Unknown"
    assert scene.row(stage.body, "PassRole", "")[0] == "Unknown"


def test_permissions_are_tried_out_once_an_hour(stage: Stage) -> None:
    """As long as nothing is denied."""
    stage.go_on()
    for _ in range(5):
        stage.control.advance("5m")
        stage.look()

    assert sum(each.operation == "SimulatePrincipalPolicy" for each in stage.control.calls()) == 2
