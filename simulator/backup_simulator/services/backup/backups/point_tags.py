"""The tags that a backup job or a rule gives to its recovery points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ... import tag_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_OF_RULE = 10


def flaw(tags: Mapping[str, str], *, most: int) -> str | None:
    """What is wrong with tags; None when nothing is."""
    if len(tags) > most:
        return f"Invalid recovery point tags. There cannot be more than {most} tags"
    for key, value in tags.items():
        if tag_rules.is_reserved(key):
            return f"Invalid recovery point tags. Tag keys cannot start with aws: {key}"
        if not 1 <= len(key) <= tag_rules.LONGEST_KEY or len(value) > tag_rules.LONGEST_VALUE:
            return f"Invalid recovery point tags. {key[: tag_rules.LONGEST_KEY]} is too long or empty"
    return None


FIDELITY = (
    Behaviour(
        "A rule gives ten tags at most, none of them in the namespace aws:",
        "DG; texts and error code: assumed",
        "test_plans.py::test_a_plan_that_cannot_be_is_refused",
    ),
)
