"""KMS keys: policies with their safety check, states, aliases, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.identity import key_access
from backup_simulator.records import principals
from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

ADMIN = f"arn:aws:iam::{scenes.SOURCE}:user/admin"


@pytest.fixture
def kms(server: SimulatorServer) -> Any:
    """The source account's admin."""
    return scenes.client(server, "kms", scenes.SOURCE)


def key_policy(principal: str, action: str = "kms:*") -> str:
    """A key policy of one statement."""
    return scenes.text(
        scenes.policy({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"})
    )


@pytest.mark.parametrize(
    ("principal", "action", "allowed"),
    [
        pytest.param(ADMIN, "kms:*", True, id="the caller"),
        pytest.param(f"arn:aws:iam::{scenes.SOURCE}:root", "kms:*", True, id="the account"),
        pytest.param(f"arn:aws:iam::{scenes.SOURCE}:role/reader", "kms:*", False, id="another role"),
        pytest.param(ADMIN, "kms:Describe*", False, id="the caller, but not for this"),
    ],
)
def test_nobody_locks_itself_out_of_a_key(kms: Any, principal: str, action: str, *, allowed: bool) -> None:
    """The caller has to stay able to put a policy, unless it says that it does not mind."""
    key = kms.describe_key(KeyId="alias/data")["KeyMetadata"]["Arn"]
    asked = {"KeyId": key, "Policy": key_policy(principal, action)}
    code = ""
    try:
        kms.put_key_policy(**asked)
    except kms.exceptions.MalformedPolicyDocumentException as error:
        code = error.response["Error"]["Message"]
    kms.create_key(Policy=asked["Policy"], BypassPolicyLockoutSafetyCheck=True)

    assert code == ("" if allowed else "The new key policy will not allow you to update the key policy in the future.")


def test_a_key_goes_when_its_window_is_over(server: SimulatorServer, kms: Any) -> None:
    """Unusable at once, gone after the window with its aliases; cancelled in time it is disabled."""
    gone, kept = kms.describe_key(KeyId="alias/data")["KeyMetadata"]["Arn"], kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/kept", TargetKeyId=kept)
    for key in (gone, kept):
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with scenes.refused() as refusal:
        kms.enable_key(KeyId=gone)
    kms.cancel_key_deletion(KeyId=kept)
    with scenes.refused() as again:
        kms.cancel_key_deletion(KeyId=kept)
    server.control.advance("8d")
    with scenes.refused() as missing:
        kms.describe_key(KeyId=gone)
    names = {alias["AliasName"] for alias in kms.list_aliases()["Aliases"]}

    assert refusal.code == again.code == "KMSInvalidStateException"
    assert missing.code == "NotFoundException"
    assert kms.describe_key(KeyId=kept)["KeyMetadata"]["KeyState"] == "Disabled"
    assert "alias/data" not in names
    assert "alias/kept" in names


@pytest.mark.parametrize("days", [6, 31])
def test_the_window_has_bounds(kms: Any, days: int) -> None:
    """A week to thirty days."""
    with scenes.refused() as refusal:
        kms.schedule_key_deletion(
            KeyId=kms.describe_key(KeyId="alias/data")["KeyMetadata"]["KeyId"], PendingWindowInDays=days
        )

    assert refusal.code == "ValidationException"


def test_an_alias_is_moved_and_deleted(kms: Any) -> None:
    """UpdateAlias and DeleteAlias; the key stays."""
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName="alias/data", TargetKeyId=key)
    moved = kms.describe_key(KeyId="alias/data")["KeyMetadata"]["KeyId"]
    kms.delete_alias(AliasName="alias/data")
    with scenes.refused() as refusal:
        kms.describe_key(KeyId="alias/data")

    assert moved == key
    assert refusal.code == "NotFoundException"
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("alias/aws/mine", "NotAuthorizedException", id="AWS's own prefix"),
        pytest.param("mine", "ValidationException", id="no prefix"),
        pytest.param("alias/data", "AlreadyExistsException", id="taken"),
    ],
)
def test_aliases_of_aws_are_out_of_bounds(kms: Any, name: str, code: str) -> None:
    """As are names without the prefix and names that are taken."""
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    with scenes.refused() as refusal:
        kms.create_alias(AliasName=name, TargetKeyId=key)

    assert refusal.code == code


def test_kms_lists_come_in_pages(kms: Any) -> None:
    """Limit and Marker, for keys, aliases and grants alike."""
    made = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(4)}
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}))
    with scenes.refused() as refusal:
        kms.list_keys(Marker="nonsense")

    assert made <= {key["KeyId"] for page in pages for key in page["Keys"]}
    assert all(len(page["Keys"]) <= 2 for page in pages)
    assert refusal.code == "InvalidMarkerException"


def test_tags_of_a_key_come_and_go(kms: Any) -> None:
    """From its creation on."""
    key = kms.create_key(Tags=[{"TagKey": "a", "TagValue": "1"}])["KeyMetadata"]["KeyId"]
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "b", "TagValue": "2"}])
    kms.untag_resource(KeyId=key, TagKeys=["a", "missing"])

    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "b", "TagValue": "2"}]


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, id="asymmetric"),
        pytest.param({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, id="HMAC"),
        pytest.param({"CustomKeyStoreId": "cks-1"}, id="in a key store"),
        pytest.param({"Origin": "EXTERNAL"}, id="imported"),
        pytest.param({"MultiRegion": True}, id="of several Regions"),
    ],
)
def test_keys_of_other_kinds_are_not_implemented(kms: Any, kind: scenes.Json) -> None:
    """And say so."""
    with scenes.refused() as refusal:
        kms.create_key(**kind)

    assert refusal.status == 501


@pytest.mark.parametrize(
    ("service", "account", "allowed"),
    [
        pytest.param("ec2", scenes.SOURCE, True, id="through its service"),
        pytest.param("rds", scenes.SOURCE, False, id="through another service"),
        pytest.param("ec2", scenes.TARGET, False, id="from another account"),
    ],
)
def test_a_key_that_aws_manages_is_used_through_its_service_only(
    server: SimulatorServer, kms: Any, service: str, account: str, *, allowed: bool
) -> None:
    """That is why nothing encrypted with it can be shared."""
    arn = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]
    with server.simulator.lock:
        state = server.state
        key, user = state.key(arn), state.accounts[account].users["admin"]
        assert key is not None
        principal = principals.of_identity(user)
        through = {"kms:viaservice": (f"{service}.eu-west-1.amazonaws.com",)}
        refused = key_access.refusal(state, principal, key, "kms:CreateGrant", through)

    assert (refused is None) is allowed


def test_a_key_that_aws_manages_cannot_be_changed(kms: Any) -> None:
    """Neither its policy nor its state."""
    key = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]
    for operation, more in (
        ("put_key_policy", {"Policy": key_policy(ADMIN)}),
        ("disable_key", {}),
        ("schedule_key_deletion", {}),
    ):
        with scenes.refused() as refusal:
            getattr(kms, operation)(KeyId=key, **more)

        assert refusal.code == "AccessDeniedException"
