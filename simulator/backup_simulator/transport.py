"""The simulator without a socket: botocore's `before-send` event is answered in the same process.

Everything above the wire stays botocore's own: serialisation, SigV4 (verified), retries, parsing. No real time passes:
an answer that would come after the client's read timeout is a ReadTimeoutError at once, any earlier one comes at once.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from . import prepared
from .control import Control
from .fidelity import Behaviour
from .simulator import Simulator
from .wire import Arrival
from .world import files

if TYPE_CHECKING:
    from pathlib import Path

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

    from .records.state import State
    from .world.schema import World

READ_TIMEOUT = 60.0
"""Botocore's default, for requests that carry no client configuration."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user's access key, by the names boto3 knows: `boto3.Session(**credentials)`."""

    aws_access_key_id: str
    aws_secret_access_key: str

    def keys(self) -> tuple[str, ...]:
        """The names of both, so that `**` takes them."""
        return "aws_access_key_id", "aws_secret_access_key"

    def __getitem__(self, name: str) -> str:
        return {each.name: str(getattr(self, each.name)) for each in fields(self)}[name]


def credentials(world: World, account: str, user: str) -> Credentials:
    """The access key of a user in a world; LookupError when there is none."""
    for part in world.accounts:
        for found in part.users:
            if part.id == account and found.name == user:
                return Credentials(found.access_key.id, found.access_key.secret)
    raise LookupError(f"the world has no user {user} in account {account}")


@functools.cache
def session() -> botocore.session.Session:
    """One session for all test clients: its loader keeps the parsed models."""
    return botocore.session.Session()


class InProcess:
    """A simulator whose clients need no socket: `InProcess(world).client("backup", account, user, region=…)`."""

    def __init__(self, world: World | Path | str | dict[str, Any] | Simulator, *, rate: float | None = None) -> None:
        self.simulator = world if isinstance(world, Simulator) else Simulator(files.opened(world), rate=rate)
        self.control = Control(self.simulator)

    @property
    def state(self) -> State:
        """The living world; hold `simulator.lock` to read it while clients are at work in other threads."""
        return self.simulator.state

    @property
    def world(self) -> World:
        """The world that was loaded."""
        return self.simulator.world

    def attach(self, target: Any) -> None:  # noqa: ANN401 - botocore and boto3 by name
        """Answer everything a botocore or boto3 session, or a client, sends from now on.

        A session has to be attached before its clients are made; they inherit its event handlers.
        """
        target = getattr(target, "_session", target)  # boto3 keeps botocore's session there
        events = target.meta.events if hasattr(target, "meta") else target.get_component("event_emitter")
        events.register_first("before-send", self._answer)

    def credentials(self, account: str, user: str) -> Credentials:
        """The access key of a user in the world file."""
        return credentials(self.world, account, user)

    def client(self, service: str, account: str, user: str, *, region: str, **options: Any) -> Any:  # noqa: ANN401 - boto3
        """A client of a user of the world."""
        found = self.credentials(account, user)
        return self.client_with(
            service, found.aws_access_key_id, found.aws_secret_access_key, region_name=region, **options
        )

    def client_with(self, service: str, key_id: str, secret: str, token: str | None = None, **options: Any) -> Any:  # noqa: ANN401 - boto3
        """A client on any credentials, for example on those AssumeRole gave."""
        made = session().create_client(
            service, aws_access_key_id=key_id, aws_secret_access_key=secret, aws_session_token=token, **options
        )
        self.attach(made)
        return made

    def _answer(self, request: AWSPreparedRequest, **_event: Any) -> AWSResponse:  # noqa: ANN401 - botocore's events
        answer = self.simulator.handle(prepared.request(request))
        if answer.delay >= _read_timeout(request):
            raise ReadTimeoutError(endpoint_url=request.url)
        if answer.arrival is Arrival.DROPPED:
            raise ConnectionClosedError(endpoint_url=request.url, request=request)
        return prepared.answer(request, answer)


def _read_timeout(request: AWSPreparedRequest) -> float:
    config = (getattr(request, "context", None) or {}).get("client_config")
    timeout = getattr(config, "read_timeout", READ_TIMEOUT)
    return READ_TIMEOUT if timeout is None else float(timeout)


FIDELITY = (
    Behaviour(
        "Clients in the same process need no socket; the same script gives the same result as over HTTP",
        "ours",
        "test_transport.py::test_the_same_script_gives_the_same_result_over_http_and_in_process",
    ),
    Behaviour(
        "In process no real time passes: hangs are read timeouts at once, latency below the timeout is none",
        "ours",
        "test_transport.py::test_no_real_time_passes",
    ),
)
