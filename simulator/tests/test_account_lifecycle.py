"""Accounts of an organization begin and end: CreateAccount, CloseAccount, and what they need on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator.server import SimulatorServer
from backup_simulator.world import files
from simulator_kit import copies, scenes

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = "r-cv01"
NEW = {"Email": "new@example.com", "AccountName": "new"}


def payer(server: SimulatorServer) -> Any:
    """The management account's administrator."""
    return scenes.client(server, "organizations", scenes.PAYER)


def request(server: SimulatorServer, request_id: str) -> scenes.Json:
    """How a request for an account stands."""
    answer = payer(server).describe_create_account_status(CreateAccountRequestId=request_id)
    return answer["CreateAccountStatus"]  # type: ignore[no-any-return] # boto3 by name


def made(server: SimulatorServer, **changes: Any) -> scenes.Json:
    """Ask for an account and see it through."""
    asked = payer(server).create_account(**(NEW | changes))["CreateAccountStatus"]
    server.control.advance("2m")
    return request(server, asked["Id"])


def administrator(
    server: SimulatorServer, account: str, service: str, role: str = "OrganizationAccountAccessRole"
) -> Any:
    """A client of the management account in the role that a new account has."""
    sts = scenes.client(server, "sts", scenes.PAYER)
    arn = f"arn:aws:iam::{account}:role/{role}"
    found = sts.assume_role(RoleArn=arn, RoleSessionName="payer")["Credentials"]
    return scenes.session_client(server, service, found, region=scenes.AWAY)


def test_an_account_is_made_and_backed_up_to(server: SimulatorServer) -> None:
    """IN_PROGRESS first; then it is a member under the root, and a copy goes into a vault of its own."""
    asked = payer(server).create_account(**NEW)["CreateAccountStatus"]
    before = payer(server).list_accounts()["Accounts"]
    running = payer(server).list_create_account_status(States=["IN_PROGRESS"])["CreateAccountStatuses"]
    server.control.advance("2m")
    done = request(server, asked["Id"])
    account = done["AccountId"]
    shown = payer(server).describe_account(AccountId=account)["Account"]
    backup, kms = (administrator(server, account, service) for service in ("backup", "kms"))
    key = kms.create_key(Policy=scenes.text(scenes.shared_key(account)))["KeyMetadata"]["Arn"]
    backup.create_backup_vault(BackupVaultName="copies", EncryptionKeyArn=key)
    backup.put_backup_vault_access_policy(BackupVaultName="copies", Policy=scenes.text(scenes.may_copy()))
    scene = copies.Scene(server)
    copy = scene.start(DestinationBackupVaultArn=scenes.vault_arn(account))
    server.control.advance("5m")

    assert (asked["State"], asked["AccountName"], "AccountId" in asked) == ("IN_PROGRESS", "new", False)
    assert [one["Id"] for one in running] == [asked["Id"]]
    assert "new@example.com" not in {one["Email"] for one in before}
    assert (done["State"], done["CompletedTimestamp"] > done["RequestedTimestamp"]) == ("SUCCEEDED", True)
    assert (shown["Email"], shown["Name"], shown["State"]) == ("new@example.com", "new", "ACTIVE")
    assert (shown["JoinedMethod"], shown["Paths"]) == ("CREATED", [f"o-simulator01/{ROOT}/{account}/"])
    assert account in {one["Id"] for one in payer(server).list_children(ParentId=ROOT, ChildType="ACCOUNT")["Children"]}
    assert payer(server).list_create_account_status(States=["IN_PROGRESS"])["CreateAccountStatuses"] == []
    assert scene.job(copy)["State"] == "COMPLETED"


def test_the_role_of_a_new_account_has_the_name_that_was_given(server: SimulatorServer) -> None:
    """It is an administrator, trusts the management account and nobody else."""
    account = made(server, RoleName="Landing", IamUserAccessToBilling="DENY", Tags=[{"Key": "team", "Value": "shop"}])
    iam = administrator(server, account["AccountId"], "iam", "Landing")
    attached = iam.list_attached_role_policies(RoleName="Landing")["AttachedPolicies"]
    trust = iam.get_role(RoleName="Landing")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    tools = scenes.client(server, "sts", scenes.TOOLS)
    with scenes.refused() as refusal:
        tools.assume_role(RoleArn=f"arn:aws:iam::{account['AccountId']}:role/Landing", RoleSessionName="tools")
    tags = payer(server).list_tags_for_resource(ResourceId=account["AccountId"])["Tags"]

    assert [one["PolicyName"] for one in attached] == ["AdministratorAccess"]
    assert trust[0]["Principal"] == {"AWS": f"arn:aws:iam::{scenes.PAYER}:root"}
    assert refusal.code == "AccessDenied"
    assert [one["RoleName"] for one in iam.list_roles()["Roles"]] == ["Landing"]
    assert tags == [{"Key": "team", "Value": "shop"}]


