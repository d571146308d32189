"""JSON bodies of answers, guided by the output shape; the encoding itself is msgspec's.

Backup sends absent members as explicit nulls; timestamps in JSON have Java's exponent form (`1.574163740907E9`).
A member that the model does not know is an error of the simulator.
"""

from __future__ import annotations

import base64
import functools
import re
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from ..fidelity import Behaviour
from ..wire import BrokenAnswerError, Params, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import ListShape, MapShape, Shape, StructureShape

_LONE = re.compile("[\ud800-\udfff]")


class Style(NamedTuple):
    """Whose shapes are written (two services may have different ones of one name), and whether with nulls."""

    service: str
    nulls: bool


def write(shape: Shape, style: Style, value: Params) -> bytes:
    """Serialise a result of an output shape."""
    return plain(converted(shape, style, value))


def converted(shape: Shape, style: Style, value: Params) -> Value:
    """A result of an output shape as plain JSON, for `plain`."""
    convert = _converter(shape, style)
    return convert(value) if convert else value


def plain(value: Value) -> bytes:
    """Serialise JSON as it is; half a surrogate pair, which no UTF-8 can hold, becomes U+FFFD."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_speakable(value))


def _speakable(value: Value) -> Value:
    if isinstance(value, str):
        return _LONE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_speakable(key): _speakable(item) for key, item in value.items()}
    return [_speakable(item) for item in value] if isinstance(value, list | tuple) else value


@functools.lru_cache(maxsize=8192)
def moment(seconds: float) -> msgspec.Raw:
    """Write epoch seconds as Java's Double.toString does: `1.574163740907E9`."""
    digits = str(round(seconds * 1000))
    if len(digits) < 11:
        return msgspec.Raw(repr(round(seconds, 3)).encode())
    return msgspec.Raw(f"{digits[0]}.{digits[1:].rstrip('0') or '0'}E{len(digits) - 4}".encode())


def _blob(value: bytes) -> str:
    return base64.b64encode(value).decode()


_CONVERTERS: dict[tuple[Style, str, str], Callable[[Value], Value] | None] = {}


def _converter(shape: Shape, style: Style) -> Callable[[Value], Value] | None:
    """Build what turns values of a shape into plain JSON, once; None where they are that already."""
    key = (style, shape.name, shape.type_name)
    if key not in _CONVERTERS:
        _CONVERTERS[key] = _build(shape, style)
    return _CONVERTERS[key]


def _build(shape: Shape, style: Style) -> Callable[[Value], Value] | None:
    match shape.type_name:
        case "structure":
            return functools.partial(_structure, _Members(cast("StructureShape", shape), style))
        case "list":
            inner = _converter(cast("ListShape", shape).member, style)
            return functools.partial(_list, inner) if inner else None
        case "map":
            inner = _converter(cast("MapShape", shape).value, style)
            return functools.partial(_map, inner) if inner else None
        case "timestamp":
            return moment
        case "blob":
            return _blob
        case _:
            return None


class _Members:
    """The members of a structure; `prepare` looks their converters up late, because shapes may be recursive."""

    def __init__(self, shape: StructureShape, style: Style) -> None:
        self.shape, self.style = shape, style
        self.known = frozenset(shape.members)
        in_body = {name: member for name, member in shape.members.items() if "location" not in member.serialization}
        self.elsewhere = tuple(self.known - in_body.keys())
        wire = {name: str(member.serialization.get("name", name)) for name, member in in_body.items()}
        self.renamed = {name: other for name, other in wire.items() if name != other}
        self.absent: dict[str, None] = dict.fromkeys(in_body) if style.nulls else {}
        self.converters: tuple[tuple[str, Callable[[Value], Value]], ...] | None = None

    def prepare(self) -> tuple[tuple[str, Callable[[Value], Value]], ...]:
        """The members that are not plain JSON as they are, with what makes them so."""
        found = ((name, _converter(member, self.style)) for name, member in self.shape.members.items())
        self.converters = tuple((name, convert) for name, convert in found if convert)
        return self.converters


def _structure(members: _Members, value: Params) -> Params:
    if not members.known.issuperset(value):
        raise BrokenAnswerError(f"{members.shape.name} has no member {sorted(set(value) - members.known)}")
    found = {**members.absent, **value}
    for name, convert in members.converters or members.prepare():
        item = found.get(name)
        if item is not None:
            found[name] = convert(item)
    for name in members.elsewhere:
        found.pop(name, None)
    if not members.style.nulls:
        found = {name: item for name, item in found.items() if item is not None}
    return {members.renamed.get(name, name): item for name, item in found.items()} if members.renamed else found


def _list(convert: Callable[[Value], Value], value: list[Value]) -> list[Value]:
    return [convert(item) for item in value]


def _map(convert: Callable[[Value], Value], value: dict[str, Value]) -> dict[str, Value]:
    return {key: convert(item) for key, item in value.items()}


FIDELITY = (
    Behaviour(
        "Absent members are explicit nulls, timestamps like `1.574163740907E9`",
        "recordings",
        "test_engine.py::test_absent_members_come_as_null_and_dates_in_exponent_form",
    ),
    Behaviour(
        "Answers of AWS Backup and KMS have as many bytes as those AWS was recorded to send",
        "recordings",
        "test_recorded.py::test_our_answer_has_as_many_bytes_as_awss",
    ),
    Behaviour(
        "KMS's `KeyCount` and `AliasCount`, which no model knows and no SDK shows",
        "recordings; missing",
    ),
)
