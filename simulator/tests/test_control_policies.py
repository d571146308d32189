"""Service control policies: where they are attached, whom they bind, which bounds they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import copies, scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

ROOT, UNIT = "r-cv01", "ou-cv01-workloads1"
TYPE = "SERVICE_CONTROL_POLICY"
NO_LISTS = {"Effect": "Deny", "Action": "backup:ListBackupVaults", "Resource": "*"}


def attach(server: SimulatorServer, target: str, *statements: scenes.Json) -> str:
    """Make a policy, attach it and give its id."""
    client = scenes.client(server, "organizations", scenes.PAYER)
    made = client.create_policy(
        Content=scenes.text(scenes.policy(*statements)), Description="", Name=f"on {target}", Type=TYPE
    )["Policy"]["PolicySummary"]
    client.attach_policy(PolicyId=made["Id"], TargetId=target)
    return str(made["Id"])


@pytest.mark.parametrize("target", [ROOT, UNIT, scenes.SOURCE], ids=["root", "unit", "account"])
def test_a_control_policy_holds_where_it_is_attached(server: SimulatorServer, target: str) -> None:
    """And below; it holds an administrator too, and no longer once it is detached."""
    policy_id = attach(server, target, NO_LISTS)
    client = scenes.client(server, "backup", scenes.SOURCE)
    with scenes.refused() as refusal:
        client.list_backup_vaults()
    scenes.client(server, "organizations", scenes.PAYER).detach_policy(PolicyId=policy_id, TargetId=target)

    assert (refusal.code, refusal.status) == ("AccessDeniedException", 403)
    assert refusal.message.endswith("with an explicit deny in a service control policy")
    assert client.list_backup_vaults()["BackupVaultList"]


def test_every_level_must_allow(server: SimulatorServer) -> None:
    """A unit whose only policy allows something else shuts everything else out."""
    client = scenes.client(server, "organizations", scenes.PAYER)
    attach(server, UNIT, {"Effect": "Allow", "Action": ["kms:*", "organizations:*"], "Resource": "*"})
    client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=UNIT)
    with scenes.refused() as refusal:
        scenes.client(server, "backup", scenes.SOURCE).list_backup_vaults()

    assert refusal.message.endswith("because no service control policy allows the backup:ListBackupVaults action")
    assert scenes.client(server, "kms", scenes.SOURCE).list_keys()["Keys"]
    assert scenes.client(server, "backup", scenes.TARGET).list_backup_vaults()["BackupVaultList"] == []


BOUND = [
    pytest.param(scenes.PAYER, True, id="the management account is not"),
    pytest.param(scenes.SOURCE, False, id="a member is"),
    pytest.param(scenes.STRANGER, True, id="an account outside is not"),
]


@pytest.mark.parametrize(("account", "allowed"), BOUND)
def test_who_is_bound_by_a_control_policy(server: SimulatorServer, account: str, allowed: bool) -> None:
    """Members only; the management account never."""
    attach(server, ROOT, NO_LISTS)
    client = scenes.client(server, "backup", account)
    if allowed:
        assert "BackupVaultList" in client.list_backup_vaults()
        return
    with scenes.refused() as refusal:
        client.list_backup_vaults()
    assert refusal.code == "AccessDeniedException"


COPIES = [
    pytest.param("backup:CopyIntoBackupVault", scenes.SOURCE, {}, "FAILED", id="into, at the source"),
    pytest.param(
        "backup:CopyIntoBackupVault", scenes.TARGET, {}, "COMPLETED", id="into, at the target: not its caller"
    ),
    pytest.param("backup:CopyFromBackupVault", scenes.SOURCE, {}, "FAILED", id="from, at the source"),
    pytest.param(
        "backup:CopyFromBackupVault",
        scenes.SOURCE,
        {"ForAllValues:ArnNotLike": {"backup:CopyTargets": [scenes.vault_arn()]}},
        "COMPLETED",
        id="from, to any other vault",
    ),
    pytest.param(
        "backup:CopyFromBackupVault",
        scenes.SOURCE,
        {"ForAllValues:ArnNotLike": {"backup:CopyTargets": [scenes.vault_arn().replace("vault:", "vault/")]}},
        "FAILED",
        id="from, with the wrong separator",
    ),
    pytest.param(
        "backup:CopyIntoBackupVault",
        scenes.SOURCE,
        {"Null": {"aws:ResourceTag/DestinationBackupVault": "true"}},
        "FAILED",
        id="into vaults without a tag",
    ),
]


@pytest.mark.parametrize(("action", "account", "condition", "state"), COPIES)
def test_control_policies_hold_copy_roles(
    server: SimulatorServer, action: str, account: str, condition: scenes.Json, state: str
) -> None:
    """The copy role is a principal of the source account; a refusal comes as ACCESS_DENIED of the job."""
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    attach(server, account, statement | ({"Condition": condition} if condition else {}))
    scene = copies.Scene(server)
    job = scene.start()
    server.control.advance("2h")
    found = scene.job(job)

    assert found["State"] == state
    assert state == "COMPLETED" or found["MessageCategory"] == "ACCESS_DENIED"


def test_a_tagged_vault_passes_the_documented_policy(server: SimulatorServer) -> None:
    """A Deny on vaults without a tag lets tagged ones through."""
    scene = scenes.world()
    scenes.target_vault(scene)["tags"] = {"DestinationBackupVault": "true"}
    server.control.load(scene)
    untagged = {"Null": {"aws:ResourceTag/DestinationBackupVault": "true"}}
    deny = {"Effect": "Deny", "Action": "backup:CopyIntoBackupVault", "Resource": "*", "Condition": untagged}
    attach(server, scenes.SOURCE, deny)
    found = copies.Scene(server)
    job = found.start()
    server.control.advance("2h")

    assert found.job(job)["State"] == "COMPLETED"


def test_a_member_can_be_kept_from_leaving(server: SimulatorServer) -> None:
    """The policy that AWS's documentation recommends."""
    attach(server, ROOT, {"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"})
    with scenes.refused() as refusal:
        scenes.client(server, "organizations", scenes.SOURCE).leave_organization()

    assert refusal.message.endswith("with an explicit deny in a service control policy")


