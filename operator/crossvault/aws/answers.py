"""What AWS always answers, in one table, and the one check of every answer against it: half an answer is none.

The check reads the wire before botocore does, which turns a null and a missing member alike into "there is none" and
fails on another kind. What may be missing is what the service models and AWS's documentation call optional and what
people have recorded as missing; it says that there is none, as null does. What the table does not name is taken out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from botocore import parsers
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.utils import parse_timestamp

from . import xml_answers
from .members import ANSWERS, Members
from .rows import EARLIEST, LATEST, Rows

LARGEST_BODY = 16 * 2**20
"""Bytes of one answer that are read. A page of 1,000 recovery points is one megabyte."""
LONGEST_TEXT = 128 * 2**10
"""How long a text in an answer may be; the largest are policies, which AWS keeps below 20 KB."""
CUT = frozenset({"CopyJobs[].StatusMessage", "BackupJobs[].StatusMessage", "Messages[].Body"})
"""Texts that are cut, or thrown away, where they are read: one that is too long must not hide what stands beside it."""

NOTHING = "The answer has nothing of what the operation answers"


class UnexpectedAnswerError(parsers.ResponseParserError):
    """An answer of AWS that cannot be believed; the text completes "Cannot …:"."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer that can be believed.

    Attributes:
        body: What botocore has to read.
        members: What has been read already, as it will stand beside that.
    """

    body: bytes
    members: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Member:
    path: str
    wire: str
    always: bool
    type_name: str
    inner: tuple[_Member, ...]
    rows: bool
    texts: bool

    @property
    def longest(self) -> int | None:
        return None if self.path in CUT else LONGEST_TEXT


_Compiled: TypeAlias = tuple[_Member, ...]
_compiled: dict[str, _Compiled] = {}
_many: dict[str, Rows] = {}


# --- One answer ----------------------------------------------------------------------------------------------------


def checked(model: OperationModel, status: int, body: bytes) -> Checked:
    """Return what is read of a success and nothing else, so that nothing else can do harm.

    Raises:
        UnexpectedAnswerError: Something is missing, too long, or of another kind than the service model says.
        ResponseParserError: The body is not what the protocol says, or has nothing of what the operation answers.
    """
    if len(body) > LARGEST_BODY:
        raise UnexpectedAnswerError(f"the answer is larger than {LARGEST_BODY:,} bytes")
    shape = model.output_shape
    if status >= 300 or shape is None:
        return Checked(body)
    protocol = model.service_model.resolved_protocol
    members = _members_of(model.name, shape)
    if protocol in {"json", "rest-json"}:

        def thoroughly() -> dict[str, Any]:
            return _kept(_from_json(body, shape, by_name=bool(members)), members)

        if model.name in ANSWERS and ANSWERS[model.name].many:
            return Checked(b"{}", _rows_of(model.name, members).decoded(body, thoroughly))
        kept = thoroughly()
        return Checked(json.dumps(kept).encode() if model.name in ANSWERS else body)
    if protocol == "query" and model.name in ANSWERS:
        found = xml_answers.read(body, shape)
        if found is None:
            raise parsers.ResponseParserError(NOTHING)
        kept = _kept(found, members)
        if ANSWERS[model.name].many:
            return Checked(xml_answers.write(model.name, shape, {}), kept)
        return Checked(xml_answers.write(model.name, shape, kept))
    return Checked(body)


def _rows_of(operation: str, members: _Compiled) -> Rows:
    found = _many.get(operation)
    if found is None:
        found = _many[operation] = Rows.of(operation, members, _row)
    return found


def _members_of(operation: str, shape: StructureShape) -> _Compiled:
    found = _compiled.get(operation)
    if found is None:
        listed = ANSWERS.get(operation, Members())
        always = frozenset(listed.always)
        found = _compiled[operation] = _compile("", [*listed.always, *listed.sometimes], always, shape)
    return found


def _compile(prefix: str, paths: list[str], always: frozenset[str], shape: Shape) -> _Compiled:
    """Return what of ``paths`` lies directly below ``prefix``, with what lies below that."""
    made = []
    for path in paths:
        name = path.removeprefix(prefix)
        if not path.startswith(prefix) or "." in name:
            continue
        member = shape.members[name] if isinstance(shape, StructureShape) else shape
        member = shape.value if isinstance(shape, MapShape) else member
        wire = member.serialization.get("name", name) if isinstance(shape, StructureShape) else name
        start, below = (f"{path}[].", member.member) if isinstance(member, ListShape) else (f"{path}.", member)
        inner = _compile(start, paths, always, below)
        listed, rows = below is not member, isinstance(below, StructureShape)
        made.append(_Member(path, wire, path in always, member.type_name, inner, listed and rows, listed and not rows))
    return tuple(made)


def _kept(answer: Mapping[str, Any], members: _Compiled) -> dict[str, Any]:
    """Return the members that are read."""
    kept: dict[str, Any] = {}
    for each in members:
        value = answer.get(each.wire)
        if value is None or (each.always and value == ""):
            if each.always:
                raise UnexpectedAnswerError(f"the answer lacks {each.path}")
            continue
        if not _KINDS[each.type_name](value):
            raise UnexpectedAnswerError(f"{each.path} in the answer is of another kind than AWS documents")
        if each.texts and not all(isinstance(one, str) for one in value):
            raise UnexpectedAnswerError(f"the answer has a row of another kind in {each.path}")
        if isinstance(value, str) and each.longest is not None and len(value) > each.longest:
            raise UnexpectedAnswerError(f"{each.path} in the answer is longer than {LONGEST_TEXT:,} characters")
        kept[each.wire] = _rows(value, each) if each.rows else _kept(value, each.inner) if each.inner else value
    return kept


def _rows(rows: list[Any], member: _Member) -> list[dict[str, Any]]:
    if not all(isinstance(row, dict) for row in rows):
        raise UnexpectedAnswerError(f"the answer has a row without anything in {member.path}")
    return [_kept(row, member.inner) for row in rows]


def _row(row: bytes, member: _Member) -> dict[str, Any]:
    """Return what is read of a row by itself."""
    (found,) = _rows([_loaded(row)], member)
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_instant(value: object) -> bool:
    """Tell whether botocore can make a date of it; AWS sends seconds as 1.57E9, and a few services ISO 8601."""
    if isinstance(value, str):
        try:
            value = parse_timestamp(value).timestamp()
        except (ValueError, RuntimeError, OverflowError):
            return False
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return EARLIEST <= value <= LATEST


_KINDS: dict[str, Callable[[Any], bool]] = {
    "structure": lambda value: isinstance(value, dict),
    "map": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_number,
    "long": _is_number,
    "timestamp": _is_instant,
}


def _from_json(body: bytes, shape: StructureShape, *, by_name: bool) -> dict[str, Any]:
    """Return the answer as it came; where its members are not checked ``by_name``, it has to have one of them."""
    names = _names(shape)
    if not names:
        return {}
    answer = _loaded(body)
    if not isinstance(answer, dict) or not (by_name or names & answer.keys()):
        raise parsers.ResponseParserError(NOTHING)
    return answer


def _loaded(text: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise parsers.ResponseParserError("The answer is not JSON, or only a part of it") from error


def _names(shape: StructureShape) -> set[str]:
    """Return the names of the members that stand in a body."""
    return {
        member.serialization.get("name", name)
        for name, member in shape.members.items()
        if "location" not in member.serialization
    }
