"""How one wanted value is compared with one found value, by condition operator.

Source: IAM User Guide, condition operators. Comparisons of texts that are no number, date or address do not match,
as in AWS; a *wanted* value of the wrong form makes the policy malformed.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import functools
import ipaddress
import operator
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class MalformedPolicyError(ValueError):
    """The document is no policy."""


# A wildcard that came out of a variable or of `${*}` is a letter like any other: it travels in a private form.
_SHIELDED = {"*": "\ue02a", "?": "\ue03f"}
_REGEX = {"*": ".*", "?": ".", **{shielded: re.escape(plain) for plain, shielded in _SHIELDED.items()}}
_SHIELD, _UNSHIELD = str.maketrans(_SHIELDED), str.maketrans({value: key for key, value in _SHIELDED.items()})


def shielded(text: str) -> str:
    """Protect a text's wildcards from being read as wildcards."""
    return text.translate(_SHIELD)


def plain(text: str) -> str:
    """A text with its protected wildcards as they were."""
    return text.translate(_UNSHIELD)


@functools.lru_cache(maxsize=4096)
def glob(pattern: str, *, fold: bool = False) -> re.Pattern[str]:
    """Compile a policy wildcard pattern."""
    text = "".join(_REGEX.get(letter, re.escape(letter)) for letter in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if fold else 0))


def _arn_like(pattern: str, value: str) -> bool:
    expected, found = pattern.split(":", 5), value.split(":", 5)
    if len(expected) != 6 or len(found) != 6:
        return pattern == "*"
    return all(glob(want).fullmatch(have) for want, have in zip(expected, found, strict=True))


def number(text: str) -> float:
    """A number as policies write it."""
    return float(text)


def moment(text: str) -> float:
    """A date as policies write it, an ISO 8601 form or epoch seconds, as epoch seconds."""
    if re.fullmatch(r"-?\d{5,}(\.\d+)?", text):
        return float(text)
    found = dt.datetime.fromisoformat(text)
    return found.replace(tzinfo=found.tzinfo or dt.UTC).timestamp()


def _compared(read: Callable[[str], float], compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def holds(want: str, have: str) -> bool:
        try:
            return compare(read(have), read(want))
        except ValueError:
            return False

    return holds


def _in_network(want: str, have: str) -> bool:
    try:
        return ipaddress.ip_address(have) in ipaddress.ip_network(want, strict=False)
    except ValueError:
        return False


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "equals": operator.eq,
    "lessthan": operator.lt,
    "lessthanequals": operator.le,
    "greaterthan": operator.gt,
    "greaterthanequals": operator.ge,
}

POSITIVE: dict[str, Callable[[str, str], bool]] = {
    "stringequals": lambda want, have: plain(want) == have,
    "stringequalsignorecase": lambda want, have: plain(want).lower() == have.lower(),
    "stringlike": lambda want, have: glob(want).fullmatch(have) is not None,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": lambda want, have: want.lower() == have.lower(),
    "binaryequals": operator.eq,
    "ipaddress": _in_network,
    **{f"numeric{name}": _compared(number, compare) for name, compare in _ORDERS.items()},
    **{f"date{name}": _compared(moment, compare) for name, compare in _ORDERS.items()},
}
NEGATIVE = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
}
KNOWN = frozenset({*POSITIVE, *NEGATIVE, "null"})
WITH_VARIABLES = ("string", "arn")
"""Operators whose values may hold policy variables, by their beginning."""


def check(name: str, value: str) -> None:
    """Refuse a wanted value that the operator cannot read."""
    base = NEGATIVE.get(name, name)
    readable = base not in {"bool", "null"} or value.lower() in {"true", "false"}
    try:
        if base.startswith("numeric"):
            number(value)
        elif base.startswith("date"):
            moment(value)
        elif base == "ipaddress":
            ipaddress.ip_network(value, strict=False)
        elif base == "binaryequals":
            base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        readable = False
    if not readable:
        raise MalformedPolicyError(f"{value!r} is no value for a condition with {name}")
