"""Resource control policies: what they hold whom from, where they are attached, and what is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.world.files import WorldError
from simulator_kit import copies, scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

ROOT, UNIT = "r-cv01", "ou-cv01-workloads1"
TYPE = "RESOURCE_CONTROL_POLICY"
FULL = "p-RCPFullAWSAccess"
READER = f"arn:aws:iam::{scenes.SOURCE}:role/reader"
ORGANIZATION = "o-simulator01"


def deny(*actions: str, **condition: Any) -> scenes.Json:
    """A statement that denies everybody something, under a condition."""
    found = {"Effect": "Deny", "Principal": "*", "Action": list(actions), "Resource": "*"}
    return found | ({"Condition": condition} if condition else {})


def payer(server: SimulatorServer) -> Any:
    """The management account's administrator."""
    return scenes.client(server, "organizations", scenes.PAYER)


def make(server: SimulatorServer, *statements: scenes.Json, name: str = "control") -> str:
    """Make a policy and give its id."""
    asked = {"Content": scenes.text(scenes.policy(*statements)), "Description": "", "Name": name, "Type": TYPE}
    return str(payer(server).create_policy(**asked)["Policy"]["PolicySummary"]["Id"])


def attach(server: SimulatorServer, target: str, *statements: scenes.Json) -> str:
    """Switch the type on, make a policy and attach it."""
    if TYPE not in server.state.organizations[ORGANIZATION].enabled:
        payer(server).enable_policy_type(RootId=ROOT, PolicyType=TYPE)
    policy_id = make(server, *statements, name=f"on {target}")
    payer(server).attach_policy(PolicyId=policy_id, TargetId=target)
    return policy_id


def ending(call: Any, **params: Any) -> str:
    """How a refusal ends; empty for what is granted."""
    try:
        call(**params)
    except Exception as error:  # noqa: BLE001 - a ClientError, whose class depends on the client
        response: scenes.Json = getattr(error, "response", {})
        return str(response["Error"]["Message"]).rpartition(" with ")[2] or str(response["Error"]["Code"])
    return ""


IN_RCP = "an explicit deny in a resource control policy"


def calls(server: SimulatorServer, account: str = scenes.SOURCE) -> dict[str, tuple[Any, scenes.Json]]:
    """Calls of an account's administrator on what the account has."""
    kms, sqs = (scenes.client(server, service, account) for service in ("kms", "sqs"))
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    queue = sqs.create_queue(QueueName="queue")["QueueUrl"]
    return {
        "key": (kms.describe_key, {"KeyId": key}),
        "key of AWS": (kms.describe_key, {"KeyId": "alias/aws/backup"}),
        "keys": (kms.list_keys, {}),
        "queue": (sqs.send_message, {"QueueUrl": queue, "MessageBody": "x"}),
        "vaults": (scenes.client(server, "backup", account).list_backup_vaults, {}),
    }


WHOM = [
    pytest.param(scenes.SOURCE, ["key", "queue"], id="a member's keys and queues, its administrator included"),
    pytest.param(scenes.PAYER, [], id="not what the management account has"),
    pytest.param(scenes.STRANGER, [], id="not what others have"),
]


@pytest.mark.parametrize(("account", "held"), WHOM)
def test_whom_a_resource_control_policy_holds(server: SimulatorServer, account: str, held: list[str]) -> None:
    """Neither keys that AWS manages, nor lists, nor services without RCPs."""
    asked = calls(server, account)
    attach(server, ROOT, deny("kms:*", "sqs:*", "backup:*"))

    assert {name: ending(call, **params) for name, (call, params) in asked.items()} == {
        name: IN_RCP if name in held else "" for name in asked
    }


@pytest.mark.parametrize("target", [ROOT, UNIT, scenes.SOURCE], ids=["root", "unit", "account"])
def test_it_holds_where_it_is_attached_and_below(server: SimulatorServer, target: str) -> None:
    """Until it is detached."""
    call, params = calls(server)["queue"]
    elsewhere, others = calls(server, scenes.TARGET)["queue"]
    policy_id = attach(server, target, deny("sqs:*"))
    held, beside = ending(call, **params), ending(elsewhere, **others)
    payer(server).detach_policy(PolicyId=policy_id, TargetId=target)

    assert (held, ending(call, **params)) == (IN_RCP, "")
    assert beside == (IN_RCP if target == ROOT else "")


