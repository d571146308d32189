"""One HTTP port, bounded in every way: whoever reaches it can neither use up the process nor keep others out.

The standard library serves, with one request a connection and no more of HTTP than probes and scrapers speak: aiohttp's
server has no bound for the number of connections nor for the time that a header takes, and signs what it answers.
Connections are accepted here and not by asyncio, which accepts a whole backlog before it reads a byte: who makes place
could not be told from what was sent, and whoever opens thousands a second would have all places.
"""

from __future__ import annotations

import asyncio
import http.client
import io
import ipaddress
import logging
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Self

_logger = logging.getLogger(__name__)

TEXT = "text/plain; charset=utf-8"
_END = 0.2
_HEAD_END = b"\r\n\r\n"
_TURN = 64
"""Connections that are accepted before the event loop does something else."""
_PAUSE = 1.0
"""Seconds until accepting is tried again, where the process has no file left."""
_REST = 64 * 1024
"""Bytes of a refused request that are read and forgotten: closing on unread bytes would take the answer back."""
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a port takes.

    Attributes:
        connections: Open at once. One more costs one of the peer with the most its place: the oldest that has not sent
            its request, so that many half-sent requests keep nobody out. Each may hold a page that nobody reads.
        per_peer: Of them, of one peer: an IPv4 address, or the /64 of an IPv6 address, which is one machine's. One more
            costs one of the peer's own.
        waiting: Connections that the kernel keeps for us; so many more may be open for an instant.
        header_bytes: Request line and headers; a ServiceAccount's token is one to two kilobytes.
        header_seconds: From the connection to the end of the headers.
        seconds: From the connection to its end, reading the answer included.
    """

    connections: int = 32
    per_peer: int = 8
    waiting: int = 1024
    header_bytes: int = 16 * 1024
    header_seconds: float = 5.0
    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: ``path`` without a query, headers by their names in small letters, ``peer`` as in Bounds."""

    path: str
    headers: Mapping[str, str]
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT
    headers: Mapping[str, str] = field(default_factory=dict)


def said(status: HTTPStatus, text: str = "", **headers: str) -> Answer:
    """Return an answer of one line, by default the name of its status."""
    return Answer(status, f"{text or status.phrase}\n".encode(), headers=headers)


Handle = Callable[[Request], Awaitable[Answer]]


class _RefusedError(Exception):
    """A request that is not taken."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(eq=False, slots=True)
class _Connection:
    """``asked``: it has sent its request, and waits for the answer. ``cut``: not all that it sent was read."""

    socket: socket.socket
    peer: str
    received: bytearray
    task: asyncio.Task[None] | None = None
    asked: bool = False
    cut: bool = False

    def drop(self) -> None:
        """End it without a word, and without a trace in the kernel; its task closes the socket."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        if self.task is not None:
            self.task.cancel()


