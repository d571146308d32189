"""The simulator over HTTP: waitress in a thread, loopback unless told otherwise.

`SimulatorServer` is the context manager for tests; `control` speaks to the same process without HTTP.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from typing import TYPE_CHECKING, Any, Self

import waitress.server
from waitress import wasyncore

from . import transport
from .control import Control
from .control_api import ControlApi
from .simulator import Simulator
from .wire import Arrival, Request
from .world import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from types import TracebackType

    from .records.state import State
    from .wire import Response
    from .world.schema import World

REASONS = {200: "OK", 204: "No Content", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 500: "Internal"}
MAX_WAIT = 0.5


class Application:
    """The WSGI application: the control API under `/_sim/`, if this port has it, and AWS everywhere else, likewise."""

    def __init__(self, simulator: Simulator | None, api: ControlApi | None, stopping: threading.Event) -> None:
        self.simulator = simulator
        self.api = api
        self.stopping = stopping

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one HTTP request."""
        request = _request(environ)
        answer = self._answer(request)
        if answer.delay > 0:
            self.stopping.wait(answer.delay)
        if answer.arrival is Arrival.DROPPED:
            _drop(environ)
        body = answer.body
        headers = list(answer.headers)
        if answer.status != 204:  # which has no body to have a length
            headers.append(("Content-Length", str(len(body))))
        if request.method == "HEAD":
            body = b""
        elif answer.arrival is Arrival.TRUNCATED:
            body = body[: len(body) // 2]
        start_response(f"{answer.status} {REASONS.get(answer.status, 'Status')}", headers)
        return [body]

    def _answer(self, request: Request) -> Response:
        if self.api and (request.path.startswith("/_sim") or self.simulator is None):
            return self.api.handle(request)
        if self.simulator is None:
            raise AssertionError("an application serves AWS, the control API or both")
        return self.simulator.handle(request)


def _request(environ: dict[str, Any]) -> Request:
    raw = str(environ.get("REQUEST_URI") or environ["PATH_INFO"])
    if not raw.startswith("/"):  # with scheme and host in front, as clients write it for a proxy
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    path, _, query = raw.partition("?")
    headers = {
        name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    body, peer = environ["wsgi.input"].read(), str(environ.get("REMOTE_ADDR", "127.0.0.1"))
    return Request(str(environ["REQUEST_METHOD"]), path, query, headers, body, peer)


def _drop(environ: dict[str, Any]) -> None:
    """Cut the connection without an answer; waitress hands out its channel through this bound method only."""
    connection = environ["waitress.client_disconnected"].__self__.socket
    if connection is not None:  # None: the client was gone first
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


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
        threads: int = 64,
        strict_out: bool = True,
        control_port: int | None = None,
    ) -> None:
        self.simulator = Simulator(files.opened(world), rate=rate, strict_out=strict_out)
        self.simulator.patient = True
        self.control = Control(self.simulator)
        self.host = host
        self._stopping = threading.Event()
        self._sockets: dict[int, Any] = {}
        api = ControlApi(self.control)
        shared = Application(self.simulator, api if control_port is None else None, self._stopping)
        self._server = self._listening(shared, port, threads)
        self._control_server = self._server
        if control_port is not None:
            try:
                self._control_server = self._listening(Application(None, api, self._stopping), control_port, 4)
            except OSError:
                self._server.close()
                raise
        self.port = int(self._server.effective_port)
        self.control_port = int(self._control_server.effective_port)
        self._threads = (
            threading.Thread(target=self._server.run, name="simulator-http", daemon=True),
            threading.Thread(target=self._tick, name="simulator-clock", daemon=True),
        )

    def _listening(self, application: Application, port: int, threads: int) -> Any:  # noqa: ANN401 - waitress is untyped
        """A listening socket in the shared map: the loop of the first server serves them all."""
        return waitress.server.create_server(
            application,
            map=self._sockets,
            host=self.host,
            port=port,
            threads=threads,
            clear_untrusted_proxy_headers=True,
            ident=None,
            connection_limit=2000,
            outbuf_overflow=2**26,  # a page of 1,000 recovery points is a megabyte: not by way of a file
        )

    @property
    def url(self) -> str:
        """What AWS_ENDPOINT_URL has to be."""
        return f"http://{self.host}:{self.port}"

    @property
    def control_url(self) -> str:
        """Where the control API is."""
        return f"http://{self.host}:{self.control_port}/_sim"

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
        # Waitress complains about connections that are cut, which faults and a quick end do on purpose.
        logging.getLogger("waitress").setLevel(logging.CRITICAL)
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and let hanging answers go."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self.simulator.ending.set()
        with self.simulator.lock:
            self.simulator.changed.notify_all()
        # Run in the loop's own thread: without sockets the loop ends. The loop may be awake already and be quicker
        # than the byte that is to wake it.
        with contextlib.suppress(OSError):
            self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._sockets, ignore_all=True))
        for thread in self._threads:
            thread.join(timeout=2)
        for server in {id(one): one for one in (self._server, self._control_server)}.values():
            server.task_dispatcher.shutdown(timeout=1)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is None:
            self.simulator.tell()

    def _tick(self) -> None:
        """Let things happen in virtual time although nobody reads."""
        simulator = self.simulator
        with simulator.lock:
            while not self._stopping.is_set():
                simulator.run_due()
                delay = simulator.next_delay()
                simulator.changed.wait(MAX_WAIT if delay is None else min(max(delay, 0.001), MAX_WAIT))


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
