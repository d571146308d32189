"""Values by typed names: how a room keeps something of its own in what is declared, seen and planned.

The engine carries them without knowing what they are, so that a new room adds a name of its own and changes no type
of anybody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .looks import Look

T = TypeVar("T")


def _nothing(_value: object) -> Iterable[Look[Any]]:
    return ()


class Part(Generic[T]):
    """The name of one value. Names are told apart by identity.

    Attributes:
        absent: What stands for the value where nobody has given one.
        needed: Which looks in the value have to have been seen for a picture to be whole; for what was seen only.
    """

    __slots__ = ("absent", "name", "needed")

    def __init__(self, name: str, absent: T, needed: Callable[[T], Iterable[Look[Any]]] = _nothing) -> None:
        self.name = name
        self.absent = absent
        self.needed = needed

    def __repr__(self) -> str:
        return f"<{self.name}>"


@dataclass(frozen=True, slots=True)
class Parts:
    """Some values, in the order in which they were given. Compares by what is in it."""

    given: tuple[tuple[Part[Any], Any], ...] = ()

    def __getitem__(self, part: Part[T]) -> T:
        """Return the value under a name."""
        for name, value in self.given:
            if name is part:
                return value  # type: ignore[no-any-return] # of having(), which takes no other
        return part.absent

    def having(self, part: Part[T], value: T) -> Parts:
        """Return the same with one value given, in its old place where it has one."""
        if any(name is part for name, _ in self.given):
            return Parts(tuple((name, value if name is part else old) for name, old in self.given))
        return Parts((*self.given, (part, value)))

    def __add__(self, others: Parts) -> Parts:
        """Return the values of both; the second has the last word."""
        found = self
        for part, value in others.given:
            found = found.having(part, value)
        return found

    def looks(self) -> Iterator[Look[Any]]:
        """Yield the looks without which a picture is not whole, in order."""
        for part, value in self.given:
            yield from part.needed(value)


NONE = Parts()
"""No values."""
