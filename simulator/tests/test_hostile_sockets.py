"""Bytes that are no HTTP, or hardly: the server answers or hangs up, and goes on serving."""

from __future__ import annotations

import contextlib
import http.client
import socket
from typing import TYPE_CHECKING

import pytest

from simulator_kit import requests, scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

HOST = b"Host: aws\r\n"


def exchanged(server: SimulatorServer, sent: bytes, *, ends: bool = False, leave: bool = False) -> bytes:
    """Send bytes and read until the server hangs up; `ends` says that no more will come, `leave` hangs up first."""
    with socket.create_connection((server.host, server.port), timeout=scenes.PATIENCE) as connection:
        found = b""
        with contextlib.suppress(ConnectionError):  # a server that has heard enough may cut us off
            connection.sendall(sent)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while not leave and (part := connection.recv(65536)):
                found += part
        return found


def written(chunks: bytes, *, headers: bytes = b"Transfer-Encoding: chunked\r\n") -> bytes:
    """A signed ListCopyJobs with a body of its own and `Connection: close`."""
    signed = requests.signed("backup", "GET", "/copy-jobs/")
    lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in signed.headers.items())
    return b"GET /copy-jobs/ HTTP/1.1\r\n" + lines + headers + b"Connection: close\r\n\r\n" + chunks


