"""How many jobs and recovery points changed their state, in slots of five virtual minutes; plain numbers.

Counting is one addition per change of state. What CloudWatch shows is made of it when somebody asks.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOT = 300


class Point(NamedTuple):
    """One value of a metric: its dimensions in order of names, the moment its slot began, and the count."""

    metric: str
    dimensions: tuple[tuple[str, str], ...]
    moment: int
    value: int


class Change(NamedTuple):
    """What is counted together; `metric` is the name without `NumberOf`."""

    account: str
    region: str
    metric: str
    vault: str
    resource_type: str
    slot: int


Counts = Counter[Change]
# The sets of dimensions under which each count is there.
DIMENSIONS = (("BackupVaultName",), ("ResourceType",), ("BackupVaultName", "ResourceType"))


def points(
    counts: Counts, account: str, region: str, wanted: frozenset[tuple[str, ...]], now: float
) -> Iterator[Point]:
    """The points of an account in a Region under some sets of dimensions; a slot is told when it is over."""
    found: Counter[tuple[str, tuple[tuple[str, str], ...], int]] = Counter()
    for change, count in counts.items():
        if (change.account, change.region) != (account, region) or change.slot + SLOT > now:
            continue
        values = {"BackupVaultName": change.vault, "ResourceType": change.resource_type}
        for names in wanted:
            dimensions = tuple((name, values[name]) for name in names)
            found[f"NumberOf{change.metric}", dimensions, change.slot] += count
    for (metric, dimensions, moment), value in sorted(found.items()):
        yield Point(metric, dimensions, moment, value)
