"""Of which resource types recovery points are that AWS never copies: sums by reason do not keep that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from ..aspects.copies import newest
from ..aspects.copies.contents import Contents, contents
from ..aspects.copies.judged import Judged, judged
from ..aspects.copies.planned import State
from ..engine.observed import Observed
from ..engine.plan import Plan

Types: TypeAlias = Mapping[str, Mapping[str, int]]
"""How many of each resource type there are, by reason."""


def types(found: Judged, there: Contents | None) -> Types:
    """Count them at one destination; it is asked where there are some, as each has to be looked up."""
    counts: dict[str, Counter[str]] = {}
    if there is not None:
        for each in newest.standings(there, found, lambda one: one.state is State.INELIGIBLE):
            counts.setdefault(str(each.reason), Counter())[each.point.resource_type] += 1
    return {reason: dict(each.most_common()) for reason, each in counts.items()}


def with_types(rows: Iterable[Mapping[str, Any]], found: Judged, there: Contents | None) -> list[dict[str, Any]]:
    """Return the reasons of a destination, those of what is never copied with its resource types."""
    listed = [dict(each) for each in rows]
    if not any(each["state"] == State.INELIGIBLE for each in listed):
        return listed
    known = types(found, there)
    return [
        {**each, "types": known[each["reason"]]}
        if each["state"] == State.INELIGIBLE and each["reason"] in known
        else each
        for each in listed
    ]


def has_some(status: Mapping[str, Any]) -> bool:
    """Tell whether a status counts any."""
    return any(each.get("ineligible") for each in status.get("destinations") or ())


def told(status: Mapping[str, Any], observed: Observed, plan: Plan) -> dict[str, Any]:
    """Return a status with the same at each destination."""
    sights = {each.name: contents(observed.source, each) for each in observed.destinations}
    rows = [
        {**each, "reasons": with_types(each["reasons"], judged(plan, each["name"]), sights.get(each["name"]))}
        if each.get("reasons")
        else each
        for each in status.get("destinations") or ()
    ]
    return {**status, "destinations": rows}
