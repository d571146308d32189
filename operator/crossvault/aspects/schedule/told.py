"""What a status tells of a schedule. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...engine.declared import DeletionPolicy, Desired
from ...engine.looks import Unseen
from ...engine.observed import Sight
from .declared import OWNER, SCHEDULE
from .seen import PLANS, BackupPlan


def row(desired: Desired, source: Sight, previous: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``status.schedule``: the policy's own plan as it was seen, or last known; empty where it has none.

    What a status knows of a plan is what is looked for when the schedule goes, and removed if that is declared.
    """
    look, before = source[PLANS], previous.get("schedule")
    declared = desired[SCHEDULE] is not None
    if not declared and desired.deletion_policy is not DeletionPolicy.REMOVE_OWNED:
        return {}
    if isinstance(look, Unseen):
        return dict(before) if isinstance(before, Mapping) else {}
    own = look.value.own(desired[OWNER])
    return _row(own) if own is not None else {}


def _row(plan: BackupPlan) -> dict[str, Any]:
    names = sorted({each.name for each in plan.selections})
    return {
        "planId": plan.id,
        "planName": plan.name,
        "planArn": plan.arn,
        "rules": sorted(plan.form.rules),
        "selections": names,
    }
