"""S3 in front of moto: what a request means, who may make it, and where buckets may be named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from backup_simulator.moto_adapter import s3
from backup_simulator.transport import InProcess
from backup_simulator.wire import Request
from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

CLERK = f"arn:aws:iam::{scenes.SOURCE}:user/clerk"


def _scene(*policies: scenes.Json) -> scenes.Json:
    """A world with a clerk in the source account."""
    scene = scenes.world()
    key = {"id": "AKIACLERK00000000001", "secret": "clerk-secret"}
    scenes.account(scene, scenes.SOURCE)["users"].append({"name": "clerk", "access_key": key, "policies": policies})
    return scene


def _s3(opened: InProcess, user: str = "admin", account: str = scenes.SOURCE) -> Any:
    return opened.client("s3", account, user, region=scenes.HOME, config=scenes.fast())


def _filled(opened: InProcess, bucket: str = "documents") -> Any:
    s3 = _s3(opened)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": scenes.HOME})
    s3.put_object(Bucket=bucket, Key="a/b c", Body=b"text")
    return s3


def _asked(method: str, path: str, query: str = "", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        method, path, query, {"host": "s3.eu-west-1.amazonaws.com"} | named, b"<Key>x</Key><Key>y&amp;z</Key>"
    )


@pytest.mark.parametrize(
    ("request_", "operation", "needed"),
    [
        pytest.param(_asked("GET", "/"), "ListBuckets", ["ListAllMyBuckets *"], id="all buckets"),
        pytest.param(_asked("PUT", "/b"), "CreateBucket", ["CreateBucket arn:aws:s3:::b"], id="a new bucket"),
        pytest.param(_asked("HEAD", "/b"), "HeadBucket", ["ListBucket arn:aws:s3:::b"], id="whether a bucket is there"),
        pytest.param(_asked("GET", "/b"), "ListObjects", ["ListBucket arn:aws:s3:::b"], id="objects, the old way"),
        pytest.param(
            _asked("GET", "/b", "list-type=2&prefix=a"), "ListObjectsV2", ["ListBucket arn:aws:s3:::b"], id="objects"
        ),
        pytest.param(
            _asked("PUT", "/b", "tagging"), "PutBucketTagging", ["PutBucketTagging arn:aws:s3:::b"], id="new tags"
        ),
        pytest.param(
            _asked("DELETE", "/b", "tagging"), "DeleteBucketTagging", ["PutBucketTagging arn:aws:s3:::b"], id="no tags"
        ),
        pytest.param(
            _asked("GET", "/b", "lifecycle"),
            "GetBucketLifecycleConfiguration",
            ["GetLifecycleConfiguration arn:aws:s3:::b"],
            id="a configuration",
        ),
        pytest.param(
            _asked("GET", "/b", "analytics"),
            "ListBucketAnalyticsConfigurations",
            ["GetAnalyticsConfiguration arn:aws:s3:::b"],
            id="configurations",
        ),
        pytest.param(
            _asked("GET", "/b", "analytics&id=1"),
            "GetBucketAnalyticsConfiguration",
            ["GetAnalyticsConfiguration arn:aws:s3:::b"],
            id="one of the configurations",
        ),
        pytest.param(
            _asked("GET", "/b/a/b%20c"), "GetObject", ["GetObject arn:aws:s3:::b/a/b c"], id="an object with a blank"
        ),
        pytest.param(
            _asked("GET", "/b/k", "versionId=1"), "GetObject", ["GetObjectVersion arn:aws:s3:::b/k"], id="a version"
        ),
        pytest.param(
            _asked("PUT", "/b/k", "x-id=PutObject"), "PutObject", ["PutObject arn:aws:s3:::b/k"], id="a write"
        ),
        pytest.param(
            _asked("PUT", "/b/k", x_amz_copy_source="/from/a%20b?versionId=1"),
            "CopyObject",
            ["PutObject arn:aws:s3:::b/k", "GetObject arn:aws:s3:::from/a b"],
            id="a copy reads, too",
        ),
        pytest.param(
            _asked("PUT", "/b/k", "partNumber=1&uploadId=2"), "UploadPart", ["PutObject arn:aws:s3:::b/k"], id="a part"
        ),
        pytest.param(
            _asked("POST", "/b/k", "uploads"), "CreateMultipartUpload", ["PutObject arn:aws:s3:::b/k"], id="an upload"
        ),
        pytest.param(
            _asked("DELETE", "/b/k", "uploadId=2"),
            "AbortMultipartUpload",
            ["AbortMultipartUpload arn:aws:s3:::b/k"],
            id="an upload given up",
        ),
        pytest.param(
            _asked("POST", "/b", "delete"),
            "DeleteObjects",
            ["DeleteObject arn:aws:s3:::b/x", "DeleteObject arn:aws:s3:::b/y&z"],
            id="many deleted at once",
        ),
    ],
)
def test_a_request_is_told_apart(request_: Request, operation: str, needed: list[str]) -> None:
    """By method, path, words of the query and headers; its rights are those of the authorization reference."""
    needs = s3.needs(request_, operation)

    assert s3.operation(request_) == operation
    assert [f"{need.action} {need.resource}" for need in needs] == needed


@pytest.mark.parametrize(
    ("host", "path"),
    [
        pytest.param("s3.eu-west-1.amazonaws.com", "/k", id="AWS's own host"),
        pytest.param("documents.s3.eu-west-1.amazonaws.com", "/documents/k", id="AWS's own host with a bucket"),
        pytest.param("my.documents.s3.amazonaws.com", "/my.documents/k", id="a bucket with a dot"),
        pytest.param("documents.localhost:4599", "/documents/k", id="a bucket before localhost"),
        pytest.param("localhost:4599", "/k", id="localhost"),
        pytest.param("127.0.0.1:4599", "/k", id="an address"),
    ],
)
def test_a_host_may_name_the_bucket(host: str, path: str) -> None:
    """Everything behind reads the path only."""
    assert s3.path_style(Request("GET", "/k", "", {"host": host}, b"")).path == path


def test_a_bucket_may_stand_in_the_host(server: SimulatorServer) -> None:
    """As clients write it for `localhost`, and for AWS's own names where no socket is."""
    virtual = Config(s3={"addressing_style": "virtual"}, retries={"total_max_attempts": 1})
    found = server.credentials(scenes.SOURCE, "admin")
    opened = InProcess(server.simulator)
    s3 = opened.client_with(
        "s3", found.aws_access_key_id, found.aws_secret_access_key, region_name=scenes.HOME, config=virtual
    )
    s3.create_bucket(Bucket="documents", CreateBucketConfiguration={"LocationConstraint": scenes.HOME})
    s3.put_object(Bucket="documents", Key="a/b", Body=b"text")
    host = {"host": f"documents.localhost:{server.port}"}
    seen = scenes.signed(server, "s3", "GET", "/a/b", headers=host)

    assert (seen.status, seen.body) == (200, b"text")
    assert s3.get_object(Bucket="documents", Key="a/b")["Body"].read() == b"text"


