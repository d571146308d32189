"""Strict output validation against the model: what the simulator answers is what AWS could answer.

Types, required members and enums are checked; patterns and bounds are not, because AWS returns names (such as
`aws/efs/automatic-backup-vault`) that its own patterns forbid. A flaw is an error of the simulator.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from ..fidelity import Behaviour
from ..wire import BrokenAnswerError, Value
from .validation import TYPES

if TYPE_CHECKING:
    from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

    from ..wire import Params

Check = Callable[[Value], None]
# Enumerations that the documentation opens: a failure of the tagging API carries any code of the resource's service.
OPEN = frozenset({("resourcegroupstaggingapi", "ErrorCode")})


class _FlawError(Exception):
    """A value the model forbids; `path` grows from the inside out."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.path: list[str] = []


def check(operation: OperationModel, result: Params) -> None:
    """Raise BrokenAnswerError when a result breaks the operation's output shape."""
    shape = operation.output_shape
    if shape is None:
        if result:
            raise BrokenAnswerError(f"{operation.name}: has no output, but the handler answered {sorted(result)}")
        return
    try:
        _check_of(operation.service_model.service_name, shape)(result)
    except _FlawError as flaw:
        where = ".".join([operation.name, *reversed(flaw.path)])
        raise BrokenAnswerError(f"{where}: {flaw}") from None


_CHECKS: dict[tuple[str, str, str], Check] = {}


def _check_of(service: str, shape: Shape) -> Check:
    """Build the check of a service's shape once; recursive shapes find themselves in the table."""
    key = (service, shape.name, shape.type_name)
    found = _CHECKS.get(key)
    if found is None:
        found = _CHECKS[key] = _build(service, shape)
    return found


def _build(service: str, shape: Shape) -> Check:
    match shape.type_name:
        case "structure":
            return functools.partial(_structure, _Members(service, cast("StructureShape", shape)))
        case "list":
            return functools.partial(_list, service, cast("ListShape", shape))
        case "map":
            return functools.partial(_map, service, cast("MapShape", shape))
        case "string" if cast("StringShape", shape).enum and (service, shape.name) not in OPEN:
            return functools.partial(_enum, frozenset(cast("StringShape", shape).enum))
        case scalar:
            return functools.partial(_scalar, scalar, TYPES[scalar])


class _Members:
    """The members of a structure and their checks, looked up late because shapes may be recursive."""

    def __init__(self, service: str, shape: StructureShape) -> None:
        self.service = service
        self.shape = shape
        self.required = tuple(shape.required_members)

    @functools.cached_property
    def checks(self) -> dict[str, Check]:
        return {name: _check_of(self.service, member) for name, member in self.shape.members.items()}


def _structure(members: _Members, value: Value) -> None:
    _scalar("structure", (dict,), value)
    for name in members.required:
        if value.get(name) is None:
            raise _FlawError(f"lacks the required member {name}")
    checks = members.checks
    for name, item in value.items():
        if item is None:
            continue
        found = checks.get(name)
        if found is None:
            raise _FlawError(f"has no member {name}")
        try:
            found(item)
        except _FlawError as flaw:
            flaw.path.append(name)
            raise


def _list(service: str, shape: ListShape, value: Value) -> None:
    _scalar("list", (list,), value)
    found = _check_of(service, shape.member)
    for index, item in enumerate(value):
        try:
            found(item)
        except _FlawError as flaw:
            flaw.path.append(str(index))
            raise


def _map(service: str, shape: MapShape, value: Value) -> None:
    _scalar("map", (dict,), value)
    key_check, value_check = _check_of(service, shape.key), _check_of(service, shape.value)
    for key, item in value.items():
        try:
            key_check(key)
            value_check(item)
        except _FlawError as flaw:
            flaw.path.append(str(key))
            raise


def _enum(allowed: frozenset[str], value: Value) -> None:
    if value not in allowed:
        raise _FlawError(f"{value!r} is none of {sorted(allowed)}")


def _scalar(name: str, types: tuple[type, ...], value: Value) -> None:
    if not isinstance(value, types) or (isinstance(value, bool) and name != "boolean"):
        raise _FlawError(f"{value!r:.100} is no {name}")


FIDELITY = (
    Behaviour(
        "Every answer is checked against the service model before it goes out: types, required members, enums",
        "ours",
        "test_protocols.py::test_an_answer_that_breaks_the_model_is_our_own_error",
    ),
)
