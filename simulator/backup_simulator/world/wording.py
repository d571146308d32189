"""What is wrong with a world file, in words: one flaw per place, with its cause and, where one is likely, a remedy."""

from __future__ import annotations

import datetime as dt
import difflib
from typing import TYPE_CHECKING, Any

from . import schema

if TYPE_CHECKING:
    from collections.abc import Collection

    import pydantic
    from pydantic_core import ErrorDetails

Location = tuple[int | str, ...]

_FORMS = {
    r"^\d{12}$": "is no account id: twelve digits, in quotes",
    r"^o-[a-z0-9]{10,32}$": "is no organization id: o- and 10 to 32 letters and digits",
    r"^r-[0-9a-z]{4,32}$": "is no root id: r- and 4 to 32 letters and digits",
    r"^[A-Z0-9]{16,128}$": "is no access key id: 16 to 128 capital letters and digits",
    r"^arn:aws:iam::(aws|\d{12}):policy/.+$": "is no ARN of a managed policy",
    r"^alias/[a-zA-Z0-9:/_-]+$": "is no alias: alias/ and a name",
    r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$": "is no key id: a UUID",
    r"^([a-zA-Z0-9_-]{2,50}|aws/efs/automatic-backup-vault)$": "is no vault name: 2 to 50 of A-Z a-z 0-9 _ -",
    r"^p-[0-9a-zA-Z_]{8,128}$": "is no policy id: p- and 8 to 128 letters and digits",
}
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "a text",
    "list": "a list",
    "dict": "a mapping",
    "model": "a mapping",
    "date": "a date",
    "datetime": "a date",
}
_BOUNDS = {
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "string_too_short": "needs {min_length} characters or more",
    "too_short": "needs {min_length} items or more",
}
_LONGEST = 60
_NEAR = 0.75  # how like a field a misspelt one has to be to be taken for it


def told(error: pydantic.ValidationError, document: object) -> list[tuple[Location, str]]:
    """Say each flaw once, `field: cause`, with the place in the document where it stands; in order of places."""
    found: dict[Location, list[ErrorDetails]] = {}
    for each in error.errors(include_url=False):
        found.setdefault(_place(each, document), []).append(each)
    return [(place, _flaw(place, alternatives)) for place, alternatives in sorted(found.items(), key=_order)]


def _order(found: tuple[Location, object]) -> list[tuple[bool, int, str]]:
    return [(isinstance(step, str), step if isinstance(step, int) else 0, str(step)) for step in found[0]]


def _flaw(place: Location, alternatives: list[ErrorDetails]) -> str:
    said = list(dict.fromkeys(_said(error, place, schema.field_names()) for error in alternatives))
    text = said[0] if len(said) == 1 else f"fits no alternative: {'; or '.join(said)}"
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
    return f"{path}: {text}" if path else text


def _place(error: ErrorDetails, document: object) -> Location:
    """The steps of a location that exist in the document, and the name of what is missing in it.

    pydantic also names the alternatives that it tried; those are no steps.
    """
    place: list[int | str] = []
    here: Any = document
    for step in error["loc"]:
        if _has(here, step):
            here = here[step]
            place.append(step)
    return (*place, error["loc"][-1]) if error["type"] == "missing" else tuple(place)


def _has(here: object, step: int | str) -> bool:
    if isinstance(here, list):
        return isinstance(step, int) and step < len(here)
    return isinstance(here, dict) and step in here


def _said(error: ErrorDetails, place: Location, names: Collection[str]) -> str:
    kind, context, given = error["type"], error.get("ctx", {}), _short(error["input"])
    match kind:
        case "extra_forbidden":
            near = difflib.get_close_matches(str(place[-1]), names, n=1, cutoff=_NEAR) if place else []
            return "is no field here" + (f"; {near[0]}?" if near else "")
        case "missing":
            return "is missing"
        case "value_error" | "assertion_error":
            return str(context["error"])
        case "literal_error":
            expected = context["expected"]
            return f"{given} is {'none of' if ' or ' in expected else 'not'} {expected}"
        case "string_pattern_mismatch":
            form = _FORMS.get(context["pattern"], f"does not have the form {context['pattern']}")
            return f"{given} {form}"
    if kind in _BOUNDS:
        return f"{given} {_BOUNDS[kind].format(**context)}"
    wanted = _KINDS.get(kind.partition("_")[0])
    if wanted == "a text" and isinstance(error["input"], int | float | dt.date):
        wanted += "; put it in quotes"
    return f"{given} is not {wanted}" if wanted else f"{given}: {error['msg']}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
