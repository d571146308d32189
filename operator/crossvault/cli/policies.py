"""Policy documents as templates need them: no longer than IAM takes them, and with what is a parameter in its place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
Documents: TypeAlias = Sequence[Json]

INLINE, MANAGED, ATTACHED = 10_240, 6_144, 10
"""How long all policies in a role may be together, and one managed policy; and how many of those a role takes at first.

White space does not count. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""


def names_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the BackupAccounts that an entry is for."""
    return (entry["account"], *entry.get("alsoFor", ()))


def length(document: Mapping[str, Any]) -> int:
    """Return how long IAM finds a policy."""
    return len(json.dumps(document, separators=(",", ":")))


def split(document: Mapping[str, Any]) -> list[Json]:
    """Return a policy as it is where a role has room for it, else as managed policies, statement by statement."""
    if length(document) <= INLINE:
        return [dict(document)]
    frame = {key: each for key, each in document.items() if key != "Statement"}
    made: list[list[Json]] = [[]]
    for statement in (part for each in document["Statement"] for part in _parted(each, frame)):
        if made[-1] and length({**frame, "Statement": [*made[-1], statement]}) > MANAGED:
            made.append([])
        made[-1].append(statement)
    return [{**frame, "Statement": each} for each in made]


def _parted(statement: Json, frame: Mapping[str, Any]) -> list[Json]:
    """Return a statement, in as many as its resources need: by the Sid of the first and numbers."""
    resources = statement["Resource"]
    if length({**frame, "Statement": [statement]}) <= MANAGED or isinstance(resources, str) or len(resources) < 2:
        return [statement]
    half = len(resources) // 2
    sid = statement["Sid"]
    return [
        part
        for side, some in (("", resources[:half]), ("Too", resources[half:]))
        for part in _parted({**statement, "Sid": sid + side, "Resource": some}, frame)
    ]


def replaced(part: Any, text: str, other: Any) -> Any:  # noqa: ANN401 - any part of a document
    """Return a part of a document with one text, as a whole value, replaced."""
    match part:
        case dict():
            return {key: replaced(each, text, other) for key, each in part.items()}
        case list():
            return [replaced(each, text, other) for each in part]
        case _:
            return other if part == text else part
