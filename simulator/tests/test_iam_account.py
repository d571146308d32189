"""IAM: instance profiles, the account's alias and summary, simulations of policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

SOURCE = f"arn:aws:iam::{scenes.SOURCE}"
AWS = "arn:aws:iam::aws:policy/"
LIST = "backup:ListBackupVaults"


@pytest.fixture
def iam(server: SimulatorServer) -> Any:
    """The source's administrator."""
    return scenes.client(server, "iam", scenes.SOURCE)


def codes(iam: Any, *calls: tuple[Any, scenes.Json]) -> list[str]:
    """The codes of calls, empty for those that are granted."""
    found = []
    for call, params in calls:
        try:
            call(**params)
            found.append("")
        except iam.exceptions.ClientError as error:
            found.append(error.response["Error"]["Code"])
    return found


def test_an_instance_profile_holds_one_role(iam: Any) -> None:
    """From making to deleting; the role goes only once it is out."""
    tags = [{"Key": "team", "Value": "shop"}]
    made = iam.create_instance_profile(InstanceProfileName="web", Path="/apps/", Tags=tags)["InstanceProfile"]
    both = {"InstanceProfileName": "web", "RoleName": "reader"}
    iam.add_role_to_instance_profile(**both)
    found = iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]
    of_role = iam.list_instance_profiles_for_role(RoleName="reader")["InstanceProfiles"]
    listed = iam.list_instance_profiles(PathPrefix="/apps/")["InstanceProfiles"]
    iam.detach_role_policy(RoleName="reader", PolicyArn=AWS + "AdministratorAccess")
    answers = codes(
        iam,
        (iam.create_instance_profile, {"InstanceProfileName": "WEB"}),
        (iam.add_role_to_instance_profile, both | {"RoleName": "operator"}),
        (iam.delete_instance_profile, {"InstanceProfileName": "web"}),
        (iam.delete_role, {"RoleName": "reader"}),
        (iam.remove_role_from_instance_profile, both | {"RoleName": "operator"}),
        (iam.remove_role_from_instance_profile, both),
        (iam.delete_role, {"RoleName": "reader"}),
        (iam.delete_instance_profile, {"InstanceProfileName": "web"}),
        (iam.get_instance_profile, {"InstanceProfileName": "web"}),
    )

    assert made["Arn"] == f"{SOURCE}:instance-profile/apps/web"
    assert (made["InstanceProfileId"][:4], made["Roles"]) == ("AIPA", [])
    assert [one["RoleName"] for one in found["Roles"]] == ["reader"]
    assert found["Tags"] == tags
    assert [one["InstanceProfileName"] for one in of_role] == ["web"]
    assert [one["InstanceProfileName"] for one in listed] == ["web"]
    assert answers == [
        "EntityAlreadyExists",
        "LimitExceeded",
        "DeleteConflict",
        "DeleteConflict",
        "NoSuchEntity",
        "",
        "",
        "",
        "NoSuchEntity",
    ]


def test_a_role_is_passed_to_an_instance_profile(server: SimulatorServer, iam: Any) -> None:
    """Who may not pass it may not put it there; tags of the profile count."""
    iam.create_instance_profile(InstanceProfileName="web", Tags=[{"Key": "team", "Value": "shop"}])
    iam.create_instance_profile(InstanceProfileName="other")
    own = {"StringEquals": {"aws:ResourceTag/team": "shop"}}
    adds = scenes.allow("iam:AddRoleToInstanceProfile", condition=own)
    iam.detach_role_policy(RoleName="reader", PolicyArn=AWS + "AdministratorAccess")
    iam.put_role_policy(RoleName="reader", PolicyName="adds", PolicyDocument=scenes.text(adds))
    mine = scenes.session_client(server, "iam", scenes.assume(server, f"{SOURCE}:role/reader"))
    with scenes.refused() as passing:
        mine.add_role_to_instance_profile(InstanceProfileName="web", RoleName="operator")
    with scenes.refused() as other:
        mine.add_role_to_instance_profile(InstanceProfileName="other", RoleName="operator")
    passes = scenes.allow("iam:PassRole", condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}})
    iam.put_role_policy(RoleName="reader", PolicyName="passes", PolicyDocument=scenes.text(passes))
    mine.add_role_to_instance_profile(InstanceProfileName="web", RoleName="operator")

    assert "iam:PassRole" in passing.message
    assert "iam:AddRoleToInstanceProfile" in other.message


def test_an_account_has_one_alias(server: SimulatorServer, iam: Any) -> None:
    """A second takes the place of the first; no two accounts have the same."""
    none = iam.list_account_aliases()["AccountAliases"]
    iam.create_account_alias(AccountAlias="shop")
    iam.create_account_alias(AccountAlias="shop-prod")
    others = scenes.client(server, "iam", scenes.TARGET)
    answers = codes(
        iam,
        (others.create_account_alias, {"AccountAlias": "shop-prod"}),
        (others.create_account_alias, {"AccountAlias": "shop"}),
        (iam.create_account_alias, {"AccountAlias": "a--b"}),
        (iam.delete_account_alias, {"AccountAlias": "shop"}),
    )
    one = iam.list_account_aliases()["AccountAliases"]
    iam.delete_account_alias(AccountAlias="shop-prod")

    assert (none, one) == ([], ["shop-prod"])
    assert answers == ["EntityAlreadyExists", "", "ValidationError", "NoSuchEntity"]
    assert iam.list_account_aliases()["AccountAliases"] == []


