"""Faults on order: which calls they hit, how often, and what they do.

A fault hits before or after the effect of the call; `after` means that AWS acted and the caller does not learn it.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Kind(StrEnum):
    """What a fault does."""

    ERROR = "error"
    THROTTLE = "throttle"
    LATENCY = "latency"
    HANG = "hang"
    RESET = "reset"
    TRUNCATE = "truncate"


@dataclass(slots=True)
class Fault:
    """One ordered fault; empty fields match everything.

    `after` counts calls that pass untouched first; `times` is how many are hit (None: all).
    """

    kind: Kind
    account: str = ""
    role: str = ""
    service: str = ""
    operation: str = ""
    resource: str = ""
    times: int | None = None
    skip: int = 0
    probability: float = 1.0
    code: str = "InternalFailure"
    status: int = 500
    message: str = ""
    seconds: float = 0.0
    after_effect: bool = False
    hits: int = 0
    number: int = field(default=0)


@dataclass(frozen=True, slots=True)
class Target:
    """What a fault is matched against."""

    account: str
    role: str
    service: str
    operation: str
    text: str


class Faults:
    """The faults that are ordered, in order."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._numbers = itertools.count(1)

    def add(self, fault: Fault) -> Fault:
        """Order a fault."""
        fault.number = next(self._numbers)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Cancel all faults."""
        self._faults.clear()

    def listed(self) -> list[Fault]:
        """All faults, used-up ones included."""
        return list(self._faults)

    def strike(self, target: Target, chance: Callable[[], float]) -> Fault | None:
        """The first fault that hits a call, counted."""
        for fault in self._faults:
            if not _matches(fault, target) or fault.times == 0:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.probability < 1.0 and chance() >= fault.probability:
                continue
            fault.hits += 1
            if fault.times is not None:
                fault.times -= 1
            return fault
        return None


def _matches(fault: Fault, target: Target) -> bool:
    return (
        fault.account in {"", target.account}
        and fault.role in {"", target.role}
        and fault.service in {"", target.service}
        and fault.operation in {"", target.operation}
        and fault.resource in target.text
    )


def shown(fault: Fault) -> dict[str, Any]:
    """A fault as JSON."""
    return asdict(fault)
