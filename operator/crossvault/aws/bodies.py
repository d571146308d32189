"""The end of an answer's body: botocore reads one to its end, however far that is and however slowly it comes.

It has no setting for that and no event between the headers and the whole body. So what it sends requests through is
wrapped: botocore is told that somebody else reads the body, and that is here. The clients that botocore makes by
itself (a pod's web identity) are not ours to wrap; of their answers :mod:`.calls` looks at the length alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from botocore import exceptions
from botocore.awsrequest import AWSResponse
from urllib3 import exceptions as transport

from . import large
from .answers import LARGEST_BODY, UnexpectedAnswerError

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.client import BaseClient

LONGEST = 60.0
"""Seconds that a body may take; botocore's own timeout begins anew with every byte."""
_PIECE = 65536


class HttpSession(Protocol):
    """What botocore sends through."""

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send a request and return the answer."""

    def close(self) -> None:
        """Close the connections."""


class _Whole:
    """A body that was read."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self._body


class BoundedSession:
    """Sends what botocore sends, and reads bodies to their end or to ours.

    Args:
        inner: botocore's own, which keeps its certificates, proxies and timeouts.
        clock: Seconds.
    """

    def __init__(self, inner: HttpSession, clock: Callable[[], float] = time.monotonic) -> None:
        self._inner = inner
        self._clock = clock

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send a request and read the body of its answer.

        Raises:
            UnexpectedAnswerError: The body is larger than any answer of AWS.
            HTTPClientError: What botocore would raise where the body breaks off or takes too long.
        """
        request.stream_output = True
        answer = self._inner.send(request)
        raw: Any = answer.raw
        if _length(answer) >= large.LARGE:
            large.TURNS.begin()
        try:
            body = self._read(raw, request.url)
        except BaseException:
            raw.close()  # the rest would be taken for the next answer
            raise
        headers: Any = answer.headers
        return AWSResponse(answer.url, answer.status_code, headers, _Whole(body))

    def _read(self, raw: Any, url: str) -> bytes:  # noqa: ANN401 - urllib3's answer, or a transport's in its place
        began = self._clock()
        parts: list[bytes] = []
        size = 0
        try:
            for part in raw.stream(_PIECE):
                size += len(part)
                if size > LARGEST_BODY:
                    raise UnexpectedAnswerError(f"the answer is larger than {LARGEST_BODY:,} bytes")
                if self._clock() - began > LONGEST:
                    raise exceptions.ReadTimeoutError(endpoint_url=url, error=f"the body takes over {LONGEST:.0f} s")
                parts.append(part)
        except exceptions.HTTPClientError:
            raise
        except transport.ReadTimeoutError as error:
            raise exceptions.ReadTimeoutError(endpoint_url=url, error=error) from error
        except (transport.HTTPError, OSError) as error:
            raise exceptions.ConnectionClosedError(error=error, endpoint_url=url) from error
        return b"".join(parts)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def _length(answer: AWSResponse) -> int:
    """Return how long a body will be; where nobody says, it may be as long as any."""
    said = str(answer.headers.get("Content-Length") or "")
    return int(said) if said.isdecimal() else LARGEST_BODY


def bound(client: BaseClient) -> None:
    """Have a client read bodies with an end."""
    endpoint: Any = client._endpoint  # type: ignore[attr-defined] # noqa: SLF001 - there is no other way in
    endpoint.http_session = BoundedSession(endpoint.http_session)
