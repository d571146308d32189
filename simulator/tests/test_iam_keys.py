"""Access keys: active or not, and when they were used."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

KEY = "AKIAOPERATOR55555555"
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@pytest.fixture
def iam(server: SimulatorServer) -> Any:
    """The administrator of the account whose user the operator is."""
    return scenes.client(server, "iam", scenes.TOOLS)


def status(iam: Any) -> list[str]:
    """The status of the operator's keys."""
    return [one["Status"] for one in iam.list_access_keys(UserName="operator")["AccessKeyMetadata"]]


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        pytest.param("sts", "get_caller_identity", "InvalidClientTokenId", id="query"),
        pytest.param("backup", "list_backup_vaults", "UnrecognizedClientException", id="rest-json"),
        pytest.param("kms", "list_keys", "UnrecognizedClientException", id="json"),
    ],
)
def test_an_inactive_key_opens_nothing(
    server: SimulatorServer, iam: Any, service: str, operation: str, code: str
) -> None:
    """Like one that does not exist; a session that it opened goes on; active again, it works."""
    session = scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/reader")
    before = status(iam)
    iam.update_access_key(UserName="operator", AccessKeyId=KEY, Status="Inactive")
    inactive = status(iam)
    with scenes.refused() as refusal:
        getattr(scenes.client(server, service, scenes.TOOLS, user="operator"), operation)()
    going_on = scenes.session_client(server, "backup", session).list_backup_vaults()
    iam.update_access_key(UserName="operator", AccessKeyId=KEY, Status="Active")

    assert (before, inactive, status(iam)) == (["Active"], ["Inactive"], ["Active"])
    assert (refusal.code, refusal.status) == (code, 403)
    assert going_on["BackupVaultList"]
    assert scenes.client(server, "sts", scenes.TOOLS, user="operator").get_caller_identity()["Arn"].endswith("operator")


REFUSED = [
    pytest.param({"UserName": "operator", "AccessKeyId": "AKIANOBODY0000000000"}, "NoSuchEntity", id="no such key"),
    pytest.param({"UserName": "admin", "AccessKeyId": KEY}, "NoSuchEntity", id="another user's key"),
    pytest.param({"UserName": "nobody", "AccessKeyId": KEY}, "NoSuchEntity", id="no such user"),
    pytest.param({"UserName": "operator", "AccessKeyId": KEY, "Status": "Expired"}, "InvalidInput", id="Expired"),
]


@pytest.mark.parametrize(("params", "code"), REFUSED)
def test_a_status_that_cannot_be_set_is_refused(iam: Any, params: scenes.Json, code: str) -> None:
    """Only keys of the user that is named, only active or inactive."""
    with scenes.refused() as refusal:
        iam.update_access_key(**({"Status": "Inactive"} | params))

    assert refusal.code == code
    assert status(iam) == ["Active"]


def test_inactive_keys_count(iam: Any) -> None:
    """Two per user, whatever their status."""
    iam.update_access_key(UserName="operator", AccessKeyId=KEY, Status="Inactive")
    iam.create_access_key(UserName="operator")
    with scenes.refused() as refusal:
        iam.create_access_key(UserName="operator")

    assert refusal.code == "LimitExceeded"
    assert status(iam) == ["Inactive", "Active"]


def test_a_key_has_the_date_of_its_making(server: SimulatorServer, iam: Any) -> None:
    """The world's begin with the world."""
    server.control.advance("1h")
    made = iam.create_access_key(UserName="operator")["AccessKey"]
    listed = iam.list_access_keys(UserName="operator")["AccessKeyMetadata"]

    assert [one["CreateDate"] for one in listed] == [NOW, NOW + dt.timedelta(hours=1)]
    assert made["CreateDate"] == NOW + dt.timedelta(hours=1)


def test_when_a_key_was_last_used(server: SimulatorServer, iam: Any) -> None:
    """By time, service and Region; refused calls count, sessions of roles do not."""
    never = iam.get_access_key_last_used(AccessKeyId=KEY)
    scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/reader")
    server.control.advance("1h")
    with scenes.refused():
        scenes.client(server, "backup", scenes.TOOLS, user="operator", region=scenes.AWAY).list_backup_vaults()
    server.control.advance("1h")
    found = iam.get_access_key_last_used(AccessKeyId=KEY)

    assert never["UserName"] == "operator"
    assert never["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    assert found["AccessKeyLastUsed"] == {
        "LastUsedDate": NOW + dt.timedelta(hours=1),
        "ServiceName": "backup",
        "Region": scenes.AWAY,
    }


def test_who_asks_about_a_key(server: SimulatorServer, iam: Any) -> None:
    """Keys of other accounts and of sessions are none of the caller's business."""
    session = scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/reader")
    other = server.credentials(scenes.SOURCE, "admin").aws_access_key_id
    codes = []
    for key in (other, session["AccessKeyId"], "AKIANOBODY0000000000"):
        with scenes.refused() as refusal:
            iam.get_access_key_last_used(AccessKeyId=key)
        codes.append(refusal.code)
    with scenes.refused() as weak:
        scenes.client(server, "iam", scenes.TOOLS, user="operator").get_access_key_last_used(AccessKeyId=KEY)

    assert codes == ["AccessDenied", "NoSuchEntity", "NoSuchEntity"]
    assert weak.code == "AccessDenied"
