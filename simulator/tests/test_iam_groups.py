"""Groups of IAM users: who is in them, what they may, and what they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.world.files import WorldError
from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

AWS = "arn:aws:iam::aws:policy/"
SOURCE = f"arn:aws:iam::{scenes.SOURCE}"
LISTS = scenes.allow("backup:ListBackupVaults")
ANN = {"name": "ann", "access_key": {"id": "AKIAANN1111111111111", "secret": "secret-of-ann"}, "policies": []}


@pytest.fixture
def iam(server: SimulatorServer) -> Any:
    """The source's administrator, in a world where ann may nothing."""
    scene = scenes.world()
    scenes.account(scene, scenes.SOURCE)["users"].append(ANN)
    server.control.load(scene)
    return scenes.client(server, "iam", scenes.SOURCE)


def may_list(server: SimulatorServer) -> bool:
    """Whether ann may list vaults."""
    client = scenes.client(server, "backup", scenes.SOURCE, user="ann")
    try:
        client.list_backup_vaults()
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return False
    return True


def simulated(iam: Any, source: str) -> str:
    """What a simulation says of listing vaults."""
    asked = {"PolicySourceArn": source, "ActionNames": ["backup:ListBackupVaults"]}
    return str(iam.simulate_principal_policy(**asked)["EvaluationResults"][0]["EvalDecision"])


def test_what_a_group_may_its_users_may(server: SimulatorServer, iam: Any) -> None:
    """Inline or attached, from joining to leaving; simulations agree."""
    made = iam.create_group(GroupName="ops", Path="/teams/")["Group"]
    iam.put_group_policy(GroupName="ops", PolicyName="lists", PolicyDocument=scenes.text(LISTS))
    seen = [may_list(server)]
    iam.add_user_to_group(GroupName="ops", UserName="ann")
    seen.append(may_list(server))
    said = [simulated(iam, f"{SOURCE}:user/ann"), simulated(iam, made["Arn"])]
    iam.delete_group_policy(GroupName="ops", PolicyName="lists")
    seen.append(may_list(server))
    said.append(simulated(iam, f"{SOURCE}:user/ann"))
    iam.attach_group_policy(GroupName="ops", PolicyArn=AWS + "ReadOnlyAccess")
    seen.append(may_list(server))
    iam.remove_user_from_group(GroupName="ops", UserName="ann")
    seen.append(may_list(server))

    assert made["Arn"] == f"{SOURCE}:group/teams/ops"
    assert made["GroupId"].startswith("AGPA")
    assert seen == [False, True, False, True, False]
    assert said == ["allowed", "allowed", "implicitDeny"]


def test_a_group_denies_what_its_user_may(server: SimulatorServer, iam: Any) -> None:
    """An explicit Deny of a group is one of an identity policy; a boundary limits what groups give."""
    iam.create_group(GroupName="ops")
    iam.add_user_to_group(GroupName="ops", UserName="ann")
    iam.attach_group_policy(GroupName="ops", PolicyArn=AWS + "AdministratorAccess")
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=AWS + "IAMReadOnlyAccess")
    bounded = may_list(server)
    iam.delete_user_permissions_boundary(UserName="ann")
    free = may_list(server)
    deny = scenes.policy({"Effect": "Deny", "Action": "backup:*", "Resource": "*"})
    iam.put_group_policy(GroupName="ops", PolicyName="none", PolicyDocument=scenes.text(deny))
    with scenes.refused() as refusal:
        scenes.client(server, "backup", scenes.SOURCE, user="ann").list_backup_vaults()

    assert (bounded, free) == (False, True)
    assert refusal.message.endswith("with an explicit deny in an identity-based policy")


def test_groups_are_listed(iam: Any) -> None:
    """In pages, by path, by user, with their users; policies know their groups."""
    for name in ("b", "a", "c"):
        iam.create_group(GroupName=name, Path="/teams/" if name != "c" else "/")
        iam.add_user_to_group(GroupName=name, UserName="ann")
    iam.add_user_to_group(GroupName="a", UserName="admin")
    iam.attach_group_policy(GroupName="a", PolicyArn=AWS + "ReadOnlyAccess")
    iam.put_group_policy(GroupName="a", PolicyName="lists", PolicyDocument=scenes.text(LISTS))
    pages = iam.get_paginator("list_groups").paginate(MaxItems=2)
    entities = iam.list_entities_for_policy(PolicyArn=AWS + "ReadOnlyAccess", EntityFilter="Group")

    assert [one["GroupName"] for page in pages for one in page["Groups"]] == ["a", "b", "c"]
    assert [one["GroupName"] for one in iam.list_groups(PathPrefix="/teams/")["Groups"]] == ["a", "b"]
    assert [one["GroupName"] for one in iam.list_groups_for_user(UserName="ann")["Groups"]] == ["a", "b", "c"]
    assert [one["UserName"] for one in iam.get_group(GroupName="a")["Users"]] == ["admin", "ann"]
    assert iam.get_group(GroupName="a", MaxItems=1)["IsTruncated"]
    assert [one["PolicyName"] for one in iam.list_attached_group_policies(GroupName="a")["AttachedPolicies"]] == [
        "ReadOnlyAccess"
    ]
    assert iam.list_group_policies(GroupName="a")["PolicyNames"] == ["lists"]
    assert iam.get_group_policy(GroupName="a", PolicyName="lists")["PolicyDocument"] == LISTS
    assert [one["GroupName"] for one in entities["PolicyGroups"]] == ["a"]
    assert iam.get_policy(PolicyArn=AWS + "ReadOnlyAccess")["Policy"]["AttachmentCount"] == 1


