"""Where a recovery point or a copy is named among millions: an index of eight bytes a name."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Generic, TypeVar

from .packing import Packed
from .records import Key, key_of

T = TypeVar("T")

_GROUPS = 28
"""Bits of a number that say in which group a name stands; the others are of its hash."""
_PART = 58
_PARTS = 1 << (64 - _PART)
"""It is sorted a part at a time: Python's numbers take forty bytes each."""
_ONE, _ALL = 1 << _GROUPS, (1 << 64) - 1


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
        yield from (each for each in self._candidates(key_of(name)) if name in self._groups[each].names(self._name))

    def but(self, resource: str, name: str) -> Iterator[str]:
        """Yield the other resources than one that have a row which bears a name."""
        others = (each for each in self._candidates(key_of(name)) if each != resource)
        yield from (each for each in others if name in self._groups[each].names(self._name))

    def may_be_elsewhere(self, keys: Iterable[Key], resource: str) -> bool:
        """Tell whether another resource than one may have a row that bears a name: hardly ever so when none has."""
        if self._base is None:
            self._base = _Base(self._groups, self._name)
        here = [resource]
        base, moved = self._base, self._of_changed
        return any(base.is_elsewhere(key, resource, self._changed) or moved.get(key, here) != here for key in keys)

    def _candidates(self, key: Key) -> Iterator[str]:
        if self._base is None:
            self._base = _Base(self._groups, self._name)
        yield from (each for each in self._base.candidates(key) if each not in self._changed)
        yield from self._of_changed.get(key, ())

    @cached_property
    def _of_changed(self) -> Mapping[Key, list[str]]:
        found: dict[Key, list[str]] = {}
        for resource in self._changed & self._groups.keys():
            for key in set(self._groups[resource].short_names(self._name)):
                found.setdefault(key, []).append(resource)
        return found


class _Base:
    """Which groups may have a name: hardly ever one that has not."""

    __slots__ = ("_found", "_resources")

    def __init__(self, groups: Mapping[str, Packed[T]], name: int) -> None:
        self._resources = tuple(groups)
        parts = [array("Q") for _ in range(_PARTS)]
        for number, group in enumerate(groups.values()):
            for each in group.short_names(name):
                entry = _hashed(each) | number
                parts[entry >> _PART].append(entry)
        self._found = array("Q")
        for part in parts:
            self._found.extend(array("Q", sorted(part)))

    def is_elsewhere(self, key: Key, resource: str, but: Collection[str]) -> bool:
        """Tell whether another group than one, and than some, may have a name."""
        found, wanted = self._found, _hashed(key)
        place = bisect_left(found, wanted)
        while place < len(found) and found[place] ^ wanted < _ONE:
            other = self._resources[found[place] & (_ONE - 1)]
            if other != resource and other not in but:
                return True
            place += 1
        return False

    def candidates(self, key: Key) -> Iterator[str]:
        wanted = _hashed(key)
        place = bisect_left(self._found, wanted)
        while place < len(self._found) and self._found[place] ^ wanted < _ONE:
            yield self._resources[self._found[place] & (_ONE - 1)]
            place += 1


def _hashed(key: Key) -> int:
    return hash(key) << _GROUPS & _ALL
