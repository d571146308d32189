"""Counts and instants of one destination, taken from the standings of its recovery points.

Raw instants, no ages: whoever prints computes the age, so that a figure changes only when a fact does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from ...engine.declared import Account, Destination, VaultRef
from ...engine.looks import Seen
from ...engine.observed import Sight
from ...engine.rows import UNMET, Prerequisite
from ...words.explanations import EXPLANATIONS
from ...words.instants import instant, moment
from ...words.problems import ErrorClass
from ...words.reasons import Reason
from ...words.sanitise import sanitise
from . import remedies
from .contents import ARRIVALS
from .jobs import Jobs
from .judged import Judged
from .planned import GAP_STATES, Standing, State
from .proof import Proof, status_rows
from .seen import RecoveryPoint
from .states import amiss, needs_somebody

EXPLAINED_STATES = (State.FAILED, State.WAITING, State.MISSING, State.INELIGIBLE, State.COPIED)
REASON_LIMIT = 20

LOSSES = frozenset({Reason.COPY_VANISHED, Reason.DESTINATION_VAULT_LOST})
"""What is told before everything else that is amiss: copies that were there are there no more."""


class Copies(StrEnum):
    """What there is of the copies of recovery points with which something is amiss."""

    NONE = "none"
    UNDER_WAY = "under_way"
    THERE = "there"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Failed:
    """Recovery points with which the same is amiss, and one of them as example: they failed, or wait for somebody.

    Attributes:
        needs_action: A person has to act for at least one of them, or has to find out who deleted; else time ends it.
        message: What AWS said of the example.
        retry_at: When the first of them is tried again; None when none is, or when it is being tried.
        remedy: What the person does, naming the key where it is about one.
        lost: Only the status before knew the copies that are gone, so this one has to remember them.
        size: Of all of them, as far as AWS tells it.
        state: Of all of them; None of those whose copies are gone, which may be of any.
        copies: What there is of their copies.
    """

    destination: str
    reason: Reason
    count: int
    needs_action: bool
    example: str
    message: str
    retry_at: datetime | None = None
    remedy: str = ""
    lost: bool = False
    size: int = 0
    state: State | None = None
    copies: Copies = Copies.NONE


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of one destination.

    Attributes:
        looked: Both vaults and the copy jobs were seen; without that every figure is unknown, not zero, or the last
            known one where ``observed_at`` says of when.
        reasons: (state, reason) → recovery points, for failed, waiting, missing and ineligible ones.
        jobs: (outcome, reason) → copy jobs that AWS shows, 30 days back.
        bytes_copied: Size of the copies there are.
        needs_action: Recovery points, failed ones or others, that have no good copy before somebody acts.
        observed_at: When AWS showed this.
        proofs: What the pairing rests on, by kind; nothing of a destination that was not looked at.
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
    needs_action: int = 0
    observed_at: datetime | None = None
    proofs: tuple[Proof, ...] = ()

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
    destination: Destination,
    sight: Sight,
    judged: Judged,
    *,
    looked: bool,
    at: datetime | None = None,
    proven: tuple[Proof, ...] = (),
) -> Figures:
    """Count how the recovery points stand towards one destination."""
    settled = judged.settled
    meant = [each for each in judged.standings if each.state is not State.OUT_OF_SCOPE]
    look = sight[ARRIVALS].jobs
    jobs = look.value if isinstance(look, Seen) else Jobs()
    copied = [each.point for each in meant if each.state is State.COPIED]
    return Figures(
        destination=destination,
        looked=looked,
        states=states_of(judged),
        reasons=reasons(judged),
        jobs=jobs.outcomes,
        failures=failures(destination.name, meant),
        bytes_copied=sum(point.size for point in copied) + settled.bytes_copied,
        oldest_gap=_oldest(each.point for each in meant if each.state in GAP_STATES),
        newest_source=_newest((each.point for each in meant), settled.newest_source),
        newest_copy=_newest(copied, settled.newest_copy),
        last_completed=jobs.last_completed,
        oldest_running=min((job.created for job in jobs.running), default=None),
        needs_action=needing(meant),
        observed_at=at if looked else None,
        proofs=proven,
    )


def _oldest(points: Iterable[RecoveryPoint]) -> datetime | None:
    return min((point.created for point in points), default=None)


def _newest(points: Iterable[RecoveryPoint], settled: datetime | None) -> datetime | None:
    return max([point.created for point in points] + ([settled] if settled is not None else []), default=None)


def states_of(judged: Judged) -> Counter[State]:
    """Count the recovery points by their state."""
    return Counter(each.state for each in judged.standings) + judged.settled.states()


def needing(meant: Iterable[Standing]) -> int:
    """Count the recovery points that have no good copy before somebody acts."""
    return sum(map(needs_somebody, meant))


def failures(destination: str, meant: Iterable[Standing]) -> tuple[Failed, ...]:
    """Return what is amiss by reason and state: losses first, then what a person has to end, then the most frequent."""
    alike: dict[tuple[Reason, Copies, State | None], list[Standing]] = {}
    for each in meant:
        reason = amiss(each)
        if reason is not None:
            copies = _copies(each, reason)
            alike.setdefault((reason, copies, None if copies is Copies.GONE else each.state), []).append(each)
    return tuple(sorted((_failed(destination, *what, group) for what, group in alike.items()), key=in_order))


def in_order(each: Failed) -> tuple[bool, bool, int, str, str]:
    """Return the place of what is amiss at a destination."""
    return each.reason not in LOSSES, not each.needs_action, -each.count, each.reason, each.state or ""


def _copies(each: Standing, reason: Reason) -> Copies:
    if reason in LOSSES:
        return Copies.GONE
    if each.state is State.IN_PROGRESS:
        return Copies.UNDER_WAY
    return Copies.NONE if each.copy is None else Copies.THERE


def _failed(destination: str, reason: Reason, copies: Copies, state: State | None, group: list[Standing]) -> Failed:
    example = min(group, key=lambda each: each.point.arn)
    return Failed(
        destination,
        reason,
        len(group),
        needs_action=reason in LOSSES or any(each.needs_action for each in group),
        example=example.point.arn,
        message=sanitise(example.message or ""),
        retry_at=min((each.retry_at for each in group if each.retry_at is not None), default=None),
        remedy=remedies.remedy(reason, group),
        size=sum(one.point.size for one in group),
        state=state,
        copies=copies,
    )


def failure_row(each: Failed, row: Prerequisite | None = None) -> dict[str, Any]:
    """Return one entry of ``status.failures``: AWS's text, when it is tried again, who acts, and how.

    Args:
        each: What is amiss.
        row: The prerequisite because of which it is; None where none is. What to do is what that one says.
    """
    explained = EXPLANATIONS[each.reason]
    remedy = each.remedy if row is None or row.status is not UNMET else f"See {row.name}."
    return {
        "destination": each.destination,
        "reason": str(each.reason),
        **({"state": str(each.state)} if each.state else {}),
        "copies": str(each.copies),
        "count": each.count,
        "bytes": each.size,
        **({"prerequisite": row.name} if row is not None else {}),
        "class": str(ErrorClass.STUCK if each.needs_action else ErrorClass.RETRY),
        "needsAction": each.needs_action,
        "whoActs": explained.who if each.needs_action else "nobody",
        **({"example": each.example} if each.example else {}),
        "message": each.message or explained.meaning,
        **({"remedy": remedy} if remedy else {}),
        **({"retryAt": instant(each.retry_at)} if each.retry_at else {}),
    }


def reason_rows(counts: Mapping[tuple[State, Reason], int]) -> list[dict[str, Any]]:
    """Return (state, reason) with their counts, the most frequent ones first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:REASON_LIMIT]
    return [{"state": str(state), "reason": str(reason), "count": count} for (state, reason), count in ordered]


