"""Every metric, declared once; those of objects by their kinds. ``docs/reference/metrics.md`` is generated from it."""

from __future__ import annotations

from ..kinds import KINDS
from ..status.series import PREFIX, Metric, Type

__all__ = ["ALL", "PREFIX", "Metric", "Type"]

_G, _C, _H = Type.GAUGE, Type.COUNTER, Type.HISTOGRAM

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
HINTS = Metric("hint_events", _C, ("outcome",), "Messages of the event queue, by what became of them.")
LAST_HINT = Metric("hint_last_message_timestamp_seconds", _G, (), "When the last message of the event queue came.")
BUILD = Metric("build_info", _G, ("version", "python"), "What is running.")

_OWN = tuple(value for value in list(globals().values()) if isinstance(value, Metric))

ALL: tuple[Metric, ...] = (*(each for kind in KINDS.values() for each in kind.metrics), *_OWN)
