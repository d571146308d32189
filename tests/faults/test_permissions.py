"""What the role of an account may not do is told of the account, and no copy waits for what IAM only thinks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.doctoring import paste
from tests.kit.stage import Json, Stage

from backup_simulator.server import SimulatorServer

SOURCE, DESTINATION, MANAGER = "crossvault-source", "crossvault-destination", "crossvault-management"
ROLES = {"production": (scene.PRODUCTION, SOURCE), "dr": (scene.BACKUP, DESTINATION), "payer": (scene.PAYER, MANAGER)}


def deny(stage: Stage, account: str, *actions: str, **condition: Any) -> None:
    """Put a Deny beside the policies of an account's role."""
    account_id, role = ROLES[account]
    statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*", **condition}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam = stage.admin(account_id, scene.HOME, "iam")
    iam.put_role_policy(RoleName=role, PolicyName="deny", PolicyDocument=json.dumps(document))


def allow(stage: Stage, account: str) -> None:
    """Take it away again."""
    account_id, role = ROLES[account]
    stage.admin(account_id, scene.HOME, "iam").delete_role_policy(RoleName=role, PolicyName="deny")


def without(account: str, *actions: str) -> Json:
    """Return a world in which an account's role is not allowed some actions."""
    made = scene.world()
    account_id, role = ROLES[account]
    (document,) = scene.role(made, account_id, role)["policies"]
    kept = []
    for each in document["Statement"]:
        listed = [each["Action"]] if isinstance(each["Action"], str) else each["Action"]
        left = [action for action in listed if action not in actions]
        kept += [{**each, "Action": left}] if left else []
    document["Statement"] = kept
    return made


def granted(body: Json) -> tuple[str, str] | None:
    """Return status and reason of the condition; None where there is none."""
    found = [each for each in body["status"]["conditions"] if each["type"] == "PermissionsGranted"]
    return (found[0]["status"], found[0]["reason"]) if found else None


def rows(body: Json) -> dict[str, Json]:
    """Return the rows by name of the statement."""
    return {each["name"]: each for each in body["status"].get("permissions", ())}


@pytest.mark.parametrize("account", ["production", "dr"])
def test_everything_is_granted(stage: Stage, account: str) -> None:
    """Nothing is listed, and nothing is asked a second time within the hour."""
    for _ in range(3):
        stage.look_at_named_account(account)
    body = stage.declared[account]

    assert granted(body) == ("True", "AllMet")
    assert "permissions" not in body["status"]
    assert len(stage.control.calls(operation="SimulatePrincipalPolicy")) == 1


def test_of_an_account_that_nothing_names_nothing_is_tried(stage: Stage) -> None:
    """Its status has no such condition."""
    stage.look_at_named_account("second")

    assert granted(stage.declared["second"]) is None
    assert not stage.control.calls(operation="SimulatePrincipalPolicy")


LACKS = [
    pytest.param(("production", "backup:ListCopyJobs", "ListCopyJobs", "see what is on its way"), id="a list"),
    pytest.param(("production", "iam:PassRole", "PassCopyRole", "give AWS Backup the role"), id="the copy role"),
    pytest.param(("dr", "backup:PutBackupVaultAccessPolicy", "WriteVaultPolicy", "keep its one"), id="a write"),
    pytest.param(("dr", "backup:CreateBackupVault", "CreateVault", "create a destination vault"), id="a creation"),
    pytest.param(
        ("dr", "backup-storage:MountCapsule", "MountCapsule", "have AWS Backup make"), id="what has no operation"
    ),
]


