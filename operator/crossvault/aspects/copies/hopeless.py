"""What failed for good although AWS has forgotten that it did: it lists copy jobs for 30 days.

Without this each such recovery point would be tried anew every month, for ever. Jobs of others tell instead: where all
that AWS still shows of a type, or else of a resource, failed for good, what has no job any more is held. One of them is
tried in time, before the last job is forgotten, so that there always is one to tell, and so that it is found out when
AWS can copy such recovery points after all.

| recovery point | all listed jobs of its type, or resource | |
|---|---|---|
| younger than the history, without a job | | started |
| older, without a job | failed for good | held, as failed |
| the newest that is held, else that failed itself | failed for good, the last of them 28 days ago | tried |
| any | one ended otherwise, or none is listed | as it was |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ...words.instants import instant
from ...words.reasons import Reason
from .evidence import HISTORY
from .failures import FailureClass, classify
from .jobs import Jobs
from .planned import Standing, State
from .states import Viewpoint

_Group = tuple[str, str]
"""A type, or a type and a resource of it."""


@dataclass(slots=True)
class _Ends:
    """How the jobs of a group ended.

    Attributes:
        reasons: Why they failed for good.
        hope: One of them ended otherwise.
        last: When one of them moved last.
    """

    reasons: set[Reason]
    last: datetime
    hope: bool = False

    def add(self, reason: Reason | None, moved: datetime) -> None:
        """Take in that some ended so."""
        self.hope = self.hope or reason is None
        self.last = max(self.last, moved)
        if reason is not None:
            self.reasons.add(reason)


def held(standings: Iterable[Standing], jobs: Jobs, view: Viewpoint, role_arn: str) -> tuple[Standing, ...]:
    """Return the standings with what is hopeless held, but for the one of each group that is to find out.

    Args:
        standings: The state of each recovery point.
        jobs: All between the two vaults that AWS shows.
        view: From where they were judged.
        role_arn: The copy role: what another one was refused says nothing.
    """
    standings = tuple(standings)
    if not any(_is_final(each) or _may_be_forgotten(each, view.now) for each in standings):
        return standings
    ends = _ends(jobs, role_arn)
    groups: dict[_Group, list[Standing]] = defaultdict(list)
    for each in standings:
        group = _group(each, ends) if _is_final(each) or _may_be_forgotten(each, view.now) else None
        if group is not None:
            groups[group].append(each)
    under_way = {group for job in jobs.running for group in _groups(job.resource_type, job.resource_arn)}
    found: dict[str, Standing] = {}
    for group, members in groups.items():  # what failed itself waits for a person, and for the day on which it is tried
        due = ends[group].last + HISTORY
        ahead = max(members, key=lambda one: (one.job is None, one.point.created, one.point.arn))
        for each in members:
            told = each if _is_final(each) else _told(each, group, ends[group])
            goes = each is ahead and group not in under_way and (due <= view.now or not _is_final(each))
            found[each.point.arn] = replace(told, retry_at=due if goes else told.retry_at, trial_at=due)
    return tuple(found.get(each.point.arn, each) for each in standings)


def _is_final(standing: Standing) -> bool:
    """Tell whether the last job of the point failed for good, and that is how it stands."""
    if standing.state is not State.FAILED or standing.job is None or standing.job.ended_well:
        return False
    failure = classify(standing.job.message, standing.job.category)
    return failure.failure_class is FailureClass.TERMINAL and standing.reason is failure.reason


def _may_be_forgotten(standing: Standing, now: datetime) -> bool:
    """Tell whether a point is to be started of which AWS may have forgotten a job."""
    return standing.state is State.MISSING and standing.job is None and standing.point.created <= now - HISTORY


def _groups(resource_type: str, resource_arn: str) -> tuple[_Group, _Group]:
    return (resource_type, ""), (resource_type, resource_arn)


def _ends(jobs: Jobs, role_arn: str) -> Mapping[_Group, _Ends]:
    found: dict[_Group, _Ends] = {}
    for resource, moved, endings in jobs.endings():
        for each in endings:
            if each.reason is None or each.role_arn in {None, role_arn}:
                for group in _groups(each.resource_type, resource):
                    found.setdefault(group, _Ends(set(), moved)).add(each.reason, moved)
    return found


def _group(standing: Standing, ends: Mapping[_Group, _Ends]) -> _Group | None:
    """Return the largest group of a point all of whose jobs failed for good; None for none."""
    found = (each for each in _groups(standing.point.resource_type, standing.point.resource_arn) if each in ends)
    return next((each for each in found if not ends[each].hope), None)


def _told(standing: Standing, group: _Group, ends: _Ends) -> Standing:
    of = f"{group[0]} resource {group[1]}" if group[1] else group[0]
    words = (
        f"AWS forgets copy jobs after 30 days. All that it still shows of {of} failed for good, so one recovery point"
        f" is tried again after {instant(ends.last + HISTORY)}, and this one when that is copied."
    )
    return replace(standing, state=State.FAILED, reason=min(ends.reasons), needs_action=True, message=words)
