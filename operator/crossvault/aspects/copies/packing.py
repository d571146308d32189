"""Recovery points and copy jobs put together by their resource, in tens of bytes each.

A vault may hold millions, and nearly all of them are settled: nothing will be done about them until something changes.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast

from .records import BIAS, NEVER, Apart, Codec, Key, PointProfile, Profile, key_of, moment_of, name_of, number_of
from .seen import RecoveryPoint

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)

_SPARE = 16
"""So many profiles that no row has any more are kept beside twice as many as there are rows."""
Span: TypeAlias = tuple[datetime, datetime]
"""After which moment, and until which one."""
_FIRST, _FIRST_TWO = struct.Struct(">Q"), struct.Struct(">Qq")


class Packed(Generic[T]):
    """Rows about one resource, oldest first. Never changes, and is compared by identity."""

    __slots__ = ("_codec", "_records", "profiles", "resource")

    def __init__(self, codec: Codec[T], resource: str, records: bytes, profiles: tuple[Profile, ...]) -> None:
        self._codec = codec
        self._records = records
        self.resource: Final = resource
        self.profiles: Final = profiles
        """What rows have in common, by the number that their records have of it."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._records) // self._codec.layout.size

    def __iter__(self) -> Iterator[T]:
        """Yield them, oldest first."""
        return self._rows(self._records)

    def records(self) -> Iterator[tuple[Any, ...]]:
        """Yield what differs from row to row, oldest first; instants in microseconds, see :func:`number_of`."""
        return self._codec.layout.iter_unpack(self._records)

    def short_names(self, which: int = 0) -> Iterator[Key]:
        """Yield short forms of the names that rows bear; see :func:`key_of`."""
        place, end, named = self._codec.numbers, self._codec.numbers + 1 + which, self._codec.named
        beginnings = [named(profile)[which] for profile in self.profiles]
        for record in self._codec.layout.iter_unpack(self._records):
            beginning, written = beginnings[record[place]]
            if beginning is not None:
                yield record[end] if written else beginning

    def names(self, which: int = 0) -> Iterator[str]:
        """Yield the names that rows bear, oldest first: their own, or another one; a row may bear none."""
        place, end, named = self._codec.numbers, self._codec.numbers + 1 + which, self._codec.named
        for record in self._codec.layout.iter_unpack(self._records):
            beginning, written = named(self.profiles[record[place]])[which]
            if beginning is not None:
                yield name_of(beginning, written, record[end])

    def named(self, name: str) -> T | None:
        """Return the row of a name."""
        wanted, size = key_of(name), self._codec.layout.size
        for place, key in enumerate(self.short_names()):
            if key == wanted:
                (row,) = self._rows(self._records[place * size : (place + 1) * size])
                if self._codec.own_name(row) == name:
                    return row
        return None

    def moved(self, moment: datetime, but: Collection[Key] = ()) -> Iterator[tuple[Key, T]]:
        """Yield those of which the first or the second number is an instant after a moment, by their short names.

        ``but`` has the short names of those that are left out.
        """
        number = number_of(moment)
        size, first = self._codec.layout.size, _FIRST_TWO
        for place, key in enumerate(self.short_names()):
            created, second = first.unpack_from(self._records, place * size)
            if (created - BIAS > number or second > number) and key not in but:
                (row,) = self._rows(self._records[place * size : (place + 1) * size])
                yield key, row

    def ended(self, spans: Sequence[Span], but: Collection[Key] = ()) -> Iterator[tuple[Key, T]]:
        """Yield those that ended in one of some spans, by their short names; the second number is when, if they have.

        One that has not, ends when it is created. ``but`` has the short names of those that are left out.
        """
        size, first = self._codec.layout.size, _FIRST_TWO
        numbers = [(number_of(after), number_of(until)) for after, until in spans]
        for place, key in enumerate(self.short_names()):
            created, second = first.unpack_from(self._records, place * size)
            moment = second if second != NEVER else created - BIAS
            if any(after < moment <= until for after, until in numbers) and key not in but:
                (row,) = self._rows(self._records[place * size : (place + 1) * size])
                yield key, row

    def since(self, moment: datetime) -> Iterator[T]:
        """Yield those created after a moment, oldest first."""
        return self._rows(self._records[self._upto(moment) :])

    def is_newer(self, moment: datetime) -> bool:
        """Tell whether one was created after a moment."""
        return self._created(len(self) - 1) > moment

    def newest(self) -> datetime:
        """Return when the newest was created."""
        return self._created(len(self) - 1)

    def goes_on_as(self, later: Packed[T], since: datetime) -> bool:
        """Tell whether what was created after a moment is the same as all of ``later``."""
        if self.profiles != later.profiles:
            return list(self.since(since)) == list(later)
        return self._records[self._upto(since) :] == later._records

    def is_like(self, other: Packed[T]) -> bool:
        """Tell whether others are the same rows, with the same numbers of their profiles."""
        return self._records == other._records and self.profiles == other.profiles

    def _rows(self, records: bytes) -> Iterator[T]:
        together, profiles, place = self._codec.together, self.profiles, self._codec.numbers
        for record in self._codec.layout.iter_unpack(records):
            yield together(self.resource, record, profiles[record[place]])

    def _upto(self, moment: datetime) -> int:
        """Return where the records begin that were created after a moment."""
        number = len(self)
        while number and self._created(number - 1) > moment:
            number -= 1
        return number * self._codec.layout.size

    def _created(self, number: int) -> datetime:
        (created,) = _FIRST.unpack_from(self._records, number * self._codec.layout.size)
        return moment_of(created)


