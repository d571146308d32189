"""What IAM itself decides when it is asked to try something out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Barrier(StrEnum):
    """What allows no more than it names, whatever the role's own policies say."""

    ORGANIZATION = "a service control policy of the organization"
    BOUNDARY = "the permissions boundary of the role"


@dataclass(frozen=True, slots=True)
class Decision:
    """What IAM decided of one action on one resource.

    Attributes:
        allowed: None where keys decide that nobody gave, which are ``missing`` then.
        explicitly: It is denied by a statement that says so.
        barriers: What does not allow it, so that no policy of the role helps.
    """

    allowed: bool | None
    explicitly: bool = False
    missing: tuple[str, ...] = ()
    barriers: frozenset[Barrier] = frozenset()


Decisions: TypeAlias = Mapping[tuple[str, str], Decision]
"""By action and resource; an answer may leave something out."""


def told(barriers: frozenset[Barrier]) -> str:
    """Return the barriers in words, always in the same order; empty for none."""
    return " and ".join(each for each in Barrier if each in barriers)
