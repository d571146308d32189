"""How kopf logs in: with a session of ours, a new one each time.

kopf ends the process on a 401 when a login gives the credentials that were refused; equal ones never compare equal
here, and a growing pause keeps a refused token from making a hot loop. The session also tells when the API server
answers kopf, which is how a recovery is noticed that no request of ours would notice soon.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import aiohttp
import kopf

from ..work.vitals import Vitals
from . import objects
from .access import Access, AccessError
from .bodies import telling
from .client import Health, Trouble, open_session
from .settings import OperatorSettings

_LIFETIME = timedelta(minutes=10)
_CALM = 60.0
_WATCHING = "GET watch"
_PAUSES = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
_WATCHED: Mapping[str, str] = {resource.path(): kind for kind, resource in objects.WATCHED.items()}


class Login:
    """kopf's login handler.

    Attributes:
        too_large: Called when an answer to kopf was too large to be read: nothing is heard until it asks for less.
    """

    def __init__(self, access: Access, settings: OperatorSettings, *, vitals: Vitals, health: Health) -> None:
        self._access = access
        self._settings = settings
        self._vitals = vitals
        self._health = health
        self.too_large: Callable[[], None] = lambda: None
        self._count = 0
        self._lately: list[float] = []

    async def login(self, **_: object) -> kopf.AiohttpSession:
        """Return a way to the API server that differs from all before it."""
        now = asyncio.get_running_loop().time()
        self._lately = [at for at in self._lately if now - at < _CALM]
        await asyncio.sleep(_PAUSES[min(len(self._lately), len(_PAUSES) - 1)])
        self._lately.append(now)
        try:
            credentials = await asyncio.to_thread(self._access.read)
            session = open_session(
                credentials,
                self._settings,
                headers=credentials.headers(),
                trace=self._trace(),
                response=telling(self._tell),
            )
        except AccessError as error:
            raise kopf.TemporaryError(str(error), delay=5) from error
        self._count += 1
        return kopf.AiohttpSession(
            server=credentials.server,
            aiohttp_session=session,
            priority=self._count,
            expiration=datetime.now(UTC) + _LIFETIME,
        )

    def _tell(self) -> None:
        self.too_large()

    def _trace(self) -> aiohttp.TraceConfig:
        """Watch over kopf's requests: in steady state they are the only ones."""
        trace = aiohttp.TraceConfig()

        async def answered(
            _session: aiohttp.ClientSession, _context: SimpleNamespace, end: aiohttp.TraceRequestEndParams
        ) -> None:
            self._answered(end.url.path, end.response.status)

        async def failed(
            _session: aiohttp.ClientSession, _context: SimpleNamespace, end: aiohttp.TraceRequestExceptionParams
        ) -> None:
            if isinstance(end.exception, Exception):  # not a cancellation
                self._health.failed(Trouble.UNREACHABLE, _WATCHING)

        trace.on_request_end.append(answered)
        trace.on_request_exception.append(failed)
        return trace

    def _answered(self, path: str, status: int) -> None:
        if status == 200:
            kind = _WATCHED.get(path)
            if kind is not None:
                self._vitals.watch_activity[kind] = datetime.now(UTC)
            self._health.answered(_WATCHING)
        elif status >= 500:
            self._health.failed(Trouble.UNREACHABLE, _WATCHING)
