"""What surrounds Backup: global settings, Organizations, KMS, IAM."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

MEMBERS = [scenes.PAYER, scenes.SOURCE, scenes.TARGET, scenes.TOOLS]
TOGGLE = "isCrossAccountBackupEnabled"


@pytest.mark.parametrize("account", MEMBERS)
def test_every_member_reads_the_global_settings(server: SimulatorServer, account: str) -> None:
    """The values are texts."""
    found = scenes.client(server, "backup", account).describe_global_settings()

    assert found["GlobalSettings"][TOGGLE] == "true"
    assert found["LastUpdateTime"]


def test_only_the_management_account_changes_them(server: SimulatorServer) -> None:
    """InvalidRequestException for members."""
    with scenes.refused() as refusal:
        scenes.client(server, "backup", scenes.SOURCE).update_global_settings(GlobalSettings={TOGGLE: "false"})
    payer = scenes.client(server, "backup", scenes.PAYER)
    payer.update_global_settings(GlobalSettings={TOGGLE: "false"})

    assert refusal.code == "InvalidRequestException"
    assert payer.describe_global_settings()["GlobalSettings"][TOGGLE] == "false"


@pytest.mark.parametrize("name", [TOGGLE, "isMpaEnabled", "isDelegatedAdministratorEnabled"])
def test_the_last_change_of_any_setting_is_told(server: SimulatorServer, name: str) -> None:
    """A value that was there already is no change."""
    payer = scenes.client(server, "backup", scenes.PAYER)
    changed = "false" if name == TOGGLE else "true"
    moments = [payer.describe_global_settings()["LastUpdateTime"]]
    for value in (changed, changed):
        server.control.advance("1h")
        payer.update_global_settings(GlobalSettings={name: value})
        moments.append(payer.describe_global_settings()["LastUpdateTime"])
    before, first, second = moments

    assert before < first
    assert first == second


@pytest.mark.parametrize(
    "settings", [{TOGGLE: "yes"}, {"isEverythingFree": "true"}], ids=["a value that is no boolean", "an unknown name"]
)
def test_settings_that_do_not_exist_are_refused(server: SimulatorServer, settings: dict[str, str]) -> None:
    """InvalidParameterValueException."""
    with scenes.refused() as refusal:
        scenes.client(server, "backup", scenes.PAYER).update_global_settings(GlobalSettings=settings)

    assert refusal.code == "InvalidParameterValueException"


def test_an_account_alone_has_no_global_settings(server: SimulatorServer) -> None:
    """InvalidRequestException outside of an organization."""
    with scenes.refused() as refusal:
        scenes.client(server, "backup", scenes.STRANGER).describe_global_settings()

    assert refusal.code == "InvalidRequestException"
    assert refusal.message == "Your account is not a member of an organization"
    assert refusal.body["Code"] == "ERROR_9601"


def test_region_settings_and_types_can_be_read(server: SimulatorServer) -> None:
    """Everything is opted in."""
    client = scenes.client(server, "backup", scenes.SOURCE)

    assert client.describe_region_settings()["ResourceTypeOptInPreference"]["EBS"] is True
    assert {"EBS", "RDS", "S3"} <= set(client.get_supported_resource_types()["ResourceTypes"])


@pytest.mark.parametrize("account", MEMBERS)
def test_every_member_describes_the_organization(server: SimulatorServer, account: str) -> None:
    """The same id for all, which is how accounts find out that they are together."""
    found = scenes.client(server, "organizations", account).describe_organization()["Organization"]

    assert found["Id"] == "o-simulator01"
    assert found["MasterAccountId"] == scenes.PAYER


def test_an_account_alone_is_in_no_organization(server: SimulatorServer) -> None:
    """AWSOrganizationsNotInUseException."""
    with scenes.refused() as refusal:
        scenes.client(server, "organizations", scenes.STRANGER).describe_organization()

    assert refusal.code == "AWSOrganizationsNotInUseException"


def test_the_management_account_lists_all_accounts(server: SimulatorServer) -> None:
    """In pages, with State and without the retired Status."""
    client = scenes.client(server, "organizations", scenes.PAYER)
    pages = list(client.get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 3}))
    accounts = [account for page in pages for account in page["Accounts"]]

    assert [len(page["Accounts"]) for page in pages] == [3, 1]
    assert sorted(account["Id"] for account in accounts) == sorted(MEMBERS)
    assert {account["State"] for account in accounts} == {"ACTIVE"}
    assert client.describe_account(AccountId=scenes.SOURCE)["Account"]["Name"] == "source"


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        pytest.param("list_accounts", {}, id="ListAccounts"),
        pytest.param("describe_account", {"AccountId": scenes.SOURCE}, id="DescribeAccount"),
    ],
)
def test_members_may_not_look_at_accounts(server: SimulatorServer, operation: str, params: scenes.Json) -> None:
    """AccessDeniedException."""
    with scenes.refused() as refusal:
        getattr(scenes.client(server, "organizations", scenes.SOURCE), operation)(**params)

    assert refusal.code == "AccessDeniedException"


def test_unknown_accounts_and_tokens_are_refused(server: SimulatorServer) -> None:
    """AccountNotFoundException and InvalidInputException."""
    client = scenes.client(server, "organizations", scenes.PAYER)
    with scenes.refused() as missing:
        client.describe_account(AccountId=scenes.STRANGER)
    with scenes.refused() as token:
        client.list_accounts(NextToken="nonsense")

    assert missing.code == "AccountNotFoundException"
    assert token.code == "InvalidInputException"


@pytest.fixture
def kms(server: SimulatorServer) -> Any:
    """The target's admin in its Region."""
    return scenes.client(server, "kms", scenes.TARGET, region=scenes.AWAY)


