"""What lies in a vault, folded from the pages of its listing once and read by every policy over it.

It is kept packed and by resource: a million recovery points fit into a process that way, and what has not changed since
the last look is known to be the same without being read.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, TypeVar

from ...engine.declared import Scope
from ..source_keys.seen import Behind
from .marks import Marks, mark_of
from .packing import Packed, Packing, changed, encryption_keys, origins, statuses
from .records import POINTS, Apart, Name, PointProfile
from .seen import GOOD_STATUSES, RecoveryPoint
from .whereabouts import Whereabouts

R = TypeVar("R", bound=Hashable)

EXAMPLES = 3
"""How many resources are named beside a key."""


class Inventory:
    """Recovery points, each once. Never changes; equal to another one of the same points."""

    __hash__: ClassVar[None]  # type: ignore[assignment] # compared in tests only

    def __init__(self, points: Iterable[RecoveryPoint] = (), like: Inventory | None = None) -> None:
        """Take in what is listed, a page at a time.

        Args:
            points: As they come; of those with the same ARN and resource the last one counts.
            like: What is known already of the same vault.
        """
        packing = Packing(POINTS, like.groups if like is not None else None)
        for each in points:
            packing.add(each.resource_arn, each)
        self.groups: Mapping[str, Packed[RecoveryPoint]] = packing.packed()
        """The points of every resource, oldest first; under no name those of which AWS names none."""
        self._whereabouts = Whereabouts(self.groups)
        # Whoever looks at the same points asks the same; of several policies the last one that asked is remembered.
        self._behind: tuple[tuple[frozenset[str], Scope], tuple[Behind, ...]] | None = None

    @classmethod
    def listed(
        cls,
        rows: Iterable[R],
        read: Callable[[R], tuple[str, Apart]],
        like: Inventory | None = None,
        *,
        whole: bool = True,
    ) -> Inventory:
        """Take in what is listed, as it is kept.

        Where that is what was known already, it is the same inventory.

        Args:
            rows: As they come. One that is known is not read again where ``whole``.
            read: Returns of a row the resource of a point, and the point as a record takes it.
            like: What is known already of the same vault.
            whole: Whether all of that is listed.
        """
        known = like if like is not None else cls()
        again = Marks([group.marks for group in known.groups.values()]) if whole else None
        packing = Packing(POINTS, known.groups, again=again)
        for row in rows:
            mark = mark_of(row)
            if again is None or not again.tick(mark):
                packing.take(*read(row), mark)
        return known.among(packing.packed())

    def among(self, groups: Mapping[str, Packed[RecoveryPoint]]) -> Inventory:
        """Return an inventory of these groups, some of which are those here."""
        moved = changed(groups, self.groups)
        if not moved:
            return self
        made = Inventory()
        made.groups, made._whereabouts = groups, self._whereabouts.among(groups, moved)
        return made

    def _with(self, others: Mapping[str, Collection[RecoveryPoint]], found: Inventory) -> Inventory:
        """Return these points with those of some resources exchanged, some of which were just found."""
        packing = Packing(POINTS, self.groups, marked=found.groups)
        for resource, rows in others.items():
            for each in rows:
                packing.add(resource, each)
        lasting = {name: group for name, group in self.groups.items() if name not in others}
        return self.among({**lasting, **packing.packed()})

    # --- What there is

    def __len__(self) -> int:
        """Return how many there are."""
        return self._number

    @cached_property
    def _number(self) -> int:
        return sum(map(len, self.groups.values()))

    def __iter__(self) -> Iterator[RecoveryPoint]:
        """Yield them, resource by resource."""
        for group in self.groups.values():
            yield from group

    def of(self, resource: str) -> tuple[RecoveryPoint, ...]:
        """Return the points of a resource, oldest first."""
        return tuple(self.groups.get(resource, ()))

    def since(self, moment: datetime) -> Iterator[RecoveryPoint]:
        """Yield what was created after a moment."""
        for group in self.groups.values():
            if group.is_newer(moment):
                yield from group.since(moment)

    def between(self, moments: Sequence[datetime]) -> list[int]:
        """Return how many were created after each of some moments, in order, and until the next one."""
        found = [0] * len(moments)
        for group in self.groups.values():
            if moments and group.is_newer(moments[0]):
                found = [sum(both) for both in zip(found, group.until(moments), strict=True)]
        return [after - before for before, after in pairwise(found)]

    def unlike(self, known: Collection[str]) -> tuple[RecoveryPoint, ...]:
        """Return the points whose status is none of these."""
        found = [group for group in self.groups.values() if not statuses(group) <= set(known)]
        return tuple(each for group in found for each in group if each.status not in known)

    def behind(self, types: frozenset[str], scope: Scope) -> tuple[Behind, ...]:
        """Return the keys that points in scope, of some types, are, or were, encrypted with."""
        if self._behind is None or self._behind[0] != (types, scope):
            self._behind = (types, scope), self._keys_behind(types, scope)
        return self._behind[1]

    def _keys_behind(self, types: frozenset[str], scope: Scope) -> tuple[Behind, ...]:
        found: dict[tuple[str, str], list[str]] = {}
        for resource, group in self.groups.items():
            for kind, key in encryption_keys(group, types):
                if scope.selects(kind, resource):
                    found.setdefault((key, kind), []).append(resource)
        return tuple(
            Behind(key, kind, len(names), tuple(heapq.nsmallest(EXAMPLES, names)))
            for (key, kind), names in sorted(found.items())
        )

    @cached_property
    def by_origin(self) -> Mapping[str | None, tuple[str, ...]]:
        """The resources of points that say that they came from a vault, by its ARN; None for those that do not say."""
        found: dict[str | None, list[str]] = {}
        for resource, group in self.groups.items():
            for origin in origins(group):
                found.setdefault(origin, []).append(resource)
        return {origin: tuple(resources) for origin, resources in found.items()}

    @cached_property
    def under_keys(self) -> Mapping[tuple[str, str], tuple[int, str]]:
        """How many resources have points under a key that came from a vault, and the first of them, by both."""
        found: dict[tuple[str, str], set[str]] = {}
        for resource, group in self.groups.items():
            for each in map(PointProfile._make, group.profiles):
                if each.encryption_key_arn and each.source_vault_arn and each.encrypted is not False:
                    found.setdefault((each.encryption_key_arn, each.source_vault_arn), set()).add(resource)
        return {both: (len(names), min(names)) for both, names in found.items()}

    def find(self, arn: str, resource: str) -> RecoveryPoint | None:
        """Return a point by its ARN; ``resource`` is the one that it probably is of."""
        group = self.groups.get(resource)
        found = group.named(arn) if group is not None else None
        if found is None and (elsewhere := self.where(arn)) is not None:
            return self.groups[elsewhere].named(arn)
        return found

    @cached_property
    def lists_parts(self) -> bool:
        """Whether there are nested recovery points at all that are good."""
        return any(
            profile.parent_arn is not None and profile.status in GOOD_STATUSES
            for group in self.groups.values()
            for profile in map(PointProfile._make, group.profiles)
        )

    def may_be_elsewhere(self, name: Name, resource: str) -> bool:
        """Tell whether a point may be of another resource than one: hardly ever so where it is not."""
        beginning, written, end = name
        return self._whereabouts.may_be_elsewhere((end if written else beginning or "",), resource)

    def where(self, arn: str) -> str | None:
        """Return the resource of a point by the point's ARN; None where it is not here."""
        return next(self._whereabouts.of(arn), None)

    # --- What changes

    def renewed(self, found: Inventory, since: datetime, lasting: Collection[str]) -> tuple[Inventory, bool]:
        """Return these points with what was ``found`` to be created after ``since``, and whether that is doubtful.

        It is where one with a ``lasting`` status is missing among those found; others of that time have just gone.
        """
        others: dict[str, list[RecoveryPoint]] = {}
        before: list[RecoveryPoint] = []
        for resource, group in self.groups.items():
            later = found.groups.get(resource)
            if not group.is_newer(since) or (later is not None and group.goes_on_as(later, since)):
                continue
            newer = list(group.since(since))
            before += newer
            others[resource] = [*list(group)[: len(group) - len(newer)], *(later or ())]
        for resource, later in found.groups.items():
            known = self.groups.get(resource)
            if known is None or not known.is_newer(since):
                others[resource] = [*(known or ()), *later]
        if not others:
            return self, False
        there = {each for resource in others.keys() & found.groups.keys() for each in found.groups[resource].names()}
        return self._with(others, found), any(each.status in lasting and each.arn not in there for each in before)

    def joined(self, found: Inventory) -> Inventory:
        """Return these points and those found, which are newer."""
        others: dict[str, list[RecoveryPoint]] = {}
        for resource, later in found.groups.items():
            known = {each.arn: each for each in self.of(resource)}
            newer = known | {each.arn: each for each in later}
            if newer != known:
                others[resource] = list(newer.values())
        return self._with(others, found) if others else self

    def has_same(self, other: Inventory) -> bool:
        """Tell whether the same recovery points are in another one, in whatever state."""
        return self.groups.keys() == other.groups.keys() and all(
            set(group.names()) == set(other.groups[resource].names()) for resource, group in self.groups.items()
        )

    def __eq__(self, other: object) -> bool:
        """Compare the points."""
        return isinstance(other, Inventory) and {each.arn: each for each in self} == {each.arn: each for each in other}

    def __repr__(self) -> str:
        return f"Inventory({tuple(self)!r})"


def by_age(point: RecoveryPoint) -> tuple[datetime, str]:
    """Return what orders recovery points by age; equal dates go by ARN, so that the order is always the same."""
    return point.created, point.arn
