"""Reading untyped manifests member by member, and collecting everything that is wrong with them.

Pure and total: a reader never raises. It hands out a stand-in of the right type and records a :class:`Fault`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from ..words import texts

E = TypeVar("E", bound=StrEnum)

_DURATION = re.compile(r"([0-9]{1,5}[smhd]){1,4}")
_TERM = re.compile(r"([0-9]{1,5})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a manifest: ``path`` as in ``spec.destinations[1].lifecycle.deleteAfterDays``."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


_SHOWN = 80
MIN_RATE, MAX_RATE = 0.1, 1000.0


def parse_duration(text: str) -> timedelta | None:
    """Parse a sum such as ``90m`` or ``1d12h``; None when it is no duration, or not longer than zero."""
    if not _DURATION.fullmatch(text):
        return None
    length = sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _TERM.findall(text)), timedelta())
    return length or None


def format_duration(length: timedelta) -> str:
    """Write whole seconds the way ``parse_duration`` reads them, in the largest units but with hours up to 48h."""
    rest = int(length.total_seconds())
    terms = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        if unit == "d" and rest <= 2 * size:
            continue
        count, rest = divmod(rest, size)
        terms.append(f"{count}{unit}" if count else "")
    return "".join(terms) or "0s"


def parse_time(text: str) -> datetime | None:
    """Parse RFC 3339; None when it is no time or names no time zone."""
    if not _TIME.fullmatch(text.upper()):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None


def kind_of(value: object) -> str:
    """Name the JSON type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string" if value else "an empty string"
        case Mapping():
            return "an object"
        case _:
            return "a list"


def show(value: object) -> str:
    """Show a scalar in a message, shortened and safe to print; of anything else, its type."""
    if isinstance(value, Mapping | list | tuple) or value is None:
        return kind_of(value)
    if isinstance(value, int) and abs(value) >= 10**_SHOWN:  # Python refuses to write numbers of thousands of digits
        return "a number that is too large"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return texts.plain(text, _SHOWN) if text else kind_of(value)


