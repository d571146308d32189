"""What a pass tells: events on transitions, conditions with their times, and the line for the log.

Events are posted when something changed, never because time passed; nothing exists only as an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..engine.plan import Result
from ..words.texts import clip
from .conditions import FALSE, TRUE, Condition, condition_of
from .events import Event


def turned_false(judged: Iterable[Condition], previous: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a sentence for every condition that was not False before, and for Ready when it has another reason."""
    lines = []
    for each in judged:
        before = condition_of(previous, each.type) or {}
        same = before.get("status") == each.status and (each.type != "Ready" or before.get("reason") == each.reason)
        if each.status == FALSE and not same:
            lines.append(f"{each.type} is False: {each.reason} ({clip(each.message).rstrip('.')})")
    return tuple(lines)


def transitions(judged: Iterable[Condition], previous: Mapping[str, Any]) -> tuple[Event, ...]:
    """Return an event for Ready when its reason changed, for what begins to fail, for a way in that is shared."""
    events = []
    for each in judged:
        before = condition_of(previous, each.type)
        if before is not None and (before.get("status"), before.get("reason")) == (each.status, each.reason):
            continue
        failing = each.type in {"CopiesHealthy", "PermissionsGranted", "RegionsEnabled"} and each.status == FALSE
        if each.type in {"Ready", "Shared"} or failing:
            kind = "Normal" if each.type == "Ready" and each.status == TRUE else "Warning"
            events.append(Event(kind, each.reason, clip(each.message)))
    return tuple(events)


def events_of(
    results: tuple[Result, ...],
    judged: tuple[Condition, ...],
    previous: Mapping[str, Any],
    generation: int | None = None,
) -> tuple[Event, ...]:
    """Return what this pass did in AWS, copies added up per destination, and what AWS refused.

    What it found done is told by who did it. A refusal is told unless a condition said so: one that lasts would else
    be posted each pass. What was declared anew, in another ``generation``, is no repair.
    """
    same = generation is None or previous.get("observedGeneration") == generation
    was_in_sync = same and (condition_of(previous, "Synced") or {}).get("status") == TRUE
    done = [each for each in results if each.problem is None and not each.found]
    told = [each.action.done(repaired=was_in_sync) for each in done]
    events = [Event("Normal", *each) for each in told if each is not None]
    for like in dict.fromkeys((type(each.action), each.action.destination) for each in done):
        alike = [each.action for each in done if (type(each.action), each.action.destination) == like]
        summed = alike[0].summed(len(alike))
        if summed is not None:
            events.append(Event("Normal", *summed))
    refused = next((each for each in results if each.problem is not None), None)
    if refused is not None and refused.problem is not None:
        kind = "CopiesHealthy" if refused.action.alone else "Synced"
        now = next((each.message for each in judged if each.type == kind), "")
        if clip(now) != (condition_of(previous, kind) or {}).get("message"):
            events.append(Event("Warning", refused.problem.reason, clip(refused.problem.message)))
    return tuple(events)


def log_line(
    results: tuple[Result, ...],
    judged: tuple[Condition, ...],
    previous: Mapping[str, Any],
    generation: int | None = None,
) -> str:
    """Return what the pass changed, for the log; nothing when it changed nothing, or as :func:`turned_false` says."""
    done = [event.message.rstrip(".") for event in events_of(results, judged, previous, generation)]
    before = condition_of(previous, "Ready") or {}
    changed = (before.get("status"), before.get("reason")) != (judged[0].status, judged[0].reason)
    if changed and judged[0].status != FALSE:
        why = "" if judged[0].status == TRUE else f" ({clip(judged[0].message).rstrip('.')})"
        done.append(f"Ready is {judged[0].status}: {judged[0].reason}{why}")
    return "; ".join(done)
