"""What a pass says: conditions, counts, events, when to look again. One place, always reached.

A status changes only when a fact does; ``lastChanged`` says when that was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ...aspects.copies import unshared
from ...aspects.copies.contents import contents
from ...aspects.copies.declared import COPIES
from ...aspects.copies.figures import Figures, figures, remembered
from ...aspects.copies.judged import JUDGED, judged
from ...aspects.copies.planned import State
from ...aspects.copies.proof import proofs
from ...aspects.schedule.declared import SCHEDULE
from ...aspects.schedule.told import backups_failing
from ...engine.declared import DeletionPolicy, Desired, account_of, region_of
from ...engine.observed import Observed
from ...engine.plan import Plan, Result, hindered
from ...engine.rows import PrerequisiteStatus
from ...status import repairs
from ...status.announcements import events_of, log_line, transitions, turned_false
from ...status.conditions import with_last_changed
from ...status.events import Event
from ...status.outcome import Cadence, Outcome, Report
from ...status.unseen import Face, summarise_refused
from ...words.instants import moment
from ...words.problems import ErrorClass
from ...words.reasons import Reason
from ...words.texts import clip
from ..rejected import Rejected
from . import conditions
from .conditions import Picture
from .document import document, rows_as_of
from .endings import plan_known
from .parse import KIND

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
            sight,
            judged(plan, destination.name),
            looked=contents(observed.source, sight) is not None,
            at=observed.at,
            proven=proofs(
                judged(plan, destination.name).evidence,
                judged(plan, destination.name).standings,
                destination,
                desired.source.arn,
            ),
        )
        for destination, sight in zip(desired.destinations, observed.destinations, strict=True)
    )
    plan = replace(plan, prerequisites=hindered(plan.prerequisites, results, plan.postponed, acts=desired.acts))
    picture = Picture(desired, observed, plan, results, seen, previous, now)
    failed = _retryable(picture)
    found = conditions.conditions_of(picture)
    status = document(picture, found, looked or {})
    return Outcome(
        status=status,
        events=(
            *events_of(results, found, previous, desired.generation),
            *transitions(found, previous),
            *_left_shared(picture),
            *_left_running(desired, previous, status),
            *repairs.begun(repairs.remembered(previous, desired.generation, now), picture.repairs),
        ),
        requeue=_requeue(picture, cadence),
        failed=failed,
        calm=not (failed or _refused(picture) or _amiss(picture) or _failing(picture)),
        summary=log_line(results, found, previous, desired.generation),
        warnings=turned_false(found, previous),
        report=Report(
            kind=KIND,
            key=desired.key,
            conditions=tuple((each.type, each.status, each.reason) for each in found),
            mode=desired.mode,
            suspended=desired.suspend,
            acts=desired.acts,
            source=desired.source.account.name,
            objective=desired[COPIES].max_copy_lag,
            observed_at=observed.at,
            destinations=_last_known(seen, status),
            drifted=_drifted(plan, status),
            unmet=tuple(row for row in plan.prerequisites if row.status is not PrerequisiteStatus.MET),
            repairs=picture.repairs,
            rules=schedule.rules if (schedule := desired[SCHEDULE]) is not None else (),
            backups_failing=backups_failing(desired, observed),
        ),
        results=results,
    )


def _drifted(plan: Plan, status: Mapping[str, Any]) -> dict[tuple[str, str], datetime | None]:
    """Return since when each aspect differs: as the status says, which keeps what could not be looked at now."""
    found: dict[tuple[str, str], datetime | None] = {(each.destination, each.aspect): None for each in plan.drift}
    for item in status["drift"]["items"]:
        where, since = (str(item.get("destination")), str(item.get("aspect"))), moment(item.get("since"))
        known = found.get(where)
        found[where] = since if known is None or since is None else min(known, since)
    return found


def _left_running(desired: Desired, previous: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[Event, ...]:
    """Return the event about a backup plan that goes on running although its schedule is declared no more."""
    plan, before, now = plan_known({"status": previous}), previous.get("schedule"), status.get("schedule")
    if not plan or not isinstance(before, Mapping):
        return ()
    # Where the source is another account or Region by now, nobody looks for the old plan any more.
    moved = now is not None and _place(before) != _place(now)
    gone = now is None and desired[SCHEDULE] is None and desired.deletion_policy is not DeletionPolicy.REMOVE_OWNED
    if not moved and not gone:
        return ()
    text = f"Left in AWS, running: {plan}. It goes on backing up and copying; nothing keeps it as it is any more."
    return (Event("Warning", Reason.BACKUP_PLAN_LEFT, text),)


def _place(plan: Mapping[str, Any]) -> tuple[str, str]:
    return account_of(str(plan.get("planArn"))), region_of(str(plan.get("planArn")))


def _left_shared(picture: Picture) -> tuple[Event, ...]:
    """Return an event for every destination at which snapshots stay shared, and of which the status does not tell."""
    items = (picture.previous.get("drift") or {}).get("items", ())
    told = {each.get("destination") for each in items if each.get("aspect") == unshared.ASPECT}
    return tuple(
        Event("Warning", Reason.SNAPSHOTS_STAY_SHARED, clip(conditions.difference(each)))
        for each in picture.plan.drift
        if each.aspect == unshared.ASPECT and each.destination not in told
    )


def _last_known(seen: tuple[Figures, ...], status: Mapping[str, Any]) -> tuple[Figures, ...]:
    """Return the figures that metrics go on showing: fresh ones, or what the status still says of a destination."""
    rows = {each["name"]: each for each in status["destinations"]}
    return tuple(
        each if each.looked else remembered(each.destination, rows[each.destination.name], None) for each in seen
    )


# --- When to look again --------------------------------------------------------------------------------------------


def _retryable(picture: Picture) -> bool:
    """Tell whether to try again with back-off; one destination's trouble must not slow down the copies to others."""
    moving = _moving(picture)
    problems = [each.problem for each in picture.results if each.action.alone or not moving]
    unseen = None if moving else picture.observed.problem
    return any(each is not None and each.error_class is ErrorClass.RETRY for each in [*problems, unseen])