class Fields:
    """One object of a manifest, read member by member.

    A reader never raises: what is wrong goes to ``faults``, which all readers of one body share, and a stand-in of the
    right type comes back. Nothing parsed leaves this module once there is a fault.
    """

    __slots__ = ("_faults", "_path", "_value")

    def __init__(self, value: Mapping[str, Any], path: str, faults: list[Fault]) -> None:
        self._value = value
        self._path = path
        self._faults = faults

    def at(self, name: str) -> str:
        """Return the path of a member."""
        return f"{self._path}.{name}" if self._path else name

    def fault(self, name: str, message: str) -> None:
        """Record that a member is wrong."""
        self._faults.append(Fault(self.at(name), message))

    def has(self, name: str) -> bool:
        """Tell whether a member is there; null counts as absent, as in the API server."""
        return self._value.get(name) is not None

    def says(self, name: str, value: str | bool) -> bool:
        """Tell whether a member is this text, or truth; whatever else it is, is for others to find wrong."""
        return self._value.get(name) == value

    def silently(self) -> Fields:
        """Return the same object for a second reader: what is wrong with it is told by the first."""
        return Fields(self._value, self._path, [])

    def text(self, name: str, default: str | None = None) -> str:
        """Read a string that is not empty; without a default it is required."""
        value = self._value.get(name)
        if value is None:
            if default is None:
                self.fault(name, "is required")
            return default or ""
        if isinstance(value, str) and value:
            return value
        self.fault(name, "must not be empty" if value == "" else f"must be a string, is {kind_of(value)}")
        return ""

    def optional_text(self, name: str) -> str | None:
        """Read a string that may be absent."""
        return self.text(name) if self.has(name) else None

    def flag(self, name: str) -> bool:
        """Read a boolean; absent is false."""
        value = self._value.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.fault(name, f"must be true or false, is {kind_of(value)}")
        return False

    def rate(self, name: str, default: float) -> float:
        """Read a rate per second. Slower than one in ten seconds would hold up every other account's work."""
        value = self._value.get(name)
        if value is None:
            return default
        if isinstance(value, int | float) and not isinstance(value, bool) and MIN_RATE <= value <= MAX_RATE:
            return float(value)
        self.fault(name, f"must be a number from {MIN_RATE} to {MAX_RATE:.0f}, is {show(value)}")
        return default

    def integer(self, name: str, default: int, *, minimum: int = 1) -> int:
        """Read a whole number."""
        value = self._value.get(name)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= 2**31:
            return value
        self.fault(name, f"must be a whole number of at least {minimum}, is {show(value)}")
        return default

    def optional_integer(self, name: str) -> int | None:
        """Read a whole number that may be absent."""
        return self.integer(name, 1) if self.has(name) else None

    def choice(self, name: str, default: E) -> E:
        """Read one member of an enumeration."""
        value = self._value.get(name)
        if value is None:
            return default
        kind = type(default)
        if isinstance(value, str) and value in set(kind):
            return kind(value)
        self.fault(name, f"must be one of {', '.join(kind)}, is {show(value)}")
        return default

    def choices(self, name: str, kind: type[E]) -> tuple[E, ...]:
        """Read a list of members of an enumeration, of which there must be at least one."""
        found = self.texts(name)
        if not found and not self.has(name):
            self.fault(name, "is required")
        elif not found:
            self.fault(name, "must have at least one item")
        for index, each in enumerate(found):
            if each not in set(kind):
                self.fault(f"{name}[{index}]", f"must be one of {', '.join(kind)}, is {show(each)}")
        return tuple(kind(each) for each in found if each in set(kind))

    def duration(self, name: str, *, maximum: timedelta | None = None) -> timedelta | None:
        """Read a duration longer than zero that may be absent."""
        text = self.optional_text(name)
        if not text:
            return None
        length = parse_duration(text)
        if length is None:
            self.fault(name, f"must be a duration longer than zero such as 24h, 90m or 1d12h, is {show(text)}")
        elif maximum and length > maximum:
            self.fault(name, f"must be at most {format_duration(maximum)}, is {show(text)}")
        return length

    def time(self, name: str) -> datetime | None:
        """Read an RFC 3339 time that may be absent."""
        text = self.optional_text(name)
        if not text:
            return None
        time = parse_time(text)
        if time is None:
            self.fault(name, f"must be a time with a time zone such as 2026-11-01T00:00:00Z, is {show(text)}")
        return time

    def object(self, name: str, *, required: bool = False) -> Fields:
        """Read an object. One that is absent or something else has no members, and those are not asked for."""
        value = self._value.get(name)
        if isinstance(value, Mapping):
            return Fields(value, self.at(name), self._faults)
        if value is not None:
            self.fault(name, f"must be an object, is {kind_of(value)}")
        elif required:
            self.fault(name, "is required")
        return Fields({}, self.at(name), [])

    def objects(self, name: str, *, required: bool = True) -> tuple[Fields, ...]:
        """Read a list of objects, of which there must be at least one where it is required."""
        if self._value.get(name) in (None, []):
            if required:
                self.fault(name, "must have at least one item")
            return ()
        return tuple(Fields(item, path, self._faults) for path, item in self._items(name, Mapping, "an object"))

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of strings; an absent one is empty."""
        return tuple(item for _, item in self._items(name, str, "a string"))

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """Read an object whose members are all strings, in the order of its keys."""
        return self.object(name).own_pairs()

    def own_pairs(self) -> tuple[tuple[str, str], ...]:
        """Read all members of this object, which must be strings."""
        pairs = []
        for name, value in self._value.items():
            if isinstance(value, str):
                pairs.append((str(name), value))
            else:
                self.fault(str(name), f"must be a string, is {kind_of(value)}")
        return tuple(sorted(pairs))

    def _items(self, name: str, kind: type, wanted: str) -> Iterator[tuple[str, Any]]:
        value = self._value.get(name)
        if value is None:
            return
        if not isinstance(value, list | tuple):
            self.fault(name, f"must be a list, is {kind_of(value)}")
            return
        for index, item in enumerate(value):
            if isinstance(item, kind) and item != "":
                yield f"{self.at(name)}[{index}]", item
            else:
                self.fault(f"{name}[{index}]", f"must be {wanted}, is {kind_of(item)}")
