"""Series of the declared objects, from the reports of their last passes.

They are computed at scrape time, and a deleted object leaves no series behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from ..kinds import KINDS
from ..status.outcome import Report
from ..status.series import Sample
from ..words.texts import label


def samples(reports: Iterable[Report], now: datetime) -> Iterator[Sample]:
    """Yield (metric, label values, value) for every object, no series twice: a scraper would refuse all of them."""
    told: set[tuple[str, tuple[str, ...]]] = set()
    for report in reports:
        for metric, values, value in KINDS[report.kind].series(report, now):
            labels = tuple(map(label, values))
            if (metric.name, labels) not in told:
                told.add((metric.name, labels))
                yield metric, labels, value