BROKEN = [
    pytest.param(b"\x00\x01\x02\r\n\r\n", b"400", id="no HTTP"),
    pytest.param(b"GET\r\n\r\n", b"400", id="half a request line"),
    pytest.param(b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", b"", id="HTTP of the future"),
    pytest.param(b"GET / HTTP/1.1\r\nHost aws\r\n\r\n", b"400", id="a header without a colon"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 400_000 + b"\r\n\r\n", b"400", id="a long header"),
    pytest.param(b"GET /" + b"a" * 400_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", b"400", id="a long path"),
    pytest.param(b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", b"400", id="a negative length"),
    pytest.param(b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: x\r\n\r\n", b"400", id="a length that is no number"),
    pytest.param(written(b"zz\r\nabc\r\n0\r\n\r\n"), b"400", id="a chunk with a size that is no number"),
    pytest.param(written(b"ffffffffffffffff\r\nabc"), b"", id="a chunk that never comes"),
    pytest.param(written(b"3\r\nabcdef\r\n0\r\n\r\n"), b"400", id="a chunk longer than it says"),
    pytest.param(written(b"", headers=b"Transfer-Encoding: gzip\r\n"), b"400", id="an encoding that is none"),
]


@pytest.mark.parametrize(("sent", "status"), BROKEN)
def test_broken_http_is_refused_or_cut(shared_server: SimulatorServer, sent: bytes, status: bytes) -> None:
    """With status 400 where there is something to answer; others are served as before."""
    answer = exchanged(shared_server, sent, ends=not status)

    assert not answer.startswith(b"HTTP/1.1 500")
    if status:
        assert answer.split(b" ", 2)[1] == status, answer[:200]
    assert scenes.signed(shared_server, "backup", "GET", "/copy-jobs/").status == 200


def test_a_client_that_leaves_in_the_middle_disturbs_nobody(shared_server: SimulatorServer) -> None:
    """Half a body, then silence."""
    exchanged(shared_server, b"PUT /copy-jobs HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\nhalf", leave=True)

    assert scenes.signed(shared_server, "backup", "GET", "/copy-jobs/").status == 200


def test_a_body_in_chunks_is_one_body(shared_server: SimulatorServer) -> None:
    """The signature is of nothing, the body is something: it is refused as changed on the way."""
    assert b"200 OK" in exchanged(shared_server, written(b"0\r\n\r\n"))
    assert b"InvalidSignatureException" in exchanged(shared_server, written(b"2\r\n{}\r\n0\r\n\r\n"))


def test_a_client_that_waits_for_permission_gets_it(shared_server: SimulatorServer) -> None:
    """`Expect: 100-continue`: the body comes only when it is asked for."""
    signed = requests.signed("backup", "PUT", "/copy-jobs", b"{}")
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed.headers.items())
    with socket.create_connection((shared_server.host, shared_server.port), timeout=scenes.PATIENCE) as connection:
        head = f"PUT /copy-jobs HTTP/1.1\r\n{lines}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        first = connection.recv(65536)
        connection.sendall(b"{}")
        second = connection.recv(65536)

    assert first.startswith(b"HTTP/1.1 100 ")
    assert b"MissingParameterValueException" in second


def test_a_path_with_a_host_in_front_is_a_path(shared_server: SimulatorServer) -> None:
    """The form that clients send to proxies."""
    answer = exchanged(shared_server, written(b"", headers=b"").replace(b"GET /", b"GET http://aws/", 1))

    assert b" 200 OK" in answer


def test_an_answer_to_head_has_no_body(shared_server: SimulatorServer) -> None:
    """It would be taken for the beginning of the next answer on the same connection."""
    connection = http.client.HTTPConnection(shared_server.host, shared_server.port, timeout=scenes.PATIENCE)
    try:
        for method in ("HEAD", "GET"):
            connection.request(
                method, "/copy-jobs/nonsense", headers=requests.signed("backup", method, "/copy-jobs/nonsense").headers
            )
            answer = connection.getresponse()
            body = answer.read()
            assert answer.getheader("Content-Length")
        assert b"ResourceNotFoundException" in body
    finally:
        connection.close()


def test_bytes_beyond_ascii_in_a_path_are_refused_as_aws_would(shared_server: SimulatorServer) -> None:
    """Not signed as such by anybody."""
    answer = exchanged(
        shared_server, written(b"", headers=b"").replace(b"GET /copy-jobs/", b"GET /copy-jobs/\xff\xfe", 1)
    )

    assert b" 403 " in answer.split(b"\r\n")[0] or b" 400 " in answer.split(b"\r\n")[0]


EVENT = b'{"detail_type": "Odd", "account": "111111111111", "region": "eu-west-1", "detail": {}}'
CONTROL = [
    pytest.param("clock", b'{"advance": 1e999}', id="for ever"),
    pytest.param("clock", b'{"advance": NaN}', id="not a number"),
    pytest.param("clock", b'{"advance": 1e300}', id="beyond all dates"),
    pytest.param("clock", b'{"advance": -3600}', id="back"),
    pytest.param("clock", b'{"advance": []}', id="a list for a duration"),
    pytest.param("clock", b"[" * 100_000, id="nested without end"),
    pytest.param("faults", b'{"kind": 1}', id="a fault that is none"),
    pytest.param("outcomes", b'{"state": []}', id="an outcome that is none"),
    pytest.param("world", b'{"yaml": "["}', id="a world that is none"),
    pytest.param("seed", b"\xff", id="no text"),
    pytest.param("events/publish", EVENT.replace(b'"eu-west-1"', b'["eu"]'), id="an event of a list of Regions"),
    pytest.param("events/publish", EVENT.replace(b'"eu-west-1"', b'""'), id="an event of no Region"),
    pytest.param("events/publish", EVENT.replace(b"{}", b"[]"), id="an event with a list for its detail"),
    pytest.param("events/publish", EVENT.replace(b'"Odd"', b"5"), id="an event with a number for its type"),
    pytest.param(
        "events/publish", EVENT.replace(b"{}", b'{"a":' * 600 + b"1" + b"}" * 600), id="an event deeper than snapshots"
    ),
]


@pytest.mark.parametrize(("path", "body"), CONTROL)
def test_the_control_api_refuses_what_would_break_the_world(
    shared_server: SimulatorServer, path: str, body: bytes
) -> None:
    """With 400 and a reason, and the clock stays as it is."""
    before = shared_server.state.now()
    answer = scenes.send(shared_server, "POST", f"/_sim/{path}", body)

    assert answer.status == 400
    assert answer.json
    assert shared_server.state.now() == before
    assert scenes.signed(shared_server, "backup", "GET", "/copy-jobs/").status == 200