def test_a_group_is_deleted_once_it_is_empty(iam: Any) -> None:
    """Users first, then policies; nor is a user deleted that is in a group."""
    iam.create_group(GroupName="ops")
    iam.add_user_to_group(GroupName="ops", UserName="ann")
    iam.attach_group_policy(GroupName="ops", PolicyArn=AWS + "ReadOnlyAccess")
    iam.delete_access_key(UserName="ann", AccessKeyId="AKIAANN1111111111111")
    codes = []
    for call, params in (
        (iam.delete_user, {"UserName": "ann"}),
        (iam.delete_group, {"GroupName": "ops"}),
        (iam.remove_user_from_group, {"GroupName": "ops", "UserName": "ann"}),
        (iam.delete_group, {"GroupName": "ops"}),
        (iam.detach_group_policy, {"GroupName": "ops", "PolicyArn": AWS + "ReadOnlyAccess"}),
        (iam.delete_group, {"GroupName": "ops"}),
        (iam.delete_user, {"UserName": "ann"}),
        (iam.get_group, {"GroupName": "ops"}),
    ):
        try:
            call(**params)
            codes.append("")
        except iam.exceptions.ClientError as error:
            codes.append(error.response["Error"]["Code"])

    assert codes == ["DeleteConflict", "DeleteConflict", "", "DeleteConflict", "", "", "", "NoSuchEntity"]


def test_groups_have_bounds(iam: Any) -> None:
    """Ten per user; names are unique whatever their case; nobody joins what does not exist."""
    for number in range(10):
        iam.create_group(GroupName=f"g{number}")
        iam.add_user_to_group(GroupName=f"g{number}", UserName="ann")
    iam.create_group(GroupName="more")
    with scenes.refused() as eleventh:
        iam.add_user_to_group(GroupName="more", UserName="ann")
    iam.add_user_to_group(GroupName="g0", UserName="ann")
    with scenes.refused() as taken:
        iam.create_group(GroupName="MORE")
    with scenes.refused() as nobody:
        iam.add_user_to_group(GroupName="more", UserName="nobody")

    assert (eleventh.code, taken.code, nobody.code) == ("LimitExceeded", "EntityAlreadyExists", "NoSuchEntity")


def test_a_group_is_no_principal(server: SimulatorServer, iam: Any) -> None:
    """Neither trust nor vault policies can name one."""
    arn = iam.create_group(GroupName="ops")["Group"]["Arn"]
    trust = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    with scenes.refused() as refusal:
        iam.create_role(RoleName="fresh", AssumeRolePolicyDocument=scenes.text(scenes.policy(trust)))
    lists = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "backup:CopyIntoBackupVault", "Resource": "*"}
    with scenes.refused() as vault:
        scenes.client(server, "backup", scenes.SOURCE).put_backup_vault_access_policy(
            BackupVaultName="backups", Policy=scenes.text(scenes.policy(lists))
        )

    assert refusal.code == "MalformedPolicyDocument"
    assert vault.code == "InvalidParameterValueException"


def test_rights_on_groups_are_judged_on_their_arns(server: SimulatorServer, iam: Any) -> None:
    """Who may change one group may not change another."""
    for name in ("mine", "theirs"):
        iam.create_group(GroupName=name)
    own = scenes.allow("iam:AddUserToGroup", "iam:AttachGroupPolicy", resource=f"{SOURCE}:group/mine")
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=scenes.text(own))
    hers = scenes.client(server, "iam", scenes.SOURCE, user="ann")
    hers.add_user_to_group(GroupName="mine", UserName="ann")
    hers.attach_group_policy(GroupName="mine", PolicyArn=AWS + "ReadOnlyAccess")
    with scenes.refused() as joined:
        hers.add_user_to_group(GroupName="theirs", UserName="ann")
    with scenes.refused() as attached:
        hers.attach_group_policy(GroupName="theirs", PolicyArn=AWS + "ReadOnlyAccess")

    assert (joined.code, attached.code) == ("AccessDenied", "AccessDenied")


def test_a_world_may_declare_groups(server: SimulatorServer) -> None:
    """With their policies; users say in which they are."""
    scene = scenes.world()
    source = scenes.account(scene, scenes.SOURCE)
    source["groups"] = [{"name": "ops", "path": "/teams/", "policies": [LISTS, AWS + "IAMReadOnlyAccess"]}]
    source["users"].append(ANN | {"groups": ["ops"]})
    server.control.load(scene)
    listed = scenes.client(server, "iam", scenes.SOURCE, user="ann").list_groups_for_user(UserName="ann")["Groups"]
    source["users"][-1]["groups"] = ["nobody"]

    assert may_list(server)
    assert [one["Arn"] for one in listed] == [f"{SOURCE}:group/teams/ops"]
    with pytest.raises(WorldError, match="user ann: groups: there is no group nobody"):
        server.control.load(scene)


def test_a_snapshot_keeps_who_is_in_which_group(server: SimulatorServer, iam: Any) -> None:
    """And the group that users have is the one that is changed afterwards."""
    iam.create_group(GroupName="ops")
    iam.add_user_to_group(GroupName="ops", UserName="ann")
    server.control.snapshot("in")
    server.control.restore("in")
    iam.put_group_policy(GroupName="ops", PolicyName="lists", PolicyDocument=scenes.text(LISTS))

    assert may_list(server)
