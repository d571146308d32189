"""What a doctor says of accounts: whether their Regions are enabled, and their roles may do what is needed of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..aspects.permissions import NAME
from ..aspects.regions import NAME as REGIONS
from ..engine.rounds import Aws
from ..engine.rows import MET, UNKNOWN, UNMET
from ..kinds.account.reconcile import AccountRequest
from ..kinds.account.status import ENABLED, PERMITTED
from ..status.conditions import FALSE, TRUE, condition_of
from ..status.outcome import Cadence
from ..words.reasons import Reason
from .diagnoses import Seen, stale_of, without_strange


def looked(request: AccountRequest, aws: Aws, now: datetime) -> Seen | None:
    """Look at an account that something names; None where it cannot be entered, which the policies tell."""
    told = request.reconcile(aws, clock=lambda: now, cadence=Cadence())
    return _seen(request.body, told.status or {})


def read(body: Mapping[str, Any]) -> Seen | None:
    """Return an account as a cluster has it; None of one that nothing names, or that was never looked at."""
    status = body.get("status") or {}
    seen = _seen(body, status)
    if seen is None:
        return None
    ready = condition_of(status, "Ready") or {}
    return Seen(seen.name, body, seen.status, stale=stale_of(body["metadata"], status, ready), beside=True)


def _seen(body: Mapping[str, Any], status: Mapping[str, Any]) -> Seen | None:
    permitted = condition_of(status, PERMITTED)
    if permitted is None or (condition_of(status, "Ready") or {}).get("status") != TRUE:
        return None
    rows = [{**without_strange(each), "name": NAME} for each in status.get("permissions") or ()]
    met = {"name": NAME, "status": str(MET), "reason": str(Reason.ALL_MET), "message": permitted.get("message", "")}
    return Seen(
        f"account {body['metadata']['name']}",
        body,
        {"prerequisites": [*_regions(status), *(rows or [met])]},
        beside=True,
    )


def _regions(status: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the row about the Regions to opt into; none where the account is used in none."""
    found = condition_of(status, ENABLED)
    if found is None:
        return []
    word = {TRUE: MET, FALSE: UNMET}.get(found["status"], UNKNOWN)
    return [{"name": REGIONS, "status": str(word), "reason": found["reason"], "message": found["message"]}]