def test_an_account_that_is_being_made_cannot_be_used(server: SimulatorServer) -> None:
    """There is nothing to assume a role in before SUCCEEDED, and right then there is."""
    asked = payer(server).create_account(**NEW)["CreateAccountStatus"]["Id"]
    server.control.advance("59s")
    early = request(server, asked)["State"]
    server.control.advance("1s")
    account = request(server, asked)["AccountId"]

    assert early == "IN_PROGRESS"
    assert administrator(server, account, "sts").get_caller_identity()["Account"] == account


WHY = [
    pytest.param({"Email": "SOURCE@example.com"}, {}, "EMAIL_ALREADY_EXISTS", id="another account has the address"),
    pytest.param({"Email": "a(b)@example.com"}, {}, "INVALID_EMAIL", id="letters that no address has"),
    pytest.param({"Email": ".new@example.com"}, {}, "INVALID_EMAIL", id="an address that begins with a dot"),
    pytest.param({"Email": "new@-example.com"}, {}, "INVALID_EMAIL", id="a domain that begins with a hyphen"),
    pytest.param({}, {"accounts_per_organization": 4}, "ACCOUNT_LIMIT_EXCEEDED", id="the quota is used up"),
]


@pytest.mark.parametrize(("changes", "limits", "reason"), WHY)
def test_why_an_account_is_not_made(
    server: SimulatorServer, changes: scenes.Json, limits: scenes.Json, reason: str
) -> None:
    """The request is accepted, and FAILED later."""
    scene = scenes.world()
    scenes.account(scene, scenes.SOURCE)["email"] = "source@example.com"
    server.control.load(scene | {"limits": limits})
    found = made(server, **changes)

    assert (found["State"], found["FailureReason"]) == ("FAILED", reason)
    assert "AccountId" not in found
    assert len(payer(server).list_accounts()["Accounts"]) == 4


def test_the_same_account_is_made_once(server: SimulatorServer) -> None:
    """A second request while the first is under way fails."""
    ids = [payer(server).create_account(**NEW)["CreateAccountStatus"]["Id"] for _ in range(2)]
    server.control.advance("2m")
    later = made(server)

    assert [request(server, one).get("FailureReason") for one in ids] == [None, "CONCURRENT_ACCOUNT_MODIFICATION"]
    assert later["FailureReason"] == "EMAIL_ALREADY_EXISTS"


def _many(client: Any) -> Iterator[str]:
    for number in range(9):
        try:
            client.create_account(Email=f"n{number}@example.com", AccountName="n")
        except ClientError as error:
            yield str(dict(error.response)["Reason"])


def test_so_many_accounts_begin_at_a_time(server: SimulatorServer) -> None:
    """Five begin and three end; the next may once the first is done."""
    refused = list(_many(payer(server)))
    server.control.advance("2m")
    states = payer(server).list_create_account_status()["CreateAccountStatuses"]
    accounts = [one["AccountId"] for one in states]
    for account in accounts[:3]:
        payer(server).close_account(AccountId=account)
    with scenes.refused() as refusal:
        payer(server).close_account(AccountId=accounts[3])
    server.control.advance("2m")
    payer(server).close_account(AccountId=accounts[3])

    assert refused == ["ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED"] * 4
    assert [one["State"] for one in states] == ["SUCCEEDED"] * 5
    assert (refusal.code, (refusal.body or {})["Reason"]) == (
        "ConstraintViolationException",
        "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED",
    )


REFUSED = [
    pytest.param(scenes.SOURCE, "create_account", NEW, "AccessDeniedException", id="a member makes one"),
    pytest.param(scenes.STRANGER, "create_account", NEW, "AWSOrganizationsNotInUseException", id="who is in none"),
    pytest.param(
        scenes.PAYER, "create_account", NEW | {"RoleName": "AWSServiceRoleForX"}, "InvalidInputException", id="role"
    ),
    pytest.param(
        scenes.PAYER,
        "describe_create_account_status",
        {"CreateAccountRequestId": "car-00000000"},
        "CreateAccountStatusNotFoundException",
        id="no such request",
    ),
    pytest.param(scenes.SOURCE, "list_create_account_status", {}, "AccessDeniedException", id="a member looks"),
    pytest.param(scenes.SOURCE, "close_account", {"AccountId": scenes.TARGET}, "AccessDeniedException", id="closes"),
    pytest.param(
        scenes.PAYER, "close_account", {"AccountId": scenes.STRANGER}, "AccountNotFoundException", id="a stranger"
    ),
]


@pytest.mark.parametrize(("account", "operation", "params", "code"), REFUSED)
def test_what_is_refused_at_once(
    server: SimulatorServer, account: str, operation: str, params: scenes.Json, code: str
) -> None:
    """Only the management account makes and closes accounts."""
    with scenes.refused() as refusal:
        getattr(scenes.client(server, "organizations", account), operation)(**params)

    assert refusal.code == code


def test_a_delegated_administrator_looks_at_requests(server: SimulatorServer) -> None:
    """But makes no accounts."""
    payer(server).register_delegated_administrator(AccountId=scenes.TOOLS, ServicePrincipal="backup.amazonaws.com")
    asked = payer(server).create_account(**NEW)["CreateAccountStatus"]["Id"]
    tools = scenes.client(server, "organizations", scenes.TOOLS)
    found = tools.describe_create_account_status(CreateAccountRequestId=asked)["CreateAccountStatus"]
    with scenes.refused() as refusal:
        tools.create_account(**NEW)

    assert found["State"] == "IN_PROGRESS"
    assert refusal.code == "AccessDeniedException"


