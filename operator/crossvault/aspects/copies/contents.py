"""What is in the picture of copies: two vaults, and the jobs between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ...engine.looks import UNASKED, Look, Unseen
from ...engine.observed import Sight
from ...engine.parts import Part
from .inventory import Inventory
from .jobs import Jobs
from .memory import Groups, Memory, Whole


@dataclass(frozen=True, slots=True)
class Contents:
    """What is compared to tell which recovery points of one destination lack their copy.

    Attributes:
        memory: What earlier comparisons of the same two vaults have found to be settled.
    """

    points: Inventory
    copies: Inventory
    jobs: Jobs
    memory: Memory = field(default_factory=Memory, compare=False)

    @property
    def whole(self) -> Whole:
        """All of it; the same objects as long as nothing has changed."""
        return self.points, self.copies, self.jobs

    def of(self, resource: str) -> Groups:
        """Return what there is of a resource."""
        return self.points.groups.get(resource), self.copies.groups.get(resource), self.jobs.groups.get(resource)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What a destination vault holds, and the jobs that brought, or bring, or failed to bring it.

    Attributes:
        copies: The recovery points in the vault.
        jobs: The copy jobs of the source's account from the source vault into it.
        listed_at: When the vault was listed; None when that is not known.
        memory: See :class:`Contents`.
    """

    copies: Look[Inventory] = UNASKED
    jobs: Look[Jobs] = UNASKED
    listed_at: datetime | None = None
    memory: Memory = field(default_factory=Memory, compare=False)


POINTS: Part[Look[Inventory]] = Part("points", UNASKED, lambda look: (look,))
"""The recovery points of the source vault."""

ARRIVALS: Part[Arrivals] = Part("arrivals", Arrivals(), lambda each: (each.copies, each.jobs))


def contents(source: Sight, sight: Sight) -> Contents | None:
    """Return what lies in both vaults, and the jobs between them; None unless all three were seen."""
    points, there = source[POINTS], sight[ARRIVALS]
    if isinstance(points, Unseen) or isinstance(there.copies, Unseen) or isinstance(there.jobs, Unseen):
        return None
    return Contents(points.value, there.copies.value, there.jobs.value, there.memory)
