"""What a pass says: conditions, counts, events, when to look again. One place, always reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .manifest import Rejected
from .model import AccountSight, Desired, Event, Observed, Plan, PolicyKey, Result


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often to look: ``interval`` in steady state, ``follow`` while copies are running or something is amiss."""

    interval: timedelta = timedelta(minutes=5)
    follow: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class DestinationReport:
    """The figures of one destination, for metrics: raw instants, no ages."""

    name: str
    account: str
    region: str
    vault: str
    states: Mapping[str, int]
    reasons: Mapping[tuple[str, str], int]  # (state, reason) -> recovery points, for failed, waiting, ineligible
    oldest_gap: datetime | None
    newest_source: datetime | None
    newest_copy: datetime | None
    last_completed: datetime | None
    oldest_running: datetime | None
    bytes_copied: int
    jobs: Mapping[tuple[str, str], int]  # (outcome, reason) -> copy jobs AWS shows, 30 days back
    drift: Mapping[str, bool]
    unmet: tuple[tuple[str, str, str], ...]  # (prerequisite, status, reason)
    observed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Report:
    """What metrics know of one object; ``key.namespace`` is empty for cluster-scoped ones."""

    kind: str
    key: PolicyKey
    conditions: tuple[tuple[str, str, str], ...]  # (type, status, reason)
    mode: str = ""
    suspended: bool = False
    suspended_since: datetime | None = None
    source: str = ""
    objective: timedelta | None = None
    destinations: tuple[DestinationReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass did and found.

    Attributes:
        status: The whole ``.status`` to write when it differs from the object's; None writes nothing.
        requeue: When to look again; None means on the next change only.
        done: The object is being deleted and nothing of ours is left to do: its finalizer may go.
        failed: The pass could not look or act and should be tried again with back-off.
        summary: One sentence for the log; empty when nothing changed.
    """

    status: dict[str, Any] | None
    events: tuple[Event, ...] = ()
    requeue: timedelta | None = None
    done: bool = False
    failed: bool = False
    summary: str = ""
    report: Report | None = None
    results: tuple[Result, ...] = ()


def summarise(
    desired: Desired,
    observed: Observed,
    plan: Plan,
    results: tuple[Result, ...],
    *,
    previous: Mapping[str, Any],
    now: datetime,
    cadence: Cadence,
) -> Outcome:
    """Say what is true now."""
    raise NotImplementedError


def summarise_rejected(rejected: Rejected, body: Mapping[str, Any], *, now: datetime) -> Outcome:
    """Say why nothing can be done until the manifest changes."""
    raise NotImplementedError


def summarise_retained(desired: Desired, previous: Mapping[str, Any]) -> Outcome:
    """Let a deleted policy go and leave everything in AWS as it is."""
    raise NotImplementedError


def summarise_account(sight: AccountSight, body: Mapping[str, Any], *, now: datetime, cadence: Cadence) -> Outcome:
    """Say what the role of an account shows."""
    raise NotImplementedError
