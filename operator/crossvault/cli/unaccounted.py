"""What a doctor says beside prerequisites and failures: hazards, and a Ready that no row accounts for.

Whatever makes a policy other than ready is told here, so that "nothing to do" is said only where that is so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..engine.rows import MET, UNKNOWN, UNMET
from ..status.conditions import FALSE, TRUE, condition_of
from ..words.reasons import Reason

Row = Mapping[str, Any]

_BEHIND = {
    Reason.OBJECTIVE_MISSED: "WithinObjective",
    Reason.DRIFTED: "Synced",
    Reason.COPIES_FAILING: "CopiesHealthy",
    Reason.PREREQUISITE_UNMET: "PrerequisitesMet",
}
"""The conditions that Ready has its reasons from."""

NAMES = (*_BEHIND.values(), "Ready", "Shared")
"""The conditions by which what no room has a row for is called."""


def hazards(status: Mapping[str, Any], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Yield a row for all that a person has to mend because the operator cannot; what a row says already is left out.

    Args:
        status: Of a policy.
        rows: Its prerequisites.
    """
    told = {(each.get("destination", ""), each.get("remedy", "")) for each in rows if each["status"] != MET}
    for each in (status.get("drift") or {}).get("items") or ():
        destination, remedy = each.get("destination", ""), each.get("remedy", "")
        if not remedy or (destination, remedy) in told:
            continue
        yield {
            "destination": destination,
            "name": each["aspect"],
            "status": UNMET,
            "reason": Reason.DRIFTED,
            "message": differs(each),
            "remedy": remedy,
        }


def differs(each: Row) -> str:
    """Say what is otherwise than declared."""
    what = " ".join(part for part in (each["aspect"], each["path"]) if part)
    return f"{what} is {each['observed']}, not {each['desired']}"


def ready(status: Mapping[str, Any], rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Yield a row for a Ready that is not True, where none of the ``rows`` says why."""
    found = condition_of(status, "Ready")
    if found is None or found.get("status") == TRUE or any(each["status"] != MET for each in rows):
        return
    reason = next((each for each in Reason if each == found.get("reason")), None)
    yield {
        "name": _BEHIND.get(reason, "Ready") if reason is not None else "Ready",
        "status": UNMET if found.get("status") == FALSE else UNKNOWN,
        "reason": found.get("reason", ""),
        "message": found.get("message", ""),
    }
