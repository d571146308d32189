"""What a doctor says, in lines for a person: rendered from its document, and as wide as who reads it can see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from ..engine.rows import MET, UNKNOWN, UNMET
from ..words.texts import plural
from . import stakes, vault_pairs
from .diagnoses import cause
from .render import wrapped

_NAMED = 3
"""How many relationships a text names that one fix serves; all others count."""
_NARROW = 40
"""A column that would be narrower than this is no place for a sentence: it stands below."""

_SIGNS = {str(UNMET): ("✗", "red"), str(UNKNOWN): ("?", "yellow"), str(MET): ("✔", "green")}
_HEADS = ("PREREQUISITE", "WHERE", "DETAIL")
_INDENT = " " * 9


def text(answer: Mapping[str, Any], *, verbose: bool = False, width: int | None = None) -> str:
    """Render the document for a person, in lines of at most ``width`` but for what is pasted; without it, unbroken."""
    groups = _grouped(answer["rows"])
    shown = [group for group in groups if verbose or group[0]["status"] != MET]
    met = answer["summary"]["met"]
    first = next((group[0] for group in groups if group[0]["status"] == MET), None)
    lines: list[tuple[tuple[str, ...], tuple[str, ...]]] = [(("", *_HEADS), ())] if groups else []
    if first is not None and not verbose:
        lines.append((("✔", first["name"], first["where"], f"({met} met; -v lists them)"), ()))
    lines += [_line(group, width) for group in shown]
    widths = [max((len(cells[column]) for cells, _ in lines), default=0) for column in (1, 2)]
    told = [line for cells, below in lines for line in (*_aligned(cells, widths, width), *below)]
    ends = [(click.style("!", fg="red"), _unseen(each, shown)) for each in answer["notLookedAt"]]
    ends += [("!", f"{each['policy']}: {each['stale']}.") for each in answer["policies"] if each.get("stale")]
    told += [line for sign, words in ends for line in wrapped(words, width, f"{sign}  ", "   ")]
    return "\n".join([*told, *wrapped(_last_line(answer), width)])


def _grouped(rows: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(cause(row), []).append(row)
    return list(groups.values())


def _line(group: Sequence[Mapping[str, Any]], width: int | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the cells of what one fix serves, and the lines below them."""
    first, more = group[0], len({each["where"] for each in group}) - 1
    where = first["where"] + (f" (+{more})" if more > 0 else "")
    others = len({each["name"] for each in group}) - 1
    name = first["name"] + (f" (+{others})" if others > 0 else "")
    cells = (_SIGNS[first["status"]][0], name, where, first["message"])
    if first["status"] == MET:
        return cells, ()
    below = wrapped(first["remedy"], width, "     do: ", _INDENT) if first["remedy"] else []
    below += [f"{_INDENT}{line}" for line in first["fix"]]
    below += wrapped(_served(group), width, "     for: ", _INDENT) if len(_relationships(group)) > 1 else []
    below += [f"     {each}" for each in stakes.of_fix(group)]
    return cells, tuple(below)


def _relationships(group: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Return policy and destination of what one fix serves, each once however many rows it has there."""
    return tuple(dict.fromkeys((each["policy"], each["destination"]) for each in group))


def _served(group: Sequence[Mapping[str, Any]]) -> str:
    names = [f"{policy}{' → ' if destination else ''}{destination}" for policy, destination in _relationships(group)]
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _aligned(cells: Sequence[str], widths: Sequence[int], width: int | None) -> list[str]:
    """Return the cells in their columns; the last one goes on below, and is there in whole where it has no room."""
    sign, name, where, detail = cells
    colour = next((fg for shape, fg in _SIGNS.values() if shape == sign), None)
    head = f"{click.style(sign, fg=colour) if sign else ' '}  {name:<{widths[0]}}  {where:<{widths[1]}}  "
    column = sum(widths) + len("✔      ")
    if width is None or width - column >= _NARROW or len(detail) <= width - column:
        return wrapped(detail, width, head, " " * column)
    return [head.rstrip(), *wrapped(detail, width, "     ", "     ")]


def _unseen(each: Mapping[str, Any], shown: Iterable[Sequence[Mapping[str, Any]]]) -> str:
    """Say why one was not looked at, by the name of the row that says it already where one does."""
    rows = (row["name"] for group in shown for row in group if row["message"] == each["message"])
    told = next((f"see {name}." for name in rows), each["message"])
    return f"{each['policy']} could not be looked at: {each['reason']}: {told}".rstrip(": ")


def _last_line(answer: Mapping[str, Any]) -> str:
    summary = answer["summary"]
    count = f"{summary['met']} met"
    if summary["unmet"] or summary["unknown"]:
        told = f"{count}, {summary['unmet']} unmet, {summary['unknown']} unknown."
        told += "".join(f"  {each}" for each in stakes.in_all(summary))
        told += vault_pairs.words(summary["sharedPairs"]) if summary["recoveryPoints"] else ""
    else:
        idle = not summary["notLookedAt"] and not summary["triedAgain"]
        told = f"{count}. Nothing to do." if idle else f"{count}."
    if summary["triedAgain"]:
        failed = plural(summary["triedAgain"], "recovery point")
        told += f"  Copies of {failed} failed and are tried again; crossvault run and points tell why."
    ages = [each["lastChanged"] for each in answer["policies"] if "lastChanged" in each]
    if ages:
        told += f"  As the operator wrote it: last changed {max(ages)}."
    return told
