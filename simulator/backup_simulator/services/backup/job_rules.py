"""What can go wrong with a backup or a copy: a rule, and which of several broken ones speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from . import explanations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from enum import StrEnum

    from ...records.backups import BackupJob
    from ...records.state import CopyJob, State


class _Attempted(Protocol):
    """A backup or a copy as rules see it; without a job while it is being asked for."""

    @property
    def state(self) -> State: ...

    @property
    def job(self) -> BackupJob | CopyJob | None: ...

    def named(self) -> Mapping[str, object]: ...


Attempt = TypeVar("Attempt", bound=_Attempted)


@dataclass(frozen=True, slots=True)
class Rule(Generic[Attempt]):
    """One row: `broken` gives the message when the rule is broken; `code` is an error code or a MessageCategory."""

    name: str
    moment: StrEnum
    code: str
    broken: Callable[[Attempt], str | None]


def first_broken(rules: Iterable[Rule[Attempt]], moment: StrEnum, attempt: Attempt) -> tuple[str, str] | None:
    """The first rule of a moment that an attempt breaks: its message and its code; of a job the cause is kept."""
    for rule in rules:
        if rule.moment is moment:
            message, refused = explanations.judged(attempt.state, rule.broken, attempt)
            if message is not None:
                if attempt.job is not None:
                    told = explanations.Told(rule.name, message, rule.code)
                    explanations.explain(attempt.state, attempt.job, told, refused, attempt.named())
                return message, rule.code
    return None
