"""What this process remembers of its requests: how many copies an account has running, and which AWS would not start.

Nothing depends on its memory: after a restart the first listings, and the first requests, say the same.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeAlias

from ..errors import Problem
from ..model import Asked, Refusal, StartCopy
from . import keys
from .reads import Key, SharedReads
from .sessions import Fingerprint

Vaults: TypeAlias = tuple[str, str]
"""ARNs of source and destination vault."""

# A listing nobody renewed for so long belongs to a policy that is gone; its jobs must not hold up others for ever.
COUNTED = timedelta(hours=1)
LISTED_WITHIN = timedelta(minutes=1)
# Twice as long as the slowest retry of what was refused.
REMEMBERED = timedelta(hours=48)


class StartedCopies:
    """The copies started by this process that no listing has shown yet."""

    def __init__(self, reads: SharedReads) -> None:
        self._reads = reads
        self._lock = threading.Lock()
        self._started: dict[str, tuple[Key, Vaults, datetime]] = {}
        self._starting: Counter[Fingerprint] = Counter()
        self._answers: dict[tuple[str, str], tuple[str, datetime]] = {}

    def is_forgotten(self, action: StartCopy, job_id: str, now: datetime) -> bool:
        """Tell whether AWS answers with a job of which it has spoken before, and which no listing has shown since.

        A listing may lag behind; after so long it does not any more.
        """
        key = (action.point.arn, action.destination_vault_arn)
        with self._lock:
            for each in [each for each, (_, at) in self._answers.items() if now - at >= REMEMBERED]:
                del self._answers[each]
            before, since = self._answers.setdefault(key, (job_id, now))
            if before != job_id:
                self._answers[key] = (job_id, now)
                return False
            return now - since >= LISTED_WITHIN

    @contextmanager
    def starting(self, entry: Fingerprint, at_most: int | None, now: datetime) -> Iterator[bool]:
        """Tell whether one more copy of an account may be started inside, with which there are ``at_most``.

        Passes that run at once have all planned with the same free places.
        """
        running = len(self.in_progress(entry, now))
        with self._lock:
            may = at_most is None or running + self._starting[entry] < at_most
            self._starting[entry] += may
        try:
            yield may
        finally:
            with self._lock:
                self._starting[entry] -= may
                if not self._starting[entry]:
                    del self._starting[entry]

    def add(self, job_id: str, listing: Key, vaults: Vaults, now: datetime) -> bool:
        """Note a copy job; ``listing`` is the read that will show it. Return False when it was known already."""
        with self._lock:
            known = job_id in self._started
            self._started.setdefault(job_id, (listing, vaults, now))
            return not known

    def in_progress(self, entry: Fingerprint, now: datetime) -> Mapping[str, Vaults]:
        """Return the unfinished copy jobs of an account, and between which vaults each of them copies."""
        running: dict[str, Vaults] = {}
        listed: dict[Key, datetime] = {}
        for key, jobs, at in self._reads.values((keys.JOBS, entry)):
            if now - at < COUNTED:
                listed[key] = at
                running |= {job.id: (job.source_vault_arn, job.destination_vault_arn) for job in jobs if job.is_running}
        with self._lock:
            for job_id, (key, vaults, started) in list(self._started.items()):
                if now - started >= COUNTED or (key in listed and listed[key] > started):
                    del self._started[job_id]
                elif key[1] == entry:
                    running[job_id] = vaults
        return running


class RefusedCopies:
    """The copies that AWS refused to start when it was last asked, and what it was asked.

    What follows from that, and when it is asked again, is judged elsewhere. An entry goes when nobody can have asked
    again for so long that its recovery point or its policy must be gone.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: dict[tuple[str, str], Refusal] = {}

    def add(self, action: StartCopy, problem: Problem, now: datetime) -> None:
        """Note a refusal; how often in a row counts as long as the same is asked."""
        key = (action.point.arn, action.destination_vault_arn)
        asked = Asked.of(action.point, action.lifecycle, action.role_arn)
        with self._lock:
            before = self._refused.get(key)
            times = before.times + 1 if before is not None and before.asked == asked else 1
            self._refused[key] = Refusal(problem, now, asked, times)

    def discard(self, point_arn: str, vault_arn: str) -> None:
        """Note that AWS took the request."""
        with self._lock:
            self._refused.pop((point_arn, vault_arn), None)

    def into(self, vault_arns: Collection[str], now: datetime) -> dict[tuple[str, str], Refusal]:
        """Return what was refused into some vaults, by recovery point and vault."""
        with self._lock:
            for each in [each for each, refusal in self._refused.items() if now - refusal.at >= REMEMBERED]:
                del self._refused[each]
            return {each: refusal for each, refusal in self._refused.items() if each[1] in vault_arns}
