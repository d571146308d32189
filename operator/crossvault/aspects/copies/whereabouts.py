"""Where a recovery point or a copy is named among millions: an index of eight bytes a name."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import Generic, TypeVar

from .packing import Packed

T = TypeVar("T")

_GROUPS = 28
"""Bits of a number that say in which group a name stands; the others are of its hash."""


class Whereabouts(Generic[T]):
    """Tells which resources have a row that bears a name. Made when somebody first asks; never changes."""

    def __init__(self, groups: Mapping[str, Packed[T]], name: int = 0) -> None:
        """Begin.

        Args:
            groups: The rows of each resource.
            name: Which of the names that a row bears.
        """
        self._groups, self._name = groups, name
        self._base: _Base | None = None
        self._changed: frozenset[str] = frozenset()

    def among(self, groups: Mapping[str, Packed[T]], changed: Collection[str]) -> Whereabouts[T]:
        """Return the same of other groups, of which only those that ``changed`` are others."""
        made = Whereabouts(groups, self._name)
        all_changed = self._changed.union(changed)
        if self._base is not None and len(all_changed) <= len(groups) // 8:
            made._base, made._changed = self._base, all_changed
        return made

    def of(self, name: str) -> Iterator[str]:
        """Yield the resources that have a row which bears a name."""
        if self._base is None:
            self._base = _Base(self._groups, self._name)
        for resource in self._base.candidates(name):
            if resource not in self._changed and name in self._groups[resource].names(self._name):
                yield resource
        yield from self._of_changed.get(name, ())

    def maybe_of(self, name: str, resource: str) -> bool:
        """Tell whether another resource than one may have a row that bears a name: hardly ever so when none has."""
        if self._base is None:
            self._base = _Base(self._groups, self._name)
        others = {*self._base.candidates(name)} - self._changed | {*self._of_changed.get(name, ())}
        return bool(others - {resource})

    @cached_property
    def _of_changed(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for resource in self._changed & self._groups.keys():
            for name in set(self._groups[resource].names(self._name)):
                found.setdefault(name, []).append(resource)
        return found


class _Base:
    """Which groups may have a name: hardly ever one that has not."""

    __slots__ = ("_found", "_resources")

    def __init__(self, groups: Mapping[str, Packed[T]], name: int) -> None:
        self._resources = tuple(groups)
        hashes = {_hashed(each) | number for number, group in enumerate(groups.values()) for each in group.names(name)}
        self._found = array("Q", sorted(hashes))

    def candidates(self, name: str) -> Iterator[str]:
        wanted = _hashed(name)
        place = bisect_left(self._found, wanted)
        while place < len(self._found) and self._found[place] >> _GROUPS == wanted >> _GROUPS:
            yield self._resources[self._found[place] & ((1 << _GROUPS) - 1)]
            place += 1


def _hashed(name: str) -> int:
    return hash(name) % (1 << (64 - _GROUPS)) << _GROUPS
