"""How many recovery points have no copy because of a prerequisite."""

from __future__ import annotations

from dataclasses import dataclass

from ...engine.plan import Plan
from ...engine.rows import MET, Prerequisite
from .judged import JUDGED
from .planned import State

_HELD_STATES = frozenset({State.WAITING, State.MISSING, State.FAILED})


@dataclass(frozen=True, slots=True)
class Held:
    """So many recovery points without a copy, and their size as far as AWS tells it."""

    points: int = 0
    size: int = 0


def held(row: Prerequisite, plan: Plan) -> Held:
    """Return what a row holds up, at its destination, or at all of them when it is about the source.

    | row | holds up |
    |---|---|
    | met | nothing |
    | stops every copy | what has no copy, and none under way |
    | concerns some | what waits, or failed, for the reason of the row |
    """
    if row.status is MET:
        return Held()
    found = [
        one.point
        for name, judged in plan[JUDGED].items()
        if row.destination in {"", name}
        for one in judged.standings
        if one.state in _HELD_STATES and (row.blocks or one.reason is row.reason)
    ]
    return Held(len(found), sum(each.size for each in found))
