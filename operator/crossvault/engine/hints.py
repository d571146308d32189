"""What an event of AWS hints at: that something has happened to a vault, so that looking there soon is worth it.

A hint is never believed further than that. Lost, doubled, late or forged, it changes when somebody looks, and nothing
of what is then seen or done.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Subject(StrEnum):
    """What may have changed."""

    BACKUP = "backup"
    COPY = "copy"
    VAULT = "vault"
    POLICY = "policy"
    KEY = "key"


class Fate(StrEnum):
    """What became of a message.

    ``used``: somebody looks because of it; ``duplicate``: it was heard before; ``unknown``: about nothing that is
    declared here; ``irrelevant``: an event that changes nothing that is looked at; ``malformed``: no event at all.
    """

    USED = "used"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"
    IRRELEVANT = "irrelevant"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Hint:
    """Where something may have changed.

    Attributes:
        vault: Empty for all vaults of the place.
    """

    account_id: str
    region: str
    subject: Subject
    vault: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """An event that hints at something; ``id`` is that of the event, by which one that comes twice is known."""

    id: str
    hints: frozenset[Hint]
