"""One HTTP port, bounded in every way: whoever reaches it can neither use up the process nor keep others out.

The standard library serves, with one request a connection and no more of HTTP than probes and scrapers speak: aiohttp's
server has no bound for the number of connections nor for the time that a header takes, and signs what it answers.
"""

from __future__ import annotations

import asyncio
import http.client
import io
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Self

_logger = logging.getLogger(__name__)

TEXT = "text/plain; charset=utf-8"
_END = 0.2


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a port takes.

    Attributes:
        connections: Open at once. One more costs the oldest that has not sent its request its place, so that many
            half-sent requests keep nobody out. Each may hold a page that nobody reads.
        waiting: Connections that the kernel keeps for us; so many more may be open for an instant.
        header_bytes: Request line and headers; a ServiceAccount's token is one to two kilobytes.
        header_seconds: From the connection to the end of the headers.
        seconds: From the connection to its end, reading the answer included.
    """

    connections: int = 32
    waiting: int = 64
    header_bytes: int = 16 * 1024
    header_seconds: float = 5.0
    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: ``path`` without a query, headers by their names in small letters."""

    path: str
    headers: Mapping[str, str]


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
    writer: asyncio.StreamWriter
    task: asyncio.Task[None] | None = None
    asked: bool = False

    def drop(self) -> None:
        """End it without a word."""
        self.writer.transport.abort()
        if self.task is not None:
            self.task.cancel()


class Port:
    """Serves one handler; an asynchronous context manager. Belongs to one event loop."""

    def __init__(self, handle: Handle, host: str, port: int, bounds: Bounds | None = None) -> None:
        self._handle = handle
        self._host, self._port = host, port
        self._bounds = bounds or Bounds()
        self._open: dict[_Connection, None] = {}
        self._server: asyncio.Server | None = None

    @property
    def number(self) -> int:
        """The port that is listened on."""
        sockets = self._server.sockets if self._server is not None else ()
        return int(sockets[0].getsockname()[1]) if sockets else 0

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    async def __aenter__(self) -> Self:
        limits = self._bounds
        self._server = await asyncio.start_server(
            self._admit, self._host, self._port, limit=limits.header_bytes, backlog=limits.waiting
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        serving = [each.task for each in self._open if each.task is not None]
        for each in list(self._open):
            each.drop()
        if serving:
            await asyncio.wait(serving, timeout=_END)

    def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection, synchronously: with the next turn of the loop there may be a hundred more."""
        if len(self._open) >= self._bounds.connections:
            oldest = next((each for each in self._open if not each.asked), next(iter(self._open)))
            del self._open[oldest]
            oldest.drop()
        connection = _Connection(writer)
        self._open[connection] = None
        connection.task = asyncio.get_running_loop().create_task(self._serve(reader, connection))

    async def _serve(self, reader: asyncio.StreamReader, connection: _Connection) -> None:
        try:
            async with asyncio.timeout(self._bounds.seconds):
                answer, has_body = await self._answer(reader, connection)
                connection.writer.write(_head(answer))
                connection.writer.write(answer.body if has_body else b"")
                await connection.writer.drain()
                connection.writer.close()
                await connection.writer.wait_closed()
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.pop(connection, None)
            connection.writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, connection: _Connection) -> tuple[Answer, bool]:
        """Return what to answer, and whether the body goes with it."""
        try:
            async with asyncio.timeout(self._bounds.header_seconds):
                head = await reader.readuntil(b"\r\n\r\n")
            connection.asked = True
            method, request = _read(head)
        except asyncio.LimitOverrunError:
            return said(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE), True
        except _RefusedError as refused:
            return said(refused.status), True
        try:
            return await self._handle(request), method == "GET"
        except Exception:
            _logger.exception("Failing to answer %s", request.path[:100])
            return said(HTTPStatus.INTERNAL_SERVER_ERROR), method == "GET"


def _read(head: bytes) -> tuple[str, Request]:
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
    return words[0], Request(words[1].partition("?")[0], headers)


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
