"""The prerequisites: what AWS needs before a copy can work, a row each, whatever room it is of.

A row that could not be looked at is Unknown. Few of those stop copies, because a copy that AWS would accept must not
wait for a permission to look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from ..words.problems import Problem
from ..words.reasons import Reason
from .declared import Desired
from .fixes import NONE, Fix


class PrerequisiteStatus(StrEnum):
    """Met, not met, or not looked at."""

    MET = "Met"
    UNMET = "Unmet"
    UNKNOWN = "Unknown"


MET, UNMET, UNKNOWN = PrerequisiteStatus.MET, PrerequisiteStatus.UNMET, PrerequisiteStatus.UNKNOWN


SEE = "Not looked at: see "
"""How a row begins of which nothing is known for what an earlier row says."""


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """One thing AWS needs before a copy can work.

    Attributes:
        destination: Of which destination; empty for the source, and so for all.
        blocks: No copy is started while this row is not met.
        ours: The operator mends it by itself as soon as what comes before it is met and it may act.
        proves: Nothing at all is written at a destination while this row is not met: a statement lets somebody in,
            and a vault is never taken away again.
        clears: What failed for these reasons because of this is worth another try by now.
        explains: Reasons beside its own for which recovery points wait because of this.
        fix: The commands that mend it; none where a person has to choose, or a manifest has to change.
    """

    name: str
    destination: str
    status: PrerequisiteStatus
    reason: Reason
    message: str
    remedy: str = ""
    blocks: bool = False
    ours: bool = False
    proves: bool = False
    clears: frozenset[Reason] = frozenset()
    explains: frozenset[Reason] = frozenset()
    fix: Fix = NONE

    def accounts_for(self, reason: Reason | None) -> bool:
        """Tell whether recovery points wait for this reason because of what is not met here."""
        return self.status is not MET and reason is not None and (reason is self.reason or reason in self.explains)


def met(
    name: str, destination: str, message: str, *, proves: bool = False, clears: Collection[Reason] = ()
) -> Prerequisite:
    """Return a row with nothing to do."""
    return Prerequisite(name, destination, MET, Reason.ALL_MET, message, proves=proves, clears=frozenset(clears))


def unmet(
    name: str,
    destination: str,
    reason: Reason,
    message: str,
    remedy: str,
    *,
    blocks: bool = True,
    ours: bool = False,
    proves: bool = False,
    explains: frozenset[Reason] = frozenset(),
    fix: Fix = NONE,
) -> Prerequisite:
    """Return a row that somebody has to mend; no copy is started meanwhile, unless it concerns but some of them."""
    return Prerequisite(
        name,
        destination,
        UNMET,
        reason,
        message,
        remedy,
        blocks=blocks,
        ours=ours,
        proves=proves,
        explains=explains,
        fix=fix,
    )


def unknown(
    name: str,
    destination: str,
    problem: Problem,
    *,
    blocks: bool = False,
    proves: bool = False,
    tells_the_region: bool = False,
) -> Prerequisite:
    """Return the row about what could not be looked at; a Region that is not there is told in the vault's row only."""
    if problem.reason is Reason.REGION_DOUBTFUL and not tells_the_region:
        words = "Not looked at, because of the vault's Region."
        return Prerequisite(name, destination, UNKNOWN, Reason.REGION_UNSEEN, words, blocks=blocks, proves=proves)
    return Prerequisite(name, destination, UNKNOWN, problem.reason, problem.message, blocks=blocks, proves=proves)


def told_once(rows: Iterable[Prerequisite]) -> tuple[Prerequisite, ...]:
    """Return the rows with what one says told by none after it, whose look failed for the same: they name that one."""
    first, told = dict[tuple[Reason, str], Prerequisite](), []
    for row in rows:
        known = first.setdefault((row.reason, row.message), row)
        about = known.name != row.name and known.destination in {"", row.destination}
        if about and row.status is UNKNOWN and row.reason is not Reason.REGION_UNSEEN:
            told.append(replace(row, message=f"{SEE}{known.name}.", remedy=""))
        else:
            told.append(row)
    return tuple(told)


def by_the_operator(desired: Desired, does: str, first: Prerequisite | None) -> str:
    """Return the remedy for what the operator mends itself, unless the policy or another row holds it back."""
    if first is not None:
        told = first.status is UNMET or first.reason in {Reason.REGION_DOUBTFUL, Reason.REGION_UNSEEN}
        why = "." if told else f": {first.message}"
        held = "" if desired.acts else f", with {' and '.join(desired.held_by)},"
        return f"First {first.name} has to be met, the operator then{held} {does}{why}"
    if desired.acts:
        return f"Nothing: the operator {does}."
    return f"Set {' and '.join(desired.held_by)}: the operator then {does}."


def unproven(rows: Iterable[Prerequisite], destination: str) -> Prerequisite | None:
    """Return the first row because of which nothing is written at a destination; None when everything is proven."""
    return next((row for row in _about(rows, destination) if row.proves and row.status is not MET), None)


def block(rows: Iterable[Prerequisite], destination: str) -> bool:
    """Tell whether no copy may be started to ``destination``."""
    return any(blocking(rows, destination))


def blocking(rows: Iterable[Prerequisite], destination: str) -> Iterator[Prerequisite]:
    """Yield the rows because of which no copy may be started to ``destination``."""
    return (row for row in _about(rows, destination) if row.blocks and row.status is not MET)


def cleared(rows: Iterable[Prerequisite], destination: str) -> frozenset[Reason]:
    """Return the reasons of failures that are worth another try at a destination."""
    return frozenset(reason for row in rows if row.destination == destination for reason in row.clears)


def _about(rows: Iterable[Prerequisite], destination: str) -> Iterable[Prerequisite]:
    return (row for row in rows if row.destination in {"", destination})