OUTSIDE = deny(
    "sts:AssumeRole",
    "kms:*",
    StringNotEqualsIfExists={"aws:PrincipalOrgID": ORGANIZATION},
    BoolIfExists={"aws:PrincipalIsAWSService": "false"},
)


def test_strangers_are_kept_out_whatever_a_resource_says(server: SimulatorServer) -> None:
    """The documented perimeter: members and services of AWS get in, others do not, though trust names them."""
    scene = scenes.world()
    trust = {"aws": [f"arn:aws:iam::{one}:root" for one in (scenes.STRANGER, scenes.TOOLS)]}
    scenes.account(scene, scenes.SOURCE)["roles"][2]["trust"] = trust
    server.control.load(scene)
    asked = {"RoleArn": READER, "RoleSessionName": "test"}
    stranger, tools = (scenes.client(server, "sts", account) for account in (scenes.STRANGER, scenes.TOOLS))
    before = ending(stranger.assume_role, **asked)
    attach(server, ROOT, OUTSIDE)

    assert (before, ending(stranger.assume_role, **asked), ending(tools.assume_role, **asked)) == ("", IN_RCP, "")


def test_web_identities_are_held_too(server: SimulatorServer) -> None:
    """They are of no organization."""
    scene = scenes.world()
    host = "oidc.eks.eu-west-1.amazonaws.com/id/1"
    provider = f"arn:aws:iam::{scenes.SOURCE}:oidc-provider/{host}"
    trust = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}
    source = scenes.account(scene, scenes.SOURCE)
    source["oidc_providers"] = [{"host": host}]
    source["roles"][2]["trust"] = scenes.policy(trust)
    server.control.load(scene)
    token = server.control.web_identity_token(scenes.SOURCE, host, "system:serviceaccount:shop:web")
    asked = {"RoleArn": READER, "RoleSessionName": "web", "WebIdentityToken": token}
    sts = scenes.client(server, "sts", scenes.STRANGER)
    before = ending(sts.assume_role_with_web_identity, **asked)
    attach(server, ROOT, deny("sts:*", StringNotEqualsIfExists={"aws:PrincipalOrgID": ORGANIZATION}))

    assert before == ""
    assert ending(sts.assume_role_with_web_identity, **asked).startswith("Not authorized to perform")


def test_a_copy_needs_a_role_that_aws_backup_may_assume(server: SimulatorServer) -> None:
    """A policy on the copy role's account that denies AssumeRole fails the copy, the usual perimeter does not."""
    scene = copies.Scene(server)
    policy_id = attach(server, ROOT, OUTSIDE)
    fine = scene.start()
    server.control.advance("5m")
    payer(server).detach_policy(PolicyId=policy_id, TargetId=ROOT)
    closed = deny("sts:AssumeRole", Bool={"aws:PrincipalIsAWSService": "true"})
    payer(server).attach_policy(PolicyId=make(server, closed), TargetId=scenes.SOURCE)
    barred = scene.start()
    server.control.advance("5m")

    assert scene.job(fine)["State"] == "COMPLETED"
    assert (scene.job(barred)["State"], scene.job(barred)["MessageCategory"]) == ("FAILED", "ACCESS_DENIED")


@pytest.mark.parametrize(
    ("account", "state"),
    [
        pytest.param(scenes.SOURCE, "FAILED", id="the copy role cannot share the source's key"),
        pytest.param(scenes.TARGET, "COMPLETED", id="the destination's service-linked role is not held"),
    ],
)
def test_service_linked_roles_are_not_held(server: SimulatorServer, account: str, state: str) -> None:
    """A policy that closes all keys of an account to everybody."""
    attach(server, account, deny("kms:*"))
    scene = copies.Scene(server)
    job = scene.start()
    server.control.advance("5m")

    assert scene.job(job)["State"] == state


