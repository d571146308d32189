"""What a policy shows to Prometheus, from the report of its last pass.

Samples are computed from instants, so an age is right whenever it is read, and nothing has to be written anywhere for a
figure to move.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from ...aspects import ROOMS
from ...aspects.copies.figures import Figures
from ...aspects.copies.planned import State
from ...aspects.schedule import overlaps
from ...aspects.schedule.declared import longest_interval, overdue_after
from ...status.outcome import Report
from ...status.series import Metric, Sample, Type
from ...words.reasons import Reason

ASPECTS = tuple(aspect for room in ROOMS for aspect in room.drifts)
COUNTED = tuple(state for state in State if state is not State.OUT_OF_SCOPE)

_POLICY = ("namespace", "name")
_DESTINATION = (*_POLICY, "destination")

RECOVERY_POINTS = Metric("recovery_points", Type.GAUGE, (*_DESTINATION, "state"), "Recovery points in scope, by state.")
UNCOPIED = Metric(
    "uncopied_recovery_points",
    Type.GAUGE,
    (*_DESTINATION, "state", "reason"),
    "Recovery points that failed, wait, are not started or cannot be copied, by reason.",
)
COPY_LAG = Metric(
    "copy_lag_seconds",
    Type.GAUGE,
    _DESTINATION,
    "Age of the oldest recovery point without a copy, 0 when none; grows on while AWS cannot be looked at.",
)
OBJECTIVE = Metric(
    "copy_lag_objective_seconds", Type.GAUGE, _POLICY, "Declared maxCopyLag; absent when none is declared."
)
NEWEST_SOURCE = Metric(
    "newest_source_timestamp_seconds", Type.GAUGE, _DESTINATION, "Creation of the newest recovery point in scope."
)
NEWEST_COPY = Metric(
    "newest_copy_timestamp_seconds", Type.GAUGE, _DESTINATION, "Creation of the newest recovery point with a good copy."
)
LAST_COMPLETED = Metric("last_copy_completed_timestamp_seconds", Type.GAUGE, _DESTINATION, "When a copy last finished.")
OLDEST_GAP = Metric(
    "oldest_gap_timestamp_seconds", Type.GAUGE, _DESTINATION, "Creation of the oldest gap; absent when there is none."
)
OLDEST_RUNNING = Metric(
    "oldest_running_copy_timestamp_seconds",
    Type.GAUGE,
    _DESTINATION,
    "Start of the longest running copy job, if one runs.",
)
COPIED_BYTES = Metric("copied_bytes", Type.GAUGE, _DESTINATION, "Size of the copies there are.")
ASSUMED = Metric(
    "assumed_copied_recovery_points",
    Type.GAUGE,
    _DESTINATION,
    "Recovery points counted as copied because the policy says so and not because it was seen; absent without any.",
)
PAIRING = Metric(
    "pairing_verdict",
    Type.GAUGE,
    (*_DESTINATION, "resource_type", "brought", "verdict"),
    "1 for what copy jobs prove of how copies of a type are listed: proven, unproven or contradicted.",
)
PAIRING_JOBS = Metric(
    "pairing_jobs",
    Type.GAUGE,
    (*_DESTINATION, "resource_type", "brought", "outcome"),
    "Finished copy jobs by whether their copy is listed as it should be: matched, mismatched or unlinked.",
)
UNEXPLAINED = Metric(
    "unexplained_recovery_points",
    Type.GAUGE,
    (*_DESTINATION, "resource_type"),
    "Recovery points in the destination that are nobody's copy as far as can be told.",
)
COPY_JOBS = Metric(
    "copy_jobs", Type.GAUGE, (*_DESTINATION, "outcome", "reason"), "Copy jobs that AWS shows, 30 days back, by outcome."
)
DRIFT = Metric("drift", Type.GAUGE, (*_DESTINATION, "aspect"), "1 while an aspect in AWS is not as declared.")
DRIFT_SINCE = Metric(
    "drift_first_seen_timestamp_seconds",
    Type.GAUGE,
    (*_DESTINATION, "aspect"),
    "When it was first seen that an aspect in AWS is not as declared; absent while it is.",
)
REPAIRS = Metric(
    "drift_repairs",
    Type.GAUGE,
    (*_DESTINATION, "prerequisite"),
    "How often a prerequisite had to be restored, each time within a day of the last; gone once it lasts for a day.",
)
PREREQUISITE = Metric(
    "prerequisite_unmet",
    Type.GAUGE,
    (*_DESTINATION, "prerequisite", "status", "reason"),
    "One series for each prerequisite that is Unmet or Unknown; none when met.",
)
POLICY_CONDITION = Metric(
    "policy_condition", Type.GAUGE, (*_POLICY, "condition", "status", "reason"), "Current status of each condition."
)
POLICY_INFO = Metric(
    "policy_info", Type.GAUGE, (*_POLICY, "mode", "suspended", "source"), "What a policy is, for joins."
)
DESTINATION_INFO = Metric(
    "destination_info", Type.GAUGE, (*_DESTINATION, "account", "region", "vault"), "Where a destination is, for joins."
)
LAST_OBSERVED = Metric(
    "last_observed_timestamp_seconds",
    Type.GAUGE,
    _DESTINATION,
    "Last complete look at both vaults; the time that all figures of the destination are of.",
)

NEXT_RUN = Metric(
    "schedule_next_run_timestamp_seconds",
    Type.GAUGE,
    (*_POLICY, "rule"),
    "When each rule of a policy's schedule runs next, but for runs that AWS leaves out for a rule that overlaps.",
)

LONGEST_INTERVAL = Metric(
    "schedule_longest_interval_seconds",
    Type.GAUGE,
    _POLICY,
    "Longest time from one run of a policy's schedule to the next, daylight saving included.",
)
OVERDUE_AFTER = Metric(
    "schedule_backup_overdue_after_seconds",
    Type.GAUGE,
    _POLICY,
    "Age of the newest backup beyond which backups have stopped: the longest interval, the start window, and the"
    " completion window or a day, whichever is shorter.",
)
BACKUPS_FAILING = Metric(
    "schedule_backups_failing",
    Type.GAUGE,
    _POLICY,
    "Resources whose last backup job of a policy's schedule failed, was aborted, or expired.",
)

METRICS = (
    RECOVERY_POINTS,
    UNCOPIED,
    COPY_LAG,
    OBJECTIVE,
    NEWEST_SOURCE,
    NEWEST_COPY,
    LAST_COMPLETED,
    OLDEST_GAP,
    OLDEST_RUNNING,
    COPIED_BYTES,
    ASSUMED,
    PAIRING,
    PAIRING_JOBS,
    UNEXPLAINED,
    COPY_JOBS,
    DRIFT,
    DRIFT_SINCE,
    REPAIRS,
    PREREQUISITE,
    POLICY_CONDITION,
    POLICY_INFO,
    DESTINATION_INFO,
    LAST_OBSERVED,
    NEXT_RUN,
    LONGEST_INTERVAL,
    OVERDUE_AFTER,
    BACKUPS_FAILING,
)


def series(report: Report, now: datetime) -> Iterator[Sample]:
    """Yield what is known of one policy."""
    key = (report.key.namespace, report.key.name)
    for condition in report.conditions:
        yield POLICY_CONDITION, (*key, *condition), 1.0
    if not report.destinations:
        return
    if report.mode:
        yield POLICY_INFO, (*key, report.mode, str(report.suspended).lower(), report.source), 1.0
    if report.objective is not None:
        yield OBJECTIVE, key, report.objective.total_seconds()
    yield from _schedule(report, key, now)
    for each in report.destinations:
        labels = (*key, each.destination.name)
        vault = each.destination.vault
        if vault.account.name:
            yield DESTINATION_INFO, (*labels, vault.account.name, vault.region, vault.name), 1.0
        yield from _plan(report, labels)
        if each.observed_at is not None:
            # Also when the last look failed: the figures of the last good one stay, and the lag goes on growing.
            yield from _figures(each, labels, now)
            yield LAST_OBSERVED, labels, each.observed_at.timestamp()


def _schedule(report: Report, key: tuple[str, str], now: datetime) -> Iterator[Sample]:
    for rule in report.rules:
        at = overlaps.next_run(report.rules, rule, now)
        if at is not None:
            yield NEXT_RUN, (*key, rule.name), at.timestamp()
    for metric, longest in ((LONGEST_INTERVAL, longest_interval), (OVERDUE_AFTER, overdue_after)):
        distance = longest(report.rules, now)
        if distance is not None:
            yield metric, key, distance.total_seconds()
    if report.backups_failing is not None:
        yield BACKUPS_FAILING, key, float(report.backups_failing)


def _plan(report: Report, labels: tuple[str, str, str]) -> Iterator[Sample]:
    destination = labels[-1]
    for aspect in ASPECTS:
        wheres = {("", aspect), (destination, aspect)} & report.drifted.keys()
        yield DRIFT, (*labels, aspect), float(bool(wheres))
        seen = [since for each in wheres if (since := report.drifted[each]) is not None]
        if seen:
            yield DRIFT_SINCE, (*labels, aspect), min(seen).timestamp()
    restored = Counter[str]()
    for mended, repair in report.repairs.items():
        restored.update({mended.row: repair.count} if mended.destination in {"", destination} and repair.count else {})
    for name, count in restored.items():
        yield REPAIRS, (*labels, name), float(count)
    for row in report.unmet:
        if row.destination in {"", destination}:
            yield PREREQUISITE, (*labels, row.name, row.status, row.reason), 1.0


def _figures(each: Figures, labels: tuple[str, str, str], now: datetime) -> Iterator[Sample]:
    for state in COUNTED:
        yield RECOVERY_POINTS, (*labels, state), float(each.states.get(state, 0))
    for (kept, reason), count in each.reasons.items():
        if kept in COUNTED and kept is not State.COPIED:
            yield UNCOPIED, (*labels, kept, reason), float(count)
        elif reason is Reason.ASSUMED_COPIED:
            yield ASSUMED, labels, float(count)
    for (outcome, reason_word), count in each.jobs.items():
        yield COPY_JOBS, (*labels, outcome, reason_word), float(count)
    yield from _pairing(each, labels)
    lag = 0.0 if each.oldest_gap is None else max(0.0, (now - each.oldest_gap).total_seconds())
    yield COPY_LAG, labels, lag
    yield COPIED_BYTES, labels, float(each.bytes_copied)
    for metric, moment in (
        (NEWEST_SOURCE, each.newest_source),
        (NEWEST_COPY, each.newest_copy),
        (LAST_COMPLETED, each.last_completed),
        (OLDEST_GAP, each.oldest_gap),
        (OLDEST_RUNNING, each.oldest_running),
    ):
        if moment is not None:
            yield metric, labels, moment.timestamp()


def _pairing(each: Figures, labels: tuple[str, str, str]) -> Iterator[Sample]:
    for known in (proof.evidence for proof in each.proofs):
        kind = (known.kind.resource_type, str(known.kind.brought).lower())
        yield PAIRING, (*labels, *kind, known.verdict), 1.0
        outcomes = {
            "matched": known.linked - known.mismatched,
            "mismatched": known.mismatched,
            "unlinked": known.jobs - known.linked,
        }
        for outcome, count in outcomes.items():
            yield PAIRING_JOBS, (*labels, *kind, outcome), float(count)
        yield UNEXPLAINED, (*labels, known.kind.resource_type), float(known.unexplained)
