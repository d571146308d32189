"""The operator as one process: every part put together, started in order, and brought to an end in under two seconds.

kopf runs in the same event loop and only watches. When it ends by itself the process ends too: a new process is the
one remedy that always works.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NoReturn

import kopf

from .. import INTERRUPTED
from ..engine.rounds import Aws
from ..kinds.kind import NAMESPACE, Clock, ObjectKey
from ..work.agenda import Lane
from ..work.board import Board
from ..work.clock import utc_now
from ..work.freshness import Freshness
from ..work.hearing import Hearing
from ..work.vitals import Vitals
from ..work.workers import Workers
from . import handlers, objects, passes
from . import settings as tuning
from .access import Access
from .client import Api
from .events import Recorder
from .health import Checks, Heartbeat, Page
from .listening import Listen, Listening
from .login import Login
from .parts import Heed, Parts, Reconcile, reconcile
from .port import Port
from .relist import Relist
from .scrapers import Scrapers
from .secrets import Secrets
from .settings import OperatorSettings
from .store import Store
from .threads import Threads
from .writer import Writer

_logger = logging.getLogger(__name__)

_KOPF_WAIT = 0.3
_KOPF_PAUSE = 1.0
_FLUSH_WAIT = 0.3


@dataclass(slots=True)
class Surroundings:
    """What the caller wants to know and decide about a running operator.

    Attributes:
        reconcile: Does the passes.
        clock: The present.
        vitals: The figures of the process, for /metrics.
        metrics: Renders the page for /metrics; called in a thread.
        workers: Set when the operator starts, for the queue's figures.
        forget_account: Told the name of a BackupAccount that is gone.
        metrics_port: The port of /metrics that was bound; 0 before the start.
        probe_port: The port of /healthz and /readyz that was bound; 0 before the start.
        found_cluster: Told the uid of namespace kube-system, which is as good as the cluster's, before the first pass.
        executor: What passes run in; None for threads, one for each worker.
        heed: Told, at the start of a pass, what hints are about and when they were heard.
        listen: Begins to listen to events, once there are workers; what is heard is given to what it is called with.
        secrets: Reads External IDs for whoever assumes roles; opened when the operator starts.
        stop: Set it (in the operator's loop) to end the operator; SIGTERM and SIGINT do the same.
    """

    reconcile: Reconcile = reconcile
    clock: Clock = utc_now
    executor: Executor | None = None
    vitals: Vitals = field(default_factory=Vitals)
    metrics: Callable[[], bytes] | None = None
    workers: Workers[ObjectKey] | None = None
    forget_account: Callable[[str], None] = lambda _name: None
    metrics_port: int = 0
    probe_port: int = 0
    found_cluster: Callable[[str], None] = lambda _uid: None
    heed: Heed = lambda _hint, _at: None
    listen: Listen | None = None
    secrets: Secrets = field(default_factory=Secrets)
    stop: asyncio.Event = field(default_factory=asyncio.Event)


async def run(settings: OperatorSettings, aws: Aws, board: Board, around: Surroundings | None = None) -> int:
    """Run the operator until it is told to stop; return the exit code."""
    return await _Operator(settings, aws, board, around or Surroundings()).run()


def main(operator: Coroutine[object, object, int]) -> NoReturn:
    """Run the operator's coroutine and end the process with its exit code.

    Threads that are inside an AWS call cannot be ended, and the interpreter would wait for them; so would
    ``asyncio.run`` for its own. The end of the process must not.
    """
    code = 1
    try:
        code = asyncio.new_event_loop().run_until_complete(operator)
    except KeyboardInterrupt:  # before the operator listens for it itself
        code = INTERRUPTED
        _logger.warning("Interrupted")
    except BaseException:
        _logger.exception("Ending because of an error")
    finally:
        logging.shutdown()
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


class _Operator:
    def __init__(self, settings: OperatorSettings, aws: Aws, board: Board, around: Surroundings) -> None:
        self._settings = settings
        self._around = around
        self._loop = asyncio.get_running_loop()
        self._freshness = Freshness(settings.cadence)
        self._store = Store(self._on_change)
        access = Access(settings.kubeconfig, settings.context)
        self._api = Api(access.read, settings, around.vitals)
        around.secrets.open(self._api, self._loop, settings.namespace)
        self._login = Login(access, settings, vitals=around.vitals, health=self._api.health)
        self._recorder = Recorder(self._api, settings.reporter, clock=around.clock, monotonic=self._loop.time)
        self._threads = Threads(settings.workers, around.stop.is_set, around.executor)
        self._hearing = Hearing(self._store.desk, around.vitals, longest=settings.cadence.interval, clock=around.clock)
        self._relist = Relist(self._api, self._store, settings, around.vitals)
        self._workers = Workers[ObjectKey](
            passes.Passes(self._parts(aws, board)).handle,
            count=settings.workers,
            vitals=around.vitals,
            needed_by=self._store.desk.accounts_of,
            tenant_of=lambda key: key.namespace,
            alone=self._store.desk.one_tenant,
            kind_of=lambda key: key.kind,
        )
        self._listening = Listening(self._hearing, self._workers, self._loop)
        self._api.health.recovered = lambda: self._workers.reset_backoffs(passes.API)
        self._watch: asyncio.Task[None] | None = None

    def _parts(self, aws: Aws, board: Board) -> Parts:
        return Parts(
            aws=aws,
            reconcile=self._around.reconcile,
            settings=self._settings,
            clock=self._around.clock,
            store=self._store,
            api=self._api,
            writer=Writer(self._api, self._store),
            recorder=self._recorder,
            board=board,
            freshness=self._freshness,
            threads=self._threads,
            vitals=self._around.vitals,
            hearing=self._hearing,
            heed=self._around.heed,
            forget_account=self._around.forget_account,
            aside=lambda key: self._workers.aside(key),  # noqa: PLW0108 - they are made after this
        )

    def _on_change(self, key: ObjectKey) -> None:
        """Enqueue what changed; what is found at the start waits in the slow lane, where changes overtake it."""
        if self._relist.listed.is_set():
            self._freshness.demand(key, self._around.clock())
            self._workers.add(key, Lane.CHANGE)
        else:
            self._workers.add(key, Lane.RESYNC)

    # --- the life of the process

    async def run(self) -> int:
        self._around.workers = self._workers
        settings, around = self._settings, self._around
        guard = Scrapers(self._api, self._loop.time).check if settings.authorize_scrapers else None
        self._take_signals()
        async with (
            Port(Page(around.metrics, guard).answer, settings.host, settings.metrics_port) as metrics,
            Port(Checks(self._alive, self._ready).answer, settings.host, settings.probe_port) as probes,
        ):
            around.metrics_port, around.probe_port = metrics.number, probes.number
            _logger.info("Starting; metrics are on port %d, probes on port %d", metrics.number, probes.number)
            code = await self._live()
        _logger.info("Ending with exit code %d", code)
        return code

    async def _live(self) -> int:
        background = [
            self._loop.create_task(Heartbeat(self._around.vitals.loop_lag).run(), name="heartbeat"),
            self._loop.create_task(self._recorder.run(), name="events"),
            relist := self._loop.create_task(self._relist.run(), name="relist"),
        ]
        stop = self._loop.create_task(self._around.stop.wait(), name="stop")
        code = 1
        try:
            await asyncio.wait({relist, stop, listed := self._listed()}, return_when=asyncio.FIRST_COMPLETED)
            listed.cancel()
            if self._relist.listed.is_set() and not stop.done():
                system = self._store.get(ObjectKey(NAMESPACE, "", "kube-system"))
                if system is not None:
                    self._around.found_cluster(objects.uid_of(system))
                self._workers.start()
                if self._around.listen is not None:
                    self._around.listen(self._listening.take, self._around.stop.is_set)
                self._watch = self._loop.create_task(self._watching(), name="kopf")
                await asyncio.wait({relist, stop, self._watch}, return_when=asyncio.FIRST_COMPLETED)
            code = 0 if stop.done() else _cause(relist, self._watch)
        finally:
            await self._end([*background, stop])
        return code

    def _listed(self) -> asyncio.Task[bool]:
        return self._loop.create_task(self._relist.listed.wait(), name="listed")

    async def _watching(self) -> None:
        """Keep kopf running.

        Of a definition that is deleted it may hear by the 404 of its own watch first, which it does not survive.
        """
        while True:
            try:
                return await self._kopf()
            except Exception as error:
                if getattr(error, "status", None) != HTTPStatus.NOT_FOUND:
                    raise
                _logger.warning("A definition is gone; watching anew what there is")
            await asyncio.sleep(_KOPF_PAUSE)

    async def _kopf(self) -> None:
        """Run kopf, which takes SIGTERM and SIGINT over as the last step of spawning its tasks.

        Its own end takes five seconds and does not let our passes finish, so the signals are taken back.
        """
        ours = asyncio.all_tasks()
        settings = tuning.kopf_settings(self._settings)
        self._login.too_large = lambda: tuning.list_fewer(settings)
        tasks = await kopf.spawn_tasks(
            registry=handlers.registry(self._store, self._login, self._around.vitals),
            settings=settings,
            clusterwide=True,
            standalone=True,
        )
        self._take_signals()
        await kopf.run_tasks(tasks, ignored=ours)

    async def _end(self, tasks: list[asyncio.Task[object]]) -> None:
        """Let passes write what they found, then leave. Nothing here waits for AWS."""
        self._around.stop.set()
        self._listening.close()
        logging.getLogger("kopf").setLevel(logging.CRITICAL)  # its requests are about to be cut, which is no error
        finished = await self._workers.drain(self._settings.stop_wait.total_seconds())
        if not finished:
            _logger.warning("Leaving passes unfinished; the next process does them again")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._recorder.flush(), _FLUSH_WAIT)
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait({self._watch}, timeout=_KOPF_WAIT)
        for task in tasks:
            task.cancel()
        self._threads.close()
        await self._api.close()

    # --- how it is

    def _alive(self) -> str | None:
        """Say why the process has to be restarted. That the loop answers at all is most of the proof."""
        if not self._workers.alive():
            return "a worker has ended"
        if self._watch is not None and self._watch.done():
            return "nothing is being watched"
        return "every thread hangs in a pass" if self._threads.exhausted() else None

    def _ready(self) -> str | None:
        if not self._relist.listed.is_set():
            return "the first lists are not complete"
        return None if self._api.health.reachable else "the API server does not answer"

    def _take_signals(self) -> None:
        """End on SIGTERM and SIGINT."""
        with contextlib.suppress(RuntimeError, ValueError):  # not the main thread: only the stop event ends us
            for each in (signal.SIGTERM, signal.SIGINT):
                self._loop.add_signal_handler(each, self._around.stop.set)


def _cause(relist: asyncio.Task[None], watch: asyncio.Task[None] | None) -> int:
    """Log what ended by itself, and return the exit code for it."""
    for task in (relist, watch):
        if task is not None and task.done():
            error = task.exception()
            _logger.error("Ending because %s failed: %s", task.get_name(), error, exc_info=error)
    return 1
