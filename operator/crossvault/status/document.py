"""The status of a policy as it is written: its destinations, prerequisites, drift and failures, and their summary."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..aspects import vault_policy
from ..aspects.copies.figures import Failed, failure_row, instant, row
from ..engine.model import PrerequisiteStatus, PutVaultPolicy, Unseen
from ..manifest.fields import format_duration
from ..words.texts import clip
from .announcements import stamp, with_last_changed
from .conditions import Condition, Evidence, unconfirmed

DRIFT_LIMIT = 20
FAILURE_LIMIT = 10


def document(evidence: Evidence, judged: tuple[Condition, ...], looked: Mapping[str, datetime]) -> dict[str, Any]:
    """Return the whole status of a policy that was looked at."""
    desired, previous, rows = evidence.desired, evidence.previous, evidence.plan.prerequisites
    organization = evidence.observed.source.organization
    status: dict[str, Any] = {
        "observedGeneration": desired.generation,
        "conditions": stamp(judged, previous, desired.generation, evidence.now),
        "destinations": _destinations(evidence, looked),
        "prerequisites": [
            {
                "name": each.name,
                **({"destination": each.destination} if each.destination else {}),
                "status": each.status,
                "reason": each.reason,
                "message": clip(each.message),
                **({"remedy": each.remedy} if each.remedy else {}),
            }
            for each in rows
        ],
        "drift": _drift(evidence),
        "failures": _failures(evidence),
    }
    if not isinstance(organization, Unseen) and organization.value is not None:
        status["organization"] = organization.value.id
    elif isinstance(organization, Unseen) and "organization" in previous:
        status["organization"] = previous["organization"]
    status["summary"] = _summary(evidence, judged[0], status)
    return with_last_changed(status, previous, evidence.now)


def _destinations(evidence: Evidence, looked: Mapping[str, datetime]) -> list[dict[str, Any]]:
    """Return a row for every destination; one that was not looked at keeps what was last known of it, and of when."""
    known = {each.get("name"): each for each in evidence.previous.get("destinations", ())}
    sid = vault_policy.sid_of(evidence.desired.copy_role_arn)
    rows: list[dict[str, Any]] = []
    for each in evidence.figures:
        bare = {"name": each.destination.name, "vaultArn": each.destination.vault.arn, "statementSid": sid}
        before = known.get(each.destination.name, bare)
        if each.looked:
            rows.append({**bare, **row(each)})
        elif before.get("vaultArn") == bare["vaultArn"]:
            rows.append({**_as_of(before, evidence.previous, looked.get(each.destination.name)), **bare})
        else:
            rows.append(bare)
    return [_with_author(row, known.get(row["name"], {}), evidence) for row in rows]


def _with_author(row: dict[str, Any], before: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    """Record that this policy wrote the statement that stands in the vault's policy, by its content.

    It did if it sent one in this pass that was lacking, whatever became of the reply, and one stands there since.
    """
    index = [each.name for each in evidence.desired.destinations].index(row["name"])
    sight, role = evidence.observed.destinations[index], evidence.desired.copy_role_arn
    same = all(before.get(name) == row[name] for name in ("vaultArn", "statementSid"))
    written = before.get("statementWritten") if same else None
    sent = any(
        isinstance(each.action, PutVaultPolicy) and each.action.destination == row["name"] and not each.found
        for each in evidence.results
    )
    there = None if isinstance(sight.policy, Unseen) else vault_policy.standing(sight.policy.value, role)
    if sent and there is not None:
        written = vault_policy.digest_of(there)
    bare = {name: value for name, value in row.items() if name != "statementWritten"}
    return {**bare, "statementWritten": written} if written else bare


def _as_of(known: Mapping[str, Any], previous: Mapping[str, Any], looked: datetime | None) -> dict[str, Any]:
    """Return the last known row of a destination with the time it is of.

    While all is seen nothing is written, so the status alone knows only that it was true when it last changed.
    """
    if "inScope" not in known or "lastObserved" in known:
        return dict(known)
    at = instant(looked) or previous.get("lastChanged")
    return {**known, **({"lastObserved": at} if at else {})}


def _drift(evidence: Evidence) -> dict[str, Any]:
    """Return the differences; those of a destination that was not looked at are the last known ones."""
    unseen = {
        each.name
        for each in evidence.observed.destinations
        if any(isinstance(_, Unseen) for _ in (each.vault, each.policy))
    }
    before = (evidence.previous.get("drift") or {}).get("items", ())
    items = [
        *(
            {
                "destination": each.destination,
                "aspect": each.aspect,
                "path": each.path,
                "desired": each.desired,
                "observed": each.observed,
                **({"remedy": each.remedy} if each.remedy else {}),
            }
            for each in evidence.plan.drift
        ),
        *(dict(each) for each in before if each.get("destination") in unseen),
        *(dict(each) for each in unconfirmed(evidence) if each.get("destination") not in unseen),
    ]
    return {"total": len(items), "items": items[:DRIFT_LIMIT]}


def _failures(evidence: Evidence) -> list[dict[str, Any]]:
    """Return what fails by reason; of a destination that was not looked at, what was last known."""
    unseen = {each.destination.name for each in evidence.figures if not each.looked}
    rows = [
        *(_failure(each, evidence) for each in evidence.failures),
        *(dict(each) for each in evidence.previous.get("failures", ()) if each.get("destination") in unseen),
    ]
    return rows[:FAILURE_LIMIT]


def _failure(each: Failed, evidence: Evidence) -> dict[str, Any]:
    """Return the entry of one reason; a loss that only a status knew keeps the time at which it was found."""
    if not each.lost:
        return failure_row(each)
    since = (
        before.get("lostAt")
        for before in evidence.previous.get("failures", ())
        if (before.get("destination"), before.get("reason")) == (each.destination, each.reason)
    )
    return {**failure_row(each), "lostAt": next(filter(None, since), None) or instant(evidence.now)}


def _summary(evidence: Evidence, ready: Condition, status: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scalars of the printer columns, which cannot add up arrays themselves."""
    rows = status["destinations"]
    known = [each for each in rows if each.keys() >= {"inScope", "copied", "failed", "ineligible"}]
    names = [each.name for each in evidence.desired.destinations]
    result: dict[str, Any] = {
        "unmetPrerequisites": sum(each["status"] == PrerequisiteStatus.UNMET for each in status["prerequisites"]),
        "drifted": status["drift"]["total"],
        "destinations": names[0] if len(names) == 1 else f"{names[0]} (+{len(names) - 1})",
        "message": clip(ready.message),
    }
    if evidence.desired.max_copy_lag is not None:
        result["objective"] = format_duration(evidence.desired.max_copy_lag)
    if known:
        total = sum(each["inScope"] - each["ineligible"] for each in known)
        result["copied"] = f"{sum(each['copied'] for each in known)}/{total}"
        result["failed"] = sum(each["failed"] for each in known)
        result["ineligible"] = sum(each["ineligible"] for each in known)
    for name, choose in (("oldestGap", min), ("lastCompleted", max)):
        instants = [each[name] for each in rows if name in each]
        if instants:
            result[name] = choose(instants)
    return result


def rows_as_of(previous: Mapping[str, Any], looked: Mapping[str, datetime] | None) -> dict[str, Any]:
    """Return the destinations of a status whose policy was not looked at, with the time that their figures are of."""
    rows = previous.get("destinations") or ()
    known = looked or {}
    return {"destinations": [_as_of(each, previous, known.get(each.get("name", ""))) for each in rows]} if rows else {}
