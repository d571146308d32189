"""What the last pass over every object reported: the one thing metrics are computed from at scrape time.

An object that is dropped takes its series with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import TypeAlias

from ..aspects.copies.figures import Figures
from ..aspects.copies.planned import State
from ..engine.declared import PolicyKey
from ..status.outcome import Report
from ..words.reasons import Reason

_Place: TypeAlias = tuple[str, str, str]


class Board:
    """The latest :class:`~crossvault.status.outcome.Report` of every object. Written by passes, read by scrapes."""

    def __init__(self) -> None:
        self._reports: dict[tuple[str, PolicyKey], Report] = {}
        self._waiting: dict[_Place, dict[PolicyKey, int]] = {}
        self._lock = Lock()

    def put(self, report: Report) -> None:
        """Replace what is known of the object, except for figures that could not be looked at: those stay, and age."""
        with self._lock:
            known = self._forget(report.kind, report.key)
            latest = self._reports[report.kind, report.key] = _with_last_known(report, known) if known else report
            if latest.acts and _count(latest, State.WAITING, Reason.ACCOUNT_LIMIT):
                under_way = _count(latest, State.IN_PROGRESS)
                self._waiting.setdefault(_place(latest), {})[latest.key] = under_way

    def get(self, kind: str, key: PolicyKey) -> Report | None:
        """Return what is known of an object."""
        with self._lock:
            return self._reports.get((kind, key))

    def looked(self, kind: str, key: PolicyKey) -> Mapping[str, datetime]:
        """Return when each destination of an object was last seen in whole, as far as this process knows."""
        known = self.get(kind, key)
        seen = known.destinations if known is not None else ()
        return {each.destination.name: each.observed_at for each in seen if each.observed_at is not None}

    def waiting(self, kind: str, key: PolicyKey) -> tuple[int, ...]:
        """Return how many copies each other policy has under way that waits for a place, the fewest first.

        By the last passes of those of the same namespace that start copies out of the same account.
        """
        with self._lock:
            known = self._reports.get((kind, key))
            waiting = self._waiting.get(_place(known), {}) if known is not None else {}
            return tuple(sorted(count for other, count in waiting.items() if other != key))

    def drop(self, kind: str, key: PolicyKey) -> None:
        """Forget an object that is gone."""
        with self._lock:
            self._forget(kind, key)

    def _forget(self, kind: str, key: PolicyKey) -> Report | None:
        known = self._reports.pop((kind, key), None)
        if known is not None and key in self._waiting.get(_place(known), ()):
            waiting = self._waiting[_place(known)]
            del waiting[key]
            if not waiting:
                del self._waiting[_place(known)]
        return known

    def reports(self) -> tuple[Report, ...]:
        """Return the reports of all objects, ordered by kind, namespace and name."""
        with self._lock:
            items = list(self._reports.items())
        return tuple(report for _, report in sorted(items, key=lambda item: (item[0][0], *_parts(item[0][1]))))


def _with_last_known(report: Report, known: Report) -> Report:
    """Return a report whose figures are the younger ones of what it says and what was known."""
    before = {(each.destination.name, each.destination.vault.arn): each for each in known.destinations}
    bare = not report.mode

    def latest(each: Figures) -> Figures:
        old = before.get((each.destination.name, each.destination.vault.arn))
        if each.looked or old is None or old.observed_at is None:
            return each
        newer = each.observed_at is not None and each.observed_at > old.observed_at
        return each if newer else replace(old, looked=False)

    if bare and known.mode:
        unlooked = tuple(replace(each, looked=False) for each in known.destinations)
        return replace(known, conditions=report.conditions, destinations=unlooked)
    return replace(report, destinations=tuple(map(latest, report.destinations)))


def _place(report: Report) -> _Place:
    """Return with whom a policy shares places for copies: those of its namespace that copy out of the same account."""
    return report.kind, report.key.namespace, report.source


def _count(report: Report, state: State, reason: Reason | None = None) -> int:
    """Count the recovery points of a policy in a state, of a reason or of any; what was not looked at counts not."""
    looked = [each for each in report.destinations if each.looked]
    if reason is None:
        return sum(each.states.get(state, 0) for each in looked)
    return sum(each.reasons.get((state, reason), 0) for each in looked)


def _parts(key: PolicyKey) -> tuple[str, str]:
    return key.namespace, key.name