AT_ONCE = timedelta(milliseconds=100)
"""When what was started makes room for nothing yet, but more may be started: the rate of starts is not to be lost."""
_FOLLOWED = frozenset({Reason.BUDGET, Reason.ACCOUNT_LIMIT, Reason.RESOURCE_BUSY, Reason.LIFECYCLE_CONFLICT})
"""Why a recovery point waits that is looked at again soon: for a copy under way, or one that another policy makes."""


def _moving(picture: Picture) -> bool:
    """Tell whether copies are under way, or wait for one that is."""
    return any(
        each.looked and (each.states.get(State.IN_PROGRESS) or any(reason in _FOLLOWED for _, reason in each.reasons))
        for each in picture.figures
    )


def _refused(picture: Picture) -> bool:
    return any(each.problem is not None for each in picture.results)


def _amiss(picture: Picture) -> bool:
    """Tell whether something is not set as it has to be, which may be put right at any moment."""
    return any(not each.remedy for each in picture.plan.drift) or any(
        each.status is not PrerequisiteStatus.MET and each.blocks for each in picture.plan.prerequisites
    )


def _failing(picture: Picture) -> bool:
    return any(each.states.get(State.FAILED) for each in picture.figures)


def _requeue(picture: Picture, cadence: Cadence) -> timedelta:
    """Return when the next look is due: soon while something moves or is amiss, at the interval otherwise."""
    startable = any(each.once for each in picture.plan.actions)
    if picture.desired.acts and startable and not _refused(picture):
        return min(AT_ONCE if picture.results else timedelta(seconds=1), cadence.follow)
    base = cadence.follow if _amiss(picture) or _moving(picture) else cadence.interval
    dues = [one.retry_at for each in picture.plan[JUDGED].values() for one in each.standings if one.retry_at]
    dues += [each.retry_at for each in picture.plan.postponed]
    objective = picture.desired[COPIES].max_copy_lag
    if objective is not None:
        dues += [each.oldest_gap + objective for each in picture.figures if each.oldest_gap]
    pending = [due - picture.now for due in dues if due >= picture.now]
    return max(min([base, *pending]), timedelta(seconds=1))


# --- What cannot be worked with ------------------------------------------------------------------------------------


def _kept(
    status: dict[str, Any], previous: Mapping[str, Any], message: str, looked: Mapping[str, datetime], now: datetime
) -> dict[str, Any]:
    """Return the status with what was last known of the destinations, and of when that is."""
    status = {**status, "summary": {**status.get("summary", {}), "message": clip(message)}}
    return with_last_changed({**status, **rows_as_of(previous, looked)}, previous, now)


FACE = Face(conditions.parts_unseen, _kept)


def summarise_rejected(
    rejected: Rejected, body: Mapping[str, Any], *, now: datetime, looked: Mapping[str, datetime] | None = None
) -> Outcome:
    """Say why nothing can be done until the manifest, or the account it names, changes."""
    message = " ".join(str(each) for each in rejected.faults)
    return summarise_refused(FACE, rejected.reason, message, body, now=now, looked=looked)
