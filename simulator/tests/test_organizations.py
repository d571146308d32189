"""Organizations: several of them, accounts that come and go, the tree, who may read and who may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import copies, scenes
from simulator_kit.trees import ROOT, UNIT, orgs

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

OTHER_PAYER = "8" * 12


def two_organizations() -> scenes.Json:
    """The usual world, and the stranger as a member of another organization."""
    scene = scenes.world()
    other = {"id": "o-elsewhere1", "root": "r-ab12", "management": OTHER_PAYER, "members": [scenes.STRANGER]}
    scene["organizations"] = [other | {"cross_account_backup": True}]
    scene["accounts"].append({"id": OTHER_PAYER, "name": "other", "users": [scenes.admin(OTHER_PAYER)]})
    return scene


def outcome(server: SimulatorServer, **changes: Any) -> scenes.Json:
    """Start a copy and see it through."""
    scene = copies.Scene(server)
    job = scene.start(**changes)
    server.control.advance("2h")
    return scene.job(job)


def test_each_account_sees_its_own_organization(server: SimulatorServer) -> None:
    """DescribeOrganization tells members of one organization the same id, and others another."""
    server.control.load(two_organizations())
    ids = {
        account: orgs(server, account).describe_organization()["Organization"]["Id"]
        for account in (scenes.PAYER, scenes.SOURCE, scenes.STRANGER, OTHER_PAYER)
    }

    assert ids[scenes.PAYER] == ids[scenes.SOURCE] == "o-simulator01"
    assert ids[OTHER_PAYER] == ids[scenes.STRANGER] == "o-elsewhere1"


def test_copies_do_not_cross_from_one_organization_to_another(server: SimulatorServer) -> None:
    """That both accounts are in some organization is not enough."""
    server.control.load(two_organizations())
    found = outcome(server, DestinationBackupVaultArn=scenes.vault_arn(scenes.STRANGER))

    assert (found["State"], found["MessageCategory"]) == ("FAILED", "ACCESS_DENIED")
    assert "must be a member of the same organization" in found["StatusMessage"]


def test_the_toggle_belongs_to_one_organization(server: SimulatorServer) -> None:
    """Switching it off in one leaves the other as it is."""
    server.control.load(two_organizations())
    off = {"isCrossAccountBackupEnabled": "false"}
    scenes.client(server, "backup", OTHER_PAYER).update_global_settings(GlobalSettings=off)
    here, there = (
        scenes.client(server, "backup", account).describe_global_settings()["GlobalSettings"]
        for account in (scenes.SOURCE, scenes.STRANGER)
    )

    assert here["isCrossAccountBackupEnabled"] == "true"
    assert there["isCrossAccountBackupEnabled"] == "false"


def test_an_account_changes_its_organization(server: SimulatorServer) -> None:
    """Invited, it must leave the one before it can accept for the other."""
    server.control.load(two_organizations())
    stranger, payer = orgs(server, scenes.STRANGER), orgs(server, scenes.PAYER)
    invitation = payer.invite_account_to_organization(Target={"Id": scenes.STRANGER, "Type": "ACCOUNT"})["Handshake"]
    with scenes.refused() as twice:
        payer.invite_account_to_organization(Target={"Id": scenes.STRANGER, "Type": "ACCOUNT"})
    with scenes.refused() as bound:
        stranger.accept_handshake(HandshakeId=invitation["Id"])
    stranger.leave_organization()
    listed = stranger.list_handshakes_for_account()["Handshakes"]
    accepted = stranger.accept_handshake(HandshakeId=invitation["Id"])["Handshake"]

    assert twice.code == "DuplicateHandshakeException"
    assert bound.code == "HandshakeConstraintViolationException"
    assert [one["State"] for one in listed] == ["OPEN"]
    assert accepted["State"] == "ACCEPTED"
    member = payer.describe_account(AccountId=scenes.STRANGER)["Account"]
    assert (member["JoinedMethod"], member["Paths"]) == ("INVITED", [f"o-simulator01/{ROOT}/{scenes.STRANGER}/"])
    assert outcome(server, DestinationBackupVaultArn=scenes.vault_arn(scenes.STRANGER))["State"] == "COMPLETED"


INVITATIONS = [
    pytest.param(scenes.STRANGER, "decline_handshake", "DECLINED", id="declined"),
    pytest.param(scenes.PAYER, "cancel_handshake", "CANCELED", id="taken back"),
]


@pytest.mark.parametrize(("account", "operation", "state"), INVITATIONS)
def test_an_invitation_ends_once(server: SimulatorServer, account: str, operation: str, state: str) -> None:
    """By the one or the other party; after that it cannot be accepted."""
    invitation = orgs(server, scenes.PAYER).invite_account_to_organization(
        Target={"Id": scenes.STRANGER, "Type": "ACCOUNT"}, Notes="join us"
    )["Handshake"]
    with scenes.refused() as foreign:
        other = scenes.PAYER if account == scenes.STRANGER else scenes.STRANGER
        getattr(orgs(server, other), operation)(HandshakeId=invitation["Id"])
    ended = getattr(orgs(server, account), operation)(HandshakeId=invitation["Id"])["Handshake"]
    with scenes.refused() as late:
        orgs(server, scenes.STRANGER).accept_handshake(HandshakeId=invitation["Id"])

    assert foreign.code == "AccessDeniedException"
    assert ended["State"] == state
    assert late.code == "InvalidHandshakeTransitionException"


def test_an_invitation_lasts_fifteen_days(server: SimulatorServer) -> None:
    """EXPIRED afterwards."""
    payer = orgs(server, scenes.PAYER)
    made = payer.invite_account_to_organization(Target={"Id": scenes.STRANGER, "Type": "ACCOUNT"})["Handshake"]
    server.control.advance("15d")
    with scenes.refused() as refusal:
        orgs(server, scenes.STRANGER).accept_handshake(HandshakeId=made["Id"])

    assert refusal.code == "InvalidHandshakeTransitionException"
    assert payer.describe_handshake(HandshakeId=made["Id"])["Handshake"]["State"] == "EXPIRED"
    assert payer.list_handshakes_for_organization()["Handshakes"][0]["State"] == "EXPIRED"


def test_copies_fail_once_an_account_has_left(server: SimulatorServer) -> None:
    """What was copied before stays where it is."""
    first = outcome(server)
    orgs(server, scenes.PAYER).remove_account_from_organization(AccountId=scenes.TARGET)
    second = outcome(server)
    listed = scenes.client(server, "backup", scenes.TARGET, region=scenes.AWAY).list_recovery_points_by_backup_vault(
        BackupVaultName="copies"
    )["RecoveryPoints"]

    assert (first["State"], second["State"]) == ("COMPLETED", "FAILED")
    assert "must be a member of the same organization" in second["StatusMessage"]
    assert len(listed) == 1
    with scenes.refused() as alone:
        orgs(server, scenes.TARGET).describe_organization()
    assert alone.code == "AWSOrganizationsNotInUseException"


def test_a_running_copy_outlives_the_leaving(server: SimulatorServer) -> None:
    """Keys that admit the accounts by their names admit them still; keys that admit the organization do not."""
    jobs = []
    for closed in (False, True):
        server.control.load(scenes.world())
        scene = copies.Scene(server)
        if not closed:
            kms = scenes.client(server, "kms", scenes.SOURCE)
            everybody = {"AWS": [f"arn:aws:iam::{one}:root" for one in (scenes.SOURCE, scenes.TARGET)]}
            statement = {"Effect": "Allow", "Principal": everybody, "Action": "kms:*", "Resource": "*"}
            key = kms.describe_key(KeyId="alias/data")["KeyMetadata"]["KeyId"]
            kms.put_key_policy(KeyId=key, Policy=scenes.text(scenes.policy(statement)))
        job_id = scene.start()
        server.control.advance("30s")
        running = scene.job(job_id)["State"]
        orgs(server, scenes.PAYER).remove_account_from_organization(AccountId=scenes.TARGET)
        server.control.advance("2m")
        jobs.append((running, scene.job(job_id)["State"], scene.job(job_id)["MessageCategory"]))

    assert jobs == [("RUNNING", "COMPLETED", "SUCCESS"), ("RUNNING", "FAILED", "KMS_KEY_ERROR")]


STAYING = [
    pytest.param(scenes.PAYER, "leave_organization", {}, "MasterCannotLeaveOrganizationException", id="payer leaves"),
    pytest.param(
        scenes.PAYER,
        "remove_account_from_organization",
        {"AccountId": scenes.PAYER},
        "MasterCannotLeaveOrganizationException",
        id="payer is put out",
    ),
    pytest.param(
        scenes.PAYER,
        "remove_account_from_organization",
        {"AccountId": scenes.STRANGER},
        "AccountNotFoundException",
        id="a stranger is put out",
    ),
    pytest.param(
        scenes.SOURCE,
        "remove_account_from_organization",
        {"AccountId": scenes.TARGET},
        "AccessDeniedException",
        id="one member puts out another",
    ),
    pytest.param(scenes.STRANGER, "leave_organization", {}, "AWSOrganizationsNotInUseException", id="nothing to leave"),
    pytest.param(scenes.PAYER, "delete_organization", {}, "OrganizationNotEmptyException", id="members are left"),
    pytest.param(
        scenes.PAYER, "close_account", {"AccountId": scenes.PAYER}, "ConstraintViolationException", id="payer is closed"
    ),
    pytest.param(
        scenes.SOURCE, "create_organization", {}, "AlreadyInOrganizationException", id="a member founds its own"
    ),
]


@pytest.mark.parametrize(("account", "operation", "params", "code"), STAYING)
def test_some_accounts_stay(
    server: SimulatorServer, account: str, operation: str, params: scenes.Json, code: str
) -> None:
    """Each refusal has its own code."""
    with scenes.refused() as refusal:
        getattr(orgs(server, account), operation)(**params)

    assert refusal.code == code


def test_an_organization_is_founded_and_dissolved(server: SimulatorServer) -> None:
    """With the caller as management account and SCPs off; cross-account backup is off too."""
    client = orgs(server, scenes.STRANGER)
    made = client.create_organization(FeatureSet="ALL")["Organization"]
    roots = client.list_roots()["Roots"]
    settings = scenes.client(server, "backup", scenes.STRANGER).describe_global_settings()["GlobalSettings"]
    client.delete_organization()

    assert made["MasterAccountId"] == scenes.STRANGER
    assert [root["PolicyTypes"] for root in roots] == [[]]
    assert settings["isCrossAccountBackupEnabled"] == "false"
    with scenes.refused() as gone:
        client.describe_organization()
    assert gone.code == "AWSOrganizationsNotInUseException"


def test_units_are_made_filled_and_deleted(server: SimulatorServer) -> None:
    """Lists, parents and children tell the same tree."""
    client = orgs(server, scenes.PAYER)
    made = client.create_organizational_unit(ParentId=UNIT, Name="Backups")["OrganizationalUnit"]
    client.move_account(AccountId=scenes.TARGET, SourceParentId=ROOT, DestinationParentId=made["Id"])
    client.update_organizational_unit(OrganizationalUnitId=made["Id"], Name="Vaults")
    with scenes.refused() as full:
        client.delete_organizational_unit(OrganizationalUnitId=made["Id"])

    assert made["Path"] == f"o-simulator01/{ROOT}/{UNIT}/{made['Id']}/"
    assert full.code == "OrganizationalUnitNotEmptyException"
    assert client.list_parents(ChildId=scenes.TARGET)["Parents"] == [{"Id": made["Id"], "Type": "ORGANIZATIONAL_UNIT"}]
    assert client.list_parents(ChildId=UNIT)["Parents"] == [{"Id": ROOT, "Type": "ROOT"}]
    children = client.list_children(ParentId=UNIT, ChildType="ORGANIZATIONAL_UNIT")["Children"]
    assert children == [{"Id": made["Id"], "Type": "ORGANIZATIONAL_UNIT"}]
    assert [one["Id"] for one in client.list_accounts_for_parent(ParentId=made["Id"])["Accounts"]] == [scenes.TARGET]
    units = client.list_organizational_units_for_parent(ParentId=UNIT)["OrganizationalUnits"]
    assert [one["Name"] for one in units] == ["Vaults"]
    assert client.list_children(ParentId=UNIT, ChildType="ACCOUNT")["Children"][0]["Id"] == scenes.SOURCE

    client.move_account(AccountId=scenes.TARGET, SourceParentId=made["Id"], DestinationParentId=ROOT)
    client.delete_organizational_unit(OrganizationalUnitId=made["Id"])
    with scenes.refused() as gone:
        client.describe_organizational_unit(OrganizationalUnitId=made["Id"])
    assert gone.code == "OrganizationalUnitNotFoundException"


MISTAKES = [
    pytest.param(
        "create_organizational_unit",
        {"ParentId": ROOT, "Name": UNIT},
        "DuplicateOrganizationalUnitException",
        id="name taken",
    ),
    pytest.param(
        "create_organizational_unit",
        {"ParentId": "ou-cv01-nowhere12", "Name": "x"},
        "ParentNotFoundException",
        id="no parent",
    ),
    pytest.param(
        "move_account",
        {"AccountId": scenes.TARGET, "SourceParentId": UNIT, "DestinationParentId": ROOT},
        "AccountNotFoundException",
        id="not there",
    ),
    pytest.param(
        "move_account",
        {"AccountId": scenes.TARGET, "SourceParentId": ROOT, "DestinationParentId": ROOT},
        "DuplicateAccountException",
        id="already there",
    ),
    pytest.param("list_parents", {"ChildId": scenes.STRANGER}, "ChildNotFoundException", id="no child"),
]


@pytest.mark.parametrize(("operation", "params", "code"), MISTAKES)
def test_mistakes_about_the_tree_have_codes(
    server: SimulatorServer, operation: str, params: scenes.Json, code: str
) -> None:
    """As the service model names them."""
    with scenes.refused() as refusal:
        getattr(orgs(server, scenes.PAYER), operation)(**params)

    assert refusal.code == code


REQUIRED, PATTERN = "INPUT_REQUIRED", "INVALID_PATTERN"
MALFORMED = [
    pytest.param("ListParents", {"ChildId": "x"}, PATTERN, id="an id of nothing"),
    pytest.param("ListParents", {"ChildId": "12345"}, PATTERN, id="half an account"),
    pytest.param("DescribeAccount", {"AccountId": "ou-cv01-workloads1"}, PATTERN, id="a unit as an account"),
    pytest.param("ListChildren", {"ParentId": "nope", "ChildType": "ACCOUNT"}, PATTERN, id="no parent's id"),
    pytest.param("ListChildren", {"ParentId": ROOT, "ChildType": "POLICY"}, "INVALID_ENUM", id="no type of children"),
    pytest.param("DescribePolicy", {"PolicyId": "p-X"}, PATTERN, id="half a policy"),
    pytest.param("AttachPolicy", {"PolicyId": "x", "TargetId": "y"}, PATTERN, id="two of them"),
    pytest.param("ListTagsForResource", {"ResourceId": "x"}, PATTERN, id="nothing with tags"),
    pytest.param("ListParents", {}, REQUIRED, id="no id at all"),
    pytest.param("ListAccounts", {"MaxResults": 21}, "MAX_VALUE_EXCEEDED", id="too many at once"),
    pytest.param("ListAccounts", {"MaxResults": 0}, "MIN_VALUE_EXCEEDED", id="none at once"),
    pytest.param("CreateOrganizationalUnit", {"ParentId": ROOT, "Name": "x" * 129}, "MAX_LENGTH_EXCEEDED", id="long"),
    pytest.param("CreateOrganizationalUnit", {"ParentId": ROOT, "Name": ""}, "MIN_LENGTH_EXCEEDED", id="short"),
    pytest.param("ListParents", {"ChildId": 1}, PATTERN, id="a number"),
]


@pytest.mark.parametrize(("operation", "params", "reason"), MALFORMED)
def test_malformed_input_is_refused_with_a_reason(
    server: SimulatorServer, operation: str, params: scenes.Json, reason: str
) -> None:
    """In the words of AWS, which do not say where."""
    client = orgs(server, scenes.PAYER)
    with pytest.raises(client.exceptions.InvalidInputException) as refusal:
        client._make_api_call(operation, params)
    answer: scenes.Json = dict(refusal.value.response)

    assert answer["Reason"] == reason
    if reason == PATTERN:
        assert answer["Error"]["Message"] == "You provided a value that does not match the required pattern."


def test_the_path_of_an_account_is_a_condition_key(server: SimulatorServer) -> None:
    """Moving an account takes it out of reach of a vault policy on PrincipalOrgPaths."""
    scene = scenes.world()
    inside = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": [f"o-simulator01/{ROOT}/{UNIT}/*"]}}
    scenes.target_vault(scene)["policy"] = scenes.may_copy({"AWS": "*"}, condition=inside)
    server.control.load(scene)
    before = outcome(server)
    orgs(server, scenes.PAYER).move_account(AccountId=scenes.SOURCE, SourceParentId=UNIT, DestinationParentId=ROOT)
    after = outcome(server)

    assert (before["State"], after["State"]) == ("COMPLETED", "FAILED")
    assert after["MessageCategory"] == "ACCESS_DENIED"


def test_a_world_may_start_with_a_tree_of_its_own(server: SimulatorServer) -> None:
    """Names, empty units, a chosen root, suspended accounts, administrators."""
    scene = scenes.world()
    scene["organization"] |= {
        "root": "r-a1b2",
        "units": {scenes.SOURCE: "ou-a1b2-workload/ou-a1b2-producti"},
        "empty_units": ["ou-a1b2-sandboxx"],
        "unit_names": {"ou-a1b2-workload": "Workloads"},
        "suspended": [scenes.TARGET],
    }
    server.control.load(scene)
    client = orgs(server, scenes.PAYER)
    units = client.list_organizational_units_for_parent(ParentId="r-a1b2")["OrganizationalUnits"]

    assert {unit["Name"] for unit in units} == {"Workloads", "ou-a1b2-sandboxx"}
    source = client.describe_account(AccountId=scenes.SOURCE)["Account"]
    assert source["Paths"] == [f"o-simulator01/r-a1b2/ou-a1b2-workload/ou-a1b2-producti/{scenes.SOURCE}/"]
    assert client.describe_account(AccountId=scenes.TARGET)["Account"]["State"] == "SUSPENDED"
