"""HTTP in one thread: nobody's request holds up another's, what clients leave is let go, and servers end at once."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backup_simulator.server import SimulatorServer
from simulator_kit import requests, scenes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backup_simulator.wire import Request

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DESCRIPTORS = Path("/proc/self/fd")


@pytest.fixture
def alone() -> Iterator[SimulatorServer]:
    """A server of one's own, whose threads and tasks are counted."""
    with SimulatorServer(scenes.world()) as server:
        yield server


def sent(server: SimulatorServer, request: Request) -> socket.socket:
    """Send a request that is to be answered once; returns the connection."""
    connection = socket.create_connection((server.host, server.port), timeout=scenes.PATIENCE)
    lines = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items() if name != "content-length")
    head = f"{request.method} {request.path} HTTP/1.1\r\n{lines}Content-Length: {len(request.body)}\r\n\r\n"
    connection.sendall(head.encode() + request.body)
    return connection


def poll(server: SimulatorServer, action: str = "ReceiveMessage", *, seconds: int) -> socket.socket:
    """Begin a long poll of the queue `news`, which is made first, in the query protocol."""
    url = scenes.client(server, "sqs", scenes.SOURCE).create_queue(QueueName="news")["QueueUrl"]
    body = f"Action={action}&QueueUrl={url}&WaitTimeSeconds={seconds}&Version=2012-11-05".encode()
    return sent(server, requests.signed("sqs", "POST", "/", body, FORM))


def until(condition: object, seconds: float = scenes.PATIENCE) -> bool:
    """Whether a condition comes true in time."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())


@pytest.mark.parametrize("action", ["ReceiveMessage", "Receive%4Dessage"])
def test_a_long_poll_holds_up_nobody_however_it_is_written(server: SimulatorServer, action: str) -> None:
    """Also with percent-encodings that no client needs."""
    with poll(server, action, seconds=20):
        assert until(lambda: server.simulator.pollers == 1)
        assert scenes.signed(server, "backup", "GET", "/copy-jobs/").status == 200
        assert server.simulator.pollers == 1  # it was answered while the poll went on
        sqs = scenes.client(server, "sqs", scenes.SOURCE)
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="news")["QueueUrl"], MessageBody="enough")
        assert until(lambda: not server.simulator.pollers)


def test_polls_never_keep_the_hand_from_outside_waiting(
    alone: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control API has threads of its own: more polls than there are threads for do not matter to it."""
    monkeypatch.setattr(alone._polling, "_max_workers", 4)
    polls = [poll(alone, seconds=20) for _ in range(6)]
    try:
        assert until(lambda: alone.simulator.pollers == 4)
        assert scenes.control(alone, "POST", "clock", {"advance": "1s"}).status == 200
        assert alone.simulator.pollers == 4  # it was answered while they went on
    finally:
        for each in polls:
            each.close()


def test_who_leaves_during_a_hang_leaves_nothing_behind(alone: SimulatorServer) -> None:
    """A hang lasts an hour; nobody is left to wait for."""
    alone.control.faults.add("hang", operation="ListCopyJobs")
    for _ in range(20):
        sent(alone, requests.signed("backup", "GET", "/copy-jobs/")).close()

    assert until(lambda: len(alone.control.calls(operation="ListCopyJobs")) == 20)
    assert until(lambda: len(asyncio.all_tasks(alone._loop)) < 10)


def test_who_leaves_within_a_body_makes_no_noise(alone: SimulatorServer, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is wrong with the simulator: no traceback."""
    caplog.set_level(logging.ERROR)
    connection = socket.create_connection((alone.host, alone.port), timeout=scenes.PATIENCE)
    connection.sendall(b"PUT / HTTP/1.1\r\nHost: aws\r\nContent-Length: 100\r\n\r\nhalf")
    time.sleep(0.1)
    connection.close()
    assert scenes.signed(alone, "backup", "GET", "/copy-jobs/").status == 200
    time.sleep(0.1)

    assert not caplog.records


def test_what_no_header_can_hold_is_a_space(alone: SimulatorServer, caplog: pytest.LogCaptureFixture) -> None:
    """A code that a tester ordered must not cut the connection, nor write headers of its own."""
    alone.control.faults.add("error", operation="ListCopyJobs", code="Odd\r\nX-Made-Up: 1\x00", times=1)
    with sent(alone, requests.signed("backup", "GET", "/copy-jobs/")) as connection:
        head = connection.recv(65536).partition(b"\r\n\r\n")[0]

    assert b"\r\nx-amzn-ErrorType: Odd  X-Made-Up: 1" in head
    assert not caplog.records


EVENTS = 3000


def test_a_server_ends_at_once_within_an_advance() -> None:
    """What is still due does not happen any more."""
    server = SimulatorServer(scenes.world()).start()
    server.control.freeze()
    now = server.state.now()
    came: list[float] = []

    def come(moment: float) -> None:
        came.append(moment)
        time.sleep(0.02)

    for number in range(EVENTS):
        server.state.scheduler.at(now + number, come)
    moving = threading.Thread(target=server.control.advance, args=("1h",))
    moving.start()
    assert until(lambda: server.control.now() > now)
    server.stop()
    moving.join(scenes.PATIENCE)

    assert not moving.is_alive()
    assert len(came) < EVENTS


def test_a_server_that_never_began_is_closed() -> None:
    """Its port is free again."""
    server = SimulatorServer(scenes.world(), control_port=0)
    server.stop()

    for port in (server.port, server.control_port):
        with socket.socket() as probe:
            assert probe.connect_ex((server.host, port)) != 0


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="counts open files where the system shows them")
def test_servers_leave_neither_threads_nor_open_files() -> None:
    """Begun and ended in quick succession, with a client on each."""
    gc.collect()
    threads, files = threading.active_count(), len(list(DESCRIPTORS.iterdir()))
    for number in range(10):
        server = SimulatorServer(scenes.world(), control_port=0)
        if number % 3:
            server.start()
        if number % 2 and number % 3:
            with sent(server, requests.signed("backup", "GET", "/copy-jobs/")) as connection:
                connection.recv(65536)
                server.stop()
        server.stop()

    assert until(lambda: threading.active_count() <= threads)
    assert until(lambda: len(list(DESCRIPTORS.iterdir())) <= files)
