"""AWS's cron dialect: six fields, `?`, `L`, `W` and `#`, read once and asked for the next moment.

Pure: text in, moments (epoch seconds) out. The dialect is that of EventBridge rules, to which AWS Backup refers
(botocore: BackupRule.ScheduleExpression). No library we found speaks it: they lack `?`, the year or `W`, and count
weekdays from 0.
"""

from __future__ import annotations

import calendar
import datetime as dt
import functools
import re
import zoneinfo
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_YEAR, LAST_YEAR = 1970, 2199
MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
# Clocks are never set back by more than this in one step.
SHIFT = dt.timedelta(hours=3)

_EXPRESSION = re.compile(r"cron\(\s*(\S+(?:\s+\S+){5})\s*\)")
_NEAREST = re.compile(r"(\d{1,2})W")
_LAST_WEEKDAY = re.compile(r"([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)L")
_NTH_WEEKDAY = re.compile(r"([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#([1-5])")


class CronError(ValueError):
    """The expression is no cron expression of AWS."""


@dataclass(frozen=True, slots=True)
class Field:
    """Where a field's numbers lie and which names stand for some of them."""

    name: str
    low: int
    high: int
    names: dict[str, int]


MINUTE = Field("minutes", 0, 59, {})
HOUR = Field("hours", 0, 23, {})
DAY = Field("day-of-month", 1, 31, {})
MONTH = Field("month", 1, 12, MONTHS)
WEEKDAY = Field("day-of-week", 1, 7, WEEKDAYS)
YEAR = Field("year", FIRST_YEAR, LAST_YEAR, {})


@dataclass(frozen=True, slots=True)
class Cron:
    """One expression; exactly one of `days` and `weekdays` decides, the other is `?` and here None."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: str | None
    months: frozenset[int]
    weekdays: str | None
    years: frozenset[int]


@functools.cache
def parse(expression: str) -> Cron:
    """Read `cron(minutes hours day-of-month month day-of-week year)`; raises CronError."""
    found = _EXPRESSION.fullmatch(expression)
    if not found:
        raise CronError("the expression is not of the form cron(minutes hours day-of-month month day-of-week year)")
    minutes, hours, days, months, weekdays, years = found[1].upper().split()
    if (days == "?") == (weekdays == "?"):
        raise CronError("exactly one of day-of-month and day-of-week has to be ?")
    if days != "?":
        _check_days(days)
    if weekdays != "?":
        _check_weekdays(weekdays)
    return Cron(
        tuple(sorted(_numbers(MINUTE, minutes))),
        tuple(sorted(_numbers(HOUR, hours))),
        None if days == "?" else days,
        _numbers(MONTH, months),
        None if weekdays == "?" else weekdays,
        _numbers(YEAR, years),
    )


def _check_days(text: str) -> None:
    nearest = _NEAREST.fullmatch(text)
    if nearest:
        _number(DAY, nearest[1])
    elif text not in {"L", "LW"}:
        _numbers(DAY, text)


def _check_weekdays(text: str) -> None:
    if text != "L" and not _LAST_WEEKDAY.fullmatch(text) and not _NTH_WEEKDAY.fullmatch(text):
        _numbers(WEEKDAY, text)


@functools.cache
def _listed(name: str, text: str) -> frozenset[int]:
    return _numbers(DAY if name == DAY.name else WEEKDAY, text)


def _numbers(field: Field, text: str) -> frozenset[int]:
    """The numbers of `*`, `a`, `a-b`, `a/step`, `a-b/step` and lists of them."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        low, high = _span(field, span, open_ended=bool(slash))
        if slash and (not step.isdigit() or not 1 <= int(step) <= field.high):
            raise CronError(f"{part} is no step in {field.name}")
        found.update(range(low, high + 1, int(step) if slash else 1))
    return frozenset(found)


