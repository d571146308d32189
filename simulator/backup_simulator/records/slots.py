"""Slots that copies of one kind share, so many at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pool:
    """A number of slots; `vaults` says whether a full pool still lets vaults run some."""

    key: tuple[str, str]
    size: int
    vaults: bool = False
