"""Which policies a hint is about, found by the vaults that they copy between and never by going through all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias, TypeVar

from ...engine.declared import PolicyKey
from ...engine.hints import Hint, Subject

K = TypeVar("K")
Vault: TypeAlias = tuple[str, str, str]
"""Account id, Region and name."""

_COPIED = frozenset({Subject.BACKUP, Subject.COPY})


class Hinted:
    """The vaults of all policies."""

    def __init__(self) -> None:
        self._pairs: dict[PolicyKey, tuple[tuple[str, str], ...]] = {}
        self._by_vault: dict[Vault, dict[PolicyKey, None]] = {}
        self._by_place: dict[tuple[str, str], dict[PolicyKey, None]] = {}

    def put(self, key: PolicyKey, pairs: Iterable[tuple[str, str]]) -> None:
        """Take in between which vaults, by their ARNs, a policy copies; none forgets it."""
        left = _vaults(self._pairs.pop(key, ()))
        for vault in left:
            _remove(self._by_vault, vault, key)
        for place in {vault[:2] for vault in left}:
            _remove(self._by_place, place, key)
        kept = tuple(pairs)
        if kept:
            self._pairs[key] = kept
        for vault in _vaults(kept):
            self._by_vault.setdefault(vault, {})[key] = None
            self._by_place.setdefault(vault[:2], {})[key] = None

    def by(self, hint: Hint) -> Mapping[PolicyKey, frozenset[Hint]]:
        """Return the policies that a hint is about, and what of each of them has to be seen anew.

        A backup or a copy shows in jobs of the source's account and in the vaults that copies go into, whoever tells
        of it.
        """
        place = (hint.account_id, hint.region)
        found = self._by_vault.get((*place, hint.vault)) if hint.vault else self._by_place.get(place)
        if hint.subject not in _COPIED:
            return dict.fromkeys(found or (), frozenset({hint}))
        return {key: frozenset({hint, *self._copies_of(key)}) for key in found or ()}

    def _copies_of(self, key: PolicyKey) -> Iterable[Hint]:
        for account, region, name in _vaults(self._pairs[key]):
            yield Hint(account, region, Subject.COPY, name)


def _vaults(pairs: Iterable[tuple[str, str]]) -> dict[Vault, None]:
    """Return the vaults that ARNs name: arn, partition, service, Region, account, backup-vault, name."""
    parts = (arn.split(":", 6) for pair in pairs for arn in pair)
    return {(each[4], each[3], each[6]): None for each in parts if len(each) == 7}


def _remove(index: dict[K, dict[PolicyKey, None]], place: K, key: PolicyKey) -> None:
    """Take a policy out, and keep nothing of a place that nobody names any more."""
    there = index[place]
    there.pop(key, None)
    if not there:
        del index[place]
