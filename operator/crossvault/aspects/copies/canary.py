"""One recovery point finds out for all whether a vault that refuses copies has come to take them.

AWS has denied copies into the vault although its policy, as far as it can be read, lets the copy role in. What is in
the way is not seen from here, and nor is its end, so one copy is tried, and all others of its type wait for that.

| copies of a type, since the last that was made | |
|---|---|
| none was denied, or the row of the vault's policy is not met | each by itself: :mod:`.retries` |
| denied, and none is under way | one is tried: at once at first, then after the pause; it doubles if none was made |
| one is under way | all others wait |
| it lasts longer than any that was denied | each by itself, as once it is made |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ...words.instants import instant
from ...words.reasons import Reason
from .declared import COPIES
from .jobs import Jobs
from .planned import Standing, State
from .retries import SLOWEST_WHEN_MET
from .seen import CopyJob
from .states import Viewpoint

DENIALS = (Reason.COPY_DENIED, Reason.COPY_ROLE_DENIED)
"""How copies fail of which all are denied alike: by the vault, or for what the copy role lacks."""

LASTING = timedelta(minutes=5)
"""A copy is not denied that is under way for so long, and for twice as long as any that was."""


def held(standings: Iterable[Standing], jobs: Jobs, view: Viewpoint) -> tuple[Standing, ...]:
    """Return the standings with all but one of each type held, where the vault denies copies for no reason seen.

    Args:
        standings: The state of each recovery point.
        jobs: All between the two vaults that AWS shows.
        view: From where they were judged.
    """
    standings = tuple(standings)
    for reason in DENIALS:
        if reason in view.cleared and any(_is_denied(each, reason) for each in standings):
            standings = _held(standings, reason, jobs, view)
    return standings


def _held(standings: tuple[Standing, ...], reason: Reason, jobs: Jobs, view: Viewpoint) -> tuple[Standing, ...]:
    by_type: dict[str, list[Standing]] = defaultdict(list)
    for each in standings:
        if _is_denied(each, reason) or each.state is State.MISSING:
            by_type[each.point.resource_type].append(each)
    made, found = jobs.made(), dict[str, Standing]()
    for name, members in by_type.items():
        running = [job for job in jobs.running if job.resource_type == name]
        judged = _of_type(members, reason, made.get(name), running, view)
        found |= {each.point.arn: each for each in judged}
    return tuple(found.get(each.point.arn, each) for each in standings)


def _is_denied(standing: Standing, reason: Reason) -> bool:
    return standing.state is State.FAILED and standing.reason is reason and standing.job is not None


def _of_type(
    members: Sequence[Standing],
    reason: Reason,
    made: datetime | None,
    running: Iterable[CopyJob],
    view: Viewpoint,
) -> Iterable[Standing]:
    """Judge the recovery points of one type that have no copy; those that are not held are left out."""
    denied = [each for each in members if _is_denied(each, reason)]
    denials = [each.job for each in denied if each.job is not None]
    last = max(map(_ended, denials), default=None)
    if last is None or (made is not None and made > last):
        return []
    longest = max(_ended(job) - job.created for job in denials)
    tries = [job for job in running if job.created > last]
    if any(view.now - job.created > max(LASTING, 2 * longest) for job in tries):
        return []
    vain = _in_vain(denied, denials, view)
    pause = _pause(vain, view)
    # What some were refused others may be let do: those must not wait long for them.
    due = last + (pause if made is None else min(pause, view.desired[COPIES].copying.backoff))
    ahead = None if tries else min(members, key=lambda one: _rank(one, vain, reason))
    return [_told(each, reason, due, goes=each is ahead, now=view.now) for each in members]


def _rank(standing: Standing, vain: int, reason: Reason) -> tuple[bool, int, float, str]:
    """Order the recovery points: first of all one that was denied, then those that were tried least, the newest first.

    What keeps one out may let others in, so each has its turn.
    """
    first = vain == 0 and not _is_denied(standing, reason)
    return first, standing.attempts, -standing.point.created.timestamp(), standing.point.arn


def _in_vain(denied: Sequence[Standing], denials: Sequence[CopyJob], view: Viewpoint) -> int:
    """Count how often it was tried in vain after the first time; what was begun together is once."""
    apart = view.desired[COPIES].copying.backoff / 2
    rounds, since = 0, None
    for created in sorted(job.created for job in denials):
        if since is None or created - since >= apart:
            rounds, since = rounds + 1, created
    return max(rounds - 1, *(each.attempts - 1 for each in denied))


def _pause(vain: int, view: Viewpoint) -> timedelta:
    if not vain:
        return timedelta()
    return min(view.desired[COPIES].copying.backoff * (1 << min(vain - 1, 16)), SLOWEST_WHEN_MET)


def _ended(job: CopyJob) -> datetime:
    return job.completed or job.created


def _told(standing: Standing, reason: Reason, due: datetime, *, goes: bool, now: datetime) -> Standing:
    if goes and due <= now:
        return standing if standing.state is State.MISSING else replace(standing, retry_at=due)
    if standing.state is State.FAILED:
        return replace(standing, retry_at=due if goes else None)
    when = f"after {instant(due)}" if goes else "when another one, which is tried first, is copied"
    words = f"Copies of {standing.point.resource_type} into this vault were denied; this one is tried {when}."
    return replace(standing, state=State.WAITING, reason=reason, message=words)
