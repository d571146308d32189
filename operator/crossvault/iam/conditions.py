"""One condition of a statement: whether it holds, or why that is not known.

Source: IAM User Guide, condition operators, policy variables, single-valued and multivalued context keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .context import Fact, NotKnown, Request
from .meaning import spoken

_NAMED = re.compile(r"([^,\s]+)\s*(?:,\s*'([^']*)')?")
# A wildcard that is meant as a letter (${*}) travels as one of these, which no policy has.
_LETTERS = {"*": "\ue000", "?": "\ue001"}
_MEANT = {stand_in: letter for letter, stand_in in _LETTERS.items()}
_VALUES_SHOWN = 2

_TEXTS = ("equals", "equalsignorecase", "like")
_NUMBERS = ("equals", "lessthan", "lessthanequals", "greaterthan", "greaterthanequals")
_POSITIVE = frozenset(
    {
        *(f"string{each}" for each in _TEXTS),
        *("arnequals", "arnlike", "bool", "binaryequals", "ipaddress"),
        *(f"{kind}{each}" for kind in ("numeric", "date") for each in _NUMBERS),
    }
)
_NEGATED = {
    **{f"stringnot{each}": f"string{each}" for each in _TEXTS},
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
}
_QUANTIFIERS = frozenset({"", "forallvalues", "foranyvalue"})


@dataclass(frozen=True, slots=True)
class Found:
    """What one part of a statement came to: yes, no, or None for unknown; ``why`` says it to a person."""

    holds: bool | None
    why: str


def any_of(results: Iterable[bool | None]) -> bool | None:
    """Return True when one is, else None when one is unknown."""
    seen = set(results)
    return True if True in seen else None if None in seen else False


def all_of(results: Iterable[bool | None]) -> bool | None:
    """Return False when one is, else None when one is unknown."""
    seen = set(results)
    return False if False in seen else None if None in seen else True


def like(value: str, pattern: str) -> bool:
    """Compare with a pattern of IAM: ``*`` is any number of letters, ``?`` is one.

    No regular expression: one with many ``*`` would take for ever, and whoever writes a policy writes the pattern. Only
    the last ``*`` has to be tried with more letters, because what follows an earlier one was found as early as can be.
    """
    at = here = 0
    star, taken = -1, 0
    while at < len(value):
        letter = pattern[here] if here < len(pattern) else ""
        if letter == "*":
            star, taken = here, at
            here += 1
        elif letter == "?" or (letter and _MEANT.get(letter, letter) == value[at]):
            at, here = at + 1, here + 1
        elif star >= 0:
            taken += 1
            at, here = taken, star + 1
        else:
            return False
    return not pattern[here:].strip("*")


def _variables(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where each policy variable of a text begins and ends, and what stands in its braces."""
    start = text.find("${")
    while start >= 0:
        end = text.find("}", start + 2)
        if end < 0:
            return
        yield start, end + 1, text[start + 2 : end]
        start = text.find("${", end + 1)


def filled(text: str, request: Request) -> Fact | None:
    """Return a text with its policy variables filled in; None when a variable has neither value nor default.

    Only documents of version 2012-10-17 have variables.
    """
    pieces: list[str] = []
    end = 0
    for start, after, inner in _variables(text):
        value = _variable(inner, request)
        if value is None or isinstance(value, NotKnown):
            return value
        pieces += [text[end:start], value]
        end = after
    return "".join([*pieces, text[end:]])


def _variable(inner: str, request: Request) -> Fact | None:
    if inner in {"*", "?", "$"}:
        return _LETTERS.get(inner, inner)
    named = _NAMED.fullmatch(inner.strip())
    if named is None:
        return NotKnown(f"has the policy variable ${{{spoken(inner)}}}, which cannot be read")
    value = request.fact(named[1])
    if isinstance(value, NotKnown):
        return NotKnown(f"is compared with ${{{spoken(named[1])}}}, which {value.why}")
    return value or named[2]


def variables_in(text: str) -> list[str]:
    """Return the names of the policy variables in a text."""
    return [named[1] for _, _, inner in _variables(text) if (named := _NAMED.fullmatch(inner.strip()))]


def fulfilled(operator: str, key: str, values: list[str], request: Request, *, variables: bool) -> Found:
    """Judge one condition; ``variables`` says whether the document knows policy variables."""
    quantifier, _, name = operator.lower().rpartition(":")
    operator, named = spoken(operator), spoken(key)
    base = name.removesuffix("ifexists")
    known = base in _POSITIVE or base in _NEGATED or name == "null"
    if quantifier not in _QUANTIFIERS or not known or (name == "null" and quantifier):
        return Found(None, f"{named}: the operator {operator} is not one that can be decided here")
    fact = request.fact(key)
    if isinstance(fact, NotKnown):
        return Found(None, f"{named} {fact.why}")
    shown = f"{operator} {named} {_shown(values)}"
    is_what = f"it is {fact}" if fact else f"the request is without {named}"
    if name == "null":
        holds: bool | None = any((not fact) is (each.lower() == "true") for each in values)
        return Found(holds, f"{shown}: {is_what}")
    if not fact:
        # Without the key a positive operator fails, a negated one holds, and a quantifier decides before either.
        absent = quantifier == "forallvalues" if quantifier else base in _NEGATED
        return Found(name != base or absent, f"{shown}: {is_what}")
    matches = [_compare(base, fact, each, request, variables=variables) for each in values]
    unclear = next((each for each in matches if isinstance(each, NotKnown)), None)
    holds = any_of(None if isinstance(each, NotKnown) else each for each in matches)
    if holds is None and unclear is not None:
        return Found(None, f"{named} {unclear.why}")
    return Found(holds is not (base in _NEGATED), f"{shown}: {is_what}")


def _compare(name: str, value: str, wanted: str, request: Request, *, variables: bool) -> bool | NotKnown:
    """Compare with one value. The keys that are known here hold one value each, also those that may hold more."""
    base = _NEGATED.get(name, name)
    compare = _COMPARE.get(base)
    if compare is None or (base == "bool" and value not in {"true", "false"}):
        return NotKnown(f"is a text, which {name} does not compare")
    text = filled(wanted, request) if variables else wanted
    return False if text is None else text if isinstance(text, NotKnown) else compare(value, text)


def _plain(text: str) -> str:
    for letter, stand_in in _LETTERS.items():
        text = text.replace(stand_in, letter)
    return text


def _arn_like(value: str, pattern: str) -> bool | NotKnown:
    """Compare the six parts of two ARNs one by one: a wildcard does not reach beyond its colon."""
    parts, patterns = value.split(":", maxsplit=5), pattern.split(":", maxsplit=5)
    if len(parts) != 6 or pattern == "*":
        return NotKnown(f"is compared as an ARN with {spoken(pattern)}; AWS does not say what that matches")
    return len(parts) == len(patterns) and all(map(like, parts, patterns))


_COMPARE: dict[str, Callable[[str, str], bool | NotKnown]] = {
    "bool": lambda value, wanted: value == wanted.lower(),
    "stringequals": lambda value, wanted: value == _plain(wanted),
    "stringequalsignorecase": lambda value, wanted: value.lower() == _plain(wanted).lower(),
    "stringlike": like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
}


def _shown(values: list[str]) -> str:
    more = f" and {len(values) - _VALUES_SHOWN} more" if len(values) > _VALUES_SHOWN else ""
    return " or ".join(spoken(each) for each in values[:_VALUES_SHOWN]) + more
