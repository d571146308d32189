"""What a pass over a BackupAccount says: who the role leads to, and what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...aspects.copies.figures import instant
from ...engine.model import AccountSight, PolicyKey, Seen, Unseen
from ...status import conditions
from ...status.announcements import sentence, stamp, transitions, turned_false
from ...status.conditions import Condition, condition_of
from ...status.summary import Cadence, Outcome, Report
from ...words.problems import ErrorClass
from ...words.reasons import Reason

NAMED = 5
"""So many of the accounts that share a way in are named."""


def summarise_account(
    sight: AccountSight,
    body: Mapping[str, Any],
    *,
    twins: tuple[str, ...] = (),
    now: datetime,
    cadence: Cadence,
) -> Outcome:
    """Say what the role of an account shows, and which other BackupAccounts enter with it (``twins``).

    Who else there is, and whose identity was refused, stands in the status, which cluster administrators read. Events
    about it lie in namespace ``default`` and do not say it.
    """
    metadata, previous = body["metadata"], body.get("status") or {}
    generation = metadata.get("generation", 1)
    ready = _account_ready(sight)
    judged = (ready, *_while_true(ready), *_shared(twins))
    status: dict[str, Any] = {
        "observedGeneration": generation,
        "conditions": stamp(judged, previous, generation, now),
        **_account_fields(sight, previous, now),
    }
    problem = sight.identity.problem if isinstance(sight.identity, Unseen) else None
    return Outcome(
        status=status,
        events=transitions(judged, previous),
        requeue=cadence.interval,
        failed=problem is not None and problem.error_class is ErrorClass.RETRY,
        summary=sentence((), judged, previous),
        warnings=turned_false(judged, previous),
        report=Report(
            kind="BackupAccount",
            key=PolicyKey("", sight.account.name),
            conditions=tuple((each.type, each.status, each.reason) for each in judged),
            observed_at=now,
        ),
    )


def _account_ready(sight: AccountSight) -> Condition:
    if isinstance(sight.identity, Unseen):
        problem = sight.identity.problem
        status = conditions.UNKNOWN if problem.error_class is ErrorClass.RETRY else conditions.FALSE
        return Condition("Ready", status, problem.reason, problem.message, problem.detail)
    role = sight.account.role_arn or "the operator's own credentials"
    return Condition("Ready", conditions.TRUE, Reason.VERIFIED, f"{role} is account {sight.account.account_id}.")


def _while_true(ready: Condition) -> tuple[Condition, ...]:
    """Return the condition that says who can end what is not ready (kstatus): time, or a person."""
    if ready.status == conditions.TRUE:
        return ()
    kind = "Stalled" if ready.status == conditions.FALSE else "Reconciling"
    return (Condition(kind, conditions.TRUE, ready.reason, ready.message, ready.detail),)


def _shared(twins: tuple[str, ...]) -> tuple[Condition, ...]:
    """Return the condition that says that one way in goes by several names."""
    if not twins:
        return ()
    more = f" and {len(twins) - NAMED} more" if len(twins) > NAMED else ""
    message = (
        "Another BackupAccount enters this account with the same role and External ID: whoever may name one of them"
        " reaches what the other one guards, and each has limits of its own. Keep one, or give them different roles."
    )
    names = f"It is {', '.join(sorted(twins)[:NAMED])}{more}."
    return (Condition("Shared", conditions.TRUE, Reason.ROLE_SHARED, message, names),)


def _account_fields(sight: AccountSight, previous: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return what was seen; what could not be looked at is left out, except the toggle, which says Unknown."""
    fields: dict[str, Any] = {"crossAccountBackup": "Unknown"}
    if isinstance(sight.identity, Unseen):
        return fields
    fields["accountId"] = sight.identity.value
    was_verified = (condition_of(previous, "Ready") or {}).get("status") == conditions.TRUE
    fields["verifiedAt"] = previous.get("verifiedAt") if was_verified and "verifiedAt" in previous else instant(now)
    if not isinstance(sight.organization, Unseen) and sight.organization.value is not None:
        fields["organizationId"] = sight.organization.value.id
        fields["managementAccountId"] = sight.organization.value.management_account_id
    if isinstance(sight.cross_account_backup, Seen):
        fields["crossAccountBackup"] = "Enabled" if sight.cross_account_backup.value else "Disabled"
    return fields
