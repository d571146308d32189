"""How the process itself is doing: queue, passes, event loop, watches, our own requests to the Kubernetes API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family

from ..status.series import PREFIX, Metric, Sample
from ..work.vitals import Buckets, QueueFigures, Vitals
from . import catalogue


class ProcessMetrics:
    """Turns the numbers of one process into metric families. ``queue`` may be called from any thread."""

    def __init__(self, vitals: Vitals, queue: Callable[[], QueueFigures | None]) -> None:
        self._vitals = vitals
        self._queue = queue

    def samples(self) -> Iterator[Sample]:
        """Yield the gauges."""
        for kind, moment in dict(self._vitals.watch_activity).items():
            yield catalogue.WATCH, (kind,), moment.timestamp()
        if self._vitals.last_hint is not None:
            yield catalogue.LAST_HINT, (), self._vitals.last_hint.timestamp()
        queue = self._queue()
        if queue is not None:
            for lane, depth in queue.depth.items():
                yield catalogue.QUEUE_DEPTH, (lane,), float(depth)
            for lane, age in queue.oldest_age.items():
                yield catalogue.QUEUE_AGE, (lane,), age

    def families(self) -> Iterator[Family]:
        """Yield counters and histograms."""
        vitals, queue = self._vitals, self._queue()
        yield _histogram(catalogue.PASSES, {(*labels,): each for labels, each in vitals.passes.read().items()})
        yield _histogram(catalogue.LOOP_LAG, {(): vitals.loop_lag.read()})
        yield _counter(catalogue.API_REQUESTS, {(*labels,): n for labels, n in vitals.api_requests.read().items()})
        yield _counter(catalogue.INTERNAL_ERRORS, {(where,): n for where, n in vitals.internal_errors.read().items()})
        yield _counter(catalogue.HINTS, {(fate,): n for fate, n in vitals.hints.read().items()})
        if queue is not None:
            yield _histogram(catalogue.QUEUE_WAIT, {(lane,): each for lane, each in queue.waits.items()})
            yield _counter(catalogue.QUEUE_RETRIES, {(): queue.retried})


def _counter(metric: Metric, values: Mapping[tuple[str, ...], int]) -> Family:
    family = CounterMetricFamily(PREFIX + metric.name, metric.help, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _histogram(metric: Metric, values: Mapping[tuple[str, ...], Buckets]) -> Family:
    family = HistogramMetricFamily(PREFIX + metric.name, metric.help, labels=metric.labels)
    for labels, each in values.items():
        bounds = [*(str(bound) for bound in each.bounds), "+Inf"]
        family.add_metric(labels, list(zip(bounds, each.cumulative, strict=True)), sum_value=each.total)
    return family