def test_retiring_a_grant_is_never_held(server: SimulatorServer) -> None:
    """All other actions on the key are."""
    kms = scenes.client(server, "kms", scenes.SOURCE)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    granted = {"KeyId": key, "GranteePrincipal": READER, "Operations": ["Decrypt"]}
    grant = kms.create_grant(**granted)["GrantId"]
    attach(server, scenes.SOURCE, deny("kms:*"))

    assert ending(kms.create_grant, **granted) == IN_RCP
    assert ending(kms.retire_grant, KeyId=key, GrantId=grant) == ""


CONFUSED = {
    "StringNotEqualsIfExists": {"aws:SourceOrgID": ORGANIZATION},
    "Null": {"aws:SourceAccount": "false"},
    "Bool": {"aws:PrincipalIsAWSService": "true"},
}


def test_a_service_acts_for_the_organization_only(server: SimulatorServer) -> None:
    """The documented protection against the confused deputy: events of a stranger's rule do not come in."""
    sqs = scenes.client(server, "sqs", scenes.TARGET)
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = f"arn:aws:sqs:{scenes.HOME}:{scenes.TARGET}:events"
    open_to = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = scenes.text(scenes.policy(open_to | {"Resource": arn}))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    attach(server, ROOT, deny("sqs:*", **CONFUSED))
    for account in (scenes.SOURCE, scenes.STRANGER):
        events = scenes.client(server, "events", account)
        events.put_rule(Name="all", EventPattern=json.dumps({"source": ["test"]}))
        events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": arn}])
        events.put_events(Entries=[{"Source": "test", "DetailType": "x", "Detail": json.dumps({"of": account})}])
    server.control.advance("10m")
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    log = [one.outcome for one in server.state.feed.log if one.target == arn]

    assert [json.loads(one["Body"])["detail"]["of"] for one in found] == [scenes.SOURCE]
    assert log == ["OK", "the organization's policy does not let events.amazonaws.com send for this rule"]


def test_the_type_is_off_at_first(server: SimulatorServer) -> None:
    """Once it is on, full access is attached everywhere and cannot be detached; off again, all is forgotten."""
    client = payer(server)
    policy_id = make(server, deny("sqs:*"))
    with scenes.refused() as off:
        client.attach_policy(PolicyId=policy_id, TargetId=UNIT)
    client.enable_policy_type(RootId=ROOT, PolicyType=TYPE)
    with scenes.refused() as twice:
        client.enable_policy_type(RootId=ROOT, PolicyType=TYPE)
    types = client.list_roots()["Roots"][0]["PolicyTypes"]
    made = client.create_organizational_unit(ParentId=ROOT, Name="new")["OrganizationalUnit"]["Id"]
    listed = [
        [one["Id"] for one in client.list_policies_for_target(TargetId=target, Filter=TYPE)["Policies"]]
        for target in (ROOT, UNIT, scenes.SOURCE, scenes.PAYER, made)
    ]
    with scenes.refused() as stuck:
        client.detach_policy(PolicyId=FULL, TargetId=UNIT)
    client.attach_policy(PolicyId=policy_id, TargetId=UNIT)
    both = [one["Id"] for one in client.list_policies_for_target(TargetId=UNIT, Filter=TYPE)["Policies"]]
    client.disable_policy_type(RootId=ROOT, PolicyType=TYPE)
    none = client.list_policies_for_target(TargetId=UNIT, Filter=TYPE)["Policies"]
    services = client.list_policies_for_target(TargetId=UNIT, Filter="SERVICE_CONTROL_POLICY")["Policies"]

    assert (off.code, twice.code) == ("PolicyTypeNotEnabledException", "PolicyTypeAlreadyEnabledException")
    assert [one["Type"] for one in types] == [TYPE, "SERVICE_CONTROL_POLICY"]
    assert listed == [[FULL]] * 5
    assert (stuck.code, (stuck.body or {})["Reason"]) == ("InvalidInputException", "IMMUTABLE_POLICY")
    assert (both, none) == ([FULL, policy_id], [])
    assert [one["Id"] for one in services] == ["p-FullAWSAccess"]


