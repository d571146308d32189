"""Tags in an organization: on accounts, units, policies and the root, and what policies make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.world.files import WorldError
from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

ROOT, UNIT = "r-cv01", "ou-cv01-workloads1"
SHOP = [{"Key": "team", "Value": "shop"}]
EMPTY = scenes.text(scenes.policy({"Effect": "Deny", "Action": "backup:ListFrameworks", "Resource": "*"}))


@pytest.fixture
def payer(server: SimulatorServer) -> Any:
    """The management account's administrator."""
    return scenes.client(server, "organizations", scenes.PAYER)


def limited(server: SimulatorServer, *policies: scenes.Json) -> Any:
    """A role of the management account with few rights."""
    scene = scenes.world()
    scenes.account(scene, scenes.PAYER)["roles"] = [scenes.role("limited", policies=list(policies))]
    scene["organization"]["tags"] = {scenes.SOURCE: {"team": "shop"}, scenes.TARGET: {"team": "bank"}}
    server.control.load(scene)
    session = scenes.assume(server, f"arn:aws:iam::{scenes.PAYER}:role/limited")
    return scenes.session_client(server, "organizations", session)


def tags(client: Any, target: str) -> dict[str, str]:
    """The tags of something."""
    return {one["Key"]: one["Value"] for one in client.list_tags_for_resource(ResourceId=target)["Tags"]}


def test_everything_in_an_organization_has_tags(payer: Any) -> None:
    """Accounts, units, policies and the root; they can be changed and taken away."""
    made = payer.create_policy(Content=EMPTY, Description="", Name="none", Type="SERVICE_CONTROL_POLICY", Tags=SHOP)[
        "Policy"
    ]["PolicySummary"]["Id"]
    unit = payer.create_organizational_unit(ParentId=ROOT, Name="new", Tags=SHOP)["OrganizationalUnit"]["Id"]
    for target in (scenes.SOURCE, UNIT, ROOT, made, unit):
        payer.tag_resource(ResourceId=target, Tags=[{"Key": "stage", "Value": "prod"}])
    payer.tag_resource(ResourceId=made, Tags=[{"Key": "team", "Value": "bank"}])
    payer.untag_resource(ResourceId=ROOT, TagKeys=["stage", "nothing"])

    assert tags(payer, scenes.SOURCE) == tags(payer, UNIT) == {"stage": "prod"}
    assert tags(payer, ROOT) == {}
    assert tags(payer, unit) == {"team": "shop", "stage": "prod"}
    assert tags(payer, made) == {"team": "bank", "stage": "prod"}


def test_tags_of_an_invitation_are_those_of_the_account(server: SimulatorServer, payer: Any) -> None:
    """Once it has accepted; they go when it leaves."""
    target = {"Id": scenes.STRANGER, "Type": "ACCOUNT"}
    invitation = payer.invite_account_to_organization(Target=target, Tags=SHOP)["Handshake"]["Id"]
    stranger = scenes.client(server, "organizations", scenes.STRANGER)
    stranger.accept_handshake(HandshakeId=invitation)
    joined = tags(payer, scenes.STRANGER)
    stranger.leave_organization()
    with scenes.refused() as gone:
        tags(payer, scenes.STRANGER)

    assert joined == {"team": "shop"}
    assert gone.code == "TargetNotFoundException"


REFUSED = [
    pytest.param("ou-cv01-nowhere01", SHOP, "TargetNotFoundException", None, id="no such unit"),
    pytest.param("p-nothing01", SHOP, "TargetNotFoundException", None, id="no such policy"),
    pytest.param("p-FullAWSAccess", SHOP, "InvalidInputException", "IMMUTABLE_POLICY", id="a policy of AWS's"),
    pytest.param(ROOT, SHOP * 2, "InvalidInputException", "DUPLICATE_TAG_KEY", id="the same key twice"),
    pytest.param(
        ROOT, [{"Key": "AWS:x", "Value": ""}], "InvalidInputException", "INVALID_SYSTEM_TAGS_PARAMETER", id="AWS's key"
    ),
    pytest.param(
        ROOT,
        [{"Key": f"k{number}", "Value": ""} for number in range(51)],
        "ConstraintViolationException",
        "MAX_TAG_LIMIT_EXCEEDED",
        id="more than fifty",
    ),
]


