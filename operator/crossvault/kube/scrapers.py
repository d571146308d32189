"""Who may scrape: whom the API server knows by their token, and RBAC lets get ``/metrics``.

As kube-rbac-proxy and controller-runtime ask: TokenReview, then SubjectAccessReview of a nonResourceURL
(https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access). Verdicts are kept for a
short while. While the API server does not answer, who was let in lately still is: that is when metrics are needed.
Strangers wait for each other, few at a time; who was let in once waits for none of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from . import objects
from .client import Api, ApiError
from .port import Answer, Request, said

_logger = logging.getLogger(__name__)

KEPT = 60.0
REFUSED_KEPT = 10.0
LATELY = 600.0
MOST = 64
"""So many tokens are remembered as let in, and so many as refused: strangers push out nobody who was let in."""
PATIENCE = 1.0
"""Seconds that who was let in lately waits for a new verdict, before the old one counts once more."""
WAITING = 64
WAITING_PER_PEER = 2
"""So many tokens that nobody knows wait to be asked about, in all and of one peer; one more is told to come again."""

_LATER = said(HTTPStatus.TOO_MANY_REQUESTS, **{"Retry-After": "1"})
_UNKNOWN = said(HTTPStatus.UNAUTHORIZED, **{"WWW-Authenticate": "Bearer"})
_FORBIDDEN = said(HTTPStatus.FORBIDDEN)


@dataclass(frozen=True, slots=True)
class _Verdict:
    refusal: Answer | None
    at: float


@dataclass(eq=False, slots=True)
class _Review:
    """A question that is asked for a peer, whether of a stranger, and how many wait for the answer.

    ``begun``: it is the stranger's turn.
    """

    peer: str
    stranger: bool
    task: asyncio.Task[Answer | None]
    begun: asyncio.Event
    awaited: int = 0


class Scrapers:
    """Remembers verdicts by the hash of the token. Belongs to one event loop.

    Args:
        api: The API server, as the operator.
        monotonic: Seconds.
    """

    def __init__(self, api: Api, monotonic: Callable[[], float]) -> None:
        self._api = api
        self._monotonic = monotonic
        self._admitted: OrderedDict[bytes, _Verdict] = OrderedDict()
        self._refused: OrderedDict[bytes, _Verdict] = OrderedDict()
        self._reviews: dict[bytes, _Review] = {}
        self._turn = asyncio.Lock()

    async def check(self, request: Request) -> Answer | None:
        """Return what a request is refused with, None where its sender may scrape."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return _UNKNOWN
        key = hashlib.sha256(token.strip().encode()).digest()
        known = self._known(key)
        if known is not None:
            return known.refusal
        review = self._reviews.get(key)
        if review is None:
            stranger = key not in self._admitted
            if stranger and self._is_crowded(request.peer):
                return _LATER
            review = self._begin(key, token.strip(), request.peer, stranger=stranger)
        return await self._verdict(key, review)

    def _is_crowded(self, peer: str) -> bool:
        waiting = [each.peer for each in self._reviews.values() if each.stranger]
        return len(waiting) >= WAITING or waiting.count(peer) >= WAITING_PER_PEER

    def _begin(self, key: bytes, token: str, peer: str, *, stranger: bool) -> _Review:
        begun = asyncio.Event()
        asking = self._ask_in_turn(key, token, begun) if stranger else self._ask(key, token)
        task = asyncio.get_running_loop().create_task(asking)  # its own: others may come to wait for it
        self._reviews[key] = review = _Review(peer, stranger, task, begun)

        def end(_: object) -> None:
            if self._reviews.get(key) is review:
                del self._reviews[key]

        task.add_done_callback(end)
        return review

    async def _verdict(self, key: bytes, review: _Review) -> Answer | None:
        review.awaited += 1
        try:
            await asyncio.wait({review.task}, timeout=PATIENCE if self._was_admitted(key) else None)
        finally:
            review.awaited -= 1
            if review.stranger and not review.begun.is_set() and not review.awaited and not review.task.done():
                del self._reviews[key]  # nobody is there any more: their place is somebody else's
                review.task.cancel()
        return review.task.result() if review.task.done() else None

    async def _ask_in_turn(self, key: bytes, token: str, begun: asyncio.Event) -> Answer | None:
        async with self._turn:  # one at a time: a crowd of strangers is no load for the API server
            begun.set()  # and is asked to its end, as who leaves at once would have many asked
            return await self._ask(key, token)

    def _was_admitted(self, key: bytes) -> bool:
        before = self._admitted.get(key)
        return before is not None and self._monotonic() - before.at < LATELY

    def _known(self, key: bytes) -> _Verdict | None:
        now = self._monotonic()
        for verdicts, kept in ((self._admitted, KEPT), (self._refused, REFUSED_KEPT)):
            verdict = verdicts.get(key)
            if verdict is not None and now - verdict.at < kept:
                return verdict
        return None

    async def _ask(self, key: bytes, token: str) -> Answer | None:
        try:
            refusal = await self._review(token)
        except ApiError as error:
            if self._was_admitted(key):
                return None
            _logger.warning("Cannot ask who scrapes: %s", error)
            return said(HTTPStatus.SERVICE_UNAVAILABLE, "cannot ask the API server who you are")
        self._admitted.pop(key, None)
        verdicts = self._admitted if refusal is None else self._refused
        verdicts[key] = _Verdict(refusal, self._monotonic())
        verdicts.move_to_end(key)
        while len(verdicts) > MOST:
            verdicts.popitem(last=False)
        return refusal

    async def _review(self, token: str) -> Answer | None:
        answer = await self._api.create(objects.TOKEN_REVIEWS, _body("TokenReview", {"token": token}))
        status = answer.get("status") or {}
        if not status.get("authenticated"):
            return _UNKNOWN
        user = status.get("user") or {}
        asked = {
            "user": user.get("username", ""),
            **{member: user[member] for member in ("groups", "uid", "extra") if user.get(member)},
            "nonResourceAttributes": {"path": "/metrics", "verb": "get"},
        }
        answer = await self._api.create(objects.ACCESS_REVIEWS, _body("SubjectAccessReview", asked))
        return None if (answer.get("status") or {}).get("allowed") is True else _FORBIDDEN


def _body(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    resource = {"TokenReview": objects.TOKEN_REVIEWS, "SubjectAccessReview": objects.ACCESS_REVIEWS}[kind]
    return {"apiVersion": resource.api_version, "kind": kind, "metadata": {}, "spec": spec}
