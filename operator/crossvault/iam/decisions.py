"""What IAM itself decides when it is asked to try something out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Decision:
    """What IAM decided of one action on one resource.

    Attributes:
        allowed: None where keys decide that nobody gave, which are ``missing`` then.
        explicitly: It is denied by a statement that says so.
    """

    allowed: bool | None
    explicitly: bool = False
    missing: tuple[str, ...] = ()


Decisions: TypeAlias = Mapping[tuple[str, str], Decision]
"""By action and resource; an answer may leave something out."""
