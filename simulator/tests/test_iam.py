"""IAM: roles, users, policies, keys, providers, and what a simulation says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.world.files import WorldError
from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

SOURCE = f"arn:aws:iam::{scenes.SOURCE}"
AWS = "arn:aws:iam::aws:policy/"
LISTS = scenes.allow("backup:ListBackupVaults")


@pytest.fixture
def iam(server: SimulatorServer) -> Any:
    """The source's administrator."""
    return scenes.client(server, "iam", scenes.SOURCE)


def trust(**changes: Any) -> str:
    """A trust policy for the tools account."""
    statement = {"Effect": "Allow", "Principal": {"AWS": scenes.TOOLS}, "Action": "sts:AssumeRole"}
    return scenes.text(scenes.policy(statement | changes))


def code(call: Any, **asked: Any) -> tuple[str, int]:
    """Code and status of a refusal."""
    with scenes.refused() as refusal:
        call(**asked)
    return refusal.code, refusal.status


def test_a_role_lives_from_making_to_deleting(iam: Any) -> None:
    """Path, description, length, tags; nothing may hang on it when it goes."""
    made = iam.create_role(
        RoleName="fresh",
        Path="/teams/",
        AssumeRolePolicyDocument=trust(),
        MaxSessionDuration=7200,
        Tags=[{"Key": "team", "Value": "storage"}],
    )["Role"]
    iam.update_role(RoleName="fresh", Description="for tests", MaxSessionDuration=3600)
    iam.tag_role(RoleName="fresh", Tags=[{"Key": "stage", "Value": "prod"}])
    iam.untag_role(RoleName="fresh", TagKeys=["team"])
    iam.put_role_policy(RoleName="fresh", PolicyName="lists", PolicyDocument=scenes.text(LISTS))
    iam.attach_role_policy(RoleName="fresh", PolicyArn=AWS + "AdministratorAccess")
    found = iam.get_role(RoleName="fresh")["Role"]

    assert made["Arn"] == found["Arn"] == f"{SOURCE}:role/teams/fresh"
    assert (found["Description"], found["MaxSessionDuration"]) == ("for tests", 3600)
    assert iam.list_role_tags(RoleName="fresh")["Tags"] == [{"Key": "stage", "Value": "prod"}]
    assert [one["RoleName"] for one in iam.list_roles(PathPrefix="/teams/")["Roles"]] == ["fresh"]
    assert code(iam.delete_role, RoleName="fresh") == ("DeleteConflict", 409)
    iam.detach_role_policy(RoleName="fresh", PolicyArn=AWS + "AdministratorAccess")
    assert code(iam.delete_role, RoleName="fresh") == ("DeleteConflict", 409)
    iam.delete_role_policy(RoleName="fresh", PolicyName="lists")
    iam.delete_role(RoleName="fresh")
    assert code(iam.get_role, RoleName="fresh") == ("NoSuchEntity", 404)


def test_lists_come_in_pages(iam: Any) -> None:
    """MaxItems and Marker."""
    pages = list(iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2}))

    assert [len(page["Roles"]) for page in pages] == [2, 1]
    assert code(iam.list_roles, Marker="nonsense") == ("ValidationError", 400)


TRUSTS = [
    pytest.param({"Action": "backup:StartCopyJob"}, id="no action of STS"),
    pytest.param({"Resource": "*"}, id="a resource"),
    pytest.param({"Principal": {"AWS": f"{SOURCE}:role/nobody"}}, id="a role that does not exist"),
    pytest.param({"Effect": "Deny", "NotPrincipal": {"AWS": "*"}, "Principal": "*"}, id="both kinds of principal"),
]


@pytest.mark.parametrize("changes", TRUSTS)
def test_trusts_that_are_none_are_refused(iam: Any, changes: scenes.Json) -> None:
    """By CreateRole and by UpdateAssumeRolePolicy alike."""
    refused = ("MalformedPolicyDocument", 400)

    assert code(iam.create_role, RoleName="fresh", AssumeRolePolicyDocument=trust(**changes)) == refused
    assert code(iam.update_assume_role_policy, RoleName="reader", PolicyDocument=trust(**changes)) == refused


