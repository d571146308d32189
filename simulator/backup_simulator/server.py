"""The simulator over HTTP: a loop in a thread, loopback unless told otherwise.

`SimulatorServer` is the context manager for tests; `control` speaks to the same process without HTTP.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

from . import transport
from .control import Control
from .control_api import ControlApi
from .http_endpoint import Endpoint
from .simulator import Simulator
from .world import files

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path
    from types import TracebackType

    from .records.state import State
    from .wire import Request, Response
    from .world.schema import World

MAX_WAIT = 0.5
POLLS, HANDS = 256, 16
"""How many requests may wait at a time, for messages and for the control API; a thread is made when it is needed."""


class SimulatorServer:
    """A simulator on a port of its own, with a thread for HTTP and one for virtual time.

    The end of its context raises a HappeningError if something that was due has failed and nobody was told.
    """

    def __init__(
        self,
        world: World | Path | str | dict[str, Any],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rate: float | None = None,
        strict_out: bool = True,
        control_port: int | None = None,
    ) -> None:
        self.simulator = Simulator(files.opened(world), rate=rate, strict_out=strict_out)
        self.simulator.patient = True
        self.control = Control(self.simulator)
        self.host = host
        self._api = ControlApi(self.control)
        self._polling = ThreadPoolExecutor(POLLS, thread_name_prefix="simulator-waiting")
        self._controlling = ThreadPoolExecutor(HANDS, thread_name_prefix="simulator-control")
        self._endpoints = [Endpoint(_listening(host, port), self._answer, self._room)]
        if control_port is not None:
            try:
                self._endpoints.append(
                    Endpoint(_listening(host, control_port), self._api.handle, lambda _: self._controlling)
                )
            except OSError:
                self._endpoints[0].listening.close()
                raise
        self.port, self.control_port = self._endpoints[0].port, self._endpoints[-1].port
        self._shared = control_port is None
        self._stopping = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._threads = (
            threading.Thread(target=self._serve, name="simulator-http", daemon=True),
            threading.Thread(target=self._tick, name="simulator-clock", daemon=True),
        )

    def _answer(self, request: Request) -> Response:
        return self._api.handle(request) if self._for_control(request) else self.simulator.handle(request)

    def _room(self, request: Request) -> Executor | None:
        """Whose threads answer a request that may take long; polls never keep the hand from outside waiting."""
        if self._for_control(request):
            return self._controlling
        return self._polling if self.simulator.may_wait(request) else None

    def _for_control(self, request: Request) -> bool:
        return self._shared and request.path.startswith("/_sim")

    @property
    def url(self) -> str:
        """What AWS_ENDPOINT_URL has to be."""
        return f"http://{self._host_in_urls()}:{self.port}"

    @property
    def control_url(self) -> str:
        """Where the control API is."""
        return f"http://{self._host_in_urls()}:{self.control_port}/_sim"

    def _host_in_urls(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def state(self) -> State:
        """The living world; hold `simulator.lock` to read it while clients are at work."""
        return self.simulator.state

    @property
    def world(self) -> World:
        """The world that was loaded."""
        return self.simulator.world

    def credentials(self, account: str, user: str) -> transport.Credentials:
        """The access key of a user in the world file."""
        return transport.credentials(self.world, account, user)

    def client(self, service: str, account: str, user: str, *, region: str, **options: Any) -> Any:  # noqa: ANN401 - boto3
        """A boto3 client of a user, for tests."""
        found = self.credentials(account, user)
        return client(
            service, self.url, found.aws_access_key_id, found.aws_secret_access_key, region_name=region, **options
        )

    def start(self) -> Self:
        """Start both threads."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and let hanging answers go."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self.simulator.ending.set()
        if self._threads[0].ident is None:  # it never began
            for endpoint in self._endpoints:
                endpoint.listening.close()
            self._loop.close()
            return
        with self.simulator.lock:
            self.simulator.changed.notify_all()
        self._loop.call_soon_threadsafe(self._ended.set)
        for thread in self._threads:
            thread.join(timeout=2)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is None:
            self.simulator.tell()

    def _serve(self) -> None:
        self._loop.run_until_complete(self._answering())
        self._loop.close()

    async def _answering(self) -> None:
        """Answer at every endpoint until the end."""
        for endpoint in self._endpoints:
            await endpoint.open()
        await self._ended.wait()
        for endpoint in self._endpoints:
            await endpoint.close()
        for pool in (self._polling, self._controlling):
            pool.shutdown(wait=False, cancel_futures=True)

    def _tick(self) -> None:
        """Let things happen in virtual time although nobody reads."""
        simulator = self.simulator
        with simulator.lock:
            while not self._stopping.is_set():
                simulator.run_due()
                delay = simulator.next_delay()
                simulator.changed.wait(MAX_WAIT if delay is None else min(max(delay, 0.001), MAX_WAIT))


def _listening(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2000)


def client(service: str, url: str, key_id: str, secret: str, token: str | None = None, **options: Any) -> Any:  # noqa: ANN401 - boto3
    """A client on any credentials, by service name."""
    return transport.session().create_client(
        service,
        endpoint_url=url,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        **options,
    )
