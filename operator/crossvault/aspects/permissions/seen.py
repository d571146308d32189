"""What was seen of the permissions of an account's role: what IAM decided, and what AWS has denied to passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...engine.looks import UNASKED, Look
from ...engine.parts import Part
from ...iam.decisions import Decisions


@dataclass(frozen=True, slots=True)
class Denial:
    """An action that AWS has just denied to a pass, and what was said of that.

    Attributes:
        explicitly: AWS names a statement that denies it.
        by_the_role: AWS names what refused it, and that is of the role itself: its policies or its boundary.
    """

    action: str
    message: str
    explicitly: bool = False
    by_the_role: bool = False


TRIAL: Part[Look[Decisions | None]] = Part("trial", UNASKED)
"""What IAM decided about everything that is wanted of the role; None when it knows no such role."""

DENIALS: Part[tuple[Denial, ...]] = Part("denials", ())
"""What passes were denied of late, in whatever order; what was allowed since is none."""

PASSED: Part[frozenset[str]] = Part("passed", frozenset())
"""The actions that AWS has let pass of late: in passes, and when they were tried out."""

ATTEMPTS: Part[Look[Mapping[str, bool | None]]] = Part("attempts", UNASKED)
"""Whether AWS let a harmless read pass, by action, where IAM decides nothing; None where it does not tell."""
