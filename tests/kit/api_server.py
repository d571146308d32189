"""An API server that answers as told, over a real connection."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from crossvault.kube.access import AccessError, Credentials
from crossvault.kube.client import Api
from crossvault.kube.settings import OperatorSettings
from crossvault.work.vitals import Vitals

SETTINGS = OperatorSettings(page_size=2, connect_timeout=timedelta(seconds=1), request_timeout=timedelta(seconds=0.5))
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """An HTTP server that answers as told, and a client of it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[web.Request] = []
        self.bodies: list[Any] = []
        self.token = "one"
        self.url = ""
        self.reads = 0
        self.vitals = Vitals()

    def read(self) -> Credentials:
        """Return the credentials of the moment."""
        self.reads += 1
        if not self.token:
            raise AccessError("no token")
        return Credentials(self.url, token=self.token)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Remember and answer."""
        self.requests.append(request)
        self.bodies.append(json.loads(await request.text() or "null"))
        return await self.answer(request)


@asynccontextmanager
async def serving(answer: Answer, **changes: Any) -> AsyncIterator[tuple[Api, Server]]:
    """Run a server and yield its client."""
    server = Server(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    async with TestServer(app, skip_url_asserts=True) as running:
        server.url = str(running.make_url("")).rstrip("/")
        api = Api(server.read, replace(SETTINGS, **changes), server.vitals)
        try:
            yield api, server
        finally:
            await api.close()
