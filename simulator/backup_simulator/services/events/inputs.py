"""What a target gets of an event: a part by a path, or a template filled with parts. Pure.

Source: EventBridge user guide, "Input transformation". Paths have dots, indices and wildcards; what else JSON path
knows, EventBridge does not promise, and the simulator refuses it when a target is put.
"""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

from ...fidelity import Behaviour

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...records.events import Event

Steps = tuple[str | int, ...]
RESERVED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)
ALL = "*"
ABSENT = object()
_STEP = re.compile(r"\.([\w\-/]+|\*)|\['([^']+)'\]|\[(\d{1,6}|\*)\]")
_PLACEHOLDER = re.compile(r"<([\w.\-]+)>")
_PIECE = re.compile(r'\\.|"|<[\w.\-]+>|[^\\"<]+|[\\<]', re.DOTALL)


class BadInputError(ValueError):
    """A path or a template is none; the message says why."""


@functools.lru_cache(maxsize=1024)
def parse_path(text: str) -> Steps:
    """The steps of a path like `$.detail.items[0].name`; raises BadInputError."""
    if not text.startswith("$"):
        raise BadInputError("a JSON path begins with $")
    steps: list[str | int] = []
    position = 1
    while position < len(text):
        found = _STEP.match(text, position)
        if not found:
            raise BadInputError(f"{text[position:]} is no step of a path that the simulator knows")
        named, quoted, number = found.groups()
        index: str | int = int(number) if number and number != ALL else ALL
        steps.append(named or quoted or index)
        position = found.end()
    return tuple(steps)


def part(steps: Steps, event: Any) -> Any:  # noqa: ANN401 - JSON
    """The part of an event at a path, `ABSENT` where there is none; a wildcard gives the list of all that fit."""
    for position, step in enumerate(steps):
        if step == ALL and isinstance(event, list | dict):
            within = event if isinstance(event, list) else list(event.values())
            found = [part(steps[position + 1 :], one) for one in within]
            return [one for one in found if one is not ABSENT]
        if isinstance(step, int):
            event = event[step] if isinstance(event, list) and step < len(event) else ABSENT
        else:
            event = event.get(step, ABSENT) if isinstance(event, dict) else ABSENT
        if event is ABSENT:
            return ABSENT
    return event


def check_template(template: str, paths: Mapping[str, str]) -> None:
    """Raise BadInputError for a placeholder that stands for nothing."""
    for name in _PLACEHOLDER.findall(template):
        if name not in paths and name not in RESERVED:
            raise BadInputError(f"contains invalid placeholder {name}.")


def values(paths: Mapping[str, Steps], event: Event, *, rule_arn: str, rule_name: str, moment: str) -> dict[str, Any]:
    """What the placeholders of a template stand for; a path that leads nowhere gives none."""
    found = {name: part(steps, event) for name, steps in paths.items()}
    found |= dict(
        zip(
            RESERVED,
            (rule_arn, rule_name, moment, {name: one for name, one in event.items() if name != "detail"}, event),
            strict=True,
        )
    )
    return {name: value for name, value in found.items() if value is not ABSENT}


def filled(template: str, known: Mapping[str, Any]) -> str:
    """The template with its placeholders filled: minified JSON, or one JSON text per line; else BadInputError.

    Within quotes a value stands as it is, unescaped; outside of them it is JSON of its own.
    """
    pieces: list[str] = []
    quoted = False
    for piece in _PIECE.findall(template):
        name = piece[1:-1] if len(piece) > 2 and piece[0] == "<" else ""
        if piece == '"':
            quoted = not quoted
        if name:
            pieces.append(_bare(known.get(name, "")) if quoted else _json(known.get(name, "")))
        else:
            pieces.append(piece)
    return _minified("".join(pieces))


def _bare(value: Any) -> str:  # noqa: ANN401 - JSON
    """A value between quotes: of objects and lists the quotes are gone."""
    return value if isinstance(value, str) else _json(value).replace('"', "")


def _minified(text: str) -> str:
    try:
        return _json(json.loads(text))
    except (ValueError, RecursionError):
        pass
    try:
        return "\n".join(_json(json.loads(line)) for line in text.splitlines() if line.strip())
    except (ValueError, RecursionError):
        raise BadInputError("the filled template is no JSON") from None


def _json(value: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


FIDELITY = (
    Behaviour(
        "Input transformers: variables by path, the five reserved ones, JSON or quoted texts; within quotes values "
        "stand unescaped, outside they are JSON; what comes out is minified",
        "DG, issue",
        "test_event_inputs.py::test_a_template_is_filled_as_documented",
    ),
    Behaviour(
        "A variable whose path leads nowhere is an empty text; objects within quotes lose their own quotes",
        "issue; outside of quotes: assumed",
        "test_event_inputs.py::test_a_template_is_filled_as_documented",
    ),
    Behaviour(
        "Paths with dots, indices and wildcards; others are 501. An InputPath that leads nowhere gives null",
        "DG; the null: assumed",
        "test_event_inputs.py::test_a_path_leads_to_a_part",
    ),
)
