"""What the two ports answer: /healthz for restarts and /readyz for rollouts on one, /metrics for Prometheus on another.

Two, because who may ask differs: the kubelet probes from its node, and metrics tell of every tenant. They start before
kopf, which treats every task created after its own start as its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from ..work.vitals import Histogram
from .port import Answer, Request, said

_BEAT = 0.25
CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"
PAGE_AGE = 1.0
"""Seconds for which a page is shown before it is rendered again."""

Check = Callable[[], "str | None"]
Guard = Callable[[Request], Awaitable["Answer | None"]]


class Heartbeat:
    """Measures how late the event loop runs what is due."""

    def __init__(self, lag: Histogram) -> None:
        self._lag = lag

    async def run(self) -> None:
        """Beat for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _BEAT
            await asyncio.sleep(_BEAT)
            self._lag.observe(max(0.0, loop.time() - due))


@dataclass(frozen=True, slots=True)
class Checks:
    """What probes ask: each returns what is wrong, None when nothing is."""

    alive: Check
    ready: Check

    async def answer(self, request: Request) -> Answer:
        """Answer a probe."""
        check = {"/healthz": self.alive, "/readyz": self.ready}.get(request.path)
        if check is None:
            return said(HTTPStatus.NOT_FOUND)
        wrong = check()
        return said(HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK, wrong or "ok")


class Page:
    """The page of metrics: rendered once a second at most, for all who ask meanwhile.

    It is rendered in a thread, because a big page would hold up the loop.

    Args:
        render: Returns the page; None for no page.
        guard: Returns what a scraper is refused with, None where it may scrape.
    """

    def __init__(self, render: Callable[[], bytes] | None, guard: Guard | None = None) -> None:
        self._render = render
        self._guard = guard
        self._page = b""
        self._until = 0.0
        self._rendering: asyncio.Future[bytes] | None = None

    async def answer(self, request: Request) -> Answer:
        """Answer a scraper."""
        if self._render is None or request.path != "/metrics":
            return said(HTTPStatus.NOT_FOUND)
        refusal = await self._guard(request) if self._guard is not None else None
        return refusal or Answer(HTTPStatus.OK, await self._read(self._render), CONTENT_TYPE)

    async def _read(self, render: Callable[[], bytes]) -> bytes:
        loop = asyncio.get_running_loop()
        if loop.time() < self._until:
            return self._page
        if self._rendering is None:
            # No task: who is cancelled while waiting must not end what others wait for.
            self._rendering = loop.run_in_executor(None, render)
            self._rendering.add_done_callback(self._rendered)
        return await asyncio.shield(self._rendering)

    def _rendered(self, done: asyncio.Future[bytes]) -> None:
        self._rendering = None
        if not done.cancelled() and done.exception() is None:
            self._page, self._until = done.result(), done.get_loop().time() + PAGE_AGE
