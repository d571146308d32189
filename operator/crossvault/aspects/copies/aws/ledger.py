"""What this process remembers of its requests: which copies an account has running, and which AWS would not start.

No copy depends on its memory: after a restart the first listings, and the first requests, say the same. Only for whom
a copy was started, AWS does not say: of those from before, the vaults tell as well as they can.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias, cast

from ....aws.entered import Fingerprint, account_in
from ....aws.reads import ReadKey, SharedReads
from ....words.problems import Problem
from ..jobs import JobBook
from ..places import Places
from ..planned import Bound, StartCopy
from ..seen import Asked, Refusal, RunningCopy

JOBS = "jobs"
"""The first member of the name under which copy jobs are read."""


def jobs_key(entry: Fingerprint, region: str) -> ReadKey:
    """Name ListCopyJobs."""
    return (JOBS, entry, region)


# A listing nobody renewed for so long belongs to a policy that is gone; its jobs must not hold up others for ever.
COUNTED = timedelta(hours=1)
LISTED_WITHIN = timedelta(minutes=1)
# As long as a job may take (CompletionWindowMinutes of a backup plan, 10,080 by default); a listing tells sooner.
OWNED = timedelta(days=7)
# Twice as long as the slowest retry of what was refused.
REMEMBERED = timedelta(hours=48)


SWEPT = timedelta(minutes=10)
"""How often what is over is looked for; there may be many thousands."""


@dataclass(frozen=True, slots=True)
class _Started:
    """A copy job of ours; the listings of its account and Region show it."""

    region: str
    copy: RunningCopy
    at: datetime
    answer: _Asked


_Asked: TypeAlias = tuple[str, str]
"""Recovery point and destination vault, by ARN."""


class StartedCopies:
    """The unfinished copies that this process started, for whom, and those that listings show besides."""

    def __init__(self, reads: SharedReads) -> None:
        self._reads = reads
        self._lock = threading.Lock()
        self._started: dict[str, dict[str, _Started]] = {}
        self._starting: Counter[tuple[str, RunningCopy]] = Counter()
        self._answers: dict[_Asked, tuple[str, datetime]] = {}
        self._swept: datetime | None = None

    def is_forgotten(self, action: StartCopy, job_id: str, now: datetime) -> bool:
        """Tell whether AWS answers with a job of which it has spoken before, and which no listing has shown since.

        A listing may lag behind; after so long it does not any more.
        """
        key = (action.point.arn, action.destination_vault_arn)
        with self._lock:
            self._sweep(now)
            before, since = self._answers.setdefault(key, (job_id, now))
            if before != job_id:
                self._answers[key] = (job_id, now)
                return False
            return now - since >= LISTED_WITHIN

    @contextmanager
    def starting(self, entry: Fingerprint, action: StartCopy, now: datetime) -> Iterator[bool]:
        """Tell whether there is a place in an account for the copy that is started inside.

        Passes that run at once have all planned with the same free places, and with the same share of their policy.
        """
        begun = (account_in(entry), action.copy)
        with self._lock:
            may = action.bound is None or self._has_place(action.bound, action.copy, entry, now)
            self._starting[begun] += may
        try:
            yield may
        finally:
            with self._lock:
                self._starting[begun] -= may
                if not self._starting[begun]:
                    del self._starting[begun]

    def _has_place(self, bound: Bound, copy: RunningCopy, entry: Fingerprint, now: datetime) -> bool:
        copies = Counter(self._in_progress(entry, now).values())
        begun = {each: count for (account, each), count in self._starting.items() if account == account_in(entry)}
        copies.update(begun)
        return Places(bound, copies).refusal(copy) is None

    def _sweep(self, now: datetime) -> None:
        """Forget what is over of accounts that nobody asks about any more, and answers that no listing will follow."""
        if self._swept is not None and timedelta(0) <= now - self._swept < SWEPT:
            return
        self._swept = now
        asked_about = {_place(key)[0] for key, *_ in self._reads.values(JOBS)}
        for account in self._started.keys() - asked_about:
            if all(now - each.at >= OWNED for each in self._started[account].values()):
                del self._started[account]
        self._answers = {each: answer for each, answer in self._answers.items() if now - answer[1] < REMEMBERED}

    def add(self, job_id: str, listing: ReadKey, action: StartCopy, now: datetime) -> bool:
        """Note a copy job; ``listing`` is the read that will show it. Return False when it was known already.

        Whoever asks for the same copy once more does not become the one it was started for.
        """
        account, region = _place(listing)
        with self._lock:
            started = self._started.setdefault(account, {})
            known = job_id in started
            answer = (action.point.arn, action.destination_vault_arn)
            started.setdefault(job_id, _Started(region, action.copy, now, answer))
            return not known

    def in_progress(self, entry: Fingerprint, now: datetime) -> Mapping[str, RunningCopy]:
        """Return the unfinished copy jobs of an account by id."""
        with self._lock:
            return self._in_progress(entry, now)

    def _in_progress(self, entry: Fingerprint, now: datetime) -> dict[str, RunningCopy]:
        account = account_in(entry)
        listed = self._listed(account, now)
        running = {
            job.id: RunningCopy(
                (job.source_vault_arn, job.destination_vault_arn), None, job.resource_arn, job.resource_type
            )
            for book, _ in listed.values()
            for job in book.running
        }
        started = self._started.get(account, {})
        for job_id, ours in list(started.items()):
            book, seen = listed.get(ours.region, (None, None))
            if job_id in running:
                running[job_id] = ours.copy
                self._answers.pop(ours.answer, None)
            elif now - ours.at >= OWNED or (seen is not None and seen >= ours.at + LISTED_WITHIN):
                del started[job_id]
                if book is not None and book.shows(job_id, ours.copy.vaults, ours.copy.resource_arn):
                    self._answers.pop(ours.answer, None)
            elif now - ours.at < COUNTED and (seen is None or seen <= ours.at):
                running[job_id] = ours.copy
        return running

    def _listed(self, account: str, now: datetime) -> dict[str, tuple[JobBook, datetime]]:
        """Return the youngest listing of each Region, by whichever way the account was entered for it."""
        listed: dict[str, tuple[JobBook, datetime]] = {}
        for key, book, at in self._reads.values(JOBS):
            whose, region = _place(key)
            known = listed.get(region)
            if whose == account and now - at < COUNTED and (known is None or known[1] < at):
                listed[region] = book, at
        return listed


def _place(listing: ReadKey) -> tuple[str, str]:
    """Return whose jobs a listing shows, and of which Region."""
    _, entry, region = listing
    return account_in(cast("Fingerprint", entry)), cast("str", region)


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
