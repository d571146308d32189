"""What a pass says: conditions, counts, events, when to look again. One place, always reached.

A status changes only when a fact does; ``lastChanged`` says when that was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ..aspects.copies.figures import Figures, figures, moment, remembered, remembered_rows
from ..aspects.copies.proof import proofs
from ..engine import prerequisites
from ..engine.model import Desired, Event, Observed, Plan, PolicyKey, PrerequisiteStatus, Result, StartCopy, State
from ..kinds.parse import Rejected
from ..manifest.fields import parse_duration
from ..words.problems import ErrorClass, Problem
from ..words.reasons import Reason
from ..words.texts import clip
from . import conditions
from .announcements import events_of, sentence, stamp, transitions, turned_false, with_last_changed
from .conditions import Condition, Evidence
from .document import document, rows_as_of


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often to look: ``interval`` in steady state, ``follow`` while copies are running or something is amiss."""

    interval: timedelta = timedelta(minutes=5)
    follow: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Report:
    """What metrics know of one object; ``key.namespace`` is empty for cluster-scoped ones.

    ``destinations`` are the last known ones: those that were not looked at say of when their figures are.
    """

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
        warnings: What turned False, a sentence each, for the log.
    """

    status: dict[str, Any] | None
    events: tuple[Event, ...] = ()
    requeue: timedelta | None = None
    done: bool = False
    failed: bool = False
    problem: Problem | None = None
    summary: str = ""
    warnings: tuple[str, ...] = ()
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
    looked: Mapping[str, datetime] | None = None,
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
        looked: When each destination was last seen in whole, as far as this process knows.
    """
    seen = tuple(
        figures(
            destination,
            observed.destinations[index],
            plan.standings.get(destination.name, ()),
            looked=observed.contents(observed.destinations[index]) is not None,
            at=observed.at,
            proven=proofs(
                plan.evidence.get(destination.name, ()),
                plan.standings.get(destination.name, ()),
                destination,
                desired.source.arn,
            ),
        )
        for index, destination in enumerate(desired.destinations)
    )
    plan = replace(plan, prerequisites=prerequisites.hindered(plan.prerequisites, results, plan.postponed))
    evidence = Evidence(desired, observed, plan, results, seen, previous, now)
    judged = conditions.judge(evidence)
    status = document(evidence, judged, looked or {})
    return Outcome(
        status=status,
        events=(*events_of(results, judged, previous), *transitions(judged, previous)),
        requeue=_requeue(evidence, cadence),
        failed=_retryable(evidence),
        summary=sentence(results, judged, previous),
        warnings=turned_false(judged, previous),
        report=Report(
            kind="CrossAccountBackupPolicy",
            key=desired.key,
            conditions=tuple((each.type, each.status, each.reason) for each in judged),
            mode=desired.mode,
            suspended=desired.suspend,
            source=desired.source.account.name,
            objective=desired.max_copy_lag,
            observed_at=observed.at,
            destinations=_last_known(seen, status),
            plan=plan,
        ),
        results=results,
    )


def _last_known(seen: tuple[Figures, ...], status: Mapping[str, Any]) -> tuple[Figures, ...]:
    """Return the figures that metrics go on showing: fresh ones, or what the status still says of a destination."""
    rows = {each["name"]: each for each in status["destinations"]}
    return tuple(
        each if each.looked else remembered(each.destination, rows[each.destination.name], None) for each in seen
    )


# --- When to look again --------------------------------------------------------------------------------------------


def _retryable(evidence: Evidence) -> bool:
    """Tell whether to try again with back-off; one destination's trouble must not slow down the copies to others."""
    moving = _moving(evidence)
    problems = [each.problem for each in evidence.results if isinstance(each.action, StartCopy) or not moving]
    unseen = None if moving else evidence.observed.problem
    return any(each is not None and each.error_class is ErrorClass.RETRY for each in [*problems, unseen])


_FOLLOWED = frozenset({Reason.BUDGET, Reason.RESOURCE_BUSY, Reason.LIFECYCLE_CONFLICT})
"""Why a recovery point waits that is looked at again soon: for a copy under way, or one that another policy makes."""


def _moving(evidence: Evidence) -> bool:
    """Tell whether copies are under way, or wait for one that is."""
    return any(
        each.looked and (each.states.get(State.IN_PROGRESS) or any(reason in _FOLLOWED for _, reason in each.reasons))
        for each in evidence.figures
    )


def _requeue(evidence: Evidence, cadence: Cadence) -> timedelta:
    """Return when the next look is due: soon while something moves or is amiss, at the interval otherwise."""
    startable = any(isinstance(each, StartCopy) for each in evidence.plan.actions)
    refused = any(each.problem is not None for each in evidence.results)
    if evidence.desired.acts and startable and not refused:
        return min(timedelta(seconds=1), cadence.follow)
    amiss = any(not each.remedy for each in evidence.plan.drift) or any(
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


def summarise_rejected(
    rejected: Rejected, body: Mapping[str, Any], *, now: datetime, looked: Mapping[str, datetime] | None = None
) -> Outcome:
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
        status["summary"] = {**status.get("summary", {}), "message": clip(message)}
        status = with_last_changed({**status, **rows_as_of(previous, looked)}, previous, now)
    return Outcome(
        status=status,
        events=transitions(judged, previous),
        summary=sentence((), judged, previous),
        warnings=turned_false(judged, previous),
        report=bare_report(body, judged, status),
    )


def summarise_unfinished(
    problem: Problem, body: Mapping[str, Any], *, now: datetime, looked: Mapping[str, datetime] | None = None
) -> Outcome:
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
        status["summary"] = {**previous["summary"], "message": clip(problem.message)}
    if is_policy:
        status = with_last_changed({**status, **rows_as_of(previous, looked)}, previous, now)
    return Outcome(
        status=status,
        events=transitions(judged, previous),
        failed=True,
        report=bare_report(body, judged, status),
    )


def bare_report(body: Mapping[str, Any], judged: Iterable[Condition], status: Mapping[str, Any]) -> Report:
    """Return what metrics go on showing of an object that was not looked at: the figures its status still holds."""
    key = PolicyKey(body["metadata"].get("namespace", ""), body["metadata"]["name"])
    return Report(
        kind=str(body.get("kind", "")),
        key=key,
        conditions=tuple((each.type, each.status, each.reason) for each in judged),
        objective=parse_duration((status.get("summary") or {}).get("objective") or ""),
        destinations=remembered_rows(status.get("destinations") or (), moment(status.get("lastChanged"))),
    )
