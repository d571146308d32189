"""Clients of AWS for many accounts: what is the same for all of them is made once for each service and Region.

botocore makes a class, an index of events and a pool of connections for every client, which takes 20 ms and 300 KiB,
and none of it has to do with who asks. A client for an account is that, with a signer, hooks and retries of its own:
what it signs with cannot get to another account, since nothing that is shared knows of any credentials.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from botocore.config import Config
from botocore.credentials import (
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
    ReadOnlyCredentials,
    RefreshableCredentials,
)
from botocore.retries import standard

from . import bodies
from .own import AwsSettings, Ready, client_config

if TYPE_CHECKING:
    import botocore.session
    from botocore.client import BaseClient
    from botocore.hooks import BaseEventHooks

    from .calls import CallHooks


class Clients(Protocol):
    """Makes clients, and what they sign with."""

    def credentials(self, fetch: Callable[[], dict[str, Any]]) -> RefreshableCredentials:
        """Return credentials that are fetched when they are first needed, and again before they end."""

    def client(self, service: str, region: str, credentials: Credentials, hooks: CallHooks) -> BaseClient:
        """Return a client of a service in a Region that signs with some credentials, and whose calls go by hooks."""

    def close(self) -> None:
        """Close all connections."""


Handler: TypeAlias = Callable[..., Any]
NewClients: TypeAlias = "Callable[[Callable[[], botocore.session.Session], AwsSettings], Clients]"
"""Makes what makes clients, from what makes sessions that know nobody's credentials."""


class SharedClients:
    """Makes clients that share all but who asks. Thread-safe."""

    def __init__(self, new_session: Callable[[], botocore.session.Session], settings: AwsSettings) -> None:
        self._new_session = new_session
        self._endpoint_url = settings.endpoint_url
        self._config = client_config(settings)
        self._lock = threading.Lock()
        self._session: botocore.session.Session | None = None
        self._shared: dict[tuple[str, str], BaseClient] = {}

    def credentials(self, fetch: Callable[[], dict[str, Any]]) -> RefreshableCredentials:
        """Return credentials that are fetched when they are first needed, and again before they end."""
        return DeferredRefreshableCredentials(fetch, "assume-role")

    def client(self, service: str, region: str, credentials: Credentials, hooks: CallHooks) -> BaseClient:
        """Return a client of a service in a Region that signs with some credentials, and whose calls go by hooks."""
        # Many threads may use a client, only one may create one.
        # https://docs.aws.amazon.com/boto3/latest/guide/clients.html
        with self._lock:
            shared = self._shared.get((service, region))
            if shared is None:
                shared = self._shared[service, region] = self._create(service, region)
        client = lent(shared, credentials)
        hooks.attach(client.meta.events)
        return client

    def close(self) -> None:
        """Close all connections; requests on their way still end."""
        with self._lock:
            shared = list(self._shared.values())
            self._shared.clear()
        for each in shared:
            each.close()

    def _create(self, service: str, region: str) -> BaseClient:
        if self._session is None:
            self._session = self._new_session()
            self._session.register_component("credential_provider", CredentialResolver([Ready(_Nobody())]))
            self._session.set_config_variable("sts_regional_endpoints", "regional")
        return shareable(self._session, service, region, self._endpoint_url, self._config)


@dataclass(frozen=True, slots=True)
class _Words:
    """Who asks, as each request says."""

    user_agent: str

    def to_string(self) -> str:
        """Return it."""
        return self.user_agent


class _Nobody(Credentials):
    """Signs nothing."""

    def __init__(self) -> None:
        super().__init__("", "")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        raise RuntimeError("a client that accounts share signs nothing")


class _Events:
    """What hooks into a client: its own few handlers, and after them those that are shared."""

    def __init__(self, shared: BaseEventHooks) -> None:
        self._shared: Any = shared
        self._own: list[tuple[str, Handler]] = []
        self._known: dict[str, tuple[Handler, ...]] = {}

    def register(self, event_name: str, handler: Handler, **_: object) -> None:
        """Call a handler for an event and everything below it."""
        self._own.append((event_name, handler))
        self._known = {}

    def emit(self, event_name: str, **kwargs: object) -> list[tuple[Handler, Any]]:
        """Call all handlers of an event."""
        own = [(each, each(event_name=event_name, **kwargs)) for each in self._of(event_name)]
        return [*own, *self._shared.emit(event_name, **kwargs)]

    def emit_until_response(self, event_name: str, **kwargs: object) -> tuple[Any, Any]:
        """Call the handlers of an event until one answers."""
        for each in self._of(event_name):
            answer = each(event_name=event_name, **kwargs)
            if answer is not None:
                return each, answer
        answered: tuple[Any, Any] = self._shared.emit_until_response(event_name, **kwargs)
        return answered

    def _of(self, event_name: str) -> tuple[Handler, ...]:
        """Return the own handlers of an event, which are looked for once: a request has nine of them."""
        found = self._known.get(event_name)
        if found is None:
            found = tuple(each for name, each in self._own if f"{event_name}.".startswith(f"{name}."))
            self._known[event_name] = found
        return found


class _Lent:
    """What a client sends through that somebody else closes."""

    def __init__(self, inner: bodies.HttpSession) -> None:
        self.send = inner.send

    def close(self) -> None:
        """Leave the connections to others."""


def shareable(
    session: botocore.session.Session, service: str, region: str, endpoint_url: str | None, config: Config
) -> BaseClient:
    """Return what clients are :func:`lent` from; what it asks itself is not signed."""
    made = session.create_client(service, region_name=region, endpoint_url=endpoint_url, config=config)
    bodies.bound(made)
    name = made.meta.service_model.service_id.hyphenize()
    events: Any = made.meta.events
    parts: Any = made
    events.unregister(f"request-created.{name}", parts._request_signer.handler)  # noqa: SLF001 - see lent
    # Who asks is put together twice in each request, for the sake of what a request may add to it: a tenth of all.
    words = parts._user_agent_creator  # noqa: SLF001
    events.unregister(f"request-created.{name}", words.rebuild_and_replace_user_agent_handler)
    parts._user_agent_creator = _Words(words.to_string())  # noqa: SLF001
    # Retries are rationed: one account that is throttled must not use up what others may ask again.
    events.unregister(f"needs-retry.{name}", unique_id=f"retry-config-{name}")
    events.unregister(f"request-created.{name}", unique_id=f"seed-max-attempts-{name}")
    return made


def lent(shared: BaseClient, credentials: Credentials) -> BaseClient:
    """Return a client like a shared one that signs with some credentials; closing it closes nothing.

    botocore has no public way to that; a test holds all that is reached into here.
    """
    client: Any = object.__new__(type(shared))
    vars(client).update(vars(shared))
    events = _Events(shared.meta.events)
    client.meta = copy.copy(shared.meta)
    client.meta.events = events
    client._endpoint = copy.copy(client._endpoint)  # noqa: SLF001
    client._endpoint._event_emitter = events  # noqa: SLF001
    client._endpoint.http_session = _Lent(client._endpoint.http_session)  # noqa: SLF001
    client._request_signer = copy.copy(client._request_signer)  # noqa: SLF001
    client._request_signer._event_emitter = events  # noqa: SLF001
    client._request_signer._credentials = credentials  # noqa: SLF001
    name = client.meta.service_model.service_id.hyphenize()
    events.register(f"request-created.{name}", client._request_signer.handler)  # noqa: SLF001
    standard.register_retry_handler(client, client.meta.config.retries["total_max_attempts"])
    return cast("BaseClient", client)
