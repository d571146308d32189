"""The change of one copy's lifecycle, as a step of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...engine.declared import VaultRef
from ...engine.observed import Sight, WriteKey
from ...words.problems import Problem
from ...words.reasons import Reason
from ...words.texts import plural
from ..lifecycle import Lifecycle
from ..lifecycle.existing import Existing, Verdict
from .seen import RecoveryPoint

OF_ONE_COPY = frozenset({Reason.REQUEST_REFUSED, Reason.NOT_FOUND, Reason.LIFECYCLE_KEPT})
"""Refusals that concern one copy; any other concerns all in the vault, so that the others are not asked for either."""


@dataclass(frozen=True, slots=True)
class UpdateLifecycle:
    """Give one copy another lifecycle, all of it. What is done is judged once more from what AWS shows by then.

    ``copy`` None stands for all copies in the vault, in a refusal that concerns all of them.
    """

    destination: str
    source: VaultRef
    vault: VaultRef
    copy: RecoveryPoint | None
    declared: Lifecycle
    existing: Existing
    verdict: Verdict

    mends: ClassVar[str] = ""
    once: ClassVar[bool] = True
    alone: ClassVar[bool] = True
    bars: ClassVar[bool] = True
    tells: ClassVar[bool] = False
    restores: ClassVar[bool] = False
    which: ClassVar[str] = ""
    piece: ClassVar[str] = ""

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one."""
        if self.copy is None:
            return at_vault(self.vault)
        return (*at_vault(self.vault), self.copy.arn, self.verdict.target)

    def after(self, sight: Sight) -> Sight:
        """Return the destination as it is: a pass changes so many copies once, and the others with the next ones."""
        return sight

    def told(self) -> None:
        """Return nothing: copies are counted."""

    def done(self, *, repaired: bool) -> None:
        """Return nothing: copies are counted."""

    def summed(self, count: int) -> tuple[Reason, str]:
        """Return the event about so many at one destination."""
        return Reason.LIFECYCLES_UPDATED, f"Changed the lifecycle of {copies_told(count)} at {self.destination}."


def at_vault(vault: VaultRef) -> WriteKey:
    """Name the change of every lifecycle in a vault."""
    return ("UpdateLifecycle", vault.arn)


def refused_for_all(problem: Problem) -> bool:
    """Tell whether what AWS refused for one copy is refused for every copy in the vault."""
    return problem.reason not in OF_ONE_COPY


def copies_told(count: int) -> str:
    """Return how many copies there are, in words."""
    return plural(count, "copy", "copies")
