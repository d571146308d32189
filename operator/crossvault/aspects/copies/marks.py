"""Which rows of a listing are known, told by what AWS sent of them: what is the same need not be read a second time.

A mark is a hash of 48 bits, which differs from process to process. Of a vault of a million rows, a row that has changed
is taken for one of the others once in 280 million times.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Collection, Hashable, Iterator

WIDTH = 6
"""Bytes of a mark."""
UNMARKED = bytes(WIDTH)
_ALL = (1 << 8 * WIDTH) - 1
_CAME = 1 << 8 * WIDTH
_PAIR = struct.Struct(">HI")


def mark_of(row: Hashable) -> int:
    """Return the mark of a row as AWS sent it; never 0, which is that of rows of which it is not known."""
    return hash(row) & _ALL or 1


def written(mark: int) -> bytes:
    """Return the bytes of a mark."""
    return mark.to_bytes(WIDTH, "big")


def each(marks: bytes) -> Iterator[bytes]:
    """Yield the marks of rows."""
    return (marks[place : place + WIDTH] for place in range(0, len(marks), WIDTH))


def _numbers(marks: bytes) -> Iterator[int]:
    return (high << 32 | low for high, low in _PAIR.iter_unpack(marks))


class Marks:
    """The marks of rows, each of which can be ticked when its row comes again; twelve bytes a row.

    Args:
        rows: The marks of the rows of each group.
    """

    def __init__(self, rows: Collection[bytes]) -> None:
        self._size = sum(map(len, rows)) // WIDTH * 3 // 2 + 1
        self._table = array("Q", bytes(8 * self._size))
        self._twice: set[int] = set()
        self._awaited = 0
        for group in rows:
            for mark in _numbers(group):
                self._add(mark)

    def tick(self, mark: int) -> bool:
        """Tell whether a row is known by its mark, and note that it came."""
        place = self._place(mark)
        found = self._table[place]
        if found == mark and mark not in self._twice:
            self._table[place] = mark | _CAME
            self._awaited -= 1
            return True
        return bool(found & _CAME)

    def came(self, marks: bytes) -> list[bool]:
        """Tell of the marks of rows whether each was ticked."""
        return [bool(self._table[self._place(mark)] & _CAME) for mark in _numbers(marks)]

    @property
    def all_came(self) -> bool:
        """Whether each row came."""
        return not self._awaited

    def _add(self, mark: int) -> None:
        self._awaited += 1
        if not mark:
            return
        place = self._place(mark)
        if self._table[place]:
            self._twice.add(mark)  # it tells nothing of either
        self._table[place] = mark

    def _place(self, mark: int) -> int:
        """Return where a mark stands, or may stand."""
        place = mark % self._size
        while (found := self._table[place]) and found & _ALL != mark:
            place = place + 1 if place + 1 < self._size else 0
        return place