def test_a_new_trust_holds_at_once(server: SimulatorServer, iam: Any) -> None:
    """Who was let in before is not any more."""
    scenes.assume(server, f"{SOURCE}:role/reader")
    iam.update_assume_role_policy(RoleName="reader", PolicyDocument=trust(Principal={"AWS": scenes.PAYER}))
    with scenes.refused() as refusal:
        scenes.assume(server, f"{SOURCE}:role/reader")

    assert refusal.code == "AccessDenied"


IDENTITY_POLICIES = [
    pytest.param("{", id="no JSON"),
    pytest.param(scenes.text(scenes.may_copy()), id="a principal"),
    pytest.param(scenes.text(scenes.policy({"Effect": "Allow", "Action": "backup:*"})), id="no resource"),
    pytest.param(scenes.text(LISTS | {"Statements": []}), id="an unknown element"),
]


@pytest.mark.parametrize("text", IDENTITY_POLICIES)
def test_identity_policies_that_are_none_are_refused(iam: Any, text: str) -> None:
    """Inline, managed, as a new version."""
    own = iam.create_policy(PolicyName="own", PolicyDocument=scenes.text(LISTS))["Policy"]["Arn"]
    refused = ("MalformedPolicyDocument", 400)

    assert code(iam.put_role_policy, RoleName="reader", PolicyName="x", PolicyDocument=text) == refused
    assert code(iam.put_user_policy, UserName="admin", PolicyName="x", PolicyDocument=text) == refused
    assert code(iam.create_policy, PolicyName="x", PolicyDocument=text) == refused
    assert code(iam.create_policy_version, PolicyArn=own, PolicyDocument=text) == refused


def test_inline_policies_are_read_back(iam: Any) -> None:
    """One name, one policy; putting it again replaces it."""
    iam.put_role_policy(RoleName="reader", PolicyName="own", PolicyDocument=scenes.text(scenes.allow("kms:*")))
    iam.put_role_policy(RoleName="reader", PolicyName="own", PolicyDocument=scenes.text(LISTS))

    assert iam.list_role_policies(RoleName="reader")["PolicyNames"] == ["own"]
    assert iam.get_role_policy(RoleName="reader", PolicyName="own")["PolicyDocument"] == LISTS
    assert code(iam.get_role_policy, RoleName="reader", PolicyName="x") == ("NoSuchEntity", 404)


def test_a_managed_policy_and_its_versions(server: SimulatorServer, iam: Any) -> None:
    """The default version counts, for everybody to whom it is attached."""
    arn = iam.create_policy(PolicyName="own", Path="/t/", PolicyDocument=scenes.text(LISTS))["Policy"]["Arn"]
    scenes.account(scene := scenes.world(), scenes.SOURCE)["roles"][2]["policies"] = []
    server.control.load(scene)
    arn = iam.create_policy(PolicyName="own", Path="/t/", PolicyDocument=scenes.text(LISTS))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="reader", PolicyArn=arn)
    backup = scenes.session_client(server, "backup", scenes.assume(server, f"{SOURCE}:role/reader"))
    backup.list_backup_vaults()
    second = iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=scenes.text(scenes.allow("kms:*")), SetAsDefault=True
    )["PolicyVersion"]
    now = code(backup.list_backup_vaults)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    backup.list_backup_vaults()
    for _ in range(3):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=scenes.text(LISTS))

    assert arn == f"{SOURCE}:policy/t/own"
    assert (second["VersionId"], now[0]) == ("v2", "AccessDeniedException")
    assert code(iam.create_policy_version, PolicyArn=arn, PolicyDocument=scenes.text(LISTS)) == ("LimitExceeded", 409)
    assert code(iam.delete_policy_version, PolicyArn=arn, VersionId="v1") == ("DeleteConflict", 409)
    assert code(iam.get_policy_version, PolicyArn=arn, VersionId="v9") == ("NoSuchEntity", 404)
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"] == LISTS
    listed = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [one["VersionId"] for one in listed] == ["v5", "v4", "v3", "v2", "v1"]
    assert [one["RoleName"] for one in iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]] == ["reader"]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert code(iam.delete_policy, PolicyArn=arn) == ("DeleteConflict", 409)
    iam.detach_role_policy(RoleName="reader", PolicyArn=arn)
    for version in ("v2", "v3", "v4", "v5"):
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
    iam.delete_policy(PolicyArn=arn)
    assert code(iam.get_policy, PolicyArn=arn) == ("NoSuchEntity", 404)
    assert code(iam.detach_role_policy, RoleName="reader", PolicyArn=arn) == ("NoSuchEntity", 404)


