"""Lists everything and compares it with the store: at the start before any pass, and every few minutes after.

A watch loses deletions when the server forgets history while the watch is cut, and is deaf for good after etcd was
restored from a backup. The first cannot be seen otherwise, the second only be left by starting over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from ..work.vitals import Vitals
from .client import Api, ApiError, Listing, Trouble
from .objects import WATCHED
from .settings import OperatorSettings
from .store import Store

_logger = logging.getLogger(__name__)

_FIRST_PAUSES = (0.5, 1.0, 2.0, 5.0)
_RETRY = 30.0
_GRACE = 1.0

Pause: TypeAlias = Callable[[float], Awaitable[None]]


class DeafError(Exception):
    """The API server's history is older than what we have seen: only a new process hears again."""


class Relist:
    """Keeps the store equal to what the API server lists."""

    def __init__(
        self, api: Api, store: Store, settings: OperatorSettings, vitals: Vitals, *, pause: Pause = asyncio.sleep
    ) -> None:
        self._api = api
        self._store = store
        self._settings = settings
        self._vitals = vitals
        self._pause = pause
        self._listening_since = datetime.now(UTC)
        self.listed = asyncio.Event()

    async def run(self) -> None:
        """Compare until cancelled. Raises :class:`DeafError` when the process has to start over."""
        attempt = 0
        while True:
            interval = self._settings.relist_interval.total_seconds()
            try:
                await self.compare()
                self._check_hearing()
                self.listed.set()
                attempt = 0
            except ApiError as error:
                _logger.warning("Listing again later: %s", error)
                pause = _FIRST_PAUSES[min(attempt, len(_FIRST_PAUSES) - 1)] if not self.listed.is_set() else _RETRY
                interval = min(interval, pause)
                attempt += 1
            await asyncio.sleep(interval)

    async def compare(self) -> None:
        """List every kind once, what is referred to before what refers to it."""
        for kind in WATCHED:
            seen = self._store.seen(kind)
            listing = await self._list(kind)
            if listing is None:
                continue
            if listing.version < seen:
                raise DeafError(
                    f"{kind} objects are listed as of version {listing.version}, but {seen} was seen before: "
                    "etcd was restored, and a watch would stay silent."
                )
            if self.listed.is_set() and self._store.differs(kind, listing.items, version=listing.version):
                await self._pause(_GRACE)  # most news are not lost, but on their way
            missing, ghosts = self._store.compare(kind, listing.items, version=listing.version)
            if self.listed.is_set() and (missing or ghosts):
                _logger.info("Found %d unheard changes and %d ghosts of %s", missing, ghosts, kind)

    def _check_hearing(self) -> None:
        """Find out that kopf has stopped watching without ending, as it does when a task inside it dies.

        Every watch is renewed after ``watch_timeout``; it cannot have been silent for twice as long while the API
        server answers our lists.
        """
        limit = 2 * self._settings.watch_timeout + timedelta(minutes=1)
        for kind in WATCHED:
            heard = max(self._vitals.watch_activity.get(kind, self._listening_since), self._listening_since)
            silent = datetime.now(UTC) - heard
            if silent > limit and self._store.keys(kind):
                raise DeafError(f"The watch of {kind} has been silent for {silent.total_seconds():.0f} s.")

    async def _list(self, kind: str) -> Listing | None:
        """Return what is listed; None while the kind is not served, which before the first list is an error."""
        try:
            return await self._api.list(WATCHED[kind])
        except ApiError as error:
            if error.trouble is not Trouble.GONE or not self.listed.is_set():
                raise
            for key in self._store.keys(kind):  # without its definition no object is left
                self._store.drop(key)
            return None
