"""Services that have resources to back up, and AWS's managed policies, from moto.

moto (https://docs.getmoto.org) is mounted as a library behind the simulator's own signature check, gate, faults and
call log. Of its own identity nothing is used: the account goes with every request in a header that moto documents.
Without moto installed (`pip install './simulator[resources]'` in a checkout) these services answer 501.
"""

from __future__ import annotations

import functools
import io
import json
import sys
import threading
import urllib.parse
from typing import TYPE_CHECKING, Any

import botocore.session

from .. import prepared
from ..fidelity import Behaviour
from ..wire import CommonError, Request, Response, unimplemented
from . import listing, s3, shaping, turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

    from ..identity.policy import Policy
    from ..wire import Params

SERVICES: Mapping[str, str] = {
    "dynamodb": "dynamodb",
    "ec2": "ec2",
    "elasticfilesystem": "efs",
    "fsx": "fsx",
    "rds": "rds",
    "redshift": "redshift",
    "s3": "s3",
}
"""What is mounted: signing name, and botocore's name of the service. Identity, keys and tags in general are ours."""

ACCOUNT = "x-moto-account-id"
_HEADERS_WITHOUT_PREFIX = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class Moto:
    """Everything moto knows, for all accounts. Loaded at the first request, because that takes a while."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._application: Callable[..., Iterable[bytes]] | None = None
        self._share = turns.Share()
        self._clients: dict[tuple[str, str, str], Any] = {}
        self.bucket_policies: dict[str, Policy] = {}

    def answer(self, request: Request, *, service: str, region: str, account: str) -> Response:
        """Have moto answer a request whose caller is known.

        Raises:
            CommonError: moto is not installed, or does not implement the operation.
        """
        headers = {**request.headers, ACCOUNT: account, "host": f"{service}.{region}.amazonaws.com"}
        name = f"{service}:{operation(service, request)}"
        self._load()
        with self._lock:
            try:
                with (
                    turns.turn(self._share),
                    shaping.own_snapshots(name, account, region),
                ):
                    status, answered, body = self._call(request, headers)
            except NotImplementedError:
                raise unimplemented(name) from None
            except Exception as error:  # moto trips over a Region that it does not know or a target that no AWS has
                text = f"moto cannot answer {name}: {type(error).__name__}: {error}"
                raise CommonError("NotImplemented", text) from error
        if body[:9].lower() == b"<!doctype":  # a page about a path that moto does not know; clients cannot read it
            raise unimplemented(name)
        # To HEAD nothing but this header tells how long a body would be.
        told_length = request.method == "HEAD" and not body
        kept = tuple(each for each in answered if told_length or each[0].lower() != "content-length")
        return Response(status, kept, body)

    def found(self, service: str, account: str, region: str) -> list[listing.Found]:
        """Return what an account has in a Region that AWS Backup protects, by the signing name of its service."""
        with self._lock:
            ask = functools.partial(self._client, account, region)
            return list(listing.found(service, ask, listing.Place(account, region)))

    def owner_of(self, bucket: str) -> str | None:
        """Return the account that has a bucket, None when nobody has."""
        if not bucket or self._application is None:
            return None
        from moto.s3.models import s3_backends  # noqa: PLC0415 - takes a while, and may be absent

        with turns.turn(self._share):
            known = s3_backends.bucket_accounts.get(bucket)
        return known[1] if known else None

    def _client(self, account: str, region: str, name: str) -> Any:  # noqa: ANN401 - botocore's clients
        """Return a client of moto itself, in whichever account; nobody judges what it asks."""
        made = self._clients.get((account, region, name))
        if made is None:
            made = _session().create_client(name, region_name=region)
            service = str(made.meta.service_model.signing_name)
            send: Any = functools.partial(self._send, service, region, account)
            made.meta.events.register_first("before-send", send)
            self._clients[account, region, name] = made
        return made

    def _send(
        self, service: str, region: str, account: str, request: AWSPreparedRequest, **_event: object
    ) -> AWSResponse:
        asked = addressed(service, prepared.request(request))
        return prepared.answer(request, self.answer(asked, service=service, region=region, account=account))

    def reset(self) -> None:
        """Forget all resources."""
        self.bucket_policies.clear()
        if self._application is not None:
            with self._lock:
                self._call(Request("POST", "/moto-api/reset", "", {}, b""), {"host": "localhost"})

    def _call(self, request: Request, headers: Mapping[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
        application = self._load()
        started: list[Any] = []

        def start_response(status: str, answered: list[tuple[str, str]], _info: object = None) -> Callable[..., None]:
            started[:] = [int(status.split(maxsplit=1)[0]), answered]
            return lambda _data: None

        with turns.turn(self._share):
            body = b"".join(application(_environ(request, headers), start_response))
        status, answered = started
        return status, answered, body

    def _load(self) -> Callable[..., Iterable[bytes]]:
        if self._application is None:
            try:
                from moto.moto_server import werkzeug_app  # noqa: PLC0415 - a third of a second, and may be absent
            except ImportError:
                text = "The simulator needs moto for this service: pip install './simulator[resources]' in a checkout"
                raise CommonError("NotImplemented", text) from None
            self._application = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
        return self._application


@functools.cache
def managed_policies() -> Mapping[str, Params]:
    """Return every policy that AWS manages, by name, as AWS published it; none where moto is not installed.

    A policy has Path, DefaultVersionId, CreateDate, UpdateDate and Document.
    """
    try:
        from moto.iam import aws_managed_policies  # noqa: PLC0415 - takes a second, and may be absent
    except ImportError:
        return {}
    found: dict[str, Params] = json.loads(aws_managed_policies.aws_managed_policies_data)
    return found


def mounts(service: str) -> bool:
    """Tell whether a service, by its signing name, is moto's."""
    return service in SERVICES


