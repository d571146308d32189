"""Answers of AWS that do not end, over a real connection: an attacker, or a broken proxy, where an endpoint was."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import exceptions
from botocore.config import Config

import crossvault
from crossvault.aws import answers, bodies, errors
from crossvault.words.reasons import Reason

PIECE = b"x" * 65536
GOOD = json.dumps({"BackupVaultList": [{"BackupVaultName": "orders"}]}).encode()


class Endpoint:
    """An endpoint that answers as told, and counts what it could send."""

    def __init__(self, send: Callable[[BaseHTTPRequestHandler, Endpoint], None]) -> None:
        self.sent = 0
        self.requests = 0
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                endpoint.requests += 1
                try:
                    send(self, endpoint)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        """End it."""
        self.server.shutdown()
        self.server.server_close()


def _head(handler: BaseHTTPRequestHandler, **headers: str) -> None:
    handler.send_response(200)
    for name, value in {"Content-Type": "application/json", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def enormous(handler: BaseHTTPRequestHandler, endpoint: Endpoint) -> None:
    """Say that a terabyte comes, and begin."""
    _head(handler, Content_Length=str(10**12))
    for _ in range(10_000):
        handler.wfile.write(PIECE)
        endpoint.sent += len(PIECE)


def endless(handler: BaseHTTPRequestHandler, endpoint: Endpoint) -> None:
    """Send pieces without saying how many."""
    _head(handler, Transfer_Encoding="chunked")
    for _ in range(10_000):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
        endpoint.sent += len(PIECE)


def broken(handler: BaseHTTPRequestHandler, _: Endpoint) -> None:
    """Break off within a piece."""
    _head(handler, Transfer_Encoding="chunked")
    handler.wfile.write(b"ffff\r\nxx")
    handler.close_connection = True


def silent(handler: BaseHTTPRequestHandler, _: Endpoint) -> None:
    """Begin and say nothing more."""
    _head(handler, Content_Length="100")
    handler.wfile.write(b"{")
    handler.wfile.flush()
    handler.rfile.read(1)


def well(handler: BaseHTTPRequestHandler, _: Endpoint) -> None:
    """Answer."""
    _head(handler, Content_Length=str(len(GOOD)))
    handler.wfile.write(GOOD)


@pytest.fixture
def asked() -> Iterator[Callable[..., tuple[Any, Endpoint]]]:
    """Return a client of an endpoint."""
    started: list[Endpoint] = []

    def ask(send: Callable[[BaseHTTPRequestHandler, Endpoint], None]) -> tuple[Any, Endpoint]:
        started.append(Endpoint(send))
        client = botocore.session.Session().create_client(
            "backup",
            region_name="eu-west-1",
            endpoint_url=f"http://127.0.0.1:{started[-1].server.server_port}",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=1, proxies={}),
        )
        bodies.bound(client)
        return client, started[-1]

    yield ask
    for each in started:
        each.close()


@pytest.mark.parametrize("send", [enormous, endless])
def test_body_without_end_is_left(asked: Any, send: Any) -> None:
    """Not more is read than any answer of AWS has; the endpoint is left with the rest."""
    client, endpoint = asked(send)

    with pytest.raises(answers.UnexpectedAnswerError, match="larger than"):
        client.list_backup_vaults()

    assert endpoint.sent < answers.LARGEST_BODY + 32 * 2**20  # what the sockets' buffers took besides


def test_body_that_trickles_is_left(asked: Any) -> None:
    """A byte now and then keeps every timeout of botocore alive; the whole body has one of ours."""
    client, _ = asked(well)
    client._endpoint.http_session._clock = itertools.count(0, bodies.LONGEST + 1).__next__

    with pytest.raises(exceptions.ReadTimeoutError) as raised:
        client.list_backup_vaults()

    assert errors.classify(raised.value)[0] is Reason.TIMED_OUT


@pytest.mark.parametrize(
    ("send", "reason"),
    [
        pytest.param(broken, Reason.UNREACHABLE, id="breaks off"),
        pytest.param(silent, Reason.TIMED_OUT, id="says nothing more"),
    ],
)
def test_what_botocore_calls_it(asked: Any, send: Any, reason: Reason) -> None:
    """Errors within the body mean what they mean without our hand in it."""
    client, _ = asked(send)

    with pytest.raises(exceptions.HTTPClientError) as raised:
        client.list_backup_vaults()

    assert errors.classify(raised.value)[0] is reason


def test_good_answers_share_a_connection(asked: Any) -> None:
    """What ends is read as before, and its connection is used again."""
    client, endpoint = asked(well)

    names = [client.list_backup_vaults()["BackupVaultList"][0]["BackupVaultName"] for _ in range(3)]

    assert names == ["orders"] * 3
    assert endpoint.requests == 3
    pools = client._endpoint.http_session._inner._manager.pools
    assert [pools[key].num_connections for key in pools.keys()] == [1]  # noqa: SIM118 - it is no mapping


def test_every_client_is_bound() -> None:
    """Whoever makes a client binds it: the accounts', and that of the queue of events."""
    texts = {path.name: path.read_text("utf-8") for path in Path(crossvault.__file__).parent.rglob("*.py")}
    made = {name: text.count("create_client(") for name, text in texts.items() if "create_client(" in text}

    assert made == {"clients.py": 1, "queue.py": 1}
    assert {name: texts[name].count("bodies.bound(") for name in made} == made
