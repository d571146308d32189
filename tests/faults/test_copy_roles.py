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


@pytest.mark.parametrize("made", [False, True], ids=["there is none", "it lies elsewhere"])
def test_a_role_that_is_not_where_it_is_looked_for_is_told_by_its_own_row_alone(stage: Stage, made: bool) -> None:
    """What it may do is no row then, and no error of ours."""
    stage.declare(source={**stage.body["spec"]["source"], "copyRole": "teams/copies"})
    if made:
        iam = stage.admin(scene.PRODUCTION, scene.HOME, "iam")
        iam.create_role(RoleName="copies", AssumeRolePolicyDocument=json.dumps(TRUST))
    stage.look()

    assert scene.row(stage.body, "CopyRole", "")[0] != "Met"
    assert "CopyRolePermissions" not in {each["name"] for each in stage.body["status"]["prerequisites"]}
    assert "InternalError" not in json.dumps(stage.body["status"])


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


def managed(stage: Stage) -> dict[str, Keeper]:
    """Return who keeps the switch: the management account may be asked for what governs the others."""
    payer = parse_account(stage.declared["payer"])
    assert isinstance(payer, AccountDeclaration)
    return {scene.PAYER: Keeper("main", Wanted.ENABLED, payer.account)}


def governed(kind: str, *statements: Any, unit: str = scene.PRODUCTION) -> Any:
    """Return the world under a control policy."""
    made = scene.world()
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    made["organization"][kind] = [{"id": "p-ours12345", "name": "ours", "document": document, "targets": [unit]}]
    return made


def lift(stage: Stage) -> None:
    """Detach the control policy, and let the time pass after which it is looked at again."""
    organizations = stage.admin(scene.PAYER, "us-east-1", "organizations")
    organizations.detach_policy(PolicyId="p-ours12345", TargetId=scene.PRODUCTION)
    stage.control.advance("16m")


SHUT = {"Sid": "Shut", "Effect": "Deny", "Resource": "*"}
MADE_FOR = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*AWSBackupDefaultServiceRole"}}
ELSEWHERE = {"StringNotEquals": {"aws:RequestedRegion": [scene.HOME, scene.AWAY]}}
ABROAD = {"StringNotEquals": {"aws:RequestedRegion": [scene.HOME]}}
STRANGERS = {"StringNotEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}
NETWORK = {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}


@pytest.mark.parametrize("action", ["backup:CopyIntoBackupVault", "backup:CopyFromBackupVault", "iam:PassRole"])
def test_a_control_policy_with_a_condition_that_holds_is_told_before_a_job_is_spent(stage: Stage, action: str) -> None:
    """IAM passes over it and says yes. Lifted, everything is copied without a restart."""
    condition = (
        MADE_FOR if action != "iam:PassRole" else {"StringEquals": {"iam:PassedToService": "backup.amazonaws.com"}}
    )
    name = "PassRole" if action == "iam:PassRole" else "CopyRolePermissions"
    stage.begin(governed("control_policies", {**SHUT, "Action": action, "Condition": condition}))
    keepers = managed(stage)
    for _ in range(3):
        stage.look(keepers=keepers)
    rows = {each["name"]: each for each in stage.body["status"]["prerequisites"]}

    assert rows[name]["status"] == "Unmet"
    assert "statement Shut of service control policy ours (p-ours12345)" in rows[name]["remedy"]
    assert not stage.jobs()
    lift(stage)
    for _ in range(12):
        stage.look(keepers=keepers)
        stage.control.advance(10)
    assert stage.protected()


@pytest.mark.parametrize(
    "condition", [{}, {"Condition": MADE_FOR}], ids=["which IAM tries out", "which it passes over"]
)
def test_what_the_role_denies_itself_is_told_apart_from_a_control_policy(stage: Stage, condition: Any) -> None:
    """Each with the remedy that helps, in one row: who lifts the one would else find the other."""
    stage.begin(governed("control_policies", {**SHUT, "Action": "backup:CopyIntoBackupVault", **condition}))
    deny = {"Effect": "Deny", "Action": "backup:CopyFromBackupVault", "Resource": "*"}
    stage.admin(scene.PRODUCTION, scene.HOME, "iam").put_role_policy(
        RoleName="AWSBackupDefaultServiceRole",
        PolicyName="none",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    stage.look(keepers=managed(stage))
    (row,) = (each for each in stage.body["status"]["prerequisites"] if each["name"] == "CopyRolePermissions")

    assert row["status"] == "Unmet"
    assert (
        "may not do backup:CopyFromBackupVault, nor by a service control policy of the organization" in row["message"]
    )
    assert "About backup:CopyFromBackupVault: Allow it in a policy of the role" in row["remedy"]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        pytest.param(ELSEWHERE, "", id="Regions of which both are allowed"),
        pytest.param(ABROAD, "statement Shut of service control policy ours", id="one of the two Regions"),
        pytest.param(STRANGERS, "", id="strangers alone"),
        pytest.param(NETWORK, "aws:SourceVpc is not known from here", id="what nobody knows"),
    ],
)
def test_a_control_policy_that_may_not_hold_holds_nothing_up(stage: Stage, condition: Any, said: str) -> None:
    """What is not decided is told in the row, which stays met, and copies are tried."""
    made = governed("control_policies", {**SHUT, "Action": "backup:Copy*", "Condition": condition})
    stage.begin(made)
    keepers = managed(stage)
    stage.look(keepers=keepers)
    (row,) = (each for each in stage.body["status"]["prerequisites"] if each["name"] == "CopyRolePermissions")

    assert row["status"] == "Met"
    assert said in row["message"]
    assert ("Not decided" in row["message"]) is bool(said)
    stage.look(keepers=keepers)
    assert stage.jobs()


