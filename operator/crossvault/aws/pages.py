"""Listings, page by page; one that does not end is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .answers import UnexpectedAnswerError

PAGES: Any = {"PageSize": 1000}
BARREN = 200
"""How many pages in a row may bring nothing new. AWS filters after it has cut the pages, so that a few are empty."""
MOST_ROWS = 5_000_000
"""How many rows a listing may have before it is taken for one that does not end."""


def walked(
    pages: Iterable[Mapping[str, Any]], member: str, name: Callable[[Any], str], *, pointer: str = "NextToken"
) -> Iterator[Any]:
    """Yield the rows of all pages, one page at a time; one that moved from a page to the next comes twice.

    A page brings something new unless one with the same first and last row came before.

    Args:
        pages: As a paginator gets them.
        member: Under what a page has its rows.
        name: Returns the name of a row.
        pointer: Under what a page has the token of the next one.

    Raises:
        UnexpectedAnswerError: The pages do not end: one points to one before it, very many bring nothing new, or they
            bring more rows than there can be.
    """
    tokens: set[int] = set()
    known: set[int] = set()
    barren = number = 0
    for page in pages:
        rows = page[member]
        number += len(rows)
        # To remember all names would take more memory than the rows themselves.
        ends = hash((len(rows), name(rows[0]), name(rows[-1]))) if rows else None
        barren = barren + 1 if ends is None or ends in known else 0
        token = page.get(pointer)
        if barren > BARREN or number > MOST_ROWS or (token and hash(token) in tokens):
            raise UnexpectedAnswerError(f"the pages of {member} do not end")
        known.add(ends or 0)
        if token:
            tokens.add(hash(token))  # a token may be long
        yield from rows
