"""The policies that AWS manages: as AWS published them, listed, attached, and enough for what they are for."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.policies import policy
from backup_simulator.policies.principal import Principal
from backup_simulator.services.backup.backups.rules import NEEDED
from backup_simulator.services.iam import aws_managed
from backup_simulator.wire import SimulatorError
from simulator_kit import backup_kit, scenes
from simulator_kit.backup_kit import Backups

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

AWS = "arn:aws:iam::aws:policy/"
FOR_BACKUP = AWS + "service-role/AWSBackupServiceRolePolicyForBackup"
FOR_S3 = AWS + "AWSBackupServiceRolePolicyForS3Backup"
SLR = AWS + "aws-service-role/AWSBackupServiceLinkedRolePolicyForBackup"
PUBLISHED: scenes.Json = json.loads(
    resources.files("backup_simulator.services.iam").joinpath("aws_managed.json").read_text("utf-8")
)


@pytest.fixture
def iam(server: SimulatorServer) -> Any:
    """The source account's administrator."""
    return scenes.client(server, "iam", scenes.SOURCE)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_managed_policy_is_as_aws_published_it(iam: Any, name: str) -> None:
    """Path, version, dates and the whole document; nobody can change it."""
    published = PUBLISHED[name]
    arn = f"{AWS.rstrip('/')}{published['Path']}{name}"
    found, version = iam.get_policy(PolicyArn=arn)["Policy"], published["DefaultVersionId"]
    given = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]

    assert (found["PolicyName"], found["Path"], found["DefaultVersionId"]) == (name, published["Path"], version)
    assert found["CreateDate"].isoformat() == published["CreateDate"]
    assert found["UpdateDate"].isoformat() == given["CreateDate"].isoformat() == published["UpdateDate"]
    assert given["Document"] == published["Document"]
    with scenes.refused() as refusal:
        iam.delete_policy(PolicyArn=arn)
    assert (refusal.code, refusal.status) == ("AccessDenied", 403)


def test_every_policy_that_aws_manages_can_be_read(server: SimulatorServer) -> None:
    """Actions of services that are not simulated and keys that are not known make no document malformed."""
    scene = scenes.world()
    for index, one in enumerate(aws_managed.listed()):
        assert aws_managed.find(one.arn), one.arn
        if index % 12 == 0:
            scenes.account(scene, scenes.SOURCE)["roles"][0]["policies"].append(one.arn)
    server.control.load(scene)

    assert len(server.state.accounts[scenes.SOURCE].roles["copier"].attached) == 5


def test_aws_managed_policies_are_listed_in_pages(iam: Any) -> None:
    """By path; without descriptions; what is attached or a boundary can be asked for."""
    iam.attach_role_policy(RoleName="reader", PolicyArn=AWS + "AWSBackupFullAccess")
    iam.put_role_permissions_boundary(RoleName="operator", PermissionsBoundary=AWS + "PowerUserAccess")
    first = iam.list_policies(Scope="AWS", MaxItems=40)
    second = iam.list_policies(Scope="AWS", MaxItems=40, Marker=first["Marker"])
    whole = [one["PolicyName"] for one in [*first["Policies"], *second["Policies"]]]
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS", PathPrefix="/job-function/", MaxItems=3)
    functions = [one for page in pages for one in page["Policies"]]
    attached = iam.list_policies(OnlyAttached=True, PolicyUsageFilter="PermissionsPolicy")["Policies"]
    bounds = iam.list_policies(PolicyUsageFilter="PermissionsBoundary")["Policies"]

    assert (first["IsTruncated"], second["IsTruncated"]) == (True, False)
    assert whole == sorted(PUBLISHED)
    assert {one["Path"] for one in functions} == {"/job-function/"}
    assert "ViewOnlyAccess" in {one["PolicyName"] for one in functions}
    assert {one["PolicyName"] for one in attached} == {"AWSBackupFullAccess", "AdministratorAccess"}
    assert [(one["PolicyName"], one["PermissionsBoundaryUsageCount"]) for one in bounds] == [("PowerUserAccess", 1)]
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_who_has_a_managed_policy(iam: Any) -> None:
    """Roles and users, attached or bounded by it, in pages."""
    iam.attach_role_policy(RoleName="reader", PolicyArn=AWS + "ReadOnlyAccess")
    iam.put_role_permissions_boundary(RoleName="operator", PermissionsBoundary=AWS + "ReadOnlyAccess")
    iam.create_user(UserName="ann", Path="/team/")
    iam.attach_user_policy(UserName="ann", PolicyArn=AWS + "ReadOnlyAccess")

    def names(**filters: Any) -> list[str]:
        answer = iam.list_entities_for_policy(PolicyArn=AWS + "ReadOnlyAccess", **filters)
        return [
            *(one["UserName"] for one in answer["PolicyUsers"]),
            *(one["RoleName"] for one in answer["PolicyRoles"]),
        ]

    assert sorted(names()) == ["ann", "operator", "reader"]
    assert sorted(names(PolicyUsageFilter="PermissionsPolicy")) == ["ann", "reader"]
    assert names(PolicyUsageFilter="PermissionsBoundary") == ["operator"]
    assert names(EntityFilter="User") == ["ann"]
    assert names(PathPrefix="/team/") == ["ann"]
    assert names(MaxItems=1) == ["ann"]


def test_a_former_version_of_a_managed_policy_answers_501(iam: Any) -> None:
    """AWS had it; there never was one with a higher number."""
    with scenes.refused() as former:
        iam.get_policy_version(PolicyArn=FOR_BACKUP, VersionId="v2")
    with scenes.refused() as future:
        iam.get_policy_version(PolicyArn=FOR_BACKUP, VersionId="v999")
    listed = iam.list_policy_versions(PolicyArn=FOR_BACKUP)["Versions"]

    assert (former.code, former.status) == ("NotImplemented", 501)
    assert (future.code, future.status) == ("NoSuchEntity", 404)
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in listed] == [("v30", True)]


