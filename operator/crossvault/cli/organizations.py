"""What a doctor in a cluster says of organizations: what keeps their switch from being as declared, and what left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..aspects.identity import ROW as IDENTITY
from ..aspects.organization.former import ROW as MEMBERS_ROW
from ..aspects.organization.switch import MANAGEMENT_ROW, SWITCH_ROW
from ..engine.rows import UNKNOWN, UNMET
from ..status.conditions import FALSE, TRUE, condition_of
from ..words.reasons import Reason
from . import switches
from .diagnoses import REFUSED, Seen, stale_of

_NOT_MANAGED = frozenset({Reason.NOT_MANAGEMENT_ACCOUNT, Reason.NO_ORGANIZATION})
NOT_ENTERED = frozenset(
    {
        *(Reason.ASSUME_ROLE_DENIED, Reason.ROLE_NOT_FOUND, Reason.WRONG_ACCOUNT),
        *(Reason.EXTERNAL_ID_REFUSED, Reason.EXTERNAL_ID_UNREADABLE),
        *(Reason.NO_CREDENTIALS, Reason.CREDENTIALS_EXPIRED, Reason.CREDENTIALS_REFUSED, Reason.INSECURE_ENDPOINT),
    }
)
"""Reasons for which an account was not entered, so that nothing was seen of its organization."""


def read(body: Mapping[str, Any]) -> Seen:
    """Return an organization as a cluster has it: what its conditions say is not so, under the names of the rows."""
    metadata, status = body["metadata"], body.get("status") or {}
    name, since = f"organization {metadata['name']}", status.get("lastChanged")
    ready = condition_of(status, "Ready")
    if ready is None:
        words = "The operator has not looked at it yet: see that it runs."
        problem = {"reason": str(Reason.CANNOT_OBSERVE), "message": words}
        return Seen(name, body, problem=problem, beside=True)
    if ready.get("reason") in REFUSED:
        problem = {each: str(ready.get(each, "")) for each in ("reason", "message")}
        return Seen(name, body, problem=problem, since=since, beside=True)
    rows: dict[str, dict[str, str]] = {}
    for kind in ("Synced", "MembersOnly"):
        found = condition_of(status, kind) or {}
        if found.get("status", TRUE) != TRUE:
            row = _row(kind, found)
            rows.setdefault(row["name"], row)
    told = {"prerequisites": [*rows.values()], "organization": status.get("organizationId")}
    dark = switches.unseen({"unmet": told["prerequisites"]})
    stale = stale_of(metadata, status, ready, dark=dark is not None)
    return Seen(name, body, told, dark, stale, since, beside=True)


def _row(kind: str, condition: Mapping[str, Any]) -> dict[str, str]:
    """Return a condition that is not true as the row that it is of."""
    reason = condition.get("reason", "")
    name = MEMBERS_ROW if kind == "MembersOnly" else SWITCH_ROW
    if reason in _NOT_MANAGED:
        name = MANAGEMENT_ROW
    elif reason in NOT_ENTERED:
        name = IDENTITY
    word = UNMET if condition["status"] == FALSE else UNKNOWN
    return {"name": name, "status": str(word), "reason": reason, "message": condition.get("message", "")}