@pytest.mark.parametrize("lacks", LACKS)
def test_what_is_missing_is_a_row_and_its_command_mends_it(
    server: SimulatorServer, wired_stage: Stage, tmp_path: Path, lacks: tuple[str, str, str, str]
) -> None:
    """Condition, event once, what wants it, what it is for; pasted, all is granted without a restart."""
    stage, (account, action, name, said) = wired_stage, lacks
    stage.begin(without(account, action))
    first, second = stage.look_at_named_account(account), stage.look_at_named_account(account)
    body = stage.declared[account]
    row = rows(body)[name]

    assert granted(body) == ("False", "PermissionMissing")
    assert [each.reason for each in first.events if each.type == "Warning"] == ["PermissionMissing"]
    assert not second.events
    assert (row["status"], row["actions"], row["wantedBy"]) == ("Unmet", [action], ["policy orders/orders"])
    assert said in row["message"]
    assert first.report is not None
    assert action in first.report.missing
    paste(server, tmp_path, row["fix"])
    stage.look_at_named_account(account)
    assert granted(body) == ("True", "AllMet")


def test_a_deny_is_told_from_what_nobody_allows(stage: Stage) -> None:
    """No command is printed: somebody has to take it away."""
    deny(stage, "production", "backup:ListCopyJobs", "kms:DescribeKey")
    stage.look_at_named_account("production")
    found = rows(stage.declared["production"])

    assert {name: each["actions"] for name, each in found.items()} == {
        "ListCopyJobs": ["backup:ListCopyJobs"],
        "ReadKeys": ["kms:DescribeKey"],
    }
    assert not [each for each in found.values() if "fix" in each]
    assert "has to go first" in found["ListCopyJobs"]["remedy"]
    allow(stage, "production")
    stage.look_at_named_account("production")
    assert granted(stage.declared["production"]) == ("True", "AllMet")


def test_what_depends_on_conditions_is_unknown(stage: Stage) -> None:
    """The keys that decide are named, and nothing is held up."""
    condition = {"StringNotEquals": {"aws:RequestedRegion": [scene.HOME, scene.AWAY]}}
    deny(stage, "production", "backup:*", Condition=condition)
    stage.look_at_named_account("production")
    body = stage.declared["production"]

    assert granted(body) == ("Unknown", "PermissionUnclear")
    assert "aws:requestedregion" in rows(body)["ListCopyJobs"]["message"]
    stage.go_on()
    assert stage.protected()


def test_a_wrong_no_holds_no_copy(stage: Stage) -> None:
    """IAM is asked without the tags of a recovery point: it thinks that no copy may be started, and AWS takes all."""
    condition = {"StringNotEquals": {"aws:PrincipalAccount": scene.PRODUCTION}}
    deny(stage, "production", "backup:StartCopyJob", Condition=condition)
    stage.look_at_named_account("production")
    assert granted(stage.declared["production"]) != ("True", "AllMet")

    stage.go_on()
    assert stage.protected()


def test_who_may_not_try_out_is_unknown_and_holds_nothing_up(stage: Stage) -> None:
    """The row says how to allow it; what AWS has denied to a pass is told all the same."""
    stage.begin(without("dr", "iam:SimulatePrincipalPolicy"))
    stage.look_at_named_account("dr")
    body = stage.declared["dr"]
    row = rows(body)["TryOut"]

    assert granted(body) == ("Unknown", "AccessDenied")
    assert (row["status"], row["actions"]) == ("Unknown", ["iam:SimulatePrincipalPolicy"])
    assert "put-role-policy" in row["fix"][1]
    stage.go_on()
    assert stage.protected()


@pytest.mark.parametrize("account", ["production", "dr", "payer"])
def test_who_may_not_try_out_is_tried_by_reads_that_change_nothing(stage: Stage, account: str) -> None:
    """Once an hour, each action once; what passed and what nobody tried stand in the row, and nothing else is said."""
    stage.begin(without(account, "iam:SimulatePrincipalPolicy"))
    extra = (scene.organization("Enabled"),) if account == "payer" else ()
    stage.look_at_named_account(account, *extra)
    row = rows(stage.declared[account])["TryOut"]
    operations = [each.operation for each in stage.control.calls()]
    for _ in range(2):
        stage.look_at_named_account(account, *extra)
    again = [each.operation for each in stage.control.calls()][len(operations) :]

    assert row["status"] == "Unknown"
    assert {"organizations:DescribeOrganization", "backup:DescribeGlobalSettings"} <= set(row["tried"])
    assert not {each for each in row["tried"] if not each.split(":")[1].startswith(("List", "Describe", "Get", "Look"))}
    assert set(row["tried"]).isdisjoint(row["untried"])
    assert f"{len(row['tried'])} of {len(row['tried']) + len(row['untried'])} actions passed" in row["message"]
    assert all(each.startswith(("List", "Describe", "Get", "Look", "Simulate", "Assume")) for each in operations)
    assert not {"ListCopyJobs", "ListRecoveryPointsByBackupVault", "LookupEvents"} & set(again)


