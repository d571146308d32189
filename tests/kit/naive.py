"""What the desk counts with indexes, counted by looking at everything: the oracle of its tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from crossvault.kinds.account.parse import AccountDeclaration
from crossvault.kinds.policy.parse import accounts_named_by, seniority


def elders_of(
    body: Mapping[str, Any], others: Iterable[Mapping[str, Any]], accounts: Mapping[str, AccountDeclaration]
) -> Mapping[str, int]:
    """Count the older policies of the same namespace that name an account, for accounts that limit their number.

    Args:
        body: The policy.
        others: All policies that may name the same accounts; this one, and such of other namespaces, are not counted.
        accounts: Every declared account by name.
    """
    limited = {name for name in accounts_named_by(body) if name in accounts and accounts[name].is_limited}
    if not limited:
        return {}
    mine = seniority(body)
    counted: Counter[str] = Counter()
    for each in others:
        metadata = each["metadata"]
        if metadata.get("namespace") == body["metadata"].get("namespace") and not metadata.get("deletionTimestamp"):
            counted.update(accounts_named_by(each) & limited if seniority(each) < mine else ())
    return counted