def test_the_policy_of_a_service_linked_role_is_attached_to_nobody_else(iam: Any) -> None:
    """AWS keeps them for itself."""
    with scenes.refused() as refusal:
        iam.attach_role_policy(RoleName="reader", PolicyArn=SLR)

    assert (refusal.code, refusal.status) == ("PolicyNotAttachable", 400)
    assert refusal.message == "Cannot attach a Service Role Policy to a Customer Role."


def test_a_key_of_awss_that_is_not_known_is_an_error_when_it_comes_to_it() -> None:
    """The policy can be had; a question that reaches the condition cannot be answered."""
    condition = {"Bool": {"aws:OfTomorrow": "true"}}
    found = policy.compiled(scenes.allow("backup:List*", condition=condition), by_aws=True)
    who = Principal(kind="user", account="1", arn="a", identity_arn="a", unique_id="u", user_id="u", name="a")

    with pytest.raises(SimulatorError, match="aws:oftomorrow"):
        policy.judge_identity([found], policy.Question("backup:ListCopyJobs", "*", who, {}))
    other = policy.Question("backup:StartCopyJob", "*", who, {})
    assert policy.judge_identity([found], other) is policy.Verdict.SILENT


@pytest.mark.parametrize("kind", sorted(NEEDED))
def test_what_aws_gives_the_backup_role_is_enough(server: SimulatorServer, kind: str) -> None:
    """For every type; S3 has a policy of its own."""
    scene = backup_kit.world()
    source = scenes.account(scene, scenes.SOURCE)
    source["roles"][0]["policies"] = [FOR_S3 if kind == "S3" else FOR_BACKUP]
    source["keys"][0]["policy"] = None
    source["resources"] = [backup_kit.resource(kind, "r-1", key="alias/data")]
    server.control.load(scene)
    arn = next(iter(server.state.accounts[scenes.SOURCE].region(scenes.HOME).resources))
    backups = Backups(server, scene)
    job_id = backups.start(arn)
    backups.pass_time("2h")

    assert (backups.job(job_id)["State"], backups.job(job_id).get("StatusMessage")) == ("COMPLETED", None)


def test_full_access_to_aws_backup_makes_a_vault_on_a_customers_key(server: SimulatorServer) -> None:
    """It may create grants through AWS Backup only, for the context of a vault."""
    scene = scenes.world()
    source = scenes.account(scene, scenes.SOURCE)
    source["roles"][1]["policies"] = [AWS + "AWSBackupFullAccess"]
    source["keys"].append({"region": scenes.HOME, "aliases": ["alias/plain"]})
    server.control.load(scene)
    keys = server.state.accounts[scenes.SOURCE].region(scenes.HOME)
    arn = keys.keys[keys.aliases["alias/plain"]].arn
    session = scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/operator")
    backup, kms = (scenes.session_client(server, name, session) for name in ("backup", "kms"))
    made = backup.create_backup_vault(BackupVaultName="made", EncryptionKeyArn=arn)
    with scenes.refused() as directly:
        kms.create_grant(KeyId=arn, GranteePrincipal=scenes.COPIER, Operations=["Decrypt"])

    assert made["BackupVaultName"] == "made"
    assert directly.code == "AccessDeniedException"


MAY = [
    pytest.param("AWSBackupOperatorAccess", "backup:StartBackupJob", True, id="an operator backs up"),
    pytest.param("AWSBackupOperatorAccess", "backup:DeleteRecoveryPoint", False, id="an operator deletes nothing"),
    pytest.param("AWSBackupFullAccess", "backup:DeleteRecoveryPoint", True, id="an administrator deletes"),
    pytest.param("AWSBackupAuditAccess", "backup:ListFrameworks", True, id="an auditor looks at frameworks"),
    pytest.param("ReadOnlyAccess", "backup:ListCopyJobs", True, id="a reader reads"),
    pytest.param("ReadOnlyAccess", "backup:StartCopyJob", False, id="a reader copies nothing"),
    pytest.param("PowerUserAccess", "backup:StartCopyJob", True, id="a power user copies"),
    pytest.param("PowerUserAccess", "iam:CreateRole", False, id="a power user makes no roles"),
    pytest.param("PowerUserAccess", "iam:ListRoles", True, id="a power user lists roles"),
    pytest.param("SecurityAudit", "backup:GetBackupVaultAccessPolicy", True, id="an audit reads vault policies"),
    pytest.param("job-function/ViewOnlyAccess", "backup:StartCopyJob", False, id="a viewer copies nothing"),
    pytest.param("AWSKeyManagementServicePowerUser", "kms:CreateKey", True, id="keys are made"),
    pytest.param("AWSKeyManagementServicePowerUser", "kms:ScheduleKeyDeletion", False, id="and not deleted"),
    pytest.param("AWSOrganizationsReadOnlyAccess", "organizations:ListAccounts", True, id="the organization is read"),
]


@pytest.mark.parametrize(("name", "action", "allowed"), MAY)
def test_managed_policies_allow_what_they_are_for(iam: Any, name: str, action: str, allowed: bool) -> None:
    """The real documents, judged."""
    iam.detach_role_policy(RoleName="reader", PolicyArn=AWS + "AdministratorAccess")
    iam.attach_role_policy(RoleName="reader", PolicyArn=AWS + name)
    found = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{scenes.SOURCE}:role/reader", ActionNames=[action]
    )["EvaluationResults"][0]

    assert (found["EvalDecision"] == "allowed") is allowed
