"""The table of policies, with the columns that ``kubectl get cabp`` has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from ..words.texts import plain

COLUMNS = ("NAMESPACE", "NAME", "READY", "REASON", "COPIED", "FAILED", "INELIGIBLE", "LAG", "LAST COPY", "SUSPENDED")


_WIDE = 1000
"""As kubectl, a table is as wide as its longest names: a name that is cut is nobody's name."""


def policies(entries: Iterable[Mapping[str, Any]], now: datetime) -> str:
    """Render the policies of a document of statuses as kubectl would."""
    table = Table(box=None, show_edge=False, pad_edge=False, header_style="")
    for column in COLUMNS:
        table.add_column(column, no_wrap=True)
    for entry in entries:
        table.add_row(*map(plain, _cells(entry, now)))
    console = Console(width=_WIDE, no_color=True, highlight=False, markup=False)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _cells(entry: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    summary = entry["status"].get("summary") or {}
    status, reason = entry["ready"]
    return (
        entry["namespace"],
        entry["name"],
        status,
        reason,
        summary.get("copied", ""),
        str(summary.get("failed", "")),
        str(summary.get("ineligible", "")),
        _age(summary.get("oldestGap"), now),
        _age(summary.get("lastCompleted"), now),
        str(entry["suspended"]).lower(),
    )


def _age(instant: str | None, now: datetime) -> str:
    """Write an age with the precision kubectl has: two units at most, fewer the older it is."""
    if instant is None:
        return ""
    seconds = max(0, int((now - datetime.fromisoformat(instant).astimezone(UTC)).total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 2:
        return f"{seconds}s"
    if minutes < 10 and seconds % 60:
        return f"{minutes}m{seconds % 60}s"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8 and minutes % 60:
        return f"{hours}h{minutes % 60}m"
    if days < 2:
        return f"{hours}h"
    return f"{days}d{hours % 24}h" if days < 8 and hours % 24 else f"{days}d"
