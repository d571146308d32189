"""What AWS Backup tells EventBridge about backup plans and Region settings (published examples)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ..events import feed

if TYPE_CHECKING:
    from ...records.backups import Plan
    from ...records.state import State
    from ...wire import Params

MOMENTS = {"CREATED": "creationDate", "MODIFIED": "modifiedAt", "DELETED": "deletionDate"}


def plan(state: State, found: Plan, change: str, now: float) -> None:
    """Tell that a plan was CREATED, MODIFIED or DELETED."""
    detail = {
        "backupPlanId": found.plan_id,
        "versionId": found.current.version_id,
        MOMENTS[change]: feed.stamp(now, millis=True),
        "state": change,
    }
    origin = feed.Origin(found.account, found.region, [found.arn])
    feed.tell(state, origin, "Backup Plan State Change", detail, now)


def region_settings(state: State, account: str, region: str, changed: Params, now: float) -> None:
    """Tell which settings of a Region were changed."""
    detail = {"modifiedAt": feed.stamp(now, millis=True), **changed, "state": "MODIFIED"}
    feed.tell(state, feed.Origin(account, region), "Region Setting State Change", detail, now)


FIDELITY = (
    Behaviour(
        "Backup Plan State Change: CREATED, MODIFIED, DELETED, each with a date of its own name",
        "DG",
        "test_plan_events.py::test_a_plan_tells_what_becomes_of_it",
    ),
    Behaviour(
        "Region Setting State Change holds the settings that were sent",
        "DG; that management preferences are told too: assumed",
        "test_plan_events.py::test_region_settings_tell_what_changed",
    ),
)
