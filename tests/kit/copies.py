"""Pairs of recovery points, and their states from one point of view."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.kit import recorded
from tests.kit.builders import NOW, SOURCE_ARN, ago, copy_of, desired, destination, job_for, point

from crossvault.aspects.copies import states
from crossvault.aspects.copies.declared import Backfill, BackfillMode
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


def stand_all(*pairs: Pair, view: Viewpoint | None = None) -> tuple[Standing, ...]:
    """Return the standings of pairs."""
    return states.stand(pairs, view or view_of())


def judged(
    source: RecoveryPoint, *jobs: CopyJob, copy: RecoveryPoint | None = None, view: Viewpoint | None = None
) -> Standing:
    """Return the standing of one point with these jobs and this copy."""
    return stand_all(Pair(source, copy, jobs), view=view)[0]


def copies_found(
    points: tuple[RecoveryPoint, ...], made: tuple[RecoveryPoint, ...] = (), jobs: tuple[CopyJob, ...] = ()
) -> dict[str, str | None]:
    """Return the ARN of the copy found for each source point."""
    pairs = pair(points, made, jobs, SOURCE_ARN).pairs
    return {each.point.arn: each.copy.arn if each.copy else None for each in pairs}


OLD = point(60, created=ago(days=60, minutes=7))
LOOSE = copy_of(point(50), arn="loose")


def linked(count: int, *, minute: int = 11) -> list[tuple[RecoveryPoint, RecoveryPoint, CopyJob]]:
    """Return recovery points with copies and the jobs that made them, days ago."""
    made = []
    for number in range(1, count + 1):
        source = point(number, created=(NOW - timedelta(days=number)).replace(minute=minute))
        copy = copy_of(source)
        started = source.created + timedelta(hours=2)
        job = job_for(source, state="COMPLETED", to=copy, job_id=f"linked-{number}", created=started)
        made.append((source, copy, job))
    return made
