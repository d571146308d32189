"""What a hint makes old: the marks that it leaves, and those that the name of a read looks for.

Rooms name their reads after what is asked, whose account, the Region, and mostly the vault; see :mod:`.hands`. So
nobody has to go through all that was ever read when an event comes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias

from ..engine.hints import Hint, Subject
from .entered import account_in
from .reads import ReadKey

Mark: TypeAlias = tuple[str, str, Subject, str | None]
"""Account, Region, what has happened there, and to which vault: a name, all (empty), or any of them (None)."""


def of_hint(hint: Hint) -> tuple[Mark, ...]:
    """Return what a hint leaves: one for the vault that it is about, and one for what is read of all at once."""
    place = (hint.account_id, hint.region, hint.subject)
    return (*place, hint.vault), (*place, None)


def of_read(key: ReadKey, heeds: Mapping[str, Collection[Subject]]) -> Iterator[Mark]:
    """Yield what makes the answer to a read old."""
    for subject in heeds.get(str(key[0]), ()):
        if isinstance(key[1], tuple) and len(key) > 2:
            place = (account_in(key[1]), str(key[2]), subject)
            if len(key) > 3:
                yield (*place, str(key[3]))
                yield (*place, "")
            else:
                yield (*place, None)
