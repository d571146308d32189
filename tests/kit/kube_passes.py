"""One policy, the passes over it, and a core that answers as told."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from tests.kit.fake_api import POLICIES, FakeApi, policy

from crossvault.engine.hints import Hint
from crossvault.engine.rounds import Aws
from crossvault.kinds import POLICY
from crossvault.kinds.kind import ObjectKey, Request
from crossvault.kinds.policy.reconcile import PolicyRequest
from crossvault.kube import passes
from crossvault.kube.client import Api, ApiError, Trouble
from crossvault.kube.events import Recorder
from crossvault.kube.parts import Parts
from crossvault.kube.settings import OperatorSettings
from crossvault.kube.store import Store
from crossvault.kube.threads import Threads
from crossvault.kube.writer import Writer
from crossvault.status.events import Event
from crossvault.status.outcome import Cadence, Outcome
from crossvault.words.reasons import Reason
from crossvault.work.agenda import Next
from crossvault.work.board import Board
from crossvault.work.freshness import Freshness
from crossvault.work.hearing import Hearing
from crossvault.work.vitals import Vitals

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ORDERS = ObjectKey(POLICY.name, "shop", "orders")
STATUS = {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]}
SETTINGS = OperatorSettings(workers=2, cadence=Cadence(timedelta(minutes=5), timedelta(seconds=30)))
WARNING = Event("Warning", Reason.DRIFTED, "Otherwise.")


async def eventually(look: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(10):
        while not look():  # noqa: ASYNC110 - what is waited for happens in a thread
            await asyncio.sleep(0.01)


class Bench:
    """Passes over one policy, with a core that answers as told."""

    def __init__(self, body: dict[str, Any] | None = None, **settings: Any) -> None:
        self.api = FakeApi()
        self.now = NOW
        self.outcome = Outcome(STATUS, requeue=timedelta(minutes=5))
        self.raises: Exception | None = None
        self.hold: threading.Event | None = None
        self.requests: list[PolicyRequest] = []
        self.told_to_stop: list[bool] = []
        self.stopping = False
        self.forgotten: list[str] = []
        self.vitals, self.board = Vitals(), Board()
        self.store = Store()
        self.freshness = Freshness(SETTINGS.cadence)
        self.heeded: list[tuple[Hint, datetime]] = []
        self.hearing = Hearing(self.store.desk, self.vitals, longest=SETTINGS.cadence.interval, clock=lambda: self.now)
        api = cast("Api", self.api)
        self.recorder = Recorder(api, "test", clock=lambda: self.now, monotonic=lambda: 0.0)
        self.parts = Parts(
            aws=cast("Aws", None),
            reconcile=self._reconcile,
            settings=replace(SETTINGS, **settings),
            clock=lambda: self.now,
            store=self.store,
            api=api,
            writer=Writer(api, self.store),
            recorder=self.recorder,
            board=self.board,
            freshness=self.freshness,
            threads=Threads(2, lambda: self.stopping),
            vitals=self.vitals,
            hearing=self.hearing,
            heed=lambda hint, at: self.heeded.append((hint, at)),
            forget_account=self.forgotten.append,
            aside=lambda _key: nullcontext(),
        )
        self.passes = passes.Passes(self.parts)
        self.body = self.api.add(POLICIES, body or policy())
        self.store.put(POLICY.name, self.body)

    def _reconcile(self, request: Request, aws: Aws, **rest: Any) -> Outcome:
        del aws
        if not isinstance(request, PolicyRequest):
            return self.outcome
        self.requests.append(request)
        if self.hold is not None:
            self.hold.wait(10)
            self.told_to_stop.append(rest["stopping"]())
        if self.raises is not None:
            raise self.raises
        return self.outcome

    async def work(self, key: ObjectKey = ORDERS) -> Next:
        """Do one pass and post its events."""
        then = await self.passes.handle(key)
        poster = asyncio.create_task(self.recorder.run())
        await self.recorder.flush()
        poster.cancel()
        return then

    def stored(self) -> dict[str, Any]:
        """Return the policy as the API server has it."""
        return self.api.get(POLICIES, self.body) or {}

    def reasons(self) -> list[str]:
        """Return the reasons of the events that were posted."""
        return [each["reason"] for each in self.api.events]

    def delete(self, **metadata: Any) -> None:
        """Have somebody delete the policy."""
        body = self.api.touch(POLICIES, self.body, deletionTimestamp="2026-11-23T12:00:00Z", generation=2, **metadata)
        self.store.put(POLICY.name, body)


def once(verb: str, what: str, *troubles: Trouble) -> Callable[[str, str], ApiError | None]:
    """Return a refusal of the first requests of one kind."""
    left = list(troubles)

    def refuse(asked: str, about: str) -> ApiError | None:
        return ApiError(left.pop(0), "no") if left and (asked, about) == (verb, what) else None

    return refuse
