"""Recovery points and copy jobs put together by their resource, in tens of bytes each.

A vault may hold millions, and nearly all of them are settled: nothing will be done about them until something changes.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar, cast

from . import columns, marks
from .marks import UNMARKED, WIDTH, Marks
from .records import BIAS, NEVER, Apart, Codec, Key, PointProfile, Profile, key_of, moment_of, name_of, number_of
from .seen import RecoveryPoint

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)

_SPARE = 16
"""So many profiles that no row has any more are kept beside twice as many as there are rows."""
_TICKED = 1 << 8 * WIDTH
_FIRST, _FIRST_TWO = struct.Struct(">Q"), struct.Struct(">Qq")


class Packed(Generic[T]):
    """Rows about one resource, oldest first. Never changes, but for its marks, and is compared by identity."""

    __slots__ = ("_codec", "_kept", "_newest", "_number", "marks", "profiles", "resource")

    def __init__(
        self, codec: Codec[T], resource: str, records: bytes, profiles: tuple[Profile, ...], marks: bytes = b""
    ) -> None:
        self._codec = codec
        self._number = len(records) // codec.layout.size
        self._newest: int = _FIRST.unpack_from(records, len(records) - codec.layout.size)[0] - BIAS  # takes half of it
        self._kept = columns.closed(records, codec.layout.size)
        self.resource: Final = resource
        self.profiles: Final = profiles
        """What rows have in common, by the number that their records have of it."""
        self.marks = marks or UNMARKED * self._number
        """The mark of each row as AWS sent it last, oldest first."""

    def __len__(self) -> int:
        """Return how many there are."""
        return self._number

    def __iter__(self) -> Iterator[T]:
        """Yield them, oldest first."""
        return self._rows(self._records())

    def _records(self) -> bytes:
        return columns.opened(self._kept, self._codec.layout.size, self._number)

    def each(self) -> Iterator[bytes]:
        """Yield their records, oldest first."""
        records, size = self._records(), self._codec.layout.size
        return (records[place : place + size] for place in range(0, len(records), size))

    def records(self) -> Iterator[tuple[Any, ...]]:
        """Yield what differs from row to row, oldest first; instants in microseconds, see :func:`number_of`."""
        return self._codec.layout.iter_unpack(self._records())

    def short_names(self, which: int = 0) -> Iterator[Key]:
        """Yield short forms of the names that rows bear; see :func:`key_of`."""
        place, end, named = self._codec.numbers, self._codec.numbers + 1 + which, self._codec.named
        beginnings = [named(profile)[which] for profile in self.profiles]
        for record in self._codec.layout.iter_unpack(self._records()):
            beginning, written = beginnings[record[place]]
            if beginning is not None:
                yield record[end] if written else beginning

    def names(self, which: int = 0) -> Iterator[str]:
        """Yield the names that rows bear, oldest first: their own, or another one; a row may bear none."""
        place, end, named = self._codec.numbers, self._codec.numbers + 1 + which, self._codec.named
        for record in self._codec.layout.iter_unpack(self._records()):
            beginning, written = named(self.profiles[record[place]])[which]
            if beginning is not None:
                yield name_of(beginning, written, record[end])

    def named(self, name: str) -> T | None:
        """Return the row of a name."""
        wanted, records, size = key_of(name), self._records(), self._codec.layout.size
        for place, key in enumerate(self.short_names()):
            if key == wanted:
                (row,) = self._rows(records[place * size : (place + 1) * size])
                if self._codec.own_name(row) == name:
                    return row
        return None

    def moved(self, moment: datetime, but: Collection[Key] = ()) -> Iterator[tuple[Key, T]]:
        """Yield those that were created, or ended, after a moment, by their short names; see :attr:`Codec.layout`.

        ``but`` has the short names of those that are left out.
        """
        number = number_of(moment) + BIAS
        records, size, first = self._records(), self._codec.layout.size, _FIRST_TWO
        for place, key in enumerate(self.short_names()):
            created, lasted = first.unpack_from(records, place * size)
            if (created > number or (lasted != NEVER and created + lasted > number)) and key not in but:
                (row,) = self._rows(records[place * size : (place + 1) * size])
                yield key, row

    def picked(self, places: Iterable[int], but: Collection[Key] = ()) -> Iterator[tuple[Key, T]]:
        """Yield some by their places, with their short names, but for those whose short names ``but`` has."""
        place_of, end, named = self._codec.numbers, self._codec.numbers + 1, self._codec.named
        for place in places:
            row = columns.row(self._kept, self._codec.layout.size, self._number, place)
            record = self._codec.layout.unpack(row)
            ((beginning, written), *_) = named(self.profiles[record[place_of]])
            key = record[end] if written else beginning or ""
            if key not in but:
                yield key, self._codec.together(self.resource, record, self.profiles[record[place_of]])

    def since(self, moment: datetime) -> Iterator[T]:
        """Yield those created after a moment, oldest first."""
        return self._rows(self._after(moment))

    def is_newer(self, moment: datetime) -> bool:
        """Tell whether one was created after a moment."""
        return self._newest > number_of(moment)

    def until(self, moments: Iterable[datetime]) -> list[int]:
        """Return how many were created at each of some moments, or before."""
        size = self._codec.layout.size
        created = [number for (number,) in struct.iter_unpack(f">Q{size - 8}x", self._records())]
        return [bisect_right(created, number_of(each) + BIAS) for each in moments]

    def newest(self) -> datetime:
        """Return when the newest was created."""
        return moment_of(self._newest + BIAS)

    def goes_on_as(self, later: Packed[T], since: datetime) -> bool:
        """Tell whether what was created after a moment is the same as all of ``later``."""
        if self.profiles != later.profiles:
            return list(self.since(since)) == list(later)
        return self._after(since) == later._records()

    def is_like(self, other: Packed[T]) -> bool:
        """Tell whether others are the same rows, with the same numbers of their profiles."""
        return self._number == other._number and self._kept == other._kept and self.profiles == other.profiles

    def _rows(self, records: bytes) -> Iterator[T]:
        together, profiles, place = self._codec.together, self.profiles, self._codec.numbers
        for record in self._codec.layout.iter_unpack(records):
            yield together(self.resource, record, profiles[record[place]])

    def _after(self, moment: datetime) -> bytes:
        if self._newest <= number_of(moment):
            return b""
        limit = number_of(moment) + BIAS
        records, size, number = self._records(), self._codec.layout.size, self._number - 1
        while number and _FIRST.unpack_from(records, (number - 1) * size)[0] > limit:
            number -= 1
        return records[number * size :]


class _Taken(Generic[T]):
    """What was taken in of one resource.

    A row that is known is only ticked, so that what has not changed is not held a second time.

    Attributes:
        known: The rows that were there before.
        profiles: The number of each profile; those of ``known`` are shared with other resources until there is a new
            one.
        records: The rows that were not there, and all after the first such one: of equal names the last one counts.
            Each with its mark.
    """

    __slots__ = ("_are_shared", "_came", "_hashes", "known", "profiles", "records")

    def __init__(self, known: Packed[T] | None, profiles: dict[Profile, int], *, again: bool) -> None:
        self.known = known
        self.profiles = profiles
        self.records = bytearray()
        self._are_shared = known is not None
        self._hashes = array("q", sorted(map(hash, known.each())) if known is not None and again else ())
        self._came = array("Q", bytes(8 * len(self._hashes)))

    def number(self, profile: Profile) -> int:
        """Number one more profile."""
        if self._are_shared:
            self.profiles, self._are_shared = dict(self.profiles), False
        return self.profiles.setdefault(profile, len(self.profiles))

    def take(self, record: bytes, mark: int) -> None:
        """Take one more row in."""
        if not self.records and (place := self._place(record)) is not None:
            self._came[place] = mark | _TICKED
        else:
            self.records += record + marks.written(mark)

    def came(self, record: bytes) -> bytes | None:
        """Return the mark of a known row that came again."""
        place = self._place(record)
        return marks.written(self._came[place] ^ _TICKED) if place is not None and self._came[place] else None

    def _place(self, record: bytes) -> int | None:
        number = hash(record)
        place = bisect_left(self._hashes, number)
        return place if place < len(self._hashes) and self._hashes[place] == number else None


class Packing(Generic[T]):
    """Takes rows in one by one, and puts them together by their resource."""

    def __init__(
        self,
        codec: Codec[T],
        like: Mapping[str, Packed[T]] | None = None,
        *,
        again: Marks | None = None,
        marked: Mapping[str, Packed[T]] | None = None,
    ) -> None:
        """Begin with nothing.

        Args:
            codec: How rows are written.
            like: What is known already; profiles get the numbers that they have there.
            again: Where that is expected to come again: the marks of the rows that came and were not read.
            marked: Rows whose marks are known, too.
        """
        self._codec = codec
        self._again = again
        self._like = like or {}
        self._marked = marked or {}
        self._open: dict[str, _Taken[T]] = {}
        self._alike: dict[tuple[Profile, ...], tuple[Profile, ...]] = {}
        self._common: dict[Profile, Profile] = {}
        self._numbers: dict[int, dict[Profile, int]] = {}
        self._pack = codec.layout.pack

    def add(self, resource: str, row: T) -> None:
        """Take one in."""
        self.take(resource, self._codec.apart(row))

    def take(self, resource: str, apart: Apart, mark: int = 0) -> None:
        """Take one in that was taken apart as the codec does it."""
        taken = self._open.get(resource) or self._opened(resource)
        numbers, profile, ends = apart
        number = taken.profiles.get(profile)
        if number is None:
            number = taken.number(self._common.setdefault(profile, profile))
        taken.take(self._pack(*numbers, number, *ends), mark)

    def _opened(self, resource: str) -> _Taken[T]:
        known = self._like.get(resource)
        profiles = self._numbers.get(id(known.profiles)) if known is not None else {}
        if profiles is None and known is not None:  # most resources share the tuple, which what is known keeps alive
            profiles = {each: number for number, each in enumerate(known.profiles)}
            self._numbers[id(known.profiles)] = profiles
        opened = self._open[sys.intern(resource)] = _Taken(
            known, profiles or {}, again=self._again is not None
        )  # both vaults name it, and their jobs
        return opened

    def packed(self) -> Mapping[str, Packed[T]]:
        """Return all that came, and begin anew; of rows with the same name the last one that had to be read.

        What is as it was known is the same object.
        """
        if self._again is not None and self._again.all_came and not self._open:
            return self._like
        made = {}
        for resource in [*self._open] if self._again is None else dict.fromkeys((*self._like, *self._open)):
            found = self._put_together(resource, self._open.pop(resource, None))
            if found is not None:
                made[resource] = found
        return made

    def _put_together(self, resource: str, taken: _Taken[T] | None) -> Packed[T] | None:
        known, size = self._like.get(resource), self._codec.layout.size
        rows: list[bytes] = []
        profiles: Mapping[Profile, int] = taken.profiles if taken is not None else {}
        if known is not None and self._again is not None:
            came = list(self._came(known, taken, self._again))
            rows = [record + mark for record, mark in came if mark is not None]
            if len(rows) == len(known) and not (taken and taken.records):
                known.marks = b"".join(row[size:] for row in rows)
                return known
            profiles = profiles or {each: number for number, each in enumerate(known.profiles)}
        rows += self._with_marks(resource, taken) if taken is not None else ()
        if not rows:
            return None
        packed = self._together(resource, rows, profiles)
        if known is None or not packed.is_like(known):
            return packed
        known.marks = packed.marks
        return known

    def _came(self, known: Packed[T], taken: _Taken[T] | None, again: Marks) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield the known rows of a resource, and the marks of those that came again."""
        for place, (record, ticked) in enumerate(zip(known.each(), again.came(known.marks), strict=True)):
            if ticked:
                yield record, known.marks[place * WIDTH : (place + 1) * WIDTH]
            else:
                yield record, taken.came(record) if taken is not None else None

    def _with_marks(self, resource: str, taken: _Taken[T]) -> list[bytes]:
        """Return the rows that were taken in and were not there, each with its mark, as far as it is known."""
        size = self._codec.layout.size
        rows = [bytes(taken.records[at : at + size + WIDTH]) for at in range(0, len(taken.records), size + WIDTH)]
        if not any(row.endswith(UNMARKED) for row in rows):
            return rows
        known: dict[bytes, bytes] = {}
        for group in (taken.known, self._marked.get(resource)):
            # The same record says the same only where profiles have the same numbers.
            if group is not None and all(taken.profiles.get(each) == at for at, each in enumerate(group.profiles)):
                known |= zip(group.each(), marks.each(group.marks), strict=True)
        return [row if row[size:] != UNMARKED else row[:size] + known.get(row[:size], UNMARKED) for row in rows]

    def _together(self, resource: str, rows: list[bytes], profiles: Mapping[Profile, int]) -> Packed[T]:
        size = self._codec.layout.size
        if len(profiles) > 2 * len(rows) + _SPARE:
            rows, profiles = self._renumbered(rows, tuple(profiles))
        found = tuple(profiles)
        found = self._alike.setdefault(found, found)
        alone = len({row[self._codec.name] for row in rows}) == len(rows)
        each = sorted(rows if alone else self._last_of_each(resource, rows, found))
        records, their_marks = (row[:size] for row in each), (row[size:] for row in each)
        return Packed(self._codec, resource, b"".join(records), found, b"".join(their_marks))

    def _renumbered(
        self, rows: Iterable[bytes], profiles: tuple[Profile, ...]
    ) -> tuple[list[bytes], dict[Profile, int]]:
        """Leave out the profiles that no row has any more."""
        used: dict[Profile, int] = {}
        renumbered, place, size = [], self._codec.numbers, self._codec.layout.size
        for row in rows:
            fields = list(self._codec.layout.unpack(row[:size]))
            fields[place] = used.setdefault(profiles[fields[place]], len(used))
            renumbered.append(self._codec.layout.pack(*fields) + row[size:])
        return renumbered, used

    def _last_of_each(self, resource: str, rows: Iterable[bytes], profiles: tuple[Profile, ...]) -> list[bytes]:
        last: dict[str, bytes] = {}
        for row in rows:
            (name,) = Packed(self._codec, resource, row[: self._codec.layout.size], profiles).names()
            last[name] = row
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


def types(group: Packed[RecoveryPoint]) -> set[str]:
    """Return the types that recovery points are of, or were when they were listed before."""
    return {PointProfile(*profile).resource_type for profile in group.profiles}


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