def reasons(judged: Judged) -> Mapping[tuple[State, Reason], int]:
    """Count the points that are not copied by their state and why; what has no reason yet is left out.

    Of what is out of scope those count whose copies would not live long enough: a person declared both.
    """
    counts: Counter[tuple[State, Reason]] = Counter()
    told = [((each.state, each.reason), 1) for each in judged.standings]
    for (state, reason), count in (*told, *judged.settled.counts):
        if reason is not None and (state in EXPLAINED_STATES or reason is Reason.COPY_EXPIRING):
            counts[state, reason] += count
    return counts


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
        "needsAction": each.needs_action,
        "bytesCopied": each.bytes_copied,
    }
    instants = {
        "oldestGap": instant(each.oldest_gap),
        "newestSource": instant(each.newest_source),
        "newestCopied": instant(each.newest_copy),
        "lastCompleted": instant(each.last_completed),
    }
    return {
        "name": each.destination.name,
        "vaultArn": each.destination.vault.arn,
        **counts,
        "reasons": reason_rows(each.reasons),
        **({"pairing": doubts} if (doubts := status_rows(each.proofs)) else {}),
        **{name: value for name, value in instants.items() if value is not None},
    }


_COUNTED = {
    "copied": State.COPIED,
    "inProgress": State.IN_PROGRESS,
    "waiting": State.WAITING,
    "missing": State.MISSING,
    "failed": State.FAILED,
    "ineligible": State.INELIGIBLE,
}


def remembered(destination: Destination, known: Mapping[str, Any], at: datetime | None) -> Figures:
    """Return the last known figures of a destination from its entry in a status, as far as the entry holds them."""
    counts = known.get("reasons") or ()
    return Figures(
        destination=destination,
        looked=False,
        states={state: int(known[name]) for name, state in _COUNTED.items() if name in known},
        reasons={(State(each["state"]), Reason(each["reason"])): int(each["count"]) for each in counts if _known(each)},
        jobs={},
        failures=(),
        bytes_copied=int(known.get("bytesCopied", 0)),
        oldest_gap=moment(known.get("oldestGap")),
        newest_source=moment(known.get("newestSource")),
        newest_copy=moment(known.get("newestCopied")),
        last_completed=moment(known.get("lastCompleted")),
        oldest_running=None,
        needs_action=int(known.get("needsAction", 0)),
        observed_at=moment(known.get("lastObserved")) or at,
    )


_VAULT_ARN = re.compile(r"arn:[a-z-]+:backup:([a-z0-9-]+):([0-9]{12}):backup-vault:([A-Za-z0-9_-]+)")


def remembered_rows(rows: Iterable[Mapping[str, Any]], at: datetime | None) -> tuple[Figures, ...]:
    """Return the last known figures of all destinations of a status, whose accounts have no name there."""
    found = []
    for each in rows:
        parts = _VAULT_ARN.fullmatch(str(each.get("vaultArn", "")))
        if parts is not None and "inScope" in each:
            vault = VaultRef(Account("", parts[2]), parts[1], parts[3])
            found.append(remembered(Destination(str(each.get("name", "")), vault), each, at))
    return tuple(found)


def _known(entry: Mapping[str, Any]) -> bool:
    """Tell whether this version knows the words of an entry, which another version may have written."""
    return entry.get("state") in set(State) and entry.get("reason") in set(Reason) and "count" in entry
