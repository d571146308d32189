"""What is kept of a vault and of copy jobs between looks, and what a look lists because of that: what may have changed.

A whole listing (an audit) comes first, then in every audit interval, and after any doubt. In between:

- of a source vault, what was created since the oldest recovery point that was not complete, less :data:`MARGIN`;
- of a destination vault nothing, unless a copy is being made, or a job that ended well names one that is not there;
- of copy jobs, those created since the oldest that has not ended, less :data:`LATE`.

What that cannot see (a deletion, an expiry, a status that changes, an old recovery point that comes from elsewhere)
shows in the number of recovery points that AWS tells of a vault, else in the next audit. AWS calls that number an
approximation in its console, so it is believed no further than that somebody should look.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeAlias, TypeVar

from ....aws.reads import ReadKey
from ...vault.seen import Vault
from ..inventory import Inventory
from ..seen import CopyJob

MARGIN = timedelta(days=1)
"""How late a recovery point may be listed: CreationDate is when its backup began, which may run for hours."""
LATE = timedelta(hours=1)
"""How late a copy job, or the copy of a finished one, may be listed."""
REMEMBERED = timedelta(days=30)
"""For how long AWS lists a copy job."""
DOUBTED = timedelta(minutes=10)
"""After a doubt whose audit found nothing, so long none is heeded, and twice as long after each further one."""
UNUSED = timedelta(hours=2)
COMPLETE = frozenset({"COMPLETED", "AVAILABLE", "EXPIRED", "STOPPED"})
"""Statuses that a recovery point may have for long. Any other one is looked at again."""

T = TypeVar("T")
Points: TypeAlias = Callable[[datetime | None], Inventory]
"""Lists the recovery points of a vault, all or those created after an instant."""
Jobs: TypeAlias = Callable[[datetime | None], tuple[CopyJob, ...]]
"""Lists copy jobs, all or those created after an instant."""


class _Clocked(Protocol):
    touched: datetime


@dataclass(slots=True)
class _Vault:
    """What is kept of one vault."""

    touched: datetime
    lock: threading.Lock = field(default_factory=threading.Lock)
    points: Inventory | None = None
    made: datetime | None = None
    """When the vault was made: another one of the same name has nothing of it."""
    looked: datetime | None = None
    audited: datetime | None = None
    beside: int | None = None
    """How many more than those listed AWS told of at the last audit."""
    doubted: datetime | None = None
    patience: timedelta = DOUBTED


@dataclass(slots=True)
class _Jobs:
    """What is kept of the copy jobs of one listing."""

    touched: datetime
    lock: threading.Lock = field(default_factory=threading.Lock)
    jobs: dict[str, CopyJob] | None = None
    looked: datetime | None = None
    audited: datetime | None = None


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


class KeptListings:
    """What one process keeps of its listings. Thread-safe; a restart begins with audits."""

    def __init__(self, clock: Callable[[], datetime], audit: timedelta) -> None:
        self._clock = clock
        self._audit_every = audit
        self._vaults: _Shelf[_Vault] = _Shelf(_Vault)
        self._jobs: _Shelf[_Jobs] = _Shelf(_Jobs)

    def source(self, key: ReadKey, vault: Vault | None, points: Points) -> Inventory:
        """Look into a source vault, named by ``key``; ``vault`` is what it was described as, None where that is denied.

        Errors of ``points`` go through, and leave what is kept as it is.
        """
        now = self._clock()
        kept = self._vaults.of(key, now)
        with kept.lock:
            known = self._known(key, kept, vault, now)
            if known is None or kept.looked is None:
                return self._audit(kept, vault, points, now)
            oldest = min((each.created for each in known if each.status not in COMPLETE), default=now)
            since = min(oldest, kept.looked) - MARGIN
            found = points(since)
            kept.points, lost = known.renewed(found, since, COMPLETE)
            kept.looked = now
            new = sum(1 for arn in kept.points.by_arn if arn not in known.by_arn)
            if lost or not _fits(kept, vault, new, now):
                return self._doubt(kept, known, vault, points, now)
            return kept.points

    def destination(
        self, key: ReadKey, vault: Vault | None, jobs: Iterable[CopyJob] | None, points: Points
    ) -> Inventory:
        """Look into a destination vault; ``jobs`` are those that copy into it, None where they are not known."""
        now = self._clock()
        kept = self._vaults.of(key, now)
        with kept.lock:
            known = self._known(key, kept, vault, now)
            if known is None or jobs is None or _awaits(known, jobs, now):
                return self._audit(kept, vault, points, now)
            return known if _fits(kept, vault, 0, now) else self._doubt(kept, known, vault, points, now)

    def jobs(self, key: ReadKey, listing: Jobs) -> tuple[CopyJob, ...]:
        """Look at copy jobs: the newest listed first, then what is known of the others."""
        now = self._clock()
        kept = self._jobs.of(key, now)
        with kept.lock:
            if kept.jobs is None or kept.looked is None or self._is_due(key, kept.audited, now):
                kept.jobs, kept.audited = {each.id: each for each in listing(None)}, now
            else:
                running = (each.created for each in kept.jobs.values() if each.is_running)
                found = {each.id: each for each in listing(min(running, default=kept.looked) - LATE)}
                known = {name: each for name, each in kept.jobs.items() if name not in found}
                kept.jobs = {name: each for name, each in (found | known).items() if now - each.created < REMEMBERED}
            kept.looked = now
            return tuple(kept.jobs.values())

    def _known(self, key: ReadKey, kept: _Vault, vault: Vault | None, now: datetime) -> Inventory | None:
        """Return what is known of a vault; None where all has to be listed."""
        if kept.points is None or self._is_due(key, kept.audited, now):
            return None
        if vault is not None and kept.made is not None and vault.created != kept.made:
            return None
        return kept.points

    def _is_due(self, key: ReadKey, audited: datetime | None, now: datetime) -> bool:
        """Tell whether it is time for an audit; those of different vaults are spread over a fifth of the time."""
        if audited is None:
            return True
        early = zlib.crc32(repr(key).encode()) % 1000 / 5000
        return not timedelta(0) <= now - audited < self._audit_every * (1 - early)

    def _doubt(self, kept: _Vault, before: Inventory, vault: Vault | None, points: Points, now: datetime) -> Inventory:
        """Audit because of a doubt, unless the last one came to nothing a short while ago."""
        just_now = kept.doubted is not None and timedelta(0) <= now - kept.doubted < kept.patience
        if just_now and kept.points is not None:
            return kept.points
        found = self._audit(kept, vault, points, now)
        if found.by_arn.keys() != before.by_arn.keys():
            kept.doubted, kept.patience = None, DOUBTED
        else:
            kept.doubted, kept.patience = now, min(2 * kept.patience, self._audit_every)
        return found

    def _audit(self, kept: _Vault, vault: Vault | None, points: Points, now: datetime) -> Inventory:
        found = points(None)
        kept.points, kept.looked, kept.audited = found, now, now
        kept.made = vault.created if vault is not None else None
        kept.beside = vault.points - len(found) if vault is not None and vault.points is not None else None
        return found


def _awaits(points: Inventory, jobs: Iterable[CopyJob], now: datetime) -> bool:
    """Tell whether something is on its way into a vault: a copy that is being made, or one that a job has brought.

    A copy that is not listed long after its job has ended is for the audit.
    """
    return any(each.status not in COMPLETE for each in points) or any(
        each.ended_well
        and each.destination_point_arn not in points.by_arn
        and now - (each.completed or each.created) < LATE
        for each in jobs
    )


def _fits(kept: _Vault, vault: Vault | None, new: int, now: datetime) -> bool:
    """Tell whether the number that AWS tells of a vault is that of what is known to be in it.

    The vault was described before it was listed, so that those that are ``new`` may not be counted yet; those whose
    time is over may still be, or not.
    """
    if vault is None or vault.points is None or kept.beside is None or kept.points is None:
        return True
    known = len(kept.points)
    if known - new + kept.beside <= vault.points <= known + max(0, kept.beside):
        return True
    over = sum(1 for each in kept.points if each.delete_at is not None and each.delete_at <= now)
    return known - new + kept.beside - over <= vault.points <= known + max(0, kept.beside)
