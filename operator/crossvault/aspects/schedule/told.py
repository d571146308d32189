"""What a status tells of a schedule. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...engine.declared import DeletionPolicy, Desired
from ...engine.looks import Unseen
from ...engine.observed import Observed
from ...manifest.fields import format_duration
from ...words.instants import instant
from . import jobs, overlaps, selected
from .declared import KNOWN_PLAN, OWNER, SCHEDULE, longest_interval
from .seen import PLANS, BackupPlan, Plans, relies_on


def row(desired: Desired, observed: Observed, previous: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return ``status.schedule``: the policy's own plan as it was seen, or last known; empty where it has none.

    What a status knows of a plan is what is looked for when the schedule goes, and removed if that is declared.
    """
    look, before = observed.source[PLANS], previous.get("schedule")
    declared = desired[SCHEDULE] is not None
    if not declared and desired.deletion_policy is not DeletionPolicy.REMOVE_OWNED:
        return {}
    if isinstance(look, Unseen):
        return dict(before) if isinstance(before, Mapping) else {}
    own = _own(desired, look.value)
    if own is None:
        return dict(before) if _was_taken(desired, look.value) and isinstance(before, Mapping) else {}
    known = selected.rows(desired, observed, before if isinstance(before, Mapping) else {})
    schedule = desired[SCHEDULE]
    longest = longest_interval(schedule.rules, now) if schedule is not None else None
    interval = {"longestInterval": format_duration(longest)} if longest is not None else {}
    return {**_row(own, next_runs(desired, now), known), **interval}


def _own(desired: Desired, plans: Plans) -> BackupPlan | None:
    own = plans.own(desired[OWNER], desired[KNOWN_PLAN])
    return own or next((each for each in plans.found if relies_on(desired, each)), None)


def backups_failing(desired: Desired, observed: Observed) -> int | None:
    """Return how many resources the policy's plan fails to back up; None where that is not known, or there is none."""
    look = observed.source[PLANS]
    own = _own(desired, look.value) if desired[SCHEDULE] is not None and not isinstance(look, Unseen) else None
    return jobs.failing(observed.source, own.id) if own is not None else None


def _was_taken(desired: Desired, plans: Plans) -> bool:
    """Tell whether the adopted plan became another owner's; that it was ours once is known by the status alone."""
    schedule, known = desired[SCHEDULE], desired[KNOWN_PLAN]
    return schedule is not None and schedule.adopt == known and any(each.id == known for each in plans.found)


def next_runs(desired: Desired, now: datetime) -> Mapping[str, datetime]:
    """Return when each declared rule runs next and makes backups; one that does not any more is left out."""
    schedule = desired[SCHEDULE]
    rules = schedule.rules if schedule is not None else ()
    runs = {each.name: overlaps.next_run(rules, each, now) for each in rules}
    return {name: at for name, at in runs.items() if at is not None}


def _row(plan: BackupPlan, runs: Mapping[str, datetime], known: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    names = sorted({each.name for each in plan.selections})
    return {
        "planId": plan.id,
        "planName": plan.name,
        "planArn": plan.arn,
        "rules": [
            {"name": name, **({"nextRun": instant(runs[name])} if name in runs else {})}
            for name in sorted(plan.form.rules)
        ],
        "selections": [known.get(name) or {"name": name} for name in names],
    }
