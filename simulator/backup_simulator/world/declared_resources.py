"""Bringing the resources of a world file to life."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import arns
from ..records import resource_types, resources
from . import points
from .files import WorldError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..records.resources import Resource
    from ..records.state import State
    from .files import Flaws
    from .resource_parts import ResourcePart


def declare(state: State, account: str, parts: Sequence[ResourcePart], *, now: float, flaws: Flaws) -> list[Resource]:
    """Bring resources to life, and let stacks and clusters know their members; keys and members have to be there."""
    added: list[Resource] = []
    for part in parts:
        with flaws.gathered():
            added += _declare(state, account, part, now)
    for part in parts:
        with flaws.gathered():
            _connect(state, account, part)
    return added


def _declare(state: State, account: str, part: ResourcePart, now: float) -> list[Resource]:
    row = resource_types.TYPES[part.resource_type]
    where = f"account {account}, {part.resource_type} {part.resource}: key"
    key = points.key_arn(state, part.key, account, part.region, where=where) if part.key else None
    names = [f"{part.resource}-{index + 1}" for index in range(part.count)] if part.count > 1 else [part.resource]
    added = []
    for name in names:
        arn = resource_types.resource_arn(row, name, region=part.region, account=account)
        short = arns.last_name(arn) if name.startswith("arn:") else name
        added.append(
            resources.Resource(arn, row.name, account, part.region, short, now, part.size, key, dict(part.tags))
        )
        resources.put(state, added[-1])
    return added


def _connect(state: State, account: str, part: ResourcePart) -> None:
    row = resource_types.TYPES[part.resource_type]
    whole = resources.find(
        state,
        account,
        part.region,
        resource_types.resource_arn(row, part.resource, region=part.region, account=account),
    )
    if not part.members or whole is None:
        return
    known = {name: each.arn for each in resources.listed(state, account, part.region) for name in (each.name, each.arn)}
    for member in part.members:
        if member not in known:
            raise WorldError(f"account {account}, {part.resource_type} {part.resource}: member {member} is no resource")
    whole.members = tuple(dict.fromkeys(known[member] for member in part.members))
    if whole.arn in _within(state, whole):
        raise WorldError(f"account {account}, {part.resource_type} {part.resource}: members contain it themselves")


def _within(state: State, whole: Resource) -> set[str]:
    """The ARNs of all that a resource consists of, members of members included."""
    found: set[str] = set()
    ahead = list(whole.members)
    while ahead:
        arn = ahead.pop()
        if arn not in found:
            found.add(arn)
            member = resources.find(state, whole.account, whole.region, arn)
            ahead += member.members if member else ()
    return found
