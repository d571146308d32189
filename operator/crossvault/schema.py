"""Checks manifests from files the way the API server checks them: the same CRDs, the same field paths, no cluster.

Defaults, structure, unknown fields, list types and CEL rules. Rules about the previous object (``oldSelf``) have no
meaning for a file and are skipped. ``tests/kube/test_crds.py`` holds this module against the real API server.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, TypeAlias, cast

import celpy
import jsonschema.validators
import yaml
from celpy import celtypes
from celpy.adapter import json_to_cel
from celpy.evaluation import CELEvalError
from jsonschema import ValidationError

from .fields import Fault, kind_of, parse_time, show
from .misspelt import meant

GROUP = "crossvault.io"

Schema: TypeAlias = Mapping[str, Any]
Errors: TypeAlias = Iterator[ValidationError]

_BLOCKING = frozenset({"type", "required", "enum", "maxLength", "maxItems", "maxProperties"})
"""A fault of these kinds keeps the API server from evaluating CEL rules, and so us."""

_UNKNOWN = "unknown field"

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class Checked:
    """A manifest with the defaults of its CRD, and everything the API server would refuse it for."""

    body: dict[str, Any]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """One of our kinds, as its CRD declares it."""

    name: str
    api_version: str
    namespaced: bool
    schema: Schema


def documents(text: str) -> Iterator[Any]:
    """Read the YAML documents of a file as kubectl does: times stay strings, empty documents are left out.

    Raises:
        yaml.YAMLError: The text is no YAML.
    """
    return (document for document in yaml.load_all(text, Loader=_Loader) if document is not None)


def is_ours(body: Mapping[str, Any]) -> bool:
    """Tell whether a document belongs to our API group, whatever its version and kind."""
    return str(body.get("apiVersion", "")).startswith(f"{GROUP}/")


def check(body: Mapping[str, Any]) -> Checked:
    """Apply the defaults to a manifest of our group and find everything wrong with it at once."""
    result = copy.deepcopy(dict(body))
    kind = kinds().get(str(body.get("kind")))
    if kind is None or body.get("apiVersion") != kind.api_version:
        known = ", ".join(sorted(f"{each.api_version} {each.name}" for each in kinds().values()))
        what = f"{show(body.get('apiVersion'))} {show(body.get('kind'))}"
        return Checked(result, (Fault("kind", f"no such kind: {what}; known are {known}"),))
    _default(kind.schema, result)
    faults = list(_metadata_faults(kind, result))
    errors = list(_STRUCTURE(kind.schema).iter_errors(result))
    if not any(error.validator in _BLOCKING for error in errors):
        errors += _RULES(kind.schema).iter_errors(result)
    faults += (Fault(path_of(error.absolute_path), _message(error, kind.schema)) for error in errors)
    return Checked(result, tuple(dict.fromkeys(faults)))


@functools.cache
def kinds() -> Mapping[str, Kind]:
    """Return our kinds by name, from the CRDs in this package."""
    folder = resources.files(__package__) / "crds"
    crds = [yaml.safe_load(file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".yaml")]
    return {kind.name: kind for kind in map(_kind, crds)}


def _kind(crd: Mapping[str, Any]) -> Kind:
    spec, version = crd["spec"], crd["spec"]["versions"][0]
    return Kind(
        name=spec["names"]["kind"],
        api_version=f"{spec['group']}/{version['name']}",
        namespaced=spec["scope"] == "Namespaced",
        schema=version["schema"]["openAPIV3Schema"],
    )


def _message(error: ValidationError, schema: Schema) -> str:
    known = meant(schema, tuple(error.absolute_path)) if error.message == _UNKNOWN else None
    return f"{error.message}; {known}?" if known else str(error.message)


def path_of(steps: Iterable[str | int]) -> str:
    """Write a path as the API server does: ``spec.destinations[1].lifecycle``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def _metadata_faults(kind: Kind, body: dict[str, Any]) -> Iterator[Fault]:
    """Check what every object needs, and put a namespaced one without a namespace into ``default``."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        yield Fault("metadata", "is required" if metadata is None else f"must be an object, is {kind_of(metadata)}")
        return
    name = metadata.get("name")
    if name is None:
        yield Fault("metadata.name", "is required")
    elif not isinstance(name, str) or len(name) > 253 or not _NAME.fullmatch(name):
        yield Fault("metadata.name", f"must be a lowercase RFC 1123 subdomain, is {show(name)}")
    if kind.namespaced:
        metadata.setdefault("namespace", "default")


# --- Defaults ------------------------------------------------------------------------------------------------------


def _default(schema: Schema, value: object) -> None:
    """Drop nulls and put in defaults, in place and from the outside in, as the API server does before it looks."""
    if isinstance(value, dict):
        for name, member in schema.get("properties", {}).items():
            if value.get(name) is None:
                value.pop(name, None)
                if "default" in member:
                    value[name] = copy.deepcopy(member["default"])
            if name in value:
                _default(member, value[name])
    elif isinstance(value, list):
        for item in value:
            _default(schema.get("items", {}), item)


# --- Structure -----------------------------------------------------------------------------------------------------


def _required(_: object, names: list[str], value: object, __: Schema) -> Errors:
    if isinstance(value, dict):
        yield from (ValidationError("is required", path=[name]) for name in names if name not in value)


def _properties(
    validator: jsonschema.Draft4Validator, members: Mapping[str, Schema], value: object, schema: Schema
) -> Errors:
    """Check the known members; the others are unknown fields, unless the schema says nothing about members."""
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        if name in members:
            yield from validator.descend(item, members[name], path=name, schema_path=name)
        elif "additionalProperties" not in schema:
            yield ValidationError(_UNKNOWN, path=[name])


def _type(_: object, wanted: str, value: object, __: Schema) -> Errors:
    if not jsonschema.Draft4Validator.TYPE_CHECKER.is_type(value, wanted):
        article = "an" if wanted[0] in "aeiou" else "a"
        remedy = "; put it in quotes" if wanted == "string" and isinstance(value, bool | int | float) else ""
        yield ValidationError(f"must be {article} {wanted}, is {kind_of(value)}{remedy}")


def _enum(_: object, allowed: list[str], value: object, __: Schema) -> Errors:
    if value not in allowed:
        yield ValidationError(f"must be one of {', '.join(allowed)}, is {show(value)}")


def _pattern(_: object, pattern: str, value: object, __: Schema) -> Errors:
    if isinstance(value, str) and not _compiled(pattern).search(value):
        yield ValidationError(f"must match {pattern}, is {show(value)}")


def _format(_: object, name: str, value: object, __: Schema) -> Errors:
    if name == "date-time" and isinstance(value, str) and parse_time(value) is None:
        yield ValidationError(f"must be a time with a time zone such as 2026-11-01T00:00:00Z, is {show(value)}")


def _list_type(_: object, kind: str, value: object, schema: Schema) -> Errors:
    """Refuse items that are the same in a set, or have the same keys in a map, at the path of the repetition."""
    if kind == "atomic" or not isinstance(value, list):
        return
    keys = schema.get("x-kubernetes-list-map-keys", ())
    seen: list[Any] = []
    for index, item in enumerate(value):
        identity = [item.get(key) for key in keys] if keys and isinstance(item, dict) else item
        if identity in seen:
            named = ", ".join(map(show, identity)) if keys and isinstance(identity, list) else show(item)
            yield ValidationError(f"is a duplicate: {named}", path=[index])
        seen.append(identity)


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of the API server's (RE2), where ``$`` is the very end and no line's."""
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern)


