"""Answers of the API server that end: every session to it reads through here, ours and kopf's.

kopf reads a listing whole and keeps a line of a watch until it ends; neither has a bound of its own
(``kopf._cogs.clients.api.iter_jsonlines``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import aiohttp
from aiohttp.client_reqrep import ClientResponse
from aiohttp.connector import Connection
from aiohttp.streams import AsyncStreamIterator, StreamReader

LARGEST_ANSWER = 32 * 2**20
"""Bytes that are read of one answer: 500 objects of usual size are a few megabytes, one is three at most (etcd)."""

LARGEST_EVENT = 16 * 2**20
"""Bytes of one line of a watch, which is one object."""


class TooLargeError(aiohttp.ClientPayloadError):
    """An answer, or one line of it, does not end where every one does."""


class BoundedResponse(ClientResponse):
    """A response whose body is counted while it is read; a compressed one as what it unfolds to."""

    @staticmethod
    def too_large() -> None:
        """Take note that a whole body is larger than an answer has; it raises besides."""

    async def start(self, connection: Connection) -> ClientResponse:
        """Read status and headers."""
        await super().start(connection)
        self.content = cast(StreamReader, _Bounded(self.content, self.too_large))
        return self


def telling(too_large: Callable[[], None]) -> type[BoundedResponse]:
    """Return a bounded response that tells when it was too large, for sessions whose requests are made by others."""
    return type("TellingResponse", (BoundedResponse,), {"too_large": staticmethod(too_large)})


class _Bounded:
    """A reader that gives up on what is too long."""

    def __init__(self, reader: StreamReader, too_large: Callable[[], None]) -> None:
        self._reader = reader
        self._too_large = too_large
        self._line = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._reader, name)

    async def read(self, n: int = -1) -> bytes:
        """Read up to ``n`` bytes, or all of them.

        Raises:
            TooLargeError: All of them are more than an answer has, or a line is longer than an event.
        """
        if n >= 0:
            return self._counted(await self._reader.read(n))
        parts: list[bytes] = []
        size = 0
        while part := await self._reader.readany():
            size += len(part)
            if size > LARGEST_ANSWER:
                self._too_large()
                raise TooLargeError(f"the answer is larger than {LARGEST_ANSWER:,} bytes")
            parts.append(part)
        return b"".join(parts)

    def iter_chunked(self, n: int) -> AsyncStreamIterator[bytes]:
        """Yield up to ``n`` bytes at a time."""
        return AsyncStreamIterator(lambda: self.read(n))

    def _counted(self, part: bytes) -> bytes:
        end = part.rfind(b"\n")
        self._line = len(part) - end - 1 if end >= 0 else self._line + len(part)
        if self._line > LARGEST_EVENT:
            raise TooLargeError(f"a line of a watch is longer than {LARGEST_EVENT:,} bytes")
        return part
