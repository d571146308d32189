"""What had to be restored of late, as a status keeps it: restarts forget nothing of a fight."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ..engine.fights import Mended, Repair, Repairs, counted, lasting
from ..engine.plan import Result, mended_by
from ..engine.rows import MET
from ..words.instants import instant, moment
from ..words.reasons import Reason
from ..words.texts import clip
from .events import Event

LIMIT = 100
_PAUSES = "The pauses between repairs grow from now on."
_MOST = 1_000_000
_DESTINATION, _ROW = re.compile(r"[a-z0-9-]{0,63}"), re.compile(r"[A-Za-z]{1,64}")
_KEY = re.compile(r"(arn:aws[a-z-]{0,10}:kms:[a-z0-9-]{1,32}:[0-9]{12}:key/[A-Za-z0-9-]{1,64})?")
"""What names look like; whoever may write a status puts nothing else into conditions and metrics by it."""


def remembered(status: Mapping[str, Any], generation: int, now: datetime) -> Repairs:
    """Read what a status has; what was declared otherwise since is restored at once, and counted anew."""
    if status.get("observedGeneration") != generation:
        return {}
    rows = list(status.get("repairs") or ())[:LIMIT]
    return lasting(dict(filter(None, map(_read, rows))), now)


def _read(row: Mapping[str, Any]) -> tuple[Mended, Repair] | None:
    count, since, last = row.get("count"), moment(row.get("since")), moment(row.get("last"))
    names = Mended(str(row.get("destination") or ""), str(row.get("prerequisite")), str(row.get("key") or ""))
    if not isinstance(count, int) or since is None or last is None:
        return None
    if not (0 if names.which else 1) <= count < _MOST or since > last:
        return None
    if not (_DESTINATION.fullmatch(names.destination) and _ROW.fullmatch(names.row) and _KEY.fullmatch(names.which)):
        return None
    return names, Repair(count, since, last)


def after(
    status: Mapping[str, Any], generation: int, results: Iterable[Result], was_met: Iterable[Mended], now: datetime
) -> Repairs:
    """Return what has had to be restored after a pass; see :func:`~crossvault.engine.fights.counted`."""
    done = [each.action for each in results if each.problem is None and not each.found and each.action.restores]
    mended: dict[Mended, int] = {}
    for (each, _), times in Counter((mended_by(action), action.piece) for action in done).items():
        mended[each] = max(times, mended.get(each, 0))  # several pieces are one repair, whatever their number
    same = status.get("observedGeneration") == generation
    known = remembered(status, generation, now)
    return counted(known, Counter(mended).elements(), frozenset(was_met) if same else frozenset(), now)


def met_before(status: Mapping[str, Any]) -> frozenset[Mended]:
    """Return the rows that a status says were met."""
    rows = status.get("prerequisites") or ()
    return frozenset(
        Mended(str(each.get("destination") or ""), str(each.get("name"))) for each in rows if each.get("status") == MET
    )


def rows(repairs: Repairs) -> list[dict[str, Any]]:
    """Return them as a status has them, the most contested first, then the latest."""
    ordered = sorted(repairs.items(), key=lambda each: (-each[1].count, -each[1].last.timestamp(), each[0]))
    return [
        {
            **({"destination": mended.destination} if mended.destination else {}),
            "prerequisite": mended.row,
            **({"key": mended.which} if mended.which else {}),
            "count": repair.count,
            "since": instant(repair.since),
            "last": instant(repair.last),
        }
        for mended, repair in ordered[:LIMIT]
    ]


def fights(repairs: Repairs) -> tuple[str, ...]:
    """Return a sentence for everything that somebody else changes as often as we do; of like things for the first."""
    return tuple(_told(first, repairs, len(alike) - 1) for first, alike in _contested(repairs).items())


def _contested(repairs: Repairs) -> dict[Mended, list[Mended]]:
    """Return what is contested, by the first of those that have a row and a destination in common."""
    alike: dict[tuple[str, str], list[Mended]] = {}
    for each in sorted(each for each, repair in repairs.items() if repair.contested):
        alike.setdefault(each[:2], []).append(each)
    return {each[0]: each for each in alike.values()}


def _told(mended: Mended, repairs: Repairs, others: int = 0) -> str:
    words = repairs[mended].told(mended)
    words = f"{words.rstrip('.')} (+{others} more)." if others else words
    return f"{mended.destination}: {words}" if mended.destination else words


def begun(before: Repairs, now: Repairs) -> tuple[Event, ...]:
    """Return an event for every fight that was none before; those about like things are one."""
    fresh = {
        each: repair
        for each, repair in now.items()
        if repair.contested and not (each in before and before[each].contested)
    }
    return tuple(
        Event("Warning", Reason.CONTESTED, clip(f"{_told(first, fresh, len(alike) - 1)} {_PAUSES}"))
        for first, alike in _contested(fresh).items()
    )
