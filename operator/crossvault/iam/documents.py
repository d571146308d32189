"""The text of a policy document: one statement is put in, changed or taken out, and every other keeps its bytes.

Each reader of JSON takes the last of two members of one name; so does this one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Which: TypeAlias = Callable[[Mapping[str, Any]], bool]

_SPACE = re.compile(r"[ \t\n\r]*")
_decoder = json.JSONDecoder()


class MalformedPolicyError(ValueError):
    """The document is not a JSON object with statements."""


def read(document: str) -> dict[str, Any]:
    """Return the document.

    Raises:
        MalformedPolicyError: The text is not a policy document.
    """
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise MalformedPolicyError(str(error)) from error
    found = parsed.get("Statement") if isinstance(parsed, dict) else None
    listed = [found] if isinstance(found, dict) else found
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise MalformedPolicyError("no statements")
    return {**parsed, "Statement": listed}


def statements(document: str | None) -> tuple[dict[str, Any], ...]:
    """Return the statements of a document; none for no document.

    Raises:
        MalformedPolicyError: The text is not a policy document.
    """
    return tuple(read(document)["Statement"]) if document is not None else ()


def canonical(statement: Mapping[str, Any]) -> str:
    """Return a statement as one text, however its members are ordered and spaced."""
    return json.dumps(statement, sort_keys=True, separators=(",", ":"))


def named(sid: object) -> Which:
    """Return what tells the statements with a Sid."""
    return lambda each: each.get("Sid") == sid


def put(document: str | None, statement: Mapping[str, Any], which: Which | None = None) -> str:
    """Return ``document`` with ``statement`` in it, in the place of the first one that ``which`` tells.

    Without ``which`` that is an older one with the same Sid.

    Raises:
        MalformedPolicyError: The text is not a policy document.
    """
    ours, which = json.dumps(statement, separators=(",", ":")), which or named(statement["Sid"])
    if document is None:
        return '{"Version":"2012-10-17","Statement":[' + ours + "]}"
    statements(document)
    start, end = _statement_span(document)
    if document[start] == "{":
        if which(json.loads(document[start:end])):
            return document[:start] + ours + document[end:]
        return document[:start] + "[" + document[start:end] + "," + ours + "]" + document[end:]
    spans = list(_elements(document, start))
    for first, last in spans:
        if which(json.loads(document[first:last])):
            return document[:first] + ours + document[last:]
    if not spans:
        return document[:start] + "[" + ours + "]" + document[end:]
    last = spans[-1][1]
    return document[:last] + "," + ours + document[last:]


def remove(document: str, which: Which) -> str | None:
    """Return ``document`` without the statements that ``which`` tells, or None when nothing else stood in it.

    Raises:
        MalformedPolicyError: The text is not a policy document.
    """
    rest = [each for each in statements(document) if not which(each)]
    if not rest:
        return None
    start, _ = _statement_span(document)
    if document[start] == "{":
        return document
    spans = list(_elements(document, start))
    for index, (first, last) in enumerate(spans):
        if which(json.loads(document[first:last])):
            if index + 1 < len(spans):
                return remove(document[:first] + document[spans[index + 1][0] :], which)
            return document[: spans[index - 1][1]] + document[last:]
    return document


def _statement_span(text: str) -> tuple[int, int]:
    """Return the span of the statements; of a repeated member the last one counts, as for every JSON parser."""
    spans = [(start, end) for key, start, end in _members(text) if key == "Statement"]
    if not spans:
        raise MalformedPolicyError("no statements")
    return spans[-1]


def _skip(text: str, index: int) -> int:
    match = _SPACE.match(text, index)
    return match.end() if match else index


def _members(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield key and span of the value of each member of the object that ``text`` is. ``text`` is valid JSON."""
    index = _skip(text, _skip(text, 0) + 1)
    while text[index] != "}":
        key, index = _decoder.raw_decode(text, index)
        start = _skip(text, _skip(text, index) + 1)
        _, end = _decoder.raw_decode(text, start)
        yield key, start, end
        index = _skip(text, end)
        if text[index] == ",":
            index = _skip(text, index + 1)


def _elements(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the span of each element of the array that begins at ``start``."""
    index = _skip(text, start + 1)
    while text[index] != "]":
        _, end = _decoder.raw_decode(text, index)
        yield index, end
        index = _skip(text, end)
        if text[index] == ",":
            index = _skip(text, index + 1)