def test_a_deny_that_aws_names_is_told_to_go_first_where_nobody_may_try_out(stage: Stage) -> None:
    """No Allow is printed that would change nothing; once it is gone, all is granted."""
    deny(stage, "production", "iam:SimulatePrincipalPolicy", "iam:GetRole")
    for _ in range(2):
        stage.go_on()
        stage.look_at_named_account("production")
    told = rows(stage.declared["production"])

    assert told
    assert all("has to go first" in each["remedy"] for each in told.values()), told
    assert not any(each.get("fix") for each in told.values())

    allow(stage, "production")
    stage.control.advance("1h")
    stage.go_on()
    stage.look_at_named_account("production")
    assert granted(stage.declared["production"]) == ("True", "AllMet")


def test_writes_are_said_to_be_untried(stage: Stage) -> None:
    """Nobody starts a copy to find out whether that is allowed."""
    stage.begin(without("production", "iam:SimulatePrincipalPolicy"))
    stage.look_at_named_account("production")
    row = rows(stage.declared["production"])["TryOut"]

    assert {"backup:StartCopyJob", "iam:PassRole", "kms:GetKeyPolicy"} <= set(row["untried"])
    assert {"backup:ListCopyJobs", "backup:ListBackupVaults", "iam:GetRole"} <= set(row["tried"])


def test_what_a_pass_has_done_is_not_tried_again(stage: Stage) -> None:
    """It is known: the first look at the account asks only for what the policy did not ask."""
    stage.begin(without("production", "iam:SimulatePrincipalPolicy"))
    stage.go_on()
    stage.control.clear_calls()
    stage.look_at_named_account("production")
    row = rows(stage.declared["production"])["TryOut"]

    assert "backup:StartCopyJob" in row["tried"]
    assert not {"ListCopyJobs", "GetRole", "ListRecoveryPointsByBackupVault"} & {
        each.operation for each in stage.control.calls()
    }


@pytest.mark.parametrize(
    ("account", "action", "name"),
    [
        pytest.param("production", "backup:ListCopyJobs", "ListCopyJobs", id="a list"),
        pytest.param("production", "iam:GetRole", "ReadCopyRole", id="a role"),
        pytest.param("production", "backup:ListRecoveryPointsByBackupVault", "ListRecoveryPoints", id="a vault"),
        pytest.param("dr", "backup:ListBackupVaults", "ListVaults", id="vaults"),
        pytest.param("payer", "organizations:ListAccounts", "ReadMembers", id="members"),
        pytest.param("payer", "cloudtrail:LookupEvents", "ReadDepartures", id="what no pass asks for"),
    ],
)
def test_a_read_that_is_denied_is_a_row_and_seen_to_be_mended(
    stage: Stage, account: str, action: str, name: str
) -> None:
    """Before any pass needs it; mended, it is tried again after a quarter of an hour."""
    stage.begin(without(account, "iam:SimulatePrincipalPolicy", action))
    extra = (scene.organization("Enabled"),) if account == "payer" else ()
    stage.look_at_named_account(account, *extra)
    row = rows(stage.declared[account])[name]

    assert granted(stage.declared[account]) == ("False", "PermissionMissing")
    assert (row["status"], row["actions"]) == ("Unmet", [action])
    assert action in row["message"]
    account_id, role = ROLES[account]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
    iam = stage.admin(account_id, scene.HOME, "iam")
    iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=json.dumps(document))
    stage.later("16m")
    stage.look_at_named_account(account, *extra)
    assert granted(stage.declared[account]) == ("Unknown", "AccessDenied")
    assert action in rows(stage.declared[account])["TryOut"]["tried"]


