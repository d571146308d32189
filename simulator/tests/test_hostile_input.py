"""Whatever arrives, the answer is one of AWS's: never a stack trace, never a 500 of our own making."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backup_simulator.engine import catalogue
from backup_simulator.simulator import Simulator
from backup_simulator.wire import Request
from backup_simulator.world import files
from simulator_kit import requests, scenes
from simulator_kit.requests import SERVICES, answered

if TYPE_CHECKING:
    from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape


QUEUES = catalogue.in_query()["sqs"]
MANY = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


SHARED = Simulator(files.from_object(scenes.world()))

TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(string.printable, max_size=12),
    st.sampled_from(
        [
            "",
            "backups",
            "copies",
            "x" * 300,
            "../..",
            "%2F",
            "%",
            "a/b",
            "arn:aws:backup:::",
            "arn:",
            ":" * 8,
            "\x00",
            scenes.vault_arn(),
            f"arn:aws:iam::{scenes.SOURCE}:role/copier",
            "alias/data",
            "1e999",
            "-1",
            "null",
            "{}",
            '{"Version":"2012-10-17","Statement":[]}',
            "2026-03-01T00:00:00Z",
            "999999-99-99",
            "\ud7ff",
            "\U0001d518",
        ]
    ),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(-(10**30), 10**30), st.floats(), TEXTS)
NONSENSE = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)


def members(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that are almost of a shape."""
    if depth > 4:
        return NONSENSE
    match shape.type_name:
        case "structure":
            fields = {
                str(member.serialization.get("name", name)): members(member, depth + 1)
                for name, member in cast("StructureShape", shape).members.items()
            }
            almost: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional=fields)
        case "list":
            almost = st.lists(members(cast("ListShape", shape).member, depth + 1), max_size=2)
        case "map":
            almost = st.dictionaries(TEXTS, members(cast("MapShape", shape).value, depth + 1), max_size=2)
        case "string":
            enum = shape.metadata.get("enum")
            almost = st.sampled_from(enum) if enum else TEXTS
        case "integer" | "long":
            almost = st.integers(-(2**63), 2**63) | st.integers(-2, 100)
        case "boolean":
            almost = st.booleans()
        case _:
            almost = SCALARS
    return st.one_of(almost, almost, almost, NONSENSE) if depth else almost


def flattened(value: Any, prefix: str = "", *, item: str = "member") -> dict[str, str]:
    """A value as the query protocol writes it, roughly; `item` stands before the numbers of lists."""
    if isinstance(value, dict):
        parts = {f"{prefix}.{name}".strip("."): inner for name, inner in value.items()}
    elif isinstance(value, list):
        parts = {f"{prefix}.{item}.{n}".replace("..", "."): inner for n, inner in enumerate(value, 1)}
    else:
        return {prefix: str(value)}
    return {k: v for name, inner in parts.items() for k, v in flattened(inner, name, item=item).items()}


@st.composite
def near_misses(draw: st.DrawFn, name: str) -> Request:
    """A request that reaches an operation, with parameters that are almost right."""
    service = SERVICES[name]
    operation = service.operations[draw(st.sampled_from(sorted(service.operations)))]
    params = draw(members(operation.input_shape)) if operation.input_shape else {}
    if not isinstance(params, dict):
        params = {}
    match service.protocol:
        case "query":
            form = {"Action": operation.name} | flattened(params)
            return requests.signed(name, "POST", "/", urlencode(form, errors="replace").encode())
        case "json":
            headers = {"X-Amz-Target": f"{service.target_prefix}.{operation.name}"}
            return requests.signed(name, "POST", "/", json.dumps(params).encode(), headers)
        case _:
            return _rest(name, operation, params)


@st.composite
def old_near_misses(draw: st.DrawFn) -> Request:
    """A form that reaches an operation of SQS, with parameters that are almost right."""
    operation = draw(st.sampled_from(sorted(QUEUES.operations)))
    shape = QUEUES.operations[operation].input_shape
    params = draw(members(shape)) if shape else {}
    form = {"Action": operation} | flattened(params if isinstance(params, dict) else {}, item="")
    path = draw(st.sampled_from(["/", f"/{scenes.SOURCE}/news", "/x", f"/{scenes.SOURCE}/%00"]))
    return requests.signed("sqs", "POST", path, urlencode(form, errors="replace").encode())


def _rest(name: str, operation: OperationModel, params: dict[str, Any]) -> Request:
    path = str(operation.http["requestUri"]).partition("?")[0]
    query: list[tuple[str, str]] = []
    shape = operation.input_shape
    for member in shape.members.values() if shape else ():
        wire_name = str(member.serialization.get("name", ""))
        place = member.serialization.get("location")
        if place == "uri":
            value = str(params.pop(wire_name, "backups")) or "x"
            path = path.replace(f"{{{wire_name}}}", quote(value, safe="", errors="replace"))
        elif place == "querystring" and wire_name in params:
            query.append((wire_name, str(params.pop(wire_name))))
    if query:
        path += "?" + urlencode(query, errors="replace")
    return requests.signed(name, str(operation.http["method"]), path, json.dumps(params).encode())


