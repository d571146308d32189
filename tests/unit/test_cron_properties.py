"""AWS's cron dialect, against a slow reading of the calendar: over whatever can be written."""

from __future__ import annotations

import calendar
import itertools
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from crossvault.manifest import cron
from crossvault.manifest.cron import Cron

ZONES = ("Etc/UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu")
MONTHS = [name.upper() for name in calendar.month_abbr][1:]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


@dataclass(frozen=True)
class Written:
    """An expression as somebody may write it, with what it means said in another way."""

    text: str
    minute: int
    hours: Collection[int]
    on: Callable[[date], bool]

    def is_run(self, local: datetime) -> bool:
        """Tell whether a rule runs at a local time, of two that read the same at the first."""
        return (local.minute, local.fold) == (self.minute, 0) and local.hour in self.hours and self.on(local.date())


def numbers(low: int, high: int, names: Sequence[str] = ()) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """Write a field of numbers: alone, as ranges, with steps and in lists, by number and by name."""

    def name(number: int, *, by_name: bool) -> str:
        return names[number - low] if names and by_name else str(number)

    @st.composite
    def part(draw: st.DrawFn) -> tuple[str, frozenset[int]]:
        first, last = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
        step, by_name = draw(st.integers(1, high)), draw(st.booleans())
        one, two = name(first, by_name=by_name), name(last, by_name=draw(st.booleans()))
        forms = {
            one: range(first, first + 1),
            f"{one}-{two}": range(first, last + 1),
            f"{one}-{two}/{step}": range(first, last + 1, step),
            f"{one}/{step}": range(first, high + 1, step),
            f"*/{step}": range(low, high + 1, step),
            "*": range(low, high + 1),
        }
        text = draw(st.sampled_from(sorted(forms)))
        return text, frozenset(forms[text])

    return st.lists(part(), min_size=1, max_size=3).map(
        lambda parts: (",".join(text for text, _ in parts), frozenset().union(*(found for _, found in parts)))
    )


def sunday_first(day: date) -> int:
    """Count weekdays as AWS does."""
    return day.isoweekday() % 7 + 1


def month_of(day: date) -> list[date]:
    """Return all days of a day's month."""
    length = calendar.monthrange(day.year, day.month)[1]
    return [day.replace(day=each) for each in range(1, length + 1)]


def nearest(day: date, to: int) -> bool:
    """Tell whether a day is the workday nearest to a day of its month; there is one where the month has that day."""
    days = month_of(day)
    workdays = [each for each in days if each.isoweekday() < 6]
    return to <= len(days) and day == min(workdays, key=lambda each: abs(each.day - to))


@st.composite
def day_fields(draw: st.DrawFn) -> tuple[str, str, Callable[[date], bool]]:
    """Write day-of-month and day-of-week, and say of a day whether it is meant."""
    days, listed_days = draw(numbers(1, 31))
    weekdays, listed_weekdays = draw(numbers(1, 7, WEEKDAYS))
    number, weekday, which = draw(st.integers(1, 31)), draw(st.integers(1, 7)), draw(st.integers(1, 5))
    name = draw(st.sampled_from([str(weekday), WEEKDAYS[weekday - 1]]))
    forms: list[tuple[str, str, Callable[[date], bool]]] = [
        (days, "?", lambda day: day.day in listed_days),
        ("?", weekdays, lambda day: sunday_first(day) in listed_weekdays),
        ("L", "?", lambda day: day == month_of(day)[-1]),
        ("LW", "?", lambda day: day == max(each for each in month_of(day) if each.isoweekday() < 6)),
        (f"{number}W", "?", lambda day: nearest(day, number)),
        ("?", f"{name}L", lambda day: day == max(each for each in month_of(day) if sunday_first(each) == weekday)),
        ("?", f"{name}#{which}", lambda day: sunday_first(day) == weekday and (day.day - 1) // 7 + 1 == which),
    ]
    return draw(st.sampled_from(forms))


@st.composite
def written(draw: st.DrawFn) -> Written:
    """Write an expression that names a day of some year."""
    minute = draw(st.integers(0, 59))
    hours, listed_hours = draw(numbers(0, 23))
    of_month, of_week, on = draw(day_fields())
    months, listed_months = draw(st.just(("*", frozenset(range(1, 13)))) | numbers(1, 12, MONTHS))
    years, listed_years = draw(st.sampled_from(YEARS))
    return Written(
        f"cron({minute} {hours} {of_month} {months} {of_week} {years})",
        minute,
        listed_hours,
        lambda day: day.month in listed_months and day.year in listed_years and on(day),
    )


YEARS = [
    ("*", range(1970, 2200)),
    ("2025-2031", range(2025, 2032)),
    ("1971/4", range(1971, 2200, 4)),
    ("2026,2027", range(2026, 2028)),
    ("2026", range(2026, 2027)),
]
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - UTC comes with them
CHANGES = st.sampled_from(["2026-03-08", "2026-03-29", "2026-04-04", "2026-10-03", "2026-10-25", "2026-11-01"]).map(
    lambda day: datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=12)
)
QUARTER, STEPS = timedelta(minutes=15), 45 * 96