def test_control_policies_that_may_not_be_read_are_said_to_be_unseen(stage: Stage) -> None:
    """And hold nothing up."""
    made = scene.world()
    (granted,) = scene.role(made, scene.PAYER, "crossvault-management")["policies"]
    granted["Statement"] = [each for each in granted["Statement"] if each["Sid"] != "ReadControlPolicies"]
    stage.begin(made)
    keepers = managed(stage)
    stage.look(keepers=keepers)
    (row,) = (each for each in stage.body["status"]["prerequisites"] if each["name"] == "CopyRolePermissions")

    assert (row["status"], "were not seen" in row["message"]) == ("Met", True)
    stage.look(keepers=keepers)
    assert stage.jobs()


def test_control_policies_are_read_once_an_hour_while_nothing_is_attached(stage: Stage) -> None:
    """Both kinds, level by level, once for an account."""
    stage.begin(scene.world())
    keepers = managed(stage)
    for _ in range(6):
        stage.look(keepers=keepers)
        stage.control.advance("5m")
    counted = [each.operation for each in stage.control.calls() if each.service == "organizations"]

    assert counted.count("ListPoliciesForTarget") == 2 * (1 + counted.count("ListParents"))


RESOURCE_CONTROLS = [
    pytest.param(
        {"Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:PrincipalIsAWSService": "true"}}},
        ("CopyRole", "CopyRoleUntrusting"),
        id="the copy role, by services",
    ),
    pytest.param(
        {"Action": "kms:*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*DefaultServiceRole"}}},
        ("SourceKeys", "KeyNotShared"),
        id="keys, by the copy role",
    ),
]


@pytest.mark.parametrize(("statement", "row"), RESOURCE_CONTROLS)
def test_a_resource_control_policy_that_holds_is_told_before_a_job_is_spent(
    stage: Stage, statement: Any, row: tuple[str, str]
) -> None:
    """Of what copies need these bind keys and roles; lifted, everything is copied."""
    stage.begin(governed("resource_control_policies", {**SHUT, "Principal": "*", **statement}))
    keepers = managed(stage)
    for _ in range(3):
        stage.look(keepers=keepers)
    found = next(each for each in stage.body["status"]["prerequisites"] if each["name"] == row[0])

    assert (found["status"], found["reason"]) == ("Unmet", row[1])
    assert "statement Shut of resource control policy ours (p-ours12345)" in found["remedy"]
    there = stage.cloud.state.accounts[scene.PRODUCTION].regions[scene.HOME].copy_jobs.values()
    assert "FAILED" not in {str(each.state) for each in there}
    lift(stage)
    for _ in range(14):
        stage.look(keepers=keepers)
        stage.control.advance(10)
    assert stage.protected()


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param({"Action": "kms:*", "Condition": STRANGERS}, id="strangers alone"),
        pytest.param(
            {
                "Action": ["sts:AssumeRole", "kms:*"],
                "Condition": {
                    "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-crossvault1"},
                    "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
                },
            },
            id="all but the organization and services of AWS",
        ),
        pytest.param({"Action": "kms:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}, id="without TLS"),
    ],
)
def test_the_usual_perimeter_is_seen_to_let_copies_through(stage: Stage, statement: Any) -> None:
    """As AWS's own examples of data perimeters have it."""
    stage.begin(governed("resource_control_policies", {**SHUT, "Principal": "*", **statement}))
    keepers = managed(stage)
    for _ in range(12):
        stage.look(keepers=keepers)
        stage.control.advance(10)

    assert {each["status"] for each in stage.body["status"]["prerequisites"]} == {"Met"}
    assert stage.protected()


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
    (granted,) = scene.role(made, scene.PAYER, "crossvault-management")["policies"]
    granted["Statement"] = [each for each in granted["Statement"] if each["Sid"] != "ReadControlPolicies"]
    stage.begin(made)
    keepers = managed(stage)

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