class Packing(Generic[T]):
    """Takes rows in one by one, and puts them together by their resource."""

    def __init__(self, codec: Codec[T], like: Mapping[str, Packed[T]] | None = None) -> None:
        """Begin with nothing.

        Args:
            codec: How rows are written.
            like: What is known already; profiles get the numbers that they have there.
        """
        self._codec = codec
        self._like = like or {}
        self._open: dict[str, tuple[bytearray, dict[Profile, int]]] = {}
        self._alike: dict[tuple[Profile, ...], tuple[Profile, ...]] = {}
        self._common: dict[Profile, Profile] = {}
        self._pack = codec.layout.pack

    def add(self, resource: str, row: T) -> None:
        """Take one in."""
        self.take(resource, self._codec.apart(row))

    def take(self, resource: str, apart: Apart) -> None:
        """Take one in that was taken apart as the codec does it."""
        records, profiles = self._open.get(resource) or self._opened(resource)
        numbers, profile, ends = apart
        number = profiles.get(profile)
        if number is None:
            number = profiles[self._common.setdefault(profile, profile)] = len(profiles)
        records += self._pack(*numbers, number, *ends)

    def _opened(self, resource: str) -> tuple[bytearray, dict[Profile, int]]:
        known = self._like.get(resource)
        profiles = {each: number for number, each in enumerate(known.profiles)} if known is not None else {}
        opened = self._open[sys.intern(resource)] = (bytearray(), profiles)  # both vaults name it, and their jobs
        return opened

    def packed(self) -> dict[str, Packed[T]]:
        """Return all that was taken in, and begin anew; of rows with the same name the last one.

        What is as it was known is the same object.
        """
        made, size = {}, self._codec.layout.size
        for resource in list(self._open):
            row_after_row, profiles = self._open.pop(resource)
            records = [bytes(row_after_row[place : place + size]) for place in range(0, len(row_after_row), size)]
            if len(profiles) > 2 * len(records) + _SPARE:
                records, profiles = self._renumbered(records, tuple(profiles))
            found = tuple(profiles)
            found = self._alike.setdefault(found, found)
            alone = len({record[self._codec.name] for record in records}) == len(records)
            each = records if alone else self._last_of_each(resource, records, found)
            packed = Packed(self._codec, resource, b"".join(sorted(each)), found)
            known = self._like.get(resource)
            made[resource] = known if known is not None and packed.is_like(known) else packed
        return made

    def _renumbered(
        self, records: Iterable[bytes], profiles: tuple[Profile, ...]
    ) -> tuple[list[bytes], dict[Profile, int]]:
        """Leave out the profiles that no row has any more."""
        used: dict[Profile, int] = {}
        renumbered, place = [], self._codec.numbers
        for record in records:
            fields = list(self._codec.layout.unpack(record))
            fields[place] = used.setdefault(profiles[fields[place]], len(used))
            renumbered.append(self._codec.layout.pack(*fields))
        return renumbered, used

    def _last_of_each(self, resource: str, records: Iterable[bytes], profiles: tuple[Profile, ...]) -> list[bytes]:
        last: dict[str, bytes] = {}
        for record in records:
            (name,) = Packed(self._codec, resource, record, profiles).names()
            last[name] = record
        return list(last.values())


def changed(groups: Mapping[str, Packed[T]], known: Mapping[str, Packed[T]]) -> set[str]:
    """Return the resources of which the rows are other objects than those known, or were there or are not."""
    moved = {name for name, group in groups.items() if known.get(name) is not group}
    return moved | (known.keys() - groups.keys())


@lru_cache(maxsize=4096)
def _known(value: Hashable) -> Hashable:
    return value


def shared(value: H) -> H:
    """Return the same object for equal values: most resources have as many recovery points as others."""
    return cast("H", _known(value))


def statuses(group: Packed[RecoveryPoint]) -> set[str]:
    """Return the statuses that recovery points have, or had when they were listed before."""
    return {PointProfile(*profile).status for profile in group.profiles}


def origins(group: Packed[RecoveryPoint]) -> set[str | None]:
    """Return the vaults from which recovery points say, or said, that they came; None of those that do not say."""
    return {PointProfile(*profile).source_vault_arn for profile in group.profiles}


def encryption_keys(group: Packed[RecoveryPoint], types: Collection[str]) -> set[tuple[str, str]]:
    """Return the types, of some, that recovery points are of, with the keys they are, or were, encrypted with."""
    profiles = (PointProfile(*profile) for profile in group.profiles)
    return {
        (each.resource_type, each.encryption_key_arn)
        for each in profiles
        if each.resource_type in types and each.encryption_key_arn is not None
    }