class TestProperties:
    """The module against a walk through the hours, over whatever can be written."""

    @given(written(), st.sampled_from(ZONES), MOMENTS | CHANGES)
    def test_the_next_run_is_the_earliest_that_matches(self, rule: Written, name: str, after: datetime) -> None:
        """Of all instants with the minute, in steps of 15 because zones differ by those, the first in local time.

        Instants after which no local time exists are never met, and a second reading of a local time has a fold.
        """
        zone, found = ZoneInfo(name), cron.parse(rule.text)
        start = after.replace(minute=rule.minute % 15, second=0, microsecond=0)
        steps = (start + QUARTER * step for step in range(STEPS))
        expected = next((step for step in steps if step > after and rule.is_run(step.astimezone(zone))), None)
        following = None if isinstance(found, str) else cron.following(found, zone, after)

        if expected is not None:
            assert following == expected
        else:
            assert following is None or following > start + QUARTER * (STEPS - 1)
            assert following is None or rule.is_run(following.astimezone(zone))

    @given(written())
    def test_what_is_refused_names_no_day(self, rule: Written) -> None:
        """Whatever is written in the dialect is read, unless no day of any year is meant."""
        found = cron.parse(rule.text)
        first, end = date(1970, 1, 1), date(2200, 1, 1)
        all_days = (first + timedelta(days=day) for day in range((end - first).days))

        if isinstance(found, str):
            assert found.startswith("must name days that exist")

        assert any(rule.on(day) for day in all_days) is isinstance(found, Cron)

    @given(written(), st.randoms(use_true_random=False))
    def test_the_normal_form_is_stable(self, rule: Written, dice: random.Random) -> None:
        """What is written anew from what was read is read as the same."""
        found = cron.parse(rule.text)
        if isinstance(found, Cron):
            again = anew(found, dice)

            assert cron.parse(again) == found
            assert cron.normal(again) == cron.normal(rule.text) == cron.normal(cron.normal(rule.text))
            assert cron.parse(cron.normal(rule.text)) == found or len(cron.normal(rule.text)) > 256

    @settings(max_examples=20)
    @given(written(), st.sampled_from(ZONES))
    def test_the_longest_distance_is_that_of_all_runs(self, rule: Written, name: str) -> None:
        """Walking from run to run finds no longer one, and finds that one."""
        zone, found, since = ZoneInfo(name), cron.parse(rule.text), datetime(2026, 7, 1, tzinfo=UTC)
        walked = walk(rule, zone)
        distance = None if isinstance(found, str) else cron.longest_distance(found, zone, since)

        assert distance == max((later - earlier for earlier, later in itertools.pairwise(walked)), default=None)


def anew(found: Cron, dice: random.Random) -> str:
    """Write an expression from its meaning, its numbers one by one and in any order."""

    def listed(values: Sequence[int], names: Sequence[str] = ()) -> str:
        shuffled = list(values)
        dice.shuffle(shuffled)
        return ",".join(names[value - 1] if names and value % 2 else str(value) for value in shuffled)

    numbers = found.days.numbers
    match found.days.kind:
        case cron.DayKind.DAYS:
            of_month, of_week = ("*" if len(numbers) == 31 else listed(numbers)), "?"
        case cron.DayKind.WEEKDAYS:
            of_month, of_week = "?", listed(numbers, WEEKDAYS)
        case cron.DayKind.LAST_DAY | cron.DayKind.LAST_WORKDAY as last:
            of_month, of_week = ("L" if last is cron.DayKind.LAST_DAY else "LW"), "?"
        case cron.DayKind.NEAREST_WORKDAY:
            of_month, of_week = f"{numbers[0]}W", "?"
        case cron.DayKind.LAST_WEEKDAY:
            of_month, of_week = "?", f"{numbers[0]}L"
        case cron.DayKind.NTH_WEEKDAY:
            of_month, of_week = "?", "#".join(map(str, numbers))
    step = found.years[1] - found.years[0] if len(found.years) > 1 else 1
    years = f"{found.years[0]}-{found.years[-1]}/{step}"  # one by one they would not fit
    hours = listed(found.hours) if len(found.hours) < 24 else "*"
    months = listed(found.months, MONTHS) if len(found.months) < 12 else "*"
    return f"cron({found.minute} {hours} {of_month} {months} {of_week} {years})"


def walk(rule: Written, zone: ZoneInfo) -> list[datetime]:
    """Return the runs of two years and those of the first day after them, and those of two days at least."""
    walked: list[datetime] = []
    days = 0
    for number in range((date(2200, 1, 1) - date(2026, 1, 1)).days):
        day = date(2026, 1, 1) + timedelta(days=number)
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        times = [midnight.replace(hour=hour, minute=rule.minute) for hour in sorted(rule.hours) if rule.on(day)]
        found = [time.astimezone(UTC) for time in times if time.astimezone(UTC).astimezone(zone).hour == time.hour]
        walked += found
        days += bool(found)
        if found and days > 1 and day.year > 2027:
            break
    return walked
