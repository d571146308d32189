"""Where in a world file something stands, found in the tree of YAML nodes it was read from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

_WHERE = re.compile(
    r"account (?P<account>\d{12})(?:, (?P<kind>user|role|vault|policy) (?P<name>[^:]+?))?"
    r"(?:,[^:]*)?: (?P<field>\w+)"
)
_ORDER = re.compile(r"(?P<list>faults|outcomes)\[(?P<index>\d+)\]: (?P<field>\w+)")


def line(node: yaml.Node) -> int:
    """The line of a node, from 1."""
    return int(node.start_mark.line) + 1


def place(node: yaml.Node, location: tuple[int | str, ...]) -> yaml.Node:
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


def twice(node: yaml.Node | None) -> yaml.Node | None:
    """A key that stands twice in a mapping, which YAML readers take without a word."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                repeated: yaml.Node = key
                return repeated
            seen.add(key.value)
            if found := twice(value):
                return found
    elif isinstance(node, yaml.SequenceNode):
        return next((found for item in node.value if (found := twice(item))), None)
    return None


def unreadable(node: yaml.Node) -> yaml.Node:
    """The first scalar that YAML has a type for and cannot read, such as a 13th month; else the node itself."""
    scalars = [node]
    while scalars:
        here = scalars.pop()
        if isinstance(here, yaml.ScalarNode):
            try:
                yaml.SafeLoader("").construct_document(here)
            except ValueError:
                return here
        elif isinstance(here, yaml.MappingNode):
            scalars += [inner for pair in reversed(here.value) for inner in reversed(pair)]
        elif isinstance(here, yaml.SequenceNode):
            scalars += reversed(here.value)
    return node


def told(node: yaml.Node, message: str) -> yaml.Node:
    """The node that a message means: `account 111111111111, vault orders: policy: …` or `faults[0]: operation: …`."""
    if order := _ORDER.match(message):
        return place(node, (order["list"], int(order["index"]), order["field"]))
    found = _WHERE.match(message)
    if not found:
        return node
    nearest = _with(node, "accounts", "id", found["account"]) or node
    if found["kind"]:
        plural = "policies" if found["kind"] == "policy" else f"{found['kind']}s"
        nearest = _with(nearest, plural, "name", found["name"]) or nearest
    return next((key for key, _ in _pairs(nearest) if key.value == found["field"]), nearest)


def _with(node: yaml.Node, members: str, name: str, value: str) -> yaml.Node | None:
    """The item of a list under a key whose own field has a value."""
    items = next((inner for key, inner in _pairs(node) if key.value == members), None)
    for item in items.value if isinstance(items, yaml.SequenceNode) else ():
        if any(key.value == name and inner.value == value for key, inner in _pairs(item)):
            found: yaml.Node = item
            return found
    return None


def _pairs(node: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from node.value
