"""What a pass leads to: the status to write, what is told, when to look again, and what metrics keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ..aspects.copies.figures import Figures
from ..aspects.schedule.declared import Rule
from ..engine.declared import PolicyKey
from ..engine.fights import Repairs
from ..engine.plan import Result
from ..engine.rows import Prerequisite
from ..words.problems import Problem
from .events import Event


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often to look: ``interval`` in steady state, ``follow`` while copies are running or something is amiss."""

    interval: timedelta = timedelta(minutes=5)
    follow: timedelta = timedelta(seconds=30)

    @property
    def settled(self) -> timedelta:
        """How old what was seen of a setting may be while nothing is amiss: it is seen within six intervals."""
        return 5 * self.interval


@dataclass(frozen=True, slots=True)
class Report:
    """What metrics know of one object; ``key.namespace`` is empty for cluster-scoped ones.

    Attributes:
        acts: It starts copies: it neither only observes nor is suspended.
        destinations: The last known ones: those that were not looked at say of when their figures are.
        drifted: When it was first seen that an aspect of a destination differs from what is declared, by both; None
            where the status has no room for it.
        unmet: The prerequisites that are not known to be met.
        repairs: What had to be restored of late.
        rules: Those of its schedule.
        backups_failing: How many resources its plan fails to back up; None where that is not known.
        switch: Whether the organization lets backups cross accounts; None where that was not seen, or not asked.
        copies_outside: How many copies of ours lie in accounts that are no members any more.
        missing: The actions that the role of an account lacks.
    """

    kind: str
    key: PolicyKey
    conditions: tuple[tuple[str, str, str], ...]
    mode: str = ""
    suspended: bool = False
    acts: bool = False
    source: str = ""
    objective: timedelta | None = None
    observed_at: datetime | None = None
    destinations: tuple[Figures, ...] = ()
    drifted: Mapping[tuple[str, str], datetime | None] = field(default_factory=dict)
    unmet: tuple[Prerequisite, ...] = ()
    repairs: Repairs = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    backups_failing: int | None = None
    switch: bool | None = None
    copies_outside: int = 0
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass did and found.

    Attributes:
        status: The whole ``.status`` to write when it differs from the object's; None writes nothing.
        requeue: When to look again; None means on the next change only.
        done: The object is being deleted and nothing of ours is left to do: its finalizer may go.
        failed: The pass could not look or act and should be tried again with back-off.
        calm: All is set as it has to be: there is no hurry to see that anew.
        problem: What keeps a deletion from its end.
        summary: One sentence for the log; empty when nothing changed.
        warnings: What turned False, a sentence each, for the log.
    """

    status: dict[str, Any] | None
    events: tuple[Event, ...] = ()
    requeue: timedelta | None = None
    done: bool = False
    failed: bool = False
    calm: bool = False
    problem: Problem | None = None
    summary: str = ""
    warnings: tuple[str, ...] = ()
    report: Report | None = None
    results: tuple[Result, ...] = ()