@pytest.mark.parametrize("name", sorted(SERVICES))
@MANY
@given(data=st.data())
def test_parameters_that_are_almost_right(name: str, data: st.DataObject) -> None:
    """For every operation of every service."""
    answered(SHARED, data.draw(near_misses(name)))


@MANY
@given(request=old_near_misses())
def test_forms_that_are_almost_right(request: Request) -> None:
    """For every operation of SQS in the protocol it spoke first."""
    answered(SHARED, request)


BODIES = [
    pytest.param(b"\xff\xfe\x00", id="no UTF-8"),
    pytest.param(b'{"NextToken": "\xed\xa0\x80"}', id="a surrogate in UTF-8"),
    pytest.param(b'{"NextToken": "\\ud800"}', id="half a surrogate pair"),
    pytest.param(b'{"MaxResults": ' + b"9" * 5000 + b"}", id="more digits than Python reads"),
    pytest.param(b'{"MaxResults": 1e999}', id="infinite by size"),
    pytest.param(b'{"MaxResults": NaN}', id="not a number"),
    pytest.param(b'{"MaxResults": Infinity}', id="infinite by name"),
    pytest.param(b'{"MaxResults": -Infinity}', id="infinite below"),
    pytest.param(b'{"a":' * 50_000, id="nested without end"),
    pytest.param(b'{"a":' * 5_000 + b"1" + b"}" * 5_000, id="nested deep and closed"),
    pytest.param(b"[" * 100_000 + b"]" * 100_000, id="lists in lists"),
    pytest.param(b'{"CopyJobId": "x"', id="cut off"),
    pytest.param(b"null", id="null"),
    pytest.param(b'"text"', id="a text"),
    pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
    pytest.param("{}".encode("utf-16"), id="UTF-16"),
    pytest.param(b"<xml/>", id="XML"),
    pytest.param(b"Action=GetCallerIdentity", id="a form"),
    pytest.param(b"a=%ff&%=1&Action=%00&=&&", id="a broken form"),
    pytest.param(b"Action=AssumeRole&RoleArn=" + b"x" * 100_000, id="a long form"),
    pytest.param(b"Action=AssumeRole&" + b"&".join(b"Tags.member.%d.Key=k" % n for n in range(1, 500)), id="many tags"),
    pytest.param(b"\x00" * 1000, id="zeros"),
]
DOORS = [
    pytest.param("backup", "PUT", "/copy-jobs", {}, id="rest-json"),
    pytest.param("backup", "PUT", "/backup-vaults/new", {}, id="rest-json with a label"),
    pytest.param("backup", "POST", "/backup-vaults/backups/recovery-points/x", {}, id="rest-json with two labels"),
    pytest.param("kms", "POST", "/", {"X-Amz-Target": "TrentService.CreateKey"}, id="json"),
    pytest.param("organizations", "POST", "/", {"X-Amz-Target": "AWSOrganizationsV20161128.ListAccounts"}, id="json 2"),
    pytest.param("sts", "POST", "/", {}, id="query"),
    pytest.param("iam", "POST", "/", {"Content-Type": "application/json"}, id="query with a wrong content type"),
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(("service", "method", "path", "headers"), DOORS)
def test_bodies_that_are_none(service: str, method: str, path: str, headers: scenes.Json, body: bytes) -> None:
    """At the door of every protocol."""
    assert answered(SHARED, requests.signed(service, method, path, body, headers)).status in {200, 400, 403, 404, 501}


PATHS = [
    "/",
    "//",
    "/%",
    "/%zz",
    "/%00",
    "/%ff%fe",
    "/backup-vaults//",
    "/backup-vaults/%2F%2F",
    "/backup-vaults/" + "a" * 9000,
    "/copy-jobs/%F0%9F%92%A9",
    "/copy-jobs/..%2f..",
    "/backup-vaults/backups/recovery-points/%",
    "/tags/%",
    "/tags/arn%3A",
    "/tags/arn%3Aaws%3Abackup%3A%3A%3A%3A",
    "/?",
    "/copy-jobs/?maxResults=" + "9" * 6000,
    "/copy-jobs/?maxResults=%00",
    "/copy-jobs/?createdAfter=99999999999999999999",
    "/copy-jobs/?createdAfter=nan",
    "/copy-jobs/?createdAfter=inf",
    "/copy-jobs/?createdAfter=-1e300",
    "/copy-jobs/?createdAfter=0001-01-01T00:00:00Z",
    "/copy-jobs/?nextToken=%FF",
    "/copy-jobs/?createdAfter=9999-12-31T23:59:59.999999-23:59",
    "/copy-jobs/?nextToken=W10%3D",
    "/copy-jobs/?state",
    "/copy-jobs/?nextToken=WyJhIiwgMV0=",
    "/copy-jobs/?maxResults=1&maxResults=2",
    "/copy-jobs/?=&==&&&",
    "/copy-jobs/?%=%",
    "/copy-jobs/?maxResults=%D9%A3",
    "/copy-jobs/?maxResults=+5",
    "/copy-jobs/?maxResults=1_0",
    "/copy-jobs/?maxResults=0",
    "/backup-vaults/?shared=maybe",
    "/backup-vaults/?maxResults=-1",
    "/backup-vaults/backups/recovery-points/?resourceType=",
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path)[:40])
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "NONSENSE"])
def test_paths_and_queries_that_are_none(method: str, path: str) -> None:
    """Of any method."""
    assert answered(SHARED, requests.signed("backup", method, path)).status in {200, 400, 403, 404, 501}


