"""Everything that can be set about the operator process, and how kopf has to be set for it to be safe.

Every value of kopf's settings that differs from its default has a reason beside it.
"""

from __future__ import annotations

import itertools
import logging
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import kopf

from ..status.outcome import Cadence
from . import objects

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """The operator process.

    Attributes:
        kubeconfig: None means ``$KUBECONFIG``, then the ServiceAccount of the pod, then ``~/.kube/config``.
        namespace: Where the operator runs: Secrets with External IDs are read there.
        host: Address that both ports listen on.
        metrics_port: 0 takes any free port.
        probe_port: 0 takes any free port.
        authorize_scrapers: Ask the API server who scrapes, and whether they may get ``/metrics``.
        cluster: Names the cluster in CloudTrail; None for a part of its own uid.
        instance: Names this process in events; the pod's name in a cluster.
        workers: Passes at once; each may hold one thread for AWS.
        pass_deadline: A pass that takes longer is reported, and runs no further action.
        deletion_wait: A deletion that AWS keeps from completing is let go after this time.
        relist_interval: How often the store is compared with what the API server lists.
        stop_wait: How long the end of the process waits for passes to write what they found.
    """

    kubeconfig: Path | None = None
    context: str | None = None
    namespace: str = ""
    host: str = "0.0.0.0"  # noqa: S104 - probes and scrapes come from outside the pod
    metrics_port: int = 8080
    probe_port: int = 8081
    authorize_scrapers: bool = False
    cluster: str | None = None
    instance: str = ""
    cadence: Cadence = field(default_factory=Cadence)
    workers: int = 20
    pass_deadline: timedelta = timedelta(minutes=10)
    deletion_wait: timedelta = timedelta(minutes=5)
    relist_interval: timedelta = timedelta(minutes=10)
    stop_wait: timedelta = timedelta(seconds=1)
    connect_timeout: timedelta = timedelta(seconds=5)
    request_timeout: timedelta = timedelta(seconds=30)
    watch_timeout: timedelta = timedelta(seconds=290)
    watch_inactivity: timedelta = timedelta(seconds=70)
    page_size: int = 500

    @property
    def reporter(self) -> str:
        """The name events carry as reportingInstance, at most 128 characters."""
        return (self.instance or os.environ.get("POD_NAME") or socket.gethostname() or "crossvault")[:128]


class Backoffs:
    """kopf's delays between attempts at the API server, without an end.

    kopf ends the process when they are exhausted; after a long outage the process has to be there still.
    """

    def __iter__(self) -> Iterator[float]:
        return itertools.chain((1, 1, 2, 3, 5, 8, 13, 21), itertools.repeat(30))


class NothingCompared(kopf.DiffBaseStorage):
    """Has kopf compare no object with what it was: only handlers of changes ask for that, and there are none.

    By default it copies every object three times, at every event.
    """

    def build(
        self,
        *,
        body: kopf.Body,  # noqa: ARG002 - kopf's signature, here and below
        extra_fields: object = None,  # noqa: ARG002
    ) -> kopf.BodyEssence:
        """Return what is compared of an object: nothing."""
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> None:
        """Return what an object was: unknown."""

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Keep nothing."""


def kopf_settings(settings: OperatorSettings) -> kopf.OperatorSettings:
    """Return kopf's settings for watching only."""
    ours = kopf.OperatorSettings()
    watch_timeout = int(settings.watch_timeout.total_seconds())
    ours.networking.connect_timeout = settings.connect_timeout.total_seconds()
    ours.networking.request_timeout = settings.request_timeout.total_seconds()
    ours.networking.error_backoffs = Backoffs()
    ours.networking.enforce_retry_after = True
    ours.watching.server_timeout = watch_timeout  # an int: the API server refuses "290.0"
    ours.watching.client_timeout = watch_timeout + 20
    ours.watching.connect_timeout = settings.connect_timeout.total_seconds()
    ours.watching.inactivity_timeout = settings.watch_inactivity.total_seconds()  # bookmarks come every 60 s
    ours.watching.reconnect_backoff = 1.0
    ours.watching.chunk_size = settings.page_size
    ours.queueing.idle_timeout = 1.0  # one task per object that had an event, for that long
    ours.queueing.error_delays = (1, 2, 5, 10, 30, 60)
    ours.execution.executor = ThreadPoolExecutor(1, thread_name_prefix="kopf")  # no handler of ours is synchronous
    ours.posting.enabled = False  # events are posted by our recorder, which knows duplicates
    ours.posting.loggers = False
    ours.persistence.finalizer = f"{objects.GROUP}/kopf-unused"  # kopf strips its own name from objects: never ours
    ours.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=f"kopf.{objects.GROUP}", v1=False)
    ours.persistence.diffbase_storage = NothingCompared()
    ours.peering.standalone = True
    ours.process.ultimate_exiting_timeout = None  # it would SIGKILL us; operator.main ends the process itself
    return ours


def list_fewer(kopfs: kopf.OperatorSettings) -> None:
    """Have kopf list fewer objects at once from now on.

    It asks for the same page again, for ever, when one is too large: whoever fills objects with megabytes would have
    nobody's changes heard.
    """
    kopfs.watching.chunk_size = max(1, (kopfs.watching.chunk_size or 1) // 4)
    _logger.info("Watching with at most %d objects in one answer: more were too large", kopfs.watching.chunk_size)
