"""Requests that botocore has prepared, and the answers it expects to them, without a socket between."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse, HeadersDict

from .wire import Arrival, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest


def answer(sent: AWSPreparedRequest, found: Response) -> AWSResponse:
    """Give an answer the form in which botocore reads it."""
    headers: Any = HeadersDict(found.headers)  # the stubs ask for http.client's class, botocore makes its own
    return AWSResponse(str(sent.url), found.status, headers, _Body(found))


def request(sent: AWSPreparedRequest) -> Request:
    """Give a prepared request the form in which it comes over the wire."""
    url = urllib.parse.urlsplit(str(sent.url))
    headers = {name.lower(): _text(value) for name, value in sent.headers.items()}
    headers.setdefault("host", url.netloc)
    return Request(str(sent.method), url.path or "/", url.query, headers, _bytes(sent.body))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes:  # noqa: ANN401 - botocore takes texts, bytes and files
    if body is None:
        return b""
    if hasattr(body, "read"):
        body = body.read()
    return body.encode() if isinstance(body, str) else bytes(body)


class _Body:
    """The body as botocore reads it from urllib3; one that was cut short ends without a word, as over HTTP."""

    def __init__(self, answer: Response) -> None:
        whole = answer.body
        self._left = whole[: len(whole) // 2] if answer.arrival is Arrival.TRUNCATED else whole

    def stream(self) -> Iterator[bytes]:
        """Give the body in one piece."""
        yield self._left

    def read(self, amount: int | None = None) -> bytes:
        """Give the body, or a part of it."""
        size = len(self._left) if amount is None else amount
        found, self._left = self._left[:size], self._left[size:]
        return found

    def close(self) -> None:
        """Nothing is held."""
