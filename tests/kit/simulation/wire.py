"""The wire of one simulation: botocore as it is, clients that are made once, and a simulated AWS at the other end.

Making a client takes ten times as long as a request, and every process of every seed needs eight: they are lent, with
other credentials and hooks. Requests carry no digest, which would take a third of the time, and would be judged by the
wall clock: who asks is told by key id and token as ever.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials, DeferredRefreshableCredentials, RefreshableCredentials
from tests.kit import sessions
from tests.kit.stage import HOME, OPERATOR_KEY

from backup_simulator.clock import RealTime
from backup_simulator.identity.claims import Claim
from backup_simulator.records.state import Credential
from backup_simulator.simulator import Simulator
from backup_simulator.wire import CommonError, Request
from crossvault.aws.calls import CallHooks
from crossvault.aws.clients import NewClients
from crossvault.aws.own import AwsSettings, client_config

Answer = Callable[[str, AWSPreparedRequest], AWSResponse]
"""Answers a request; the name is that of service and operation, as ``backup.ListCopyJobs``."""
_HOOKS = ("before-sign", "before-send", "before-parse", "response-received", "after-call-error")


class VirtualAws(Simulator):
    """An AWS whose own time is all the time there is, and that believes who a request says it is from."""

    def __init__(self, world: Any) -> None:
        super().__init__(world, real=RealTime(self._time, lambda: 0.0), strict_out=False)

    def _time(self) -> float:
        state = getattr(self, "state", None)
        return state.now() if state is not None else 0.0

    def _verified(self, request: Request, claimed: Claim) -> Credential:
        del request
        found = self.state.credentials.get(claimed.key_id)
        if found is None or found.token != claimed.token:
            raise CommonError("UnknownKey", "The security token included in the request is invalid.")
        if found.expiry is not None and found.expiry <= self.state.now():
            raise CommonError("ExpiredToken", "The security token included in the request is expired")
        return found


class _Seal:
    """Says who asks; no more."""

    def __init__(self, credentials: Any, region: str, service: str) -> None:
        self._credentials, self._region, self._service = credentials, region, service

    def add_auth(self, request: Any) -> None:
        scope = f"{self._credentials.access_key}/20260302/{self._region}/{self._service}/aws4_request"
        sealed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"
        request.headers["Authorization"] = sealed
        if self._credentials.token:
            request.headers["X-Amz-Security-Token"] = self._credentials.token


class _Lent:
    """A client, and for whom it asks now."""

    def __init__(self, client: Any, give_back: Callable[[_Lent], None]) -> None:
        self.client = client
        self.credentials: Any = None
        self.hooks: list[tuple[str, Callable[..., Any]]] = []
        self.answer: Answer | None = None
        self._http = client._endpoint.http_session
        client._request_signer.get_auth_instance = self._seal
        client._user_agent_creator.to_string = lambda: "crossvault"  # a tenth of all the time, for nobody to read
        client.close = functools.partial(give_back, self)
        for event in _HOOKS:
            client.meta.events.register(event, functools.partial(self._relay, event))

    def _seal(self, signing_name: str, region_name: str, **_: Any) -> _Seal:
        return _Seal(self.credentials.get_frozen_credentials(), region_name, signing_name)

    def _relay(self, event: str, **said: Any) -> AWSResponse | None:
        for name, hook in self.hooks:
            if name == event:
                hook(**said)
        if event != "before-send":
            return None
        assert self.answer is not None
        _, service, operation = said["event_name"].split(".")
        return self.answer(f"{service}.{operation}", said["request"])

    def register(self, event_name: str, handler: Callable[..., Any]) -> None:
        """Hook in, until it is given back."""
        self.hooks.append((event_name, handler))

    def rest(self) -> None:
        """Forget for whom it was lent."""
        self.credentials, self.hooks, self.answer = None, [], None
        self.client._endpoint.http_session = self._http


class Clients:
    """All clients of this process, by service and Region; those that are not lent."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, str], list[_Lent]] = {}
        self._lent: dict[int, tuple[tuple[str, str], _Lent]] = {}

    def lend(self, service: str, region: str, config: Config) -> _Lent:
        """Return a client that nobody has."""
        key = (service, region)
        idle = self._idle.setdefault(key, [])
        found = idle.pop() if idle else self._new(service, region, config)
        self._lent[id(found)] = (key, found)
        return found

    def _new(self, service: str, region: str, config: Config) -> _Lent:
        client = _plain().create_client(
            service, region_name=region, config=config, aws_access_key_id="nobody", aws_secret_access_key="nothing"
        )
        return _Lent(client, self._take_back)

    def _take_back(self, lent: _Lent) -> None:
        known = self._lent.pop(id(lent), None)
        if known is not None:
            lent.rest()
            self._idle[known[0]].append(lent)

    def recall(self) -> None:
        """Take back what a process had that was killed."""
        for _, lent in list(self._lent.values()):
            self._take_back(lent)


@functools.cache
def clients() -> Clients:
    """Return the clients of this process; they have no memory of whom they were lent to."""
    return Clients()


@functools.cache
def _plain() -> botocore.session.Session:
    return sessions.plain()


class _Session:
    """As much of a botocore session as the product uses where clients are lent."""

    def get_component(self, name: str) -> Any:
        return _plain().get_component(name)

    def register_component(self, _name: str, _component: Any) -> None:
        """All have the same already."""

    def get_config_variable(self, _name: str) -> str:
        return HOME

    def set_config_variable(self, _name: str, _value: Any) -> None:
        """All there is to configure is given."""

    def set_default_client_config(self, _config: Any) -> None:
        """No client is made but those that are lent."""

    def get_credentials(self) -> Credentials:
        return Credentials(OPERATOR_KEY["AWS_ACCESS_KEY_ID"], OPERATOR_KEY["AWS_SECRET_ACCESS_KEY"])

    def register(self, _event_name: str, _handler: Callable[..., Any]) -> None:
        """No request is made by a session itself."""


class _LentClients:
    """What makes the clients of accounts: they are lent."""

    def __init__(self, answer: Answer, clock: Callable[[], datetime], settings: AwsSettings) -> None:
        self._answer, self._clock, self._config = answer, clock, client_config(settings)

    def credentials(self, fetch: Callable[[], dict[str, Any]]) -> RefreshableCredentials:
        return DeferredRefreshableCredentials(fetch, "assume-role", self._clock)

    def client(self, service: str, region: str, credentials: Credentials, hooks: CallHooks) -> Any:
        lent = clients().lend(service, region, self._config)
        lent.credentials, lent.answer = credentials, self._answer
        hooks.attach(lent)
        return lent.client

    def close(self) -> None:
        """All are taken back by whoever ends a process."""


def new_clients(answer: Answer, clock: Callable[[], datetime]) -> NewClients:
    """Return what makes clients whose requests ``answer`` answers, and whose credentials age by ``clock``."""
    return lambda _new_session, settings: _LentClients(answer, clock, settings)


def new_session() -> botocore.session.Session:
    """Return a session that makes no client."""
    return cast("botocore.session.Session", _Session())
