"""Cold storage by type: for whose copies ``moveToColdStorageAfterDays`` does anything. Pure.

AWS Backup ignores it for types that have no cold storage, and moves snapshots of EBS to their archive tier only where
that is opted in to. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Lifecycle.html
"""

from __future__ import annotations

from collections.abc import Sequence

from ...engine.declared import Destination
from ...engine.plan import Side
from ...engine.rows import Prerequisite, met, unmet
from ...words.reasons import Reason
from ..resource_types.matrix import ARCHIVED, COPIED, NEVER_COLD
from .declared import LIFECYCLE, Lifecycle
from .existing import COLD_FOR

NAME = "ColdStorage"


def row(side: Side) -> tuple[Prerequisite, ...]:
    """Judge what a declared move to cold storage does; what copies inherit is not declared here.

    | types in scope | row |
    |---|---|
    | none is declared, or some of those declared move | Met; it says who stays warm |
    | of those declared none moves | Unmet: the declaration has no effect, and holds no copy |
    """
    destination, lifecycle = side.destination, side.destination[LIFECYCLE]
    if lifecycle is None or lifecycle.move_to_cold_storage_after_days is None:
        return ()
    declared = side.desired.scope.resource_types
    types = declared or tuple(sorted(COPIED))
    warm = [each for each in types if stays_warm(each, lifecycle)]
    days = lifecycle.move_to_cold_storage_after_days
    if len(warm) < len(types):
        told = [f"Copies move to cold storage after {days} days.", *([_words(warm)] if warm else [])]
        return (met(NAME, destination.name, " ".join([*told, *_inheriting(lifecycle, days)])),)
    words = f"moveToColdStorageAfterDays: {days} has no effect. {_words(warm)}"
    return (
        unmet(NAME, destination.name, Reason.COLD_STORAGE_IGNORED, words, _remedy(destination, warm), blocks=False),
    )


def _inheriting(lifecycle: Lifecycle, days: int) -> list[str]:
    """Say what copies without a retention of their own need, which AWS compares with that of their sources.

    What it does with one that is too short is not documented: it is tried.
    https://docs.aws.amazon.com/aws-backup/latest/devguide/recov-point-create-a-copy.html
    """
    if lifecycle.delete_after_days is not None and lifecycle.delete_after_days >= 0:
        return []
    return [f"They expire with what they are copies of, which has to live {days + COLD_FOR} days or longer for that."]


def stays_warm(resource_type: str, lifecycle: Lifecycle) -> bool:
    """Tell whether copies of a type stay warm whatever days are declared; of a type not known here nobody can tell."""
    return resource_type in NEVER_COLD or (resource_type in ARCHIVED and not lifecycle.opt_in_to_archive)


def _words(warm: Sequence[str]) -> str:
    never = [each for each in warm if each in NEVER_COLD]
    archived = [each for each in warm if each in ARCHIVED]
    told = [
        *([f"AWS ignores it for {', '.join(never)}, which have no cold storage."] if never else []),
        *([f"{', '.join(archived)} is archived only with optInToArchive: true."] if archived else []),
    ]
    return " ".join([*told, "Those copies stay warm."])


def _remedy(destination: Destination, warm: Sequence[str]) -> str:
    field = f"spec.destinations[].lifecycle.moveToColdStorageAfterDays of {destination.name}"
    opt_in = "Set optInToArchive: true beside it, or take" if any(each in ARCHIVED for each in warm) else "Take"
    return f"{opt_in} {field} out."
