"""Conditions, whatever kind of object they are of: positive polarity; Stalled and Reconciling exist only while true.

Messages hold instants, never ages, and change only when a fact does (kstatus).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..words.instants import instant
from ..words.reasons import Reason
from ..words.texts import clip

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition before it gets its generation and its transition time.

    ``detail`` stands behind the message in the status, and nowhere else: see ``words.problems.Problem``.
    """

    type: str
    status: str
    reason: Reason
    message: str
    detail: str = ""


def condition_of(status: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    """Return one condition of a status."""
    return next((each for each in status.get("conditions", ()) if each.get("type") == kind), None)


def sentence(text: str) -> str:
    """Return a text with its full stop."""
    return text if text.endswith(".") else f"{text}."


def stamp(
    judged: Iterable[Condition], previous: Mapping[str, Any], generation: int, now: datetime
) -> list[dict[str, Any]]:
    """Give conditions their generation and transition time; the time moves only when the status flips."""
    stamped = []
    for each in judged:
        before = condition_of(previous, each.type)
        same = before is not None and before.get("status") == each.status
        stamped.append(
            {
                "type": each.type,
                "status": each.status,
                "reason": str(each.reason),
                "message": f"{clip(each.message)} {each.detail}".rstrip(),
                "observedGeneration": generation,
                "lastTransitionTime": (same and before and before.get("lastTransitionTime")) or instant(now),
            }
        )
    return stamped


def with_last_changed(status: dict[str, Any], previous: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Add ``lastChanged``: the present when anything differs, else what it was."""
    told, before = ({key: value for key, value in each.items() if key != "lastChanged"} for each in (status, previous))
    changed = told != before or "lastChanged" not in previous
    return {**told, "lastChanged": instant(now) if changed else previous["lastChanged"]}
