"""Everything a scrape gets, in one registry of our own."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from prometheus_client import GC_COLLECTOR, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from .. import __version__
from ..status.outcome import Report
from ..status.series import Sample
from ..work.vitals import QueueFigures, Vitals
from . import catalogue, objects
from .aws import AwsMetrics
from .process import ProcessMetrics

CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"


class Exposition(Collector):
    """Collects at scrape time. Build it once per process.

    Args:
        reports: Returns the latest report of every object.
        vitals: The numbers of this process.
        queue: Returns the queue's numbers, or None while there is no queue.
        clock: Returns the present, timezone-aware.
    """

    def __init__(
        self,
        reports: Callable[[], Iterable[Report]],
        *,
        vitals: Vitals,
        queue: Callable[[], QueueFigures | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._reports = reports
        self._clock = clock
        self._process = ProcessMetrics(vitals, queue)
        self._registry = CollectorRegistry()
        self.aws = AwsMetrics(self._registry)
        self._registry.register(self)
        self._registry.register(GC_COLLECTOR)
        ProcessCollector(registry=self._registry)

    def collect(self) -> Iterator[Family]:
        """Yield every family with the values of this moment."""
        build = (catalogue.BUILD, (__version__, platform.python_version()), 1.0)
        yield from _gauges([build, *self._process.samples(), *objects.samples(self._reports(), self._clock())])
        yield from self._process.families()

    def render(self) -> bytes:
        """Return the exposition as text. Takes a few milliseconds per hundred objects: call it off the event loop."""
        return generate_latest(self._registry)


def _gauges(samples: Iterable[Sample]) -> Iterator[Family]:
    families: dict[str, GaugeMetricFamily] = {}
    for metric, labels, value in samples:
        family = families.get(metric.full_name)
        if family is None:
            family = GaugeMetricFamily(metric.full_name, metric.help, labels=metric.labels)
            families[metric.full_name] = family
        family.add_metric(labels, value)
    yield from families.values()
