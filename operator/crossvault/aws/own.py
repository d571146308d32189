"""The operator's own identity, and how it talks to AWS."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import Any, Protocol, cast

import botocore.session
from botocore import exceptions
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials

from ..engine.declared import SecretKey
from ..words.problems import CrossvaultError, ErrorClass, Problem
from ..words.reasons import Reason
from .calls import CallHooks, CallRecorder
from .members import ANSWERS
from .names import UNNAMED

ASKED = frozenset(
    {"account", "backup", "cloudtrail", "iam", "kms", "organizations", "resourcegroupstaggingapi", "sqs", "sts"}
)
"""The services that are asked by us; botocore may ask others for the operator's own credentials."""

_ENDPOINTS = ASKED | {"tagging", "sso", "portal.sso", "oidc", "signin"}
"""Whose endpoints are kept: those of these services and of who gives out credentials, as AWS's list names them."""


class FileLoader(Protocol):
    """What reads the models of services for botocore."""

    def exists(self, file_path: str) -> bool:
        """Tell whether there is a model."""

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 - JSON
        """Load a model."""


NewSession = Callable[[], botocore.session.Session]

CONNECTIONS = 100
"""How many connections to one host are kept open for the next request, of all accounts together."""

# Under this name the requests are counted that fetch the operator's own credentials, before any account is entered.
NOBODY = ""


def _nowhere(ref: SecretKey) -> str:
    words = (
        f"The External ID is declared by externalIdSecretRef (key {ref.key} of {ref.name}), which is not among the"
        " files: the account was not looked at."
    )
    raise CrossvaultError(Problem(Reason.EXTERNAL_ID_IN_CLUSTER, words, ErrorClass.STUCK))


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """How to talk to AWS.

    Attributes:
        cluster: What tells this operator from others in CloudTrail; see :mod:`crossvault.aws.names`.
        region: Where the operator runs: its STS is asked, and accounts that name no Region are looked at there.
        endpoint_url: Instead of AWS's own endpoints; without it AWS_ENDPOINT_URL counts.
        attempts: How often botocore tries one request.
        threads: How many reads of one namespace run at once per account.
        sessions: How many accounts are kept ready.
        audit: How often what is kept of a listing is listed in whole.
        settled: How old what was seen of a setting may be, as long as nothing is amiss with it.
        external_ids: Reads External IDs that are not in the manifests.
        by_hand: Who reads what is said is who asks, with credentials of their own: nothing is kept from them.
    """

    version: str = "0"
    cluster: str = UNNAMED
    region: str | None = None
    endpoint_url: str | None = None
    connect_timeout: float = 5.0
    read_timeout: float = 20.0
    attempts: int = 3
    threads: int = 4
    sessions: int = 256
    audit: timedelta = timedelta(hours=6)
    settled: timedelta = timedelta(minutes=25)
    external_ids: Callable[[SecretKey], str] = _nowhere
    by_hand: bool = False


def client_config(settings: AwsSettings) -> Config:
    """Return what all clients have in common: nothing hangs for ever, and CloudTrail shows who asked."""
    return Config(
        retries={"mode": "standard", "total_max_attempts": settings.attempts},
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        user_agent_extra=f"crossvault/{settings.version}",
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
    )


def plain_session() -> botocore.session.Session:
    """Return a session as botocore makes it: it reaches AWS over the network."""
    return botocore.session.Session()


class Ready(CredentialProvider):
    """A credential provider that has the credentials already."""

    METHOD = CANONICAL_NAME = "crossvault"

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def load(self) -> Credentials:
        """Return them."""
        return self._credentials


