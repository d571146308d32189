"""Amazon Resource Names, taken apart; the account of a bucket's and the Region of a role's are empty."""

from __future__ import annotations

from typing import NamedTuple


class Arn(NamedTuple):
    """What stands behind `arn:aws:`."""

    service: str
    region: str
    account: str
    resource: str
    """The rest, with whatever slashes and colons a service has there."""


NONE = Arn("", "", "", "")


def of(text: str) -> Arn:
    """The parts of an ARN; all of them are empty for what is none, so that one comparison tells both."""
    parts = text.split(":", 5)
    return Arn(*parts[2:]) if len(parts) == 6 and parts[0] == "arn" else NONE


def last_name(text: str) -> str:
    """The last part of an ARN, behind the last slash or colon."""
    return text.replace("/", ":").rpartition(":")[2]