def test_a_vault_that_is_not_there_tells_nothing(stage: Stage) -> None:
    """AWS denies it to everybody: neither allowed nor missing."""
    made = without("dr", "iam:SimulatePrincipalPolicy")
    scene.account(made, scene.BACKUP)["vaults"] = []
    stage.begin(made)
    stage.look_at_named_account("dr")
    found = rows(stage.declared["dr"])

    assert set(found) == {"TryOut"}
    assert "backup:DescribeBackupVault" in found["TryOut"]["untried"]
    stage.go_on()
    stage.look_at_named_account("dr")
    assert set(rows(stage.declared["dr"])) == {"TryOut"}


def test_what_aws_denied_to_a_pass_is_told_until_it_is_allowed(stage: Stage) -> None:
    """Whatever IAM thinks: here it may not be asked."""
    stage.begin(without("production", "iam:SimulatePrincipalPolicy", "backup:ListCopyJobs"))
    stage.look()
    stage.look_at_named_account("production")
    body = stage.declared["production"]

    assert granted(body) == ("False", "PermissionMissing")
    assert rows(body)["ListCopyJobs"]["actions"] == ["backup:ListCopyJobs"]
    assert "lacks backup:ListCopyJobs" in rows(body)["ListCopyJobs"]["message"]
    iam = stage.admin(scene.PRODUCTION, scene.HOME, "iam")
    statement = {"Effect": "Allow", "Action": "backup:ListCopyJobs", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=SOURCE, PolicyName="more", PolicyDocument=document)
    stage.look()
    stage.look_at_named_account("production")
    assert granted(body) == ("Unknown", "AccessDenied")


def _grant(stage: Stage, action: str) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
    iam = stage.admin(scene.PRODUCTION, scene.HOME, "iam")
    iam.put_role_policy(RoleName=SOURCE, PolicyName="more", PolicyDocument=json.dumps(document))


def test_a_right_that_was_granted_since_is_not_said_to_be_refused_by_something_else(stage: Stage) -> None:
    """AWS refused it to a pass, and IAM is asked after somebody has granted it: time ends what is left of that."""
    stage.begin(without("production", "backup:ListCopyJobs"))
    stage.look()
    _grant(stage, "backup:ListCopyJobs")
    stage.look_at_named_account("production")
    body = stage.declared["production"]
    row = rows(body)["ListCopyJobs"]

    assert granted(body) == ("Unknown", "PermissionUnclear")
    assert "takes some minutes" in row["message"]
    assert {"fix", "remedy"}.isdisjoint(row)
    stage.look()
    stage.look_at_named_account("production")
    assert granted(body) == ("True", "AllMet")


def test_a_right_that_was_taken_away_within_the_hour_is_missing(stage: Stage) -> None:
    """IAM said an hour ago that it is allowed: it is asked again once AWS has refused it."""
    stage.look_at_named_account("production")
    assert granted(stage.declared["production"]) == ("True", "AllMet")
    iam = stage.admin(scene.PRODUCTION, scene.HOME, "iam")
    (document,) = scene.role(without("production", "backup:ListCopyJobs"), scene.PRODUCTION, SOURCE)["policies"]
    for name in iam.list_role_policies(RoleName=SOURCE)["PolicyNames"]:
        iam.put_role_policy(RoleName=SOURCE, PolicyName=name, PolicyDocument=json.dumps(document))
    stage.later("5m")
    stage.look()
    stage.look_at_named_account("production")
    row = rows(stage.declared["production"])["ListCopyJobs"]

    assert row["status"] == "Unmet"
    assert "put-role-policy" in row["fix"][1]


