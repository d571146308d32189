"""Who of a namespace has a place in an account that limits their number: the older ones."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from ...engine.declared import PolicyKey
from ..account.drawer import Accounts
from ..kind import Body
from .parse import seniority

Seniority: TypeAlias = tuple[str, str]
"""Creation time and name of a policy: the order in which those of one namespace have places in an account."""


class Lines:
    """The policies of each namespace by age, for each account that they name."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], list[Seniority]] = {}
        self._in_line: dict[PolicyKey, tuple[Seniority, frozenset[str]]] = {}

    def elders_of(self, body: Body, names: frozenset[str], accounts: Accounts) -> Mapping[str, int]:
        """Return how many older policies of the namespace name each of some accounts that limit their number."""
        namespace = body["metadata"].get("namespace") or ""
        older = {
            name: bisect_left(self._lines.get((namespace, name), ()), seniority(body))
            for name in names
            if name in accounts and accounts[name].is_limited
        }
        return {name: count for name, count in older.items() if count}

    def stand(
        self, key: PolicyKey, body: Body | None, names: frozenset[str], accounts: Accounts
    ) -> tuple[PolicyKey, ...]:
        """Give a policy its place by age, for each account that it names; None for one that is going or gone.

        Returns:
            Who has a place now that had none, where the account limits their number; one, and not all that wait, for
            each place that became free.
        """
        before = self._in_line.pop(key, None)
        after = None
        if body is not None:
            after = self._in_line[key] = (seniority(body), names)
        if before == after:
            return ()
        left = {}
        if before is not None:
            for name in before[1]:
                line = self._lines[key.namespace, name]
                left[name] = bisect_left(line, before[0])
                del line[left[name]]
        if after is not None:
            for name in after[1]:
                insort(self._lines.setdefault((key.namespace, name), []), after[0])
        room = {each for name, place in left.items() for each in self._next(key.namespace, name, place, accounts)}
        for name in left:
            if not self._lines[key.namespace, name]:
                del self._lines[key.namespace, name]
        return tuple(PolicyKey(key.namespace, name) for name in sorted(room - {key.name}))

    def _next(self, namespace: str, account: str, place: int, accounts: Accounts) -> Iterator[str]:
        """Yield the names of those who move up, by one of its grants, into an account in which a place became free."""
        line, declared = self._lines[namespace, account], accounts.get(account)
        for most in {each.policies for each in declared.grants} if declared is not None else ():
            if most is not None and place < most <= len(line):
                yield line[most - 1][1]
