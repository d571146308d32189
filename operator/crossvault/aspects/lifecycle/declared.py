"""What is declared of how long copies live."""

from __future__ import annotations

from dataclasses import dataclass

from ...engine.parts import Part


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """AWS Backup's Lifecycle; ``None``, and no opting in, leaves the member out of the request.

    Opted in, AWS archives the snapshots of types that have an archive tier when they are to be cold.
    """

    move_to_cold_storage_after_days: int | None = None
    delete_after_days: int | None = None
    opt_in_to_archive: bool = False


LIFECYCLE: Part[Lifecycle | None] = Part("lifecycle", None)
"""How long copies at a destination live; None for as long as what they are copies of."""
