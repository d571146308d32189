"""What lies in a vault, folded from the pages of its listing once and read by every policy over it.

Policies share the listing of a vault. What each of them would look up, or sort, is done once here, when somebody first
asks for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import ClassVar

from ...engine.looks import UNASKED, Look, Unseen
from ...engine.observed import Sight
from ...engine.parts import Part
from .seen import CopyJob, RecoveryPoint


class Inventory:
    """Recovery points, each once. Never changes; equal to another one of the same points in the same order."""

    __hash__: ClassVar[None]  # type: ignore[assignment] # compared in tests only

    def __init__(self, points: Iterable[RecoveryPoint] = ()) -> None:
        self.by_arn: Mapping[str, RecoveryPoint] = {each.arn: each for each in points}
        """Every point by its ARN, in the order in which AWS lists them."""

    @cached_property
    def by_resource(self) -> Mapping[str, tuple[RecoveryPoint, ...]]:
        """The points of every resource, oldest first; those of which AWS names no resource are in none."""
        groups: dict[str, list[RecoveryPoint]] = defaultdict(list)
        for each in self.by_arn.values():
            if each.resource_arn:
                groups[each.resource_arn].append(each)
        return {resource: tuple(sorted(group, key=by_age)) for resource, group in groups.items()}

    def renewed(self, found: Inventory, since: datetime, lasting: Collection[str]) -> tuple[Inventory, bool]:
        """Return these points with what was ``found`` to be created after ``since``, and whether that is doubtful.

        It is where one with a ``lasting`` status is missing among those found; others of that time have just gone.
        """
        missing = [each for each in self if each.created > since and each.arn not in found.by_arn]
        if not missing and all(self.by_arn.get(each.arn) == each for each in found):
            return self, False
        gone = {each.arn for each in missing}
        kept = (each for each in self if each.arn not in gone)
        return Inventory((*kept, *found)), any(each.status in lasting for each in missing)

    def joined(self, found: Inventory) -> Inventory:
        """Return these points and those found, which are newer."""
        return Inventory((*(each for each in self if each.arn not in found.by_arn), *found))

    def __iter__(self) -> Iterator[RecoveryPoint]:
        """Yield the points as AWS lists them."""
        return iter(self.by_arn.values())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.by_arn)

    def __eq__(self, other: object) -> bool:
        """Compare the points."""
        return isinstance(other, Inventory) and tuple(self) == tuple(other)

    def __repr__(self) -> str:
        return f"Inventory({tuple(self)!r})"


def by_age(point: RecoveryPoint) -> tuple[datetime, str]:
    """Return what orders recovery points by age; equal dates go by ARN, so that the order is always the same."""
    return point.created, point.arn


@dataclass(frozen=True, slots=True)
class Contents:
    """What is compared to tell which recovery points of one destination lack their copy."""

    points: Inventory
    copies: Inventory
    jobs: tuple[CopyJob, ...]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What a destination vault holds, and the jobs that brought, or bring, or failed to bring it.

    Attributes:
        copies: The recovery points in the vault.
        jobs: The copy jobs of the source's account from the source vault into it.
        listed_at: When the vault was listed; None when that is not known.
    """

    copies: Look[Inventory] = UNASKED
    jobs: Look[tuple[CopyJob, ...]] = UNASKED
    listed_at: datetime | None = None


POINTS: Part[Look[Inventory]] = Part("points", UNASKED, lambda look: (look,))
"""The recovery points of the source vault."""

ARRIVALS: Part[Arrivals] = Part("arrivals", Arrivals(), lambda each: (each.copies, each.jobs))


def contents(source: Sight, sight: Sight) -> Contents | None:
    """Return what lies in both vaults, and the jobs between them; None unless all three were seen."""
    points, there = source[POINTS], sight[ARRIVALS]
    if isinstance(points, Unseen) or isinstance(there.copies, Unseen) or isinstance(there.jobs, Unseen):
        return None
    return Contents(points.value, there.copies.value, there.jobs.value)