def test_an_aws_managed_policy_has_its_path(iam: Any) -> None:
    """Names are unique; the path that is forgotten most often, `service-role/`, leaves an ARN that nobody has."""
    arn = f"{AWS}AWSBackupServiceRolePolicyForBackup"
    with scenes.refused() as refusal:
        iam.attach_role_policy(RoleName="reader", PolicyArn=arn)

    assert refusal.code == "NoSuchEntity"
    assert refusal.message == f"Policy {arn} does not exist or is not attachable."


@pytest.mark.parametrize("name", ["backup", "backup.amazonaws.org", "Backup.amazonaws.com", "*"])
def test_a_service_principal_has_the_form_of_one(iam: Any, name: str) -> None:
    """A trust that names no service is refused when it is put, not when the role is needed."""
    document = trust(Principal={"Service": name})
    with scenes.refused() as refusal:
        iam.create_role(RoleName="new", AssumeRolePolicyDocument=document)

    assert (refusal.code, refusal.message) == (
        "MalformedPolicyDocument",
        f'Invalid principal in policy: "SERVICE":"{name}"',
    )


def test_an_aws_managed_policy_that_is_not_known_answers_501(server: SimulatorServer, iam: Any) -> None:
    """AWS makes new ones every week; saying that one does not exist would be a lie."""
    name = "service-role/AWSBackupServiceRolePolicyForTapes"
    arn = AWS + name
    iam.create_user(UserName="ann")
    tools = scenes.client(server, "sts", scenes.TOOLS, user="operator")
    session = {"RoleArn": f"{SOURCE}:role/reader", "RoleSessionName": "test", "ExternalId": scenes.EXTERNAL_ID}
    calls: list[tuple[Any, scenes.Json]] = [
        (iam.attach_role_policy, {"RoleName": "reader", "PolicyArn": arn}),
        (iam.attach_user_policy, {"UserName": "ann", "PolicyArn": arn}),
        (iam.get_policy, {"PolicyArn": arn}),
        (iam.delete_policy, {"PolicyArn": arn}),
        (iam.put_role_permissions_boundary, {"RoleName": "reader", "PermissionsBoundary": arn}),
        (iam.create_user, {"UserName": "bob", "PermissionsBoundary": arn}),
        (iam.create_role, {"RoleName": "bob", "AssumeRolePolicyDocument": trust(), "PermissionsBoundary": arn}),
        (tools.assume_role, session | {"PolicyArns": [{"arn": arn}]}),
    ]
    for call, params in calls:
        with scenes.refused() as refusal:
            call(**params)
        assert (refusal.code, refusal.status) == ("NotImplemented", 501)
        assert refusal.message == f"The simulator does not know the AWS managed policy {name}"


@pytest.mark.parametrize("part", [{"policies": [AWS + "OfTomorrow"]}, {"boundary": AWS + "OfTomorrow"}])
def test_a_world_that_names_an_unknown_policy_of_aws_is_refused(server: SimulatorServer, part: scenes.Json) -> None:
    """The message says whose gap it is."""
    world = scenes.world()
    scenes.account(world, scenes.SOURCE)["roles"][0].update(part)
    with pytest.raises(WorldError, match="The simulator does not know the AWS managed policy OfTomorrow"):
        server.control.load(world)


