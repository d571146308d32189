"""The table of policies, with the columns that ``kubectl get cabp`` has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from ..words.texts import plain

COLUMNS = ("NAMESPACE", "NAME", "READY", "REASON", "COPIED", "FAILED", "INELIGIBLE", "LAG", "LAST COPY", "SUSPENDED")
ORGANIZATION_COLUMNS = ("ORGANIZATION", "READY", "REASON", "TOGGLE", "DESIRED", "MEMBERS", "FORMER")

_WIDE = 1000
"""As kubectl, a table is as wide as its longest names: a name that is cut is nobody's name."""


def policies(entries: Iterable[Mapping[str, Any]], now: datetime) -> str:
    """Render the policies of a document of statuses as kubectl would."""
    return _table(COLUMNS, (_cells(entry, now) for entry in entries))


def organizations(entries: Iterable[Mapping[str, Any]]) -> str:
    """Render the organizations of a document of statuses, with the columns that ``kubectl get borg`` has."""
    return _table(ORGANIZATION_COLUMNS, map(_organization, entries))


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    table = Table(box=None, show_edge=False, pad_edge=False, header_style="")
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*map(plain, row))
    console = Console(width=_WIDE, no_color=True, highlight=False, markup=False)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _organization(entry: Mapping[str, Any]) -> tuple[str, ...]:
    status = entry["status"]
    toggle, members = status.get("crossAccountBackup", "Unknown"), status.get("members")
    return (
        entry["name"],
        *entry["ready"],
        "?" if toggle == "Unknown" else toggle,
        entry["desired"],
        "?" if members is None else str(members),
        str(status.get("former", "")),
    )


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
