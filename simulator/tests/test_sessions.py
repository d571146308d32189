"""STS: who may assume which role, for how long, and what a session may do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

OPERATOR = f"arn:aws:iam::{scenes.TARGET}:role/operator"


def test_a_user_learns_who_it_is(server: SimulatorServer) -> None:
    """GetCallerIdentity needs no permission: the operator's user has none for it."""
    found = scenes.client(server, "sts", scenes.TOOLS, user="operator").get_caller_identity()

    assert found["Account"] == scenes.TOOLS
    assert found["Arn"] == f"arn:aws:iam::{scenes.TOOLS}:user/operator"


def test_a_session_acts_in_the_account_of_its_role(server: SimulatorServer) -> None:
    """Calls with a session land in the role's account under the session's ARN."""
    found = scenes.session_client(server, "sts", scenes.assume(server, OPERATOR)).get_caller_identity()

    assert found["Account"] == scenes.TARGET
    assert found["Arn"] == f"arn:aws:sts::{scenes.TARGET}:assumed-role/operator/test"
    assert found["UserId"].startswith("AROA")
    assert found["UserId"].endswith(":test")


REFUSED = [
    pytest.param({"ExternalId": "wrong"}, id="wrong External ID"),
    pytest.param({"ExternalId": None}, id="missing External ID"),
    pytest.param({"RoleArn": f"arn:aws:iam::{scenes.TARGET}:role/nobody"}, id="missing role"),
    pytest.param({"RoleArn": "arn:aws:iam::000000000000:role/operator"}, id="missing account"),
    pytest.param({"RoleArn": scenes.COPIER}, id="a role that trusts only the service"),
    pytest.param({"RoleArn": f"arn:aws:iam::{scenes.TARGET}:role/some/path/operator"}, id="wrong path"),
]


@pytest.mark.parametrize("changes", REFUSED)
def test_a_role_that_does_not_trust_is_refused(server: SimulatorServer, changes: scenes.Json) -> None:
    """All of these read alike: AccessDenied with caller and role."""
    asked: scenes.Json = {"RoleArn": OPERATOR, "RoleSessionName": "test", "ExternalId": scenes.EXTERNAL_ID} | changes
    asked = {name: value for name, value in asked.items() if value is not None}
    with scenes.refused() as refusal:
        scenes.client(server, "sts", scenes.TOOLS, user="operator").assume_role(**asked)

    assert (refusal.code, refusal.status) == ("AccessDenied", 403)
    assert refusal.message == (
        f"User: arn:aws:iam::{scenes.TOOLS}:user/operator is not authorized to perform: "
        f"sts:AssumeRole on resource: {asked['RoleArn']}"
    )


def test_a_caller_without_the_right_to_assume_is_refused(server: SimulatorServer) -> None:
    """Trust alone is not enough across accounts."""
    scene = scenes.world()
    scenes.account(scene, scenes.TOOLS)["users"][1]["policies"] = [scenes.allow("sts:GetCallerIdentity")]
    server.control.load(scene)
    with scenes.refused() as refusal:
        scenes.assume(server, OPERATOR)

    assert refusal.code == "AccessDenied"


def test_trust_in_a_whole_account_leaves_it_to_that_account(server: SimulatorServer) -> None:
    """A root principal means whoever there may assume roles."""
    scene = scenes.world()
    scenes.account(scene, scenes.TARGET)["roles"][0]["trust"] = {"aws": [scenes.TOOLS]}
    server.control.load(scene)

    assert scenes.assume(server, OPERATOR)["SessionToken"]


LENGTHS = [
    pytest.param(3601, "1h", "exceeds the MaxSessionDuration", id="longer than the role allows"),
    pytest.param(43_200, "2h", "exceeds the MaxSessionDuration", id="twelve hours on a two hour role"),
    pytest.param(899, "1h", "greater than or equal to 900", id="shorter than STS allows"),
    pytest.param(43_201, "12h", "less than or equal to 43200", id="longer than STS allows"),
]


@pytest.mark.parametrize(("seconds", "allowed", "words"), LENGTHS)
def test_the_length_of_a_session_has_bounds(server: SimulatorServer, seconds: int, allowed: str, words: str) -> None:
    """ValidationError says which bound."""
    scene = scenes.world()
    scenes.account(scene, scenes.TARGET)["roles"][0]["max_session"] = allowed
    server.control.load(scene)
    with scenes.refused() as refusal:
        scenes.assume(server, OPERATOR, DurationSeconds=seconds)

    assert refusal.code == "ValidationError"
    assert words in refusal.message


