"""Our own requests to the API server, and what its refusals mean.

Writes are merge-patches with ``metadata.resourceVersion``: a stale one is a clean 409, while a failed JSON-patch test
is a 422 like a bug of ours. No answer means unknown, never failed: timed-out patches were found carried out.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aiohttp

from ..kinds.kind import Body
from ..words import texts
from ..work.vitals import Vitals
from . import objects
from .access import AccessError, Credentials
from .bodies import BoundedResponse, TooLargeError
from .settings import OperatorSettings

_logger = logging.getLogger(__name__)

MERGE_PATCH = "application/merge-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_CREDENTIALS_AGE = 60.0
_RELIST_ATTEMPTS = 3


class Trouble(StrEnum):
    """Why a request had no result, as far as the caller has to know."""

    CONFLICT = "conflict"  # 409: look again
    GONE = "gone"  # 404: forget it
    EXPIRED = "expired"  # 410: list from the first page
    REFUSED = "refused"  # 400, 413, 422: our bug
    FORBIDDEN = "forbidden"  # 403: transient, RBAC caches load for seconds after a server's start
    UNAUTHORIZED = "unauthorized"  # 401: the token is being replaced
    TOO_LARGE = "too-large"  # more than we read: ask for less
    UNREACHABLE = "unreachable"  # no answer, 429, 5xx: unknown whether it was done


_BY_CODE = {
    401: Trouble.UNAUTHORIZED,
    403: Trouble.FORBIDDEN,
    404: Trouble.GONE,
    409: Trouble.CONFLICT,
    410: Trouble.EXPIRED,
    429: Trouble.UNREACHABLE,
}


class ApiError(Exception):
    """A request had no result."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Listing:
    """A whole collection as of one resourceVersion."""

    items: tuple[dict[str, Any], ...]
    version: int


class Health:
    """Whether the API server answers, and whom to tell when it does again."""

    def __init__(self) -> None:
        self._down = False
        self._forbidden: set[str] = set()
        self.recovered: Callable[[], None] = lambda: None

    @property
    def reachable(self) -> bool:
        """Whether the last answer was one."""
        return not self._down

    def failed(self, trouble: Trouble, what: str) -> None:
        """Note that a request failed."""
        if trouble in (Trouble.UNREACHABLE, Trouble.UNAUTHORIZED):
            self._down = True
        elif trouble is Trouble.FORBIDDEN and what.startswith("PATCH"):
            self._forbidden.add(what)

    def answered(self, what: str) -> None:
        """Note that a request succeeded; a permission counts as recovered by the same kind of request only."""
        if self._down or what in self._forbidden:
            self._down = False
            self._forbidden.discard(what)
            self.recovered()