@pytest.mark.parametrize(
    ("allowed", "works"),
    [
        pytest.param(scenes.allow("s3:GetObject", resource="arn:aws:s3:::documents/a/*"), True, id="on the object"),
        pytest.param(scenes.allow("s3:GetObject", resource="arn:aws:s3:::documents"), False, id="on the bucket only"),
        pytest.param(scenes.allow("s3:GetObject", resource="arn:aws:s3:::others/*"), False, id="on another bucket"),
        pytest.param(scenes.allow("s3:PutObject"), False, id="another action"),
    ],
)
def test_a_caller_needs_the_right_on_bucket_or_object(allowed: scenes.Json, works: bool) -> None:
    """The refusal has the form and the code of S3."""
    opened = InProcess(_scene(allowed))
    _filled(opened)
    clerk = _s3(opened, "clerk")
    if works:
        assert clerk.get_object(Bucket="documents", Key="a/b c")["Body"].read() == b"text"
        return
    with scenes.refused() as refusal:
        clerk.get_object(Bucket="documents", Key="a/b c")

    assert (refusal.code, refusal.status) == ("AccessDenied", 403)
    assert f"User: {CLERK} is not authorized to perform: s3:GetObject" in refusal.message
    assert "arn:aws:s3:::documents/a/b c" in refusal.message


