"""What is known of how AWS writes the copies of one kind down, and on what ground a copy may be started."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """Whether a recovery point that pairs with nothing can be called uncopied, for one type at one destination."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    CONTRADICTED = "contradicted"


class Ground(StrEnum):
    """Why it is certain enough that a recovery point has no copy."""

    JOBS = "jobs"
    PROVEN = "proven"
    NOTHING_THERE = "nothing_there"
    CANARY = "canary"
    DECLARED = "declared"


class Kind(NamedTuple):
    """What shares one law: a resource type, made in the vault or brought there by a copy."""

    resource_type: str
    brought: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one kind at one destination.

    Attributes:
        jobs: Finished copy jobs whose source is still listed, and whose copy is, or had time to be.
        linked: Those whose copy is listed by the ARN that the job names.
        mismatched: Linked ones whose copy has another resource or another date than its source.
        exact: Linked ones with dates equal to the millisecond.
        largest_difference: Between the dates of linked ones; None without any.
        by_date: Pairs found by date alone, equal to the millisecond.
        telling: Linked or by date, and not made on a whole hour: a date cut to the hour would show.
        blind_agree, blind_differ, blind_none: What pairing by date alone says of the pairs that jobs make.
        unexplained: Recovery points of the type in the destination that are nobody's copy as far as can be told, and do
            not say that they came from a vault of others.
        twins: Recovery points of one resource in the source within a second of another.
    """

    kind: Kind
    verdict: Verdict = Verdict.UNPROVEN
    jobs: int = 0
    linked: int = 0
    mismatched: int = 0
    exact: int = 0
    largest_difference: timedelta | None = None
    by_date: int = 0
    telling: int = 0
    blind_agree: int = 0
    blind_differ: int = 0
    blind_none: int = 0
    unexplained: int = 0
    twins: int = 0
