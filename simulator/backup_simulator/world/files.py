"""Reading world files, with messages that name file, line, field and cause."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydantic
import yaml

from ..fidelity import Behaviour
from . import lines, schema, wording

if TYPE_CHECKING:
    from collections.abc import Iterator


class WorldError(ValueError):
    """The world file cannot be used; the message names file, field and cause, with a line for each flaw."""


class Flaws:
    """Flaws that are gathered, so that all of them can be told at once."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    @contextlib.contextmanager
    def gathered(self) -> Iterator[None]:
        """Go on after a flaw in what is done inside."""
        try:
            yield
        except WorldError as error:
            self._texts.append(str(error))

    def tell(self) -> None:
        """Raise a WorldError with all flaws, if there are any."""
        if self._texts:
            raise WorldError("\n".join(self._texts))


def opened(world: schema.World | Path | str | dict[str, Any]) -> schema.World:
    """A checked world from whatever names one: itself, a parsed document, or the path of a file."""
    if isinstance(world, schema.World):
        return world
    return from_object(world) if isinstance(world, dict) else read(world)


def read(path: Path | str) -> schema.World:
    """Read and check a world file."""
    file = Path(path)
    try:
        raw = file.read_bytes()
        text = raw.decode("utf-8")
    except OSError as error:
        raise WorldError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        number = raw.count(b"\n", 0, error.start) + 1
        raise WorldError(f"{file}:{number}: not UTF-8: {error.reason}") from None
    return from_text(text, source=str(file))


def from_text(text: str, *, source: str = "world") -> schema.World:
    """Read and check a world from YAML text."""
    try:
        node, document = _loaded(text)
        twice = lines.twice(node)
    except yaml.reader.ReaderError as error:
        where = f":{text.count(chr(10), 0, error.position) + 1}"
        raise WorldError(f"{source}{where}: the character {error.character:#06x} cannot be in YAML") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise WorldError(f"{source}{where}: {getattr(error, 'problem', None) or error}") from None
    except RecursionError:
        raise WorldError(f"{source}: nested too deep, or in itself") from None
    except ValueError as error:  # a date that is none, a number of thousands of digits
        raise WorldError(f"{source}{_unreadable(text)}: {error}") from None
    if twice:
        raise WorldError(f"{source}:{lines.line(twice)}: {twice.value} stands twice in the same place")
    return from_object(document, source=source, node=node)


def _unreadable(text: str) -> str:
    """Line and text of the value that YAML cannot read."""
    node = yaml.compose(text, yaml.SafeLoader)
    place = lines.unreadable(node) if node else None
    return f":{lines.line(place)}: {place.value[:60]}" if isinstance(place, yaml.ScalarNode) else ""


def _loaded(text: str) -> tuple[yaml.Node | None, Any]:
    """The tree of a YAML text, and what it says."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        return node, loader.construct_document(node) if node else None
    finally:
        loader.dispose()


def from_object(document: Any, *, source: str = "world", node: yaml.Node | None = None) -> schema.World:  # noqa: ANN401 - parsed YAML
    """Check a world that is parsed already; with the YAML node it came from, messages name lines."""
    if not isinstance(document, dict):
        raise WorldError(f"{source}: a world is a mapping with version, organization and accounts")
    try:
        world = schema.World.model_validate(document)
    except pydantic.ValidationError as error:
        flaws = [
            (lines.line(lines.place(node, place)) if node else 0, text) for place, text in wording.told(error, document)
        ]
        raise WorldError(
            "\n".join(f"{source}:{line}: {text}" if line else f"{source}: {text}" for line, text in sorted(flaws))
        ) from None
    if node:
        world.read_from(source, node)
    return world


def located(world: schema.World, message: str) -> str:
    """A message about a part of a world, with file and line if the world was read from a file."""
    if world.origin is None:
        return message
    source, node = world.origin
    return f"{source}:{lines.line(lines.told(node, message))}: {message}"


FIDELITY = (
    Behaviour(
        "A broken world file is refused with file, line, field and cause",
        "ours",
        "test_world_files.py::test_a_broken_file_names_line_and_field",
    ),
    Behaviour(
        "So is a file whose parts do not fit each other (a policy that names nobody, a vault without its key), and one "
        "that has what AWS would not take: names, Regions, vault policies, bounds of locks, lifecycles",
        "ours",
        "test_world_files.py::test_what_does_not_fit_names_its_line",
    ),
)
