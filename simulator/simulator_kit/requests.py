"""Signed requests without a client, as they would arrive."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.parsers import create_parser

from backup_simulator.engine import catalogue
from backup_simulator.wire import Request

from . import scenes

if TYPE_CHECKING:
    from backup_simulator.engine.catalogue import Service
    from backup_simulator.simulator import Simulator
    from backup_simulator.wire import Response

SERVICES = catalogue.load()


def signed(
    service: str,
    method: str,
    path: str,
    body: bytes = b"",
    headers: scenes.Json | None = None,
    *,
    region: str = scenes.HOME,
) -> Request:
    """A request with the signature of the source account's admin."""
    user = scenes.admin(scenes.SOURCE)["access_key"]
    request = AWSRequest(method=method, url=f"http://aws{path}", data=body, headers=headers or {})
    SigV4Auth(Credentials(user["id"], user["secret"]), service, region).add_auth(request)
    arrived = {name.lower(): str(value) for name, value in request.headers.items()} | {"host": "aws"}
    bare, _, query = path.partition("?")
    return Request(method, bare, query, arrived, body)


def understood(service: Service, answer: Response) -> scenes.Json:
    """An answer as botocore's parser of errors reads it."""
    content = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body}
    shape = next(iter(service.operations.values())).input_shape  # any will do for an error
    assert shape is not None
    return create_parser(service.protocol).parse(content, shape)  # type: ignore[no-any-return] # botocore's dictionary


def answered(simulator: Simulator, request: Request) -> Response:
    """An answer that AWS could give: not our own failure, with a request id, an error with code and content type."""
    answer = simulator.handle(request)
    headers = dict(answer.headers)

    assert answer.status != 500, (request, answer.body)
    assert 200 <= answer.status < 600
    assert headers["x-amzn-RequestId"]
    if answer.status >= 400:
        if "json" in headers["Content-Type"]:
            assert headers["x-amzn-ErrorType"]
            assert isinstance(json.loads(answer.body), dict)
        else:
            assert understood(SERVICES["sts"], answer)["Error"]["Code"]
    return answer