class Api:
    """The API server, as one identity. Belongs to one event loop."""

    def __init__(self, read: Callable[[], Credentials], settings: OperatorSettings, vitals: Vitals) -> None:
        self._read = read
        self._settings = settings
        self._vitals = vitals
        self._line: _Line | None = None
        self._reading = asyncio.Lock()
        self.health = Health()

    # --- requests with a meaning

    async def patch(
        self, resource: objects.Resource, body: Body, change: Mapping[str, Any], *, subresource: str = ""
    ) -> dict[str, Any]:
        """Merge ``change`` into an object that is still as ``body`` has it, and return the object it became."""
        metadata = body["metadata"]
        versioned = {
            **change,
            "metadata": {**change.get("metadata", {}), "resourceVersion": metadata["resourceVersion"]},
        }
        path = resource.path(metadata.get("namespace") or "", metadata["name"], subresource)
        # Strict: without it a field the schema lacks is dropped with a 200, and we would write it for ever.
        return await self._request(
            "PATCH", path, params={"fieldValidation": "Strict"}, body=versioned, what=f"{resource.plural}/{subresource}"
        )

    async def create(self, resource: objects.Resource, body: Body) -> dict[str, Any]:
        """Create an object."""
        path = resource.path(body["metadata"].get("namespace") or "")
        return await self._request("POST", path, body=body, what=resource.plural)

    async def look(
        self, resource: objects.Resource, namespace: str, name: str, *, metadata_only: bool = False
    ) -> dict[str, Any] | None:
        """Return one object as it is now, None when there is none.

        A list with a field selector: it needs no right that watching does not need anyway.
        """
        params = {"fieldSelector": f"metadata.name={name}"}
        page = await self._page(resource, namespace, params, metadata_only=metadata_only)
        items = page.get("items") or []
        return dict(items[0]) if items else None

    async def get(self, resource: objects.Resource, namespace: str, name: str) -> dict[str, Any] | None:
        """Return one object by the right to get it alone; None when there is none."""
        try:
            return await self._request("GET", resource.path(namespace, name), what=resource.plural)
        except ApiError as error:
            if error.trouble is Trouble.GONE:
                return None
            raise

    async def list(self, resource: objects.Resource, namespace: str = "") -> Listing:
        """Return all objects of a resource, or those of a namespace, page by page.

        A continue token that expired means starting over (kopf's own listing does not); see
        https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks.
        """
        for _ in range(_RELIST_ATTEMPTS):
            try:
                return await self._list(resource, namespace)
            except ApiError as error:
                if error.trouble is not Trouble.EXPIRED:
                    raise
        raise ApiError(Trouble.UNREACHABLE, f"Listing {resource.plural} expired {_RELIST_ATTEMPTS} times.")

    async def _list(self, resource: objects.Resource, namespace: str) -> Listing:
        """Return all objects as of one version; where they are too large for one answer, fewer at once."""
        items: list[dict[str, Any]] = []
        limit = self._settings.page_size
        params = {"limit": str(limit)}
        while True:
            try:
                page = await self._page(resource, namespace, params)
            except ApiError as error:
                if error.trouble is not Trouble.TOO_LARGE or limit == 1:
                    raise
                limit = max(1, limit // 4)
                params["limit"] = str(limit)
                continue
            labels = resource is objects.NAMESPACES
            items.extend(objects.slim(item, labels=labels) for item in page.get("items") or ())
            token = page["metadata"].get("continue")
            if not token:
                return Listing(tuple(items), objects.version_of(page))
            if token == params.get("continue"):
                raise ApiError(Trouble.UNREACHABLE, f"Listing {resource.plural} goes round in circles.")
            params["continue"] = token

    async def _page(
        self, resource: objects.Resource, namespace: str, params: Mapping[str, str], *, metadata_only: bool = False
    ) -> dict[str, Any]:
        accept = METADATA_ONLY if metadata_only else "application/json"
        return await self._request("GET", resource.path(namespace), params=params, accept=accept, what=resource.plural)

    # --- one request

    async def _request(
        self,
        method: str,
        path: str,
        *,
        what: str,
        params: Mapping[str, str] | None = None,
        body: object = None,
        accept: str = "application/json",
    ) -> dict[str, Any]:
        request = _Request(method, path, params or {}, None if body is None else json.dumps(body).encode(), accept)
        try:
            answer = await self._answer(request)
        except ApiError as error:
            self.health.failed(error.trouble, f"{method} {what}")
            raise
        self.health.answered(f"{method} {what}")
        return answer

    async def _answer(self, request: _Request) -> dict[str, Any]:
        try:
            line = await self._connected()
            code, text = await self._exchange(line, request)
            if code == 401:  # the token may have been replaced since we read it
                code, text = await self._exchange(await self._connected(instead_of=line), request)
        except AccessError as error:
            raise ApiError(Trouble.UNAUTHORIZED, str(error)) from error
        if 200 <= code < 300:
            return _decoded(text)
        trouble = _BY_CODE.get(code, Trouble.REFUSED if code < 500 else Trouble.UNREACHABLE)
        raise ApiError(trouble, f"{request}: HTTP {code}: {_message(text)}")

    async def _exchange(self, line: _Line, request: _Request) -> tuple[int, bytes]:
        sent = line.session.request(
            request.method,
            line.credentials.server + request.path,
            params=request.params,
            data=request.content,
            headers={**line.credentials.headers(), **request.headers()},
        )
        code = "unreachable"
        try:
            async with sent as response:
                text = await response.read()
                code = str(response.status)
                return response.status, text
        except TooLargeError as error:
            code = "too-large"
            raise ApiError(Trouble.TOO_LARGE, f"{request}: {error}") from error
        except TimeoutError as error:
            code = "timeout"
            raise ApiError(Trouble.UNREACHABLE, f"{request}: no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ApiError(Trouble.UNREACHABLE, f"{request}: {error}") from error
        finally:
            self._vitals.api_requests.add((request.method, code))

    # --- the connection

    async def _connected(self, instead_of: _Line | None = None) -> _Line:
        """Return the line to use; its credentials are re-read once a minute, and when they were refused."""
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if self._line is None or self._line is instead_of or now - self._line.read_at > _CREDENTIALS_AGE:
                self._line = self._renewed(self._line, await asyncio.to_thread(self._read), now)
            return self._line

    def _renewed(self, line: _Line | None, credentials: Credentials, now: float) -> _Line:
        if line is not None and line.credentials.transport() == credentials.transport():
            return _Line(line.session, credentials, now)
        if line is not None:  # requests in flight still use its session; nothing new will
            _logger.info("Connecting anew: how to reach the API server has changed")
            loop, old = asyncio.get_running_loop(), line.session
            grace = self._settings.request_timeout.total_seconds()
            loop.call_later(grace, lambda: loop.create_task(old.close()))
        return _Line(open_session(credentials, self._settings), credentials, now)

    async def close(self) -> None:
        """Close the connections."""
        if self._line is not None:
            await self._line.session.close()


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    params: Mapping[str, str]
    content: bytes | None
    accept: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def headers(self) -> dict[str, str]:
        if self.content is None:
            return {"Accept": self.accept}
        return {"Accept": self.accept, "Content-Type": MERGE_PATCH if self.method == "PATCH" else "application/json"}


@dataclass(frozen=True, slots=True)
class _Line:
    session: aiohttp.ClientSession
    credentials: Credentials
    read_at: float


def open_session(
    credentials: Credentials,
    settings: OperatorSettings,
    *,
    headers: Mapping[str, str] | None = None,
    trace: aiohttp.TraceConfig | None = None,
    response: type[BoundedResponse] = BoundedResponse,
) -> aiohttp.ClientSession:
    """Return a session that can speak to the API server; it limits no number, because workers are limited."""
    timeout = aiohttp.ClientTimeout(
        total=settings.request_timeout.total_seconds(), sock_connect=settings.connect_timeout.total_seconds()
    )
    connector = aiohttp.TCPConnector(limit=0, ssl=credentials.ssl_context())
    agent = {"User-Agent": "crossvault"}
    return aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        headers={**agent, **(headers or {})},
        trace_configs=[trace] if trace is not None else None,
        proxy=credentials.proxy,
        response_class=response,
    )


def _decoded(text: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ApiError(Trouble.UNREACHABLE, "The API server's answer is not JSON.") from error
    if not isinstance(answer, dict):
        raise ApiError(Trouble.UNREACHABLE, "The API server's answer is not an object.")
    return answer


def _message(text: bytes) -> str:
    try:
        return texts.clean(str(json.loads(text)["message"]), 1000)
    except (ValueError, KeyError, TypeError, RecursionError):
        return texts.clean(text[:200].decode(errors="replace"))