NAMES = ["KeyId", "Arn", "alias/copies", f"arn:aws:kms:{scenes.AWAY}:{scenes.TARGET}:alias/copies"]


@pytest.mark.parametrize("name", NAMES, ids=["id", "ARN", "alias", "alias ARN"])
def test_a_key_is_found_by_all_its_names(kms: Any, name: str) -> None:
    """DescribeKey resolves ids, ARNs, aliases and alias ARNs."""
    key = kms.describe_key(KeyId="alias/copies")["KeyMetadata"]
    found = kms.describe_key(KeyId=key.get(name, name))["KeyMetadata"]

    assert found["Arn"] == key["Arn"]
    assert (found["KeyManager"], found["KeyState"], found["Enabled"]) == ("CUSTOMER", "Enabled", True)


UNKNOWN = [
    pytest.param("12345678-1234-1234-1234-123456789012", "NotFoundException", "does not exist", id="id"),
    pytest.param("alias/nobody", "NotFoundException", "is not found", id="alias"),
    pytest.param("nonsense", "NotFoundException", "Invalid keyId", id="no id at all"),
    pytest.param("arn:aws:s3:::bucket", "InvalidArnException", "Invalid arn", id="ARN of something else"),
    pytest.param(
        "arn:aws:kms:us-east-1:222222222222:key/x", "NotFoundException", "Invalid arn us-east-1", id="another Region"
    ),
    pytest.param("arn:aws:kms:eu-central-1:000000000000:key/x", "AccessDeniedException", "exist", id="another world"),
    pytest.param("", "ValidationException", "length", id="empty"),
]


@pytest.mark.parametrize(("name", "code", "words"), UNKNOWN)
def test_a_key_that_is_not_there_is_not_found(kms: Any, name: str, code: str, words: str) -> None:
    """In the words of recorded answers."""
    with scenes.refused() as refusal:
        kms.describe_key(KeyId=name)

    assert refusal.code == code
    assert words in refusal.message


@pytest.mark.parametrize("alias", ["alias/aws/backup", "alias/aws/ebs"])
def test_keys_of_aws_come_into_being_when_they_are_named(kms: Any, alias: str) -> None:
    """KeyManager AWS, the same key each time, listed with its alias."""
    before = {entry["AliasName"]: entry.get("TargetKeyId") for entry in kms.list_aliases()["Aliases"]}
    key = kms.describe_key(KeyId=alias)["KeyMetadata"]
    after = {entry["AliasName"]: entry.get("TargetKeyId") for entry in kms.list_aliases()["Aliases"]}

    assert key["KeyManager"] == "AWS"
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"] == key["KeyId"]
    assert (before[alias], after[alias]) == (None, key["KeyId"])


