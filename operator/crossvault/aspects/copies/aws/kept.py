"""What is kept of a vault and of copy jobs between looks, and what a look lists because of that: what may have changed.

A whole listing (an audit) comes first, then in every audit interval, and after any doubt. In between:

- of a source vault, what was created since the oldest recovery point that was not complete, less :data:`NEAR`, and
  every so often, or when AWS tells of more than there are, less :data:`MARGIN`;
- of a destination vault nothing, unless a copy is being made, or jobs that ended well name some that are not there:
  then what is as old as their sources are, since a copy keeps the date of its source, and else of the same resource;
- of copy jobs, those created since the oldest that has not ended, less :data:`LATE`; of those that run for long, and
  would have all since then listed, whether they have ended.

What that cannot see (a deletion, an old recovery point that comes from elsewhere) shows in the number of recovery
points that AWS tells of a vault, else in the next audit. AWS calls that number an approximation in its console, so it
is believed no further than that somebody should look.
"""

from __future__ import annotations

import logging
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from ....aws.reads import ReadKey
from ...vault.seen import Vault
from ..inventory import Inventory
from ..jobs import JobBook, Jobs
from ..memory import Memory
from ..records import Key
from ..seen import CopyJob, RecoveryPoint
from .arriving import LASTING, LATE, RECENT, Dated, Points, awaited, with_arrivals

_LOG = logging.getLogger(__name__)
_COUNT = "AWS tells of another number of recovery points"

MARGIN = timedelta(days=1)
"""How late a recovery point may be listed: CreationDate is when its backup began, which may run for hours."""
NEAR = timedelta(hours=1)
"""How late one may be listed of which no number tells, and how often one is looked for that is later."""
LONG = timedelta(days=1)
"""For how long a copy job is looked at with all that were created since."""
COUNTED = timedelta(minutes=2)
"""How late a new recovery point may be counted in the number of a vault."""
REMEMBERED = timedelta(days=30)
"""For how long AWS lists a copy job that has ended."""
UNFINISHED = timedelta(days=7)
"""For how long a recovery point that is not complete is looked at in every look."""
DOUBTED = timedelta(minutes=10)
"""After a doubt whose audit found nothing, so long none is heeded, and twice as long after each further one."""
UNUSED = timedelta(hours=2)


class CopyJobs(Protocol):
    """Lists the copy jobs of an account in a Region."""

    def __call__(
        self, since: datetime | None = None, *, ended: datetime | None = None, like: JobBook | None = None
    ) -> JobBook:
        """Return all, or those created, or ended, after a moment; ``like`` is what is known of them."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a vault was described as before it is listed, and when; None where that was denied, or failed."""

    vault: Vault | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """What a destination vault holds, and when it was listed in whole; None where there was nothing to list."""

    points: Inventory
    listed: datetime | None = None


class _Clocked(Protocol):
    touched: datetime


@dataclass(slots=True)
class _Vault:
    """What is kept of one vault."""

    touched: datetime
    lock: threading.Lock = field(default_factory=threading.Lock)
    points: Inventory | None = None
    looked: datetime | None = None
    reached: datetime | None = None
    """When it was looked for what is as late as can be."""
    audited: datetime | None = None
    described: bool = False
    """Whether the vault had been described before it was audited."""
    made: datetime | None = None
    """When the vault was made: another one of the same name has nothing of it."""
    beside: int = 0
    """How many more than those listed AWS tells of, as an audit has found out that it does for no reason."""
    grown: tuple[tuple[datetime, int], ...] = ()
    """How many were seen for the first time since the audit, and when."""
    doubted: datetime | None = None
    patience: timedelta = DOUBTED
    arrived: set[Key] = field(default_factory=set)
    """Jobs, by their short names, whose copies were seen since the audit."""


@dataclass(slots=True)
class _Jobs:
    """What is kept of the copy jobs of one listing."""

    touched: datetime
    lock: threading.Lock = field(default_factory=threading.Lock)
    book: JobBook | None = None
    looked: datetime | None = None
    audited: datetime | None = None


@dataclass(slots=True)
class _Compared:
    """What comparisons of two vaults have found to be settled."""

    touched: datetime
    memory: Memory = field(default_factory=Memory)


K = TypeVar("K", bound=_Clocked)


class _Shelf(Generic[K]):
    """Kept things by name, until nobody has asked for them for a while."""

    def __init__(self, new: Callable[[datetime], K]) -> None:
        self._new = new
        self._lock = threading.Lock()
        self._kept: dict[ReadKey, K] = {}

    def of(self, key: ReadKey, now: datetime) -> K:
        with self._lock:
            for each in [each for each, kept in self._kept.items() if now - kept.touched >= UNUSED]:
                del self._kept[each]
            kept = self._kept.setdefault(key, self._new(now))
            kept.touched = now
            return kept

    def known(self, key: ReadKey) -> K | None:
        return self._kept.get(key)

    def forget(self, belongs: Callable[[ReadKey], bool]) -> None:
        with self._lock:
            for each in [each for each in self._kept if belongs(each)]:
                del self._kept[each]


