"""Reading world files, with messages that name file, line, field and cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydantic
import yaml

from ..fidelity import Behaviour
from . import schema


class WorldError(ValueError):
    """The world file cannot be used; the message names file, field and cause."""


def opened(world: schema.World | Path | str | dict[str, Any]) -> schema.World:
    """A checked world from whatever names one: itself, a parsed document, or the path of a file."""
    if isinstance(world, schema.World):
        return world
    return from_object(world) if isinstance(world, dict) else read(world)


def read(path: Path | str) -> schema.World:
    """Read and check a world file."""
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise WorldError(f"{file}: {error.strerror}") from None
    return from_text(text, source=str(file))


def from_text(text: str, *, source: str = "world") -> schema.World:
    """Read and check a world from YAML text."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        document = loader.construct_document(node) if node else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise WorldError(f"{source}{where}: {getattr(error, 'problem', None) or error}") from None
    finally:
        loader.dispose()
    if twice := _twice(node):
        raise WorldError(f"{source}:{_line(twice)}: {twice.value} stands twice in the same place")
    return from_object(document, source=source, node=node)


def from_object(document: Any, *, source: str = "world", node: yaml.Node | None = None) -> schema.World:  # noqa: ANN401 - parsed YAML
    """Check a world that is parsed already; with the YAML node it came from, messages name lines."""
    if not isinstance(document, dict):
        raise WorldError(f"{source}: a world is a mapping with version, organization and accounts")
    try:
        return schema.World.model_validate(document)
    except pydantic.ValidationError as error:
        lines = []
        for flaw in error.errors():
            where = f"{source}:{_line(_place(node, flaw['loc']))}" if node else source
            lines.append(f"{where}: {_path(flaw['loc'])}: {flaw['msg']}")
        raise WorldError("\n".join(lines)) from None


def _path(location: tuple[int | str, ...]) -> str:
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".") or "(whole file)"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _place(node: yaml.Node, location: tuple[int | str, ...]) -> yaml.Node:
    """The node nearest to a field: the key it stands under, or what it is missing in.

    Pydantic also names the alternatives it tried; those are no steps in the file.
    """
    nearest = node
    for step in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
            if found:
                nearest, node = found
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            nearest = node = node.value[step]
    return nearest


def _twice(node: yaml.Node | None) -> yaml.Node | None:
    """A key that stands twice in a mapping, which YAML readers take without a word."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                repeated: yaml.Node = key
                return repeated
            seen.add(key.value)
            if found := _twice(value):
                return found
    elif isinstance(node, yaml.SequenceNode):
        return next((found for item in node.value if (found := _twice(item))), None)
    return None


FIDELITY = (
    Behaviour(
        "A broken world file is refused with file, line, field and cause",
        "ours",
        "test_world_files.py::test_a_broken_file_names_line_and_field",
    ),
)
