"""Writes to watched objects: only when something differs, only onto what we have seen, and heard of at once.

Every write carries the resourceVersion it was computed from. A conflict is answered by looking and computing again;
a change of what was asked for in the meantime makes the whole pass obsolete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..kinds.kind import Body, ObjectKey
from ..words import texts
from . import objects
from .client import Api, ApiError, Trouble
from .store import Store

_ATTEMPTS = 3


class VanishedError(Exception):
    """The object does not exist any more."""


class OvertakenError(Exception):
    """The object was changed so that the pass has to start over."""


class Writer:
    """Writes to the API server and lets the store know what came of it."""

    def __init__(self, api: Api, store: Store) -> None:
        self._api = api
        self._store = store

    async def add_finalizer(self, key: ObjectKey, body: Body) -> Body:
        """Have the object wait for us when it is deleted."""
        return await self._write(key, body, _with_finalizer)

    async def release(self, key: ObjectKey, body: Body) -> None:
        """Take our finalizer away; an object that is gone already is what was wanted."""
        try:
            await self._write(key, body, _without_finalizer)
        except VanishedError:
            return

    async def put_status(self, key: ObjectKey, body: Body, status: Mapping[str, Any]) -> Body:
        """Replace the status, when that makes a difference."""

        def change(current: Body) -> dict[str, Any]:
            patch = objects.merge_patch(current.get("status") or {}, texts.shown(status))
            return {"status": patch} if patch else {}

        return await self._write(key, body, change, subresource="status")

    async def look(self, key: ObjectKey) -> Body:
        """Read an object anew, into the store."""
        resource = objects.WATCHED[key.kind]
        latest = await self._api.look(resource, key.namespace, key.name)
        if latest is None:
            self._store.drop(key)
            raise VanishedError(str(key))
        self._store.put(key.kind, latest)
        return latest

    async def _write(
        self, key: ObjectKey, body: Body, change: Callable[[Body], dict[str, Any]], *, subresource: str = ""
    ) -> Body:
        for _ in range(_ATTEMPTS):
            patch = change(body)
            if not patch:
                return body
            try:
                after = await self._api.patch(objects.WATCHED[key.kind], body, patch, subresource=subresource)
            except ApiError as error:
                body = await self._after_refusal(key, body, error)
                continue
            self._store.put(key.kind, after)
            return after
        raise OvertakenError(str(key))

    async def _after_refusal(self, key: ObjectKey, body: Body, error: ApiError) -> Body:
        """Return the object to try again with, if that is sensible.

        A refusal (422) can be due to a deletion that we have not heard of: a terminating object takes no finalizers.
        """
        if error.trouble is Trouble.GONE:
            self._store.drop(key)
            raise VanishedError(str(key)) from error
        if error.trouble not in (Trouble.CONFLICT, Trouble.REFUSED):
            raise error
        latest = await self.look(key)
        if objects.identity_of(latest) != objects.identity_of(body):
            raise OvertakenError(str(key)) from error
        if error.trouble is Trouble.REFUSED:
            raise error
        return latest


def _with_finalizer(body: Body) -> dict[str, Any]:
    present = objects.finalizers_of(body)
    if objects.FINALIZER in present or objects.deletion_of(body) is not None:
        return {}
    return {"metadata": {"finalizers": [*present, objects.FINALIZER]}}


def _without_finalizer(body: Body) -> dict[str, Any]:
    present = objects.finalizers_of(body)
    if objects.FINALIZER not in present:
        return {}
    return {"metadata": {"finalizers": [each for each in present if each != objects.FINALIZER]}}
