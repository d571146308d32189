"""Short forms for durations (`3d`, `90s`, `1h30m`) and sizes (`8GiB`) in world files and the control API."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_BYTES = {"": 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|TiB)?")


def seconds(value: str | float) -> float:
    """Read a duration."""
    if isinstance(value, bool):
        raise ValueError("a duration is a number of seconds or a text like 90s, 1h30m, 3d")  # noqa: TRY004 - pydantic
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is no duration")
        return float(value)
    if not _DURATION.fullmatch(value):
        raise ValueError(f"{value!r} is no duration; write seconds or a text like 90s, 1h30m, 3d")
    return sum(float(part[:-1]) * _SECONDS[part[-1]] for part in re.findall(r"[\d.]+[smhdw]", value))


def signed_seconds(value: str | float) -> float:
    """Read a duration that may point backwards: `-20m`."""
    if isinstance(value, str) and value.startswith("-"):
        return -seconds(value[1:])
    return seconds(value)


def size(value: str | float) -> int:
    """Read a size in bytes."""
    found = _SIZE.fullmatch(str(value).strip())
    if isinstance(value, bool) or not found:
        raise ValueError(f"{value!r} is no size; write bytes or a text like 8GiB")
    return int(float(found[1]) * _BYTES[found[2] or ""])


# What the JSON schema says about the short forms: numbers, or texts of these patterns.
_Duration = Annotated[float, Field(ge=0)] | Annotated[str, Field(pattern=rf"^{_DURATION.pattern}$")]
_Signed = float | Annotated[str, Field(pattern=rf"^-?{_DURATION.pattern}$")]
_Bytes = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=rf"^{_SIZE.pattern}$")]
Seconds = Annotated[float, BeforeValidator(seconds, json_schema_input_type=_Duration), Field(ge=0)]
SignedSeconds = Annotated[float, BeforeValidator(signed_seconds, json_schema_input_type=_Signed)]
Bytes = Annotated[int, BeforeValidator(size, json_schema_input_type=_Bytes), Field(ge=0)]
