"""Policies that AWS manages, by ARN; their documents are beside this file."""

from __future__ import annotations

import functools
import json
from importlib import resources

from ...identity import policy
from ...records.access import ManagedPolicy
from ...wire import CommonError

PREFIX = "arn:aws:iam::aws:policy/"
CREATED = 1_447_000_000.0


@functools.cache
def _documents() -> dict[str, policy.Document]:
    text = resources.files(__package__).joinpath("aws_managed.json").read_text(encoding="utf-8")
    found: dict[str, policy.Document] = json.loads(text)
    return found


def arns() -> list[str]:
    """The ARNs of all AWS managed policies that the simulator knows."""
    return [PREFIX + name for name in _documents()]


def unknown(arn: str) -> str | None:
    """What to say of a policy of AWS's that is not known here; None for known ones and for ARNs of accounts."""
    if not arn.startswith(PREFIX) or arn.removeprefix(PREFIX) in _documents():
        return None
    return f"The simulator does not know the AWS managed policy {arn.removeprefix(PREFIX)}"


def sought(arn: str) -> ManagedPolicy | None:
    """As `find`, but answers 501 by name where AWS might have the policy and the simulator does not."""
    if text := unknown(arn):
        raise CommonError("NotImplemented", text)
    return find(arn)


@functools.cache
def find(arn: str) -> ManagedPolicy | None:
    """One AWS managed policy; nobody can change it, so all worlds share it."""
    document = _documents().get(arn.removeprefix(PREFIX)) if arn.startswith(PREFIX) else None
    if document is None:
        return None
    number = int(document.get("DefaultVersionId", 1))
    compiled = policy.compiled({"Version": "2012-10-17", "Statement": document["Statement"]})
    digits = "".join(letter for letter in arn.upper() if letter.isalnum())[-17:].rjust(17, "A")
    version = f"v{number}"
    return ManagedPolicy(arn, f"ANPA{digits}", CREATED, {version: (compiled, CREATED)}, default=version, latest=number)
