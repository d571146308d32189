"""Recovery points one by one, the newest first, though they are kept by resource, in tens of bytes each.

Each is noted where it lies, in 28 bytes, under the hour in which it was created; it becomes an object when its turn
comes. So a million of them are told in order without being held at once.
"""

from __future__ import annotations

import heapq
import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias, TypeVar

from ...words.reasons import Reason
from .contents import Contents
from .inventory import Inventory, by_age
from .judged import Judged
from .packing import Packed
from .planned import Standing, State
from .records import BIAS, number_of
from .seen import CopyJob, RecoveryPoint

T = TypeVar("T")
Said: TypeAlias = tuple[State, Reason | None, str | None, int]
"""What is the same for many that are settled: state, reason, message, and how many jobs AWS shows."""
Wanted: TypeAlias = Callable[[Standing], bool]

EVER: Final = datetime.min.replace(tzinfo=UTC)
"""Before everything."""

_ROW: Final = struct.Struct(">QIIIII")
"""When a point was created, number of its resource, its place there, those of its copy and job, and what is said."""
_NONE: Final = 0xFFFFFFFF
_HOUR: Final = 3_600_000_000

_POINT, _RESOURCE, _JOB = "\0p", "\0r", "\0j"
"""What stands in a message for what is another one for each point: its ARN, its resource, the whole text of its job."""


def standings(there: Contents, judged: Judged, wanted: Wanted, resource: str | None = None) -> Iterator[Standing]:
    """Yield how recovery points stand, the newest first.

    Args:
        there: What was compared.
        judged: What came of it.
        wanted: Which of them are told.
        resource: Only those of this one.
    """
    open_ = (each for each in judged.standings if resource is None or each.point.resource_arn == resource)
    notes = _Notes(there)
    for each in judged.settled.after(EVER, resource):
        if wanted(each):
            notes.take(each)
    unsettled = sorted(filter(wanted, open_), key=lambda each: by_age(each.point), reverse=True)
    return heapq.merge(unsettled, notes.newest_first(), key=lambda each: each.point.created, reverse=True)


def points(there: Inventory, wanted: Callable[[RecoveryPoint], bool]) -> Iterator[RecoveryPoint]:
    """Yield recovery points of which it is not known how they stand, the newest first."""
    hours: dict[int, bytearray] = {}
    groups = tuple(there.groups.values())
    for number, group in enumerate(groups):
        for place, each in enumerate(group):
            if wanted(each):
                _note(hours, each, number, place, _NONE, _NONE, 0)
    for _, number, place, *_rest in _in_order(hours):
        yield _at(groups[number], place)


class _Notes:
    """Where settled recovery points lie, and how they stand; they come resource by resource."""

    def __init__(self, there: Contents) -> None:
        self._there = there
        self._hours: dict[int, bytearray] = {}
        self._resources: list[str] = []
        self._said: dict[Said, int] = {}
        self._places: tuple[Mapping[str, int], ...] = ()

    def take(self, standing: Standing) -> None:
        """Note one."""
        point, copy, job = standing.point, standing.copy, standing.job
        if not self._resources or self._resources[-1] != point.resource_arn:
            self._resources.append(point.resource_arn)
            groups = self._there.of(point.resource_arn)
            self._places = tuple(map(_places, groups))
        said = standing.state, standing.reason, _common(standing), standing.attempts
        points, copies, jobs = self._places
        _note(
            self._hours,
            point,
            len(self._resources) - 1,
            points[point.arn],
            _NONE if copy is None else copies[copy.arn],
            _NONE if job is None else jobs[job.id],
            self._said.setdefault(said, len(self._said)),
        )

    def newest_first(self) -> Iterator[Standing]:
        """Yield them; what was noted is gone then."""
        said, self._places = tuple(self._said), ()
        for _, number, place, copy_place, job_place, words in _in_order(self._hours):
            points, copies, jobs = self._there.of(self._resources[number])
            state, reason, message, attempts = said[words]
            point, job = _at(points, place), None if job_place == _NONE else _at(jobs, job_place)
            copy = None if copy_place == _NONE else _at(copies, copy_place)
            told = _particular(message, point, job)
            yield Standing(point, state, reason, job, attempts, message=told, copy=copy)


def _common(standing: Standing) -> str | None:
    """Return a message without what is another one for each point."""
    message, point = standing.message, standing.point
    if message is None or (standing.job is not None and message == standing.job.message):
        return message and _JOB
    return message.replace(point.arn, _POINT).replace(point.resource_arn, _RESOURCE)


def _particular(message: str | None, point: RecoveryPoint, job: CopyJob | None) -> str | None:
    """Return the message that was made common."""
    if message is None or (message == _JOB and job is not None):
        return job.message if message is not None and job is not None else None
    return message.replace(_RESOURCE, point.resource_arn).replace(_POINT, point.arn)


def _note(hours: dict[int, bytearray], point: RecoveryPoint, *rest: int) -> None:
    created = number_of(point.created) + BIAS
    hours.setdefault(created // _HOUR, bytearray()).extend(_ROW.pack(created, *rest))


def _in_order(hours: dict[int, bytearray]) -> Iterator[tuple[int, ...]]:
    """Yield what was noted, the newest first."""
    for hour in sorted(hours, reverse=True):
        rows = hours.pop(hour)
        each = (bytes(rows[at : at + _ROW.size]) for at in range(0, len(rows), _ROW.size))
        yield from map(_ROW.unpack, sorted(each, reverse=True))


def _places(group: Packed[Any] | None) -> Mapping[str, int]:
    return {} if group is None else {name: place for place, name in enumerate(group.names())}


def _at(group: Packed[T] | None, place: int) -> T:
    """Return the row of a place in a group that has it."""
    if group is None:
        raise LookupError(place)
    ((_, row),) = group.picked((place,))
    return row
