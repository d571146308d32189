"""Retention: what a lifecycle may be, and when it takes effect.

Everything counts from the recovery point's creation date, which a copy shares with its source.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from ....clock import DAY
from ....fidelity import Behaviour
from ....records.state import Lifecycle
from ....wire import AwsError

if TYPE_CHECKING:
    from ....records.state import RecoveryPoint
    from ....wire import Params

FOR_EVER = -1


def parse(params: Params | None) -> Lifecycle | None:
    """Read and check a lifecycle of a request."""
    if params is None:
        return None
    if "DeleteAfterEvent" in params:
        raise invalid("DeleteAfterEvent is not valid as an input")
    return checked(
        Lifecycle(
            params.get("MoveToColdStorageAfterDays"),
            params.get("DeleteAfterDays"),
            params.get("OptInToArchiveForSupportedResources"),
        )
    )


def checked(lifecycle: Lifecycle) -> Lifecycle:
    """The lifecycle, if its days are possible; raises InvalidParameterValueException if not."""
    cold, delete = lifecycle.move_to_cold_after_days, lifecycle.delete_after_days
    if cold is not None and cold != FOR_EVER and not 1 <= cold <= 36_500:
        raise invalid("MoveToColdStorageAfterDays cannot be less than 1 or more than 36500 days")
    if delete is not None and delete != FOR_EVER and not 1 <= delete <= 36_500:
        raise invalid("DeleteAfterDays cannot be less than 1 or more than 36500 days")
    if _kept(cold) and _kept(delete) and (delete or 0) < (cold or 0) + 90:
        raise invalid("DeleteAfterDays cannot be less than 90 days apart from MoveToColdStorageAfterDays")
    return lifecycle


def _kept(days: int | None) -> bool:
    return days is not None and days != FOR_EVER


def invalid(text: str) -> AwsError:
    """The error of a lifecycle that cannot be."""
    return AwsError("InvalidParameterValueException", f"Invalid lifecycle. {text}", Code="ERROR_3015")


def of_copy(asked: Lifecycle | None, source: Lifecycle) -> Lifecycle:
    """The lifecycle of a copy: none asked follows the source; without days to live, or with -1, it has its expiry."""
    if asked is None:
        return source
    if not _kept(asked.delete_after_days):
        return Lifecycle(asked.move_to_cold_after_days, source.delete_after_days, asked.archive_opt_in)
    return asked


@functools.lru_cache(maxsize=1024)  # a vault has many recovery points and few lifecycles
def shown(lifecycle: Lifecycle | None) -> Params | None:
    """A lifecycle in the API's shape; not to be changed, others have it too."""
    if lifecycle is None:
        return None
    found: Params = {
        "MoveToColdStorageAfterDays": lifecycle.move_to_cold_after_days,
        "DeleteAfterDays": lifecycle.delete_after_days,
        "OptInToArchiveForSupportedResources": lifecycle.archive_opt_in,
        "DeleteAfterEvent": lifecycle.delete_after_event,
    }
    return found if any(value is not None for value in found.values()) else None


def calculated(point: RecoveryPoint) -> Params | None:
    """The dates that follow from a lifecycle."""
    cold, delete = point.lifecycle.move_to_cold_after_days, point.lifecycle.delete_after_days
    moves, ends = _kept(cold), _kept(delete)
    if not moves and not ends:
        return None
    return {
        "MoveToColdStorageAt": point.created + (cold or 0) * DAY if moves else None,
        "DeleteAt": point.created + (delete or 0) * DAY if ends else None,
    }


FIDELITY = (
    Behaviour(
        "Lifecycle rules and `ERROR_3015` texts",
        "issue; text of MoveToCold bounds assumed",
        "test_recovery_points.py::test_impossible_lifecycles_are_refused",
    ),
    Behaviour(
        "CreationDate and ResourceArn of a copy are the source's; retention counts from there; -1, or none beside "
        "MoveToColdStorageAfterDays, inherits",
        "DG: what is not specified, and what is never to expire; of the second no request is shown",
        "test_copy_jobs.py::test_retention_counts_from_the_sources_creation",
    ),
)
