"""What a plan says of the source: the backup plan of its schedule, what is done about it, and what is lacking there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from ..aspects.schedule import told
from ..aspects.schedule.selected import selected
from ..engine.declared import Desired
from ..engine.observed import Observed
from ..engine.plan import Plan
from ..words.instants import instant
from . import wrongs
from .wrongs import WIDTH

SIGNS = {"add": ("+", "green"), "change": ("~", "yellow"), "remove": ("-", "red")}


def entry(desired: Desired, observed: Observed, plan: Plan) -> dict[str, Any]:
    """Describe what is done at the source."""
    changes = [each.told() for each in plan.actions if not each.destination]
    runs = told.next_runs(desired, observed.at)
    return {
        "account": desired.source.account.name,
        "vault": desired.source.arn,
        "changes": [asdict(each) for each in changes if each is not None],
        "hazards": [asdict(each) for each in plan.drift if not each.destination and each.remedy],
        "nextRuns": {name: instant(at) for name, at in runs.items()},
        "selections": [each.row() for each in selected(desired, observed)],
    }


def sign(change: str) -> str:
    """Return the sign of a kind of change."""
    mark, colour = SIGNS[change]
    return click.style(mark, fg=colour)


def change_lines(changes: list[Mapping[str, Any]]) -> list[str]:
    """Return a line for every change."""
    return [f"  {sign(one['change'])} {one['aspect']:<{WIDTH}} {one['where']}   {one['what']}" for one in changes]


def lines(source: Mapping[str, Any]) -> list[str]:
    """Return what is done at the source, when its rules run next and what they find, and what it lacks."""
    lacking = wrongs.prerequisites(source["unmet"])
    found = [*change_lines(source["changes"]), *wrongs.hazards(source["hazards"])]
    if not found:
        return lacking
    runs = ", ".join(f"{name} {at}" for name, at in source["nextRuns"].items())
    told = [("next runs", runs), ("selected now", ", ".join(map(_counted, source["selections"])))]
    return [*found, *(f"  # {name:<{WIDTH}} {words}" for name, words in told if words), *lacking]


def _counted(selection: Mapping[str, Any]) -> str:
    if "matches" not in selection:
        return f"{selection['name']} (not counted)"
    count = f"{'at least ' if selection['atLeast'] else ''}{selection['matches']}"
    never = ", ".join(f"{each['count']} {each['type']}" for each in selection.get("neverCopied", ()))
    return f"{selection['name']} {count}{f' (never copied: {never})' if never else ''}"
