"""Counts and instants of one destination, taken from the standings of its recovery points.

Raw instants, no ages: whoever prints computes the age, so that a figure changes only when a fact does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .failures import classify
from .model import GAP_STATES, CopyJob, Destination, DestinationSight, RecoveryPoint, Seen, Standing, State
from .reasons import Reason
from .sanitise import sanitise

EXPLAINED_STATES = (State.FAILED, State.WAITING, State.INELIGIBLE)


@dataclass(frozen=True, slots=True)
class Failed:
    """Recovery points that cannot be copied for the same reason, with one of them as example."""

    destination: str
    reason: Reason
    count: int
    needs_action: bool
    example: str
    message: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of one destination.

    Attributes:
        looked: Both vaults and the copy jobs were seen; without that every figure is unknown, not zero.
        reasons: (state, reason) → recovery points, for failed, waiting and ineligible ones.
        jobs: (outcome, reason) → copy jobs that AWS shows, 30 days back.
        bytes_copied: Size of the copies there are.
    """

    destination: Destination
    looked: bool
    states: Mapping[State, int]
    reasons: Mapping[tuple[State, Reason], int]
    jobs: Mapping[tuple[str, str], int]
    failures: tuple[Failed, ...]
    bytes_copied: int
    oldest_gap: datetime | None
    newest_source: datetime | None
    newest_copy: datetime | None
    last_completed: datetime | None
    oldest_running: datetime | None

    @property
    def in_scope(self) -> int:
        """Recovery points the policy means, eligible or not."""
        return sum(count for state, count in self.states.items() if state is not State.OUT_OF_SCOPE)

    @property
    def copyable(self) -> int:
        """Recovery points in scope that AWS can copy."""
        return self.in_scope - self.states.get(State.INELIGIBLE, 0)

    @property
    def gaps(self) -> int:
        """Recovery points in scope without a good copy."""
        return sum(self.states.get(state, 0) for state in GAP_STATES)


def figures(
    destination: Destination, sight: DestinationSight, standings: tuple[Standing, ...], *, looked: bool
) -> Figures:
    """Count the standings of one destination."""
    meant = [each for each in standings if each.state is not State.OUT_OF_SCOPE]
    jobs = sight.jobs.value if isinstance(sight.jobs, Seen) else ()
    copied = [each.point for each in meant if each.state is State.COPIED]
    return Figures(
        destination=destination,
        looked=looked,
        states=Counter(each.state for each in standings),
        reasons=Counter((each.state, each.reason) for each in meant if each.state in EXPLAINED_STATES and each.reason),
        jobs=Counter(_outcome(job) for job in jobs),
        failures=_failures(destination.name, meant),
        bytes_copied=sum(point.size for point in copied),
        oldest_gap=_oldest(each.point for each in meant if each.state in GAP_STATES),
        newest_source=_newest(each.point for each in meant),
        newest_copy=_newest(copied),
        last_completed=max((job.completed for job in jobs if job.state == "COMPLETED" and job.completed), default=None),
        oldest_running=min((job.created for job in jobs if job.is_running), default=None),
    )


def _oldest(points: Iterable[RecoveryPoint]) -> datetime | None:
    return min((point.created for point in points), default=None)


def _newest(points: Iterable[RecoveryPoint]) -> datetime | None:
    return max((point.created for point in points), default=None)


def _outcome(job: CopyJob) -> tuple[str, str]:
    if job.is_running:
        return "running", ""
    if job.state == "COMPLETED":
        return ("completed_with_message" if job.message else "completed"), ""
    if job.state == "PARTIAL":
        return "partial", Reason.COPY_PARTIAL
    return "failed", classify(job.message, job.category).reason


def _failures(destination: str, meant: list[Standing]) -> tuple[Failed, ...]:
    by_reason: dict[Reason, list[Standing]] = {}
    for each in meant:
        if each.state is State.FAILED and each.reason is not None:
            by_reason.setdefault(each.reason, []).append(each)
    return tuple(
        Failed(
            destination,
            reason,
            len(group),
            any(each.needs_action for each in group),
            min(each.point.arn for each in group),
            sanitise(min(group, key=lambda each: each.point.arn).message or ""),
        )
        for reason, group in sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def instant(moment: datetime | None) -> str | None:
    """Write an instant as Kubernetes does: RFC 3339, UTC, whole seconds."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def row(each: Figures) -> dict[str, Any]:
    """Return the entry of ``status.destinations`` for a destination that was looked at."""
    counts = {
        "inScope": each.in_scope,
        "copied": each.states.get(State.COPIED, 0),
        "inProgress": each.states.get(State.IN_PROGRESS, 0),
        "waiting": each.states.get(State.WAITING, 0),
        "missing": each.states.get(State.MISSING, 0),
        "failed": each.states.get(State.FAILED, 0),
        "ineligible": each.states.get(State.INELIGIBLE, 0),
        "bytesCopied": each.bytes_copied,
    }
    instants = {
        "oldestGap": instant(each.oldest_gap),
        "newestCopied": instant(each.newest_copy),
        "lastCompleted": instant(each.last_completed),
    }
    return {
        "name": each.destination.name,
        "vaultArn": each.destination.vault.arn,
        **counts,
        **{name: value for name, value in instants.items() if value is not None},
    }
