"""When a rule of AWS Backup runs: AWS's cron dialect, read once, and asked for its runs in a time zone.

The dialect is that of EventBridge, to which AWS Backup's API refers
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html): six fields, weekdays counted from
Sunday as 1, ``?`` in one of the two fields of days, ``L``, ``W`` and ``#``. ``LW`` and steps of weekdays, which not
every page of AWS names, are read as they can only be meant; what could be meant in two ways is refused.

AWS Backup does not say what becomes of local times that a change of the clock leaves out or repeats. EventBridge
Scheduler does (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html), and so it is here: a run
at a time that is left out is skipped, one at a time that comes twice happens once, which is taken to be the first.

Pure but for the files of the time zones, which Python reads once. Nothing takes more than milliseconds.
"""

from __future__ import annotations

import bisect
import calendar
import itertools
import re
import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import assert_never

from .fields import show

DEFAULT = "cron(0 5 ? * * *)"
"""When a rule runs that says nothing about it (BackupRuleInput.ScheduleExpression in AWS's API)."""
DEFAULT_ZONE = "Etc/UTC"
_UTC = frozenset({DEFAULT_ZONE, "UTC", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal"})
HORIZON_YEARS = 2
"""Over how many years the longest distance of two runs is looked for: this one and the next."""

_LONGEST_TEXT = 256  # of a schedule in EventBridge's API; AWS Backup names no limit
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FIELDS = "minutes hours day-of-month month day-of-week year"
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9+_/-]{0,63}")
_NO_ZONES = frozenset(("localtime", "posixrules", "Factory"))  # stand among the zones on many machines
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC) - timedelta(days=2)