_STRUCTURE: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]  # jsonschema has no annotation here
    jsonschema.Draft4Validator,
    {
        "required": _required,
        "properties": _properties,
        "type": _type,
        "enum": _enum,
        "pattern": _pattern,
        "format": _format,
        "x-kubernetes-list-type": _list_type,
    },
)


# --- Rules ---------------------------------------------------------------------------------------------------------


def _rules(_: object, rules: list[Mapping[str, str]], value: object, __: Schema) -> Errors:
    try:
        this = json_to_cel(cast("Any", value))
    except ValueError:  # a number beyond 64 bits, which the bounds of the schema refuse
        return
    for rule in rules:
        if "oldSelf" in rule["rule"] or _evaluate(rule["rule"], this) is True:
            continue
        message = _evaluate(rule["messageExpression"], this) if "messageExpression" in rule else None
        path = rule.get("fieldPath", "").removeprefix(".")
        yield ValidationError(str(message or rule["message"]), path=path.split(".") if path else ())


def _evaluate(expression: str, this: celtypes.Value) -> bool | str | None:
    """Evaluate an expression over ``self``; None when that fails, which the API server takes for a broken rule too."""
    try:
        result = _program(expression).evaluate({"self": this})
    except CELEvalError:
        return None
    return bool(result) if isinstance(result, celtypes.BoolType) else str(result)


@functools.cache
def _program(expression: str) -> celpy.Runner:
    environment = celpy.Environment()
    return environment.program(environment.compile(expression), functions={"format": _formatted})


def _formatted(template: celtypes.StringType, values: celtypes.ListType) -> celtypes.StringType:
    """Stand in for ``format`` of the Kubernetes CEL library, as far as our rules use it."""
    return celtypes.StringType(str(template) % tuple(int(cast(celtypes.IntType, value)) for value in values))


_RULES: Any = jsonschema.validators.create(
    meta_schema={},
    validators={
        "properties": _properties,
        "items": jsonschema.Draft4Validator.VALIDATORS["items"],
        "x-kubernetes-validations": _rules,
    },
)


class _Loader(yaml.SafeLoader):
    """SafeLoader that leaves times as the strings they are in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
