"""Short forms for durations (`3d`, `90s`, `1h30m`) and sizes (`8GiB`) in world files and the control API."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

FURTHEST = 1000 * 365.25 * 86_400.0
"""The longest duration: dates end with the year 9999, and begin with the year 1."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_BYTES = {"": 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|TiB)?")


def seconds(value: str | float) -> float:
    """Read a duration."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a duration is a number of seconds or a text like 90s, 1h30m, 3d")  # noqa: TRY004 - pydantic
    if isinstance(value, str):
        if not _DURATION.fullmatch(value):
            raise ValueError(f"{value!r} is no duration; write seconds or a text like 90s, 1h30m, 3d")
        value = sum(float(part[:-1]) * _SECONDS[part[-1]] for part in re.findall(r"[\d.]+[smhdw]", value))
    if not -FURTHEST <= value <= FURTHEST:
        raise ValueError("a duration is a thousand years at most")
    return float(value)


def signed_seconds(value: str | float) -> float:
    """Read a duration that may point backwards: `-20m`."""
    if isinstance(value, str) and value.startswith("-"):
        return -seconds(value[1:])
    return seconds(value)


def size(value: str | float) -> int:
    """Read a size in bytes."""
    found = None if isinstance(value, bool) else _SIZE.fullmatch(str(value).strip())
    if not found:
        raise ValueError(f"{value!r} is no size; write bytes or a text like 8GiB")
    bytes_ = float(found[1]) * _BYTES[found[2] or ""]
    if bytes_ >= 2**63:
        raise ValueError("a size is less than 2^63 bytes")
    return int(bytes_)


# What the JSON schema says about the short forms: numbers, or texts of these patterns.
_Duration = (
    Annotated[float, Field(ge=0)]
    | Annotated[str, Field(pattern=rf"^{_DURATION.pattern}$", examples=["90s", "1h30m", "3d"])]
)
_Signed = float | Annotated[str, Field(pattern=rf"^-?{_DURATION.pattern}$", examples=["20m", "-20m"])]
_Bytes = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=rf"^{_SIZE.pattern}$", examples=["8GiB"])]
Seconds = Annotated[float, BeforeValidator(seconds, json_schema_input_type=_Duration), Field(ge=0)]
SignedSeconds = Annotated[float, BeforeValidator(signed_seconds, json_schema_input_type=_Signed)]
Bytes = Annotated[int, BeforeValidator(size, json_schema_input_type=_Bytes), Field(ge=0)]
