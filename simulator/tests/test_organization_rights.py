"""Organizations: who may read, who may change, and rights on a part of the tree."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from simulator_kit import scenes
from simulator_kit.trees import ROOT, UNIT, orgs

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

CALLERS = [
    pytest.param(scenes.PAYER, None, None, id="management account"),
    pytest.param(scenes.TOOLS, None, "AccessDeniedException", id="delegated administrator"),
    pytest.param(scenes.SOURCE, "AccessDeniedException", "AccessDeniedException", id="member"),
    pytest.param(
        scenes.STRANGER, "AWSOrganizationsNotInUseException", "AWSOrganizationsNotInUseException", id="stranger"
    ),
]


@pytest.mark.parametrize(("account", "reading", "changing"), CALLERS)
def test_who_may_read_and_who_may_change(
    server: SimulatorServer, account: str, reading: str | None, changing: str | None
) -> None:
    """Reading: management account and delegated administrators; changing: management account."""
    scene = scenes.world()
    scene["organization"]["delegated"] = {"backup.amazonaws.com": [scenes.TOOLS]}
    server.control.load(scene)
    client = orgs(server, account)
    reads = (client.list_accounts, client.list_roots, client.list_aws_service_access_for_organization)
    codes = [_code(read) for read in reads]
    change = _code(lambda: client.create_organizational_unit(ParentId=ROOT, Name="new"))

    assert codes == [reading] * 3
    assert change == changing


def test_delegated_administrators_read_the_organization(server: SimulatorServer) -> None:
    """Once service access is on and they are registered; five at most, the management account never."""
    payer, tools = orgs(server, scenes.PAYER), orgs(server, scenes.TOOLS)
    service = "backup.amazonaws.com"
    payer.disable_aws_service_access(ServicePrincipal=service)
    with scenes.refused() as untrusted:
        payer.register_delegated_administrator(AccountId=scenes.TOOLS, ServicePrincipal=service)
    payer.enable_aws_service_access(ServicePrincipal=service)
    with scenes.refused() as management:
        payer.register_delegated_administrator(AccountId=scenes.PAYER, ServicePrincipal=service)
    payer.register_delegated_administrator(AccountId=scenes.TOOLS, ServicePrincipal=service)
    with scenes.refused() as twice:
        payer.register_delegated_administrator(AccountId=scenes.TOOLS, ServicePrincipal=service)
    with scenes.refused() as leaving:
        payer.remove_account_from_organization(AccountId=scenes.TOOLS)

    assert untrusted.body
    assert untrusted.body["Reason"] == "SERVICE_ACCESS_NOT_ENABLED"
    assert management.body
    assert management.body["Reason"] == "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"
    assert twice.code == "AccountAlreadyRegisteredException"
    assert leaving.body
    assert leaving.body["Reason"] == "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
    listed = tools.list_delegated_administrators(ServicePrincipal=service)["DelegatedAdministrators"]
    assert [one["Id"] for one in listed] == [scenes.TOOLS]
    services = tools.list_delegated_services_for_account(AccountId=scenes.TOOLS)["DelegatedServices"]
    assert [one["ServicePrincipal"] for one in services] == [service]
    trusted = tools.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert [one["ServicePrincipal"] for one in trusted] == [service]

    payer.deregister_delegated_administrator(AccountId=scenes.TOOLS, ServicePrincipal=service)
    with scenes.refused() as no_longer:
        tools.list_accounts()
    assert no_longer.code == "AccessDeniedException"


def test_rights_can_be_given_on_one_account(server: SimulatorServer) -> None:
    """Or one unit: the ARN of what is asked for decides."""
    prefix = f"arn:aws:organizations::{scenes.PAYER}"
    scene = scenes.world()
    some = [f"{prefix}:account/o-simulator01/{scenes.SOURCE}", f"{prefix}:ou/o-simulator01/{UNIT}"]
    scenes.account(scene, scenes.PAYER)["users"][0]["policies"] = [scenes.allow("organizations:*", resource=some)]
    server.control.load(scene)
    client = orgs(server, scenes.PAYER)
    client.describe_account(AccountId=scenes.SOURCE)
    client.list_accounts_for_parent(ParentId=UNIT)
    with scenes.refused() as account:
        client.describe_account(AccountId=scenes.TARGET)
    with scenes.refused() as root:
        client.list_accounts_for_parent(ParentId=ROOT)

    assert f"on resource: {prefix}:account/o-simulator01/{scenes.TARGET} " in account.message
    assert f"on resource: {prefix}:root/o-simulator01/{ROOT} " in root.message


@pytest.mark.parametrize(
    ("some", "allowed"),
    [
        pytest.param(["policy/*", f"account/o-simulator01/{scenes.SOURCE}"], True, id="policy and target"),
        pytest.param(["policy/*"], False, id="the policy only"),
        pytest.param([f"account/o-simulator01/{scenes.SOURCE}"], False, id="the target only"),
    ],
)
def test_to_attach_needs_rights_on_policy_and_target(server: SimulatorServer, some: list[str], allowed: bool) -> None:
    """Each of them is judged on its ARN."""
    prefix = f"arn:aws:organizations::{scenes.PAYER}"
    may = scenes.allow("organizations:CreatePolicy")
    attach = scenes.allow("organizations:AttachPolicy", resource=[f"{prefix}:{each}" for each in some])
    scene = scenes.world()
    scenes.account(scene, scenes.PAYER)["users"][0]["policies"] = [may, attach]
    server.control.load(scene)
    client = orgs(server, scenes.PAYER)
    document = json.dumps(scenes.allow("s3:*"))
    made = client.create_policy(Name="s3", Description="", Type="SERVICE_CONTROL_POLICY", Content=document)
    asked = {"PolicyId": made["Policy"]["PolicySummary"]["Id"], "TargetId": scenes.SOURCE}

    if allowed:
        assert client.attach_policy(**asked)["ResponseMetadata"]["HTTPStatusCode"] == 200
        return
    with scenes.refused() as refusal:
        client.attach_policy(**asked)

    assert refusal.code == "AccessDeniedException"


def _code(call: Any) -> str | None:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None
