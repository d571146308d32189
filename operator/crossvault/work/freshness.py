"""How old what a pass sees in AWS may be: as fresh as the reason for the pass asks, and no fresher.

Reads are shared between policies; asking for the present every time would cost a listing per policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..engine.looks import Patience
from ..kinds.kind import ObjectKey
from ..status.outcome import Cadence, Outcome

# A resync comes up to 10 % early, so what is older than 90 % of the interval has to be read again.
RESYNC_SHARE = 0.9
FOLLOW_SHARE = 0.5

STARTING = timedelta(seconds=7)
"""While copies are started one after the other: a full pass of starts takes twice as long, so that the next one always
sees which of the last ones are over, and have left their places."""


@dataclass(frozen=True, slots=True)
class _Ages:
    """How old what the next pass sees may be: what moves by itself, what is set, what hardly anybody changes."""

    moving: timedelta
    settings: timedelta
    settled: timedelta


class Freshness:
    """Remembers since when an object has been waiting to be seen anew, and how patient its next pass may be."""

    def __init__(self, cadence: Cadence) -> None:
        self._cadence = cadence
        self._demands: dict[ObjectKey, datetime] = {}
        self._ages: dict[ObjectKey, _Ages] = {}
        interval = cadence.interval * RESYNC_SHARE
        self._usual = _Ages(interval, interval, interval)

    def demand(self, key: ObjectKey, at: datetime) -> None:
        """Have the next pass see nothing older than ``at``: something changed then."""
        self._demands[key] = max(at, self._demands.get(key, at))

    def not_before(self, key: ObjectKey, now: datetime) -> datetime:
        """Return the instant for the pass that starts now."""
        return self._since(key, now - self._ages.get(key, self._usual).moving)

    def patience(self, key: ObjectKey, now: datetime) -> Patience:
        """Return how much older the pass that starts now may see the rest: copies are followed without it."""
        ages, moving = self._ages.get(key, self._usual), self.not_before(key, now)
        settings, settled = (self._since(key, now - each) for each in (ages.settings, ages.settled))
        return Patience(moving - settings, moving - settled)

    def _since(self, key: ObjectKey, patient: datetime) -> datetime:
        return max(self._demands.get(key, patient), patient)

    def passed(
        self,
        key: ObjectKey,
        started: datetime,
        *,
        wrote_at: datetime | None,
        requeue: timedelta | None,
        calm: bool = False,
    ) -> None:
        """Note a pass that looked: demands from before it started are met, and its own writes are to be seen next."""
        demand = self._demands.get(key)
        if demand is not None and demand <= started:
            del self._demands[key]
        if wrote_at is not None:
            self.demand(key, wrote_at)
        moving = self._usual.moving
        if requeue is not None and requeue < self._cadence.interval:
            # The next copies are started at once; the last ones are not seen to move that soon.
            starting = calm and requeue < self._cadence.follow
            soon = min(self._cadence.follow * FOLLOW_SHARE, STARTING) if starting else requeue * FOLLOW_SHARE
            moving = min(soon, moving)
        self._ages[key] = (
            _Ages(moving, self._usual.settings, self._cadence.settled) if calm else _Ages(moving, moving, moving)
        )

    def note(self, key: ObjectKey, outcome: Outcome, started: datetime, now: datetime) -> None:
        """Note how a pass ended that started then; one that failed has met no demand."""
        wrote = any(each.problem is None and not each.action.tells for each in outcome.results)
        wrote_at = now if wrote else None
        if not outcome.failed:
            self.passed(key, started, wrote_at=wrote_at, requeue=outcome.requeue, calm=outcome.calm)
        elif wrote_at is not None:
            self.demand(key, wrote_at)

    def forget(self, key: ObjectKey) -> None:
        """Forget an object that is gone."""
        self._demands.pop(key, None)
        self._ages.pop(key, None)
