"""What a pass over a BackupAccount says: who the role leads to, and what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...aspects import permissions, regions
from ...aspects.identity import IDENTITY
from ...aspects.organization import ORGANIZATION, SWITCH
from ...aspects.permissions import Lack
from ...aspects.source_keys.seen import SERVICE_ROLE
from ...engine.declared import PolicyKey
from ...engine.looks import UNASKED, Seen, Unseen
from ...engine.observed import Sight
from ...engine.rows import MET, UNMET, Prerequisite
from ...engine.wants import Want
from ...status.announcements import log_line, transitions, turned_false
from ...status.conditions import FALSE, TRUE, UNKNOWN, Condition, condition_of, stamp
from ...status.outcome import Cadence, Outcome, Report
from ...status.unseen import Face, summarise_refused
from ...words.instants import instant
from ...words.problems import ErrorClass
from ...words.reasons import Reason
from ...words.texts import clip
from ..rejected import Rejected
from .parse import KIND

NAMED = 5
"""So many of the accounts that share a way in are named, of the actions that are missing, and of who wants them."""
SHOWN, ACTIONS = 60, 40
"""More rows than there are rights; an action that is missing and stands in none could not be granted."""
LONGEST_ROW = 2000
"""How long the message of a row may be: it names every action that is missing, what for, and what AWS said."""
PERMITTED, ENABLED, SHARED = "PermissionsGranted", "RegionsEnabled", "Shared"


def summarise_account(
    sight: Sight,
    body: Mapping[str, Any],
    *,
    twins: tuple[str, ...] = (),
    wants: tuple[Want, ...] = (),
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
    lacks = permissions.judge(sight, wants)
    found = regions.judge(sight, wants)
    about = regions.row(sight, found)
    judged = (ready, *_permitted(wants, lacks), *_enabled(about), *_while_true(ready), *_shared(twins))
    status: dict[str, Any] = {
        "observedGeneration": generation,
        "conditions": stamp(judged, previous, generation, now),
        **_account_fields(sight, previous, now),
        **_permissions(lacks),
        **({"regions": [{"name": each.name, "status": each.status} for each in found[:SHOWN]]} if found else {}),
    }
    identity = sight[IDENTITY]
    problem = identity.problem if isinstance(identity, Unseen) else None
    return Outcome(
        status=status,
        events=transitions(judged, previous),
        requeue=cadence.interval,
        failed=problem is not None and problem.error_class is ErrorClass.RETRY,
        summary=log_line((), judged, previous),
        warnings=turned_false(judged, previous),
        report=Report(
            kind=KIND,
            key=PolicyKey("", sight.account.name),
            conditions=tuple((each.type, each.status, each.reason) for each in judged),
            observed_at=now,
            missing=frozenset(action for each in lacks if each.status is UNMET for action in each.actions),
        ),
    )


def _account_ready(sight: Sight) -> Condition:
    look = sight[IDENTITY]
    if isinstance(look, Unseen):
        problem = look.problem
        status = UNKNOWN if problem.error_class is ErrorClass.RETRY else FALSE
        return Condition("Ready", status, problem.reason, problem.message, problem.detail)
    role = sight.account.role_arn or "the operator's own credentials"
    return Condition("Ready", TRUE, Reason.VERIFIED, f"{role} is account {sight.account.account_id}.")


def _while_true(ready: Condition) -> tuple[Condition, ...]:
    """Return the condition that says who can end what is not ready (kstatus): time, or a person."""
    if ready.status == TRUE:
        return ()
    kind = "Stalled" if ready.status == FALSE else "Reconciling"
    return (Condition(kind, TRUE, ready.reason, ready.message, ready.detail),)


def _permitted(wants: tuple[Want, ...], lacks: tuple[Lack, ...]) -> tuple[Condition, ...]:
    """Return the condition about what the role may do; none where nothing is wanted of it.

    Its message stands in events, too, and so names nobody who wants something.
    """
    if not wants:
        return ()
    if not lacks:
        words = "The role may do everything that policies and organizations need of it."
        return (Condition(PERMITTED, TRUE, Reason.ALL_MET, words),)
    first, see = lacks[0], "Nothing waits for that; see status.permissions."
    if first.status is UNMET:
        return (Condition(PERMITTED, FALSE, first.reason, f"The role may not do {_actions(lacks, first)}. {see}"),)
    if first.reason is not Reason.PERMISSION_UNCLEAR or not first.actions:
        return (Condition(PERMITTED, UNKNOWN, first.reason, first.message),)
    words = f"Whether the role may do {_actions(lacks, first)} is not clear. {see}"
    return (Condition(PERMITTED, UNKNOWN, first.reason, words),)


def _actions(lacks: tuple[Lack, ...], like: Lack) -> str:
    """Return the actions of all rows that tell the same of theirs as one does, in words; the first few by name."""
    same = [each for each in lacks if (each.status, each.reason) == (like.status, like.reason)]
    actions = sorted({action for each in same for action in each.actions})
    return f"{', '.join(actions[:NAMED])}{f' and {len(actions) - NAMED} more' if len(actions) > NAMED else ''}"


def _enabled(row: Prerequisite | None) -> tuple[Condition, ...]:
    """Return the condition about the Regions to opt into; none where the account is used in none of them."""
    if row is None:
        return ()
    status = {MET: TRUE, UNMET: FALSE}.get(row.status, UNKNOWN)
    return (Condition(ENABLED, status, row.reason, f"{row.message} {row.remedy}".rstrip()),)


def _permissions(lacks: tuple[Lack, ...]) -> dict[str, Any]:
    """Return the rows about what the role is not known to be allowed, those first that are denied."""
    return {"permissions": [_row(each) for each in lacks[:SHOWN]]} if lacks else {}


def _row(lack: Lack) -> dict[str, Any]:
    want = lack.want
    row: dict[str, Any] = {
        "name": want.sid,
        "status": str(lack.status),
        "reason": str(lack.reason),
        "actions": list(lack.actions),
        "message": clip(lack.message, LONGEST_ROW),
        "wantedBy": list(want.wanted_by[:NAMED]),
        "wantedByTotal": len(want.wanted_by),
    }
    row |= {"remedy": clip(lack.remedy, LONGEST_ROW)} if lack.remedy else {}
    row |= {name: list(found[:ACTIONS]) for name, found in (("tried", lack.tried), ("untried", lack.untried)) if found}
    return {**row, "fix": list(lack.fix)} if lack.fix else row


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
    return (Condition(SHARED, TRUE, Reason.ROLE_SHARED, message, names),)


def _account_fields(sight: Sight, previous: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return what was seen; what could not be looked at is left out, except the toggle, which says Unknown."""
    fields: dict[str, Any] = {"crossAccountBackup": "Unknown"}
    identity, organization, switch = sight[IDENTITY], sight[ORGANIZATION], sight[SWITCH]
    if isinstance(identity, Unseen):
        return fields
    fields["accountId"] = identity.value
    was_verified = (condition_of(previous, "Ready") or {}).get("status") == TRUE
    fields["verifiedAt"] = previous.get("verifiedAt") if was_verified and "verifiedAt" in previous else instant(now)
    if not isinstance(organization, Unseen) and organization.value is not None:
        fields["organizationId"] = organization.value.id
        fields["managementAccountId"] = organization.value.management_account_id
    role = sight[SERVICE_ROLE]
    if role is not UNASKED:
        fields["serviceLinkedRole"] = "Unknown" if isinstance(role, Unseen) else "Present" if role.value else "Absent"
    if isinstance(switch, Seen):
        fields["crossAccountBackup"] = "Enabled" if switch.value else "Disabled"
    return fields


FACE = Face()


def summarise_rejected(rejected: Rejected, body: Mapping[str, Any], *, now: datetime) -> Outcome:
    """Say why nothing can be done until the manifest changes."""
    message = " ".join(str(each) for each in rejected.faults)
    return summarise_refused(FACE, rejected.reason, message, body, now=now)
