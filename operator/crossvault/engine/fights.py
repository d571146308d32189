"""Repairs that do not last: how often one was needed again, and how long the next one waits. Pure.

What is declared is restored at once. Where somebody, or something, takes it away again and again, restoring it without
end would only hide that; so it is told, and the pauses grow.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from ..words.instants import instant
from ..words.problems import ErrorClass, Problem
from ..words.reasons import Reason
from .parts import Part

AGAIN = 3
"""So many repairs within a day are no accident."""
FORGOTTEN = timedelta(days=1)
_SKEW = timedelta(hours=1)
"""So far ahead may another process's clock have been."""
_FIRST, _LONGEST = timedelta(minutes=5), timedelta(hours=6)


class Mended(NamedTuple):
    """What a repair mends.

    Attributes:
        destination: Empty where it is about none.
        row: The name of the row that is met by it.
        which: Of what that row is about several of, which: the ARN of a key. Empty where it is about one thing.
    """

    destination: str
    row: str
    which: str = ""

    def __str__(self) -> str:
        return f"{self.row} of {self.which}" if self.which else self.row


@dataclass(frozen=True, slots=True)
class Repair:
    """How often something had to be restored, between ``since`` and ``last``; 0 for what was put and has stayed so."""

    count: int
    since: datetime
    last: datetime

    @property
    def contested(self) -> bool:
        """Whether somebody else is at work."""
        return self.count >= AGAIN

    @property
    def due(self) -> datetime:
        """From when on it is restored again: at once, later after five minutes, ten, and so on up to six hours."""
        doublings = self.count - AGAIN
        if doublings < 0:
            return self.last
        return self.last + min(_FIRST * (1 << min(doublings, 10)), _LONGEST)

    def told(self, mended: Mended) -> str:
        """Return how it is told of what is mended by it."""
        return f"{mended} had to be restored {self.count} times since {instant(self.since)}: somebody else changes it."

    def problem(self, mended: Mended) -> Problem:
        """Return why the next repair waits."""
        return Problem(Reason.CONTESTED, self.told(mended), ErrorClass.RETRY)


Repairs: TypeAlias = Mapping[Mended, Repair]

REPAIRS: Part[Repairs] = Part("repairs", {})
"""What had to be restored of late, as the status has it."""


def lasting(repairs: Repairs, now: datetime) -> dict[Mended, Repair]:
    """Leave out what has lasted for a day, and what lies in the future: no forged date holds a repair up for ever."""
    return {each: repair for each, repair in repairs.items() if -_SKEW <= now - repair.last < FORGOTTEN}


def counted(repairs: Repairs, done: Iterable[Mended], was_met: Container[Mended], now: datetime) -> Repairs:
    """Count what was done in a pass.

    A row about several things does not say which of them was as declared before, so that the first write of each is
    kept, too: the next one within a day is a repair. So is what has to be done twice in one pass.

    Args:
        repairs: What is known of before.
        done: What was mended, as often as AWS has carried that out.
        was_met: What had been as declared before, by the same declaration; all else is done for the first time.
        now: The present.
    """
    found, put = lasting(repairs, now), set[Mended]()
    for each in done:
        if each in found:
            found[each] = replace(found[each], count=found[each].count + 1, last=now)
        elif each.which:
            found[each] = Repair(0, now, now)
        elif each.row and (each in was_met or each in put):
            found[each] = Repair(1, now, now)
        put.add(each)
    return found