class KeptListings:
    """What one process keeps of its listings. Thread-safe; a restart begins with audits.

    Errors of what lists go through, and leave what is kept as it is.
    """

    def __init__(self, clock: Callable[[], datetime], audit: timedelta) -> None:
        self._clock = clock
        self._audit_every = audit
        self._vaults: _Shelf[_Vault] = _Shelf(_Vault)
        self._jobs: _Shelf[_Jobs] = _Shelf(_Jobs)
        self._compared: _Shelf[_Compared] = _Shelf(_Compared)

    def source(self, key: ReadKey, described: Described, points: Points) -> Inventory:
        """Look into a source vault, named by ``key``."""
        kept = self._vaults.of(key, self._clock())
        with kept.lock:
            now = self._clock()  # who waited for another one's listing must not be from before it
            known = self._known(key, kept, described, now)
            if known is None or kept.looked is None:
                return self._audit(kept, described, points, now)
            begin, before = min(_oldest_open(known, now), kept.looked), known
            for margin in _margins(kept, described, now):
                found = points(begin - margin, like=known)
                renewed, lost = before.renewed(found, begin - margin, LASTING)
                _note_growth(kept, before, renewed, described, now)
                kept.reached = now if margin == MARGIN else kept.reached
                fits = _fits(kept, renewed, described, now)
                if lost or fits or _is_damped(kept, now):
                    break
                before = renewed
            if (lost or not fits) and not _is_damped(kept, now):
                _tell(key, "what was there is missing among the newest" if lost else _COUNT)
                return self._doubt(kept, known, described, points, now)
            kept.points, kept.looked = before.joined(found) if lost else renewed, now
            return kept.points

    def destination(
        self, key: ReadKey, described: Described, jobs: Iterable[Jobs] | None, points: Points, dated: Dated
    ) -> Holding:
        """Look into a destination vault; ``jobs`` are those that copy into it, None where they are not known."""
        kept = self._vaults.of(key, self._clock())
        with kept.lock:
            now = self._clock()  # who waited for another one's listing must not be from before it
            known = self._known(key, kept, described, now)
            if known is None or kept.audited is None or jobs is None:
                return Holding(self._audit(kept, described, points, now), now)
            arrivals = tuple(awaited(known, jobs, kept.audited, kept.arrived, now))
            renewed = with_arrivals(known, arrivals, points, dated)
            if renewed is None:
                _tell(key, "a copy that a finished job names is at neither the date of its source nor its resource")
                return Holding(self._audit(kept, described, points, now), now)
            _note_growth(kept, known, renewed, described, now)
            if not _fits(kept, renewed, described, now) and not _is_damped(kept, now):
                # Others copy into it, too, and hardly ever what is old.
                recent = renewed.joined(points(now - RECENT, like=renewed))
                _note_growth(kept, renewed, recent, described, now)
                renewed = recent
            if not _fits(kept, renewed, described, now) and not _is_damped(kept, now):
                _tell(key, _COUNT)
                return Holding(self._doubt(kept, renewed, described, points, now), now)
            kept.points = renewed
            return Holding(renewed, kept.audited)

    def known(self, key: ReadKey) -> Inventory | None:
        """Return what was in a vault when it was looked into last, without looking."""
        kept = self._vaults.known(key)
        return kept.points if kept is not None else None

    def jobs(self, key: ReadKey, listing: CopyJobs) -> JobBook:
        """Look at copy jobs: the newest are listed, and what is known of the others is kept.

        All policies of an account share them, so nobody waits here while somebody else lists: that one may wait for
        the budget behind all that its namespace has asked for. Of two that list at once the later one's is kept.
        """
        kept = self._jobs.of(key, self._clock())
        with kept.lock:
            now, book, looked, audited = self._clock(), kept.book, kept.looked, kept.audited
        if book is None or looked is None or self._is_due(key, audited, now):
            found, audited = listing(like=book), now
        else:
            found = book.renewed(_jobs_since(book, looked, listing, now), now - REMEMBERED)
        with kept.lock:
            if kept.looked == looked or kept.looked is None or kept.looked <= now:
                kept.book, kept.looked, kept.audited = found, now, audited
            return kept.book or found

    def memory(self, key: ReadKey) -> Memory:
        """Return what comparisons of two vaults, named by ``key``, have found to be settled."""
        return self._compared.of(key, self._clock()).memory

    def correct(self, key: ReadKey, point: RecoveryPoint) -> None:
        """Take in what AWS shows of a recovery point by itself; a listing that was under way may not have it yet."""
        kept = self._vaults.of(key, self._clock())
        with kept.lock:
            if kept.points is not None and kept.points.find(point.arn, point.resource_arn) is not None:
                kept.points = kept.points.joined(Inventory((point,)))

    def forget(self, belongs: Callable[[ReadKey], bool]) -> None:
        """Drop what is kept of something that is gone."""
        self._vaults.forget(belongs)
        self._jobs.forget(belongs)
        self._compared.forget(belongs)

    def _known(self, key: ReadKey, kept: _Vault, described: Described, now: datetime) -> Inventory | None:
        """Return what is known of a vault; None where all has to be listed."""
        if kept.points is None or self._is_due(key, kept.audited, now):
            return None
        vault = described.vault
        if vault is not None and (not kept.described or vault.created != kept.made):
            if kept.described:
                _tell(key, "it is another vault of that name")
            return None
        return kept.points

    def _is_due(self, key: ReadKey, audited: datetime | None, now: datetime) -> bool:
        """Tell whether it is time for an audit; those of different vaults are spread over a fifth of the time."""
        if audited is None:
            return True
        if now < audited:
            _tell(key, "the clock was set back")
        early = zlib.crc32(repr(key).encode()) % 1000 / 5000
        return not timedelta(0) <= now - audited < self._audit_every * (1 - early)

    def _doubt(self, kept: _Vault, known: Inventory, described: Described, points: Points, now: datetime) -> Inventory:
        """Audit because of a doubt. One that comes to nothing is AWS's way of counting, and damps the next."""
        found = self._audit(kept, described, points, now)
        if not found.has_same(known):
            kept.doubted, kept.patience = None, DOUBTED
            return found
        kept.doubted, kept.patience = now, min(2 * kept.patience, self._audit_every)
        if described.vault is not None and described.vault.points is not None:
            kept.beside = described.vault.points - len(found)
        return found

    def _audit(self, kept: _Vault, described: Described, points: Points, now: datetime) -> Inventory:
        found = points(like=kept.points)
        kept.points, kept.looked, kept.reached, kept.audited, kept.grown = found, now, now, now, ()
        kept.arrived.clear()
        kept.described = described.vault is not None
        kept.made = described.vault.created if described.vault is not None else None
        return found


