"""What had to be restored of late, as a status keeps it: restarts forget nothing of a fight."""

from __future__ import annotations

import re
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
_MOST = 1_000_000
_DESTINATION, _ROW = re.compile(r"[a-z0-9-]{0,63}"), re.compile(r"[A-Za-z]{1,64}")
"""What names look like; whoever may write a status puts nothing else into conditions and metrics by it."""


def remembered(status: Mapping[str, Any], generation: int, now: datetime) -> Repairs:
    """Read what a status has; what was declared otherwise since is restored at once, and counted anew."""
    if status.get("observedGeneration") != generation:
        return {}
    rows = list(status.get("repairs") or ())[:LIMIT]
    return lasting(dict(filter(None, map(_read, rows))), now)


def _read(row: Mapping[str, Any]) -> tuple[Mended, Repair] | None:
    count, since, last = row.get("count"), moment(row.get("since")), moment(row.get("last"))
    names = str(row.get("destination") or ""), str(row.get("prerequisite"))
    if not isinstance(count, int) or since is None or last is None:
        return None
    if not 0 < count < _MOST or since > last or not (_DESTINATION.fullmatch(names[0]) and _ROW.fullmatch(names[1])):
        return None
    return names, Repair(count, since, last)


def after(
    status: Mapping[str, Any], generation: int, results: Iterable[Result], was_met: Iterable[Mended], now: datetime
) -> Repairs:
    """Return what has had to be restored after a pass; see :func:`~crossvault.engine.fights.counted`."""
    mended = [
        (each.action.destination, each.action.mends)
        for each in results
        if each.problem is None and not each.found and each.action.restores
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
