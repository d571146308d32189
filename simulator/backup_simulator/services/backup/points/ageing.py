"""What happens to recovery points by themselves: they enter a vault, move to cold storage, expire, are deleted.

`enter` is the one way into a vault and `remove` the one way out; both keep the virtual clock informed.
AWS deletes at a random moment within eight hours after a recovery point is due.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ....clock import DAY
from ....fidelity import Behaviour
from ....records import resource_types
from .. import backup_events

if TYPE_CHECKING:
    from ....records.state import Lifecycle, RecoveryPoint, State, Vault

FOR_EVER = -1
KEPT = frozenset({"COMPLETED", "PARTIAL", "AVAILABLE", "STOPPED"})


def enter(state: State, vault: Vault, point: RecoveryPoint, now: float) -> None:
    """Put a recovery point into a vault and let it age from now on."""
    # Whoever deletes the role later leaves AWS without the right to delete the point.
    point.had_role = state.role(point.role_arn) is not None
    vault.points[point.arn] = point
    backup_events.recovery_point(state, vault, point, point.status, now)
    watch(state, vault, point, now)


def watch(state: State, vault: Vault, point: RecoveryPoint, now: float) -> None:
    """Plan what is due next; call it again whenever lifecycle, status or children of the point have changed."""
    moment = _next(state, point, now)
    if moment is not None:
        state.scheduler.at(moment, _settle, state, vault, point)


def delete(state: State, vault: Vault, point: RecoveryPoint, now: float, *, by: str | None = None) -> None:
    """Begin to delete a recovery point: DELETING now, gone or EXPIRED when `durations.deleting` is over.

    `by` is the word under which its event tells who deletes it.
    """
    point.status = "DELETING"
    state.scheduler.at(now + state.durations.deleting, _end, state, vault, point, by)


def expire(state: State, vault: Vault, point: RecoveryPoint, now: float) -> None:
    """Keep a point that AWS Backup should delete and cannot; whoever may deletes it by hand."""
    point.status = "EXPIRED"
    backup_events.recovery_point(state, vault, point, "EXPIRED", now)


def remove(state: State, vault: Vault, point: RecoveryPoint, now: float, *, by: str | None = None) -> None:
    """Take a recovery point out of its vault; a composite one that waited for it may now go itself."""
    if vault.points.get(point.arn) is not point:
        return
    del vault.points[point.arn]
    backup_events.recovery_point(state, vault, point, "DELETED", now, deleted_by=by)
    parent = vault.points.get(point.parent_arn) if point.parent_arn else None
    if parent:
        watch(state, vault, parent, now)


def children(vault: Vault, parent: RecoveryPoint) -> list[RecoveryPoint]:
    """The recovery points nested in a composite one."""
    return vault.points.within(parent.arn) if parent.is_parent else []


def cold_due(point: RecoveryPoint) -> float | None:
    """When a point moves to cold storage (epoch seconds); None when it does not or has."""
    row = resource_types.of_point(point.resource_type, point.arn)
    days = point.lifecycle.move_to_cold_after_days
    if point.storage_class != "WARM" or not _kept(days) or not _cools(row, point.lifecycle):
        return None
    return point.created + (days or 0) * DAY


def _cools(row: resource_types.ResourceType, lifecycle: Lifecycle) -> bool:
    """EBS archives only who opted in; types without cold storage ignore the wish."""
    return row.cold and (row.name != "EBS" or lifecycle.archive_opt_in is True)


def delete_due(point: RecoveryPoint) -> float | None:
    """When a point's retention ends (epoch seconds); None when it is kept for ever."""
    days = point.lifecycle.delete_after_days
    if not _kept(days) or (point.continuous and point.status != "STOPPED"):
        return None
    return point.created + (days or 0) * DAY


def due(point: RecoveryPoint) -> float | None:
    """When the first thing is due to a point, the random part not counted; None when nothing is."""
    moments = [moment for moment in (cold_due(point), delete_due(point)) if moment is not None]
    return min(moments) if moments and point.status in KEPT else None


def _kept(days: int | None) -> bool:
    return days is not None and days != FOR_EVER


def _next(state: State, point: RecoveryPoint, now: float) -> float | None:
    """The next moment at which something is due; what was due long ago is due from now on."""
    if point.status not in KEPT:
        return None
    cold, end = cold_due(point), delete_due(point)
    if end is not None:
        end = max(end, now) + _share(point.arn) * state.durations.expiry_window
    moments = [moment for moment in (cold, end) if moment is not None]
    return max(min(moments), now) if moments else None


def _share(arn: str) -> float:
    """A number in [0, 1) that is the same for the same recovery point in every run."""
    return int.from_bytes(hashlib.sha256(arn.encode()).digest()[:4], "big") / 2**32


def _end(state: State, vault: Vault, point: RecoveryPoint, by: str | None, now: float) -> None:
    """Delete with the role that made the point; without it the point stays, EXPIRED."""
    if point.had_role and state.role(point.role_arn) is None:
        expire(state, vault, point, now)
        return
    remove(state, vault, point, now, by=by)


def _settle(state: State, vault: Vault, point: RecoveryPoint, now: float) -> None:
    """Do what is due by now; a plan that a changed lifecycle made stale finds nothing due."""
    if vault.points.get(point.arn) is not point or point.status not in KEPT:
        return
    cold, end = cold_due(point), delete_due(point)
    if cold is not None and cold <= now:
        point.storage_class = "COLD"
        watch(state, vault, point, now)
        return
    if end is None or end + _share(point.arn) * state.durations.expiry_window > now or children(vault, point):
        return
    _end(state, vault, point, None, now)


FIDELITY = (
    Behaviour(
        "Recovery points go at a moment within eight hours after their retention ended, the same one in every run",
        "DG; one moment per ARN is ours",
        "test_ageing.py::test_a_recovery_point_expires_within_eight_hours",
    ),
    Behaviour(
        "Types with cold storage move there on time, EBS only with OptInToArchiveForSupportedResources",
        "DG",
        "test_ageing.py::test_only_types_with_cold_storage_move_there",
    ),
    Behaviour(
        "A point whose role was deleted since stays as EXPIRED",
        "DG",
        "test_ageing.py::test_without_its_role_a_point_stays_as_expired",
    ),
    Behaviour(
        "A composite point goes after its children",
        "DG; on expiry assumed",
        "test_ageing.py::test_a_composite_point_goes_after_its_children",
    ),
    Behaviour(
        "Continuous points expire only when they are STOPPED",
        "DG",
        "test_ageing.py::test_a_continuous_point_goes_when_stopped",
    ),
    Behaviour(
        "A copy whose retention is over when it arrives goes within eight hours",
        "assumed",
        "test_ageing.py::test_a_copy_that_comes_too_late_goes_soon",
    ),
    Behaviour(
        "What a world file makes older than its retention goes within eight hours after the start",
        "ours",
        "test_ageing.py::test_what_is_overdue_at_the_start_goes_soon",
    ),
)
