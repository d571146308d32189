"""Requests to AWS, counted as they happen: the recorder that the AWS edge reports every request to."""

from __future__ import annotations

from prometheus_client import Counter, Histogram
from prometheus_client.registry import CollectorRegistry

from ..status.series import PREFIX
from ..words.texts import label
from . import catalogue

SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class AwsMetrics:
    """Counters and durations of requests; thread-safe."""

    def __init__(self, registry: CollectorRegistry) -> None:
        requests, waits, duration = catalogue.AWS_REQUESTS, catalogue.AWS_WAIT, catalogue.AWS_DURATION
        self._requests = Counter(PREFIX + requests.name, requests.help, requests.labels, registry=registry)
        self._waits = Counter(PREFIX + waits.name, waits.help, waits.labels, registry=registry)
        self._duration = Histogram(
            PREFIX + duration.name, duration.help, duration.labels, buckets=SECONDS, registry=registry
        )

    def record(self, account: str, service: str, operation: str, outcome: str, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(label(account), service, operation, outcome).inc()
        self._duration.labels(service, operation).observe(seconds)

    def waited(self, account: str, kind: str, seconds: float) -> None:
        """Add up the waits for the account's budget."""
        self._waits.labels(label(account), kind).inc(seconds)
