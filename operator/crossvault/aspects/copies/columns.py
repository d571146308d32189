"""Rows of bytes, all of the same width, kept by column: a column that is the same in all of them is kept once.

Records about one resource differ in their instants and in the ends of their names, and in little else: half of each
is what all have in common.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter


def closed(rows: bytes, width: int) -> bytes:
    """Return rows as they are kept: which columns are the same in all, what these are, and the others one by one.

    Rows that take no less in this way are kept as they are, which their length tells.
    """
    number = len(rows) // width
    columns = [rows[place::width] for place in range(width)]
    same = [column.count(column[:1]) == number for column in columns]
    mask = sum(1 << place for place, alike in enumerate(same) if alike).to_bytes(_mask(width), "big")
    common = bytes(column[0] for column, alike in zip(columns, same, strict=True) if alike)
    kept = b"".join((mask, common, *(column for column, alike in zip(columns, same, strict=True) if not alike)))
    return kept if len(kept) < len(rows) else rows


def opened(kept: bytes, width: int, number: int) -> bytes:
    """Return so many rows from what is kept of them."""
    if len(kept) == width * number:
        return kept
    size = _mask(width)
    same, others = _places(kept[:size], width)
    row = bytearray(width)
    for place, byte in zip(same, kept[size:], strict=False):
        row[place] = byte
    rows, at = row * number, size + len(same)
    for place in others:
        rows[place::width] = kept[at : at + number]
        at += number
    return bytes(rows)


def row(kept: bytes, width: int, number: int, place: int) -> bytes:
    """Return one row from what is kept of so many."""
    if len(kept) == width * number:
        return kept[place * width : (place + 1) * width]
    size = _mask(width)
    same, pick = _picking(kept[:size], width)
    at = size + same
    return bytes(pick(kept[size:at] + kept[at + place :: number]))


def _mask(width: int) -> int:
    return (width + 7) // 8


@lru_cache(maxsize=4096)
def _places(mask: bytes, width: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return which columns are the same in all rows, and which are not."""
    alike = int.from_bytes(mask, "big")
    same = tuple(place for place in range(width) if alike >> place & 1)
    return same, tuple(place for place in range(width) if not alike >> place & 1)


@lru_cache(maxsize=4096)
def _picking(mask: bytes, width: int) -> tuple[int, Callable[[bytes], tuple[int, ...]]]:
    """Return how many columns are the same, and what puts a row in order: those come first, then the others of it."""
    same, others = _places(mask, width)
    order = sorted(range(width), key=(*same, *others).__getitem__)
    return len(same), itemgetter(*order) if width > 1 else tuple
