"""From the result of an operation to the bytes AWS would send, guided by the output shape: XML here, JSON beside it.

A member that the model does not know is an error of the simulator.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from typing import TYPE_CHECKING, cast
from xml.sax.saxutils import escape

from ..fidelity import Behaviour
from ..wire import BrokenAnswerError, Params, Value
from . import json_bodies

if TYPE_CHECKING:
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
    """Serialise a result; returns content type and body."""
    kind = content_type(service)
    if service.protocol == "query":
        return kind, _xml_answer(service, operation, result, request_id).encode()
    shape = operation.output_shape
    if shape is None:
        return kind, b"" if service.protocol == "rest-json" else b"{}"
    return kind, json_bodies.write(shape, json_bodies.Style(service.name, service.protocol == "rest-json"), result)


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
            found = cast("ListShape", shape)
            return _xml_items(found, value, str(found.member.serialization.get("name", "member")))
        case "map":
            return _xml_entries(cast("MapShape", shape), value, "entry")
        case "blob":
            return base64.b64encode(value).decode()
        case "boolean":
            return "true" if value else "false"
        case "timestamp":
            return dt.datetime.fromtimestamp(value, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case _:
            return xml_text(str(value))


def _xml_items(shape: ListShape, value: list[Value], name: str) -> str:
    return "".join(f"<{name}>{_xml(shape.member, item)}</{name}>" for item in value)


def _xml_entries(shape: MapShape, value: dict[str, Value], name: str) -> str:
    of_key, of_value = (
        str(part.serialization.get("name", word)) for part, word in ((shape.key, "key"), (shape.value, "value"))
    )
    return "".join(
        f"<{name}><{of_key}>{xml_text(key)}</{of_key}><{of_value}>{_xml(shape.value, item)}</{of_value}></{name}>"
        for key, item in value.items()
    )


def _xml_structure(shape: StructureShape, value: Params) -> str:
    unknown = set(value) - set(shape.members)
    if unknown:
        raise BrokenAnswerError(f"{shape.name} has no member {sorted(unknown)}")
    return "".join(
        _xml_member(member, str(member.serialization.get("name", name)), value[name])
        for name, member in shape.members.items()
        if value.get(name) is not None
    )


def _xml_member(member: Shape, wire: str, value: Value) -> str:
    """A member of a structure; a flattened list or map has no element of its own."""
    if member.serialization.get("flattened") and member.type_name == "list":
        found = cast("ListShape", member)
        return _xml_items(found, value, str(found.member.serialization.get("name", wire)))
    if member.serialization.get("flattened") and member.type_name == "map":
        return _xml_entries(cast("MapShape", member), value, wire)
    return f"<{wire}>{_xml(member, value)}</{wire}>"


FIDELITY = (
    Behaviour(
        "STS and IAM in JSON for who accepts `application/json`: they answer in XML",
        "missing",
    ),
    Behaviour(
        "The AWS CLI, which has a botocore of its own, and the AWS SDKs for Go and JavaScript understand the answers",
        "ours",
        "test_aws_cli.py::test_a_copy_across_accounts",
    ),
)