def test_a_role_that_may_not_be_passed_any_more_is_told_within_the_hour(stage: Stage) -> None:
    """IAM said that it may; once a start was refused it is asked again, and nothing else is blamed."""
    stage.look()
    (document,) = scene.role(without("production", "iam:PassRole"), scene.PRODUCTION, SOURCE)["policies"]
    iam = stage.admin(scene.PRODUCTION, scene.HOME, "iam")
    for name in iam.list_role_policies(RoleName=SOURCE)["PolicyNames"]:
        iam.put_role_policy(RoleName=SOURCE, PolicyName=name, PolicyDocument=json.dumps(document))
    for _ in range(3):
        stage.later("5m")
        stage.look()
    found = {each["name"]: each for each in stage.body["status"]["prerequisites"]}

    assert (found["PassRole"]["status"], found["PassRole"]["reason"]) == ("Unmet", "PassRoleDenied")
    assert "put-role-policy" in found["PassRole"]["fix"][1]


@pytest.mark.parametrize("account", ["production", "dr", "payer"])
def test_no_name_of_a_missing_action_is_cut(stage: Stage, account: str) -> None:
    """Of a role that may only be tried out: every row says all its actions, however long it gets."""
    made = scene.world()
    account_id, role = ROLES[account]
    try_out = {"Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": "*"}
    scene.role(made, account_id, role)["policies"] = [{"Version": "2012-10-17", "Statement": [try_out]}]
    stage.begin(made)
    stage.look_at_named_account(account, *([scene.organization("Enabled")] if account == "payer" else []))
    found = rows(stage.declared[account])
    (words,) = [
        each["message"]
        for each in stage.declared[account]["status"]["conditions"]
        if "PermissionsGranted" in each.values()
    ]

    assert len(found) > 3
    assert all(action in each["message"] for each in found.values() for action in each["actions"])
    assert not [each for each in found.values() if "…" in each["message"]]
    assert "…" not in words


def test_a_denial_that_iam_knows_nothing_of_is_told_without_a_command(stage: Stage) -> None:
    """The policy of a vault refuses a read that IAM allows: no policy of the role would mend that."""
    stage.look()
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Shut",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "backup:ListRecoveryPointsByBackupVault",
                "Resource": "*",
            }
        ],
    }
    vault = stage.body["spec"]["source"]["vault"]["name"]
    stage.admin(scene.PRODUCTION, scene.HOME).put_backup_vault_access_policy(
        BackupVaultName=vault, Policy=json.dumps(document)
    )
    stage.later("7h")
    stage.look()
    stage.look_at_named_account("production")
    row = rows(stage.declared["production"])["ListRecoveryPoints"]

    assert row["status"] == "Unmet"
    assert "IAM allows it" in row["remedy"]
    assert "fix" not in row


def test_the_role_that_manages_an_organization_is_tried_out_for_that(stage: Stage) -> None:
    """What it wants is another thing than what policies want."""
    stage.begin(without("payer", "backup:UpdateGlobalSettings", "organizations:ListAccounts"))
    stage.look_at_named_account("payer", scene.organization("Enabled"))
    body = stage.declared["payer"]

    assert granted(body) == ("False", "PermissionMissing")
    assert {name: each["wantedBy"] for name, each in rows(body).items()} == {
        "ReadMembers": ["organization main"],
        "Turn": ["organization main"],
    }


def test_everything_missing_is_told_at_once(stage: Stage) -> None:
    """A role that may do nothing: each statement that it needs is a row."""
    made = scene.world()
    scene.role(made, scene.BACKUP, DESTINATION)["policies"] = []
    stage.begin(made)
    for _ in range(2):
        stage.look_at_named_account("dr")
    found = rows(stage.declared["dr"])

    assert granted(stage.declared["dr"]) == ("False", "PermissionMissing")
    assert set(found) >= {"ReadOrganization", "ReadSwitch", "TryOut"}
