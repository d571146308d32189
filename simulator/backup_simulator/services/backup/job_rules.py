"""What can go wrong with a backup or a copy: a rule, and which of several broken ones speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from enum import StrEnum

Attempt = TypeVar("Attempt")


@dataclass(frozen=True, slots=True)
class Rule(Generic[Attempt]):
    """One row: `broken` gives the message when the rule is broken; `code` is an error code or a MessageCategory."""

    name: str
    moment: StrEnum
    code: str
    broken: Callable[[Attempt], str | None]


def first_broken(rules: Iterable[Rule[Attempt]], moment: StrEnum, attempt: Attempt) -> tuple[str, str] | None:
    """The first rule of a moment that an attempt breaks: its message and its code."""
    for rule in rules:
        if rule.moment is moment:
            message = rule.broken(attempt)
            if message is not None:
                return message, rule.code
    return None
