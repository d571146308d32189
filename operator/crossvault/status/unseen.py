"""What is said of an object that a pass could not look at: its manifest is refused, or the pass did not end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from ..aspects.copies.figures import remembered_rows
from ..engine.declared import PolicyKey
from ..manifest.fields import parse_duration
from ..words.instants import moment
from ..words.problems import Problem
from ..words.reasons import Reason
from .announcements import log_line, transitions, turned_false
from .conditions import FALSE, TRUE, UNKNOWN, Condition, stamp
from .outcome import Outcome, Report

Status: TypeAlias = Mapping[str, Any]
Looked: TypeAlias = Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Face:
    """What a kind adds to that.

    Attributes:
        parts: Its other conditions, from the previous status, a reason and a message.
        rest: The members of its status besides the conditions, from the new status, the previous one, the message,
            when each destination was last seen, and the present.
    """

    parts: Callable[[Status, Reason, str], tuple[Condition, ...]] = lambda _previous, _reason, _message: ()
    rest: Callable[[dict[str, Any], Status, str, Looked, datetime], dict[str, Any]] = (
        lambda status, _previous, _message, _looked, _now: status
    )


def summarise_refused(
    face: Face, reason: Reason, message: str, body: Mapping[str, Any], *, now: datetime, looked: Looked | None = None
) -> Outcome:
    """Say why nothing can be done until the manifest, or the account it names, changes."""
    previous, generation = body.get("status") or {}, body["metadata"].get("generation", 1)
    parts = (*face.parts(previous, reason, message), Condition("Stalled", TRUE, reason, message))
    judged = _in_order(Condition("Ready", FALSE, reason, message), parts)
    status: dict[str, Any] = {
        **{key: value for key, value in previous.items() if key not in {"conditions", "lastChanged"}},
        "observedGeneration": generation,
        "conditions": stamp(judged, previous, generation, now),
    }
    status = face.rest(status, previous, message, looked or {}, now)
    return Outcome(
        status=status,
        events=transitions(judged, previous),
        summary=log_line((), judged, previous),
        warnings=turned_false(judged, previous),
        report=bare_report(body, judged, status),
    )


def summarise_unfinished(
    face: Face, problem: Problem, body: Mapping[str, Any], *, now: datetime, looked: Looked | None = None
) -> Outcome:
    """Say that a pass did not come to its end: what was true before is not known to be true now."""
    previous, generation = body.get("status") or {}, body["metadata"].get("generation", 1)
    parts = (
        *face.parts(previous, problem.reason, problem.message),
        Condition("Reconciling", TRUE, Reason.CANNOT_OBSERVE, problem.message),
    )
    judged = _in_order(Condition("Ready", UNKNOWN, Reason.CANNOT_OBSERVE, problem.message), parts)
    stamped = stamp(judged, previous, generation, now)
    status = {**previous, "observedGeneration": generation, "conditions": stamped}
    status = face.rest(status, previous, problem.message, looked or {}, now)
    return Outcome(
        status=status,
        events=transitions(judged, previous),
        failed=True,
        report=bare_report(body, judged, status),
    )


def _in_order(ready: Condition, parts: Iterable[Condition]) -> tuple[Condition, ...]:
    return (ready, *sorted(parts, key=lambda each: each.type))


def bare_report(body: Mapping[str, Any], judged: Iterable[Condition], status: Status) -> Report:
    """Return what metrics go on showing of an object that was not looked at: the figures its status still holds."""
    return Report(
        kind=str(body.get("kind", "")),
        key=PolicyKey(body["metadata"].get("namespace", ""), body["metadata"]["name"]),
        conditions=tuple((each.type, each.status, each.reason) for each in judged),
        objective=parse_duration((status.get("summary") or {}).get("objective") or ""),
        destinations=remembered_rows(status.get("destinations") or (), moment(status.get("lastChanged"))),
    )
