"""Whether gaps are still those of a first backfill, which is no missed objective: from AWS, and what was said before.

A backfill begins with its first copy job, ends when no gap is left that time can close, and is over when nothing of
it moves any more, or when a recovery point misses the objective that is younger than its beginning, or that somebody
has to act for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ...engine.declared import Desired
from ...engine.looks import Unseen
from ...engine.observed import Observed
from ...words.instants import moment
from ...words.reasons import Reason
from .contents import ARRIVALS, POINTS
from .declared import COPIES
from .jobs import Jobs
from .planned import GAP_STATES, Standing

PATIENCE = timedelta(hours=24)
"""How long a backfill may go on without one of its copies beginning or ending."""


def catching_up(
    desired: Desired,
    observed: Observed,
    standings: Mapping[str, Iterable[Standing]],
    previous: Mapping[str, Any],
    now: datetime,
) -> bool:
    """Tell whether the gaps are still those of the first backfill.

    Without a status from before, as in a run by cron, AWS alone decides. A changed spec may widen the scope, so it
    begins a new backfill, unless the objective was already missed.
    """
    known = [one for each in standings.values() for one in each]
    gaps = [one for one in known if one.state in GAP_STATES]
    looks = [each[ARRIVALS].jobs for each in observed.destinations]
    jobs = [look.value for look in looks if not isinstance(look, Unseen)]
    began = _began(desired, jobs, previous, now)
    if began is None or not any(_time_closes(one) for one in gaps if not _after(one, began)):
        return False
    # A backfill excuses what it is about to copy: neither what came later, nor what waits for somebody.
    others = [one for one in gaps if _after(one, began) or not _time_closes(one)]
    objective = desired[COPIES].max_copy_lag
    if objective is not None and any(now - one.point.created > objective for one in others):
        return False
    return now - began <= PATIENCE or any(_moved(observed, each, began, now - PATIENCE) for each in jobs)


def _moved(observed: Observed, jobs: Jobs, began: datetime, since: datetime) -> bool:
    """Tell whether the copy of a recovery point from before the backfill began, or ended, after a moment."""
    look = observed.source[POINTS]
    if isinstance(look, Unseen):
        return False
    found = (look.value.find(job.source_point_arn, job.resource_arn) for _, job in jobs.moved(since))
    return any(not _is_after(point.created, began) for point in found if point is not None)


def _after(gap: Standing, began: datetime) -> bool:
    return _is_after(gap.point.created, began)


def _is_after(created: datetime, began: datetime) -> bool:
    """Compare in whole seconds, as a status has them."""
    return created.replace(microsecond=0) > began.replace(microsecond=0)


def _time_closes(gap: Standing) -> bool:
    """Tell whether a gap closes without anybody acting."""
    return gap.reason is not Reason.HELD and not gap.needs_action


def _began(desired: Desired, jobs: list[Jobs], previous: Mapping[str, Any], now: datetime) -> datetime | None:
    """Return when the backfill that may be going on began; None when none does."""
    first = min((each.first_created for each in jobs if each.first_created is not None), default=None)
    before = next((each for each in previous.get("conditions", ()) if each.get("type") == "WithinObjective"), None)
    since = moment((before or {}).get("lastTransitionTime"))
    if before is not None and before.get("reason") == Reason.CATCHING_UP:
        return since or first or now
    if before is None or before.get("status") == "Unknown":
        known = first is None and any(each.get("copied") for each in previous.get("destinations", ()))
        return None if known else first or now
    if before.get("status") == "True":
        changed = previous.get("observedGeneration") != desired.generation
        return now if changed else None
    # What was missed because nothing could be started is a first backfill once it starts.
    return first if first is not None and since is not None and first >= since else None
