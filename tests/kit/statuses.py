"""What a pass says of a world that was seen."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.kit.builders import (
    NOW,
    UNSEEN,
    account_sight,
    ago,
    blind,
    copy_of,
    desired,
    destination,
    job_for,
    observed,
    point,
    sight,
)
from tests.kit.judging import diff

from crossvault.aspects.copies.declared import Backfill, BackfillMode
from crossvault.engine.declared import Desired, Ownership
from crossvault.engine.observed import Observed
from crossvault.engine.plan import Result
from crossvault.kinds.policy.summary import summarise
from crossvault.status.outcome import Cadence, Outcome

ALL = Backfill(BackfillMode.ALL)
DAY = timedelta(days=1)
LAG = timedelta(hours=25)
CHECK = destination(vault_policy=Ownership.CHECK)
FIELDS = {"type", "status", "reason", "message", "observedGeneration", "lastTransitionTime"}
PARTS = {"CopiesHealthy", "PrerequisitesMet", "Synced", "WithinObjective"}
DENIED_TEXT = "You are not authorized to perform this operation."


def declare(*destinations: Any, **members: Any) -> Desired:
    """Return a policy with an objective that wants everything."""
    settings: dict[str, Any] = {"backfill": ALL, "max_copy_lag": LAG} | members
    return desired(*destinations, **settings)


def tell(
    wanted: Desired,
    seen: Observed,
    *,
    previous: dict[str, Any] | None = None,
    results: tuple[Result, ...] = (),
    now: datetime = NOW,
) -> Outcome:
    """Return what a pass says."""
    return summarise(wanted, seen, diff(wanted, seen), results, previous=previous or {}, now=now, cadence=Cadence())


def status_of(outcome: Outcome) -> dict[str, Any]:
    """Return the status as it comes back from the API server."""
    assert outcome.status is not None
    written: dict[str, Any] = json.loads(json.dumps(outcome.status))
    return written


def condition_in(told: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return a condition."""
    return next(each for each in told["conditions"] if each["type"] == kind)


def failed_job(source: Any) -> Any:
    """Return a job that has just failed."""
    return job_for(source, state="FAILED", message=DENIED_TEXT, completed=ago(minutes=1))


WORLDS = [
    pytest.param(observed(()), id="nothing"),
    pytest.param(observed((point(),), sight(copies=(copy_of(point()),))), id="protected"),
    pytest.param(observed((point(), point(2))), id="gaps"),
    pytest.param(observed((point(),), sight(jobs=(job_for(point()),))), id="a running job"),
    pytest.param(observed((point(),), sight(jobs=(failed_job(point()),))), id="a failure"),
    pytest.param(observed((point(),), sight(policy=None)), id="drift"),
    pytest.param(observed((point(),), blind()), id="the dark"),
    pytest.param(observed(UNSEEN, source=account_sight(organization=UNSEEN)), id="the source in the dark"),
]
