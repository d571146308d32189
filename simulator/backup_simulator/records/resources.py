"""The resources that AWS Backup can protect: volumes, databases, file systems and their like.

The one store of them: worlds declare resources here, the tagging API changes their tags, plans and backup jobs look
them up.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import resource_types

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .resource_types import ResourceType
    from .state import State


@dataclass(slots=True)
class Resource:
    """One resource; size in bytes, `key_arn` is the key it is encrypted with, if any."""

    arn: str
    resource_type: str
    account: str
    region: str
    name: str
    created: float
    size: int = 0
    key_arn: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    """ARNs of what a stack or a cluster consists of."""


def put(state: State, resource: Resource) -> None:
    """Add a resource, or replace the one with the same ARN."""
    state.accounts[resource.account].region(resource.region).resources[resource.arn] = resource


def remove(state: State, account: str, region: str, arn: str) -> None:
    """Take a resource away; its recovery points stay."""
    state.accounts[account].region(region).resources.pop(arn, None)


def kept(state: State, account: str) -> dict[str, dict[str, Resource]]:
    """What an account has, by Region, for `put_back`."""
    return {name: dict(region.resources) for name, region in state.accounts[account].regions.items()}


def put_back(state: State, account: str, before: dict[str, dict[str, Resource]]) -> None:
    """Let an account have what it had before."""
    for name, region in state.accounts[account].regions.items():
        region.resources = before.get(name, {})


def find(state: State, account: str, region: str, arn: str) -> Resource | None:
    """A resource of an account in a Region."""
    return state.accounts[account].region(region).resources.get(arn)


def listed(state: State, account: str, region: str) -> Iterable[Resource]:
    """All resources of an account in a Region, in order of arrival."""
    return state.accounts[account].region(region).resources.values()


def type_of(arn: str) -> str | None:
    """The type that an ARN's form tells, None for what AWS Backup does not protect.

    Clusters of Aurora, DocumentDB and Neptune look alike; they count as Aurora here.
    """
    for name, pattern in _patterns():
        if pattern.fullmatch(arn):
            return name
    return None


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((row.name, _pattern(row)) for row in resource_types.TYPES.values())


def _pattern(row: ResourceType) -> re.Pattern[str]:
    text = row.resource.replace("/sgw-1/", "/{gateway}/").replace("/table/main", "/table/{table}")
    text = text.removesuffix("/1") + ("/{id}" if text.endswith("/1") else "")
    return re.compile(re.sub(r"\\{[a-z]+\\}", "[^:]+", re.escape(text)))
