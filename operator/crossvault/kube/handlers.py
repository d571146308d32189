"""kopf's handlers: they take in what is watched, and nothing else.

``on.event`` handlers are never retried and their errors are swallowed, so they must not do anything that can fail.
Never add timers, daemons, or create/update/delete handlers for these kinds: kopf would put its own finalizers and
annotations on the objects, and a timer dies for ever on one refused write.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import kopf

from ..kinds import KINDS
from ..kinds.kind import NAMESPACE
from ..work.vitals import Vitals
from . import objects
from .login import Login
from .store import Store


def registry(store: Store, login: Login, vitals: Vitals) -> kopf.OperatorRegistry:
    """Return the handlers of one process."""
    handlers = kopf.OperatorRegistry()
    kopf.on.login(registry=handlers, id="login", errors=kopf.ErrorsMode.TEMPORARY, backoff=5.0)(login.login)
    for kind in KINDS.values():
        on_event = kopf.on.event(
            objects.GROUP, objects.VERSION, kind.plural, registry=handlers, id=f"hear-{kind.plural}"
        )
        on_event(_listener(kind.name, store, vitals))
    kopf.on.event("", "v1", "namespaces", registry=handlers, id="hear-namespaces")(_listener(NAMESPACE, store, vitals))
    return handlers


def _listener(kind: str, store: Store, vitals: Vitals) -> Any:  # noqa: ANN401 - kopf's own type of a handler
    async def hear(event: kopf.RawEvent, **_: object) -> None:
        vitals.watch_activity[kind] = datetime.now(UTC)
        if event["type"] == "DELETED":
            store.remove(kind, event["object"])
        else:
            store.put(kind, event["object"])

    return hear
