"""Pages of lists whose tokens are bound to nothing: the position to go on from, or the last name that was shown."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Item = TypeVar("Item")


class BadTokenError(ValueError):
    """A token that no page came with."""


def by_position(items: Sequence[Item], token: str | None, size: int) -> tuple[list[Item], str | None]:
    """One page, and the token of the next."""
    start = _position(token) if token else 0
    following = start + size
    more = base64.b64encode(str(following).encode()).decode() if following < len(items) else None
    return list(items[start:following]), more


def _position(token: str) -> int:
    try:
        found = int(base64.b64decode(token, validate=True))
    except ValueError:
        found = -1
    if found < 0:
        raise BadTokenError(token)
    return found


def by_name(names: Iterable[str], token: str | None, size: int) -> tuple[list[str], str | None]:
    """One page of names in their order, and the token of the next."""
    left = sorted(name for name in names if name > (token or ""))
    return left[:size], left[size - 1] if len(left) > size else None