def test_a_blob_beyond_ascii_cannot_be_read() -> None:
    """Base64 has ASCII only."""
    attribute = {"DataType": "Binary", "BinaryValue": "\u0080"}
    body = json.dumps({"QueueUrl": "q", "MessageBody": "m", "MessageSystemAttributes": {"a": attribute}}).encode()
    answer = answered(SHARED, requests.signed("sqs", "POST", "/", body, {"X-Amz-Target": "AmazonSQS.SendMessage"}))

    assert dict(answer.headers)["x-amzn-ErrorType"] == "SerializationException"


TOKENS = st.one_of(
    st.text(max_size=30),
    st.binary(max_size=30).map(lambda found: found.hex()),
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=4).map(
        lambda value: __import__("base64").urlsafe_b64encode(json.dumps(value).encode()).decode()
    ),
)


@MANY
@given(
    token=TOKENS, path=st.sampled_from(["/copy-jobs/", "/backup-vaults/", "/backup-vaults/backups/recovery-points/"])
)
def test_page_tokens_that_are_none(token: str, path: str) -> None:
    """Every one but the empty is refused."""
    answer = answered(SHARED, requests.signed("backup", "GET", f"{path}?nextToken={quote(token, safe='')}"))

    assert answer.status == (400 if token else 200)


GOOD = requests.signed("backup", "GET", "/copy-jobs/")
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "authorization",
            "x-amz-date",
            "host",
            "x-amz-content-sha256",
            "x-amz-security-token",
            "x-amz-target",
            "content-type",
            "content-length",
            "x-amz-decoded-content-length",
            "transfer-encoding",
            "date",
        ]
    ),
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            [
                GOOD.headers["authorization"],
                "AWS4-HMAC-SHA256",
                "20260101T000000Z",
                "99999999T999999Z",
                "UNSIGNED-PAYLOAD",
                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                "chunked",
                "-1",
            ]
        ),
    ),
    max_size=4,
)


@MANY
@example(headers={"host": "["}, lost=set(), body=b"")
@example(headers={"host": "\ud800"}, lost=set(), body=b"")
@given(headers=HEADERS, lost=st.sets(st.sampled_from(sorted(GOOD.headers))), body=st.binary(max_size=20))
def test_headers_that_are_none(headers: dict[str, str], lost: set[str], body: bytes) -> None:
    """Changed, lost and added ones; who is not who it says is refused."""
    kept = {name: value for name, value in GOOD.headers.items() if name not in lost} | headers
    answered(SHARED, replace(GOOD, headers=kept, body=body))


@MANY
@given(position=st.integers(0, 300), inserted=st.text(max_size=3), length=st.integers(0, 5))
def test_authorization_with_a_slip_of_the_pen(position: int, inserted: str, length: int) -> None:
    """One change anywhere in the header is refused, or changes nothing, or names a service not here."""
    text = GOOD.headers["authorization"]
    changed = text[:position] + inserted + text[position + length :]
    answer = answered(SHARED, replace(GOOD, headers={**GOOD.headers, "authorization": changed}))

    assert _bare(changed) == _bare(text) or answer.status in {400, 403, 501}


def _bare(text: str) -> str:
    """Neither spaces between the parts nor the case of header names mean anything."""
    return "".join(text.split()).lower()


@pytest.mark.parametrize("service", ["", " ", "backup ", "BACKUP", "translate", "x" * 500, "ü", "%"])
@pytest.mark.parametrize("region", [scenes.HOME, "nowhere", "EU-WEST-1", "x" * 500, "ü", " "])
def test_scopes_that_are_none(service: str, region: str) -> None:
    """Services and Regions that do not exist, properly signed."""
    answer = answered(SHARED, requests.signed(service, "GET", "/copy-jobs/", region=region))

    assert answer.status in {400, 403, 404, 501}
