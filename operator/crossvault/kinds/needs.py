"""What each use of an account has to be allowed, and what all that name one account want of its role together. Pure.

Each object's needs are worked out once, when it changes; a pass over an account reads what has been added up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..aspects import ROOMS
from ..engine.declared import Desired
from ..engine.rights import ANY, AsDestination, AsSource, Right, Use
from ..engine.wants import Want

RIGHTS: tuple[Right[Any], ...] = tuple(right for room in ROOMS for right in room.rights if not right.told)
"""What can be needed, in the order of the rooms."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one use of an account has to be allowed because of one right.

    Attributes:
        place: Of the right in :data:`RIGHTS`.
        condition: As JSON.
    """

    place: int
    resources: tuple[str, ...]
    condition: str


def needs_of(use: Use) -> tuple[Need, ...]:
    """Return everything that one use of an account needs."""
    found = []
    for place, right in enumerate(RIGHTS):
        resources = right.resources(use) if isinstance(use, right.use) else ()
        if resources:
            condition = right.condition(use)
            found.append(Need(place, resources, json.dumps(condition, sort_keys=True) if condition else "{}"))
    return tuple(found)


def of_policy(desired: Desired) -> dict[str, tuple[Need, ...]]:
    """Return what a policy needs of every account that it names."""
    found: dict[str, dict[Need, None]] = {}
    uses: list[AsSource | AsDestination] = [AsSource(desired)]
    uses += [AsDestination(desired, each) for each in desired.destinations]
    for use in uses:
        found.setdefault(use.account.name, {}).update(dict.fromkeys(needs_of(use)))
    return {name: tuple(needs) for name, needs in found.items()}


def wants_of(needs: Iterable[tuple[Need, Iterable[str]]]) -> tuple[Want, ...]:
    """Return one statement for each right and condition, in the order of the rooms; resources of all together.

    Those of one meaning are one: a role may serve as source and as destination. Each has a Sid of its own.
    """
    merged: dict[tuple[Any, ...], tuple[Right[Any], str, set[str], set[str]]] = {}
    for need, holders in sorted(needs, key=lambda each: (each[0].place, each[0].condition)):
        right = RIGHTS[need.place]
        meaning = (right.sid, right.actions, need.condition)
        _, _, resources, names = merged.setdefault(meaning, (right, need.condition, set(), set()))
        resources.update(need.resources)
        names.update(holders)
    sids: dict[str, int] = {}
    wants = []
    for right, condition, resources, names in merged.values():
        sids[right.sid] = number = sids.get(right.sid, 0) + 1
        wants.append(
            Want(
                sid=right.sid if number == 1 else f"{right.sid}{number}",
                why=right.why,
                actions=right.actions,
                resources=ANY if ANY[0] in resources else tuple(sorted(resources)),
                condition=json.loads(condition),
                without=right.without,
                besides=right.besides,
                wanted_by=tuple(sorted(names)),
            )
        )
    return tuple(wants)


class Needs:
    """What every object needs of the accounts that it names, added up by account. Belongs to one thread."""

    def __init__(self) -> None:
        self._of: dict[str, Mapping[str, tuple[Need, ...]]] = {}
        self._by_account: dict[str, dict[Need, dict[str, None]]] = {}
        self._known: dict[str, tuple[Want, ...]] = {}

    def hold(self, holder: str, needs: Mapping[str, tuple[Need, ...]]) -> None:
        """Take in what an object needs, in place of what it needed before; nothing forgets it."""
        before = self._of.pop(holder, {})
        if needs:
            self._of[holder] = needs
        for account in before.keys() | needs.keys():
            old, new = before.get(account, ()), needs.get(account, ())
            if old == new:
                continue
            self._known.pop(account, None)
            added = self._by_account.setdefault(account, {})
            for need in old:
                added[need].pop(holder)
                if not added[need]:
                    del added[need]
            for need in new:
                added.setdefault(need, {})[holder] = None
            if not added:
                del self._by_account[account]

    def wants(self, account: str, alone: Callable[[], Iterable[Need]]) -> tuple[Want, ...]:
        """Return what all want of an account, with what it needs ``alone``; nothing where nobody wants anything."""
        added = self._by_account.get(account)
        if not added:
            return ()
        if account not in self._known:
            by_itself = ((each, ()) for each in alone())
            self._known[account] = wants_of((*by_itself, *((need, holders) for need, holders in added.items())))
        return self._known[account]

    def forget(self, account: str) -> None:
        """Work out anew what is wanted of an account: it is declared otherwise."""
        self._known.pop(account, None)