def _tell(key: ReadKey, why: str) -> None:
    """Say that something is listed in whole because of a doubt, which costs as much as the first look did."""
    _LOG.info("Listing %s in whole: %s", "/".join(each for each in key if isinstance(each, str)), why)


def _is_damped(kept: _Vault, now: datetime) -> bool:
    """Tell whether a doubt has come to nothing a short while ago."""
    return kept.doubted is not None and timedelta(0) <= now - kept.doubted < kept.patience


def _margins(kept: _Vault, described: Described, now: datetime) -> tuple[timedelta, ...]:
    """Return how late what is looked for may be listed, and how late where that does not explain AWS's number."""
    told = described.vault is not None and described.vault.points is not None
    if told and kept.reached is not None and timedelta(0) <= now - kept.reached < NEAR:
        return NEAR, MARGIN
    return (MARGIN,)


def _jobs_since(book: JobBook, looked: datetime, listing: CopyJobs, now: datetime) -> Iterator[CopyJob]:
    """Yield the copy jobs that may be others than they were, and those that run for long."""
    young = [each.created for each in book.running if each.created > now - LONG]
    yield from listing(min(young, default=looked) - LATE)
    lasting = {each.id: each for each in book.running if each.created <= now - LONG}
    if lasting:
        for each in listing(ended=looked - LATE):
            lasting.pop(each.id, None)
            yield each
    yield from lasting.values()


def _oldest_open(points: Inventory, now: datetime) -> datetime:
    """Return when the oldest recovery point was created that may still become complete."""
    open_ = (each.created for each in points.unlike(LASTING))
    return min((each for each in open_ if each > now - UNFINISHED), default=now)


def _note_growth(kept: _Vault, known: Inventory, renewed: Inventory, described: Described, now: datetime) -> None:
    """Remember what is seen for the first time: a number that was told before need not count it."""
    if described.at is not None:
        kept.grown = tuple(each for each in kept.grown if each[0] > described.at)
    if len(renewed) > len(known):
        kept.grown += ((now, len(renewed) - len(known)),)


def _fits(kept: _Vault, points: Inventory, described: Described, now: datetime) -> bool:
    """Tell whether the number that AWS tells of a vault is that of what is known to be in it.

    What was described before it was listed in whole says nothing. What is new may not be counted yet, nor what was seen
    after the number was told, as it is to every policy over one list; what is over may be gone, which is worth an audit
    now and then.
    """
    vault, at = described.vault, described.at
    if vault is None or vault.points is None or at is None or kept.audited is None or at <= kept.audited:
        return True
    most = len(points) + kept.beside
    if vault.points == most:
        return True
    least = most - sum(1 for _ in points.since(at - COUNTED)) - sum(count for seen, count in kept.grown if seen > at)
    if least <= vault.points <= most:
        return True
    if vault.points >= least or now - kept.audited >= LATE:
        return False
    return vault.points >= least - sum(1 for each in points if each.delete_at is not None and each.delete_at <= now)
