"""Passes over the policies and organizations of a folder, driven by the same queue as in a cluster.

Status lives in memory only.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ..aws.aside import stepping
from ..engine.declared import Desired, PolicyKey
from ..engine.observed import Observed
from ..engine.plan import Plan
from ..engine.rounds import Aws
from ..kinds import ACCOUNT, KINDS, ORGANIZATION, POLICY
from ..kinds.kind import Clock, ObjectKey, Occasion, Request
from ..kinds.policy.reconcile import judge_policy
from ..kinds.rejected import Rejected
from ..status.outcome import Cadence, Outcome
from ..words.reasons import Reason
from ..work.agenda import After, Done, Next, Retry
from ..work.board import Board
from ..work.clock import utc_now
from ..work.desk import Desk
from ..work.freshness import Freshness
from ..work.pool import Pool
from ..work.vitals import Vitals
from ..work.workers import LENT, Workers
from .files import shown
from .manifests import WORKED_ON, Folder, ManifestFault
from .watch import Watch
from .writes import Writes

_logger = logging.getLogger("crossvault.run")


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """How a run without a cluster goes on.

    Attributes:
        once: One pass over every object, then end.
        until_protected: End as soon as every recovery point in scope has its copy, and every switch is as declared.
        timeout: End after this long in any case; None waits for ever.
        reload: How often the files are looked at for changes.
    """

    cadence: Cadence = field(default_factory=Cadence)
    workers: int = 10
    once: bool = False
    until_protected: bool = False
    timeout: timedelta | None = None
    reload: timedelta = timedelta(seconds=2)


MOMENT = 1.0
"""Seconds that the end waits for what it need not wait for."""


class LocalRunner:
    """Keeps the policies of a folder as declared.

    In the event loop's thread ``on_outcome`` hears of every pass, and ``on_wait`` when the end waits for a write.
    """

    def __init__(
        self,
        path: Path,
        aws: Aws,
        *,
        settings: LocalSettings,
        board: Board,
        vitals: Vitals,
        on_outcome: Callable[[ObjectKey, Outcome], None] = lambda _key, _outcome: None,
        on_wait: Callable[[], None] = lambda: None,
        watch: Watch | None = None,
        clock: Clock = utc_now,
        executor: Executor | None = None,
    ) -> None:
        self._path, self._aws, self._settings = path, Writes(aws), settings
        self._clock, self._executor = clock, executor
        self._watch = watch or Watch(path)
        self._board, self._vitals, self._on_outcome, self._on_wait = board, vitals, on_outcome, on_wait
        self._folder = Folder()
        self._bodies: dict[ObjectKey, dict[str, Any]] = {}
        self._desk = Desk()
        self._outcomes: dict[ObjectKey, Outcome] = {}
        self._looked_at: dict[ObjectKey, datetime] = {}
        self._freshness = Freshness(settings.cadence)
        self._again: Callable[[ObjectKey], None] = lambda _key: None
        self._aside: Callable[[ObjectKey], contextlib.AbstractContextManager[object]] = lambda _key: (
            contextlib.nullcontext()
        )
        self._started = clock()
        self._finished = asyncio.Event()
        self._stopping = False

    @property
    def outcomes(self) -> Mapping[PolicyKey, Outcome]:
        """The last outcome of every policy."""
        return {key.policy: each for key, each in self._outcomes.items() if key.kind == POLICY.name}

    def statuses(self) -> Mapping[PolicyKey, Mapping[str, Any]]:
        """Return the bodies of all policies with their present status, as the API server would have them."""
        return {key.policy: body for key, body in self._bodies.items() if key.kind == POLICY.name}

    def organizations(self) -> Mapping[str, tuple[Mapping[str, Any], Outcome | None]]:
        """Return the bodies of all organizations with their present status, and the last outcomes."""
        return {
            key.name: (body, self._outcomes.get(key))
            for key, body in self._bodies.items()
            if key.kind == ORGANIZATION.name
        }

    def rejected(self) -> Mapping[ObjectKey, tuple[ManifestFault, ...]]:
        """Return the faults of what can be read, and not be worked with beside the others, with file and line."""
        return self._folder.rejected()

    def judged(self, key: PolicyKey) -> tuple[Desired, Observed, Plan] | Rejected | None:
        """Judge a policy by what its last pass saw; None where there was none.

        What that pass has changed since is looked at anew.
        """
        at, body = self._looked_at.get(POLICY.key(key)), self._bodies.get(POLICY.key(key))
        if at is None or body is None:
            return None
        request = self._desk[POLICY].request(POLICY.key(key), body, Occasion(at))
        return judge_policy(request, self._aws)

    def stop(self) -> None:
        """End after the writes that are under way."""
        self._stopping = True
        self._finished.set()

    async def run(self) -> None:
        """Run until stopped, or until the settings' goal is reached.

        Raises:
            ManifestError: The folder cannot be used at the start; later such a state is logged and waited out.
        """
        folder = self._watch.first()
        folder.require(shown(self._path))
        self._adopt(folder)
        pool = self._executor or Pool(self._settings.workers * (1 + LENT))
        whole = False
        try:
            handle = functools.partial(self._handle, pool)
            workers = Workers(
                handle,
                count=self._settings.workers,
                vitals=self._vitals,
                needed_by=self._desk.accounts_of,
                tenant_of=lambda key: key.namespace,
                alone=self._desk.one_tenant,
                kind_of=lambda key: key.kind,
            )
            self._again, self._aside = workers.add, workers.aside
            for key in self._bodies:
                workers.add(key)
            workers.start()
            watcher = asyncio.create_task(self._follow(workers))
            await self._goal(watcher)
            whole = await self._end(workers)
        finally:
            if self._executor is None:
                pool.shutdown(wait=whole)

    async def _end(self, workers: Workers[ObjectKey]) -> bool:
        """Wait for the answers to writes, and a moment for passes: what is only read can be read another time.

        Returns whether every pass came to its end.
        """
        self._stopping = True
        self._aws.close()
        if not await self._aws.ended(MOMENT):
            self._on_wait()
            await self._aws.ended()
        return await workers.drain(timeout=MOMENT)

    async def _goal(self, watcher: asyncio.Task[None]) -> None:
        """Wait for the end; a watcher that ends before is a bug, and ends the run with its error."""
        limit = self._settings.timeout
        goal = asyncio.create_task(self._finished.wait())
        await asyncio.wait(
            {goal, watcher}, timeout=limit.total_seconds() if limit else None, return_when=asyncio.FIRST_COMPLETED
        )
        goal.cancel()
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher

    # --- files

    def _adopt(self, folder: Folder) -> set[ObjectKey]:
        """Take over what the files declare and return the objects that have to be looked at."""
        changed = self._adopt_labels(folder)
        for kind in KINDS:  # what is referred to before what refers to it
            changed |= self._adopt_kind(kind, folder)
        if any(key.kind == ACCOUNT.name for key in changed):
            self._tell_twins()
        for key in self._folder.worked_on.keys() - folder.worked_on.keys():
            name = f"policy {key.policy}" if key.kind == POLICY.name else str(key)
            _logger.warning("Letting %s go: no file declares it any more. What is in AWS stays.", name)
            # A file that is gone removes nothing in AWS: only the deletion of a policy object can ask for that.
            del self._bodies[key]
            self._outcomes.pop(key, None)
            self._freshness.forget(key)
            self._board.drop(key.kind, key.policy)
        self._folder = folder
        anew = changed & self._bodies.keys()
        for key in anew:
            self._outcomes.pop(key, None)  # what was true of the old files reaches no goal
            self._freshness.demand(key, self._clock())
        return anew

    def _tell_twins(self) -> None:
        """Say which accounts are one way in under several names; in a cluster the status of each does."""
        for names in self._desk[ACCOUNT].shared():
            _logger.warning(
                "BackupAccounts %s enter one account with the same role and External ID; keep one of them",
                ", ".join(names),
                extra={"reason": Reason.ROLE_SHARED.value},
            )

    def _adopt_labels(self, folder: Folder) -> set[ObjectKey]:
        before, changed = self._folder.labels, set[ObjectKey]()
        for namespace in before.keys() | folder.labels.keys():
            if folder.labels.get(namespace) != before.get(namespace):
                changed |= set(self._desk.put_labels(namespace, folder.labels.get(namespace)))
        return changed

    def _adopt_kind(self, kind: str, folder: Folder) -> set[ObjectKey]:
        """Put on the desk what the files declare anew of a kind; return what has to be looked at because of that."""
        before, after = (
            {key: body for key, body in each.objects.items() if key.kind == kind} for each in (self._folder, folder)
        )
        changed = {each for key in before.keys() - after.keys() for each in self._desk.drop(key)}
        for key, declared in after.items():
            known = before.get(key)
            if known is not None and known["spec"] == declared["spec"]:
                continue
            body = declared
            if kind in WORKED_ON:
                body = self._bodies[key] = self._object(declared, self._bodies.get(key))
            changed |= {key, *self._desk.put(key, body)}
        return changed

    def _object(self, body: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
        """Give a manifest what the API server would give it."""
        generation = before["metadata"]["generation"] + 1 if before else 1
        created = self._started.strftime("%Y-%m-%dT%H:%M:%SZ")
        metadata = {"creationTimestamp": created, **body["metadata"], "generation": generation}
        return {**body, "metadata": metadata, "status": before["status"] if before else {}}

    async def _follow(self, workers: Workers[ObjectKey]) -> None:
        """Take over what changes in the files, until cancelled."""
        while True:
            await asyncio.sleep(self._settings.reload.total_seconds())
            folder = await asyncio.to_thread(self._watch.changed)
            if folder is None:
                continue
            for key in self._adopt(folder):
                workers.add(key)
            self._end_if_reached()

    # --- passes

    async def _handle(self, pool: Executor, key: ObjectKey) -> Next:
        body = self._bodies.get(key)
        if body is None or self._stopping:
            return Done()
        loop, began = asyncio.get_running_loop(), self._clock()
        request = self._request(key, body, began)
        outcome = await loop.run_in_executor(pool, self._pass, key, request)
        if self._is_overtaken(request, key):
            return Done()  # whoever changed it has asked for the next pass
        if outcome.status is not None:
            self._bodies[key] = {**body, "status": outcome.status}
            self._desk.put(key, self._bodies[key], changed=False)
        self._outcomes[key], self._looked_at[key] = outcome, began
        self._freshness.note(key, outcome, began, self._clock())
        if outcome.report is not None:
            self._board.put(outcome.report)
        self._on_outcome(key, outcome)
        self._end_if_reached()
        if outcome.failed:
            return Retry("aws")
        return Done() if outcome.requeue is None else After(outcome.requeue)

    def _request(self, key: ObjectKey, body: Mapping[str, Any], now: datetime) -> Request:
        fresh = self._freshness
        return self._desk.request(
            key,
            body,
            Occasion(
                fresh.not_before(key, now),
                self._board.looked(key.kind, key.policy),
                waiting=self._board.waiting(key.kind, key.policy),
                patience=fresh.patience(key, now),
            ),
        )

    def _pass(self, key: ObjectKey, request: Request) -> Outcome:
        with stepping(lambda: self._aside(key)):
            return request.reconcile(
                self._aws,
                clock=self._clock,
                cadence=self._settings.cadence,
                stopping=lambda: self._stopping or self._is_overtaken(request, key),
            )

    def _is_overtaken(self, request: Request, key: ObjectKey) -> bool:
        """Tell whether the files say something else by now: who suspends a policy wants no copy started after.

        A pass asks this in its thread; it reads what the event loop replaces as a whole and never changes.
        """
        return self._bodies.get(key) is not request.body or self._desk.is_overtaken(key, request)

    def _end_if_reached(self) -> None:
        """End when the goal is reached; what was long ago seen to be protected is looked at once more before."""
        everything = bool(self._bodies) and self._bodies.keys() <= self._outcomes.keys()
        if everything and self._settings.once:
            self._finished.set()
        if everything and self._settings.until_protected and all(map(_reached, self._outcomes.values())):
            oldest = self._clock() - self._settings.cadence.follow
            stale = [key for key in self._bodies if self._looked_at[key] < oldest]
            for key in stale:
                self._freshness.demand(key, self._clock())
                self._again(key)
            if not stale:
                self._finished.set()


def _reached(outcome: Outcome) -> bool:
    """Tell whether an object is what a run until all is protected waits for."""
    return kept(outcome) if outcome.report and outcome.report.kind == ORGANIZATION.name else protected(outcome)


def kept(outcome: Outcome) -> bool:
    """Tell whether the switch of an organization is as declared, as observed."""
    conditions = outcome.report.conditions if outcome.report is not None else ()
    return any(kind == "Synced" and status == "True" for kind, status, _ in conditions)


def protected(outcome: Outcome) -> bool:
    """Tell whether every recovery point in scope has its copy, as observed."""
    report = outcome.report
    if report is None or not report.destinations:
        return False
    return is_ready(outcome) and all(each.looked and each.gaps == 0 for each in report.destinations)


def is_ready(outcome: Outcome, wanted: str = "True") -> bool:
    """Tell whether Ready is as wanted."""
    conditions = outcome.report.conditions if outcome.report is not None else ()
    return any(kind == "Ready" and status == wanted for kind, status, _ in conditions)
