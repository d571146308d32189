"""From the result of an operation to the bytes AWS would send, guided by the output shape.

Backup sends absent members as explicit nulls; timestamps in JSON have Java's exponent form (`1.574163740907E9`).
A member that the model does not know, or a value of a wrong type, is an error of the simulator.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import json
import re
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, NamedTuple, cast
from xml.sax.saxutils import escape

from ..fidelity import Behaviour
from ..wire import BrokenAnswerError, Params, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

    from .catalogue import Service


def content_type(service: Service) -> str:
    """What the protocol calls its bodies; services of `json` say which version they speak."""
    match service.protocol:
        case "query":
            return "text/xml"
        case "json":
            return f"application/x-amz-json-{service.json_version}"
        case _:
            return "application/json"


def write(service: Service, operation: OperationModel, result: Params, request_id: str) -> tuple[str, bytes]:
    """Serialise a result; returns the content type and the body."""
    kind = content_type(service)
    if service.protocol == "query":
        return kind, _xml_answer(service, operation, result, request_id).encode()
    shape = operation.output_shape
    if shape is None:
        return kind, b"" if service.protocol == "rest-json" else b"{}"
    return kind, _writer(shape, _Style(service.name, service.protocol == "rest-json"))(result).encode()


@functools.lru_cache(maxsize=8192)
def moment(seconds: float) -> str:
    """Write epoch seconds as Java's Double.toString does: `1.574163740907E9`."""
    digits = str(round(seconds * 1000))
    if len(digits) < 11:
        return repr(round(seconds, 3))
    return f"{digits[0]}.{digits[1:].rstrip('0') or '0'}E{len(digits) - 4}"


class _Style(NamedTuple):
    """Whose shapes are written (two services may have different ones of one name), and whether with nulls."""

    service: str
    nulls: bool


_WRITERS: dict[tuple[_Style, str, str], Callable[[Value], str]] = {}


def _writer(shape: Shape, style: _Style) -> Callable[[Value], str]:
    """Build the writer of a shape once; recursive shapes find themselves in the table."""
    key = (style, shape.name, shape.type_name)
    found = _WRITERS.get(key)
    if found is None:
        found = _build(shape, style)
        _WRITERS[key] = found
    return found


def _build(shape: Shape, style: _Style) -> Callable[[Value], str]:
    match shape.type_name:
        case "structure":
            return functools.partial(_write_structure, _StructurePlan(cast("StructureShape", shape), style))
        case "list":
            return functools.partial(_write_list, cast("ListShape", shape).member, style)
        case "map":
            return functools.partial(_write_map, cast("MapShape", shape).value, style)
        case scalar:
            return _SCALARS.get(scalar, repr)


class _StructurePlan:
    """How one structure is written, for each set of members that came up so far.

    A page of lists holds the same few sets a thousand times over: a format for each is a third quicker than a loop.
    """

    def __init__(self, shape: StructureShape, style: _Style) -> None:
        self.shape = shape
        self.style = style
        self.layouts: dict[tuple[str, ...], _Layout] = {}

    def layout(self, present: tuple[str, ...]) -> _Layout:
        """The format for some members, absent ones included, and who writes them, in the order of the model."""
        unknown = set(present) - set(self.shape.members)
        if unknown:
            raise BrokenAnswerError(f"{self.shape.name} has no member {sorted(unknown)}")
        parts, writers = [], []
        for name, member in self.shape.members.items():
            wire = quoted(str(member.serialization.get("name", name)))
            if member.serialization.get("location") is not None:
                continue
            if name in present:
                parts.append(f"{wire}:%s")
                writers.append((name, _writer(member, self.style)))
            elif self.style.nulls:
                parts.append(f"{wire}:null")
        found = self.layouts[present] = _Layout("{" + ",".join(parts) + "}", tuple(writers))
        return found


class _Layout(NamedTuple):
    text: str
    writers: tuple[tuple[str, Callable[[Value], str]], ...]


def _write_structure(plan: _StructurePlan, value: Params) -> str:
    present = tuple([name for name, item in value.items() if item is not None])
    text, writers = plan.layouts.get(present) or plan.layout(present)
    return text % tuple([writer(value[name]) for name, writer in writers])


def _write_list(member: Shape, style: _Style, value: list[Value]) -> str:
    return "[" + ",".join(map(_writer(member, style), value)) + "]"


def _write_map(inner: Shape, style: _Style, value: dict[str, Value]) -> str:
    writer = _writer(inner, style)
    return "{" + ",".join(f"{quoted(key)}:{writer(item)}" for key, item in value.items()) + "}"


def _write_boolean(value: bool) -> str:
    return "true" if value else "false"


def _write_integer(value: int) -> str:
    return str(int(value))


def _write_blob(value: bytes) -> str:
    return quoted(base64.b64encode(value).decode())


_SCALARS: dict[str, Callable[[Value], str]] = {
    "string": quoted,
    "timestamp": moment,
    "boolean": _write_boolean,
    "integer": _write_integer,
    "long": _write_integer,
    "blob": _write_blob,
}


# What XML 1.0 cannot hold, not even escaped.
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Escape a text for XML; characters that XML cannot hold become U+FFFD."""
    return escape(_UNSPEAKABLE.sub("\ufffd", text))


def _xml_answer(service: Service, operation: OperationModel, result: Params, request_id: str) -> str:
    inner = ""
    shape = operation.output_shape
    if shape is not None:
        wrapper = str(shape.serialization.get("resultWrapper", f"{operation.name}Result"))
        inner = f"<{wrapper}>{_xml(shape, result)}</{wrapper}>"
    return (
        f'<{operation.name}Response xmlns="{service.namespace}">{inner}'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation.name}Response>"
    )


def _xml(shape: Shape, value: Value) -> str:
    match shape.type_name:
        case "structure":
            return _xml_structure(cast("StructureShape", shape), value)
        case "list":
            member = cast("ListShape", shape).member
            name = str(member.serialization.get("name", "member"))
            return "".join(f"<{name}>{_xml(member, item)}</{name}>" for item in value)
        case "map":
            inner = cast("MapShape", shape).value
            return "".join(
                f"<entry><key>{xml_text(key)}</key><value>{_xml(inner, item)}</value></entry>"
                for key, item in value.items()
            )
        case "blob":
            return base64.b64encode(value).decode()
        case "boolean":
            return "true" if value else "false"
        case "timestamp":
            return dt.datetime.fromtimestamp(value, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case _:
            return xml_text(str(value))


def _xml_structure(shape: StructureShape, value: Params) -> str:
    unknown = set(value) - set(shape.members)
    if unknown:
        raise BrokenAnswerError(f"{shape.name} has no member {sorted(unknown)}")
    parts = []
    for name, member in shape.members.items():
        if value.get(name) is not None:
            wire = str(member.serialization.get("name", name))
            parts.append(f"<{wire}>{_xml(member, value[name])}</{wire}>")
    return "".join(parts)


def json_bytes(value: Value) -> bytes:
    """Serialise plain JSON, for errors and for the control API."""
    return json.dumps(value, separators=(",", ":")).encode()


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
    Behaviour(
        "The AWS CLI, which has a botocore of its own, and the AWS SDKs for Go and JavaScript understand the answers",
        "ours",
        "test_aws_cli.py::test_a_copy_across_accounts",
    ),
)
