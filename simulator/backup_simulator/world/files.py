"""Reading world files, with messages that name file, field and cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydantic
import yaml

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
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise WorldError(f"{source}{where}: {getattr(error, 'problem', None) or error}") from None
    return from_object(document, source=source)


def from_object(document: Any, *, source: str = "world") -> schema.World:  # noqa: ANN401 - parsed YAML
    """Check a world that is parsed already."""
    if not isinstance(document, dict):
        raise WorldError(f"{source}: a world is a mapping with version, organization and accounts")
    try:
        return schema.World.model_validate(document)
    except pydantic.ValidationError as error:
        lines = [f"{source}: {_path(flaw['loc'])}: {flaw['msg']}" for flaw in error.errors()]
        raise WorldError("\n".join(lines)) from None


def _path(location: tuple[int | str, ...]) -> str:
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".") or "(whole file)"
