"""Which policies copy between the same two vaults: totals count for each of them what several mean, and say so.

What several mean is copied once, whoever of them starts it; but scopes differ, and a status names no recovery points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeAlias

from ..words.texts import plural

Pair: TypeAlias = tuple[Hashable, Hashable]


def count(pairs: Iterable[Pair]) -> int:
    """Count the pairs of a source and a destination vault that are named more than once."""
    return sum(times > 1 for times in Counter(pairs).values())


def planned(policies: Iterable[Mapping[str, Any]]) -> int:
    """Count those of the policies of a plan."""
    return count(
        (policy["source"]["vault"], each["vault"])
        for policy in policies
        for each in policy.get("destinations", ())
        if "source" in policy
    )


def declared(bodies: Iterable[Mapping[str, Any]]) -> int:
    """Count those of objects as they are declared; what is no policy has no source."""
    specs = [each.get("spec") or {} for each in bodies]
    return count(
        (_vault(spec["source"]), _vault(each))
        for spec in specs
        for each in spec.get("destinations") or ()
        if isinstance(spec.get("source"), Mapping) and isinstance(each, Mapping)
    )


def _vault(side: Mapping[str, Any]) -> Hashable:
    account, vault = (side.get(name) or {} for name in ("accountRef", "vault"))
    return account.get("name"), side.get("region"), vault.get("name")


def words(pairs: int) -> str:
    """Say what that means for totals; empty where no pair is shared."""
    if not pairs:
        return ""
    have = "has" if pairs == 1 else "have"
    return (
        f" {plural(pairs, 'pair')} of vaults {have} several policies: what more than one of them means is copied once,"
        " and counted for each."
    )
