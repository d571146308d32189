"""What a pass says: conditions, counts, events, when to look again. One place, always reached.

A status changes only when a fact does; ``lastChanged`` says when that was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from . import conditions, prerequisites
from .announcements import events_of, sentence, stamp, transitions, with_last_changed
from .conditions import Condition, Evidence
from .errors import ErrorClass, Problem
from .fields import format_duration
from .figures import Figures, figures, row
from .manifest import Rejected
from .model import (
    Desired,
    Event,
    Observed,
    Plan,
    PolicyKey,
    PrerequisiteStatus,
    Result,
    StartCopy,
    State,
    Unseen,
)
from .reasons import Reason

DRIFT_LIMIT = 20
FAILURE_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often to look: ``interval`` in steady state, ``follow`` while copies are running or something is amiss."""

    interval: timedelta = timedelta(minutes=5)
    follow: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Report:
    """What metrics know of one object; ``key.namespace`` is empty for cluster-scoped ones."""

    kind: str
    key: PolicyKey
    conditions: tuple[tuple[str, str, str], ...]
    mode: str = ""
    suspended: bool = False
    source: str = ""
    objective: timedelta | None = None
    observed_at: datetime | None = None
    destinations: tuple[Figures, ...] = ()
    plan: Plan = field(default_factory=Plan)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass did and found.

    Attributes:
        status: The whole ``.status`` to write when it differs from the object's; None writes nothing.
        requeue: When to look again; None means on the next change only.
        done: The object is being deleted and nothing of ours is left to do: its finalizer may go.
        failed: The pass could not look or act and should be tried again with back-off.
        problem: What keeps a deletion from its end.
        summary: One sentence for the log; empty when nothing changed.
    """

    status: dict[str, Any] | None
    events: tuple[Event, ...] = ()
    requeue: timedelta | None = None
    done: bool = False
    failed: bool = False
    problem: Problem | None = None
    summary: str = ""
    report: Report | None = None
    results: tuple[Result, ...] = ()


# --- A policy ------------------------------------------------------------------------------------------------------


def summarise(
    desired: Desired,
    observed: Observed,
    plan: Plan,
    results: tuple[Result, ...],
    *,
    previous: Mapping[str, Any],
    now: datetime,
    cadence: Cadence,
) -> Outcome:
    """Say what is true now.

    Args:
        desired: What the policy declares.
        observed: What was seen after the last action of the pass.
        plan: What would still have to be done, whether permitted or not.
        results: What was done in this pass.
        previous: The status the object had.
        now: The present.
        cadence: How often to look.
    """
    seen = tuple(
        figures(
            destination,
            observed.destinations[index],
            plan.standings.get(destination.name, ()),
            looked=observed.contents(observed.destinations[index]) is not None,
        )
        for index, destination in enumerate(desired.destinations)
    )
    plan = replace(plan, prerequisites=prerequisites.hindered(plan.prerequisites, results, plan.postponed))
    evidence = Evidence(desired, observed, plan, results, seen, previous, now)
    judged = conditions.judge(evidence)
    status = _status(evidence, judged)
    return Outcome(
        status=status,
        events=(*events_of(results, judged, previous), *transitions(judged, previous)),
        requeue=_requeue(evidence, cadence),
        failed=_retryable(evidence),
        summary=sentence(results, judged, previous),
        report=Report(
            kind="CrossAccountBackupPolicy",
            key=desired.key,
            conditions=tuple((each.type, each.status, each.reason) for each in judged),
            mode=desired.mode,
            suspended=desired.suspend,
            source=desired.source.account.name,
            objective=desired.max_copy_lag,
            observed_at=observed.at,
            destinations=seen,
            plan=plan,
        ),
        results=results,
    )


def _status(evidence: Evidence, judged: tuple[Condition, ...]) -> dict[str, Any]:
    desired, previous, rows = evidence.desired, evidence.previous, evidence.plan.prerequisites
    organization = evidence.observed.source.organization
    status: dict[str, Any] = {
        "observedGeneration": desired.generation,
        "conditions": stamp(judged, previous, desired.generation, evidence.now),
        "destinations": _destinations(evidence),
        "prerequisites": [
            {
                "name": each.name,
                **({"destination": each.destination} if each.destination else {}),
                "status": each.status,
                "reason": each.reason,
                "message": conditions.clip(each.message),
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


def _destinations(evidence: Evidence) -> list[dict[str, Any]]:
    """Return a row for every destination; one that was not looked at keeps what was last known of it."""
    known = {each.get("name"): each for each in evidence.previous.get("destinations", ())}
    rows = []
    for each in evidence.figures:
        bare = {"name": each.destination.name, "vaultArn": each.destination.vault.arn}
        before = known.get(each.destination.name, bare)
        rows.append(row(each) if each.looked else dict(before if before.get("vaultArn") == bare["vaultArn"] else bare))
    return rows


def _drift(evidence: Evidence) -> dict[str, Any]:
    """Return the differences; those of a destination that was not looked at are the last known ones."""
    unseen = {
        each.name for each in evidence.observed.destinations if any(isinstance(look, Unseen) for look in each.settings)
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
            }
            for each in evidence.plan.drift
        ),
        *(dict(each) for each in before if each.get("destination") in unseen),
    ]
    return {"total": len(items), "items": items[:DRIFT_LIMIT]}


def _failures(evidence: Evidence) -> list[dict[str, Any]]:
    """Return the most frequent failures; those of a destination that was not looked at are the last known ones."""
    unseen = {each.destination.name for each in evidence.figures if not each.looked}
    rows = [
        *(
            {
                "destination": each.destination,
                "reason": each.reason,
                "count": each.count,
                "class": ErrorClass.STUCK if each.needs_action else ErrorClass.RETRY,
                "example": each.example,
                "message": conditions.clip(each.message),
            }
            for figures in evidence.figures
            for each in figures.failures
        ),
        *(dict(each) for each in evidence.previous.get("failures", ()) if each.get("destination") in unseen),
    ]
    return sorted(rows, key=lambda each: (-each.get("count", 0), each["destination"], each["reason"]))[:FAILURE_LIMIT]


def _summary(evidence: Evidence, ready: Condition, status: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scalars of the printer columns, which cannot add up arrays themselves."""
    rows = status["destinations"]
    known = [each for each in rows if each.keys() >= {"inScope", "copied", "failed", "ineligible"}]
    names = [each.name for each in evidence.desired.destinations]
    result: dict[str, Any] = {
        "unmetPrerequisites": sum(each["status"] == PrerequisiteStatus.UNMET for each in status["prerequisites"]),
        "drifted": status["drift"]["total"],
        "destinations": names[0] if len(names) == 1 else f"{names[0]} (+{len(names) - 1})",
        "message": conditions.clip(ready.message),
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


# --- When to look again --------------------------------------------------------------------------------------------


def _retryable(evidence: Evidence) -> bool:
    """Tell whether to try again with back-off; one destination's trouble must not slow down the copies to others."""
    moving = _moving(evidence)
    problems = [each.problem for each in evidence.results if isinstance(each.action, StartCopy) or not moving]
    unseen = None if moving else evidence.observed.problem
    return any(each is not None and each.error_class is ErrorClass.RETRY for each in [*problems, unseen])


def _moving(evidence: Evidence) -> bool:
    """Tell whether copies are under way, or wait for one that is."""
    return any(
        each.looked
        and (
            each.states.get(State.IN_PROGRESS)
            or any(reason in {Reason.BUDGET, Reason.RESOURCE_BUSY} for _, reason in each.reasons)
        )
        for each in evidence.figures
    )


def _requeue(evidence: Evidence, cadence: Cadence) -> timedelta:
    """Return when the next look is due: soon while something moves or is amiss, at the interval otherwise."""
    startable = any(isinstance(each, StartCopy) for each in evidence.plan.actions)
    refused = any(each.problem is not None for each in evidence.results)
    if evidence.desired.acts and startable and not refused:
        return min(timedelta(seconds=1), cadence.follow)
    amiss = bool(evidence.plan.drift) or any(
        each.status is not PrerequisiteStatus.MET and each.blocks for each in evidence.plan.prerequisites
    )
    base = cadence.follow if amiss or _moving(evidence) else cadence.interval
    dues = [one.retry_at for each in evidence.plan.standings.values() for one in each if one.retry_at]
    dues += [each.retry_at for each in evidence.plan.postponed]
    if evidence.desired.max_copy_lag is not None:
        dues += [each.oldest_gap + evidence.desired.max_copy_lag for each in evidence.figures if each.oldest_gap]
    pending = [due - evidence.now for due in dues if due >= evidence.now]
    return max(min([base, *pending]), timedelta(seconds=1))


# --- What cannot be worked with ------------------------------------------------------------------------------------


def summarise_rejected(rejected: Rejected, body: Mapping[str, Any], *, now: datetime) -> Outcome:
    """Say why nothing can be done until the manifest, or the account it names, changes."""
    metadata, previous = body["metadata"], body.get("status") or {}
    generation, kind = metadata.get("generation", 1), str(body.get("kind", ""))
    message = " ".join(str(each) for each in rejected.faults)
    is_policy = kind == "CrossAccountBackupPolicy"
    parts = (
        *(conditions.parts_unseen(previous, rejected.reason, message) if is_policy else ()),
        Condition("Stalled", conditions.TRUE, rejected.reason, message),
    )
    ready = Condition("Ready", conditions.FALSE, rejected.reason, message)
    judged = (ready, *sorted(parts, key=lambda each: each.type))
    status: dict[str, Any] = {
        **{key: value for key, value in previous.items() if key not in {"conditions", "lastChanged"}},
        "observedGeneration": generation,
        "conditions": stamp(judged, previous, generation, now),
    }
    if is_policy:
        status["summary"] = {**status.get("summary", {}), "message": conditions.clip(message)}
        status = with_last_changed(status, previous, now)
    return Outcome(
        status=status,
        events=transitions(judged, previous),
        summary=sentence((), judged, previous),
        report=bare_report(body, judged),
    )


def summarise_unfinished(problem: Problem, body: Mapping[str, Any], *, now: datetime) -> Outcome:
    """Say that a pass did not come to its end: what was true before is not known to be true now."""
    previous, generation = body.get("status") or {}, body["metadata"].get("generation", 1)
    ready = Condition("Ready", conditions.UNKNOWN, Reason.CANNOT_OBSERVE, problem.message)
    is_policy = body.get("kind") == "CrossAccountBackupPolicy"
    parts = (
        *(conditions.parts_unseen(previous, problem.reason, problem.message) if is_policy else ()),
        Condition("Reconciling", conditions.TRUE, Reason.CANNOT_OBSERVE, problem.message),
    )
    judged = (ready, *sorted(parts, key=lambda each: each.type))
    stamped = stamp(judged, previous, generation, now)
    status: dict[str, Any] = {**previous, "observedGeneration": generation, "conditions": stamped}
    if "summary" in previous:
        status["summary"] = {**previous["summary"], "message": conditions.clip(problem.message)}
    if body.get("kind") == "CrossAccountBackupPolicy":
        status = with_last_changed(status, previous, now)
    return Outcome(
        status=status,
        events=transitions(judged, previous),
        failed=True,
        report=bare_report(body, judged),
    )


def bare_report(body: Mapping[str, Any], judged: Iterable[Condition]) -> Report:
    """Return what metrics learn of a pass that saw nothing: the conditions."""
    key = PolicyKey(body["metadata"].get("namespace", ""), body["metadata"]["name"])
    return Report(str(body.get("kind", "")), key, tuple((each.type, each.status, each.reason) for each in judged))
