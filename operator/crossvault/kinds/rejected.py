"""A manifest that cannot be worked with, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass

from ..manifest.fields import Fault
from ..words.reasons import Reason


@dataclass(frozen=True, slots=True)
class Rejected:
    """A body that cannot be worked with until somebody changes it (or the account it names)."""

    reason: Reason
    faults: tuple[Fault, ...]


def rejected(reason: Reason, faults: list[Fault]) -> Rejected:
    """Return a body's faults, each once."""
    return Rejected(reason, tuple(dict.fromkeys(faults)))
