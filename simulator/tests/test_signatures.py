"""Signatures are verified for real; unknown, wrong, late and expired ones are refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from backup_simulator import server as simulator_server
from backup_simulator.server import SimulatorServer
from simulator_kit import scenes

UNKNOWN = [
    pytest.param("backup", "list_backup_vaults", "UnrecognizedClientException", id="rest-json"),
    pytest.param("kms", "list_keys", "UnrecognizedClientException", id="json"),
    pytest.param("sts", "get_caller_identity", "InvalidClientTokenId", id="query"),
]


def with_key(server: SimulatorServer, service: str, key: str, secret: str, token: str | None = None) -> Any:
    """A client on any key."""
    options: scenes.Json = {"region_name": scenes.HOME, "config": scenes.fast()}
    return simulator_server.client(service, server.url, key, secret, token, **options)


@pytest.mark.parametrize(("service", "operation", "code"), UNKNOWN)
def test_an_unknown_key_is_refused(server: SimulatorServer, service: str, operation: str, code: str) -> None:
    """Nobody falls back to a default account."""
    with scenes.refused() as refusal:
        getattr(with_key(server, service, "AKIANOBODY0000000000", "x"), operation)()

    assert (refusal.code, refusal.status) == (code, 403)


WRONG_SECRET = [
    pytest.param("backup", "list_backup_vaults", "InvalidSignatureException", id="a GET of rest-json"),
    pytest.param("kms", "list_keys", "InvalidSignatureException", id="json"),
    pytest.param("sts", "get_caller_identity", "SignatureDoesNotMatch", id="query"),
]


@pytest.mark.parametrize(("service", "operation", "code"), WRONG_SECRET)
def test_a_region_that_there_is_not_is_refused(
    server: SimulatorServer, service: str, operation: str, code: str
) -> None:
    """A slip of the finger does not find an empty Region."""
    with scenes.refused() as refusal:
        getattr(scenes.client(server, service, scenes.SOURCE, region="eu-wset-1"), operation)()

    assert (refusal.code, refusal.status) == (code, 403)
    assert refusal.message == "Credential should be scoped to a valid region, not 'eu-wset-1'."


@pytest.mark.parametrize(("service", "operation", "code"), WRONG_SECRET)
def test_a_wrong_secret_is_refused(server: SimulatorServer, service: str, operation: str, code: str) -> None:
    """The signature is computed again from the bytes."""
    key = server.credentials(scenes.SOURCE, "admin").aws_access_key_id
    with scenes.refused() as refusal:
        getattr(with_key(server, service, key, "wrong"), operation)()

    assert (refusal.code, refusal.status) == (code, 403)


def test_a_body_changed_on_the_way_is_refused(server: SimulatorServer) -> None:
    """The signature covers the body."""
    found = server.credentials(scenes.SOURCE, "admin")
    request = AWSRequest(method="PUT", url=server.url + "/global-settings", data=b"{}")
    credentials = Credentials(found.aws_access_key_id, found.aws_secret_access_key)
    SigV4Auth(credentials, "backup", scenes.HOME).add_auth(request)
    answer = scenes.send(server, "PUT", "/global-settings", b'{"a":1}', dict(request.headers.items()))

    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"] == "InvalidSignatureException"


def test_headers_that_proxies_add_may_be_signed(server: SimulatorServer) -> None:
    """They arrive as they were sent, since nothing else than the signature looks at them."""
    headers = {"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "https"}
    answer = scenes.signed(server, "backup", "GET", "/backup-vaults/", headers=headers)

    assert answer.status == 200


def test_a_path_changed_on_the_way_is_refused(server: SimulatorServer) -> None:
    """The signature covers the path."""
    found = server.credentials(scenes.SOURCE, "admin")
    request = AWSRequest(method="GET", url=server.url + "/backup-vaults/backups")
    credentials = Credentials(found.aws_access_key_id, found.aws_secret_access_key)
    SigV4Auth(credentials, "backup", scenes.HOME).add_auth(request)
    answer = scenes.send(server, "GET", "/backup-vaults/others", headers=dict(request.headers.items()))

    assert answer.headers["x-amzn-errortype"] == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("offset", "word"),
    [pytest.param(-16, "expired", id="too old"), pytest.param(16, "not yet current", id="from the future")],
)
def test_a_date_far_from_wall_time_is_refused(
    server: SimulatorServer, monkeypatch: pytest.MonkeyPatch, offset: int, word: str
) -> None:
    """A quarter of an hour of skew is the limit, whatever virtual time says."""
    moved = dt.datetime.now(dt.UTC).replace(tzinfo=None) + dt.timedelta(minutes=offset)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_args, **_options: moved)
    answer = scenes.signed(server, "backup", "GET", "/backup-vaults/")

    assert answer.status == 403
    assert word in answer.json["Message"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        pytest.param({}, "MissingAuthenticationTokenException", id="no signature"),
        pytest.param({"Authorization": "Bearer x"}, "IncompleteSignatureException", id="another scheme"),
        pytest.param(
            {"Authorization": "AWS4-HMAC-SHA256 Credential=a/b"}, "IncompleteSignatureException", id="half a header"
        ),
    ],
)
def test_a_request_without_a_whole_signature_is_refused(
    server: SimulatorServer, headers: dict[str, str], code: str
) -> None:
    """403 with the code that says what is missing."""
    answer = scenes.send(server, "GET", "/backup-vaults/", headers=headers)

    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, code)


OTHERWISE = [
    pytest.param(
        "/backup-vaults/", {"Authorization": "AWS4-ECDSA-P256-SHA256 Credential=AKIA/20260101"}, "SigV4A", id="SigV4A"
    ),
    pytest.param(
        "/backup-vaults/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00", {}, "presigned requests", id="presigned"
    ),
]


@pytest.mark.parametrize(("path", "headers", "what"), OTHERWISE)
def test_other_ways_to_sign_are_not_implemented(
    server: SimulatorServer, path: str, headers: dict[str, str], what: str
) -> None:
    """501 by name, not a refusal that looks like a mistake of the caller."""
    answer = scenes.send(server, "GET", path, headers=headers)

    assert answer.status == 501
    assert f"The simulator does not implement {what}" in answer.body.decode()


@pytest.mark.parametrize(
    ("service", "path"),
    [
        pytest.param("backup", "/backup-vaults/", id="AWS Backup"),
        pytest.param("sts", "/?Action=GetCallerIdentity&Version=2011-06-15", id="STS"),
    ],
)
def test_a_body_has_to_be_signed(server: SimulatorServer, service: str, path: str) -> None:
    """UNSIGNED-PAYLOAD is a hash that does not fit the body."""
    answer = scenes.signed(server, service, "GET", path, headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})

    assert answer.status == 403
    assert "The request signature we calculated does not match" in answer.body.decode()


def test_a_session_key_without_its_token_is_refused(server: SimulatorServer) -> None:
    """ASIA keys are worth nothing alone."""
    found = scenes.assume(server, f"arn:aws:iam::{scenes.TARGET}:role/operator")
    with scenes.refused() as refusal:
        with_key(server, "backup", found["AccessKeyId"], found["SecretAccessKey"]).list_backup_vaults()

    assert refusal.code == "UnrecognizedClientException"


def test_the_virtual_clock_does_not_disturb_signatures(server: SimulatorServer) -> None:
    """Years may pass in the simulated world; clients still sign with wall time."""
    server.control.advance("700d")

    assert scenes.client(server, "sts", scenes.SOURCE).get_caller_identity()["Account"] == scenes.SOURCE


ORDER = [
    pytest.param("/nowhere", "wrong", "InvalidSignatureException", id="the signature before the route"),
    pytest.param("/nowhere", None, "UnknownOperationException", id="the route"),
    pytest.param("/copy-jobs/?maxResults=0", None, "InvalidParameterValueException", id="parameters before the right"),
    pytest.param("/copy-jobs/missing", None, "AccessDeniedException", id="the right before what there is"),
]


@pytest.mark.parametrize(("path", "secret", "code"), ORDER)
def test_what_is_judged_first(server: SimulatorServer, path: str, secret: str | None, code: str) -> None:
    """Of all that is wrong with a call of somebody without rights the first is told."""
    world = scenes.world()
    scenes.account(world, scenes.SOURCE)["users"][0]["policies"] = []
    server.control.load(world)
    answer = scenes.signed(server, "backup", "GET", path, secret=secret)

    assert answer.headers["x-amzn-errortype"] == code