def protocol(service: str) -> str:
    """Return the protocol in which a mounted service understands errors."""
    spoken = str(_model(service).resolved_protocol)
    return spoken if spoken in {"json", "rest-json", "ec2", "rest-xml"} else "query"


def addressed(service: str, request: Request) -> Request:
    """Return the request in the one form that is read here: buckets stand in the path."""
    return s3.path_style(request) if service == "s3" else request


def operation(service: str, request: Request) -> str:
    """Return the name of the operation an addressed request to a mounted service means; "Unknown" where none fits."""
    if service == "s3":
        return s3.operation(request) or "Unknown"
    target = request.headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2]
    fields = urllib.parse.parse_qs(request.body.decode("utf-8", "replace")) | urllib.parse.parse_qs(request.query)
    if "Action" in fields:
        return fields["Action"][0]
    return _by_path(service, request) or "Unknown"


def _by_path(service: str, request: Request) -> str | None:
    """Return the operation with the most literal path of those that fit."""
    segments = request.path.strip("/").split("/")
    fitting = [
        (sum(not part.startswith("{") for part in template), name)
        for method, template, name in _paths(service)
        if method == request.method
        and len(template) == len(segments)
        and all(part.startswith("{") or part == found for part, found in zip(template, segments, strict=True))
    ]
    return max(fitting)[1] if fitting else None


@functools.cache
def _model(service: str) -> Any:  # noqa: ANN401 - botocore's ServiceModel
    return _session().get_service_model(SERVICES[service])


@functools.cache
def _session() -> botocore.session.Session:
    made = botocore.session.Session()
    made.set_credentials("AKIAIOSFODNN7EXAMPLE", "whatever")  # moto asks for a signature, not for whose
    return made


@functools.cache
def _paths(service: str) -> tuple[tuple[str, list[str], str], ...]:
    model = _model(service)
    operations = (model.operation_model(name) for name in model.operation_names)
    return tuple(
        (str(each.http["method"]), str(each.http["requestUri"]).partition("?")[0].strip("/").split("/"), str(each.name))
        for each in operations
    )


def _environ(request: Request, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the WSGI environment; moto reads the raw path from RAW_URI."""
    whole = f"{request.path}?{request.query}" if request.query else request.path
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": urllib.parse.unquote(request.path, "latin-1"),  # WSGI: bytes, written as characters
        "QUERY_STRING": request.query,
        "RAW_URI": whole,
        "REQUEST_URI": whole,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        if name not in {"content-length", "transfer-encoding"}:  # the body is whole by now
            environ[_HEADERS_WITHOUT_PREFIX.get(name, "HTTP_" + name.upper().replace("-", "_"))] = value
    return environ


FIDELITY = (
    Behaviour(
        "EC2, RDS, DynamoDB, EFS, FSx, Redshift and S3 are moto's, behind our identity",
        "ours",
        "test_moto_adapter.py::test_resources_of_many_services_are_created_and_found_by_tag",
    ),
    Behaviour(
        "Every simulator has its own resources in moto, which by itself has one state per process",
        "ours",
        "test_moto_adapter.py::test_every_simulator_has_its_own_resources",
    ),
    Behaviour(
        "Buckets may stand in the host (`orders.localhost`, `orders.s3.eu-west-1.amazonaws.com`) or in the path",
        "DG",
        "test_moto_s3.py::test_a_bucket_may_stand_in_the_host",
    ),
    Behaviour(
        "Errors of EC2 and S3 have the form and the codes of their own (`UnauthorizedOperation`, `InvalidAccessKeyId`)",
        "DG; which code EC2 gives to which bad signature: assumed",
        "test_moto_adapter.py::test_a_caller_without_the_right_is_denied",
    ),
    Behaviour(
        "Snapshots of recovery points in EC2 and RDS",
        "missing",
    ),
    Behaviour(
        "DescribeSnapshots knows the account's own snapshots only, not those that are public",
        "ours",
        "test_moto_adapter.py::test_an_account_has_no_snapshots_but_its_own",
    ),
    Behaviour(
        "What moto lacks answers 501 and is not retried",
        "ours",
        "test_moto_adapter.py::test_what_moto_lacks_is_not_implemented",
    ),
)
