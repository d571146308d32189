"""The operator's own HTTP port: /healthz for restarts, /readyz for traffic and rollouts, /metrics for Prometheus.

It starts before kopf, which treats every task created after its own start as its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from aiohttp import web

from ..work.figures import Histogram

_BEAT = 0.25
CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"

Check = Callable[[], "str | None"]


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
    """What is asked: each returns what is wrong, None when nothing is."""

    alive: Check
    ready: Check
    metrics: Callable[[], bytes] | None = None


class HealthServer:
    """Serves the checks; metrics are rendered in a thread, because a big page would hold up the loop."""

    def __init__(self, checks: Checks, host: str, port: int) -> None:
        self._checks = checks
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        addresses = self._runner.addresses if self._runner is not None else []
        return int(addresses[0][1]) if addresses else 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _alive(self, _request: web.Request) -> web.Response:
        return _answer(self._checks.alive())

    async def _ready(self, _request: web.Request) -> web.Response:
        return _answer(self._checks.ready())

    async def _metrics(self, _request: web.Request) -> web.Response:
        if self._checks.metrics is None:
            raise web.HTTPNotFound
        page = await asyncio.to_thread(self._checks.metrics)
        return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE})


def _answer(wrong: str | None) -> web.Response:
    return web.Response(text=f"{wrong or 'ok'}\n", status=503 if wrong else 200)
