"""The CEL rules of a CRD, evaluated as the API server evaluates them, and which fields each of them speaks of.

A rule that compares fields says nothing new while one of those fields is wrong by itself: what it would complain of
follows from the other complaint.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, cast

import celpy
from celpy import celtypes
from celpy.adapter import json_to_cel
from celpy.evaluation import CELEvalError
from jsonschema import ValidationError

from .fields import show

Steps: TypeAlias = tuple[str | int, ...]

ANY = "*"
"""Stands for every member or index in the path of a field that a rule speaks of."""

_LOOPS = re.compile(r"(?<![\w.])([a-z]\w*)((?:\.\w+)*)\.(?:all|exists|exists_one|filter|map)\(\s*(\w+)\s*,")
_LITERAL = re.compile(r"'[^']*'")


_RESERVED = frozenset(
    (
        *("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if"),
        *("import", "let", "loop", "package", "namespace", "return", "var", "void", "while"),
    )
)
"""Words of CEL; a rule writes a field of such a name as ``__as__`` (Kubernetes, CRD validation rules)."""


def _escaped(value: object, schema: Mapping[str, Any]) -> object:
    """Return a value with the names of its declared fields as rules write them."""
    if isinstance(value, Mapping):
        fields = schema.get("properties", {})
        return {
            f"__{name}__" if name in fields and name in _RESERVED else name: _escaped(each, fields.get(name, {}))
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_escaped(each, schema.get("items", {})) for each in value]
    return value


def _unescaped(name: str) -> str:
    inside = name.removeprefix("__").removesuffix("__")
    return inside if inside in _RESERVED else name


class RuleError(ValidationError):
    """A rule is broken. ``compared`` are the fields it compares, below the value that it is a rule of."""

    def __init__(self, message: str, *, path: Steps, compared: tuple[tuple[str, ...], ...]) -> None:
        super().__init__(message, path=path)
        self.compared = compared
        self.own = len(path)

    def fields(self) -> Iterator[Steps]:
        """Yield the whole paths of the fields that the rule compares; none when it is about one value alone."""
        steps = tuple(self.absolute_path)
        place = steps[: len(steps) - self.own]
        return ((*place, *each) for each in self.compared)


def broken(
    _: object, rules: list[Mapping[str, str]], value: object, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Yield what breaks a rule of ``x-kubernetes-validations``; rules about an object before it are not for files."""
    try:
        this = json_to_cel(cast("Any", _escaped(value, schema)))
    except ValueError:  # a number beyond 64 bits, which the bounds of the schema refuse
        return
    for rule in rules:
        if "oldSelf" in rule["rule"] or _evaluate(rule["rule"], this) is True:
            continue
        message = _evaluate(rule["messageExpression"], this) if "messageExpression" in rule else None
        path = rule.get("fieldPath", "").removeprefix(".")
        yield RuleError(
            _with_value(str(message or rule["message"]), value),
            path=tuple(path.split(".")) if path else (),
            compared=compared(rule["rule"]),
        )


def independent(errors: list[ValidationError]) -> list[ValidationError]:
    """Leave out what follows from another error: a comparison with a field that is wrong by itself."""
    comparing = [error for error in errors if isinstance(error, RuleError) and error.compared]
    wrong = [tuple(error.absolute_path) for error in errors if error not in comparing]
    following = [
        error for error in comparing if any(_same_place(field, each) for field in error.fields() for each in wrong)
    ]
    return [error for error in errors if error not in following]


@functools.cache
def compared(rule: str) -> tuple[tuple[str, ...], ...]:
    """Return the fields below ``self`` that a rule mentions: ``destinations.*.region`` for ``d.region`` in a loop."""
    rule = _LITERAL.sub("''", rule)
    bases: dict[str, tuple[str, ...]] = {"self": ()}
    for found in _LOOPS.finditer(rule):
        outer, inner, variable = found.groups()
        bases[variable] = (*bases.get(outer, ()), *_members(inner), ANY)
    rule = _LOOPS.sub(" ", rule)  # what is gone through is mentioned by what is looked at in it
    mentioned = re.finditer(rf"(?<![\w.])({'|'.join(bases)})((?:\.\w+)*)(\()?", rule)
    paths = (_path(bases[each[1]], each[2], called=bool(each[3])) for each in mentioned)
    return tuple(dict.fromkeys(path for path in paths if path))


def _path(base: tuple[str, ...], members: str, *, called: bool) -> tuple[str, ...]:
    names = _members(members)
    return (*base, *(names[:-1] if called else names))


def _members(written: str) -> tuple[str, ...]:
    return tuple(_unescaped(name) for name in written.split(".") if name)


def _same_place(field: Steps, wrong: Steps) -> bool:
    """Tell whether one of two paths lies in the other."""
    return all(one in (ANY, other) for one, other in zip(field, wrong, strict=False))


def _with_value(message: str, value: object) -> str:
    """Say what a scalar is that is to be something else."""
    told = message.startswith("must be") and isinstance(value, str | int | float) and ", is " not in message
    return f"{message}; is {show(value)}" if told else message


def _evaluate(expression: str, this: celtypes.Value) -> bool | str | None:
    """Evaluate an expression over ``self``; None when that fails, which the API server takes for a broken rule too."""
    try:
        result = _program(expression).evaluate({"self": this})
    except (CELEvalError, ValueError):  # the second for text that no encoding has
        return None
    return bool(result) if isinstance(result, celtypes.BoolType) else str(result)


@functools.cache
def _environment() -> celpy.Environment:
    """Return the one for all rules: each makes a parser of its own, which takes longer than a rule."""
    return celpy.Environment()


@functools.cache
def _program(expression: str) -> celpy.Runner:
    environment = _environment()
    return environment.program(environment.compile(expression), functions={"format": _formatted})


def _formatted(template: celtypes.StringType, values: celtypes.ListType) -> celtypes.StringType:
    """Stand in for ``format`` of the Kubernetes CEL library, as far as our rules use it."""
    return celtypes.StringType(str(template) % tuple(int(cast(celtypes.IntType, value)) for value in values))
