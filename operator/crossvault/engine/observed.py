"""What AWS shows: one immutable picture for one policy."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from ..words.problems import Problem
from .declared import Account
from .looks import Look, Unseen
from .parts import NONE, Part, Parts

T = TypeVar("T")
WriteKey: TypeAlias = tuple[Hashable, ...]
"""What makes a write the same as one that was refused: what is asked, of whom, in the place of what."""


@dataclass(frozen=True, slots=True)
class RefusedWrite:
    """Why AWS refused a write when it was last asked, and when it is asked again."""

    problem: Problem
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class Sight:
    """One side of a policy, source or destination, or an account by itself, as seen through the account's role.

    Attributes:
        name: Of the destination; empty for a source.
        parts: What each room saw there.
    """

    account: Account
    parts: Parts = NONE
    name: str = ""

    def __getitem__(self, part: Part[T]) -> T:
        """Return what a room saw."""
        return self.parts[part]

    def having(self, part: Part[T], value: T) -> Sight:
        """Return the same side with something else seen."""
        return replace(self, parts=self.parts.having(part, value))


@dataclass(frozen=True, slots=True)
class Observed:
    """One immutable picture of AWS for one policy.

    Attributes:
        refused_writes: Why AWS refused a write, and when it is asked again; forgotten with the process.
    """

    at: datetime
    source: Sight
    destinations: tuple[Sight, ...]
    refused_writes: Mapping[WriteKey, RefusedWrite] = field(default_factory=dict)

    @property
    def problem(self) -> Problem | None:
        """What first keeps the picture from being whole, in the order of the rooms; None when it is whole."""
        looks: list[Look[Any]] = [*self.source.parts.looks()]
        for each in self.destinations:
            looks += each.parts.looks()
        return next((look.problem for look in looks if isinstance(look, Unseen)), None)

    def of(self, destination: str) -> Sight:
        """Return a destination by its name."""
        return next(each for each in self.destinations if each.name == destination)
