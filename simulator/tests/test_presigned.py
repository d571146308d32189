"""Presigned URLs: calls whose signature is in the query, as Kubernetes authenticators and browsers send them."""

from __future__ import annotations

import datetime as dt
import json
import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

WHO = "/?Action=GetCallerIdentity&Version=2011-06-15"
CLUSTER = {"x-k8s-aws-id": "orders"}
DAY = 86_400


def presigned(
    server: SimulatorServer,
    service: str,
    path: str,
    *,
    expires: int | str = 60,
    headers: scenes.Json | None = None,
    method: str = "GET",
    credentials: Credentials | None = None,
    body: bytes = b"",
) -> str:
    """The path and query of a request that the source's administrator signs for somebody else to send."""
    found = server.credentials(scenes.SOURCE, "admin")
    mine = Credentials(found.aws_access_key_id, found.aws_secret_access_key)
    request = AWSRequest(method=method, url=server.url + path, headers=headers or {}, data=body)
    kind: Any = S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth
    kind(credentials or mine, service, scenes.HOME, expires=expires).add_auth(request)
    return str(request.url).removeprefix(server.url)


def at(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let clients sign with a clock that is so far ahead."""
    moved = dt.datetime.now(dt.UTC).replace(tzinfo=None) + dt.timedelta(seconds=seconds)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_args, **_options: moved)


def test_a_presigned_url_is_a_call(server: SimulatorServer) -> None:
    """Whoever has the URL acts with the rights of who signed it, in every protocol."""
    vaults = scenes.send(server, "GET", presigned(server, "backup", "/backup-vaults/?maxResults=1"))
    who = scenes.send(server, "GET", presigned(server, "sts", WHO))
    listed = "/?Action=ListRoles&Version=2010-05-08&PathPrefix=%2Fnowhere%2F"
    roles = scenes.send(server, "GET", presigned(server, "iam", listed))
    json_form = {"x-amz-target": "TrentService.ListKeys", "content-type": "application/x-amz-json-1.1"}
    url = presigned(server, "kms", "/", headers=json_form, method="POST")
    keys = scenes.send(server, "POST", url, headers=json_form)

    assert [one["BackupVaultName"] for one in vaults.json["BackupVaultList"]] == ["backups"]
    assert f"<Arn>arn:aws:iam::{scenes.SOURCE}:user/admin</Arn>" in who.body.decode()
    assert "<Roles></Roles>" in roles.body.decode()
    assert keys.json["Keys"]
    assert [call.operation for call in server.control.calls()] == [
        "ListBackupVaults",
        "GetCallerIdentity",
        "ListRoles",
        "ListKeys",
    ]


def test_botocore_makes_urls_that_work(server: SimulatorServer) -> None:
    """Also with the credentials of a session."""
    session = scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/reader")
    sts = scenes.session_client(server, "sts", session)
    url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    answer = scenes.send(server, "GET", url.removeprefix(server.url))

    assert "assumed-role/reader/test</Arn>" in answer.body.decode()


def test_a_kubernetes_token_is_answered_in_json(server: SimulatorServer) -> None:
    """The authenticator sends the cluster's name in a signed header and wants JSON."""
    url = presigned(server, "sts", WHO, headers=CLUSTER)
    json_wanted = {"accept": "application/json"}
    right = scenes.send(server, "GET", url, headers=CLUSTER | json_wanted)
    other = scenes.send(server, "GET", url, headers={"x-k8s-aws-id": "payments"} | json_wanted)
    none = scenes.send(server, "GET", url, headers=json_wanted)

    said = right.json["GetCallerIdentityResponse"]
    assert right.headers["content-type"] == "application/json"
    assert said["GetCallerIdentityResult"]["Account"] == scenes.SOURCE
    assert said["GetCallerIdentityResult"]["Arn"] == f"arn:aws:iam::{scenes.SOURCE}:user/admin"
    assert said["ResponseMetadata"]["RequestId"] == right.headers["x-amzn-requestid"]
    for answer in (other, none):
        assert (answer.status, answer.json["Error"]["Code"]) == (403, "SignatureDoesNotMatch")
        assert answer.json["Error"]["Type"] == "Sender"


LASTING = [
    pytest.param("backup", 3600, -3590, 200, id="an hour, shortly before it ends"),
    pytest.param("backup", 3600, -3610, 403, id="an hour, shortly after"),
    pytest.param("backup", 7 * DAY, -6 * DAY, 200, id="a week, after six days"),
    pytest.param("backup", 7 * DAY, -7 * DAY - 10, 403, id="a week, after a week"),
    pytest.param("backup", 60, 890, 200, id="signed by a clock that is a little fast"),
    pytest.param("backup", 60, 910, 403, id="signed by a clock that is too fast"),
    pytest.param("backup", 1, -5, 403, id="a second"),
    pytest.param("sts", 60, -890, 200, id="STS takes no notice and gives it a quarter of an hour"),
    pytest.param("sts", 7 * DAY, -910, 403, id="and no more"),
    pytest.param("sts", 0, 0, 200, id="whatever is said"),
]


@pytest.mark.parametrize(("service", "expires", "clock", "status"), LASTING)
def test_a_url_lasts_as_long_as_it_says(
    server: SimulatorServer, monkeypatch: pytest.MonkeyPatch, service: str, expires: int, clock: float, status: int
) -> None:
    """By wall time."""
    at(monkeypatch, clock)
    url = presigned(server, service, WHO if service == "sts" else "/backup-vaults/", expires=expires)
    answer = scenes.send(server, "GET", url)

    assert answer.status == status
    if status == 403:
        assert ("not yet current" if clock > 0 else "Signature expired") in answer.body.decode()


BOUNDS = [
    pytest.param("backup", 0, "IncompleteSignatureException", "must be non-negative", id="nothing"),
    pytest.param("backup", "soon", "IncompleteSignatureException", "should be a number", id="no number"),
    pytest.param("backup", 7 * DAY + 1, "IncompleteSignatureException", "less than a week", id="more than a week"),
    pytest.param("s3", -1, "AuthorizationQueryParametersError", "must be non-negative", id="less than nothing, S3"),
    pytest.param("s3", 7 * DAY + 1, "AuthorizationQueryParametersError", "less than a week", id="a week, S3"),
]


@pytest.mark.parametrize(("service", "expires", "code", "words"), BOUNDS)
def test_a_url_cannot_last_for_ever(
    server: SimulatorServer, service: str, expires: int | str, code: str, words: str
) -> None:
    """From a second to a week."""
    answer = scenes.send(server, "GET", presigned(server, service, "/backup-vaults/", expires=expires))

    assert answer.status in {400, 403}
    assert code in answer.body.decode() + answer.headers.get("x-amzn-errortype", "")
    assert words in answer.body.decode()


def _without(name: str, url: str) -> str:
    path, _, query = url.partition("?")
    kept = [part for part in query.split("&") if not part.startswith(f"{name}=")]
    return f"{path}?{'&'.join(kept)}"


@pytest.mark.parametrize(
    "name",
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"],
)
def test_half_a_signature_in_the_query_is_refused(server: SimulatorServer, name: str) -> None:
    """The answer says what lacks; S3 says it in its own words."""
    answer = scenes.send(server, "GET", _without(name, presigned(server, "sts", WHO)))
    of_s3 = scenes.send(server, "GET", _without(name, presigned(server, "s3", "/documents")))

    assert answer.status == 400
    assert f"AWS query-string parameters must include '{name}'." in answer.body.decode().replace("&apos;", "'")
    if name != "X-Amz-Credential":  # which says that it is S3
        assert "<Code>AuthorizationQueryParametersError</Code>" in of_s3.body.decode()


CHANGED = [
    pytest.param("/backup-vaults/", "/backup-vaults/others", id="another path"),
    pytest.param("X-Amz-Expires=60", "X-Amz-Expires=600", id="another end"),
    pytest.param("eu-west-1%2Fbackup", "eu-west-2%2Fbackup", id="another Region"),
    pytest.param("X-Amz-Signature=", "X-Amz-Signature=0", id="another signature"),
    pytest.param("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=x-k8s-aws-id", id="no host"),
    pytest.param("X-Amz-Signature=", "maxResults=1&X-Amz-Signature=", id="one parameter more"),
]


@pytest.mark.parametrize(("old", "new"), CHANGED)
def test_a_url_that_was_changed_is_refused(server: SimulatorServer, old: str, new: str) -> None:
    """All but the signature itself is signed."""
    url = presigned(server, "backup", "/backup-vaults/")
    assert old in url
    answer = scenes.send(server, "GET", url.replace(old, new))

    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")


def test_method_and_body_are_signed_too(server: SimulatorServer) -> None:
    """A URL for reading does not delete; a body nobody signed is refused."""
    url = presigned(server, "backup", "/backup-vaults/backups")
    deleted = scenes.send(server, "DELETE", url)
    with_body = scenes.send(server, "GET", url, b"{}")

    assert deleted.headers["x-amzn-errortype"] == "InvalidSignatureException"
    assert with_body.headers["x-amzn-errortype"] == "InvalidSignatureException"
    assert scenes.send(server, "GET", url).json["BackupVaultName"] == "backups"


def test_a_session_signs_with_its_token(server: SimulatorServer) -> None:
    """The token is in the query; without it, or after the session, the URL is worth nothing."""
    found = scenes.assume(server, f"arn:aws:iam::{scenes.SOURCE}:role/reader")
    session = Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
    alone = Credentials(found["AccessKeyId"], found["SecretAccessKey"])
    url = presigned(server, "sts", WHO, credentials=session)

    assert urllib.parse.quote(found["SessionToken"], safe="") in url
    assert scenes.send(server, "GET", url).status == 200
    without = scenes.send(server, "GET", presigned(server, "sts", WHO, credentials=alone))
    assert "<Code>InvalidClientTokenId</Code>" in without.body.decode()
    server.control.advance("2h")
    late = scenes.send(server, "GET", url, headers={"accept": "application/json"})
    assert json.loads(late.body)["Error"]["Code"] == "ExpiredToken"


def test_a_url_has_the_rights_of_who_signed_it(server: SimulatorServer) -> None:
    """A user who may not list vaults cannot sign a URL that does."""
    key = server.credentials(scenes.TOOLS, "operator")
    weak = Credentials(key.aws_access_key_id, key.aws_secret_access_key)
    answer = scenes.send(server, "GET", presigned(server, "backup", "/backup-vaults/", credentials=weak))

    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")


def test_a_bucket_of_s3_answers_a_presigned_url(server: SimulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 signs no body and keeps paths as they are; a late request has expired, in words of its own."""
    s3 = scenes.client(server, "s3", scenes.SOURCE)
    bucket = f"documents-{scenes.SOURCE}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": scenes.HOME})
    listed = scenes.send(server, "GET", presigned(server, "s3", f"/{bucket}?list-type=2"))
    at(monkeypatch, -120)
    late = scenes.send(server, "GET", presigned(server, "s3", f"/{bucket}?list-type=2"))

    assert listed.status == 200
    assert f"<Name>{bucket}</Name>" in listed.body.decode()
    assert late.status == 403
    assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in late.body.decode()


def test_a_signature_beyond_ascii_is_none(server: SimulatorServer) -> None:
    """It is compared like any other, and is wrong."""
    url = presigned(server, "sts", WHO)
    answer = scenes.send(server, "GET", url[:-2] + "%FF")

    assert answer.status == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in answer.body