class LeanFiles:
    """Loads models of services without what they say to people, and ours without what is never asked.

    That is nearly all that they take of memory. AWS's list of all endpoints of four hundred services takes 6 MiB more.

    Args:
        inner: What loads them, of a :class:`botocore.loaders.Loader`.
    """

    def __init__(self, inner: FileLoader) -> None:
        self._inner = inner

    def exists(self, file_path: str) -> bool:
        """Tell whether there is a model."""
        return self._inner.exists(file_path)

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 - JSON
        """Load a model; None where there is none."""
        model = self._inner.load_file(file_path)
        service, _, kind = PurePath(file_path).parts[-3:] if model is not None else ("", "", "")
        if service in ASKED and kind == "service-2":
            model = _of_operations(model, ANSWERS)
        elif kind == "endpoints" and model is not None:
            model = _of_services(model, _ENDPOINTS)
        return _without_documentation(model)


def _of_services(endpoints: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return a list of endpoints with those of some services; what it says of none, botocore makes up from patterns."""
    partitions = [
        {**each, "services": {name: known for name, known in each["services"].items() if name in names}}
        for each in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def _of_operations(model: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return a model of a service with some of its operations, and the shapes that these need."""
    operations = {name: each for name, each in model["operations"].items() if name in names}
    shapes: dict[str, Any] = {}
    needed = _shapes_in(operations)
    while needed:
        shapes |= {name: model["shapes"][name] for name in needed}
        needed = _shapes_in({name: shapes[name] for name in needed}) - shapes.keys()
    return {**model, "operations": operations, "shapes": shapes}


def _shapes_in(model: Any) -> set[str]:  # noqa: ANN401 - JSON
    """Return the names of the shapes that a part of a model refers to."""
    if isinstance(model, dict):
        named = {each for name, each in model.items() if name == "shape" and isinstance(each, str)}
        return named.union(*map(_shapes_in, model.values()))
    return set().union(*map(_shapes_in, model)) if isinstance(model, list) else set()


def _without_documentation(model: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(model, dict):
        texts = {name for name, each in model.items() if name == "documentation" and isinstance(each, str)}
        return {name: _without_documentation(each) for name, each in model.items() if name not in texts}
    return [_without_documentation(each) for each in model] if isinstance(model, list) else model


class OwnIdentity:
    """The operator's own credentials, from botocore's usual chain, and sessions that share one loader."""

    def __init__(self, settings: AwsSettings, recorder: CallRecorder, new_session: NewSession) -> None:
        self._lock = threading.Lock()
        self._session: botocore.session.Session | None = None
        self._config = client_config(settings)
        self._hooks = CallHooks(NOBODY, recorder, lambda _: None)
        self._new_session = new_session
        self._loader = new_session().get_component("data_loader")
        if not isinstance(self._loader.file_loader, LeanFiles):  # whoever makes sessions may share a loader
            self._loader.file_loader = LeanFiles(self._loader.file_loader)
        configured = cast("str | None", self._fresh().get_config_variable("region"))
        self.region = settings.region or os.environ.get("AWS_REGION") or configured

    def new_session(self) -> botocore.session.Session:
        """Return a session that knows nobody's credentials yet; the models of the services are read once for all."""
        session = self._new_session()
        session.register_component("data_loader", self._loader)
        return session

    def _fresh(self) -> botocore.session.Session:
        session = self.new_session()
        # A pod's web identity is exchanged by a client that botocore makes by itself, with this configuration.
        session.set_default_client_config(self._config)
        self._hooks.attach(session)
        return session

    def credentials(self) -> Credentials:
        """Return the operator's credentials; raises NoCredentialsError where there are none."""
        with self._lock:
            if self._session is None:
                self._session = self._fresh()
            found = self._session.get_credentials()
        if found is None:
            raise exceptions.NoCredentialsError
        return found

    def session(self) -> botocore.session.Session:
        """Return a session of its own that signs with the operator's credentials; raises where there are none."""
        credentials = self.credentials()
        session = self.new_session()
        session.register_component("credential_provider", CredentialResolver([Ready(credentials)]))
        return session

    def forget(self) -> None:
        """Look for credentials anew next time: files may have been replaced since."""
        with self._lock:
            self._session = None
