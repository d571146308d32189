"""Checks manifests from files the way the API server checks them: the same CRDs, the same field paths, no cluster.

Defaults, structure, unknown fields, list types and CEL rules. Rules about the previous object (``oldSelf``) have no
meaning for a file and are skipped. ``tests/kube/test_crds.py`` holds this module against the real API server.
"""

from __future__ import annotations

import copy
import difflib
import functools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import islice
from typing import Any, TypeAlias

import jsonschema.validators
import yaml
from jsonschema import ValidationError

from ..words.texts import plain, shortened
from . import rules
from .documents import code_point
from .fields import Fault, kind_of, parse_time, show
from .misspelt import meant

GROUP = "crossvault.io"

Schema: TypeAlias = Mapping[str, Any]
Errors: TypeAlias = Iterator[ValidationError]

_BLOCKING = frozenset({"type", "required", "enum", "maxLength", "maxItems", "maxProperties"})
"""A fault of these kinds keeps the API server from evaluating CEL rules, and so us."""

_UNKNOWN = "unknown field"

MOST_FAULTS = 50
"""Of one object; whoever has more will not read them all before mending the first."""

_STEP = re.compile(r"\[(\d{1,9})\]|([^.\[\]]+)")
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


def is_ours(body: Mapping[str, Any]) -> bool:
    """Tell whether a document belongs to our API group, whatever its version and kind."""
    version, kind = body.get("apiVersion"), body.get("kind")
    named = isinstance(kind, str) and kind in kinds()
    if not version or not isinstance(version, str):
        return named  # left out: kubectl refuses that, and nobody means it for another group's
    group = version.partition("/")[0]
    return group == GROUP or (named and bool(difflib.get_close_matches(group.lower(), [GROUP], cutoff=_ALIKE)))


def is_namespace(body: Mapping[str, Any]) -> bool:
    """Tell whether a document is a Namespace."""
    return body.get("apiVersion") == "v1" and body.get("kind") == "Namespace"


def is_list(body: Mapping[str, Any]) -> bool:
    """Tell whether a document is a list of objects, as ``kubectl get -o yaml`` prints several: of whatever kind."""
    kind, items = body.get("kind"), body.get("items")
    return isinstance(items, list) and isinstance(kind, str) and kind.endswith("List") and kind not in kinds()


_ALIKE = 0.75
"""How like ours a group is that is ours misspelt, as in ``crossvault.com``."""


