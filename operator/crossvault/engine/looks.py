"""What was seen, in which "not seen" is told from "not there"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeAlias, TypeVar

from ..words.problems import ErrorClass, Problem
from ..words.reasons import Reason

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen(Generic[T_co]):
    """AWS answered; ``None`` as value means that AWS says it does not exist."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Unseen:
    """AWS could not be asked, or did not answer: unknown, never "missing"."""

    problem: Problem


Look: TypeAlias = Seen[T] | Unseen


@dataclass(frozen=True, slots=True)
class Patience:
    """How much older than what moves by itself may be what a look sees of the rest.

    Attributes:
        settings: Of what changes only when somebody changes it: vaults, switch, policies.
        settled: Of what hardly anybody ever changes, and what is told by failing copies where it has: who an account
            is, its organization, the state of a key.
    """

    settings: timedelta = timedelta(0)
    settled: timedelta = timedelta(0)


NO_PATIENCE = Patience()

UNASKED = Unseen(Problem(Reason.CANNOT_OBSERVE, "It is not asked, because nothing depends on it.", ErrorClass.RETRY))
"""What is said of everything that a pass had no use for, such as of most of what a deletion leaves behind."""
