"""The wire of one simulation: clients of botocore that are made once, and a simulated AWS at the other end.

Making a client takes ten times as long as a request, and every process of every seed needs eight: they are lent, with
other credentials and hooks. Requests are written, and answers read, as botocore does it; between the two there is no
request object, no event that nobody hears, and no digest, which took half of the time together, and the digest would be
judged by the wall clock: who asks is told by key id and token as ever.
"""

from __future__ import annotations

import functools
import urllib.parse
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials, DeferredRefreshableCredentials, RefreshableCredentials
from botocore.endpoint import convert_to_response_dict
from tests.kit import sessions
from tests.kit.stage import HOME, OPERATOR_KEY

from backup_simulator import prepared
from backup_simulator.clock import RealTime
from backup_simulator.identity.claims import Claim
from backup_simulator.records.state import Credential
from backup_simulator.simulator import Simulator
from backup_simulator.wire import CommonError, Request, Response
from crossvault.aws.calls import CallHooks
from crossvault.aws.clients import NewClients
from crossvault.aws.own import AwsSettings, client_config

Answer = Callable[[str, Request], Response]
"""Answers a request; the name is that of service and operation, as ``backup.ListCopyJobs``."""
_FAILED = "after-call-error"


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


def _resolved(resolver: Any, known: dict[str, Any], **asked: Any) -> Any:
    """Return where a service is in a Region, which no argument of what is asked for here changes."""
    if not known:
        known["endpoint"] = type(resolver).construct_endpoint(resolver, **asked)
    return known["endpoint"]


class _Lent:
    """A client, and for whom it asks now. It is its own endpoint."""

    def __init__(self, client: Any, region: str, give_back: Callable[[_Lent], None]) -> None:
        self.client = client
        self.credentials: Any = None
        self.hooks: list[tuple[str, Callable[..., Any]]] = []
        self.answer: Answer | None = None
        self._region = region
        self._endpoint = client._endpoint  # the product gives it parsers of its own
        self._endpoint.make_request = self._asked
        client._user_agent_creator.to_string = lambda: "crossvault"  # a tenth of all the time, for nobody to read
        client._ruleset_resolver.construct_endpoint = functools.partial(_resolved, client._ruleset_resolver, {})
        client.close = functools.partial(give_back, self)
        client.meta.events.register(_FAILED, functools.partial(self._tell, _FAILED))

    def _tell(self, event: str, **said: Any) -> None:
        for name, hook in self.hooks:
            if name == event:
                hook(**said)

    def _asked(self, operation: Any, asked: dict[str, Any]) -> tuple[AWSResponse, dict[str, Any]]:
        """Do what botocore's endpoint does for a request that is not tried again."""
        service, name = operation.service_model.service_id.hyphenize(), operation.name
        about = f"{service}.{name}"
        self._tell("before-sign", operation_name=name, request=SimpleNamespace(url=asked["url"]))
        sent = self._sealed(operation.service_model.signing_name, asked)
        try:
            self._tell("before-send")
            answer = self._answered(about, sent)
            found, parsed = self._read(about, operation, prepared.answer(SimpleNamespace(url=asked["url"]), answer))  # type: ignore[arg-type] # of a request, its URL is all it reads
        except Exception as error:
            self._received(about, None, error)
            raise
        self._received(about, parsed, None)
        return found, parsed

    def _received(self, about: str, parsed: dict[str, Any] | None, error: Exception | None) -> None:
        event = f"response-received.{about}"
        self._tell("response-received", event_name=event, parsed_response=parsed, exception=error)

    def _answered(self, about: str, sent: Request) -> Response:
        assert self.answer is not None
        return self.answer(about, sent)

    def _sealed(self, service: str, asked: dict[str, Any]) -> Request:
        """Say who asks; no more."""
        credentials = self.credentials.get_frozen_credentials()
        scope = f"{credentials.access_key}/20260302/{self._region}/{service}/aws4_request"
        url, body = urllib.parse.urlsplit(asked["url"]), asked["body"]
        query = urllib.parse.urlencode(asked["query_string"]) if asked["query_string"] else url.query
        headers = {name.lower(): str(value) for name, value in asked["headers"].items()}
        headers["host"] = url.netloc
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"
        if credentials.token:
            headers["x-amz-security-token"] = credentials.token
        content = urllib.parse.urlencode(body, doseq=True) if isinstance(body, dict) else body
        content = content.encode() if isinstance(content, str) else content
        return Request(asked["method"], url.path or "/", query, headers, content or b"")

    def _read(self, about: str, operation: Any, found: AWSResponse) -> tuple[AWSResponse, dict[str, Any]]:
        """Read an answer as botocore does."""
        beside: dict[str, Any] = {}
        answer = convert_to_response_dict(found, operation)
        self._tell(
            "before-parse",
            event_name=f"before-parse.{about}",
            operation_model=operation,
            response_dict=answer,
            customized_response_dict=beside,
        )
        parser = self._endpoint._response_parser_factory.create_parser(operation.service_model.resolved_protocol)
        parsed: dict[str, Any] = parser.parse(answer, operation.output_shape)
        parsed.update(beside)
        if found.status_code >= 300:
            self._endpoint._add_modeled_error_fields(answer, parsed, operation, parser)
        return found, parsed

    def register(self, event_name: str, handler: Callable[..., Any]) -> None:
        """Hook in, until it is given back."""
        self.hooks.append((event_name, handler))

    def rest(self) -> None:
        """Forget for whom it was lent."""
        self.credentials, self.hooks, self.answer = None, [], None


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
        return _Lent(client, region, self._take_back)

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
