"""How many copies an account has running, over all policies: what listings show, and what was started since.

Nothing depends on its memory: after a restart the first listings say the same.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

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

    def add(self, job_id: str, listing: Key, now: datetime) -> None:
        """Note a copy job; ``listing`` is the read that will show it."""
        with self._lock:
            self._started[job_id] = (listing, now)

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


def _unfinished(job: CopyJob) -> bool:
    return job.state in UNFINISHED
