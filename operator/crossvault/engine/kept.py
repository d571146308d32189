"""What the writes have in common that keep something as declared."""

from __future__ import annotations

from typing import ClassVar


class KeptWrite:
    """A write of which each is told by itself: its destination waits for it, and done again it is a repair.

    See :class:`~crossvault.engine.plan.Action`; a class says what of this is otherwise with it.
    """

    __slots__ = ()

    once: ClassVar[bool] = False
    alone: ClassVar[bool] = False
    bars: ClassVar[bool] = True
    tells: ClassVar[bool] = False
    restores: ClassVar[bool] = True

    @property
    def which(self) -> str:
        """Its row is about one thing."""
        return ""

    @property
    def piece(self) -> str:
        """It is all that is done for its row."""
        return ""

    def summed(self, count: int) -> None:
        """Return nothing: each tells of itself."""
