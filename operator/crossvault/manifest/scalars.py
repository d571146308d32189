"""What a scalar without quotes means, as kubectl reads it: sigs.k8s.io/yaml, whose YAML is go-yaml's second version.

That is YAML 1.1 without sexagesimal numbers, and with what Go takes for a number. PyYAML has the letter of YAML 1.1.
https://github.com/kubernetes-sigs/yaml/blob/master/goyaml.v2/resolve.go
"""

from __future__ import annotations

import math
import re

LONGEST_NUMBER = 100

_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_INTEGER = re.compile(
    r"[-+]?(?:0[xX](?P<x>[0-9a-fA-F]+)|0[bB](?P<b>[01]+)|0[oO]?(?P<o>[0-7]+)|(?P<d>0|[1-9][0-9]*))", re.ASCII
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_BASES = {"x": 16, "b": 2, "o": 8, "d": 10}
_INT64, _UINT64 = 2**63, 2**64


def meant(text: str) -> str | bool | int | float | None:
    """Return what a scalar without quotes and without a tag means.

    Raises:
        ValueError: It means a number that JSON does not have, or one too long to be looked at.
    """
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(text)
    return text if (found := number(text)) is None else found


def number(text: str) -> int | float | None:
    """Return the number that a text is; None where it is none, or one beyond what Go holds.

    Raises:
        ValueError: It is too long to be looked at.
    """
    if text[:1] not in "+-.0123456789":
        return None
    plain = text.replace("_", "")
    whole = _INTEGER.fullmatch(plain)
    if whole is None and _FLOAT.fullmatch(plain) is None:
        return None
    if len(text) > LONGEST_NUMBER:
        raise ValueError(text)
    if whole is not None and whole.lastgroup is not None:
        value = int(whole[whole.lastgroup], _BASES[whole.lastgroup]) * (-1 if plain.startswith("-") else 1)
        if -_INT64 <= value < _INT64:
            return value
        if 0 <= value < _UINT64:
            return float(value)
    if _FLOAT.fullmatch(plain) is None or not math.isfinite(found := float(plain)):
        return None
    # JSON has one kind of number, and Kubernetes takes a whole one for an integer.
    return int(found) if found.is_integer() and abs(found) < _INT64 else found


def boolean(text: str) -> bool:
    """Return what a text with the tag of a boolean means.

    Raises:
        ValueError: It is none.
    """
    if text not in _TRUE and text not in _FALSE:
        raise ValueError(text)
    return text in _TRUE