def _faults_of_kind(body: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what keeps a document from being of one of our kinds, each at the field that is wrong."""
    version, kind = body.get("apiVersion"), body.get("kind")
    known = kinds().get(kind) if isinstance(kind, str) else None
    expected = sorted({each.api_version for each in kinds().values()}) if known is None else [known.api_version]
    if version not in expected:
        wrong = f"must be {' or '.join(expected)}"
        yield Fault("apiVersion", f"{wrong}, is {show(version)}" if version else f"is required: {wrong}")
    if known is None:
        names = ", ".join(sorted(f"{each.api_version} {each.name}" for each in kinds().values()))
        yield Fault(
            "kind", f"no such kind: {show(kind)}; known are {names}" if kind else f"is required: one of {names}"
        )


def check(body: Mapping[str, Any]) -> Checked:
    """Apply the defaults to a manifest of our group and find everything wrong with it at once."""
    result = copy.deepcopy(dict(body))
    if unknown := tuple(_faults_of_kind(body)):
        return Checked(result, unknown)
    kind = kinds()[body["kind"]]
    _take_out_what_the_server_writes(result)
    _default(kind.schema, result)
    faults = [*metadata_faults(result), *_hidden(result.get("spec"), ("spec",))][:MOST_FAULTS]
    if kind.namespaced and not faults:
        result["metadata"].setdefault("namespace", "default")
    errors = list(islice(_STRUCTURE(kind.schema).iter_errors(result), MOST_FAULTS))
    if len(errors) < MOST_FAULTS and not any(error.validator in _BLOCKING for error in errors):
        errors += _RULES(kind.schema).iter_errors(result)
    errors = rules.independent(errors)
    faults += (Fault(path_of(error.absolute_path), _message(error, kind.schema)) for error in errors)
    return Checked(result, tuple(dict.fromkeys(faults)))


_SERVER_WRITTEN = ("deletionTimestamp", "deletionGracePeriodSeconds", "generation", "managedFields", "selfLink")
"""With the status, what stands in an exported object and is not the file's to say: the API server ignores it, too."""


def _take_out_what_the_server_writes(body: dict[str, Any]) -> None:
    body.pop("status", None)
    if isinstance(body.get("metadata"), dict):
        for name in _SERVER_WRITTEN:
            body["metadata"].pop(name, None)


@functools.cache
def kinds() -> Mapping[str, Kind]:
    """Return our kinds by name, from the CRDs in this package."""
    folder = resources.files("crossvault") / "crds"
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
    """Write a path as the API server does: ``spec.destinations[1].lifecycle``; safe to print, whatever a key holds."""
    written = (f"[{step}]" if isinstance(step, int) else f".{plain(shortened(step, 80))}" for step in steps)
    return "".join(written).removeprefix(".")


def steps_of(path: str) -> tuple[str | int, ...]:
    """Read what :func:`path_of` wrote."""
    return tuple(int(each[1]) if each[1] else each[2] for each in _STEP.finditer(path))


# --- Metadata ------------------------------------------------------------------------------------------------------


def metadata_faults(body: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what the API server would refuse in the metadata of an object of any kind."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        yield Fault("metadata", "is required" if metadata is None else f"must be an object, is {kind_of(metadata)}")
        return
    if metadata.get("name") is None:
        yield Fault("metadata.name", "is required")
    for name, longest in (("name", 253), ("namespace", 63)):
        value = metadata.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > longest or not _NAME.fullmatch(value)):
            quotes = "; put it in quotes" if isinstance(value, bool | int | float) else ""
            rule = f"must be at most {longest} lower-case letters, digits, - and ., such as orders"
            yield Fault(f"metadata.{name}", f"{rule}; is {show(value)}{quotes}")
    created = metadata.get("creationTimestamp")
    if created is not None and (not isinstance(created, str) or parse_time(created) is None):
        yield Fault("metadata.creationTimestamp", f"must be a time with a time zone, is {show(created)}")
    for name in ("labels", "annotations"):
        yield from _pairs(metadata.get(name), f"metadata.{name}")


def _pairs(value: object, path: str) -> Iterator[Fault]:
    if value is None:
        return
    if not isinstance(value, dict):
        yield Fault(path, f"must be an object, is {kind_of(value)}")
        return
    for key, member in value.items():
        if not isinstance(member, str):
            quotes = "; put it in quotes" if isinstance(member, bool | int | float) else ""
            yield Fault(f"{path}.{path_of([key])}", f"must be a string, is {kind_of(member)}{quotes}")


def _hidden(value: object, steps: tuple[str | int, ...]) -> Iterator[Fault]:
    """Yield texts with characters that a terminal would obey or nobody would see: no name or ARN has any."""
    if isinstance(value, str) and not value.isprintable():
        odd = next(each for each in value if not each.isprintable())
        yield Fault(path_of(steps), f"holds the invisible character {code_point(odd)}; take it out")
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _hidden(member, (*steps, str(key)))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _hidden(member, (*steps, index))


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


def _type(_: object, wanted: str, value: object, schema: Schema) -> Errors:
    """Check the type, unless the values that there are say more: quotes around ``true`` would make none of them."""
    if "enum" not in schema and not jsonschema.Draft4Validator.TYPE_CHECKER.is_type(value, wanted):
        article = "an" if wanted[0] in "aeiou" else "a"
        remedy = "; put it in quotes" if wanted == "string" and isinstance(value, bool | int | float) else ""
        yield ValidationError(f"must be {article} {wanted}, is {kind_of(value)}{remedy}")


def _enum(_: object, allowed: list[str], value: object, __: Schema) -> Errors:
    if value not in allowed:
        yield ValidationError(f"must be one of {', '.join(allowed)}, is {show(value)}")


def _values(validator: Any, schema: Schema, value: object, _: Schema) -> Errors:  # noqa: ANN401 - jsonschema's own
    """Check the members of an object whose names are free."""
    if isinstance(value, dict) and isinstance(schema, dict):
        for name, item in value.items():
            yield from validator.descend(item, schema, path=name)


def _bound(least: bool, what: str) -> Any:  # noqa: ANN401 - a keyword of jsonschema
    """Return the check of a number of characters, items or members, which names numbers and never the value itself."""

    def check(_: object, limit: int, value: object, __: Schema) -> Errors:
        sized = isinstance(value, str) if what == "character" else isinstance(value, list if what == "item" else dict)
        count = len(value) if sized and isinstance(value, Collection) else limit
        if (count < limit) if least else (count > limit):
            wanted = f"must have at {'least' if least else 'most'} {limit} {what}{'' if limit == 1 else 's'}"
            yield ValidationError(f"{wanted}, has {count or 'none'}")

    return check


def _minimum(_: object, limit: float, value: object, schema: Schema) -> Errors:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if value < limit or (value == limit and schema.get("exclusiveMinimum")):
        wanted = "more than" if schema.get("exclusiveMinimum") else "at least"
        yield ValidationError(f"must be {wanted} {limit}, is {show(value)}")


def _maximum(_: object, limit: float, value: object, __: Schema) -> Errors:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > limit:
        yield ValidationError(f"must be at most {limit}, is {show(value)}")


def _format(_: object, name: str, value: object, __: Schema) -> Errors:
    if name == "date-time" and isinstance(value, str) and parse_time(value) is None:
        yield ValidationError(f"must be a time with a time zone such as 2026-11-01T00:00:00Z, is {show(value)}")


def _list_type(_: object, kind: str, value: object, schema: Schema) -> Errors:
    """Refuse items that are the same in a set, or have the same keys in a map, at the path of the repetition."""
    if kind == "atomic" or not isinstance(value, list) or len(value) > schema.get("maxItems", len(value)):
        return
    keys = schema.get("x-kubernetes-list-map-keys", ())
    seen: list[Any] = []
    for index, item in enumerate(value):
        identity = [item.get(key) for key in keys] if keys and isinstance(item, dict) else item
        if identity in seen:
            named = ", ".join(map(show, identity)) if keys and isinstance(identity, list) else show(item)
            yield ValidationError(f"is a duplicate: {named}", path=[index])
        seen.append(identity)


_STRUCTURE: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]  # jsonschema has no annotation here
    jsonschema.Draft4Validator,
    {
        "required": _required,
        "properties": _properties,
        "type": _type,
        "enum": _enum,
        "format": _format,
        "minimum": _minimum,
        "maximum": _maximum,
        "minLength": _bound(True, "character"),
        "maxLength": _bound(False, "character"),
        "minItems": _bound(True, "item"),
        "maxItems": _bound(False, "item"),
        "minProperties": _bound(True, "member"),
        "maxProperties": _bound(False, "member"),
        "x-kubernetes-list-type": _list_type,
    },
)


# --- Rules ---------------------------------------------------------------------------------------------------------


_RULES: Any = jsonschema.validators.create(
    meta_schema={},
    validators={
        "properties": _properties,
        "items": jsonschema.Draft4Validator.VALIDATORS["items"],
        "additionalProperties": _values,
        "x-kubernetes-validations": rules.broken,
    },
)
