"""A BackupOrganization over a living organization: the switch, its lag, members that leave, and what goes wrong."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Json, Stage, condition

from backup_simulator.faults import Kind

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "aws-identity.md"
DENIED: Json = {"code": "AccessDeniedException", "status": 400}
READS = {"DescribeOrganization": 1, "DescribeGlobalSettings": 1, "ListAccounts": 1, "ListDelegatedAdministrators": 1}


def off() -> Json:
    """Return a world whose organization does not let backups cross accounts."""
    made = scene.world()
    made["organization"]["cross_account_backup"] = False
    return made


def settings(stage: Stage) -> dict[str, str]:
    """Return the global settings as somebody in the management account sees them."""
    found: dict[str, str] = stage.admin(scene.PAYER, scene.HOME).describe_global_settings()["GlobalSettings"]
    return found


def turned(stage: Stage) -> int:
    """Count how often the operator asked for the switch to be turned."""
    calls = stage.control.calls(mutating=True, service="backup")
    return sum(each.operation == "UpdateGlobalSettings" and "/crossvault-" in each.principal for each in calls)


def asked(stage: Stage) -> Counter[str]:
    """Count what the operator asked in the management account since the calls were last cleared."""
    calls = stage.control.calls(account=scene.PAYER)
    return Counter(each.operation for each in calls if each.operation not in {"AssumeRole", "GetCallerIdentity"})


def moment_of(text: str) -> datetime:
    """Read an instant of a status."""
    return datetime.fromisoformat(text)


def leave(stage: Stage, account_id: str = scene.BACKUP) -> None:
    """Put an account out of the organization."""
    stage.admin(scene.PAYER, "us-east-1", "organizations").remove_account_from_organization(AccountId=account_id)


# --- The switch ----------------------------------------------------------------------------------------------------


def test_the_switch_is_turned_on_and_copies_go(stage: Stage) -> None:
    """One key is sent, once; what others have set stays; the policy finds the way open."""
    stage.begin(off())
    stage.admin(scene.PAYER, scene.HOME).update_global_settings(GlobalSettings={"isMpaEnabled": "true"})
    stage.look()
    assert scene.row(stage.body, "OrganizationToggle") == ("Unmet", "CrossAccountBackupOff")
    body = scene.organization()
    stage.look_at_organization(body)
    stage.look_at_organization(body)

    assert condition(body) == ("True", "InSync")
    assert turned(stage) == 1
    assert settings(stage)["isMpaEnabled"] == "true"
    stage.go_on()


def test_the_15_minute_lag_is_told_with_its_end(stage: Stage) -> None:
    """While it lasts copies still start; afterwards they do not. The end does not move."""
    body = scene.organization("Disabled")
    stage.look_at_organization(body)
    changed = stage.admin(scene.PAYER, scene.HOME).describe_global_settings()["LastUpdateTime"]
    until = body["status"]["copiesMayGoOnUntil"]

    assert condition(body) == ("True", "InSync")
    assert body["status"]["crossAccountBackup"] == "Disabled"
    assert (moment_of(until) - changed).total_seconds() == pytest.approx(900, abs=1)
    stage.later("1h")
    stage.look_at_organization(body)
    assert body["status"]["copiesMayGoOnUntil"] == until
    assert turned(stage) == 1


def test_what_is_not_managed_is_never_turned(stage: Stage) -> None:
    """Reads only, whatever the switch says."""
    stage.begin(off())
    body = scene.organization("Unmanaged")
    stage.look_at_organization(body)

    assert condition(body) == ("True", "NotManaged")
    assert turned(stage) == 0


def test_two_that_disagree_turn_nothing(stage: Stage) -> None:
    """Both say the same names; once one of them agrees, it is turned."""
    stage.begin(off())
    on, other = scene.organization(), scene.organization("Disabled", "other")
    stage.look_at_organization(on, other)
    stage.look_at_organization(other, on)

    assert [condition(each) for each in (on, other)] == [("False", "DeclarationsDisagree")] * 2
    assert turned(stage) == 0
    other["spec"]["crossAccountBackup"] = "Enabled"
    stage.look_at_organization(on, other)
    stage.look_at_organization(other, on)
    assert [condition(each) for each in (on, other)] == [("True", "InSync")] * 2
    assert turned(stage) == 1


def test_a_member_is_not_taken_for_the_management_account(stage: Stage) -> None:
    """It is found out before anything is written, and the right account is named."""
    stage.begin(off())
    body = scene.organization(account="dr")
    stage.look_at_organization(body)
    message = body["status"]["conditions"][0]["message"]

    assert condition(body) == ("False", "NotManagementAccount")
    assert "spec.managementAccountRef" in message
    assert f"Name a BackupAccount of account {scene.PAYER} there" in message
    assert turned(stage) == 0
    assert "members" not in body["status"]


def test_an_account_in_no_organization_is_told(stage: Stage) -> None:
    """There is nothing to turn."""
    stage.begin(scene.world(organization=None))
    body = scene.organization()
    stage.look_at_organization(body)

    assert condition(body) == ("False", "NoOrganization")
    assert turned(stage) == 0


def test_somebody_who_turns_it_is_corrected_once(stage: Stage) -> None:
    """With one event, and nothing after it."""
    body = scene.organization()
    stage.look_at_organization(body)
    stage.admin(scene.PAYER, scene.HOME).update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "false"})
    stage.control.advance("5m")
    corrected, after = stage.look_at_organization(body), stage.look_at_organization(body)

    assert [str(each.reason) for each in corrected.events] == ["DriftCorrected"]
    assert after.events == ()
    assert settings(stage)["isCrossAccountBackupEnabled"] == "true"


def test_whoever_was_first_leaves_nothing_to_write(stage: Stage) -> None:
    """Read right before the write: between look and write somebody else turned it."""
    stage.begin(off())
    body = scene.organization()
    aws, apply = stage.aws, stage.aws.apply

    def late(action: Any, *, namespace: str = "") -> Any:
        stage.admin(scene.PAYER, scene.HOME).update_global_settings(
            GlobalSettings={"isCrossAccountBackupEnabled": "true"}
        )
        return apply(action, namespace=namespace)

    aws.apply = late  # type: ignore[method-assign] # somebody else is as fast as this
    stage.look_at_organization(body)

    assert condition(body) == ("True", "InSync")
    assert turned(stage) == 0


# --- What goes wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "ready", "unseen"),
    [
        pytest.param("DescribeOrganization", "CannotObserve", set(), id="the organization"),
        pytest.param("DescribeGlobalSettings", "CannotObserve", {"crossAccountBackup"}, id="the switch"),
        pytest.param("ListAccounts", "CannotObserve", {"members"}, id="the members"),
        pytest.param("ListDelegatedAdministrators", "InSync", {"delegatedAdministrators"}, id="the administrators"),
    ],
)
def test_a_denied_read_is_unknown_and_recovers(stage: Stage, operation: str, ready: str, unseen: set[str]) -> None:
    """With its reason and neither zero nor none; the next look after it is allowed sees all."""
    stage.control.faults.add(Kind.ERROR, operation=operation, account=scene.PAYER, **DENIED)
    body = scene.organization()
    outcome = stage.look_at_organization(body)

    assert condition(body)[1] == ready
    assert {each["name"]: each["reason"] for each in body["status"]["notSeen"]} == dict.fromkeys(unseen, "AccessDenied")
    assert ("members" in body["status"]) is (operation != "ListAccounts")
    assert outcome.requeue == scene.CADENCE.interval
    stage.control.faults.clear()
    stage.look_at_organization(body)
    assert condition(body) == ("True", "InSync")
    assert body["status"]["members"] == 5


@pytest.mark.parametrize("operation", [*READS, "UpdateGlobalSettings"])
@pytest.mark.parametrize("kind", [Kind.THROTTLE, Kind.RESET, Kind.TRUNCATE])
def test_what_time_ends_ends(stage: Stage, operation: str, kind: Kind) -> None:
    """The end is the same as without the fault, and the switch is turned at most once."""
    stage.begin(off())
    stage.control.faults.add(kind, operation=operation, account=scene.PAYER, times=1)
    body = scene.organization()
    for _ in range(3):
        stage.look_at_organization(body)

    assert condition(body) == ("True", "InSync")
    assert settings(stage)["isCrossAccountBackupEnabled"] == "true"
    assert turned(stage) <= 2


def test_a_lost_reply_is_looked_up(stage: Stage) -> None:
    """AWS acted, nobody heard: the same pass sees it and does not ask again."""
    stage.begin(off())
    stage.control.faults.add(Kind.RESET, operation="UpdateGlobalSettings", after_effect=True, times=1)
    body = scene.organization()
    outcome = stage.look_at_organization(body)

    assert condition(body) == ("True", "InSync")
    assert [str(each.reason) for each in outcome.events] == ["SwitchedOn", "InSync"]
    assert turned(stage) == 1


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("DescribeOrganization", "Organization.MasterAccountId"),
        ("DescribeGlobalSettings", "GlobalSettings.isCrossAccountBackupEnabled"),
        ("ListAccounts", "Accounts"),
    ],
)
def test_half_an_answer_turns_nothing_and_loses_nobody(stage: Stage, operation: str, member: str) -> None:
    """What AWS always sends is missing: unknown."""
    stage.go_on()
    stage.control.faults.add(Kind.OMIT, operation=operation, member=member, account=scene.PAYER)
    body = scene.organization("Disabled" if operation != "ListAccounts" else "Enabled")
    stage.look_at_organization(body)

    assert condition(body) == ("Unknown", "CannotObserve")
    assert turned(stage) == 0
    assert body["status"]["formerMembers"] == []


def test_a_look_that_is_not_answered_by_the_present_is_corrected_by_it(stage: Stage) -> None:
    """A stale answer says on; it is turned when the answer is of the present."""
    stage.control.advance("1m")
    stage.admin(scene.PAYER, scene.HOME).update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "false"})
    stage.control.faults.add(Kind.STALE, operation="DescribeGlobalSettings", seconds=30)
    body = scene.organization()
    stage.look_at_organization(body)
    stage.control.faults.clear()
    stage.look_at_organization(body)

    assert condition(body) == ("True", "InSync")
    assert settings(stage)["isCrossAccountBackupEnabled"] == "true"


# --- Leaving accounts ----------------------------------------------------------------------------------------------


def test_an_account_that_left_with_copies_stays_visible(stage: Stage) -> None:
    """Entered or not, with its policy or without, through a restart; until it is a member again."""
    stage.go_on()
    copied = scene.numbers(stage.body)["copied"]
    body = scene.organization()
    stage.look_at_organization(body)
    assert condition(body, "MembersOnly") == ("True", "AllMet")
    left = stage.clock()
    leave(stage)
    stage.later("30m")
    stage.look()
    stage.look_at_organization(body)
    (row,) = body["status"]["formerMembers"]

    assert condition(body) == ("False", "FormerMemberHoldsCopies")
    assert (row["accountId"], row["recoveryPoints"], row["state"]) == (scene.BACKUP, copied, "Left")
    assert row["vaultArn"].endswith(":orders-copies")
    assert row["policies"] == ["orders/orders"]
    assert "countedAt" not in row
    assert abs((moment_of(row["leftAt"]) - left).total_seconds()) <= 1

    stage.control.faults.add(Kind.ERROR, account=scene.BACKUP, **DENIED)
    stage.later("1d")
    stage.look()
    stage.look_at_organization(body)
    (dark,) = body["status"]["formerMembers"]
    assert (dark["recoveryPoints"], dark["noticedAt"]) == (copied, row["noticedAt"])
    assert "countedAt" in dark

    stage.body["status"] = {}
    stage.restart()
    stage.look_at_organization(body)
    (gone,) = body["status"]["formerMembers"]
    assert (gone["recoveryPoints"], gone["noticedAt"]) == (copied, row["noticedAt"])
    assert "policies" not in gone

    stage.control.faults.clear()
    payer = stage.admin(scene.PAYER, "us-east-1", "organizations")
    handshake = payer.invite_account_to_organization(Target={"Id": scene.BACKUP, "Type": "ACCOUNT"})["Handshake"]
    stage.admin(scene.BACKUP, "us-east-1", "organizations").accept_handshake(HandshakeId=handshake["Id"])
    stage.restart()
    stage.look_at_organization(body)
    assert body["status"]["formerMembers"] == []
    assert condition(body) == ("True", "InSync")


def test_an_account_that_is_closed_is_told_with_its_state(stage: Stage) -> None:
    """Organizations still lists it, for ninety days."""
    stage.go_on()
    stage.admin(scene.PAYER, "us-east-1", "organizations").close_account(AccountId=scene.BACKUP)
    body = scene.organization()
    stage.look_at_organization(body)
    (row,) = body["status"]["formerMembers"]

    assert row["state"] in {"PENDING_CLOSURE", "SUSPENDED", "CLOSED"}
    assert body["status"]["members"] == 5


def test_the_date_of_leaving_is_asked_for_once(stage: Stage) -> None:
    """No pass asks CloudTrail before somebody has left, nor once the date is known; a denial is told and lasts."""
    stage.go_on()
    body = scene.organization()
    stage.look_at_organization(body)
    assert asked(stage)["LookupEvents"] == 0
    stage.control.faults.add(Kind.ERROR, operation="LookupEvents", **DENIED)
    leave(stage)
    stage.restart()
    for _ in range(2):
        stage.look_at_organization(body)
    assert asked(stage)["LookupEvents"] == 1
    assert [(each["name"], each["reason"]) for each in body["status"]["notSeen"]] == [("leftAt", "AccessDenied")]
    assert condition(body) == ("False", "FormerMemberHoldsCopies")

    stage.control.faults.clear()
    stage.restart()
    for _ in range(2):
        stage.look_at_organization(body)
    assert asked(stage)["LookupEvents"] == 2
    assert "leftAt" in body["status"]["formerMembers"][0]
    assert body["status"]["notSeen"] == []


def test_delegated_administrators_are_shown(stage: Stage) -> None:
    """With the date since when they are."""
    payer = stage.admin(scene.PAYER, "us-east-1", "organizations")
    payer.enable_aws_service_access(ServicePrincipal="backup.amazonaws.com")
    payer.register_delegated_administrator(AccountId=scene.BACKUP, ServicePrincipal="backup.amazonaws.com")
    body = scene.organization()
    stage.look_at_organization(body)

    (row,) = body["status"]["delegatedAdministrators"]
    assert row["accountId"] == scene.BACKUP
    assert set(row) == {"accountId", "since"}


# --- What it costs -------------------------------------------------------------------------------------------------


def test_a_large_organization_is_listed_page_by_page_and_seldom(stage: Stage) -> None:
    """Four calls an interval and a page for each twenty accounts, those once in six; two objects share all of it."""
    made = scene.world()
    more = [f"{700_000_000_000 + number}" for number in range(90)]
    made["accounts"] += [{"id": each, "name": f"member-{each}"} for each in more]
    made["organization"]["members"] += more
    stage.begin(made)
    one, other = scene.organization(), scene.organization(name="other")
    stage.control.clear_calls()
    stage.look_at_organization(one, other)
    assert one["status"]["members"] == 95
    assert asked(stage) == Counter({**READS, "ListAccounts": 5})

    stage.control.clear_calls()
    stage.control.advance("5m")
    stage.look_at_organization(one, other)
    assert asked(stage) == Counter({"DescribeOrganization": 1, "DescribeGlobalSettings": 1})


# --- Permissions ---------------------------------------------------------------------------------------------------


def documented() -> Json:
    """Return the policy of the documentation."""
    text = PAGE.read_text("utf-8").split("## Role in the management account\n", 1)[1].split("\n## ", 1)[0]
    found = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert found is not None
    policy: Json = json.loads(found.group(1))
    return policy


def permitted(without: str = "") -> Json:
    """Return a world with the documented role, less an action of it, and a switch to turn."""
    made, policy = off(), documented()
    for each in policy["Statement"]:
        actions = [each["Action"]] if isinstance(each["Action"], str) else each["Action"]
        each["Action"] = [action for action in actions if action != without]
    policy["Statement"] = [each for each in policy["Statement"] if each["Action"]]
    scene.role(made, scene.PAYER, "crossvault-management")["policies"] = [policy]
    return made


OTHERWISE = {
    "iam:SimulatePrincipalPolicy",  # for the account by itself: test_least_privilege.py
    # For the accounts of policies: test_copy_roles.py, test_least_privilege.py
    *("organizations:ListParents", "organizations:ListPoliciesForTarget", "organizations:DescribePolicy"),
}
ACTIONS = [
    action
    for each in documented()["Statement"]
    for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    if action not in OTHERWISE
]


def told_before() -> Json:
    """Return an organization that has told of copies in the backup account."""
    body = scene.organization()
    vault = f"arn:aws:backup:{scene.AWAY}:{scene.BACKUP}:backup-vault:orders-copies"
    row = {"accountId": scene.BACKUP, "vaultArn": vault, "recoveryPoints": 4, "state": "CLOSED"}
    return {**body, "status": {"formerMembers": [{**row, "noticedAt": "2026-01-01T00:00:00Z"}]}}


def test_the_documented_permissions_are_enough(stage: Stage) -> None:
    """All is seen, and the switch is turned; who has left has a date."""
    stage.begin(permitted())
    leave(stage)
    body = told_before()
    stage.look_at_organization(body)

    assert condition(body, "Synced") == ("True", "InSync")
    assert body["status"]["notSeen"] == []
    assert "leftAt" in body["status"]["formerMembers"][0]


@pytest.mark.parametrize("action", ACTIONS)
def test_none_of_them_is_too_many(stage: Stage, action: str) -> None:
    """Without it something is unknown or refused, and the message names it."""
    stage.begin(permitted(action))
    leave(stage)
    body = told_before()
    stage.look_at_organization(body)
    told = [each["message"] for each in (*body["status"]["conditions"], *body["status"]["notSeen"])]

    assert any(action in each for each in told)
