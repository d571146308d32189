"""What all copies of a change cost in the end: how many recovery points of each type, and how many bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..aspects.copies.seen import RecoveryPoint
from ..words.instants import instant
from ..words.texts import plural
from .render import size
from .wrongs import WIDTH


def whole(points: Sequence[RecoveryPoint], first: RecoveryPoint | None) -> dict[str, Any]:
    """Return the cost of all that is copied in the end, and which of them is first.

    AWS copies some types incrementally, so that bytes are what they take at most; ``unsized`` counts those of which AWS
    says no size.
    """
    types: dict[str, dict[str, int]] = {}
    for each in points:
        of_type = types.setdefault(each.resource_type, {"count": 0, "bytes": 0})
        of_type["count"] += 1
        of_type["bytes"] += each.size
    in_order = sorted(types.items(), key=lambda item: (-item[1]["count"], item[0]))
    return {
        "count": len(points),
        "bytes": sum(each.size for each in points),
        "unsized": sum(not each.size for each in points),
        "types": dict(in_order),
        **({"first": _first(first)} if first is not None else {}),
    }


def _first(point: RecoveryPoint) -> dict[str, Any]:
    return {"recoveryPoint": point.arn, "resource": point.resource_arn, "created": instant(point.created)}


def lines(copies: Mapping[str, Any]) -> list[str]:
    """Tell of the whole where it is more than what starts now."""
    found = copies["whole"]
    if found["count"] <= copies["count"]:
        return []
    kinds = "; ".join(f"{name} {each['count']:,}, {size(each['bytes'])}" for name, each in found["types"].items())
    unsized = f", {found['unsized']:,} of them of no size that AWS says" if found["unsized"] else ""
    first = found["first"]
    words = f"in all {plural(found['count'], 'recovery point')}, at most {size(found['bytes'])} ({kinds}){unsized}"
    return [f"  # {'copies':<{WIDTH}} {words}; first {first['recoveryPoint']} of {first['created']}"]
