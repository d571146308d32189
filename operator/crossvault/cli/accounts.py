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
from ..kinds.account.status import ENABLED, PERMITTED, SHARED
from ..status.conditions import FALSE, TRUE, condition_of
from ..status.outcome import Cadence
from ..words.reasons import Reason
from . import ways
from .diagnoses import Seen, stale_of, without_strange


def looked(request: AccountRequest, aws: Aws, now: datetime) -> Seen | None:
    """Look at an account that something names; None where nothing does, or it cannot be entered: policies tell that.

    With whom it shares its way in is told by :func:`shared`.
    """
    if not request.wants:
        return None
    told = request.reconcile(aws, clock=lambda: now, cadence=Cadence())
    return _seen(request.body, _of_role(told.status or {}))


def read(body: Mapping[str, Any]) -> Seen | None:
    """Return an account as a cluster has it; None of one that nothing names, or that was never looked at."""
    status = body.get("status") or {}
    rows, twin = _of_role(status), condition_of(status, SHARED) or {}
    if twin.get("status") == TRUE:
        rows.append(_shared(twin.get("message", "")))
    seen = _seen(body, rows)
    if seen is None:
        return None
    ready = condition_of(status, "Ready") or {}
    return Seen(seen.name, body, seen.status, stale=stale_of(body["metadata"], status, ready), beside=True)


def shared(names: tuple[str, ...], body: Mapping[str, Any]) -> Seen:
    """Return what is told of the first of some accounts that are entered in the same way."""
    return Seen(f"account {names[0]}", body, {"prerequisites": [_shared(ways.message(names))]}, beside=True)


def _shared(message: str) -> dict[str, str]:
    return {"name": SHARED, "status": str(UNMET), "reason": str(Reason.ROLE_SHARED), "message": message}


def _seen(body: Mapping[str, Any], rows: list[Mapping[str, Any]]) -> Seen | None:
    return Seen(f"account {body['metadata']['name']}", body, {"prerequisites": rows}, beside=True) if rows else None


def _of_role(status: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the rows about what the role may do and where; none of an account that nothing named or nobody entered."""
    permitted = condition_of(status, PERMITTED)
    if permitted is None or (condition_of(status, "Ready") or {}).get("status") != TRUE:
        return []
    rows = [{**without_strange(each), "name": NAME} for each in status.get("permissions") or ()]
    met = {"name": NAME, "status": str(MET), "reason": str(Reason.ALL_MET), "message": permitted.get("message", "")}
    return [*_regions(status), *(rows or [met])]


def _regions(status: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the row about the Regions to opt into; none where the account is used in none."""
    found = condition_of(status, ENABLED)
    if found is None:
        return []
    word = {TRUE: MET, FALSE: UNMET}.get(found["status"], UNKNOWN)
    return [{"name": REGIONS, "status": str(word), "reason": found["reason"], "message": found["message"]}]
