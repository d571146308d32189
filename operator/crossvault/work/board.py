"""What the last pass over every object reported: the one thing metrics are computed from at scrape time.

An object that is dropped takes its series with it.
"""

from __future__ import annotations

from threading import Lock

from ..model import PolicyKey
from ..status import Report


class Board:
    """The latest :class:`~crossvault.status.Report` of every object. Written by passes, read by scrapes."""

    def __init__(self) -> None:
        self._reports: dict[tuple[str, PolicyKey], Report] = {}
        self._lock = Lock()

    def put(self, report: Report) -> None:
        """Replace what is known of the object."""
        with self._lock:
            self._reports[report.kind, report.key] = report

    def get(self, kind: str, key: PolicyKey) -> Report | None:
        """Return what is known of an object."""
        with self._lock:
            return self._reports.get((kind, key))

    def drop(self, kind: str, key: PolicyKey) -> None:
        """Forget an object that is gone."""
        with self._lock:
            self._reports.pop((kind, key), None)

    def reports(self) -> tuple[Report, ...]:
        """Return the reports of all objects, ordered by kind, namespace and name."""
        with self._lock:
            items = list(self._reports.items())
        return tuple(report for _, report in sorted(items, key=lambda item: (item[0][0], *_parts(item[0][1]))))


def _parts(key: PolicyKey) -> tuple[str, str]:
    return key.namespace, key.name
