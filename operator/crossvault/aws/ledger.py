"""What this process remembers of its requests: how many copies an account has running, and which AWS would not start.

Nothing depends on its memory: after a restart the first listings, and the first requests, say the same.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from datetime import datetime, timedelta

from ..errors import Problem
from ..model import CopyJob
from . import keys
from .reads import Key, SharedReads
from .sessions import Fingerprint

UNFINISHED = frozenset({"CREATED", "RUNNING"})
# A listing nobody renewed for so long belongs to a policy that is gone; its jobs must not hold up others for ever.
COUNTED = timedelta(hours=1)


class StartedCopies:
    """The copies started by this process that no listing has shown yet."""

    def __init__(self, reads: SharedReads) -> None:
        self._reads = reads
        self._lock = threading.Lock()
        self._started: dict[str, tuple[Key, datetime]] = {}

    def add(self, job_id: str, listing: Key, now: datetime) -> bool:
        """Note a copy job; ``listing`` is the read that will show it. Return False when it was known already."""
        with self._lock:
            known = job_id in self._started
            self._started.setdefault(job_id, (listing, now))
            return not known

    def in_progress(self, entry: Fingerprint, now: datetime) -> int:
        """Count the unfinished copy jobs of an account."""
        running: set[str] = set()
        listed: dict[Key, datetime] = {}
        for key, jobs, at in self._reads.values((keys.JOBS, entry)):
            if now - at < COUNTED:
                listed[key] = at
                running.update(job.id for job in jobs if _unfinished(job))
        with self._lock:
            for job_id, (key, started) in list(self._started.items()):
                if now - started >= COUNTED or (key in listed and listed[key] > started):
                    del self._started[job_id]
                elif key[1] == entry:
                    running.add(job_id)
        return len(running)


class RefusedCopies:
    """The copies that AWS refused to start when it was last asked: the others go first, so that none holds up all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: dict[tuple[str, str], tuple[Problem, datetime]] = {}

    def add(self, point_arn: str, vault_arn: str, problem: Problem, now: datetime) -> None:
        """Note a refusal."""
        with self._lock:
            self._refused[point_arn, vault_arn] = (problem, now)

    def discard(self, point_arn: str, vault_arn: str) -> None:
        """Note that AWS took the request."""
        with self._lock:
            self._refused.pop((point_arn, vault_arn), None)

    def into(self, vault_arns: Collection[str], now: datetime) -> dict[tuple[str, str], Problem]:
        """Return why the copies into some vaults were refused, by recovery point and vault."""
        with self._lock:
            for each in [each for each, (_, at) in self._refused.items() if now - at >= COUNTED]:
                del self._refused[each]
            return {each: problem for each, (problem, _) in self._refused.items() if each[1] in vault_arns}


def _unfinished(job: CopyJob) -> bool:
    return job.state in UNFINISHED