class DayKind(StrEnum):
    """How a cron expression names its days."""

    DAYS = "days of the month"
    WEEKDAYS = "days of the week"
    LAST_DAY = "last day of the month"
    LAST_WORKDAY = "last day from Monday to Friday of the month"
    NEAREST_WORKDAY = "day from Monday to Friday nearest to a day, in its month"
    LAST_WEEKDAY = "last such day of the week in the month"
    NTH_WEEKDAY = "first to fifth such day of the week in the month"


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a month on which a rule runs; ``numbers`` are days, or weekdays with Sunday as 1 and then which."""

    kind: DayKind
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Cron:
    """What a cron expression means, in a normal form: two that are written differently and mean the same are equal.

    Of dates that need no ``L``, ``W`` or ``#`` none are written as such: ``L`` in April is not the 30th.
    There is one minute, because AWS Backup lets a rule run once an hour at most.
    """

    minute: int
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: tuple[int, ...]


EVERY_DAY = Days(DayKind.DAYS, tuple(range(1, 32)))


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    wanted: str
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int | None:
        if text in self.names:
            return self.low + self.names.index(text)
        number = int(text) if text.isascii() and text.isdigit() else -1
        return number if self.low <= number <= self.high else None

    def written(self, number: int) -> str:
        return self.names[number - self.low] if self.names else str(number)


_MINUTES = _Field("minutes", 0, 59, "a number from 0 to 59")
_HOURS = _Field("hours", 0, 23, "0 to 23")
_DAYS = _Field("day-of-month", 1, 31, "1 to 31, or one of L, LW and a day with W such as 15W")
_MONTH = _Field("month", 1, 12, "1 to 12 or JAN to DEC", _MONTHS)
_WEEKDAY = _Field("day-of-week", 1, 7, "1 to 7 or SUN to SAT, or one of L, FRIL and TUE#2", _WEEKDAYS)
_YEAR = _Field("year", 1970, 2199, "1970 to 2199")


class _WrongError(Exception):
    """Carries what is wrong with a field to the one place that catches it."""


def parse(text: str) -> Cron | str:
    """Read ``cron(minutes hours day-of-month month day-of-week year)``; else say in one sentence what is wrong.

    The sentence begins with *must* and follows the path of a field in a manifest. ``rate(...)`` is refused: AWS
    Backup's API asks for a cron expression, and refuses rates (hashicorp/terraform-provider-aws issue 8269). More than
    one run an hour is refused, as AWS does, and so are days that no year has.
    """
    if len(text) > _LONGEST_TEXT:
        return f"must have at most {_LONGEST_TEXT} characters, has {len(text)}"
    return _parsed(text)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Cron | str:
    if text.startswith("rate("):
        return f"must be a cron expression, the only kind of AWS Backup, such as {DEFAULT}, is {show(text)}"
    if not (text.isascii() and text.startswith("cron(") and text.endswith(")")):
        return f"must be cron({_FIELDS}) such as {DEFAULT}, is {show(text)}"
    parts = text[len("cron(") : -1].upper().split()
    if len(parts) != len(_FIELDS.split()):
        return f"must have six fields, cron({_FIELDS}) such as {DEFAULT}, has {len(parts)}"
    try:
        found = _read(parts)
    except _WrongError as error:
        return str(error)
    if next(_dates(found, date(_YEAR.low, 1, 1)), None) is None:
        return f"must name days that exist, has {show(parts[2])} in day-of-month and {show(parts[3])} in month"
    return found


def _read(parts: Sequence[str]) -> Cron:
    minutes, hours, days, months, weekdays, years = parts
    if (days == "?") == (weekdays == "?"):
        raise _WrongError(f"must have ? in one of day-of-month and day-of-week, and in one only, such as {DEFAULT}")
    listed = _numbers(_MINUTES, minutes)
    if len(listed) > 1:
        raise _WrongError(
            f"must have one minute, because AWS Backup lets a rule run once an hour at most, has {show(minutes)}"
        )
    return Cron(
        minute=listed[0],
        hours=_numbers(_HOURS, hours),
        days=_month_days(days) if weekdays == "?" else _week_days(weekdays),
        months=_numbers(_MONTH, months),
        years=_numbers(_YEAR, years),
    )


def _month_days(text: str) -> Days:
    if text == "L":
        return Days(DayKind.LAST_DAY)
    if text == "LW":
        return Days(DayKind.LAST_WORKDAY)
    if text.endswith("W"):
        return Days(DayKind.NEAREST_WORKDAY, (_number(_DAYS, text[:-1], text),))
    return Days(DayKind.DAYS, _numbers(_DAYS, text))


def _week_days(text: str) -> Days:
    if text == "L":
        return Days(DayKind.WEEKDAYS, (_WEEKDAY.high,))
    if text.endswith("L"):
        return Days(DayKind.LAST_WEEKDAY, (_number(_WEEKDAY, text[:-1], text),))
    weekday, hash_mark, which = text.partition("#")
    if hash_mark:
        if which not in {"1", "2", "3", "4", "5"}:
            raise _WrongError(f"must have one day of the week, # and 1 to 5 in day-of-week, has {show(text)}")
        return Days(DayKind.NTH_WEEKDAY, (_number(_WEEKDAY, weekday, text), int(which)))
    numbers = _numbers(_WEEKDAY, text)
    return EVERY_DAY if len(numbers) == len(_WEEKDAYS) else Days(DayKind.WEEKDAYS, numbers)


def _numbers(field: _Field, text: str) -> tuple[int, ...]:
    """Read a list of ``*``, ``a``, ``a-b`` and, each with a step, ``*/s``, ``a/s`` (to the end) and ``a-b/s``."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, last = _span(field, span, part, open_ended=bool(slash))
        found.update(range(first, last + 1, _step(field, step, part) if slash else 1))
    return tuple(sorted(found))


def _step(field: _Field, step: str, part: str) -> int:
    if step.isascii() and step.isdigit() and 1 <= int(step) <= field.high:
        return int(step)
    raise _WrongError(f"must have steps from 1 to {field.high} in {field.name}, has {show(part)}")