def test_the_documented_policy_is_enough_for_a_copy_role(server: SimulatorServer) -> None:
    """A world's role may name AWS managed policies."""
    scene = scenes.world()
    scenes.account(scene, scenes.SOURCE)["roles"][0]["policies"] = [
        AWS + "service-role/AWSBackupServiceRolePolicyForBackup"
    ]
    server.control.load(scene)
    iam = scenes.client(server, "iam", scenes.SOURCE)
    actions = ["backup:CopyFromBackupVault", "backup:CopyIntoBackupVault", "backup:DeleteRecoveryPoint"]
    found = iam.simulate_principal_policy(
        PolicySourceArn=scenes.COPIER, ActionNames=actions, ResourceArns=[scenes.vault_arn()]
    )["EvaluationResults"]

    assert [one["EvalDecision"] for one in found] == ["allowed", "allowed", "implicitDeny"]


def test_attaching_can_be_narrowed_by_policy(server: SimulatorServer, iam: Any) -> None:
    """iam:PolicyARN and iam:PermissionsBoundary are known to the calls."""
    only = {"ArnEquals": {"iam:PolicyARN": AWS + "AWSBackupFullAccess"}}
    iam.put_role_policy(RoleName="reader", PolicyName="n", PolicyDocument=scenes.text(scenes.allow("iam:*")))
    iam.detach_role_policy(RoleName="reader", PolicyArn=AWS + "AdministratorAccess")
    iam.put_role_policy(
        RoleName="reader", PolicyName="n", PolicyDocument=scenes.text(scenes.allow("iam:Attach*", condition=only))
    )
    mine = scenes.session_client(server, "iam", scenes.assume(server, f"{SOURCE}:role/reader"))
    mine.attach_role_policy(RoleName="operator", PolicyArn=AWS + "AWSBackupFullAccess")

    assert (
        code(mine.attach_role_policy, RoleName="operator", PolicyArn=AWS + "AdministratorAccess")[0] == "AccessDenied"
    )


def test_the_service_linked_role_is_awss_own(server: SimulatorServer, iam: Any) -> None:
    """It cannot be changed; it goes only when there is nothing to back up."""
    iam.create_service_linked_role(AWSServiceName="backup.amazonaws.com")
    name = "AWSServiceRoleForBackup"
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    busy = iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    other = scenes.client(server, "iam", scenes.TOOLS)
    other.create_service_linked_role(AWSServiceName="backup.amazonaws.com")
    free = other.delete_service_linked_role(RoleName=name)["DeletionTaskId"]

    assert [one["PolicyName"] for one in attached] == ["AWSBackupServiceLinkedRolePolicyForBackup"]
    assert code(iam.delete_role, RoleName=name) == ("UnmodifiableEntity", 400)
    assert code(iam.put_role_policy, RoleName=name, PolicyName="x", PolicyDocument=scenes.text(LISTS))[1] == 400
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=busy)["Status"] == "FAILED"
    assert other.get_service_linked_role_deletion_status(DeletionTaskId=free)["Status"] == "SUCCEEDED"
    assert code(other.get_role, RoleName=name) == ("NoSuchEntity", 404)


def test_a_provider_is_made_and_deleted(iam: Any) -> None:
    """By its URL."""
    url = "https://oidc.example/id/1"
    arn = iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"])["OpenIDConnectProviderArn"]
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    twice = code(iam.create_open_id_connect_provider, Url=url)
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)

    assert arn == f"{SOURCE}:oidc-provider/oidc.example/id/1"
    assert (found["Url"], found["ClientIDList"]) == ("oidc.example/id/1", ["sts.amazonaws.com"])
    assert twice == ("EntityAlreadyExists", 409)
    assert [one["Arn"] for one in listed] == [arn]
    assert code(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn) == ("NoSuchEntity", 404)