def test_its_policies_are_listed_and_described(server: SimulatorServer) -> None:
    """Apart from SCPs, with ARNs of their own; at most five hang on one target."""
    client = payer(server)
    ids = [attach(server, target, deny("sqs:*")) for target in (UNIT, ROOT, scenes.SOURCE, scenes.TARGET)]
    for policy_id in ids[1:]:
        client.attach_policy(PolicyId=policy_id, TargetId=UNIT)
    with scenes.refused() as sixth:
        client.attach_policy(PolicyId=make(server, deny("kms:*")), TargetId=UNIT)
    with scenes.refused() as used:
        client.delete_policy(PolicyId=ids[0])
    found = client.describe_policy(PolicyId=ids[0])["Policy"]["PolicySummary"]
    full = client.describe_policy(PolicyId=FULL)["Policy"]
    listed = {one["Id"] for one in client.list_policies(Filter=TYPE)["Policies"]}

    assert (sixth.body or {})["Reason"] == "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    assert used.code == "PolicyInUseException"
    assert found["Arn"] == (
        f"arn:aws:organizations::{scenes.PAYER}:policy/{ORGANIZATION}/resource_control_policy/{ids[0]}"
    )
    assert (found["Type"], found["AwsManaged"]) == (TYPE, False)
    assert full["PolicySummary"]["Arn"] == f"arn:aws:organizations::aws:policy/resource_control_policy/{FULL}"
    assert json.loads(full["Content"])["Statement"][0]["Principal"] == "*"
    assert {FULL, *ids} <= listed
    assert "p-FullAWSAccess" not in listed


NONE = [
    pytest.param({"Effect": "Allow"}, id="it allows"),
    pytest.param({"Principal": {"AWS": scenes.SOURCE}}, id="it names somebody"),
    pytest.param({"Principal": None}, id="it names nobody"),
    pytest.param({"Action": "*"}, id="all actions of all services"),
    pytest.param({"Action": None, "NotAction": "sqs:*"}, id="all actions but some"),
    pytest.param({"Resource": None}, id="no resource"),
]


@pytest.mark.parametrize("changes", NONE)
def test_what_is_no_resource_control_policy_is_refused(server: SimulatorServer, changes: scenes.Json) -> None:
    """When it is made, and when it is changed; in a world file, too."""
    statement = {name: value for name, value in (deny("sqs:*") | changes).items() if value is not None}
    with scenes.refused() as made:
        make(server, statement)
    policy_id = make(server, deny("sqs:*"))
    with scenes.refused() as changed:
        payer(server).update_policy(PolicyId=policy_id, Content=scenes.text(scenes.policy(statement)))
    scene = scenes.world()
    scene["organization"]["resource_control_policies"] = [
        {"id": "p-control01", "name": "control", "document": scenes.policy(statement)}
    ]

    assert made.code == changed.code == "MalformedPolicyDocumentException"
    with pytest.raises(WorldError, match="control policy control"):
        server.control.load(scene)


def test_a_world_may_have_resource_control_policies(server: SimulatorServer) -> None:
    """One switches the type on."""
    scene = scenes.world()
    scene["organization"]["resource_control_policies"] = [
        {"id": "p-control01", "name": "control", "document": scenes.policy(deny("sqs:SendMessage")), "targets": [UNIT]}
    ]
    server.control.load(scene)
    call, params = calls(server)["queue"]

    assert ending(call, **params) == IN_RCP


def test_rights_may_depend_on_the_type(server: SimulatorServer) -> None:
    """organizations:PolicyType of the policy at hand."""
    scene = scenes.world()
    only = scenes.allow("organizations:*", condition={"StringLikeIfExists": {"organizations:PolicyType": [TYPE]}})
    scenes.account(scene, scenes.PAYER)["roles"] = [scenes.role("limited", policies=[only])]
    server.control.load(scene)
    session = scenes.assume(server, f"arn:aws:iam::{scenes.PAYER}:role/limited")
    client = scenes.session_client(server, "organizations", session)

    assert client.describe_policy(PolicyId=FULL)["Policy"]
    assert client.list_policies(Filter=TYPE)["Policies"]
    with scenes.refused() as described:
        client.describe_policy(PolicyId="p-FullAWSAccess")
    with scenes.refused() as enabled:
        client.enable_policy_type(RootId=ROOT, PolicyType="SERVICE_CONTROL_POLICY")
    assert (described.code, enabled.code) == ("AccessDeniedException",) * 2
