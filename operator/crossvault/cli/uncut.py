"""The status of a policy with its messages in whole: an object in a cluster has room for their beginnings only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..status.outcome import Outcome


def status(told: Outcome) -> dict[str, Any]:
    """Return the status that a pass came to, with nothing cut off what it says of prerequisites and failures."""
    found, report = dict(told.status or {}), told.report
    if report is None:
        return found
    rows = {(each.name, each.destination): each.message for each in report.unmet}
    failed = {(one.destination, str(one.reason)): one.message for each in report.destinations for one in each.failures}
    found["prerequisites"] = [_whole(each, rows.get(_row(each))) for each in found.get("prerequisites") or ()]
    found["failures"] = [_whole(each, failed.get(_failure(each))) for each in found.get("failures") or ()]
    return found


def _row(each: Mapping[str, Any]) -> tuple[str, str]:
    return each["name"], each.get("destination", "")


def _failure(each: Mapping[str, Any]) -> tuple[str, str]:
    return each.get("destination", ""), str(each["reason"])


def _whole(each: Mapping[str, Any], message: str | None) -> dict[str, Any]:
    return {**each, "message": message} if message else dict(each)