def _span(field: _Field, span: str, part: str, *, open_ended: bool) -> tuple[int, int]:
    if span == "*":
        return field.low, field.high
    low, dash, high = span.partition("-")
    first = _number(field, low, part)
    last = _number(field, high, part) if dash else (field.high if open_ended else first)
    if last < first:
        two = f"{low}-{field.written(field.high)},{field.written(field.low)}-{high}"
        raise _WrongError(f"must have ranges that run upwards in {field.name}, such as {two}, has {show(part)}")
    return first, last


def _number(field: _Field, text: str, part: str) -> int:
    number = field.number(text)
    if number is None:
        raise _WrongError(f"must have {field.wanted} in {field.name}, has {show(part)}")
    return number


def is_equal(one: str, other: str) -> bool:
    """Tell whether two expressions mean the same runs; one that cannot be read equals nothing but its own text."""
    return normal(one) == normal(other)


def normal(text: str) -> str:
    """Write an expression as every other of its meaning is written; one that cannot be read stays as it is.

    To compare, and to tell what differs: of some sets of years it is longer than what AWS may take.
    """
    found = parse(text)
    if isinstance(found, str):
        return text
    of_month, of_week = _written_days(found.days)
    months, years = _written(_MONTH, found.months), _written(_YEAR, found.years)
    return f"cron({found.minute} {_written(_HOURS, found.hours)} {of_month} {months} {of_week} {years})"


def normal_zone(name: str) -> str:
    """Write a time zone as every other of its meaning is written, as far as that is sure: UTC has many names."""
    return DEFAULT_ZONE if name in _UTC else name


def _written_days(days: Days) -> tuple[str, str]:
    match days.kind:
        case DayKind.DAYS:
            return ("?", "*") if days == EVERY_DAY else (_written(_DAYS, days.numbers), "?")
        case DayKind.WEEKDAYS:
            return "?", _written(_WEEKDAY, days.numbers)
        case DayKind.LAST_DAY:
            return "L", "?"
        case DayKind.LAST_WORKDAY:
            return "LW", "?"
        case DayKind.NEAREST_WORKDAY:
            return f"{days.numbers[0]}W", "?"
        case DayKind.LAST_WEEKDAY:
            return "?", f"{_WEEKDAY.written(days.numbers[0])}L"
        case DayKind.NTH_WEEKDAY:
            return "?", f"{_WEEKDAY.written(days.numbers[0])}#{days.numbers[1]}"
    assert_never(days.kind)


def _written(field: _Field, numbers: tuple[int, ...]) -> str:
    """Write numbers as ``*``, or as a list in which what follows one on the other is a range."""
    if len(numbers) == field.high - field.low + 1:
        return "*"
    spans = itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    ends = [(run[0], run[-1]) for run in ([number for _, number in span] for _, span in spans)]
    return ",".join(
        field.written(one) if one == two else f"{field.written(one)}-{field.written(two)}" for one, two in ends
    )


def time_zone(name: str) -> zoneinfo.ZoneInfo | str:
    """Return a time zone by its name in the IANA database; else say in one sentence what is wrong, as ``parse``."""
    try:
        if _ZONE.fullmatch(name) and name not in _NO_ZONES and not name.startswith(("posix/", "right/")):
            return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # no such file, another file, a folder
        pass
    return f"must be a time zone of the IANA database such as Europe/Berlin or {DEFAULT_ZONE}, is {show(name)}"


def following(cron: Cron, zone: zoneinfo.ZoneInfo, after: datetime) -> datetime | None:
    """Return the first run after an instant, in UTC; None when there is none, because its years are over."""
    if after.year > _YEAR.high + 1:
        return None
    local = max(after, _BEGINNING).astimezone(zone)
    runs = (run for day in _dates(cron, local.date()) for run in _runs(cron.hours, cron.minute, zone, day))
    return next((run for run in runs if run > after), None)


