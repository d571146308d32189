"""Kubernetes events: posted once per fact and object, and never by the dozen.

The same Warning about the same object is repeated at most hourly. No object gets more than ten Warnings in an hour, nor
more than ten times the same deed: a backfill of days starts copies every few seconds.
Losing an event is allowed (they live for an hour anyway); holding up a pass for one is not.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..kinds.kind import Body
from ..status.events import Event
from ..words.texts import clean
from . import objects
from .client import Api, ApiError, Trouble

_logger = logging.getLogger(__name__)

CONTROLLER = "crossvault.io/crossvault"
NOTE_LIMIT = 1024
PER_HOUR = 10
_HOUR = 3600.0
_REMEMBERED = 4096
_BACKLOG = 1000
_BACKLOG_OF_ONE = 200
"""So many events wait in one namespace at most: policies made and deleted in a row do not push out those of others."""


@dataclass(slots=True)
class _History:
    """What one object was told in the last hour."""

    told: dict[str, deque[float]] = field(default_factory=dict)
    said: dict[tuple[str, str], float] = field(default_factory=dict)


class Recorder:
    """Decides which events are worth posting, and posts them in the background, one after the other."""

    def __init__(
        self, api: Api, reporter: str, *, clock: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        self._api = api
        self._reporter = reporter
        self._clock = clock
        self._monotonic = monotonic
        self._histories: OrderedDict[str, _History] = OrderedDict()
        self._backlog: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_BACKLOG)
        self._waiting: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()

    def record(self, kind: str, body: Body, events: Iterable[Event]) -> None:
        """Queue those of the events that say something new."""
        for event in events:
            if not self._is_news(objects.uid_of(body), event):
                continue
            manifest = self._manifest(kind, body, event)
            namespace = manifest["metadata"]["namespace"]
            if self._backlog.full() or self._waiting[namespace] >= _BACKLOG_OF_ONE:
                self._drop(namespace)
                continue
            self._waiting[namespace] += 1
            self._backlog.put_nowait(manifest)

    def _drop(self, namespace: str) -> None:
        """Count what nobody is told; the log says it when that begins, and when it is over."""
        if not self._dropped[namespace]:
            _logger.warning("Dropping events: too many wait", extra={"namespace": namespace})
        self._dropped[namespace] += 1

    def _is_news(self, uid: str, event: Event) -> bool:
        now = self._monotonic()
        history = self._histories.setdefault(uid, _History())
        self._histories.move_to_end(uid)
        if len(self._histories) > _REMEMBERED:
            self._histories.popitem(last=False)
        fact = (event.reason.value, event.message)
        history.said = {each: at for each, at in history.said.items() if now - at < _HOUR}
        warns = event.type == "Warning"
        told = history.told.setdefault(event.type if warns else event.reason.value, deque())
        while told and now - told[0] >= _HOUR:
            told.popleft()
        if len(told) >= PER_HOUR or (warns and fact in history.said):
            return False
        if warns:  # a deed of ours or a recovery may be said again with the same words
            history.said[fact] = now
        told.append(now)
        return True

    def _manifest(self, kind: str, body: Body, event: Event) -> dict[str, Any]:
        """Return an events.k8s.io/v1 Event (https://kubernetes.io/docs/reference/kubernetes-api/).

        eventTime is a MicroTime: six decimals are mandatory, which ``isoformat()`` leaves out when they are zero.
        Events about cluster-scoped objects belong to the namespace ``default``, where kubectl looks for them.
        """
        metadata = body["metadata"]
        namespace = metadata.get("namespace") or "default"
        return {
            "apiVersion": objects.EVENTS.api_version,
            "kind": "Event",
            "metadata": {"generateName": f"{metadata['name'][:200].rstrip('.-')}-", "namespace": namespace},
            "eventTime": self._clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": CONTROLLER,
            "reportingInstance": self._reporter,
            "action": "Reconciling",
            "type": event.type,
            "reason": event.reason.value,
            "note": _note(event.message),
            "regarding": {
                "apiVersion": objects.WATCHED[kind].api_version,
                "kind": kind,
                "name": metadata["name"],
                "namespace": metadata.get("namespace") or "",
                "uid": objects.uid_of(body),
                "resourceVersion": metadata.get("resourceVersion") or "",
            },
        }

    async def run(self) -> None:
        """Post what is queued, for ever."""
        while True:
            manifest = await self._backlog.get()
            try:
                await self._api.create(objects.EVENTS, manifest)
            except ApiError as error:
                level = logging.DEBUG if _has_no_place(error) else logging.WARNING
                _logger.log(level, "Losing an event: %s", error, extra={"reason": manifest["reason"]})
            finally:
                self._posted(manifest["metadata"]["namespace"])
                self._backlog.task_done()

    def _posted(self, namespace: str) -> None:
        self._waiting[namespace] -= 1
        if not self._waiting[namespace]:
            del self._waiting[namespace]
            dropped = self._dropped.pop(namespace, 0)
            if dropped:
                _logger.warning("Dropped events: none wait any more", extra={"namespace": namespace, "events": dropped})

    async def flush(self) -> None:
        """Wait until everything queued is posted or lost."""
        await self._backlog.join()


def _has_no_place(error: ApiError) -> bool:
    """Tell whether the event's namespace is gone or going, which takes no new objects and ends all that were in it.

    The API server refuses them with a 403 of cause NamespaceTerminating (its admission plugin NamespaceLifecycle).
    """
    terminating = error.trouble is Trouble.FORBIDDEN and "because it is being terminated" in str(error)
    return terminating or error.trouble is Trouble.GONE


def _note(message: str) -> str:
    """Clean a message and cut it to what the API server takes, which counts bytes."""
    message = clean(message)
    encoded = message.encode()
    if len(encoded) <= NOTE_LIMIT:
        return message
    return encoded[: NOTE_LIMIT - 3].decode(errors="ignore") + "…"
