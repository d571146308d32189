"""Every metric, declared once: name, type, labels, meaning. ``docs/reference/metrics.md`` is generated from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PREFIX = "crossvault_"


class Type(StrEnum):
    """Prometheus' types."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; ``name`` carries neither the prefix nor a counter's ``_total``."""

    name: str
    type: Type
    labels: tuple[str, ...]
    help: str

    @property
    def full_name(self) -> str:
        """The name as it is scraped."""
        return f"{PREFIX}{self.name}{'_total' if self.type is Type.COUNTER else ''}"


_POLICY = ("namespace", "name")
_DESTINATION = (*_POLICY, "destination")
_G, _C, _H = Type.GAUGE, Type.COUNTER, Type.HISTOGRAM

RECOVERY_POINTS = Metric("recovery_points", _G, (*_DESTINATION, "state"), "Recovery points in scope, by state.")
UNCOPIED = Metric(
    "uncopied_recovery_points",
    _G,
    (*_DESTINATION, "state", "reason"),
    "Recovery points that failed, wait, are not started or cannot be copied, by reason.",
)
COPY_LAG = Metric(
    "copy_lag_seconds",
    _G,
    _DESTINATION,
    "Age of the oldest recovery point without a copy, 0 when none; grows on while AWS cannot be looked at.",
)
OBJECTIVE = Metric("copy_lag_objective_seconds", _G, _POLICY, "Declared maxCopyLag; absent when none is declared.")
NEWEST_SOURCE = Metric(
    "newest_source_timestamp_seconds", _G, _DESTINATION, "Creation of the newest recovery point in scope."
)
NEWEST_COPY = Metric(
    "newest_copy_timestamp_seconds", _G, _DESTINATION, "Creation of the newest recovery point with a good copy."
)
LAST_COMPLETED = Metric("last_copy_completed_timestamp_seconds", _G, _DESTINATION, "When a copy last finished.")
OLDEST_GAP = Metric(
    "oldest_gap_timestamp_seconds", _G, _DESTINATION, "Creation of the oldest gap; absent when there is none."
)
OLDEST_RUNNING = Metric(
    "oldest_running_copy_timestamp_seconds",
    _G,
    _DESTINATION,
    "Start of the longest running copy job, if one runs.",
)
COPIED_BYTES = Metric("copied_bytes", _G, _DESTINATION, "Size of the copies there are.")
ASSUMED = Metric(
    "assumed_copied_recovery_points",
    _G,
    _DESTINATION,
    "Recovery points counted as copied because the policy says so and not because it was seen; absent without any.",
)
PAIRING = Metric(
    "pairing_verdict",
    _G,
    (*_DESTINATION, "resource_type", "brought", "verdict"),
    "1 for what copy jobs prove of how copies of a type are listed: proven, unproven or contradicted.",
)
PAIRING_JOBS = Metric(
    "pairing_jobs",
    _G,
    (*_DESTINATION, "resource_type", "brought", "outcome"),
    "Finished copy jobs by whether their copy is listed as it should be: matched, mismatched or unlinked.",
)
UNEXPLAINED = Metric(
    "unexplained_recovery_points",
    _G,
    (*_DESTINATION, "resource_type"),
    "Recovery points in the destination that are nobody's copy as far as can be told.",
)
COPY_JOBS = Metric(
    "copy_jobs", _G, (*_DESTINATION, "outcome", "reason"), "Copy jobs that AWS shows, 30 days back, by outcome."
)
DRIFT = Metric("drift", _G, (*_DESTINATION, "aspect"), "1 while an aspect in AWS is not as declared.")
PREREQUISITE = Metric(
    "prerequisite_unmet",
    _G,
    (*_DESTINATION, "prerequisite", "status", "reason"),
    "One series for each prerequisite that is Unmet or Unknown; none when met.",
)
POLICY_CONDITION = Metric(
    "policy_condition", _G, (*_POLICY, "condition", "status", "reason"), "Current status of each condition."
)
POLICY_INFO = Metric("policy_info", _G, (*_POLICY, "mode", "suspended", "source"), "What a policy is, for joins.")
DESTINATION_INFO = Metric(
    "destination_info", _G, (*_DESTINATION, "account", "region", "vault"), "Where a destination is, for joins."
)
LAST_OBSERVED = Metric(
    "last_observed_timestamp_seconds",
    _G,
    _DESTINATION,
    "Last complete look at both vaults; the time that all figures of the destination are of.",
)
ACCOUNT_CONDITION = Metric(
    "account_condition", _G, ("name", "condition", "status", "reason"), "Current status of each account's conditions."
)
AWS_REQUESTS = Metric(
    "aws_requests", _C, ("account", "service", "operation", "outcome"), "Requests to AWS, retries counted each."
)
AWS_DURATION = Metric("aws_request_duration_seconds", _H, ("service", "operation"), "Duration of a request to AWS.")
AWS_WAIT = Metric(
    "aws_budget_wait_seconds", _C, ("account", "kind"), "Time spent waiting for the account's own rate limits."
)
PASSES = Metric("pass_duration_seconds", _H, ("kind", "outcome"), "Duration of a pass over one object.")
LOOP_LAG = Metric("loop_lag_seconds", _H, (), "How late the event loop runs what is due.")
QUEUE_DEPTH = Metric("queue_depth", _G, ("lane",), "Objects waiting for a worker.")
QUEUE_AGE = Metric("queue_oldest_age_seconds", _G, ("lane",), "How long the first in the queue has waited.")
QUEUE_WAIT = Metric("queue_wait_seconds", _H, ("lane",), "From being due to the start of the pass.")
QUEUE_RETRIES = Metric("queue_retries", _C, (), "Passes that were put back to be tried again.")
WATCH = Metric(
    "watch_last_activity_timestamp_seconds", _G, ("kind",), "Last event or connection of the watch on a kind."
)
API_REQUESTS = Metric("kubernetes_requests", _C, ("verb", "code"), "Our own requests to the Kubernetes API.")
INTERNAL_ERRORS = Metric("internal_errors", _C, ("where",), "Errors that are bugs of Crossvault.")
BUILD = Metric("build_info", _G, ("version", "python"), "What is running.")

ALL: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
