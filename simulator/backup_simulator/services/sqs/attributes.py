"""Attributes of messages: what they may be, their digest as AWS computes it, and which of them a receiver asked for.

Pure. Source of bounds and digest: SQS Developer Guide, "Amazon SQS message metadata"; the texts are of public reports.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from ...fidelity import Behaviour
from ...wire import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Attributes = dict[str, dict[str, Any]]
MAX_ATTRIBUTES = 10
FORBIDDEN = re.compile(r"[^\u0009\u000A\u000D\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""What neither a body nor a text of an attribute may hold."""
TRACE = "AWSTraceHeader"
_NAME = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_TYPE = re.compile(r"(String|Number|Binary)(?:\.[A-Za-z0-9_.-]{1,249})?")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_TRANSPORT = {"String": b"\x01", "Number": b"\x01", "Binary": b"\x02"}


def checked(attributes: Attributes, what: str = "message (user) attribute") -> Attributes:
    """The attributes of a message; raises what AWS answers for those it does not take."""
    if len(attributes) > MAX_ATTRIBUTES:
        text = f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MAX_ATTRIBUTES}]."
        raise _invalid(text)
    for name, value in attributes.items():
        _check(name, value, what)
    return attributes


def _check(name: str, value: dict[str, Any], what: str) -> None:
    if not _NAME.fullmatch(name) or name.lower().startswith(("aws.", "amazon.")):
        raise _invalid(f"The {what} name '{name}' is invalid.")
    if value.get("StringListValues") or value.get("BinaryListValues"):
        text = "Message attribute list values in SendMessage operation are not supported."
        raise AwsError("UnsupportedOperation", text)
    kind = _TYPE.fullmatch(value["DataType"])
    if not kind:
        text = "the set of supported type prefixes is Binary, Number, and String."
        raise _invalid(f"The {what} '{name}' has an invalid type '{value['DataType']}', {text}")
    wanted, other = _members(kind[1])
    if value.get(other) is not None:
        raise _invalid(f"The {what} '{name}' with type '{kind[1]}' must use field '{wanted[:-5]}'.")
    if not value.get(wanted):
        raise _invalid(f"The {what} '{name}' must contain a non-empty value of type '{kind[1]}'.")
    if kind[1] != "Binary" and FORBIDDEN.search(value[wanted]):
        raise AwsError("InvalidMessageContents", f"The {what} '{name}' contains characters outside the allowed set.")
    if kind[1] == "Number" and not _NUMBER.fullmatch(value[wanted]):
        raise _invalid(f"Can't cast the value of {what} '{name}' to a number.")


def _members(kind: str) -> tuple[str, str]:
    return ("BinaryValue", "StringValue") if kind == "Binary" else ("StringValue", "BinaryValue")


def trace(system: Attributes) -> str | None:
    """The X-Ray header among a message's system attributes, the only one that a sender may set."""
    if strange := sorted(set(system) - {TRACE}):
        raise _invalid(f"Message system attribute name '{strange[0]}' is invalid.")
    if not system:
        return None
    checked(system, "message system attribute")
    if system[TRACE]["DataType"] != "String":
        raise _invalid(f"Message system attribute '{TRACE}' must be of type String.")
    return str(system[TRACE]["StringValue"])


def size(attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """How many bytes attributes add to a message: names, types and values."""
    return sum(sum(map(len, _encoded(name, value)[:3])) for name, value in attributes.items())


def digest(attributes: Mapping[str, Mapping[str, Any]]) -> str | None:
    """MD5 over names, types and values in order of names, each behind its length; None without attributes."""
    if not attributes:
        return None
    found = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        label, kind, content, transport = _encoded(name, attributes[name])
        for part in (label, kind):
            found.update(len(part).to_bytes(4, "big") + part)
        found.update(transport + len(content).to_bytes(4, "big") + content)
    return found.hexdigest()


def _encoded(name: str, value: Mapping[str, Any]) -> tuple[bytes, bytes, bytes, bytes]:
    kind = value["DataType"].partition(".")[0]
    content = value[_members(kind)[0]]
    return (
        name.encode(),
        value["DataType"].encode(),
        content if isinstance(content, bytes) else content.encode(),
        _TRANSPORT[kind],
    )


def chosen(attributes: Mapping[str, Mapping[str, Any]], asked: Iterable[str]) -> Attributes:
    """Those that a receiver asked for: by name, `All`, `.*`, or `prefix.*`."""
    wanted = tuple(asked)
    return {
        name: dict(value) for name, value in attributes.items() if any(_is_asked(name, pattern) for pattern in wanted)
    }


def _is_asked(name: str, pattern: str) -> bool:
    return pattern in {"All", ".*", name} or (pattern.endswith(".*") and name.startswith(pattern[:-1]))


def _invalid(text: str) -> AwsError:
    return AwsError("InvalidParameterValue", text)


FIDELITY = (
    Behaviour(
        "Message attributes: ten at most, typed, part of the message's size; receivers choose by name, prefix or All",
        "DG; texts: issue, partly assumed",
        "test_sqs_attributes.py::test_attributes_travel_with_a_message",
    ),
    Behaviour(
        "MD5OfMessageAttributes covers the attributes that are shown",
        "DG (how it is computed); that it is over those shown: assumed",
        "test_sqs_attributes.py::test_the_digest_is_the_documented_one",
    ),
    Behaviour(
        "The form of an X-Ray header in AWSTraceHeader is not looked at",
        "missing",
    ),
)