ABSENT, MANY = f"{SOURCE}:policy/absent", [f"client-{number}" for number in range(101)]
TWICE = [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]
WORDS = [
    pytest.param(
        ("get_policy_version", {"PolicyArn": ABSENT, "VersionId": "v1"}),
        f"Policy {ABSENT} version v1 does not exist or is not attachable.",
        id="a version of no policy",
    ),
    pytest.param(
        ("attach_role_policy", {"RoleName": "reader", "PolicyArn": "a-name-and-not-an-arn"}),
        "ARN a-name-and-not-an-arn is not valid.",
        id="a name for an ARN",
    ),
    pytest.param(
        ("create_policy", {"PolicyName": "p", "PolicyDocument": scenes.text(LISTS), "Tags": TWICE}),
        "Duplicate tag keys found.",
        id="a tag twice on a policy",
    ),
    pytest.param(
        ("create_user", {"UserName": "u", "Tags": [{"Key": "k", "Value": "1"}, {"Key": "K", "Value": "2"}]}),
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        id="a tag twice on a user",
    ),
    pytest.param(
        ("create_open_id_connect_provider", {"Url": "https://oidc.example", "ClientIDList": MANY}),
        "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100",
        id="too many clients of a provider",
    ),
]


@pytest.mark.parametrize(("call", "text"), WORDS)
def test_refusals_have_the_words_that_were_recorded(iam: Any, call: tuple[str, scenes.Json], text: str) -> None:
    """Of the calls that a reader of messages is likeliest to get wrong."""
    with scenes.refused() as refusal:
        getattr(iam, call[0])(**call[1])

    assert refusal.message == text


def test_tags_of_a_policy_differ_by_case(iam: Any) -> None:
    """Those of roles and users do not; who asks for a policy without tags reads an empty list."""
    tags = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
    made = iam.create_policy(PolicyName="tagged", PolicyDocument=scenes.text(LISTS), Tags=tags)["Policy"]
    bare = iam.create_policy(PolicyName="bare", PolicyDocument=scenes.text(LISTS))["Policy"]

    assert sorted(one["Value"] for one in made["Tags"]) == ["1", "2"]
    assert "Tags" not in bare
    assert iam.get_policy(PolicyArn=bare["Arn"])["Policy"]["Tags"] == []


DECISIONS = [
    pytest.param({}, "implicitDeny", ["aws:requestedregion"], id="a condition without its key"),
    pytest.param({"ContextEntries": "eu-west-1"}, "allowed", [], id="a condition with its key"),
    pytest.param({"ContextEntries": "us-east-1"}, "implicitDeny", [], id="a condition with another value"),
    pytest.param({"ActionNames": ["backup:DeleteBackupVault"]}, "explicitDeny", [], id="a deny"),
    pytest.param({"PolicyInputList": [scenes.text(scenes.allow("*"))]}, "allowed", ["aws:requestedregion"], id="added"),
    pytest.param(
        {
            "PolicyInputList": [scenes.text(scenes.allow("*"))],
            "PermissionsBoundaryPolicyInputList": [scenes.text(LISTS)],
        },
        "implicitDeny",
        ["aws:requestedregion"],
        id="a boundary",
    ),
]


@pytest.mark.parametrize(("changes", "decision", "missing"), DECISIONS)
def test_a_simulation_decides_like_a_call(
    server: SimulatorServer, changes: scenes.Json, decision: str, missing: list[str]
) -> None:
    """With the context that is given, and no other."""
    scene = scenes.world()
    here: scenes.Json = {"Effect": "Allow", "Action": "backup:ListCopyJobs", "Resource": "*"}
    here["Condition"] = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    never = {"Effect": "Deny", "Action": "backup:Delete*", "Resource": "*"}
    scenes.account(scene, scenes.SOURCE)["roles"][2]["policies"] = [scenes.policy(here, never)]
    server.control.load(scene)
    asked: scenes.Json = {"PolicySourceArn": f"{SOURCE}:role/reader", "ActionNames": ["backup:ListCopyJobs"]} | changes
    if "ContextEntries" in asked:
        value = asked["ContextEntries"]
        entry = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyType": "string", "ContextKeyValues": [value]}
        asked["ContextEntries"] = [entry]
    found = scenes.client(server, "iam", scenes.SOURCE).simulate_principal_policy(**asked)["EvaluationResults"][0]

    assert found["EvalDecision"] == decision
    assert found["MissingContextValues"] == missing
    assert found["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": True}
