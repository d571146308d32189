"""External IDs that lie in Secrets: of the operator's own namespace, and of no other.

They are read when a role is assumed and kept nowhere, so a new value is used the next time without a restart.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from concurrent.futures import TimeoutError as TimedOutError
from pathlib import Path

from ..engine.declared import SecretKey
from ..words.problems import CrossvaultError, ErrorClass, Problem
from ..words.reasons import Reason
from . import objects
from .access import POD_ACCOUNT
from .client import Api, ApiError, Trouble

SECRETS = objects.Resource("/api/v1", "secrets", "v1", namespaced=True)
_WAIT = 30.0
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}")
"""What STS takes: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""


def own_namespace(folder: Path = POD_ACCOUNT) -> str:
    """Return the namespace that the pod runs in; empty outside of a cluster."""
    try:
        return (folder / "namespace").read_text("utf-8").strip()
    except OSError:
        return ""


class Secrets:
    """Reads Secrets for threads that assume roles. Refuses until it is opened."""

    def __init__(self) -> None:
        self._api: Api | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._namespace = ""

    def open(self, api: Api, loop: asyncio.AbstractEventLoop, namespace: str) -> None:
        """Say whom to ask, in which loop, and which namespace is the operator's."""
        self._api, self._loop, self._namespace = api, loop, namespace

    def read(self, ref: SecretKey) -> str:
        """Return one value of a Secret; to be called outside of the loop.

        Raises:
            CrossvaultError: It is not there, may not be read, or is no text.
        """
        if self._api is None or self._loop is None or not self._namespace:
            raise _unreadable(ref, "the operator's own namespace is not known (--namespace)")
        asked = asyncio.run_coroutine_threadsafe(self._api.get(SECRETS, self._namespace, ref.name), self._loop)
        try:
            body = asked.result(_WAIT)
        except ApiError as error:
            time_ends_it = error.trouble in {Trouble.UNREACHABLE, Trouble.UNAUTHORIZED}
            raise _unreadable(ref, _why(error), retry=time_ends_it) from error
        except TimedOutError as error:
            asked.cancel()
            raise _unreadable(ref, "the API server does not answer", retry=True) from error
        if body is None:
            raise _unreadable(ref, "there is no such Secret in the operator's namespace")
        return _text(ref, (body.get("data") or {}).get(ref.key))


def _why(error: ApiError) -> str:
    if error.trouble is Trouble.FORBIDDEN:
        return "the operator may not get it (rbac.externalIdSecrets of the chart)"
    return "the API server does not give it"


def _text(ref: SecretKey, encoded: object) -> str:
    if not isinstance(encoded, str):
        raise _unreadable(ref, "the Secret has no such key")
    try:
        found = base64.b64decode(encoded, validate=True).decode("utf-8").strip()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _unreadable(ref, "its value is no text") from error
    if not found:
        raise _unreadable(ref, "its value is empty")
    if not _EXTERNAL_ID.fullmatch(found):
        raise _unreadable(ref, "its value is no External ID: 2 to 1224 letters, digits and _ + = , . @ : / -")
    return found


def _unreadable(ref: SecretKey, why: str, *, retry: bool = False) -> CrossvaultError:
    """Return the problem; which Secret it is stands in the status of the BackupAccount alone."""
    return CrossvaultError(
        Problem(
            Reason.EXTERNAL_ID_UNREADABLE,
            "The External ID cannot be read from spec.externalIdSecretRef of the BackupAccount.",
            ErrorClass.RETRY if retry else ErrorClass.STUCK,
            detail=f"Secret {ref.name}, key {ref.key}: {why}.",
        )
    )