@pytest.mark.parametrize("start", ["2026-03-01T00:00:00Z", "2026-10-01T00:00:00Z"], ids=["with Status", "without"])
def test_an_account_is_closed(server: SimulatorServer, start: str) -> None:
    """PENDING_CLOSURE, then CLOSED; its keys open nothing any more; after ninety days it is no member."""
    server.control.load(scenes.world() | {"clock": {"start": start, "frozen": True}})
    seen = []

    def look() -> None:
        found = payer(server).describe_account(AccountId=scenes.SOURCE)["Account"]
        seen.append((found["State"], found.get("Status")))

    look()
    payer(server).close_account(AccountId=scenes.SOURCE)
    look()
    assert scenes.client(server, "backup", scenes.SOURCE).list_backup_vaults()["BackupVaultList"]
    with scenes.refused() as twice:
        payer(server).close_account(AccountId=scenes.SOURCE)
    server.control.advance("2m")
    look()
    with scenes.refused() as closed:
        scenes.client(server, "backup", scenes.SOURCE).list_backup_vaults()
    with scenes.refused() as again:
        payer(server).close_account(AccountId=scenes.SOURCE)
    with scenes.refused() as role:
        scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/reader")
    server.control.advance("90d")
    members = {one["Id"] for one in payer(server).list_accounts()["Accounts"]}

    shown = ["ACTIVE", "PENDING_CLOSURE", "SUSPENDED"] if start < "2026-09-09" else [None] * 3
    assert seen == list(zip(["ACTIVE", "PENDING_CLOSURE", "CLOSED"], shown, strict=True))
    assert (twice.code, closed.code) == ("ConflictException", "UnrecognizedClientException")
    assert (again.code, role.code) == ("AccountAlreadyClosedException", "AccessDenied")
    assert members == {scenes.PAYER, scenes.TARGET, scenes.TOOLS}


def test_how_long_it_takes_is_up_to_the_world(server: SimulatorServer) -> None:
    """All three durations."""
    durations = {"creating_account": "1h", "closing_account": "2h", "closed_account": "10d"}
    server.control.load(scenes.world() | {"durations": durations})
    slow = made(server)
    payer(server).close_account(AccountId=scenes.SOURCE)
    server.control.advance("61m")
    half = payer(server).describe_account(AccountId=scenes.SOURCE)["Account"]["State"]
    server.control.advance("1h")
    whole = payer(server).describe_account(AccountId=scenes.SOURCE)["Account"]["State"]
    server.control.advance("10d")

    assert slow["State"] == "IN_PROGRESS"
    assert (half, whole) == ("PENDING_CLOSURE", "CLOSED")
    assert request(server, slow["Id"])["State"] == "SUCCEEDED"
    assert scenes.SOURCE not in {one["Id"] for one in payer(server).list_accounts()["Accounts"]}


def test_a_new_account_must_stay_four_days(server: SimulatorServer) -> None:
    """Then it may be put out."""
    account = made(server)["AccountId"]
    with scenes.refused() as refusal:
        payer(server).remove_account_from_organization(AccountId=account)
    server.control.advance("4d")
    payer(server).remove_account_from_organization(AccountId=account)

    assert (refusal.code, (refusal.body or {})["Reason"]) == ("ConstraintViolationException", "WAIT_PERIOD_ACTIVE")
    assert account not in {one["Id"] for one in payer(server).list_accounts()["Accounts"]}


def test_invitations_count_towards_the_quota(server: SimulatorServer) -> None:
    """Who is at the limit invites nobody."""
    server.control.load(scenes.world() | {"limits": {"accounts_per_organization": 4}})
    with scenes.refused() as refusal:
        payer(server).invite_account_to_organization(Target={"Id": scenes.STRANGER, "Type": "ACCOUNT"})

    assert refusal.code == "HandshakeConstraintViolationException"
    assert (refusal.body or {})["Reason"] == "ACCOUNT_NUMBER_LIMIT_EXCEEDED"


def test_an_organization_with_an_account_in_the_making_is_not_deleted(server: SimulatorServer) -> None:
    """It is not empty."""
    lonely = scenes.client(server, "organizations", scenes.STRANGER)
    lonely.create_organization()
    lonely.create_account(**NEW)
    with scenes.refused() as refusal:
        lonely.delete_organization()

    assert refusal.code == "OrganizationNotEmptyException"


def test_a_snapshot_keeps_accounts_in_the_making() -> None:
    """The restored request succeeds with the same account each time."""
    with SimulatorServer(files.from_object(scenes.world())) as server:
        server.control.freeze()
        asked = payer(server).create_account(**NEW)["CreateAccountStatus"]["Id"]
        server.control.snapshot("asked")
        found = []
        for _ in range(2):
            server.control.restore("asked")
            server.control.advance("2m")
            found.append(request(server, asked)["AccountId"])

    assert found[0] == found[1]
