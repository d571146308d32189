"""Instants as Kubernetes writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(moment: datetime | None) -> str | None:
    """Write an instant as Kubernetes does: RFC 3339, UTC, whole seconds."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: object) -> datetime | None:
    """Read an instant that :func:`instant` wrote; None when there is none, or none that can be read."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if isinstance(text, str) else None
    except (ValueError, OverflowError):
        return None
