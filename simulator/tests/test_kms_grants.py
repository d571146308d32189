"""KMS grants: who may make, use, retire and revoke them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

READER = f"arn:aws:iam::{scenes.SOURCE}:role/reader"


@pytest.fixture
def kms(server: SimulatorServer) -> Any:
    """The source account's admin, in a world whose reader has no rights of its own."""
    world = scenes.world()
    scenes.account(world, scenes.SOURCE)["roles"][2]["policies"] = []
    server.control.load(world)
    return scenes.client(server, "kms", scenes.SOURCE)


def key_arn(kms: Any) -> str:
    """The ARN of a key of the source account."""
    return str(kms.describe_key(KeyId="alias/data")["KeyMetadata"]["Arn"])


def reader(server: SimulatorServer) -> Any:
    """A client of the role without rights."""
    return scenes.session_client(server, "kms", scenes.assume(server, READER))


def test_a_grant_opens_a_key_and_revoking_it_closes_the_key(server: SimulatorServer, kms: Any) -> None:
    """For the operations it names."""
    key, user = key_arn(kms), reader(server)
    with scenes.refused() as before:
        user.describe_key(KeyId=key)
    grant = kms.create_grant(KeyId=key, GranteePrincipal=READER, Operations=["DescribeKey"])
    meanwhile = user.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    with scenes.refused() as beyond:
        user.list_grants(KeyId=key)
    kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    with scenes.refused() as after:
        user.describe_key(KeyId=key)

    assert meanwhile == key
    assert before.code == beyond.code == after.code == "AccessDeniedException"


def test_a_named_grant_is_found_again(kms: Any) -> None:
    """The same name and parameters give the same grant, other parameters another."""
    asked = {"KeyId": key_arn(kms), "GranteePrincipal": READER, "Name": "mine"}
    first, second = (kms.create_grant(Operations=["Decrypt"], **asked)["GrantId"] for _ in range(2))
    third = kms.create_grant(Operations=["Encrypt"], **asked)["GrantId"]

    assert first == second
    assert third != first


@pytest.mark.parametrize(
    "arn", [f"arn:aws:iam::{scenes.SOURCE}:role/nobody", "arn:aws:iam::000000000001:root", "nobody"]
)
def test_a_grant_goes_to_somebody_who_exists(kms: Any, arn: str) -> None:
    """Others are refused."""
    with scenes.refused() as refusal:
        kms.create_grant(KeyId=key_arn(kms), GranteePrincipal=arn, Operations=["Decrypt"])

    assert refusal.code == "InvalidArnException"


def test_a_grant_for_an_aws_resource_only_is_refused_to_a_user(server: SimulatorServer, kms: Any) -> None:
    """`kms:GrantIsForAWSResource` holds for AWS's services, not for whoever calls CreateGrant himself."""
    for_resources = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    document = scenes.policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{scenes.SOURCE}:user/admin"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Principal": {"AWS": READER},
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": for_resources,
        },
    )
    key = key_arn(kms)
    kms.put_key_policy(KeyId=key, Policy=scenes.text(document))
    with scenes.refused() as refusal:
        reader(server).create_grant(KeyId=key, GranteePrincipal=READER, Operations=["Decrypt"])

    assert refusal.code == "AccessDeniedException"


def test_a_key_pending_deletion_still_answers_about_its_grants(kms: Any) -> None:
    """Whoever thinks better of it can look, revoke, retire and change the policy; to grant more is refused."""
    key = key_arn(kms)
    document = kms.get_key_policy(KeyId=key)["Policy"]
    given = [kms.create_grant(KeyId=key, GranteePrincipal=READER, Operations=[one]) for one in ("Encrypt", "Decrypt")]
    kms.schedule_key_deletion(KeyId=key)
    before = kms.list_grants(KeyId=key)["Grants"]
    kms.revoke_grant(KeyId=key, GrantId=given[0]["GrantId"])
    kms.retire_grant(KeyId=key, GrantId=given[1]["GrantId"])
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document)
    with scenes.refused() as refusal:
        kms.create_grant(KeyId=key, GranteePrincipal=READER, Operations=["Decrypt"])

    assert {each["GrantId"] for each in before} >= {each["GrantId"] for each in given}
    left = {each["GrantId"] for each in kms.list_grants(KeyId=key)["Grants"]}
    assert left.isdisjoint({each["GrantId"] for each in given})
    assert refusal.code == "KMSInvalidStateException"


@pytest.mark.parametrize(
    ("parties", "allowed"),
    [
        pytest.param(
            {"GranteePrincipal": READER, "Operations": ["Decrypt", "RetireGrant"]}, True, id="a grantee who may"
        ),
        pytest.param({"GranteePrincipal": READER, "Operations": ["Decrypt"]}, False, id="a grantee who may not"),
        pytest.param(
            {
                "GranteePrincipal": f"arn:aws:iam::{scenes.SOURCE}:role/operator",
                "RetiringPrincipal": READER,
                "Operations": ["Decrypt"],
            },
            True,
            id="the retiring principal",
        ),
    ],
)
def test_who_may_retire_a_grant(server: SimulatorServer, kms: Any, parties: scenes.Json, *, allowed: bool) -> None:
    """By the grant's token."""
    key = key_arn(kms)
    grant = kms.create_grant(KeyId=key, **parties)
    with contextlib.suppress(kms.exceptions.ClientError):
        reader(server).retire_grant(GrantToken=grant["GrantToken"])
    left = {found["GrantId"] for found in kms.list_grants(KeyId=key)["Grants"]}

    assert (grant["GrantId"] not in left) is allowed


@pytest.mark.parametrize(("region", "allowed"), [(scenes.HOME, True), ("us-east-1", False)])
def test_retiring_is_judged_with_what_every_call_knows(
    server: SimulatorServer, kms: Any, region: str, *, allowed: bool
) -> None:
    """The account's policies may ask for the Region, as for any other use of the key."""
    key = key_arn(kms)
    grant = kms.create_grant(KeyId=key, GranteePrincipal=READER, Operations=["Decrypt"])
    caller = {"Effect": "Allow", "Principal": {"AWS": READER}, "Action": "kms:RetireGrant", "Resource": "*"}
    document = scenes.policy(
        {"Effect": "Allow", "Principal": {"AWS": scenes.SOURCE}, "Action": "kms:*", "Resource": "*"},
        caller | {"Condition": {"StringEquals": {"aws:RequestedRegion": region}}},
    )
    kms.put_key_policy(KeyId=key, Policy=scenes.text(document))
    with contextlib.suppress(kms.exceptions.ClientError):
        reader(server).retire_grant(GrantToken=grant["GrantToken"])
    left = {found["GrantId"] for found in kms.list_grants(KeyId=key)["Grants"]}

    assert (grant["GrantId"] not in left) is allowed


def test_a_dry_run_changes_nothing(kms: Any) -> None:
    """It says that it would have."""
    key = key_arn(kms)
    with scenes.refused() as refusal:
        kms.create_grant(KeyId=key, GranteePrincipal=READER, Operations=["Decrypt"], DryRun=True)

    assert refusal.code == "DryRunOperationException"
    assert kms.list_grants(KeyId=key, GranteePrincipal=READER)["Grants"] == []


def test_a_disabled_key_grants_nothing(kms: Any) -> None:
    """DisabledException."""
    key = key_arn(kms)
    kms.disable_key(KeyId=key)
    with scenes.refused() as refusal:
        kms.create_grant(KeyId=key, GranteePrincipal=READER, Operations=["Decrypt"])

    assert refusal.code == "DisabledException"