class Port:
    """Serves one handler; an asynchronous context manager. Belongs to one event loop."""

    def __init__(self, handle: Handle, host: str, port: int, bounds: Bounds | None = None) -> None:
        self._handle = handle
        self._host, self._port = host, port
        self._bounds = bounds or Bounds()
        self._open: dict[_Connection, None] = {}
        self._listeners: list[socket.socket] = []

    @property
    def number(self) -> int:
        """The port that is listened on."""
        return int(self._listeners[0].getsockname()[1]) if self._listeners else 0

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._host or None, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        try:
            for family, address in dict.fromkeys((each[0], each[4]) for each in found):
                self._listeners.append(_listener(family, address, self._bounds.waiting))
        except OSError:
            self._close()
            raise
        for listener in self._listeners:
            self._listen(listener)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._close()
        serving = [each.task for each in self._open if each.task is not None]
        for each in list(self._open):
            each.drop()
        if serving:
            await asyncio.wait(serving, timeout=_END)

    def _close(self) -> None:
        for listener in self._listeners:
            asyncio.get_running_loop().remove_reader(listener)
            listener.close()
        self._listeners.clear()

    def _listen(self, listener: socket.socket) -> None:
        if listener in self._listeners:
            asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_TURN):
            try:
                taken, address = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no file is left: it would be tried without end
                _logger.warning("Cannot accept connections for a moment: %s", error.strerror)
                loop = asyncio.get_running_loop()
                loop.remove_reader(listener)
                loop.call_later(_PAUSE, self._listen, listener)
                return
            taken.setblocking(False)
            self._admit(taken, _peer(str(address[0])))

    def _admit(self, taken: socket.socket, peer: str) -> None:
        """Take a connection with what it has sent: with the next turn of the loop there may be hundreds more."""
        try:
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            received = bytearray(taken.recv(self._bounds.header_bytes))
        except BlockingIOError:
            received = bytearray()
        except OSError:
            taken.close()
            return
        self._make_place(peer)
        connection = _Connection(taken, peer, received, asked=_HEAD_END in received)
        self._open[connection] = None
        connection.task = asyncio.get_running_loop().create_task(self._serve(connection))
        connection.task.add_done_callback(lambda _: self._end(connection))

    def _make_place(self, peer: str) -> None:
        held = Counter(each.peer for each in self._open)
        if held[peer] >= self._bounds.per_peer:
            crowd = {peer}
        elif len(self._open) >= self._bounds.connections:
            most = max(held.values())
            crowd = {each for each, number in held.items() if number == most}
        else:
            return
        theirs = [each for each in self._open if each.peer in crowd]
        oldest = next((each for each in theirs if not each.asked), theirs[0])
        del self._open[oldest]
        oldest.drop()

    def _end(self, connection: _Connection) -> None:
        """Close a connection; also one whose task was cancelled before it began."""
        self._open.pop(connection, None)
        connection.socket.close()

    async def _serve(self, connection: _Connection) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._bounds.seconds):
                answer, has_body = await self._answer(connection)
                await loop.sock_sendall(connection.socket, _head(answer))
                if has_body:
                    await loop.sock_sendall(connection.socket, answer.body)
                connection.asked = False
                connection.socket.shutdown(socket.SHUT_WR)
                rest = _REST if connection.cut else 0
                while rest > 0 and (more := await loop.sock_recv(connection.socket, rest)):
                    rest -= len(more)
        except (TimeoutError, OSError, EOFError):
            pass

    async def _answer(self, connection: _Connection) -> tuple[Answer, bool]:
        """Return what to answer, and whether the body goes with it."""
        try:
            async with asyncio.timeout(self._bounds.header_seconds):
                head = await self._receive(connection)
            connection.asked = True
            method, request = _read(head, connection.peer)
        except _RefusedError as refused:
            connection.cut = True
            return said(refused.status), True
        try:
            return await self._handle(request), method == "GET"
        except Exception:
            _logger.exception("Failing to answer %s", request.path[:100])
            return said(HTTPStatus.INTERNAL_SERVER_ERROR), method == "GET"

    async def _receive(self, connection: _Connection) -> bytes:
        """Return request line and headers, with the empty line that ends them."""
        received, most = connection.received, self._bounds.header_bytes
        while (end := received.find(_HEAD_END)) < 0:
            if len(received) >= most:
                raise _RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            more = await asyncio.get_running_loop().sock_recv(connection.socket, most - len(received))
            if not more:
                raise EOFError
            received += more
        return bytes(received[: end + len(_HEAD_END)])


def _listener(family: int, address: tuple[object, ...], waiting: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.setblocking(False)
        listener.bind(address)
        listener.listen(waiting)
    except OSError:
        listener.close()
        raise
    return listener


def _peer(address: str) -> str:
    """Return who has an address, as far as it shows: a machine has a whole /64 of IPv6."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(ipaddress.IPv6Network((int(found), 64), strict=False))


def _read(head: bytes, peer: str) -> tuple[str, Request]:
    """Read request line and headers; what has a body is refused before a byte of it is read."""
    line, _, rest = head.partition(b"\r\n")
    words = line.decode("latin-1").split(" ")
    if len(words) != 3 or not words[1].startswith("/") or words[2] not in {"HTTP/1.0", "HTTP/1.1"}:
        raise _RefusedError(HTTPStatus.BAD_REQUEST)
    try:
        parsed = http.client.parse_headers(io.BytesIO(rest))
    except http.client.HTTPException:
        raise _RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None
    headers = {name.lower(): str(value).strip() for name, value in parsed.items()}
    if words[0] not in {"GET", "HEAD"}:
        raise _RefusedError(HTTPStatus.METHOD_NOT_ALLOWED)
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return words[0], Request(words[1].partition("?")[0], headers, peer)


def _head(answer: Answer) -> bytes:
    lines = {
        "Content-Type": answer.content_type,
        "Content-Length": str(len(answer.body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
        **answer.headers,
    }
    first = f"HTTP/1.1 {answer.status.value} {answer.status.phrase}"
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in lines.items()), "", ""]).encode("latin-1")
