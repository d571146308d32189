"""Recovery points and copy jobs in tens of bytes each, put together by their resource.

A vault may hold millions, and nearly all of them are settled: nothing will be done about them until something changes.
So rows are kept as fixed-size records that hold what differs from row to row (instants, size, the end of each ARN),
beside the few profiles that hold what is the same for thousands (type, status, key, lifecycle, the beginning of each
ARN). Nothing is lost: what comes out is equal to what went in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from .seen import CopyJob, RecoveryPoint

T = TypeVar("T")
Profile: TypeAlias = tuple[Any, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = -(1 << 63)
BIAS = 1 << 63
"""Added to the first number of a record, so that records sort as bytes as they do by time."""

# --- What differs from row to row ----------------------------------------------------------------------------------


def number_of(moment: datetime | None) -> int:
    """Return microseconds since 1970."""
    if moment is None:
        return NEVER
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment_of(number: int) -> datetime:
    """Return the moment of the first number of a record."""
    return _EPOCH + timedelta(microseconds=number - BIAS)


def _moment(number: int) -> datetime | None:
    return None if number == NEVER else _EPOCH + timedelta(microseconds=number)


Name: TypeAlias = tuple[str | None, int, bytes]
"""An ARN or id: its beginning, how its end is written, and the end; None for the beginning where there is no name."""
Key: TypeAlias = str | bytes
_WHOLE, _UUID, _UPPER, _HEX17 = range(4)
_NOTHING = bytes(16)


def _split(name: str) -> tuple[str, int, bytes]:
    """Return the beginning of an ARN or id, how its end is written, and the end; an unusual one is all beginning."""
    end = name[-36:]
    if end[8:9] == end[13:14] == end[18:19] == end[23:24] == "-":
        digits = end.replace("-", "")
        try:
            number = bytes.fromhex(digits)
        except ValueError:
            number = b""
        if len(number) == len(_NOTHING) and len(end) == len(digits) + 4:
            if digits == number.hex():
                return name[:-36], _UUID, number
            if digits == number.hex().upper():
                return name[:-36], _UPPER, number
    end = name[-17:]
    try:
        value = int(end, 16)
    except ValueError:
        return name, _WHOLE, _NOTHING
    if f"{value:017x}" == end:
        return name[:-17], _HEX17, value.to_bytes(16, "big")
    return name, _WHOLE, _NOTHING


def _joined(beginning: str, written: int, end: bytes) -> str:
    if written == _WHOLE:
        return beginning
    if written == _HEX17:
        return f"{beginning}{int.from_bytes(end, 'big'):017x}"
    digits = end.hex() if written == _UUID else end.hex().upper()
    return f"{beginning}{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def key_of(name: str) -> Key:
    """Return a short form of a name; two names have the same only where their ends are equal."""
    beginning, written, end = _split(name)
    return end if written else beginning


# --- One kind of row -----------------------------------------------------------------------------------------------


class Codec(Generic[T]):
    """How rows of one type are written: numbers and ends in a record, the rest in a profile.

    Attributes:
        layout: A record: when the row was created, further numbers, the number of its profile, ends.
        numbers: How many numbers stand before that of the profile.
        apart: Returns the numbers of a row, its profile and the ends.
        together: Makes a row about a resource from a record and its profile.
        named: Returns the beginning of each name that a row bears, and how its end is written, from the profile.
        name: Where the end of the name stands in a record; it is the first of the ends.
    """

    __slots__ = ("apart", "layout", "name", "named", "numbers", "together")

    def __init__(
        self,
        numbers: int,
        ends: int,
        apart: Callable[[T], tuple[tuple[int, ...], Profile, tuple[bytes, ...]]],
        together: Callable[[str, tuple[Any, ...], Profile], T],
        named: Callable[[Profile], tuple[tuple[str | None, int], ...]],
    ) -> None:
        self.layout: Final = struct.Struct(f">Q{'q' * (numbers - 1)}I{'16s' * ends}")
        self.numbers: Final = numbers
        self.apart: Final = apart
        self.together: Final = together
        self.named: Final = named
        self.name: Final = slice(8 * numbers + 4, 8 * numbers + 20)


def _size(size: int) -> tuple[int, int | None]:
    """Return a size as a record takes it, and what is beyond that: AWS says what it likes."""
    return (size, None) if 0 <= size < BIAS else (0, size)


def _point_apart(each: RecoveryPoint) -> tuple[tuple[Any, ...], Profile, tuple[bytes, ...]]:
    beginning, written, end = _split(each.arn)
    size, odd = _size(each.size)
    profile = (
        odd,
        beginning,
        written,
        each.resource_type,
        each.status,
        each.encryption_key_arn,
        each.source_vault_arn,
        each.parent_arn,
        each.is_parent,
        each.delete_after_days,
        each.encrypted,
    )
    return (number_of(each.created) + BIAS, size, number_of(each.delete_at), number_of(each.cold_at)), profile, (end,)


def _point_together(resource: str, record: tuple[Any, ...], profile: Profile) -> RecoveryPoint:
    created, size, delete_at, cold_at, _, end = record
    odd, beginning, written, resource_type, status, key, vault, parent, is_parent, days, encrypted = profile
    return RecoveryPoint(
        _joined(beginning, written, end),
        resource,
        resource_type,
        moment_of(created),
        status,
        size if odd is None else odd,
        key,
        _moment(delete_at),
        _moment(cold_at),
        vault,
        parent,
        is_parent,
        days,
        encrypted,
    )


def _job_apart(each: CopyJob) -> tuple[tuple[Any, ...], Profile, tuple[bytes, ...]]:
    id_, written, id_end = _split(each.id)
    source, source_written, source_end = _split(each.source_point_arn)
    copy, copy_written, copy_end = (
        (None, _WHOLE, _NOTHING) if each.destination_point_arn is None else _split(each.destination_point_arn)
    )
    size, odd = _size(each.size)
    profile = (
        odd,
        ((id_, written), (source, source_written), (copy, copy_written)),
        each.state,
        each.source_vault_arn,
        each.destination_vault_arn,
        each.resource_type,
        each.message,
        each.category,
        each.parent_id,
        each.delete_after_days,
        each.role_arn,
    )
    return (number_of(each.created) + BIAS, number_of(each.completed), size), profile, (id_end, source_end, copy_end)


def _job_together(resource: str, record: tuple[Any, ...], profile: Profile) -> CopyJob:
    created, completed, size, _, id_end, source_end, copy_end = record
    odd, names, state, source_vault, vault, resource_type, message, category, parent, days, role = profile
    (id_, written), (source, source_written), (copy, copy_written) = names
    return CopyJob(
        _joined(id_, written, id_end),
        state,
        _joined(source, source_written, source_end),
        source_vault,
        vault,
        resource,
        resource_type,
        moment_of(created),
        _moment(completed),
        None if copy is None else _joined(copy, copy_written, copy_end),
        message,
        category,
        size if odd is None else odd,
        parent,
        days,
        role,
    )


POINTS: Final[Codec[RecoveryPoint]] = Codec(4, 1, _point_apart, _point_together, lambda profile: (profile[1:3],))
JOBS: Final[Codec[CopyJob]] = Codec(3, 3, _job_apart, _job_together, lambda profile: profile[1])


class PointProfile(NamedTuple):
    """What many recovery points have in common; see :class:`.seen.RecoveryPoint`.

    Attributes:
        odd: The size, where it is beyond what a record takes.
        beginning: Of the ARN; ``written`` is how its end is.
    """

    odd: int | None
    beginning: str
    written: int
    resource_type: str
    status: str
    encryption_key_arn: str | None
    source_vault_arn: str | None
    parent_arn: str | None
    is_parent: bool
    delete_after_days: int | None
    encrypted: bool | None


class JobProfile(NamedTuple):
    """What many copy jobs have in common; see :class:`.seen.CopyJob`.

    Attributes:
        odd: The size, where it is beyond what a record takes.
        names: The beginnings of the id, the ARN of the source, and that of the copy, and how their ends are written.
    """

    odd: int | None
    names: tuple[tuple[str | None, int], ...]
    state: str
    source_vault_arn: str
    destination_vault_arn: str
    resource_type: str
    message: str | None
    category: str | None
    parent_id: str | None
    delete_after_days: int | None
    role_arn: str | None


def statuses(group: Packed[RecoveryPoint]) -> set[str]:
    """Return the statuses that recovery points have, or had when they were listed before."""
    return {PointProfile(*profile).status for profile in group.profiles}


def origins(group: Packed[RecoveryPoint]) -> set[str | None]:
    """Return the vaults from which recovery points say, or said, that they came; None of those that do not say."""
    return {PointProfile(*profile).source_vault_arn for profile in group.profiles}


def encryption_keys(group: Packed[RecoveryPoint], types: Collection[str]) -> set[str]:
    """Return the ARNs of the keys that recovery points of some types are, or were, encrypted with."""
    profiles = (PointProfile(*profile) for profile in group.profiles)
    return {
        each.encryption_key_arn
        for each in profiles
        if each.resource_type in types and each.encryption_key_arn is not None
    }


# --- Rows about one resource ---------------------------------------------------------------------------------------

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
                yield _joined(beginning, written, record[end])

    def moved(self, moment: datetime) -> Iterator[T]:
        """Yield those of which the first or the second number is an instant after a moment."""
        number = number_of(moment)
        size, first = self._codec.layout.size, _FIRST_TWO
        for place in range(0, len(self._records), size):
            created, second = first.unpack_from(self._records, place)
            if created - BIAS > number or second > number:
                yield from self._rows(self._records[place : place + size])

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
        return self.profiles == later.profiles and self._records[self._upto(since) :] == later._records

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

    def add(self, resource: str, row: T) -> None:
        """Take one in."""
        opened = self._open.get(resource)
        if opened is None:
            known = self._like.get(resource)
            profiles = {each: number for number, each in enumerate(known.profiles)} if known is not None else {}
            opened = self._open[resource] = (bytearray(), profiles)
        records, profiles = opened
        numbers, profile, ends = self._codec.apart(row)
        records += self._codec.layout.pack(*numbers, profiles.setdefault(profile, len(profiles)), *ends)

    def packed(self) -> dict[str, Packed[T]]:
        """Return all that was taken in, and begin anew; of rows with the same name the last one."""
        made, size = {}, self._codec.layout.size
        for resource in list(self._open):
            row_after_row, profiles = self._open.pop(resource)
            records = [bytes(row_after_row[place : place + size]) for place in range(0, len(row_after_row), size)]
            found = tuple(profiles)
            found = self._alike.setdefault(found, found)
            alone = len({record[self._codec.name] for record in records}) == len(records)
            each = records if alone else self._last_of_each(resource, records, found)
            made[resource] = Packed(self._codec, resource, b"".join(sorted(each)), found)
        return made

    def _last_of_each(self, resource: str, records: Iterable[bytes], profiles: tuple[Profile, ...]) -> list[bytes]:
        last: dict[str, bytes] = {}
        for record in records:
            (name,) = Packed(self._codec, resource, record, profiles).names()
            last[name] = record
        return list(last.values())