def test_a_key_is_made_named_and_listed(kms: Any) -> None:
    """CreateKey, CreateAlias, ListKeys."""
    key = kms.create_key(Description="mine")["KeyMetadata"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    with scenes.refused() as refusal:
        kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])

    assert key["Arn"] in {found["KeyArn"] for found in kms.list_keys()["Keys"]}
    assert kms.describe_key(KeyId="alias/mine")["KeyMetadata"]["Description"] == "mine"
    assert [entry["AliasName"] for entry in kms.list_aliases(KeyId=key["KeyId"])["Aliases"]] == ["alias/mine"]
    assert refusal.code == "AlreadyExistsException"


def test_keys_have_states(kms: Any) -> None:
    """Disabled, enabled again, on the way out."""
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    seen = []
    for change in (kms.disable_key, kms.enable_key, kms.schedule_key_deletion):
        change(KeyId=key_id)
        seen.append(kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"])

    assert seen == ["Disabled", "Enabled", "PendingDeletion"]


def key_policy(principal: Any, *actions: str) -> str:
    """A key policy that keeps the owner in and lets somebody else do something."""
    owner = {"Effect": "Allow", "Principal": {"AWS": scenes.TARGET}, "Action": "kms:*", "Resource": "*"}
    other = {"Effect": "Allow", "Principal": principal, "Action": list(actions), "Resource": "*"}
    return scenes.text(scenes.policy(owner, other))


def test_a_foreign_key_is_seen_when_its_policy_says_so(server: SimulatorServer, kms: Any) -> None:
    """Before that nothing tells it from one that is not there, or from a key that belongs to AWS."""
    arn = kms.describe_key(KeyId="alias/copies")["KeyMetadata"]["Arn"]
    other = scenes.client(server, "kms", scenes.SOURCE, region=scenes.AWAY)
    with scenes.refused() as refusal:
        other.describe_key(KeyId=arn)
    kms.put_key_policy(KeyId=arn, PolicyName="default", Policy=key_policy({"AWS": scenes.SOURCE}, "kms:DescribeKey"))

    others = [arn[:-1] + "x", arn.replace("key/", "alias/"), arn.replace(scenes.TARGET, "000000000001"), arn + "y"]
    refusals = [(refusal.code, refusal.message)]
    for other_arn in others:
        with scenes.refused() as unknown:
            other.describe_key(KeyId=other_arn)
        refusals.append((unknown.code, unknown.message))

    caller = f"arn:aws:iam::{scenes.SOURCE}:user/admin"
    words = (
        f"User: {caller} is not authorized to perform: kms:DescribeKey on this resource because the resource does not "
        "exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies "
        "access"
    )
    assert set(refusals) == {("AccessDeniedException", words)}
    assert other.describe_key(KeyId=arn)["KeyMetadata"]["AWSAccountId"] == scenes.TARGET


def test_a_key_policy_without_the_account_locks_it_out(kms: Any) -> None:
    """The key policy is the root of all access, also for an administrator."""
    key_id = kms.describe_key(KeyId="alias/copies")["KeyMetadata"]["KeyId"]
    stranger = {"AWS": f"arn:aws:iam::{scenes.SOURCE}:root"}
    only = {"Effect": "Allow", "Principal": stranger, "Action": "kms:*", "Resource": "*"}
    kms.put_key_policy(KeyId=key_id, Policy=scenes.text(scenes.policy(only)), BypassPolicyLockoutSafetyCheck=True)
    with scenes.refused() as refusal:
        kms.describe_key(KeyId=key_id)

    assert refusal.code == "AccessDeniedException"
    assert refusal.message.endswith("because no resource-based policy allows the kms:DescribeKey action")


def test_a_key_policy_reads_back_normalised(kms: Any) -> None:
    """Account ids become root ARNs."""
    key_id = kms.describe_key(KeyId="alias/copies")["KeyMetadata"]["KeyId"]
    kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=key_policy({"AWS": scenes.SOURCE}, "kms:Decrypt"))
    found = json.loads(kms.get_key_policy(KeyId=key_id)["Policy"])

    assert found["Statement"][1]["Principal"] == {"AWS": f"arn:aws:iam::{scenes.SOURCE}:root"}