def test_a_bucket_policy_lets_in_and_keeps_out() -> None:
    """Another account needs it; a Deny in it holds for the bucket's own account, until the policy is deleted."""
    opened = InProcess(_scene())
    s3, stranger = _filled(opened), _s3(opened, account=scenes.TARGET)
    with scenes.refused() as outside:
        stranger.get_object(Bucket="documents", Key="a/b c")
    target = {"AWS": f"arn:aws:iam::{scenes.TARGET}:root"}
    let_in = {"Effect": "Allow", "Principal": target, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::documents/*"}
    keep = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::documents/*"}
    s3.put_bucket_policy(Bucket="documents", Policy=scenes.text(scenes.policy(let_in, keep)))

    assert outside.code == "AccessDenied"
    assert stranger.get_object(Bucket="documents", Key="a/b c")["Body"].read() == b"text"
    with scenes.refused() as kept:
        s3.delete_object(Bucket="documents", Key="a/b c")
    assert "with an explicit deny in a resource-based policy" in kept.message
    s3.delete_bucket_policy(Bucket="documents")
    s3.delete_object(Bucket="documents", Key="a/b c")
    with pytest.raises(ClientError):
        stranger.list_objects_v2(Bucket="documents")


@pytest.mark.parametrize(
    ("principal", "message"),
    [
        pytest.param(f"arn:aws:iam::{scenes.SOURCE}:role/nobody", "Invalid principal in policy", id="nobody"),
        pytest.param(None, "", id="no principal at all"),
    ],
)
def test_a_bucket_policy_that_cannot_be_is_refused(principal: str | None, message: str) -> None:
    """And none is there afterwards."""
    opened = InProcess(_scene())
    s3 = _filled(opened)
    statement: scenes.Json = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::documents/*"}
    statement |= {"Principal": {"AWS": principal}} if principal else {"Nonsense": "x"}
    with scenes.refused() as refusal:
        s3.put_bucket_policy(Bucket="documents", Policy=scenes.text(scenes.policy(statement)))

    assert (refusal.code, refusal.status) == ("MalformedPolicy", 400)
    assert message in refusal.message
    with scenes.refused() as missing:
        s3.get_bucket_policy(Bucket="documents")
    assert missing.code == "NoSuchBucketPolicy"


@pytest.mark.parametrize(
    ("way", "body"),
    [
        pytest.param(
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            b"4;chunk-signature=1\r\ntext\r\n0;chunk-signature=2\r\n\r\n",
            id="signed, as the SDK for Java does without TLS",
        ),
        pytest.param(
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            b"4\r\ntext\r\n0\r\nx-amz-checksum-crc32:O4unxw==\r\n\r\n",
            id="unsigned, with a checksum behind",
        ),
    ],
)
def test_a_body_may_come_in_pieces(server: SimulatorServer, way: str, body: bytes) -> None:
    """The object is what the pieces held; no other service takes bodies that nobody signed in this way."""
    s3 = scenes.client(server, "s3", scenes.SOURCE)
    s3.create_bucket(Bucket="documents", CreateBucketConfiguration={"LocationConstraint": scenes.HOME})
    headers = {"x-amz-content-sha256": way, "x-amz-decoded-content-length": "4", "content-encoding": "aws-chunked"}
    put = scenes.signed(server, "s3", "PUT", "/documents/a", body=body, headers=headers)
    elsewhere = scenes.signed(server, "backup", "PUT", "/backup-vaults/fresh", body=b"{}", headers=headers)

    assert put.status == 200
    assert s3.get_object(Bucket="documents", Key="a")["Body"].read() == b"text"
    assert elsewhere.json["Code"] == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param({"StringLike": {"s3:prefix": "a/*"}}, "OK", id="the prefix fits"),
        pytest.param({"StringLike": {"s3:prefix": "b/*"}}, "AccessDenied", id="the prefix does not fit"),
        pytest.param({"Null": {"s3:delimiter": "true"}}, "OK", id="what was not asked for is absent"),
        pytest.param({"StringEquals": {"s3:authType": "REST-HEADER"}}, "OK", id="how it was signed"),
        pytest.param({"StringEquals": {"s3:ResourceAccount": scenes.SOURCE}}, "OK", id="whose bucket it is"),
        pytest.param({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, "NotImplemented", id="what AWS alone knows"),
    ],
)
def test_conditions_of_s3_are_judged(condition: scenes.Json, expected: str) -> None:
    """Where a key cannot be known the simulator refuses to guess."""
    opened = InProcess(_scene(scenes.allow("s3:ListBucket", condition=condition)))
    _filled(opened)
    try:
        found = _s3(opened, "clerk").list_objects_v2(Bucket="documents", Prefix="a/x")
        seen = "OK" if found["KeyCount"] == 0 else "found"
    except ClientError as error:
        seen = error.response["Error"]["Code"]

    assert seen == expected


@pytest.mark.parametrize("over_http", [False, True])
def test_the_head_of_an_object_tells_its_length(server: SimulatorServer, over_http: bool) -> None:
    """Downloads ask for it before they begin."""
    s3 = scenes.client(server, "s3", scenes.SOURCE) if over_http else _s3(InProcess(scenes.world()))
    s3.create_bucket(Bucket="lengths", CreateBucketConfiguration={"LocationConstraint": scenes.HOME})
    for key, body in (("full", b"text"), ("empty", b"")):
        s3.put_object(Bucket="lengths", Key=key, Body=body)

        assert s3.head_object(Bucket="lengths", Key=key)["ContentLength"] == len(body)


def test_keys_hold_any_character() -> None:
    """Also those beyond Latin-1."""
    s3 = _filled(InProcess(scenes.world()))
    keys = ["1 €", "文/件", "\U0001f600", "é", "a%2Fb", "a//b"]
    for key in keys:
        s3.put_object(Bucket="documents", Key=key, Body=key.encode())

        assert s3.get_object(Bucket="documents", Key=key)["Body"].read() == key.encode()
