"""How recovery points and copy jobs are written as records, so that each takes tens of bytes.

A record has what differs from row to row (instants, size, the end of each ARN), a profile what is the same for many
(type, status, key, lifecycle, the beginning of each ARN). Nothing is lost: what comes out is equal to what went in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import modf
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from .seen import CopyJob, RecoveryPoint

T = TypeVar("T")
Profile: TypeAlias = tuple[Any, ...]
Apart: TypeAlias = tuple[tuple[int, ...], Profile, tuple[bytes, ...]]
"""The numbers of a row, its profile, and the ends of the names that it bears."""

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


def number_at(seconds: float | None) -> int:
    """Return microseconds since 1970 as a date of so many seconds has them; :data:`NEVER` for none."""
    if seconds is None:
        return NEVER
    beyond, whole = modf(seconds)
    return int(whole) * 1_000_000 + round(beyond * 1e6)


def moment_of(number: int) -> datetime:
    """Return the moment of the first number of a record."""
    return _EPOCH + timedelta(microseconds=number - BIAS)


def _after(created: int, number: int) -> int:
    """Return how long after its creation something happens to a row: that is the same for many, the moment is not."""
    return number if number == NEVER else number - created


def _moment(created: int, after: int) -> datetime | None:
    return None if after == NEVER else moment_of(created + after)


Name: TypeAlias = tuple[str | None, int, bytes]
"""An ARN or id: its beginning, how its end is written, and the end; None for the beginning where there is no name."""
Key: TypeAlias = str | bytes
_WHOLE, _UUID, _UPPER, _HEX17, _DATED = range(5)
_DIGITS, _HEX = frozenset("0123456789"), frozenset("0123456789abcdef")
_SNAPSHOT, _DAY, _REST = "0123456789abcdef0", "20260101120000", "0123abcd"
"""How the ends of snapshots are written, and of recovery points of S3: a day with its time, and eight digits."""
_NOTHING = bytes(16)
NAMELESS: Final[Name] = (None, _WHOLE, _NOTHING)


def split(name: str) -> tuple[str, int, bytes]:
    """Return the beginning of an ARN or id, how its end is written, and the end; an unusual one is all beginning."""
    end = name[-36:]
    if end[8:24:5] == "----":
        digits = end.replace("-", "")
        try:
            number = bytes.fromhex(digits)
        except ValueError:
            number = b""
        if len(number) == len(_NOTHING) and len(end) == len(digits) + 4:
            written = number.hex()
            if digits == written:
                return name[:-36], _UUID, number
            if digits == written.upper():
                return name[:-36], _UPPER, number
    end = name[-17:]
    if set(end) <= _HEX and len(end) == len(_SNAPSHOT):
        return name[:-17], _HEX17, int(end, 16).to_bytes(16, "big")
    day, _, rest = name[-23:].partition("-")
    if len(day) == len(_DAY) and len(rest) == len(_REST) and set(day) <= _DIGITS and set(rest) <= _HEX:
        return name[:-23], _DATED, int(day).to_bytes(8, "big") + int(rest, 16).to_bytes(8, "big")
    return name, _WHOLE, _NOTHING


def name_of(beginning: str, written: int, end: bytes) -> str:
    """Return an ARN or id from its beginning, how its end is written, and the end."""
    if written == _WHOLE:
        return beginning
    if written == _DATED:
        return f"{beginning}{int.from_bytes(end[:8], 'big'):014d}-{int.from_bytes(end[8:], 'big'):08x}"
    if written == _HEX17:
        return f"{beginning}{int.from_bytes(end, 'big'):017x}"
    digits = end.hex() if written == _UUID else end.hex().upper()
    return f"{beginning}{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def key_of(name: str) -> Key:
    """Return a short form of a name; two names have the same only where their ends are equal."""
    beginning, written, end = split(name)
    return end if written else beginning


# --- One kind of row -----------------------------------------------------------------------------------------------


class Codec(Generic[T]):
    """How rows of one type are written: numbers and ends in a record, the rest in a profile.

    Attributes:
        layout: A record: when the row was created, further numbers (other moments by how long after that they are),
            the number of its profile, ends.
        numbers: How many numbers stand before that of the profile.
        apart: Returns the numbers of a row, its profile and the ends.
        together: Makes a row about a resource from a record and its profile.
        own_name: Returns the name of a row.
        named: Returns the beginning of each name that a row bears, and how its end is written, from the profile.
        name: Where the end of the name stands in a record; it is the first of the ends.
    """

    __slots__ = ("apart", "layout", "name", "named", "numbers", "own_name", "together")

    def __init__(
        self,
        numbers: int,
        ends: int,
        apart: Callable[[T], Apart],
        together: Callable[[str, tuple[Any, ...], Profile], T],
        named: Callable[[Profile], tuple[tuple[str | None, int], ...]],
        own_name: Callable[[T], str],
    ) -> None:
        self.layout: Final = struct.Struct(f">Q{'q' * (numbers - 1)}I{'16s' * ends}")
        self.numbers: Final = numbers
        self.apart: Final = apart
        self.together: Final = together
        self.named: Final = named
        self.own_name: Final = own_name
        self.name: Final = slice(8 * numbers + 4, 8 * numbers + 20)


def sized(size: int) -> tuple[int, int | None]:
    """Return a size as a record takes it, and what is beyond that: AWS says what it likes."""
    return (size, None) if 0 <= size < BIAS else (0, size)


def point_apart(arn: str, created: int, size: int, delete_at: int, cold_at: int, *common: Any) -> Apart:  # noqa: ANN401 - a profile is of anything
    """Take a recovery point apart.

    Args:
        arn: Its own.
        created: In microseconds since 1970, as the other instants.
        size: In bytes.
        delete_at: :data:`NEVER` where AWS tells of no end.
        cold_at: The same.
        common: From the resource type on what :class:`PointProfile` has.
    """
    beginning, written, end = split(arn)
    size, odd = sized(size)
    lasts, warm = _after(created, delete_at), _after(created, cold_at)
    return (created + BIAS, size, lasts, warm), (odd, beginning, written, *common), (end,)


def _point_apart(each: RecoveryPoint) -> Apart:
    return point_apart(
        each.arn,
        number_of(each.created),
        each.size,
        number_of(each.delete_at),
        number_of(each.cold_at),
        each.resource_type,
        each.status,
        each.encryption_key_arn,
        each.source_vault_arn,
        each.parent_arn,
        each.is_parent,
        each.delete_after_days,
        each.encrypted,
        each.plan_id,
        each.took,
    )


def _point_together(resource: str, record: tuple[Any, ...], profile: Profile) -> RecoveryPoint:
    created, size, lasts, warm, _, end = record
    odd, beginning, written, resource_type, status, key, vault, parent, is_parent, days, encrypted, plan, took = profile
    return RecoveryPoint(
        name_of(beginning, written, end),
        resource,
        resource_type,
        moment_of(created),
        status,
        size if odd is None else odd,
        key,
        _moment(created, lasts),
        _moment(created, warm),
        vault,
        parent,
        is_parent,
        days,
        encrypted,
        plan,
        took,
    )


def job_apart(
    names: tuple[str, str, str | None],
    created: int,
    completed: int,
    size: int,
    *common: Any,  # noqa: ANN401
) -> Apart:
    """Take a copy job apart.

    Args:
        names: Its id, the ARN of its source, and that of the copy.
        created: In microseconds since 1970, as the other instant.
        completed: :data:`NEVER` where it has not ended.
        size: In bytes.
        common: From the state on what :class:`JobProfile` has.
    """
    id_, written, id_end = split(names[0])
    source, source_written, source_end = split(names[1])
    copy, copy_written, copy_end = NAMELESS if names[2] is None else split(names[2])
    size, odd = sized(size)
    profile = (odd, ((id_, written), (source, source_written), (copy, copy_written)), *common)
    return (created + BIAS, _after(created, completed), size), profile, (id_end, source_end, copy_end)


def _job_apart(each: CopyJob) -> Apart:
    return job_apart(
        (each.id, each.source_point_arn, each.destination_point_arn),
        number_of(each.created),
        number_of(each.completed),
        each.size,
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


def _job_together(resource: str, record: tuple[Any, ...], profile: Profile) -> CopyJob:
    created, lasted, size, _, id_end, source_end, copy_end = record
    odd, names, state, source_vault, vault, resource_type, message, category, parent, days, role = profile
    (id_, written), (source, source_written), (copy, copy_written) = names
    return CopyJob(
        name_of(id_, written, id_end),
        state,
        name_of(source, source_written, source_end),
        source_vault,
        vault,
        resource,
        resource_type,
        moment_of(created),
        _moment(created, lasted),
        None if copy is None else name_of(copy, copy_written, copy_end),
        message,
        category,
        size if odd is None else odd,
        parent,
        days,
        role,
    )


POINTS: Final[Codec[RecoveryPoint]] = Codec(
    4, 1, _point_apart, _point_together, lambda profile: (profile[1:3],), lambda each: each.arn
)
JOBS: Final[Codec[CopyJob]] = Codec(3, 3, _job_apart, _job_together, lambda profile: profile[1], lambda each: each.id)


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
    plan_id: str | None
    took: int


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
