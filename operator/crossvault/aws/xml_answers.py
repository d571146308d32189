"""The answers of query services: from XML to texts, booleans, lists and dictionaries, and back for botocore to read."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from botocore import parsers
from botocore.model import ListShape, Shape, StructureShape

_BOOLEANS = {"true": True, "false": False}


def read(body: bytes, shape: StructureShape) -> dict[str, Any] | None:
    """Return the result of an answer; None where it has none.

    Raises:
        ResponseParserError: The body is not XML.
    """
    try:
        root = ET.fromstring(body)  # noqa: S314 - from AWS's endpoint, which botocore parses the same way
    except ET.ParseError as error:
        raise parsers.ResponseParserError("The answer is not XML, or only a part of it") from error
    result = next((each for each in root if _tag(each) == _wrapper(shape)), None)
    return _members(result, shape) if result is not None else None


def write(operation: str, shape: StructureShape, kept: Mapping[str, Any]) -> bytes:
    """Return an answer of an operation with what is kept of its result, and nothing else."""
    trimmed = ET.Element(f"{operation}Response")
    _fill(ET.SubElement(trimmed, _wrapper(shape)), kept)
    return ET.tostring(trimmed)


def _wrapper(shape: StructureShape) -> str:
    return str(shape.serialization.get("resultWrapper", ""))


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _members(element: ET.Element, shape: StructureShape) -> dict[str, Any]:
    return {_tag(each): _value(each, shape.members.get(_tag(each))) for each in element}


def _value(element: ET.Element, shape: Shape | None) -> object:
    if isinstance(shape, ListShape):
        return [_value(each, shape.member) for each in element]
    if not len(element) and not isinstance(shape, StructureShape):
        text = element.text or ""
        return _BOOLEANS.get(text, text) if shape is not None and shape.type_name == "boolean" else text
    return _members(element, shape) if isinstance(shape, StructureShape) else {_tag(each): "" for each in element}


def _fill(element: ET.Element, members: Mapping[str, Any]) -> None:
    for name, value in members.items():
        _put(ET.SubElement(element, name), value)


def _put(element: ET.Element, value: object) -> None:
    if isinstance(value, Mapping):
        _fill(element, value)
    elif isinstance(value, list):
        for each in value:
            _put(ET.SubElement(element, "member"), each)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    else:
        element.text = str(value)
