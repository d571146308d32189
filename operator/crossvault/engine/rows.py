"""How a row of the prerequisites is written down, whatever it is about."""

from __future__ import annotations

from ..words.problems import Problem
from ..words.reasons import Reason
from .model import Desired, Destination, Prerequisite, PrerequisiteStatus

MET, UNMET, UNKNOWN = PrerequisiteStatus.MET, PrerequisiteStatus.UNMET, PrerequisiteStatus.UNKNOWN

TELLS_THE_REGION = frozenset({"SourceVault", "DestinationVault"})


def met(name: str, destination: str, message: str) -> Prerequisite:
    """Return a row with nothing to do."""
    return Prerequisite(name, destination, MET, Reason.ALL_MET, message)


def unmet(
    name: str,
    destination: str,
    reason: Reason,
    message: str,
    remedy: str,
    *,
    blocks: bool = True,
    ours: bool = False,
) -> Prerequisite:
    """Return a row that somebody has to mend; no copy is started meanwhile, unless it concerns but some of them."""
    return Prerequisite(name, destination, UNMET, reason, message, remedy, blocks=blocks, ours=ours)


def unknown(name: str, destination: str, problem: Problem, *, blocks: bool = False) -> Prerequisite:
    """Return the row about what could not be looked at; a Region that is not there is told in the vault's row only."""
    if problem.reason is Reason.REGION_DOUBTFUL and name not in TELLS_THE_REGION:
        words = "Not looked at, because of the vault's Region."
        return Prerequisite(name, destination, UNKNOWN, Reason.REGION_UNSEEN, words, blocks=blocks)
    return Prerequisite(name, destination, UNKNOWN, problem.reason, problem.message, blocks=blocks)


def no_vault(name: str, destination: Destination, what: str) -> Prerequisite:
    """Return the row about something of a vault that is not there; what blocks is that it is not there."""
    message = f"There is no vault whose {what} to judge."
    return Prerequisite(name, destination.name, UNKNOWN, Reason.DESTINATION_VAULT_MISSING, message)


def by_the_operator(desired: Desired, does: str, first: Prerequisite | None) -> str:
    """Return the remedy for what the operator mends itself, unless the policy or another row holds it back."""
    if first is not None:
        told = first.status is UNMET or first.reason in {Reason.REGION_DOUBTFUL, Reason.REGION_UNSEEN}
        why = "." if told else f": {first.message}"
        return f"First {first.name} has to be met, the operator then {does}{why}"
    if desired.acts:
        return f"Nothing: the operator {does}."
    return f"Set {' and '.join(desired.held_by)}: the operator then {does}."
