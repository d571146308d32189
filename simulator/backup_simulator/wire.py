"""What comes in and what goes out, free of any HTTP server.

A `Request` holds the raw path and the raw bytes, because signatures and routes are decided on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = Any
"""A value whose type the service model decides."""

Params = dict[str, Value]


class Arrival(StrEnum):
    """How an answer reaches its caller."""

    WHOLE = "whole"
    DROPPED = "dropped"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it came over the wire; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    peer: str = "127.0.0.1"
    """The caller's address."""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer, and how it arrives."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delay: float = 0.0
    arrival: Arrival = Arrival.WHOLE


class AwsError(Exception):
    """An error that AWS would answer; `members` are further members of its shape."""

    def __init__(self, code: str, message: str = "", *, status: int = 400, **members: Value) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members: Params = members


class CommonError(AwsError):
    """An error every service knows, whose code and status depend on the protocol."""


def unimplemented(what: str) -> CommonError:
    """What the simulator answers to what it does not do: 501, and in words what that is."""
    return CommonError("NotImplemented", f"The simulator does not implement {what}")


class BrokenAnswerError(Exception):
    """An answer of ours breaks the service model: a bug of the simulator."""


class SimulatorError(Exception):
    """The simulator cannot answer truthfully, for example because of a policy operator it does not know."""


class HappeningError(SimulatorError):
    """Something that was due in virtual time failed; all else that was due has happened."""
