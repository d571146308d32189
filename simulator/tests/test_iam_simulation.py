"""IAM: simulations of policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

SOURCE = f"arn:aws:iam::{scenes.SOURCE}"
LIST = "backup:ListBackupVaults"


@pytest.fixture
def iam(server: SimulatorServer) -> Any:
    """The source's administrator."""
    return scenes.client(server, "iam", scenes.SOURCE)


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


@pytest.mark.parametrize(
    ("condition", "decision"),
    [
        pytest.param({}, "explicitDeny", id="without a condition"),
        pytest.param({"StringEquals": {"aws:PrincipalAccount": scenes.SOURCE}}, "allowed", id="with one"),
    ],
)
def test_a_simulation_passes_over_control_policies_with_conditions(
    server: SimulatorServer, condition: dict[str, Any], decision: str
) -> None:
    """A call is denied by both; over all resource control policies it passes, too."""
    world = scenes.world()
    deny = {"Effect": "Deny", "Action": "backup:*", "Resource": "*", **({"Condition": condition} if condition else {})}
    world["organization"]["control_policies"] = [
        {"id": "p-shut1234", "name": "shut", "document": scenes.policy(deny), "targets": [scenes.SOURCE]}
    ]
    server.control.load(world)
    found = scenes.client(server, "iam", scenes.SOURCE).simulate_principal_policy(
        PolicySourceArn=f"{SOURCE}:user/admin", ActionNames=[LIST]
    )

    assert [each["EvalDecision"] for each in found["EvaluationResults"]] == [decision]


@pytest.mark.parametrize(
    ("role", "code"),
    [
        pytest.param("nobody", "NoSuchEntity", id="not there"),
        pytest.param("path/reader", "InvalidInput", id="there, at another path"),
    ],
)
def test_whom_a_simulation_does_not_know(iam: Any, role: str, code: str) -> None:
    """A name that nobody has is told from an ARN that is not that of whoever has it."""
    with scenes.refused() as refusal:
        iam.simulate_principal_policy(PolicySourceArn=f"{SOURCE}:role/{role}", ActionNames=[LIST])
    assert refusal.code == code
