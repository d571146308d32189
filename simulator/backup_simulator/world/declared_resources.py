"""Bringing the resources of a world file to life."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..records import resource_types, resources
from . import points

if TYPE_CHECKING:
    from ..records.resources import Resource
    from ..records.state import State
    from .resource_parts import ResourcePart


def declare(state: State, account: str, part: ResourcePart, *, now: float) -> list[Resource]:
    """Bring a part of a world to life; raises WorldError for a key that is not there."""
    row = resource_types.TYPES[part.resource_type]
    where = f"account {account}, {part.resource_type} {part.resource}: key"
    key = points.key_arn(state, part.key, account, part.region, where=where) if part.key else None
    names = [f"{part.resource}-{index + 1}" for index in range(part.count)] if part.count > 1 else [part.resource]
    added = []
    for name in names:
        arn = resource_types.resource_arn(row, name, region=part.region, account=account)
        short = resources.short_name(arn) if name.startswith("arn:") else name
        added.append(
            resources.Resource(arn, row.name, account, part.region, short, now, part.size, key, dict(part.tags))
        )
        resources.put(state, added[-1])
    return added
