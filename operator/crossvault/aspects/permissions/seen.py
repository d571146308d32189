"""What was seen of the permissions of an account's role: what IAM decided, and what AWS has denied to passes."""

from __future__ import annotations

from dataclasses import dataclass

from ...engine.looks import UNASKED, Look
from ...engine.parts import Part
from ...iam.decisions import Decisions


@dataclass(frozen=True, slots=True)
class Denial:
    """An action that AWS has just denied to a pass, and what was said of that."""

    action: str
    message: str


TRIAL: Part[Look[Decisions | None]] = Part("trial", UNASKED)
"""What IAM decided about everything that is wanted of the role; None when it knows no such role."""

DENIALS: Part[tuple[Denial, ...]] = Part("denials", ())
"""What passes were denied of late, in whatever order; what was allowed since is none."""