SLR = "role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"


def test_a_key_policy_names_only_who_exists(server: SimulatorServer, kms: Any) -> None:
    """The service-linked role must have been made first."""
    key_id = kms.describe_key(KeyId="alias/copies")["KeyMetadata"]["KeyId"]
    text = key_policy({"AWS": f"arn:aws:iam::{scenes.TARGET}:{SLR}"}, "kms:Decrypt")
    with scenes.refused() as refusal:
        kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=text)
    scenes.client(server, "iam", scenes.TARGET).create_service_linked_role(AWSServiceName="backup.amazonaws.com")
    kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=text)

    assert refusal.code == "MalformedPolicyDocumentException"
    assert refusal.message == "Policy contains a statement with one or more invalid principals."


def test_key_policies_are_for_ids_and_arns_only(kms: Any) -> None:
    """Aliases are refused."""
    with scenes.refused() as refusal:
        kms.get_key_policy(KeyId="alias/copies")

    assert refusal.code == "NotFoundException"


def test_a_role_is_read_with_its_trust(server: SimulatorServer) -> None:
    """The document is URL-encoded on the wire; botocore decodes it."""
    found = scenes.client(server, "iam", scenes.SOURCE).get_role(RoleName="operator")["Role"]
    statement = found["AssumeRolePolicyDocument"]["Statement"][0]

    assert found["Arn"] == f"arn:aws:iam::{scenes.SOURCE}:role/operator"
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{scenes.TOOLS}:user/operator"}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": scenes.EXTERNAL_ID}}


def test_a_missing_role_is_404(server: SimulatorServer) -> None:
    """NoSuchEntity."""
    with scenes.refused() as refusal:
        scenes.client(server, "iam", scenes.SOURCE).get_role(RoleName="nobody")

    assert (refusal.code, refusal.status) == ("NoSuchEntity", 404)


def test_roles_are_listed_made_and_removed(server: SimulatorServer) -> None:
    """Enough of IAM to change a scene."""
    iam = scenes.client(server, "iam", scenes.SOURCE)
    trust = scenes.policy({"Effect": "Allow", "Principal": {"AWS": scenes.TOOLS}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="fresh", AssumeRolePolicyDocument=scenes.text(trust))
    with scenes.refused() as refusal:
        iam.create_role(RoleName="fresh", AssumeRolePolicyDocument=scenes.text(trust))
    listed = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    iam.delete_role(RoleName="fresh")

    assert (refusal.code, refusal.status) == ("EntityAlreadyExists", 409)
    assert listed == {"copier", "operator", "reader", "fresh"}
    assert "fresh" not in {role["RoleName"] for role in iam.list_roles()["Roles"]}


@pytest.mark.parametrize(
    "trust",
    [
        pytest.param("{", id="no JSON"),
        pytest.param('{"Version":"2012-10-17"}', id="no statement is there"),
        pytest.param(
            scenes.text(
                scenes.policy({"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"})
            ),
            id="nobody",
        ),
    ],
)
def test_a_trust_that_is_none_is_refused(server: SimulatorServer, trust: str) -> None:
    """MalformedPolicyDocument."""
    with scenes.refused() as refusal:
        scenes.client(server, "iam", scenes.SOURCE).create_role(RoleName="fresh", AssumeRolePolicyDocument=trust)

    assert refusal.code == "MalformedPolicyDocument"


def test_the_service_linked_role_is_made_once(server: SimulatorServer) -> None:
    """A second time its name is taken; a suffix is not allowed."""
    iam = scenes.client(server, "iam", scenes.TARGET)
    made = iam.create_service_linked_role(AWSServiceName="backup.amazonaws.com")["Role"]
    with scenes.refused() as again:
        iam.create_service_linked_role(AWSServiceName="backup.amazonaws.com")
    with scenes.refused() as suffix:
        iam.create_service_linked_role(AWSServiceName="backup.amazonaws.com", CustomSuffix="x")

    assert made["Arn"] == f"arn:aws:iam::{scenes.TARGET}:{SLR}"
    assert again.code == "InvalidInput"
    assert suffix.message == "Custom suffix is not allowed for backup.amazonaws.com"
