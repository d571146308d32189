"""Pairs of recovery points, and their states from one point of view."""

from __future__ import annotations

from datetime import datetime

from tests.kit import recorded
from tests.unit.builders import (
    NOW,
    SOURCE_ARN,
    desired,
    destination,
)

from crossvault.aspects.copies import states
from crossvault.aspects.copies.declared import Backfill, BackfillMode
from crossvault.aspects.copies.inventory import Inventory
from crossvault.aspects.copies.pairing import Pair, pair
from crossvault.aspects.copies.planned import Standing
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.aspects.copies.states import Viewpoint
from crossvault.engine.declared import Desired, Destination
from crossvault.words.reasons import Reason

ALL = Backfill(BackfillMode.ALL)
ORGANIZATION_TEXT = recorded.said("organization")


def view_of(
    wanted: Desired | None = None,
    *,
    now: datetime = NOW,
    towards: Destination | None = None,
    cleared: frozenset[Reason] = frozenset(),
    copies_seen: datetime | None = None,
) -> Viewpoint:
    """Return the view of a policy with one destination, at present unless told otherwise."""
    return Viewpoint(
        wanted or desired(backfill=ALL), towards or destination(), now, copies_seen or now, cleared=cleared
    )


def judge_all(*pairs: Pair, view: Viewpoint | None = None) -> tuple[Standing, ...]:
    """Return the standings of pairs."""
    return states.judge(pairs, view or view_of())


def judged(
    source: RecoveryPoint, *jobs: CopyJob, copy: RecoveryPoint | None = None, view: Viewpoint | None = None
) -> Standing:
    """Return the standing of one point with these jobs and this copy."""
    return judge_all(Pair(source, copy, jobs), view=view)[0]


def copies_found(
    points: tuple[RecoveryPoint, ...], made: tuple[RecoveryPoint, ...] = (), jobs: tuple[CopyJob, ...] = ()
) -> dict[str, str | None]:
    """Return the ARN of the copy found for each source point."""
    pairs = pair(Inventory(points), Inventory(made), jobs, SOURCE_ARN).pairs
    return {each.point.arn: each.copy.arn if each.copy else None for each in pairs}