def test_a_chained_session_lasts_one_hour_at_most(server: SimulatorServer) -> None:
    """A session that assumes a role gets 3600 s, whatever the role allows."""
    scene = scenes.world()
    hub = f"arn:aws:iam::{scenes.TOOLS}:role/hub"
    scenes.account(scene, scenes.TOOLS)["roles"] = [scenes.role("hub")]
    scenes.account(scene, scenes.TARGET)["roles"][0] |= {"max_session": "12h", "trust": {"aws": [hub]}}
    server.control.load(scene)
    chained = scenes.session_client(server, "sts", scenes.assume(server, hub))
    with scenes.refused() as refusal:
        chained.assume_role(RoleArn=OPERATOR, RoleSessionName="chained", DurationSeconds=3601)
    allowed = chained.assume_role(RoleArn=OPERATOR, RoleSessionName="chained", DurationSeconds=3600)

    assert "role chaining" in refusal.message
    assert allowed["AssumedRoleUser"]["Arn"].endswith("assumed-role/operator/chained")


EXPIRED = [
    pytest.param("backup", "list_backup_vaults", "ExpiredTokenException", id="rest-json"),
    pytest.param("kms", "list_keys", "ExpiredTokenException", id="json"),
    pytest.param("sts", "get_caller_identity", "ExpiredToken", id="query"),
]


@pytest.mark.parametrize(("service", "operation", "code"), EXPIRED)
def test_a_session_ends_on_the_virtual_clock(server: SimulatorServer, service: str, operation: str, code: str) -> None:
    """At 899 s it works, at 901 s it does not."""
    client = scenes.session_client(server, service, scenes.assume(server, OPERATOR, DurationSeconds=900))
    server.control.advance(899)
    getattr(client, operation)()
    server.control.advance(2)
    with scenes.refused() as refusal:
        getattr(client, operation)()

    assert (refusal.code, refusal.status) == (code, 403)


@pytest.mark.parametrize(
    ("rate", "wall"),
    [pytest.param(60.0, 60.0, id="sixty times as fast"), pytest.param(1.0, 3600.0, id="real time")],
)
def test_the_expiration_is_given_in_wall_time(server: SimulatorServer, rate: float, wall: float) -> None:
    """A refreshing client compares with its own clock, so the moment is the real one at which the session will end."""
    server.control.rate(rate)
    server.control.freeze(frozen=False)
    found = scenes.assume(server, OPERATOR)

    assert found["Expiration"].timestamp() - time.time() == pytest.approx(wall, abs=50)


def test_sessions_may_last_in_wall_time(server: SimulatorServer) -> None:
    """A fast world whose clients shall not renew at every call: neither rate nor jumps end a session."""
    scene = scenes.world()
    scene["clock"] |= {"sessions": "wall", "rate": 1000}
    server.control.load(scene)
    found = scenes.assume(server, OPERATOR)
    server.control.advance("20h")

    assert found["Expiration"].timestamp() - time.time() == pytest.approx(3600, abs=50)
    assert scenes.session_client(server, "sts", found).get_caller_identity()["Account"] == scenes.TARGET


def test_tags_of_a_session_need_trust_in_tagging(server: SimulatorServer) -> None:
    """Without sts:TagSession in the trust policy a session with tags is refused."""
    with scenes.refused() as refusal:
        scenes.assume(server, OPERATOR, Tags=[{"Key": "team", "Value": "backup"}])

    assert "sts:TagSession" in refusal.message


def test_tags_of_a_session_are_condition_keys(server: SimulatorServer) -> None:
    """aws:PrincipalTag of the session decides."""
    scene = scenes.world()
    target = scenes.account(scene, scenes.TARGET)["roles"][0]
    target["trust"] |= {"tag_session": True}
    tagged = {"StringEquals": {"aws:PrincipalTag/team": "backup"}}
    target["policies"] = [scenes.allow("backup:ListBackupVaults", condition=tagged)]
    server.control.load(scene)
    right = scenes.assume(server, OPERATOR, Tags=[{"Key": "team", "Value": "backup"}])
    wrong = scenes.assume(server, OPERATOR, Tags=[{"Key": "team", "Value": "other"}])

    assert scenes.session_client(server, "backup", right).list_backup_vaults()["BackupVaultList"] == []
    with scenes.refused() as refusal:
        scenes.session_client(server, "backup", wrong).list_backup_vaults()
    assert refusal.code == "AccessDeniedException"


def test_a_session_of_a_deleted_role_may_nothing(server: SimulatorServer) -> None:
    """The role's policies are gone with it."""
    found = scenes.assume(server, OPERATOR)
    scenes.delete_role(server, scenes.TARGET, "operator")
    with scenes.refused() as refusal:
        scenes.session_client(server, "backup", found).list_backup_vaults()

    assert refusal.code == "AccessDeniedException"
