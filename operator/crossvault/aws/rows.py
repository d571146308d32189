"""Answers with rows by the thousand, each of which is decoded when somebody reads it: into what is read, nothing else.

botocore makes a dictionary of each row and a date in the machine's zone of each instant: nine tenths of what a pass
over a large vault costs (docs/performance.md). Types made from the table of members decode the same page in a fiftieth
of the time, and a row that is known is not decoded at all. What they do not take goes the way of all other answers,
which says what is wrong with it, or that it is unusual and right, such as an instant in ISO 8601.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Protocol, TypeVar

import msgspec
from botocore.utils import parse_timestamp

EARLIEST, LATEST = -62135424000.0, 253402128000.0
"""What Python's dates can hold in every time zone, in seconds since 1970: from the year 1 to the year 9999."""


class Member(Protocol):
    """A member that is read, as the table of answers has it."""

    @property
    def wire(self) -> str:
        """Its name in the body."""

    @property
    def always(self) -> bool:
        """Whether AWS always sends it, and with a value."""

    @property
    def type_name(self) -> str:
        """What the service model calls its type."""

    @property
    def longest(self) -> int | None:
        """How long a text may be; None for one that is cut where it is read."""

    @property
    def inner(self) -> tuple[Member, ...]:
        """The members of it, or of its rows."""

    @property
    def rows(self) -> bool:
        """Whether it is a list of rows."""


M = TypeVar("M", bound=Member)


class Row(bytes):
    """A row as AWS sent it. Rows of the same bytes say the same."""

    __slots__ = ()
    decoded: ClassVar[Callable[[bytes], Any]]
    """Reads the bytes of one operation's rows; each has a class of its own."""

    def read(self) -> Any:  # noqa: ANN401 - made from the table of members
        """Return what is read of it: the members of AWS as attributes, instants in seconds since 1970.

        Raises:
            UnexpectedAnswerError: It cannot be believed.
        """
        return type(self).decoded(self)


@dataclass(frozen=True, slots=True)
class Rows:
    """Decodes the answers of one operation.

    Attributes:
        members: What is read.
        rows: What each row is, by the member that has it.
    """

    members: tuple[Member, ...]
    rows: Mapping[str, type[Row]]
    _decode: Callable[[bytes], msgspec.Struct]

    @classmethod
    def of(cls, name: str, members: Iterable[M], thoroughly: Callable[[bytes, M], Mapping[str, Any]]) -> Rows:
        """Make the types for an operation.

        Args:
            name: That of the operation.
            members: What is read of its answer.
            thoroughly: Returns what is read of a row where its type does not take it, or raises what is wrong with it.
        """
        made = _struct(name, members)
        rows = {each.wire: _row(f"{name}{each.wire}", each, thoroughly) for each in members if each.rows}
        return cls(tuple(members), rows, msgspec.json.Decoder(made).decode)

    def decoded(self, body: bytes, thoroughly: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """Return the members of an answer that are there; rows are of :class:`Row`.

        Args:
            body: As it came.
            thoroughly: Returns what is read of the body where this does not, or raises what is wrong with it.
        """
        try:
            answer = self._decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            whole = dict(thoroughly())
            sent = {name: [json.dumps(row).encode() for row in whole[name]] for name in self.rows.keys() & whole.keys()}
        else:
            told = ((each.wire, getattr(answer, each.wire)) for each in self.members)
            whole = sent = {name: value for name, value in told if value is not None}
        return whole | {name: [*map(row, sent[name])] for name, row in self.rows.items() if name in sent}


def _row(name: str, member: M, thoroughly: Callable[[bytes, M], Mapping[str, Any]]) -> type[Row]:
    made = _struct(name, member.inner)
    decode = msgspec.json.Decoder(made).decode

    def decoded(row: bytes) -> Any:  # noqa: ANN401 - made from the table of members
        try:
            return decode(row)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return msgspec.convert(_in_seconds(thoroughly(row, member), member.inner), made)

    return type(name, (Row,), {"__slots__": (), "decoded": staticmethod(decoded)})


def _struct(name: str, members: Iterable[Member]) -> type[msgspec.Struct]:
    fields: list[Any] = []
    for each in sorted(members, key=lambda member: not member.always):  # what may be missing stands last
        kind = _kind(f"{name}{each.wire}", each)
        fields.append((each.wire, kind) if each.always else (each.wire, kind | None, None))
    # gc=False: rows hold texts and numbers, and there are millions of them.
    return msgspec.defstruct(name, fields, frozen=True, gc=False)


def _kind(name: str, member: Member) -> Any:  # noqa: ANN401 - a type, which mypy has no name for
    if member.rows:
        return list[msgspec.Raw]
    if member.inner:
        return _struct(name, member.inner)
    match member.type_name:
        case "string":
            return Annotated[str, msgspec.Meta(min_length=int(member.always), max_length=member.longest)]
        case "timestamp":
            return Annotated[float, msgspec.Meta(ge=EARLIEST, le=LATEST)]
        case "boolean":
            return bool
        case _:
            return int


def _in_seconds(answer: Mapping[str, Any], members: Iterable[Member]) -> dict[str, Any]:
    """Return a checked answer with its instants as numbers."""
    found = dict(answer)
    for each in members:
        value = found.get(each.wire)
        if value is None:
            continue
        if each.inner:
            found[each.wire] = _in_seconds(value, each.inner)
        elif each.type_name == "timestamp" and isinstance(value, str):
            found[each.wire] = parse_timestamp(value).timestamp()
    return found


__all__ = ["EARLIEST", "LATEST", "Row", "Rows"]
