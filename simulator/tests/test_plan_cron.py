"""AWS's cron dialect, as a table of expressions and the moments that follow."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backup_simulator.services.backup.plans import cron


def _following(expression: str, after: str, count: int = 3, zone: str = "Etc/UTC") -> list[str]:
    """The next moments in local time."""
    found, timezone = cron.parse(expression), cron.zone(zone)
    moment: float | None = dt.datetime.fromisoformat(after).replace(tzinfo=timezone).timestamp()
    moments = []
    for _ in range(count):
        assert moment is not None
        moment = cron.following(found, moment, timezone)
        if moment is None:
            break
        moments.append(dt.datetime.fromtimestamp(moment, timezone).strftime("%Y-%m-%d %H:%M"))
    return moments


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("cron(0 5 ? * * *)", ["2026-03-02 05:00", "2026-03-03 05:00", "2026-03-04 05:00"], id="daily"),
        pytest.param("cron(0 12 * * ? *)", ["2026-03-01 12:00", "2026-03-02 12:00", "2026-03-03 12:00"], id="noon"),
        pytest.param("cron(15 * ? * * *)", ["2026-03-01 10:15", "2026-03-01 11:15", "2026-03-01 12:15"], id="hourly"),
        pytest.param("cron(0 0/6 ? * * *)", ["2026-03-01 12:00", "2026-03-01 18:00", "2026-03-02 00:00"], id="step"),
        pytest.param("cron(5 9-11 ? * * *)", ["2026-03-01 10:05", "2026-03-01 11:05", "2026-03-02 09:05"], id="range"),
        pytest.param(
            "cron(0 8 ? * MON-FRI *)", ["2026-03-02 08:00", "2026-03-03 08:00", "2026-03-04 08:00"], id="week"
        ),
        pytest.param(
            "cron(0 5 ? * 1 *)", ["2026-03-08 05:00", "2026-03-15 05:00", "2026-03-22 05:00"], id="1 = Sunday"
        ),
        pytest.param(
            "cron(0 5 ? * 7 *)", ["2026-03-07 05:00", "2026-03-14 05:00", "2026-03-21 05:00"], id="7 = Saturday"
        ),
        pytest.param("cron(0 0 31 12 ? *)", ["2026-12-31 00:00", "2027-12-31 00:00", "2028-12-31 00:00"], id="yearly"),
        pytest.param("cron(0 0 31 * ? *)", ["2026-03-31 00:00", "2026-05-31 00:00", "2026-07-31 00:00"], id="31st"),
        pytest.param("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"], id="leap day"),
        pytest.param("cron(0 1 L * ? *)", ["2026-03-31 01:00", "2026-04-30 01:00", "2026-05-31 01:00"], id="last day"),
        pytest.param(
            "cron(0 1 LW * ? *)", ["2026-03-31 01:00", "2026-04-30 01:00", "2026-05-29 01:00"], id="last workday"
        ),
        pytest.param(
            "cron(0 1 1W * ? *)", ["2026-03-02 01:00", "2026-04-01 01:00", "2026-05-01 01:00"], id="workday near 1"
        ),
        pytest.param("cron(0 1 15W 8 ? *)", ["2026-08-14 01:00", "2027-08-16 01:00", "2028-08-15 01:00"], id="near 15"),
        pytest.param(
            "cron(0 1 ? * 6L *)", ["2026-03-27 01:00", "2026-04-24 01:00", "2026-05-29 01:00"], id="last Friday"
        ),
        pytest.param(
            "cron(0 1 ? * L *)", ["2026-03-07 01:00", "2026-03-14 01:00", "2026-03-21 01:00"], id="L is Saturday"
        ),
        pytest.param(
            "cron(0 1 ? * 3#2 *)", ["2026-03-10 01:00", "2026-04-14 01:00", "2026-05-12 01:00"], id="second Tuesday"
        ),
        pytest.param(
            "cron(0 1 ? * MON#5 *)", ["2026-03-30 01:00", "2026-06-29 01:00", "2026-08-31 01:00"], id="fifth Monday"
        ),
        pytest.param(
            "cron(0 3 ? JAN,jul * 2027)", ["2027-01-01 03:00", "2027-01-02 03:00", "2027-01-03 03:00"], id="names"
        ),
        pytest.param("cron(0 3 1 1 ? 2027)", ["2027-01-01 03:00"], id="ends"),
        pytest.param("cron(0 3 1 1 ? 2020)", [], id="over"),
        pytest.param("cron(0 3 31 2 ? *)", [], id="never"),
    ],
)
def test_an_expression_names_its_moments(expression: str, expected: list[str]) -> None:
    """Every element of the dialect is followed; the first of March 2026 is a Sunday."""
    assert _following(expression, "2026-03-01T10:00") == expected


@pytest.mark.parametrize(
    "expression",
    [
        "0 5 ? * * *",
        "cron(0 5 ? * *)",
        "cron(0 5 * * * *)",
        "cron(0 5 ? * ? *)",
        "cron(60 5 ? * * *)",
        "cron(0 24 ? * * *)",
        "cron(0 5 0 * ? *)",
        "cron(0 5 32 * ? *)",
        "cron(0 5 32W * ? *)",
        "cron(0 5 ? 13 * *)",
        "cron(0 5 ? * 0 *)",
        "cron(0 5 ? * 8 *)",
        "cron(0 5 ? * 2#6 *)",
        "cron(0 5 ? * FRI-MON *)",
        "cron(0 5 ? * * 1969)",
        "cron(*/0 5 ? * * *)",
        "cron(0/ 5 ? * * *)",
        "cron(, 5 ? * * *)",
        "cron(0 5 L-3 * ? *)",
        "rate(1 day)",
        "",
    ],
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    """Anything outside the dialect is an error, never a schedule that never comes."""
    with pytest.raises(cron.CronError):
        cron.parse(expression)


def test_an_unknown_time_zone_is_refused() -> None:
    """Names outside the IANA list, paths included, are errors."""
    for name in ("Mars/Olympus", "../etc/passwd", ""):
        with pytest.raises(cron.CronError):
            cron.zone(name)


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        pytest.param(
            "cron(30 2 ? * * *)", "2026-03-27T12:00", ["03-28 02:30", "03-30 02:30", "03-31 02:30"], id="left out"
        ),
        pytest.param(
            "cron(30 2 ? * * *)", "2026-10-24T01:00", ["10-24 02:30", "10-25 02:30", "10-26 02:30"], id="repeated"
        ),
        pytest.param(
            "cron(0 5 ? * * *)", "2026-03-28T01:00", ["03-28 05:00", "03-29 05:00", "03-30 05:00"], id="local"
        ),
    ],
)
def test_the_time_zone_is_honoured(expression: str, after: str, expected: list[str]) -> None:
    """Local time stays local time when clocks change; left-out times are skipped, repeated ones come once."""
    found = _following(expression, after, zone="Europe/Berlin")

    assert found == [f"2026-{moment}" for moment in expected]


@given(
    some.integers(0, 59),
    some.sets(some.integers(0, 23), min_size=1).map(sorted),
    some.integers(0, 4_000_000_000),
    some.sampled_from(["Etc/UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_the_moments_rise_and_match(minute: int, hours: list[int], start: int, zone: str) -> None:
    """What follows is later, and matches in local time."""
    found, timezone = cron.parse(f"cron({minute} {','.join(map(str, hours))} ? * * *)"), cron.zone(zone)
    moments = [float(start)]
    for _ in range(5):
        following = cron.following(found, moments[-1], timezone)
        assert following is not None
        moments.append(following)

    assert all(earlier < later for earlier, later in itertools.pairwise(moments))
    for moment in moments[1:]:
        local = dt.datetime.fromtimestamp(moment, timezone)
        assert local.minute == minute
        assert local.hour in hours
