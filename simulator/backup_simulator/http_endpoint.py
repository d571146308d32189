"""HTTP, as aiohttp speaks it, on one side; `Request` and `Response` on the other.

Requests are answered in the loop's own thread, one after the other: nothing is quicker, and the world has one lock
anyway. Only those that may take or wait long have threads of their own.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from .wire import Arrival, Request

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Executor

    from .wire import Response

LONGEST_LINE = 2**18
"""Of the request line and of each header; a web identity's token is long."""
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What would end a header, or be none."""


class Endpoint:
    """One address that answers HTTP requests through a function.

    `room` tells, of a request whose answer may take long, whose threads have time for it.
    """

    def __init__(
        self,
        listening: socket.socket,
        handle: Callable[[Request], Response],
        room: Callable[[Request], Executor | None],
    ) -> None:
        self.port = int(listening.getsockname()[1])
        self.listening = listening
        self._handle = handle
        self._room = room
        self._stopping = asyncio.Event()
        self._runner: web.ServerRunner | None = None

    async def open(self) -> None:
        """Accept connections from now on."""
        server = web.Server(
            self._serve,
            access_log=None,
            auto_decompress=False,  # the signature is over what came
            handler_cancellation=True,  # nobody is left to wait for
            keepalive_timeout=600,
            logger=_quiet_logger(),
            max_field_size=LONGEST_LINE,
            max_line_size=LONGEST_LINE,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=1)
        await self._runner.setup()
        await web.SockSite(self._runner, self.listening, backlog=2000).start()

    async def close(self) -> None:
        """Let hanging answers go, and cut all connections."""
        self._stopping.set()
        if self._runner:
            await self._runner.cleanup()

    async def _serve(self, asked: web.BaseRequest) -> web.StreamResponse:
        if asked.headers.get("Expect", "").lower() == "100-continue":
            await asked.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request = _request(asked, await asked.content.read())
        room = self._room(request)
        if room is None:
            answer = self._handle(request)
        else:
            answer = await asyncio.get_running_loop().run_in_executor(room, self._handle, request)
        if answer.delay > 0:
            await self._pause(answer.delay)
        if answer.arrival is Arrival.DROPPED:
            return _cut(asked)
        if answer.arrival is Arrival.TRUNCATED and asked.method != "HEAD":
            return await _half(asked, answer)
        return _named(web.Response(status=answer.status, headers=_sendable(answer.headers), body=answer.body))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _request(asked: web.BaseRequest, body: bytes) -> Request:
    raw = asked.raw_path
    if not raw.startswith("/"):  # with scheme and host in front, as clients write it for a proxy
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    path, _, query = raw.partition("?")
    return Request(asked.method, path, query, _headers(asked.headers), body, asked.remote or "127.0.0.1")


def _headers(sent: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in sent.items():
        lower = name.lower()
        found[lower] = f"{found[lower]},{value}" if lower in found else value
    return found


def _sendable(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers of an answer, with a space for what no header can hold; some of it callers and testers choose."""
    return [(name, _UNSENDABLE.sub(" ", value)) for name, value in headers]


def _cut(asked: web.BaseRequest) -> web.StreamResponse:
    """Cut the connection without an answer."""
    if asked.transport is not None:  # None: the client was gone first
        asked.transport.abort()
    return web.Response()


def _named(sent: web.StreamResponse) -> web.StreamResponse:
    """Give an answer the name of this server; aiohttp would tell versions."""
    sent.headers["Server"] = "backup-simulator"
    return sent


async def _half(asked: web.BaseRequest, answer: Response) -> web.StreamResponse:
    """Promise the whole body, send the first half, and hang up."""
    sent = _named(web.StreamResponse(status=answer.status, headers=_sendable(answer.headers)))
    sent.content_length = len(answer.body)
    sent.force_close()
    await sent.prepare(asked)
    await sent.write(answer.body[: len(answer.body) // 2])
    if asked.transport is not None:
        asked.transport.close()
    return sent


def _quiet_logger() -> logging.Logger:
    """Where aiohttp complains, but not of requests that are no HTTP nor of clients that leave: nobody's fault here."""
    logger = logging.getLogger(f"{__name__}.aiohttp")
    if not logger.filters:
        logger.addFilter(
            lambda record: not (record.exc_info and isinstance(record.exc_info[1], BadHttpMessage | ConnectionError))
        )
    return logger
