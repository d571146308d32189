"""Series of the declared objects, from the reports of their last passes.

They are computed at scrape time from instants, so an age is right whenever it is read, a deleted object leaves no
series behind, and nothing has to be written anywhere for a figure to move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypeAlias

from ..aspects import ROOMS
from ..aspects.copies.figures import Figures
from ..aspects.copies.planned import State
from ..kinds.account import ACCOUNT
from ..kinds.policy import POLICY
from ..status.outcome import Report
from ..words.texts import label
from . import catalogue
from .catalogue import Metric

Sample: TypeAlias = tuple[Metric, tuple[str, ...], float]

ASPECTS = tuple(aspect for room in ROOMS for aspect in room.drifts)
COUNTED = tuple(state for state in State if state is not State.OUT_OF_SCOPE)


def samples(reports: Iterable[Report], now: datetime) -> Iterator[Sample]:
    """Yield (metric, label values, value) for every object, no series twice: a scraper would refuse all of them."""
    told: set[tuple[str, tuple[str, ...]]] = set()
    for report in reports:
        for metric, values, value in _SERIES[report.kind](report, now):
            labels = tuple(map(label, values))
            if (metric.name, labels) not in told:
                told.add((metric.name, labels))
                yield metric, labels, value


def _account(report: Report, _now: datetime) -> Iterator[Sample]:
    for condition in report.conditions:
        yield catalogue.ACCOUNT_CONDITION, (report.key.name, *condition), 1.0


def _policy(report: Report, now: datetime) -> Iterator[Sample]:
    key = (report.key.namespace, report.key.name)
    for condition in report.conditions:
        yield catalogue.POLICY_CONDITION, (*key, *condition), 1.0
    if not report.destinations:
        return
    if report.mode:
        yield catalogue.POLICY_INFO, (*key, report.mode, str(report.suspended).lower(), report.source), 1.0
    if report.objective is not None:
        yield catalogue.OBJECTIVE, key, report.objective.total_seconds()
    for each in report.destinations:
        labels = (*key, each.destination.name)
        vault = each.destination.vault
        if vault.account.name:
            yield catalogue.DESTINATION_INFO, (*labels, vault.account.name, vault.region, vault.name), 1.0
        yield from _plan(report, labels)
        if each.observed_at is not None:
            # Also when the last look failed: the figures of the last good one stay, and the lag goes on growing.
            yield from _figures(each, labels, now)
            yield catalogue.LAST_OBSERVED, labels, each.observed_at.timestamp()


def _plan(report: Report, labels: tuple[str, str, str]) -> Iterator[Sample]:
    destination = labels[-1]
    for aspect in ASPECTS:
        yield catalogue.DRIFT, (*labels, aspect), float((destination, aspect) in report.drifted)
    for row in report.unmet:
        if row.destination in {"", destination}:
            yield catalogue.PREREQUISITE, (*labels, row.name, row.status, row.reason), 1.0


def _figures(each: Figures, labels: tuple[str, str, str], now: datetime) -> Iterator[Sample]:
    for state in COUNTED:
        yield catalogue.RECOVERY_POINTS, (*labels, state), float(each.states.get(state, 0))
    for (kept, reason), count in each.reasons.items():
        if kept is State.COPIED:
            yield catalogue.ASSUMED, labels, float(count)
            continue
        yield catalogue.UNCOPIED, (*labels, kept, reason), float(count)
    for (outcome, reason_word), count in each.jobs.items():
        yield catalogue.COPY_JOBS, (*labels, outcome, reason_word), float(count)
    yield from _pairing(each, labels)
    lag = 0.0 if each.oldest_gap is None else max(0.0, (now - each.oldest_gap).total_seconds())
    yield catalogue.COPY_LAG, labels, lag
    yield catalogue.COPIED_BYTES, labels, float(each.bytes_copied)
    for metric, moment in (
        (catalogue.NEWEST_SOURCE, each.newest_source),
        (catalogue.NEWEST_COPY, each.newest_copy),
        (catalogue.LAST_COMPLETED, each.last_completed),
        (catalogue.OLDEST_GAP, each.oldest_gap),
        (catalogue.OLDEST_RUNNING, each.oldest_running),
    ):
        if moment is not None:
            yield metric, labels, moment.timestamp()


def _pairing(each: Figures, labels: tuple[str, str, str]) -> Iterator[Sample]:
    for known in (proof.evidence for proof in each.proofs):
        kind = (known.kind.resource_type, str(known.kind.brought).lower())
        yield catalogue.PAIRING, (*labels, *kind, known.verdict), 1.0
        outcomes = {
            "matched": known.linked - known.mismatched,
            "mismatched": known.mismatched,
            "unlinked": known.jobs - known.linked,
        }
        for outcome, count in outcomes.items():
            yield catalogue.PAIRING_JOBS, (*labels, *kind, outcome), float(count)
        yield catalogue.UNEXPLAINED, (*labels, known.kind.resource_type), float(known.unexplained)


_SERIES = {ACCOUNT.name: _account, POLICY.name: _policy}
