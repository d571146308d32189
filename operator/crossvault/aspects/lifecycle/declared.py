"""What is declared of how long copies live."""

from __future__ import annotations

from dataclasses import dataclass

from ...engine.parts import Part


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """AWS Backup's Lifecycle; ``None`` leaves the member out of the request."""

    move_to_cold_storage_after_days: int | None = None
    delete_after_days: int | None = None


LIFECYCLE: Part[Lifecycle | None] = Part("lifecycle", None)
"""How long copies at a destination live; None for as long as what they are copies of."""
