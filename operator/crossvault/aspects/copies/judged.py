"""What is to be said of the copies at each destination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ...engine.parts import Part
from ...engine.plan import Plan
from .grounds import Evidence
from .memory import Totals
from .planned import Standing


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to be said of the copies at one destination; nothing when either side was not seen.

    Attributes:
        standings: The recovery points of the source about which something is, or may be, to be done.
        evidence: What the pairing rests on.
        settled: All other recovery points, as sums.
    """

    standings: tuple[Standing, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    settled: Totals = field(default_factory=Totals)


JUDGED: Part[Mapping[str, Judged]] = Part("judged", MappingProxyType({}))
"""By name of the destination."""


def judged(plan: Plan, destination: str) -> Judged:
    """Return what is to be said of the copies at a destination."""
    return plan[JUDGED].get(destination, Judged())


def standings_of(plan: Plan) -> Mapping[str, tuple[Standing, ...]]:
    """Return the recovery points about which something is, or may be, to be done, by name of the destination."""
    return {name: each.standings for name, each in plan[JUDGED].items()}
