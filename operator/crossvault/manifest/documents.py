"""From the text of a file to plain values, within bounds that no text can leave.

A manifest says what JSON can say, and so does this: times stay strings, keys are strings, and what kubectl or the API
server would trip over (a key twice, a document beyond etcd's limit, an alias that unfolds to millions of values) is
one error with its line. YAML is read event by event, so that nothing is built before it is known to be small.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import yaml
from yaml import events

from ..words.texts import plain
from . import scalars

LARGEST_DOCUMENT = 3 * 512 * 1024
"""1.5 MiB: etcd takes no larger request (https://etcd.io/docs/latest/dev-guide/limit/)."""
DEEPEST = 50
MOST_VALUES = 100_000

Steps: TypeAlias = tuple[str | int, ...]

_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same events; libyaml is fifteen times as fast
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BEGINNING = re.compile(r"^---(?:\s|$)", re.MULTILINE)
_CORE = "tag:yaml.org,2002:"


class DocumentError(Exception):
    """A text cannot be read as manifests; ``document`` counts from 1, ``line`` is 0 where there is none."""

    def __init__(self, message: str, *, line: int = 0, document: int = 1) -> None:
        super().__init__(message)
        self.message, self.line, self.document = message, line, document


@dataclass(slots=True)
class _Node:
    """A value with the line it begins in; ``size`` counts the values in it, those behind aliases included."""

    line: int
    value: Any
    size: int = 1

    def member(self, step: str | int) -> _Node | None:
        """Return what stands under a key or at a place; None when nothing does."""
        if isinstance(self.value, dict):
            return self.value.get(step)
        inside = isinstance(self.value, list) and isinstance(step, int) and step < len(self.value)
        return self.value[step] if inside else None

    def unfolded(self) -> Any:  # noqa: ANN401 - whatever JSON can say
        """Return the plain value; what stands behind aliases is copied, so that nothing is shared."""
        if isinstance(self.value, dict):
            return {key: node.unfolded() for key, node in self.value.items()}
        return [node.unfolded() for node in self.value] if isinstance(self.value, list) else self.value


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file.

    Attributes:
        number: Which one it is in its file, from 1.
        value: What it says, as plain values.
    """

    number: int
    value: Any
    _root: _Node = field(repr=False, compare=False)

    def line(self, steps: Steps = ()) -> int:
        """Return the line, from 1, in which the value at these steps begins, or the nearest value around it."""
        node = self._root
        for step in steps:
            inner = node.member(step)
            if inner is None:
                break
            node = inner
        return node.line


def read(text: str) -> Iterator[Document]:
    """Read the documents of a YAML or JSON text; empty ones are left out.

    Raises:
        DocumentError: The text is no YAML, or says what a manifest cannot.
    """
    hidden = _FORBIDDEN.search(text)
    if hidden is not None:
        message = f"the control character {code_point(hidden[0])} cannot stand in a manifest"
        raise DocumentError(message, line=text.count("\n", 0, hidden.start()) + 1, document=_number_at(text, hidden))
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_PARSER):
            root = builder.take(event)
            if root is not None and root.value is not None:
                yield Document(builder.number, root.unfolded(), root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 0
        raise DocumentError(_told(error, text, line), line=line, document=max(builder.number, 1)) from error
    except (yaml.YAMLError, ValueError) as error:
        raise DocumentError(f"is no YAML: {plain(str(error))}", document=max(builder.number, 1)) from error


def code_point(character: str) -> str:
    """Return the name of a character that must not be printed itself: ``U+202E``."""
    return f"U+{ord(character):04X}"


def _number_at(text: str, found: re.Match[str]) -> int:
    return max(1, len(_BEGINNING.findall(text, 0, found.start())))


def _told(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    """Say what the parser found, without the lines of context it would print."""
    lines = text.splitlines()
    if 0 < line <= len(lines) and lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())].count("\t"):
        return "is indented with a tab; YAML takes only spaces"
    said = ", ".join(plain(each) for each in (error.context, error.problem) if each)
    return f"is no YAML: {said[:200]}"


@dataclass(slots=True)
class _Open:
    """A list or an object that has not ended; ``key`` waits in ``line`` for its value."""

    node: _Node
    anchor: str | None
    key: str | None = None
    line: int = 0
    merging: bool = False
    merged: list[_Node] = field(default_factory=list)


class _Builder:
    """Builds one document after the other from events, without recursion."""

    def __init__(self) -> None:
        self.number = 0
        self._start = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, _Node | None] = {}
        self._root: _Node | None = None

    def take(self, event: Any) -> _Node | None:  # noqa: ANN401 - PyYAML has no annotations
        """Take in an event; the root of a document comes back when the document ends."""
        match event:
            case events.DocumentStartEvent():
                self.number += 1
                self._start = cast("Any", event).start_mark.index
                self._anchors, self._root = {}, None
            case events.DocumentEndEvent():
                self._check_length(event)
                return self._root
            case events.MappingStartEvent() | events.SequenceStartEvent():
                self._begin(event)
            case events.MappingEndEvent() | events.SequenceEndEvent():
                self._end()
            case events.ScalarEvent():
                self._add(self._scalar(event), event.anchor, plainly=event.implicit[0])
            case events.AliasEvent():
                self._add(self._behind(event))
        return None

    def _begin(self, event: Any) -> None:  # noqa: ANN401
        is_object = isinstance(event, events.MappingStartEvent)
        if event.tag not in (None, "!", f"{_CORE}{'map' if is_object else 'seq'}"):
            raise self._error(f"the tag {_shown(event.tag)} has no meaning in a manifest", event)
        if len(self._open) >= DEEPEST:
            raise self._error(f"is nested deeper than {DEEPEST} levels", event)
        if self._open and self._awaits_key():
            raise self._error("a key must be a string", event)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._open.append(_Open(_Node(event.start_mark.line + 1, {} if is_object else []), event.anchor))

    def _end(self) -> None:
        ended = self._open.pop()
        for node in ended.merged:
            for key, inner in node.value.items():
                if key not in ended.node.value:
                    ended.node.value[key] = inner
        self._add(ended.node, ended.anchor)

    def _awaits_key(self) -> bool:
        top = self._open[-1]
        return isinstance(top.node.value, dict) and top.key is None and not top.merging

    def _add(self, node: _Node, anchor: str | None = None, *, plainly: bool = False) -> None:
        if node.size > MOST_VALUES:
            raise DocumentError(_TOO_MANY, line=node.line, document=self.number)
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self._root = node
            return
        top = self._open[-1]
        if isinstance(top.node.value, list):
            top.node.value.append(node)
        elif self._awaits_key():
            self._take_key(top, node, plainly=plainly)
            return
        elif top.merging:
            self._merge(top, node)
        else:
            node.line = top.line  # that of its key: a value may begin below it
            top.node.value[top.key] = node
            top.key = None
        top.node.size += node.size
        if top.node.size > MOST_VALUES:
            raise DocumentError(_TOO_MANY, line=node.line, document=self.number)

    def _take_key(self, top: _Open, node: _Node, *, plainly: bool) -> None:
        if node.value is None or isinstance(node.value, dict | list):
            raise DocumentError("a key must be a string", line=node.line, document=self.number)
        written = _written(node.value)
        if written == "<<" and plainly:
            top.merging = True
        elif written in top.node.value:
            message = f"{_shown(written)} stands twice in one object"
            raise DocumentError(message, line=node.line, document=self.number)
        else:
            top.key, top.line = written, node.line

    def _merge(self, top: _Open, node: _Node) -> None:
        sources = node.value if isinstance(node.value, list) else [node]
        if not all(isinstance(each.value, dict) for each in sources):
            raise DocumentError("<< takes an object, or a list of them", line=node.line, document=self.number)
        top.merged += sources
        top.merging = False

    def _behind(self, event: Any) -> _Node:  # noqa: ANN401
        node = self._anchors.get(event.anchor)
        if node is None:
            what = "refers to itself" if event.anchor in self._anchors else "refers to nothing"
            raise self._error(f"the alias *{_shown(event.anchor)} {what}", event)
        return _Node(event.start_mark.line + 1, node.value, node.size)

    def _scalar(self, event: Any) -> _Node:  # noqa: ANN401
        tag = event.tag
        try:
            if tag is None or tag == "!":
                # What is quoted, or has the tag of no type, is a text.
                value = scalars.meant(event.value) if tag is None and event.implicit[0] else event.value
            else:
                value = _CONSTRUCT[tag.removeprefix(_CORE)](event.value)
        except KeyError:
            raise self._error(f"the tag {_shown(tag)} has no meaning in a manifest", event) from None
        except (ValueError, IndexError, OverflowError):
            raise self._error(f"{_shown(event.value)} is no number that a manifest can hold", event) from None
        return _Node(event.start_mark.line + 1, value)

    def _check_length(self, event: Any) -> None:  # noqa: ANN401
        if event.end_mark.index - self._start > LARGEST_DOCUMENT:
            raise DocumentError("is larger than 1.5 MiB, which the API server takes no object of", document=self.number)

    def _error(self, message: str, event: Any) -> DocumentError:  # noqa: ANN401
        return DocumentError(message, line=event.start_mark.line + 1, document=self.number)


_TOO_MANY = f"holds more than {MOST_VALUES:,} values, with what its aliases unfold to"


def _shown(text: str) -> str:
    return plain(text[:60]) + ("…" if len(text) > 60 else "")


def _written(value: object) -> str:
    """Return a key as the string that JSON would have for it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def _number(text: str) -> int | float:
    found = scalars.number(text)
    if found is None:
        raise ValueError(text)
    return found


_CONSTRUCT: Mapping[str, Any] = {
    "str": str,
    "null": lambda _text: None,
    "bool": scalars.boolean,
    "int": _number,
    "float": _number,
    "merge": str,
    "value": str,
}