def longest_distance(cron: Cron, zone: zoneinfo.ZoneInfo, since: datetime) -> timedelta | None:
    """Return the longest time from one run to the next; None when there are no two.

    Looked for from the beginning of the year of ``since`` over ``HORIZON_YEARS`` to the first run after them, and on
    until there are two days with runs, so that the answer changes once a year at most. It is time that passes and not
    what clocks show: a daily rule in a zone with daylight saving has 25 hours, and up to 48 at a local time that is
    left out once a year.
    """
    return _longest(cron, zone, min(max(since.year, _YEAR.low), _YEAR.high))


@lru_cache(maxsize=1024)
def _longest(cron: Cron, zone: zoneinfo.ZoneInfo, year: int) -> timedelta | None:
    widest = max((later - earlier for earlier, later in itertools.pairwise(cron.hours)), default=0)
    ends = cron.hours[:1] if len(cron.hours) == 1 else (cron.hours[0], cron.hours[-1])
    longest = timedelta()
    last: datetime | None = None
    days = 0
    for day in _dates(cron, date(year, 1, 1)):
        steady = _is_steady(zone, day)
        runs = tuple(_runs(ends if steady else cron.hours, cron.minute, zone, day))
        if runs:
            within = [timedelta(hours=widest)] if steady else [two - one for one, two in itertools.pairwise(runs)]
            longest = max((longest, runs[0] - (last or runs[0]), *within))
            last = runs[-1]
            days += 1
        if days > 1 and day.year >= year + HORIZON_YEARS:
            break
    return longest or None


def _is_steady(zone: zoneinfo.ZoneInfo, day: date) -> bool:
    """Tell whether the clock is not changed on a day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return midnight.utcoffset() == (midnight + timedelta(days=1)).utcoffset()


def _runs(hours: tuple[int, ...], minute: int, zone: zoneinfo.ZoneInfo, day: date) -> Iterator[datetime]:
    """Yield the runs of one day in UTC; a local time that the clock leaves out reads as another one on the way back."""
    for hour in hours:
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
        run = local.astimezone(UTC)
        if run.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
            yield run


def _dates(cron: Cron, since: date) -> Iterator[date]:
    for year in cron.years[bisect.bisect_left(cron.years, since.year) :]:
        for month in cron.months:
            if (year, month) >= (since.year, since.month):
                for day in _days_of(cron.days, year, month):
                    found = date(year, month, day)
                    if found >= since:
                        yield found


def _days_of(days: Days, year: int, month: int) -> Sequence[int]:
    """Return the days of one month that match, in order."""
    before, length = calendar.monthrange(year, month)
    match days.kind:
        case DayKind.DAYS:
            return [day for day in days.numbers if day <= length]
        case DayKind.WEEKDAYS:
            return _of_weekdays(days.numbers, before, length)
        case DayKind.LAST_DAY:
            return (length,)
        case DayKind.LAST_WORKDAY:
            return (_nearest_workday(length, before, length),)
        case DayKind.NEAREST_WORKDAY:
            return [_nearest_workday(day, before, length) for day in days.numbers if day <= length]
        case DayKind.LAST_WEEKDAY:
            return _of_weekdays(days.numbers, before, length)[-1:]
        case DayKind.NTH_WEEKDAY:
            weekday, which = days.numbers
            return _of_weekdays((weekday,), before, length)[which - 1 : which]
    assert_never(days.kind)


def _of_weekdays(weekdays: tuple[int, ...], before: int, length: int) -> list[int]:
    """Return the days that fall on weekdays; ``before`` is how many days after Monday the month begins."""
    return [day for day in range(1, length + 1) if (before + day) % 7 + 1 in weekdays]


def _nearest_workday(day: int, before: int, length: int) -> int:
    """Return the day from Monday to Friday that is nearest to a day without leaving its month."""
    weekday = (before + day) % 7 + 1
    if weekday == _WEEKDAY.high:
        return day - 1 if day > 1 else day + 2
    if weekday == _WEEKDAY.low:
        return day + 1 if day < length else day - 2
    return day
