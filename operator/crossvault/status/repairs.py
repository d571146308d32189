"""What had to be restored of late, as a status keeps it: restarts forget nothing of a fight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ..engine.fights import Mended, Repair, Repairs, counted, lasting
from ..engine.plan import Result
from ..engine.rows import MET
from ..words.instants import instant, moment
from ..words.reasons import Reason
from ..words.texts import clip
from .events import Event

LIMIT = 20


def remembered(status: Mapping[str, Any], generation: int, now: datetime) -> Repairs:
    """Read what a status has; what was declared otherwise since is restored at once, and counted anew."""
    if status.get("observedGeneration") != generation:
        return {}
    return lasting(dict(filter(None, map(_read, status.get("repairs") or ()))), now)


def _read(row: Mapping[str, Any]) -> tuple[Mended, Repair] | None:
    count, since, last = row.get("count"), moment(row.get("since")), moment(row.get("last"))
    if not isinstance(count, int) or since is None or last is None:
        return None
    return (str(row.get("destination") or ""), str(row.get("prerequisite"))), Repair(count, since, last)


def after(
    status: Mapping[str, Any], generation: int, results: Iterable[Result], was_met: Iterable[Mended], now: datetime
) -> Repairs:
    """Return what has had to be restored after a pass; see :func:`~crossvault.engine.fights.counted`."""
    mended = [
        (each.action.destination, each.action.mends)
        for each in results
        if each.problem is None and not each.found and each.action.mends
    ]
    same = status.get("observedGeneration") == generation
    return counted(remembered(status, generation, now), mended, frozenset(was_met) if same else frozenset(), now)


def met_before(status: Mapping[str, Any]) -> frozenset[Mended]:
    """Return the rows that a status says were met."""
    rows = status.get("prerequisites") or ()
    return frozenset(
        (str(each.get("destination") or ""), str(each.get("name"))) for each in rows if each.get("status") == MET
    )


def rows(repairs: Repairs) -> list[dict[str, Any]]:
    """Return them as a status has them, the latest first."""
    ordered = sorted(repairs.items(), key=lambda each: (-each[1].last.timestamp(), each[0]))
    return [
        {
            **({"destination": destination} if destination else {}),
            "prerequisite": row,
            "count": repair.count,
            "since": instant(repair.since),
            "last": instant(repair.last),
        }
        for (destination, row), repair in ordered[:LIMIT]
    ]


def fights(repairs: Repairs) -> tuple[str, ...]:
    """Return a sentence for everything that somebody else changes as often as we do."""
    return tuple(_told(*each) for each in sorted(repairs.items()) if each[1].contested)


def _told(mended: Mended, repair: Repair) -> str:
    destination, row = mended
    return f"{destination}: {repair.told(row)}" if destination else repair.told(row)


def begun(before: Repairs, now: Repairs) -> tuple[Event, ...]:
    """Return an event for every fight that was none before."""
    return tuple(
        Event("Warning", Reason.CONTESTED, clip(f"{_told(each, repair)} The pauses between repairs grow from now on."))
        for each, repair in sorted(now.items())
        if repair.contested and not (each in before and before[each].contested)
    )
