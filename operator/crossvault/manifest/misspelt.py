"""Which known field somebody may have meant who wrote an unknown one."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]


def meant(schema: Schema, path: Sequence[str | int]) -> str | None:
    """Return the field that an unknown one may stand for, as it is written in the docs, or None.

    That is the sibling whose name is like it, else the only other place of the kind's spec where a field has this
    name: ``spec.lifecycle`` stands for ``spec.destinations[].lifecycle``.
    """
    name, siblings = str(path[-1]), _members(schema, path[:-1])
    alike = difflib.get_close_matches(name.lower(), [each.lower() for each in siblings], n=1)
    if alike:
        return next(each for each in siblings if each.lower() == alike[0])
    elsewhere = [place for place in _places(schema) if place.startswith("spec.") and place.endswith(f".{name}")]
    return elsewhere[0] if len(elsewhere) == 1 else None


def _members(schema: Schema, path: Sequence[str | int]) -> list[str]:
    for step in path:
        schema = schema["items"] if isinstance(step, int) else schema["properties"][step]
    return list(schema.get("properties", ()))


def _places(schema: Schema, path: str = "") -> Iterator[str]:
    """Yield every field below a schema: ``spec.destinations``, ``spec.destinations[].name``."""
    for name, member in schema.get("properties", {}).items():
        place = f"{path}.{name}" if path else name
        yield place
        yield from _places(member, place)
        yield from _places(member.get("items", {}), f"{place}[]")