def _span(field: Field, text: str, *, open_ended: bool) -> tuple[int, int]:
    if text == "*":
        return field.low, field.high
    first, dash, last = text.partition("-")
    low = _number(field, first)
    if not dash:
        return low, field.high if open_ended else low
    high = _number(field, last)
    if high < low:
        raise CronError(f"{text} runs backwards in {field.name}")
    return low, high


def _number(field: Field, text: str) -> int:
    number = field.names.get(text, int(text) if text.isascii() and text.isdigit() else -1)
    if not field.low <= number <= field.high:
        raise CronError(f"{text} is not valid in {field.name}")
    return number


def zone(name: str) -> zoneinfo.ZoneInfo:
    """A time zone by its IANA name; raises CronError."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise CronError(f"{name} is no time zone") from None


def following(cron: Cron, moment: float, timezone: zoneinfo.ZoneInfo) -> float | None:
    """The first moment after `moment` at which the expression holds, or None when there is none.

    Local times that a change of the clock leaves out are skipped, those it repeats come once, as EventBridge
    Scheduler has it (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html).
    """
    local = dt.datetime.fromtimestamp(moment, timezone).replace(tzinfo=None)
    for candidate in _candidates(cron, local - SHIFT):
        found = candidate.replace(tzinfo=timezone).timestamp()
        if found > moment and dt.datetime.fromtimestamp(found, timezone).replace(tzinfo=None) == candidate:
            return found
    return None


def _candidates(cron: Cron, earliest: dt.datetime) -> Iterator[dt.datetime]:
    """Local times that match, in order, from a local time on."""
    for date in _dates(cron, earliest.date()):
        same_day = date == earliest.date()
        for hour in cron.hours:
            if same_day and hour < earliest.hour:
                continue
            for minute in cron.minutes:
                yield dt.datetime(date.year, date.month, date.day, hour, minute)  # noqa: DTZ001 - local time


def _dates(cron: Cron, earliest: dt.date) -> Iterator[dt.date]:
    for year in sorted(year for year in cron.years if year >= earliest.year):
        for month in sorted(cron.months):
            if (year, month) < (earliest.year, earliest.month):
                continue
            for day in _days_of_month(cron.days, cron.weekdays, year, month):
                date = dt.date(year, month, day)
                if date >= earliest:
                    yield date


@functools.cache
def _days_of_month(days: str | None, weekdays: str | None, year: int, month: int) -> tuple[int, ...]:
    """The days of one month that match."""
    length = calendar.monthrange(year, month)[1]
    if days is not None:
        return _by_day(days, year, month, length)
    return _by_weekday(weekdays or "*", year, month, length)


def _by_day(days: str, year: int, month: int, length: int) -> tuple[int, ...]:
    if days == "L":
        return (length,)
    if days == "LW":
        return (_nearest(year, month, length, length),)
    nearest = _NEAREST.fullmatch(days)
    if nearest:
        day = int(nearest[1])
        return (_nearest(year, month, day, length),) if day <= length else ()
    return tuple(day for day in sorted(_listed(DAY.name, days)) if day <= length)


def _nearest(year: int, month: int, day: int, length: int) -> int:
    """The working day nearest to a day within its month."""
    weekday = dt.date(year, month, day).weekday()
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < length else day - 2
    return day


def _by_weekday(weekdays: str, year: int, month: int, length: int) -> tuple[int, ...]:
    numbers = [(day, dt.date(year, month, day).isoweekday() % 7 + 1) for day in range(1, length + 1)]
    last = _LAST_WEEKDAY.fullmatch(weekdays)
    if last:
        wanted = _number(WEEKDAY, last[1])
        return (max(day for day, weekday in numbers if weekday == wanted),)
    nth = _NTH_WEEKDAY.fullmatch(weekdays)
    if nth:
        wanted = _number(WEEKDAY, nth[1])
        matching = [day for day, weekday in numbers if weekday == wanted]
        return tuple(matching[int(nth[2]) - 1 : int(nth[2])])
    listed = _listed(WEEKDAY.name, "7" if weekdays == "L" else weekdays)
    return tuple(day for day, weekday in numbers if weekday in listed)