LACKS = {
    "ec2:ModifySnapshotAttribute": ":snapshot/snap-*",
    "ec2:ModifyImageAttribute": ":image/ami-*",
    "rds:ModifyDBSnapshotAttribute": ":snapshot:awsbackup:*",
    "rds:ListTagsForResource": ":snapshot:awsbackup:*",
}
POINTS = (
    {"resource_type": "S3", "resource": "orders-invoices", "age": "1d"},
    {"resource_type": "EBS", "resource": "volume/vol-0a1b2c3d4e5f60001", "key": "alias/orders", "age": "2d"},
    {"resource_type": "EC2", "resource": "instance/i-0a1b2c3d4e5f60001", "key": "alias/orders", "age": "2d"},
    {"resource_type": "RDS", "resource": "db:orders", "key": "alias/orders", "age": "2d"},
)


@pytest.mark.parametrize("action", LACKS)
def test_what_the_role_lacks_in_the_service_of_a_snapshot_is_named_before_a_job_is_spent(
    stage: Stage, action: str
) -> None:
    """What needs it is held and all else copied; the role mended, the rest follows. One question for all of it."""
    stage.begin(scene.world(*POINTS))
    iam, name = stage.admin(scene.PRODUCTION, scene.HOME, "iam"), "AWSBackupDefaultServiceRole"
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="deny", PolicyDocument=json.dumps(deny))
    stage.control.clear_calls()
    for _ in range(15):
        stage.look()
        stage.control.advance(10)
    found = next(each for each in stage.body["status"]["prerequisites"] if each["name"] == "CopyRolePermissions")

    assert (found["status"], found["reason"]) == ("Unmet", "CopyRoleLacksPermission")
    assert f"may not do {action} on" in found["message"]
    assert LACKS[action] in found["message"]
    assert len(stage.copies()) >= 2
    region = stage.cloud.state.accounts[scene.PRODUCTION].regions[scene.HOME]
    assert "FAILED" not in {str(each.state) for each in region.copy_jobs.values()}
    asked = [each for each in stage.control.calls() if each.operation == "SimulatePrincipalPolicy"]
    assert len(asked) <= 2 * 2
    iam.delete_role_policy(RoleName=name, PolicyName="deny")
    stage.control.advance("16m")
    for _ in range(12):
        stage.look()
        stage.control.advance(10)
    assert stage.protected()


def test_what_the_role_may_do_with_keys_by_their_policies_alone_is_said(stage: Stage) -> None:
    """It holds nothing: the policy of a key may name the role."""
    iam, name = stage.admin(scene.PRODUCTION, scene.HOME, "iam"), "AWSBackupDefaultServiceRole"
    everything = {"Effect": "Allow", "NotAction": "kms:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    managed = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
    iam.detach_role_policy(RoleName=name, PolicyArn=managed)
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
    stage.look()
    found = next(each for each in stage.body["status"]["prerequisites"] if each["name"] == "CopyRolePermissions")

    assert found["status"] == "Met"
    assert "IAM does not let it do kms:DescribeKey and kms:CreateGrant" in found["message"]


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

    assert sum(each.operation == "SimulatePrincipalPolicy" for each in stage.control.calls()) == 3