@pytest.mark.parametrize(("target", "given", "code", "reason"), REFUSED)
def test_tags_that_cannot_be_are_refused(
    payer: Any, target: str, given: list[scenes.Json], code: str, reason: str | None
) -> None:
    """With the reason that AWS gives."""
    with scenes.refused() as refusal:
        payer.tag_resource(ResourceId=target, Tags=given)

    assert (refusal.code, (refusal.body or {}).get("Reason")) == (code, reason)


def test_members_neither_see_nor_change_tags(server: SimulatorServer) -> None:
    """The management account and delegated administrators do."""
    member = scenes.client(server, "organizations", scenes.SOURCE)
    for call, more in ((member.tag_resource, {"Tags": SHOP}), (member.list_tags_for_resource, {})):
        with scenes.refused() as refusal:
            call(ResourceId=scenes.SOURCE, **more)
        assert refusal.code == "AccessDeniedException"


def test_rights_may_depend_on_tags(server: SimulatorServer) -> None:
    """aws:ResourceTag of the account, aws:RequestTag and aws:TagKeys of the call."""
    own = {"StringEquals": {"aws:ResourceTag/team": "shop"}}
    stage = {"StringEquals": {"aws:RequestTag/stage": "prod"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["stage"]}}
    client = limited(
        server,
        scenes.allow("organizations:DescribeAccount", condition=own),
        scenes.allow("organizations:TagResource", condition=stage),
    )
    answers = []
    calls: list[tuple[Any, scenes.Json]] = [
        (client.describe_account, {"AccountId": scenes.SOURCE}),
        (client.describe_account, {"AccountId": scenes.TARGET}),
        (client.tag_resource, {"ResourceId": scenes.TARGET, "Tags": [{"Key": "stage", "Value": "prod"}]}),
        (client.tag_resource, {"ResourceId": scenes.TARGET, "Tags": [{"Key": "stage", "Value": "test"}]}),
        (client.tag_resource, {"ResourceId": scenes.TARGET, "Tags": SHOP}),
    ]
    for call, params in calls:
        try:
            call(**params)
            answers.append("")
        except client.exceptions.ClientError as error:
            answers.append(error.response["Error"]["Code"])

    assert answers == ["", "AccessDeniedException", "", "AccessDeniedException", "AccessDeniedException"]


def test_who_makes_something_with_tags_must_be_allowed_to_tag(server: SimulatorServer) -> None:
    """CreateAccount alone is enough without tags only."""
    client = limited(server, scenes.allow("organizations:CreateAccount", "organizations:CreateOrganizationalUnit"))
    asked = {"Email": "new@example.com", "AccountName": "new"}
    with scenes.refused() as account:
        client.create_account(**asked, Tags=SHOP)
    with scenes.refused() as unit:
        client.create_organizational_unit(ParentId=ROOT, Name="new", Tags=SHOP)

    assert "organizations:TagResource" in account.message
    assert "organizations:TagResource" in unit.message
    assert client.create_account(**asked)["CreateAccountStatus"]["State"] == "IN_PROGRESS"


def test_a_world_may_give_tags(server: SimulatorServer, payer: Any) -> None:
    """To the root and to whatever has an id; to nothing else."""
    scene = scenes.world()
    scene["organization"]["tags"] = {"root": {"a": "1"}, UNIT: {"b": "2"}, scenes.SOURCE: {"c": "3"}}
    server.control.load(scene)
    found = [tags(payer, target) for target in (ROOT, UNIT, scenes.SOURCE)]
    scene["organization"]["tags"] = {scenes.STRANGER: {}}

    assert found == [{"a": "1"}, {"b": "2"}, {"c": "3"}]
    with pytest.raises(WorldError, match=f"tags: {scenes.STRANGER} is no root, unit, member or control policy"):
        server.control.load(scene)
