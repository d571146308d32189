"""The clock that hosts use unless they are given another one."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)
