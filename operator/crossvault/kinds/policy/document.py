"""The status of a policy as it is written: its destinations, prerequisites, drift and failures, and their summary."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...aspects.copies import existing
from ...aspects.copies.declared import COPIES
from ...aspects.copies.figures import Failed, failure_row, row
from ...aspects.copies.held import accounting, held
from ...aspects.organization import ORGANIZATION
from ...aspects.schedule import told as schedule
from ...aspects.vault.seen import VAULT
from ...aspects.vault_policy import POLICY, PutVaultPolicy, guest_of
from ...aspects.vault_policy.statement import digest_of, sid_of, standing, written_in
from ...engine.looks import Unseen
from ...engine.plan import Result
from ...engine.rows import Prerequisite, PrerequisiteStatus
from ...manifest.fields import format_duration
from ...status import repairs
from ...status.conditions import Condition, stamp, with_last_changed
from ...words.instants import instant
from ...words.texts import clip
from .conditions import Picture, unconfirmed

DRIFT_LIMIT = 20
FAILURE_LIMIT = 10


def document(picture: Picture, judged: tuple[Condition, ...], looked: Mapping[str, datetime]) -> dict[str, Any]:
    """Return the whole status of a policy that was looked at."""
    desired, previous, rows = picture.desired, picture.previous, picture.plan.prerequisites
    organization = picture.observed.source[ORGANIZATION]
    status: dict[str, Any] = {
        "observedGeneration": desired.generation,
        "conditions": stamp(judged, previous, desired.generation, picture.now),
        "destinations": _destinations(picture, looked),
        "prerequisites": [_prerequisite(each, picture) for each in rows],
        "drift": _drift(picture),
        "failures": _failures(picture),
    }
    if picture.repairs:
        status["repairs"] = repairs.rows(picture.repairs)
    if not isinstance(organization, Unseen) and organization.value is not None:
        status["organization"] = organization.value.id
    elif isinstance(organization, Unseen) and "organization" in previous:
        status["organization"] = previous["organization"]
    plan = schedule.row(desired, picture.observed, previous, picture.now)
    if plan:
        status["schedule"] = plan
    status["summary"] = _summary(picture, judged[0], status)
    return with_last_changed(status, previous, picture.now)


def _prerequisite(row: Prerequisite, picture: Picture) -> dict[str, Any]:
    """Return a row, with the commands that mend it and what has no copy because of it."""
    waiting = held(row, picture.plan)
    return {
        "name": row.name,
        **({"destination": row.destination} if row.destination else {}),
        "status": row.status,
        "reason": row.reason,
        "message": clip(row.message),
        **({"remedy": row.remedy} if row.remedy else {}),
        **({"fix": list(row.fix)} if row.fix else {}),
        **({"recoveryPoints": waiting.points, "bytes": waiting.size} if waiting.points else {}),
    }


def _destinations(picture: Picture, looked: Mapping[str, datetime]) -> list[dict[str, Any]]:
    """Return a row for every destination; one that was not looked at keeps what was last known of it, and of when."""
    known = {each.get("name"): each for each in picture.previous.get("destinations", ())}
    rows: list[dict[str, Any]] = []
    for each in picture.figures:
        sid = sid_of(guest_of(picture.desired, each.destination))
        bare = {"name": each.destination.name, "vaultArn": each.destination.vault.arn, "statementSid": sid}
        before = known.get(each.destination.name, bare)
        if each.looked:
            rows.append({**bare, **row(each), **_lifecycles(picture, each.destination.name)})
        elif before.get("vaultArn") == bare["vaultArn"]:
            rows.append({**_as_of(before, picture.previous, looked.get(each.destination.name)), **bare})
        else:
            rows.append(bare)
    return [_with_author(row, known.get(row["name"], {}), picture) for row in rows]


def _lifecycles(picture: Picture, destination: str) -> dict[str, Any]:
    """Return what is done about copies that live otherwise than declared, where that is declared and there are any."""
    groups = existing.lifecycles(picture.plan, destination).groups
    return {"existingCopies": [existing.row(each, acts=picture.desired.acts) for each in groups]} if groups else {}


def _with_author(row: dict[str, Any], before: Mapping[str, Any], picture: Picture) -> dict[str, Any]:
    """Record that this policy wrote the statement that stands in the vault's policy, by its content.

    It did if it sent one in this pass that was lacking, whatever became of the reply, and one stands there since. What
    it wrote for whom it let in before stays recorded until it is seen to be gone.
    """
    index = [each.name for each in picture.desired.destinations].index(row["name"])
    policy = picture.observed.destinations[index][POLICY]
    guest = guest_of(picture.desired, picture.desired.destinations[index])
    written = before.get("statementWritten") if before.get("vaultArn") == row["vaultArn"] else None
    if before.get("statementSid") != row["statementSid"] and not isinstance(policy, Unseen):
        written = written if written_in(policy.value, written) is not None else None
    there = None if isinstance(policy, Unseen) else standing(policy.value, guest)
    if there is not None and any(_put(each, row["name"], guest, there) for each in picture.results):
        written = digest_of(there)
    bare = {name: value for name, value in row.items() if name != "statementWritten"}
    return {**bare, "statementWritten": written} if written else bare


def _put(result: Result, destination: str, guest: str, there: Mapping[str, Any]) -> bool:
    """Tell whether a write put in the statement that stands there: it did not stand so in what was replaced."""
    action = result.action
    if not isinstance(action, PutVaultPolicy) or action.destination != destination or result.found:
        return False
    return standing(action.expected, guest) != there


def _as_of(known: Mapping[str, Any], previous: Mapping[str, Any], looked: datetime | None) -> dict[str, Any]:
    """Return the last known row of a destination with the time it is of.

    While all is seen nothing is written, so the status alone knows only that it was true when it last changed.
    """
    if "inScope" not in known or "lastObserved" in known:
        return dict(known)
    at = instant(looked) or previous.get("lastChanged")
    return {**known, **({"lastObserved": at} if at else {})}


def _drift(picture: Picture) -> dict[str, Any]:
    """Return the differences; those of a destination that was not looked at are the last known ones."""
    unseen = {
        each.name
        for each in picture.observed.destinations
        if any(isinstance(look, Unseen) for look in (each[VAULT], each[POLICY]))
    }
    before = (picture.previous.get("drift") or {}).get("items", ())
    since = {_of(each): each.get("since") for each in before}
    now = instant(picture.now)
    items = [
        *(
            {
                "destination": each.destination,
                "aspect": each.aspect,
                "path": each.path,
                "desired": each.desired,
                "observed": each.observed,
                **({"remedy": each.remedy} if each.remedy else {}),
                "since": since.get((each.destination, each.aspect, each.path)) or now,
            }
            for each in picture.plan.drift
        ),
        *(dict(each) for each in before if each.get("destination") in unseen),
        *(dict(each) for each in unconfirmed(picture) if each.get("destination") not in unseen),
    ]
    # What a person has to mend is not to be lost among what the operator mends itself.
    first = sorted(items, key=lambda each: not each.get("remedy"))
    return {"total": len(items), "items": first[:DRIFT_LIMIT]}


def _of(item: Mapping[str, Any]) -> tuple[Any, ...]:
    """Tell what differs from everything else that does."""
    return item.get("destination"), item.get("aspect"), item.get("path")


def _failures(picture: Picture) -> list[dict[str, Any]]:
    """Return what is amiss by reason; of a destination that was not looked at, what was last known."""
    unseen = {each.destination.name for each in picture.figures if not each.looked}
    rows = [
        *(_failure(each, picture) for each in picture.failures),
        *(dict(each) for each in picture.previous.get("failures", ()) if each.get("destination") in unseen),
    ]
    return rows[:FAILURE_LIMIT]


def _failure(each: Failed, picture: Picture) -> dict[str, Any]:
    """Return the entry of one reason; a loss that only a status knew keeps the time at which it was found."""
    row = accounting(picture.plan.prerequisites, each.destination, each.reason)
    told = failure_row(each, row)
    told["message"] = clip(told["message"])
    if not each.lost:
        return told
    since = (
        before.get("lostAt")
        for before in picture.previous.get("failures", ())
        if (before.get("destination"), before.get("reason")) == (each.destination, each.reason)
    )
    return {**told, "lostAt": next(filter(None, since), None) or instant(picture.now)}


def _summary(picture: Picture, ready: Condition, status: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scalars of the printer columns, which cannot add up arrays themselves."""
    rows = status["destinations"]
    known = [each for each in rows if each.keys() >= {"inScope", "copied", "failed", "ineligible"}]
    names = [each.name for each in picture.desired.destinations]
    result: dict[str, Any] = {
        "unmetPrerequisites": sum(each["status"] == PrerequisiteStatus.UNMET for each in status["prerequisites"]),
        "drifted": status["drift"]["total"],
        "destinations": names[0] if len(names) == 1 else f"{names[0]} (+{len(names) - 1})",
        "message": clip(ready.message),
    }
    objective = picture.desired[COPIES].max_copy_lag
    if objective is not None:
        result["objective"] = format_duration(objective)
    if known:
        total = sum(each["inScope"] - each["ineligible"] for each in known)
        result["copied"] = f"{sum(each['copied'] for each in known)}/{total}"
        result["failed"] = sum(each["failed"] for each in known)
        result["ineligible"] = sum(each["ineligible"] for each in known)
        result["needsAction"] = sum(each.get("needsAction", 0) for each in known)
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
