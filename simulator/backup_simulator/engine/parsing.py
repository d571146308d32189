"""From the bytes of a request to the parameters of an operation, guided by the input shape.

Timestamps become epoch seconds. What cannot be read is a `SerializationException`, as AWS calls it.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import re
import urllib.parse
from typing import TYPE_CHECKING, cast

from ..fidelity import Behaviour
from ..wire import AwsError, Params, Request, Value
from . import query_names

if TYPE_CHECKING:
    from botocore.model import ListShape, MapShape, Shape, StructureShape

    from .catalogue import Service
    from .routing import Route


def parse(service: Service, route: Route, request: Request) -> Params:
    """Read the parameters of an operation from a request."""
    shape = route.operation.input_shape
    if shape is None:
        return {}
    structure = shape
    if service.protocol == "query":
        text = request.body.decode("utf-8", "replace") or request.query
        fields = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        if query_names.PLACE in structure.members and request.path.strip("/"):
            fields.setdefault(query_names.PLACE, urllib.parse.unquote(request.path))
        return cast("Params", _from_query(structure, fields, "") or {})
    body = _json(request.body)
    if service.protocol == "json":
        return cast("Params", _from_json(structure, body, ""))
    return _from_rest(structure, route, request, body)


def _json(body: bytes) -> Value:
    if not body:
        return {}
    try:
        found = json.loads(body, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        raise AwsError("SerializationException", "Could not parse request body into json") from None
    if not isinstance(found, dict):
        raise AwsError("SerializationException", "Expected the request body to be a structure")
    return found


def _finite(text: str) -> float:
    """A number of JSON; neither NaN nor Infinity, by name or by size."""
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(text)
    return found


def _from_rest(shape: StructureShape, route: Route, request: Request, body: Value) -> Params:
    query = urllib.parse.parse_qs(request.query, keep_blank_values=True)
    params: Params = {}
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                value: Value = route.labels.get(wire_name)
            case "querystring":
                value = _from_texts(member, query.get(wire_name), name)
            case "header":
                value = request.headers.get(str(wire_name).lower())
            case _:
                value = _from_json(member, body.get(wire_name), name)
        if value is not None:
            params[name] = value
    return params


def _from_texts(shape: Shape, texts: list[str] | None, path: str) -> Value:
    if not texts:
        return None
    if shape.type_name == "list":
        member = cast("ListShape", shape).member
        return [_from_text(member, text, path) for text in texts]
    return _from_text(shape, texts[0], path)


def _from_text(shape: Shape, text: str, path: str) -> Value:
    match shape.type_name:
        case "integer" | "long":
            if not re.fullmatch(r"[+-]?\d{1,19}", text):
                raise _unreadable(path, text)
            return int(text)
        case "boolean":
            if text.lower() not in {"true", "false"}:
                raise _unreadable(path, text)
            return text.lower() == "true"
        case "double" | "float":
            return _number(text, path)
        case "timestamp":
            return _moment(text, path)
        case "blob":
            return _blob(text, path)
        case _:
            return text


def _number(text: str, path: str) -> float:
    try:
        return _finite(text)
    except ValueError:
        raise _unreadable(path, text) from None


def _moment(text: str, path: str) -> float:
    try:
        found = dt.datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or dt.UTC).timestamp()
    except (ValueError, OverflowError):
        return _number(text, path)


def _blob(text: str, path: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # no base64, or no ASCII
        raise _unreadable(path, text) from None


def _unreadable(path: str, value: object) -> AwsError:
    return AwsError("SerializationException", f"Value {str(value)[:100]!r} at {path!r} cannot be read")


def _from_json(shape: Shape, value: Value, path: str) -> Value:
    """Convert what JSON cannot say (structures by wire name, timestamps, blobs); leave types to validation."""
    match shape.type_name:
        case "structure" if isinstance(value, dict):
            return _structure(cast("StructureShape", shape), value, path)
        case "list" if isinstance(value, list):
            member = cast("ListShape", shape).member
            return [_from_json(member, item, f"{path}.{index + 1}.member") for index, item in enumerate(value)]
        case "map" if isinstance(value, dict):
            inner = cast("MapShape", shape).value
            return {key: _from_json(inner, item, f"{path}.{key}") for key, item in value.items()}
        case "timestamp" if isinstance(value, str):
            return _moment(value, path)
        case "blob" if isinstance(value, str):
            return _blob(value, path)
        case _:
            return value


def _structure(shape: StructureShape, value: dict[str, Value], path: str) -> Params:
    params: Params = {}
    for name, member in shape.members.items():
        found = value.get(str(member.serialization.get("name", name)))
        if found is not None:
            params[name] = _from_json(member, found, f"{path}.{name}" if path else name)
    return params


def _from_query(shape: Shape, fields: dict[str, str], prefix: str) -> Value:
    match shape.type_name:
        case "structure":
            return _query_structure(cast("StructureShape", shape), fields, prefix)
        case "list":
            return _query_list(cast("ListShape", shape), fields, prefix)
        case "map":
            return _query_map(cast("MapShape", shape), fields, prefix)
        case _:
            text = fields.get(prefix)
            return None if text is None else _from_text(shape, text, prefix)


def _query_structure(shape: StructureShape, fields: dict[str, str], prefix: str) -> Params | None:
    if prefix and not any(field.startswith(f"{prefix}.") for field in fields):
        return None  # a shape that contains itself would be followed for ever
    params: Params = {}
    for name, member in shape.members.items():
        wire_name = str(member.serialization.get("name", name))
        value = _from_query(member, fields, f"{prefix}.{wire_name}" if prefix else wire_name)
        if value is not None:
            params[name] = value
    return params if params or not prefix else None


def _query_list(shape: ListShape, fields: dict[str, str], prefix: str) -> list[Value] | None:
    name = shape.member.serialization.get("name")
    if shape.serialization.get("flattened"):  # an item's own name takes the place of the list's
        stem = prefix.rpartition(".")[0]
        stem = (f"{stem}.{name}" if stem else str(name)) if name else prefix
    else:
        stem = f"{prefix}.{name or 'member'}"
    items: list[Value] = []
    while (item := _from_query(shape.member, fields, f"{stem}.{len(items) + 1}")) is not None:
        items.append(item)
    if not items and shape.serialization.get("flattened") and stem in fields:  # the oldest clients send one so
        items = [_from_query(shape.member, fields, stem)]
    return items or None


def _query_map(shape: MapShape, fields: dict[str, str], prefix: str) -> Params | None:
    flattened = shape.serialization.get("flattened")
    stem = prefix if flattened else f"{prefix}.entry"
    key_name, value_name = (
        str(part.serialization.get("name", word)) for part, word in ((shape.key, "key"), (shape.value, "value"))
    )
    entries: Params = {}
    number = 1
    while (key := fields.get(f"{stem}.{number}.{key_name}")) is not None:
        entries[key] = _from_query(shape.value, fields, f"{stem}.{number}.{value_name}")
        number += 1
    if flattened and not entries and f"{stem}.{key_name}" in fields:  # the oldest clients send one without a number
        entries[fields[f"{stem}.{key_name}"]] = _from_query(shape.value, fields, f"{stem}.{value_name}")
    return entries or None


FIDELITY = (
    Behaviour(
        "`SerializationException` for unreadable bodies",
        "botocore (name); text: assumed",
        "test_engine.py::test_a_broken_body_gets_an_error_of_aws",
    ),
    Behaviour(
        "Whatever arrives is answered in AWS's form; bytes that are no HTTP get the HTTP server's own 4xx",
        "ours",
        "test_hostile_input.py::test_parameters_that_are_almost_right",
    ),
)