def test_a_summary_counts_what_there_is(iam: Any) -> None:
    """Before and after something is made."""
    before = iam.get_account_summary()["SummaryMap"]
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="ops")
    iam.create_instance_profile(InstanceProfileName="web")
    document = scenes.text(scenes.allow(LIST))
    arn = iam.create_policy(PolicyName="own", PolicyDocument=document)["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document)
    after = iam.get_account_summary()["SummaryMap"]

    assert (before["Users"], before["Roles"], before["Policies"], before["PolicyVersionsInUse"]) == (1, 3, 0, 1)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "Users": 1,
        "Groups": 1,
        "InstanceProfiles": 1,
        "Policies": 1,
        "PolicyVersionsInUse": 2,
    }
    assert (after["GroupsPerUserQuota"], after["VersionsPerPolicyQuota"], after["MFADevices"]) == (10, 5, 0)


ALLOW, DENY = (
    scenes.text(scenes.allow("backup:List*")),
    scenes.text(scenes.policy({"Effect": "Deny", "Action": "backup:*", "Resource": "*"})),
)
ELSE = scenes.text(scenes.allow("s3:*"))
HERE = scenes.text(scenes.allow(LIST, condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))
REGION = [{"ContextKeyName": "aws:RequestedRegion", "ContextKeyType": "string", "ContextKeyValues": ["eu-west-1"]}]
BY_READER = scenes.text(
    scenes.policy({"Effect": "Allow", "Principal": {"AWS": f"{SOURCE}:role/reader"}, "Action": LIST, "Resource": "*"})
)
READER = f"{SOURCE}:role/reader"
CUSTOM = [
    pytest.param({"PolicyInputList": [ALLOW]}, "allowed", [], id="allowed"),
    pytest.param({"PolicyInputList": [ELSE]}, "implicitDeny", [], id="not allowed"),
    pytest.param({"PolicyInputList": [ALLOW, DENY]}, "explicitDeny", [], id="denied"),
    pytest.param({"PolicyInputList": [HERE]}, "implicitDeny", ["aws:requestedregion"], id="a key is missing"),
    pytest.param({"PolicyInputList": [HERE], "ContextEntries": REGION}, "allowed", [], id="a key is given"),
    pytest.param(
        {"PolicyInputList": [ALLOW], "PermissionsBoundaryPolicyInputList": [ELSE]}, "implicitDeny", [], id="boundary"
    ),
    pytest.param(
        {
            "PolicyInputList": [ALLOW],
            "OrderedOrganizationPolicyInputList": [
                {"ServiceControlPolicyInputList": [ALLOW]},
                {"ServiceControlPolicyInputList": [ELSE]},
            ],
        },
        "implicitDeny",
        [],
        id="a level of SCPs that does not allow",
    ),
    pytest.param(
        {
            "PolicyInputList": [ALLOW],
            "OrderedOrganizationPolicyInputList": [{"ServiceControlPolicyInputList": [ALLOW]}],
        },
        "allowed",
        [],
        id="one level that allows",
    ),
    pytest.param(
        {"PolicyInputList": [ELSE], "ResourcePolicy": BY_READER, "CallerArn": READER}, "allowed", [], id="resource"
    ),
    pytest.param(
        {
            "PolicyInputList": [ELSE],
            "ResourcePolicy": BY_READER,
            "CallerArn": READER,
            "ResourceOwner": f"arn:aws:iam::{scenes.TARGET}:root",
        },
        "implicitDeny",
        [],
        id="a resource of another account",
    ),
]


@pytest.mark.parametrize(("asked", "decision", "missing"), CUSTOM)
def test_a_simulation_of_policies_knows_no_others(
    iam: Any, asked: scenes.Json, decision: str, missing: list[str]
) -> None:
    """The caller is an administrator, which does not matter."""
    found = iam.simulate_custom_policy(ActionNames=[LIST], **asked)["EvaluationResults"][0]

    assert (found["EvalDecision"], found["MissingContextValues"]) == (decision, missing)
    if "OrderedOrganizationPolicyInputList" in asked:
        assert found["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": decision == "allowed"}


def test_a_simulation_with_a_resource_policy_needs_a_caller(iam: Any) -> None:
    """Somebody has to be meant by its principals."""
    with scenes.refused() as refusal:
        iam.simulate_custom_policy(ActionNames=[LIST], PolicyInputList=[ALLOW], ResourcePolicy=BY_READER)

    assert refusal.code == "InvalidInput"


UNKNOWN = [
    pytest.param("simulate_custom_policy", {"PolicyInputList": [ALLOW], "ResourceHandlingOption": "EC2-VPC-EBS"}),
    pytest.param("simulate_principal_policy", {"PolicySourceArn": READER, "CallerArn": READER}),
    pytest.param(
        "simulate_principal_policy", {"PolicySourceArn": READER, "PolicyExclusionList": [{"PolicyType": "scp"}]}
    ),
]


@pytest.mark.parametrize(("operation", "params"), UNKNOWN)
def test_what_simulations_do_not_know_answers_501(iam: Any, operation: str, params: scenes.Json) -> None:
    """By the name of the member."""
    with scenes.refused() as refusal:
        getattr(iam, operation)(ActionNames=[LIST], **params)

    member = next(name for name in ("ResourceHandlingOption", "CallerArn", "PolicyExclusionList") if name in params)
    assert (refusal.code, refusal.status) == ("NotImplemented", 501)
    assert member in refusal.message