def test_attachments_have_bounds(server: SimulatorServer) -> None:
    """One at least, five at most, none twice; a policy in use stays; switching the type off forgets them."""
    client = scenes.client(server, "organizations", scenes.PAYER)
    with scenes.refused() as last:
        client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=UNIT)
    with scenes.refused() as twice:
        client.attach_policy(PolicyId="p-FullAWSAccess", TargetId=UNIT)
    ids = [_policy(client, f"policy {number}") for number in range(5)]
    for policy_id in ids[:4]:
        client.attach_policy(PolicyId=policy_id, TargetId=UNIT)
    with scenes.refused() as sixth:
        client.attach_policy(PolicyId=ids[4], TargetId=UNIT)
    with scenes.refused() as used:
        client.delete_policy(PolicyId=ids[0])
    client.delete_policy(PolicyId=ids[4])
    client.disable_policy_type(RootId=ROOT, PolicyType=TYPE)
    with scenes.refused() as off:
        client.attach_policy(PolicyId=ids[0], TargetId=UNIT)
    client.enable_policy_type(RootId=ROOT, PolicyType=TYPE)
    left = client.list_policies_for_target(TargetId=UNIT, Filter=TYPE)["Policies"]

    assert (last.code, sixth.code) == ("ConstraintViolationException",) * 2
    assert twice.code == "DuplicatePolicyAttachmentException"
    assert used.code == "PolicyInUseException"
    assert off.code == "PolicyTypeNotEnabledException"
    assert [one["Id"] for one in left] == ["p-FullAWSAccess"]


def _policy(client: Any, name: str, statement: scenes.Json | None = None) -> str:
    content = scenes.text(scenes.policy(statement or NO_LISTS))
    made = client.create_policy(Content=content, Description="", Name=name, Type=TYPE)
    return str(made["Policy"]["PolicySummary"]["Id"])


def test_policies_are_described_changed_and_listed(server: SimulatorServer) -> None:
    """With where they are attached; a change holds at once."""
    policy_id = attach(server, UNIT, NO_LISTS)
    client = scenes.client(server, "organizations", scenes.PAYER)
    targets = client.list_targets_for_policy(PolicyId=policy_id)["Targets"]
    harmless = scenes.policy({"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"})
    client.update_policy(PolicyId=policy_id, Content=scenes.text(harmless), Name="harmless")
    found = client.describe_policy(PolicyId=policy_id)["Policy"]

    assert [(one["TargetId"], one["Type"]) for one in targets] == [(UNIT, "ORGANIZATIONAL_UNIT")]
    assert found["PolicySummary"]["Name"] == "harmless"
    assert {one["Id"] for one in client.list_policies(Filter=TYPE)["Policies"]} == {"p-FullAWSAccess", policy_id}
    assert scenes.client(server, "backup", scenes.SOURCE).list_backup_vaults()["BackupVaultList"]


REFUSED = [
    pytest.param({"Content": "{"}, "MalformedPolicyDocumentException", id="no JSON"),
    pytest.param(
        {"Content": scenes.text(scenes.policy(NO_LISTS | {"Principal": "*"}))},
        "MalformedPolicyDocumentException",
        id="a principal",
    ),
    pytest.param({"Name": "FullAWSAccess"}, "DuplicatePolicyException", id="a name that is taken"),
    pytest.param({"Content": " " * 5121}, "ConstraintViolationException", id="too long"),
]


@pytest.mark.parametrize(("changes", "code"), REFUSED)
def test_policies_that_are_none_are_refused(server: SimulatorServer, changes: scenes.Json, code: str) -> None:
    """When they are made."""
    asked = {"Content": scenes.text(scenes.policy(NO_LISTS)), "Description": "", "Name": "new", "Type": TYPE}
    with scenes.refused() as refusal:
        scenes.client(server, "organizations", scenes.PAYER).create_policy(**(asked | changes))

    assert refusal.code == code


def test_a_world_may_have_control_policies(server: SimulatorServer) -> None:
    """Attached to root, units and accounts; one that replaces full access is a list of what is allowed."""
    scene = scenes.world()
    scene["organization"]["control_policies"] = [
        {"id": "p-denylist1", "name": "no lists", "document": scenes.policy(NO_LISTS), "targets": [UNIT]},
        {
            "id": "p-allowlist",
            "name": "backup only",
            "document": scenes.allow("backup:*"),
            "targets": [scenes.TARGET],
            "replaces_full_access": True,
        },
    ]
    server.control.load(scene)
    with scenes.refused() as listed:
        scenes.client(server, "backup", scenes.SOURCE).list_backup_vaults()
    with scenes.refused() as keys:
        scenes.client(server, "kms", scenes.TARGET).list_keys()

    assert "explicit deny in a service control policy" in listed.message
    assert "no service control policy allows the kms:ListKeys action" in keys.message
