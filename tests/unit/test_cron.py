"""When rules run: AWS's cron dialect, held against AWS's documentation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossvault.manifest import cron
from crossvault.manifest.cron import Cron

BERLIN, NEW_YORK, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Etc/UTC")
SUNDAY = "2026-03-01T10:00"  # the first of a month


def read(text: str) -> Cron:
    """Read an expression that is none of those to be refused."""
    found = cron.parse(text)
    assert isinstance(found, Cron), found
    return found


def runs(text: str, after: str, *, zone: ZoneInfo = UTC_ZONE, count: int = 3) -> list[str]:
    """Return the next runs in local time."""
    found, moment = read(text), datetime.fromisoformat(after).replace(tzinfo=zone).astimezone(UTC)
    moments = []
    for _ in range(count):
        following = cron.following(found, zone, moment)
        if following is None:
            break
        moment = following
        moments.append(moment.astimezone(zone).strftime("%Y-%m-%d %H:%M"))
    return moments


class TestDocumented:
    """Expressions of AWS's pages, with what the pages say they mean."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param(
                "cron(0 10 * * ? *)",
                ["2026-03-02 10:00", "2026-03-03 10:00", "2026-03-04 10:00"],
                id="EventBridge: at 10:00 am every day",
            ),
            pytest.param(
                "cron(15 12 * * ? *)",
                ["2026-03-01 12:15", "2026-03-02 12:15", "2026-03-03 12:15"],
                id="EventBridge: at 12:15 pm every day",
            ),
            pytest.param(
                "cron(0 18 ? * MON-FRI *)",
                ["2026-03-02 18:00", "2026-03-03 18:00", "2026-03-04 18:00"],
                id="EventBridge: at 6:00 pm every Monday through Friday",
            ),
            pytest.param(
                "cron(0 8 1 * ? *)",
                ["2026-04-01 08:00", "2026-05-01 08:00", "2026-06-01 08:00"],
                id="EventBridge: at 8:00 am every first day of the month",
            ),
            pytest.param(
                "cron(0 9 ? * 2#1 *)",
                ["2026-03-02 09:00", "2026-04-06 09:00", "2026-05-04 09:00"],
                id="EventBridge: at 9:00 am the first Monday of each month",
            ),
            pytest.param(
                "cron(0 0 ? * 3#2 *)",
                ["2026-03-10 00:00", "2026-04-14 00:00", "2026-05-12 00:00"],
                id="EventBridge: 3#2 is the second Tuesday of the month",
            ),
            pytest.param(
                "cron(0 0 3W * ? *)",
                ["2026-03-03 00:00", "2026-04-03 00:00", "2026-05-04 00:00"],
                id="EventBridge: 3W is the weekday closest to the third day of the month",
            ),
            pytest.param(
                "cron(0 0 L * ? *)",
                ["2026-03-31 00:00", "2026-04-30 00:00", "2026-05-31 00:00"],
                id="EventBridge: L is the last day of the month",
            ),
            pytest.param(
                "cron(0 0 ? * L *)",
                ["2026-03-07 00:00", "2026-03-14 00:00", "2026-03-21 00:00"],
                id="EventBridge: L is the last day of the week",
            ),
            pytest.param(
                "cron(0 0 1-15 * ? *)",
                ["2026-03-02 00:00", "2026-03-03 00:00", "2026-03-04 00:00"],
                id="EventBridge: 1-15 is days 1 through 15",
            ),
            pytest.param(
                "cron(0 0 1 JAN,FEB,MAR ? *)",
                ["2027-01-01 00:00", "2027-02-01 00:00", "2027-03-01 00:00"],
                id="EventBridge: JAN,FEB,MAR is January, February and March",
            ),
            pytest.param(
                "cron(30 23 ? * TUE#3 *)",
                ["2026-03-17 23:30", "2026-04-21 23:30", "2026-05-19 23:30"],
                id="Systems Manager: the third Tuesday of every month at 11:30 pm",
            ),
            pytest.param(
                "cron(0 0 ? * THU#2 *)",
                ["2026-03-12 00:00", "2026-04-09 00:00", "2026-05-14 00:00"],
                id="Systems Manager: the second Thursday of each month",
            ),
            pytest.param(
                "cron(15 * ? * * *)",
                ["2026-03-01 10:15", "2026-03-01 11:15", "2026-03-01 12:15"],
                id="AWS Backup: every hour at 15 minutes past the hour",
            ),
            pytest.param(
                "cron(0 12 * * ? *)",
                ["2026-03-01 12:00", "2026-03-02 12:00", "2026-03-03 12:00"],
                id="AWS Backup: every day at 12 noon UTC",
            ),
        ],
    )
    def test_an_example_means_what_its_page_says(self, text: str, expected: list[str]) -> None:
        """Weekdays are counted from Sunday, and W, L and # are what the tables of wildcards say."""
        assert runs(text, SUNDAY) == expected

    def test_the_last_friday_of_two_years(self) -> None:
        """EventBridge Scheduler: 15 10 ? * 6L 2022-2023 runs at 10:15 on the last Friday of each month of two years."""
        found = runs("cron(15 10 ? * 6L 2022-2023)", "2021-12-31T00:00", count=100)

        assert len(found) == 24
        assert (found[0], found[8], found[-1]) == ("2022-01-28 10:15", "2022-09-30 10:15", "2023-12-29 10:15")


class TestDialect:
    """What the pages leave to the reader."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("cron(0 0/6 ? * * *)", ["03-01 12:00", "03-01 18:00", "03-02 00:00"], id="a step"),
            pytest.param(
                "cron(5 9-17/4 ? * * *)", ["03-01 13:05", "03-01 17:05", "03-02 09:05"], id="a step of a range"
            ),
            pytest.param("cron(0 3,1 ? * 1 *)", ["03-08 01:00", "03-08 03:00", "03-15 01:00"], id="1 is Sunday"),
            pytest.param("cron(0 5 ? * 7 *)", ["03-07 05:00", "03-14 05:00", "03-21 05:00"], id="7 is Saturday"),
            pytest.param("cron(0 5 ? * 2/2 *)", ["03-02 05:00", "03-04 05:00", "03-06 05:00"], id="a step of weekdays"),
            pytest.param("cron(0 5 ? * mon *)", ["03-02 05:00", "03-09 05:00", "03-16 05:00"], id="small letters"),
            pytest.param("cron( 0  5 ? * MON * )", ["03-02 05:00", "03-09 05:00", "03-16 05:00"], id="wide blanks"),
            pytest.param("cron(00 05 ? * 01 *)", ["03-08 05:00", "03-15 05:00", "03-22 05:00"], id="leading zeros"),
            pytest.param(
                "cron(0 0 31 * ? *)", ["03-31 00:00", "05-31 00:00", "07-31 00:00"], id="months without a 31st"
            ),
            pytest.param("cron(0 1 LW * ? *)", ["03-31 01:00", "04-30 01:00", "05-29 01:00"], id="the last workday"),
            pytest.param(
                "cron(0 1 1W * ? *)", ["03-02 01:00", "04-01 01:00", "05-01 01:00"], id="W stays in its month"
            ),
            pytest.param("cron(0 1 31W * ? *)", ["03-31 01:00", "05-29 01:00", "07-31 01:00"], id="no 31W in April"),
            pytest.param("cron(0 1 ? * FRIL *)", ["03-27 01:00", "04-24 01:00", "05-29 01:00"], id="the last Friday"),
            pytest.param("cron(0 1 ? * MON#5 *)", ["03-30 01:00", "06-29 01:00", "08-31 01:00"], id="the fifth Monday"),
        ],
    )
    def test_an_expression_names_its_runs(self, text: str, expected: list[str]) -> None:
        """Every element of the dialect is followed."""
        assert runs(text, SUNDAY) == [f"2026-{each}" for each in expected]

    @pytest.mark.parametrize(
        ("text", "after", "expected"),
        [
            pytest.param("cron(0 0 29 2 ? *)", SUNDAY, ["2028-02-29 00:00", "2032-02-29 00:00"], id="leap days"),
            pytest.param("cron(0 0 29 2 ? *)", "2096-03-01T00:00", ["2104-02-29 00:00", "2108-02-29 00:00"], id="2100"),
            pytest.param("cron(0 0 ? 2 1#5 *)", SUNDAY, ["2032-02-29 00:00", "2060-02-29 00:00"], id="rare weekdays"),
            pytest.param("cron(0 3 1 1 ? 2030)", SUNDAY, ["2030-01-01 03:00"], id="one year"),
            pytest.param("cron(0 3 31 12 ? *)", "2199-01-01T00:00", ["2199-12-31 03:00"], id="to the last year"),
            pytest.param("cron(0 3 1 1 ? 2020)", SUNDAY, [], id="years that are over"),
            pytest.param("cron(0 3 1 1 ? *)", "9999-12-31T23:59", [], id="after all years"),
            pytest.param(
                "cron(0 3 1 1 ? *)", "0001-01-01T23:59", ["1970-01-01 03:00", "1971-01-01 03:00"], id="before"
            ),
        ],
    )
    def test_far_runs_are_found(self, text: str, after: str, expected: list[str]) -> None:
        """Runs that are decades away are found, and None says that there are none."""
        assert runs(text, after, count=2) == expected

    def test_a_run_follows_what_is_earlier(self) -> None:
        """At the moment of a run the next one follows, a second before that itself."""
        daily, run = read(cron.DEFAULT), datetime(2026, 3, 2, 5, tzinfo=UTC)

        assert cron.following(daily, UTC_ZONE, run - timedelta(seconds=1)) == run
        assert cron.following(daily, UTC_ZONE, run) == run + timedelta(days=1)


class TestClocks:
    """Time zones and daylight saving, as EventBridge Scheduler documents them."""

    @pytest.mark.parametrize(
        ("text", "zone", "after", "expected"),
        [
            pytest.param(
                cron.DEFAULT,
                BERLIN,
                "03-28T01:00",
                ["03-28 05:00", "03-29 05:00", "03-30 05:00"],
                id="local time stays",
            ),
            pytest.param(
                "cron(30 2 ? * * *)",
                BERLIN,
                "03-28T01:00",
                ["03-28 02:30", "03-30 02:30", "03-31 02:30"],
                id="left out",
            ),
            pytest.param(
                "cron(30 2 ? * * *)",
                NEW_YORK,
                "03-07T01:00",
                ["03-07 02:30", "03-09 02:30", "03-10 02:30"],
                id="there too",
            ),
            pytest.param(
                "cron(30 2 ? * * *)",
                BERLIN,
                "10-24T01:00",
                ["10-24 02:30", "10-25 02:30", "10-26 02:30"],
                id="repeated",
            ),
            pytest.param(
                "cron(0 * ? * * *)",
                BERLIN,
                "03-29T00:30",
                ["03-29 01:00", "03-29 03:00", "03-29 04:00"],
                id="hourly, left out",
            ),
            pytest.param(
                "cron(0 * ? * * *)",
                BERLIN,
                "10-25T01:30",
                ["10-25 02:00", "10-25 03:00", "10-25 04:00"],
                id="hourly, repeated",
            ),
        ],
    )
    def test_local_times_are_kept(self, text: str, zone: ZoneInfo, after: str, expected: list[str]) -> None:
        """A local time that is left out is skipped, one that comes twice is used once."""
        assert runs(text, f"2026-{after}", zone=zone) == [f"2026-{each}" for each in expected]

    def test_of_a_repeated_time_the_first_is_meant(self) -> None:
        """Half past two in Berlin is first half past midnight in UTC, and between the two the next day's comes next."""
        nightly, first = read("cron(30 2 ? * * *)"), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

        assert cron.following(nightly, BERLIN, first - timedelta(hours=12)) == first
        assert cron.following(nightly, BERLIN, first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)

    @pytest.mark.parametrize("name", ["Etc/UTC", "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
    def test_a_time_zone_is_found(self, name: str) -> None:
        """Names of the IANA database are time zones, AWS's default among them."""
        assert isinstance(cron.time_zone(name), ZoneInfo)
        assert isinstance(cron.time_zone(cron.DEFAULT_ZONE), ZoneInfo)

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("", id="nothing"),
            pytest.param("Mars/Olympus", id="another planet"),
            pytest.param("../etc/passwd", id="a way out"),
            pytest.param("/etc/localtime", id="a path"),
            pytest.param("America", id="a folder"),
            pytest.param("zone.tab", id="a file beside the zones"),
            pytest.param("localtime", id="that of the machine"),
            pytest.param("right/Europe/Berlin", id="leap seconds"),
            pytest.param("Europe/Berlin\n", id="a line"),
            pytest.param("Europe/Berlin\0", id="nothing that a path may hold"),
            pytest.param("x" * 100_000, id="very long"),
        ],
    )
    def test_what_is_no_time_zone_is_refused(self, name: str) -> None:
        """What is refused is said with an example, and shown so that it can be printed."""
        found = cron.time_zone(name)

        assert isinstance(found, str)
        assert found.startswith("must be a time zone of the IANA database such as Europe/Berlin or Etc/UTC, is ")
        assert found.isprintable()
        assert len(found) < 200


class TestRefused:
    """What is no schedule of a rule is refused with the field and the remedy."""

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "must be cron(minutes hours day-of-month month day-of-week year) such as cron(0 5 ? * * *)"),
            ("0 5 ? * * *", "must be cron(minutes hours day-of-month month day-of-week year) such as"),
            (
                "cron(0 5 ? * *)",
                "must have six fields, cron(minutes hours day-of-month month day-of-week year) such as",
            ),
            ("cron(0 0 5 ? * * *)", "must have six fields"),
            ("cron(0 5 ? * * *", "must be cron("),
            ("cron(0 5\u00a0? * * * *)", "must be cron("),
            ("cron(\u0660 5 ? * * *)", "must be cron("),
            ("rate(1 day)", "must be a cron expression, the only kind of AWS Backup, such as cron(0 5 ? * * *)"),
            ("rate(12 hours)", "must be a cron expression"),
            ("cron(0 5 * * * *)", "must have ? in one of day-of-month and day-of-week, and in one only"),
            ("cron(0 5 ? * ? *)", "must have ? in one of day-of-month and day-of-week, and in one only"),
            ("cron(0 5 1 * MON *)", "must have ? in one of day-of-month and day-of-week, and in one only"),
            (
                "cron(* 5 ? * * *)",
                "must have one minute, because AWS Backup lets a rule run once an hour at most, has *",
            ),
            ("cron(0/30 5 ? * * *)", "must have one minute, because AWS Backup lets a rule run once an hour at most"),
            ("cron(0,59 5 ? * * *)", "must have one minute, because AWS Backup lets a rule run once an hour at most"),
            ("cron(60 5 ? * * *)", "must have a number from 0 to 59 in minutes, has 60"),
            ("cron(? 5 ? * * *)", "must have a number from 0 to 59 in minutes, has ?"),
            ("cron(-1 5 ? * * *)", "must have a number from 0 to 59 in minutes, has -1"),
            ("cron(0 24 ? * * *)", "must have 0 to 23 in hours, has 24"),
            ("cron(0 1, ? * * *)", "must have 0 to 23 in hours, has an empty string"),
            ("cron(0 1-2-3 ? * * *)", "must have 0 to 23 in hours, has 1-2-3"),
            ("cron(0 22-4 ? * * *)", "must have ranges that run upwards in hours, such as 22-23,0-4, has 22-4"),
            ("cron(0 */0 ? * * *)", "must have steps from 1 to 23 in hours, has */0"),
            ("cron(0 0/ ? * * *)", "must have steps from 1 to 23 in hours, has 0/"),
            ("cron(0 0/24 ? * * *)", "must have steps from 1 to 23 in hours, has 0/24"),
            ("cron(0 0/1/2 ? * * *)", "must have steps from 1 to 23 in hours, has 0/1/2"),
            ("cron(0 5 0 * ? *)", "must have 1 to 31, or one of L, LW and a day with W such as 15W in day-of-month"),
            ("cron(0 5 32W * ? *)", "must have 1 to 31, or one of L, LW and a day with W such as 15W in day-of-month"),
            ("cron(0 5 W * ? *)", "must have 1 to 31, or one of L, LW and a day with W such as 15W in day-of-month"),
            (
                "cron(0 5 1,15W * ? *)",
                "must have 1 to 31, or one of L, LW and a day with W such as 15W in day-of-month",
            ),
            ("cron(0 5 1,L * ? *)", "must have 1 to 31, or one of L, LW and a day with W such as 15W in day-of-month"),
            ("cron(0 5 L-3 * ? *)", "must have 1 to 31, or one of L, LW and a day with W such as 15W in day-of-month"),
            ("cron(0 5 ? 13 * *)", "must have 1 to 12 or JAN to DEC in month, has 13"),
            ("cron(0 5 ? JANUARY * *)", "must have 1 to 12 or JAN to DEC in month, has JANUARY"),
            ("cron(0 5 ? * 0 *)", "must have 1 to 7 or SUN to SAT, or one of L, FRIL and TUE#2 in day-of-week, has 0"),
            ("cron(0 5 ? * 8 *)", "must have 1 to 7 or SUN to SAT, or one of L, FRIL and TUE#2 in day-of-week, has 8"),
            ("cron(0 5 ? * MON,L *)", "must have 1 to 7 or SUN to SAT, or one of L, FRIL and TUE#2 in day-of-week"),
            ("cron(0 5 ? * FRI-MON *)", "must have ranges that run upwards in day-of-week, such as FRI-SAT,SUN-MON"),
            ("cron(0 5 ? * 2#6 *)", "must have one day of the week, # and 1 to 5 in day-of-week, has 2#6"),
            ("cron(0 5 ? * 3#1,6#3 *)", "must have one day of the week, # and 1 to 5 in day-of-week, has 3#1,6#3"),
            (
                "cron(0 5 ? * #1 *)",
                "must have 1 to 7 or SUN to SAT, or one of L, FRIL and TUE#2 in day-of-week, has #1",
            ),
            ("cron(0 5 ? * * 1969)", "must have 1970 to 2199 in year, has 1969"),
            ("cron(0 5 ? * * 2200)", "must have 1970 to 2199 in year, has 2200"),
            ("cron(0 5 30 2 ? *)", "must name days that exist, has 30 in day-of-month and 2 in month"),
            ("cron(0 5 31W APR,JUN ? *)", "must name days that exist, has 31W in day-of-month and APR,JUN in month"),
            ("cron(0 5 29 2 ? 2027)", "must name days that exist"),
        ],
    )
    def test_what_is_wrong_is_said(self, text: str, message: str) -> None:
        """The sentence names the field, what may stand there, and what does."""
        found = cron.parse(text)

        assert isinstance(found, str)
        assert found.startswith(message)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(f"cron(0 {'*/1,' * 10_000}5 ? * * *)", id="a long list"),
            pytest.param(f"cron({'9' * 100_000} 5 ? * * *)", id="a long number"),
            pytest.param("cron(" * 20_000, id="no end"),
            pytest.param("cron(" + " " * 100_000 + ")", id="nothing but blanks"),
            pytest.param("0" * 100_000, id="no beginning"),
        ],
    )
    def test_long_texts_are_refused_unread(self, text: str) -> None:
        """EventBridge takes no more than 256 characters; nothing of a longer one is read or repeated."""
        assert cron.parse(text) == f"must have at most 256 characters, has {len(text)}"

    @given(st.text(max_size=300) | st.text("0159LW#?*/-, MONFRI()cron", max_size=60).map(lambda text: f"cron({text})"))
    def test_whatever_is_read_is_understood_or_refused(self, text: str) -> None:
        """Reading never fails, and what is said can be printed."""
        found = cron.parse(text)

        assert isinstance(found, Cron) or (found.startswith("must ") and found.isprintable() and len(found) < 300)


class TestNormalForm:
    """Expressions that mean the same are equal."""

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            pytest.param("cron(0 5 ? * * *)", "cron(0 5 * * ? *)", id="every day, of the month or of the week"),
            pytest.param("cron(0 5 ? * * *)", "cron(0 5 ? * SUN-SAT *)", id="every weekday is every day"),
            pytest.param("cron(0 5 ? * * *)", "cron(0 5 1-31 1-12 ? 1970-2199)", id="everything is written out"),
            pytest.param("cron(0 5 ? * * *)", "cron(00 05 */1 */1 ? */1)", id="steps of one"),
            pytest.param("cron(0 5 ? * MON-FRI *)", "cron(0 5 ? * 2-6 *)", id="names and numbers"),
            pytest.param("cron(0 5 ? * MON-FRI *)", "cron(0 5 ? * fri,mon,wed,tue,thu,MON *)", id="lists in any order"),
            pytest.param("cron(0 0/6 ? * * *)", "cron(0 0,6,12,18 ? * * *)", id="a step and its list"),
            pytest.param("cron(0 5 ? * L *)", "cron(0 5 ? * SAT *)", id="the last day of the week is Saturday"),
            pytest.param("cron(0 5 ? * 6L *)", "cron(0 5 ? * FRIL *)", id="the last Friday"),
            pytest.param("cron(0 5 ? JAN TUE#2 *)", "cron(0 5 ? 1 3#2 *)", id="the second Tuesday"),
            pytest.param("cron(0 5 03W * ? *)", "cron( 0 5 3W * ? * )", id="zeros and blanks"),
            pytest.param("rate(1 day)", "rate(1 day)", id="the same text, whatever it is"),
        ],
    )
    def test_one_meaning_is_equal(self, one: str, other: str) -> None:
        """A plan that says the same in other words needs no update."""
        assert cron.is_equal(one, other)
        assert cron.is_equal(other, one)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            pytest.param("cron(0 5 ? * * *)", "cron(0 6 ? * * *)", id="another hour"),
            pytest.param("cron(0 5 ? * * *)", "cron(1 5 ? * * *)", id="another minute"),
            pytest.param("cron(0 5 ? * 2 *)", "cron(0 5 2 * ? *)", id="Monday is not the second"),
            pytest.param("cron(0 5 ? * 6 *)", "cron(0 5 ? * 6L *)", id="the last Friday is not every Friday"),
            pytest.param("cron(0 5 L * ? *)", "cron(0 5 LW * ? *)", id="a last workday is not always a last day"),
            pytest.param("cron(0 5 ? * * *)", "cron(0 5 ? * * 2026)", id="one year"),
            pytest.param("rate(1 day)", "cron(0 5 ? * * *)", id="what cannot be read"),
            pytest.param("rate(1 day)", "rate(24 hours)", id="two that cannot be read"),
        ],
    )
    def test_two_meanings_differ(self, one: str, other: str) -> None:
        """Whatever changes a run is a difference."""
        assert not cron.is_equal(one, other)
        assert not cron.is_equal(other, one)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("cron(00 05 1-31 1/1 ? 1970/1)", "cron(0 5 ? * * *)", id="every day, as AWS writes it"),
            pytest.param("cron(0 5 ? 1,2,6 2-6 *)", "cron(0 5 ? JAN-FEB,JUN MON-FRI *)", id="names, and ranges"),
            pytest.param("cron(0 0/12 5,4 * ? 2026)", "cron(0 0,12 4-5 * ? 2026)", id="lists in order"),
            pytest.param("cron(5 1 ? * 6l *)", "cron(5 1 ? * FRIL *)", id="the last Friday"),
            pytest.param("cron(5 1 ? * 2#1 *)", "cron(5 1 ? * MON#1 *)", id="the first Monday"),
            pytest.param("cron(5 1 03W * ? *)", "cron(5 1 3W * ? *)", id="a workday"),
            pytest.param("cron(5 1 lw * ? *)", "cron(5 1 LW * ? *)", id="the last workday"),
            pytest.param("cron(5 1 L * ? *)", "cron(5 1 L * ? *)", id="the last day"),
            pytest.param("rate(1 day)", "rate(1 day)", id="what cannot be read stays"),
        ],
    )
    def test_a_meaning_is_written_in_one_way(self, text: str, expected: str) -> None:
        """It is what a difference is told with, and so it is short and has names."""
        assert cron.normal(text) == expected


class TestLongestDistance:
    """How far apart two runs lie at most."""

    @pytest.mark.parametrize(
        ("text", "zone", "expected"),
        [
            pytest.param(cron.DEFAULT, UTC_ZONE, timedelta(days=1), id="daily"),
            pytest.param(cron.DEFAULT, BERLIN, timedelta(hours=25), id="daily, and once a year the clock goes back"),
            pytest.param("cron(30 2 ? * * *)", BERLIN, timedelta(hours=47), id="once a year a night without a run"),
            pytest.param("cron(0 * ? * * *)", UTC_ZONE, timedelta(hours=1), id="hourly"),
            pytest.param("cron(0 * ? * * *)", BERLIN, timedelta(hours=2), id="hourly, and one hour comes twice"),
            pytest.param("cron(0 8-17 ? * * *)", UTC_ZONE, timedelta(hours=15), id="the night between two days"),
            pytest.param("cron(0 1,3,23 ? * * *)", UTC_ZONE, timedelta(hours=20), id="the day between two nights"),
            pytest.param("cron(0 18 ? * MON-FRI *)", UTC_ZONE, timedelta(days=3), id="a weekend"),
            pytest.param("cron(0 5 ? * 1 *)", UTC_ZONE, timedelta(days=7), id="weekly"),
            pytest.param("cron(0 5 1 * ? *)", UTC_ZONE, timedelta(days=31), id="monthly"),
            pytest.param("cron(0 5 31 * ? *)", UTC_ZONE, timedelta(days=61), id="only long months"),
            pytest.param("cron(0 5 1 1 ? *)", UTC_ZONE, timedelta(days=366), id="yearly, over a leap year"),
            pytest.param("cron(0 5 29 2 ? *)", UTC_ZONE, timedelta(days=1461), id="leap days"),
            pytest.param("cron(0 5,9 29 2 ? *)", UTC_ZONE, timedelta(days=1460, hours=20), id="leap days, twice"),
            pytest.param("cron(0 5 1,9 1 ? 2030)", UTC_ZONE, timedelta(days=8), id="a year to come"),
            pytest.param("cron(0 5 1 1 ? 2030)", UTC_ZONE, None, id="a single run"),
            pytest.param("cron(0 5,8 1 1 ? 2030)", UTC_ZONE, timedelta(hours=3), id="a single day"),
            pytest.param("cron(0 5 * * ? 2020)", UTC_ZONE, None, id="years that are over"),
        ],
    )
    def test_the_longest_distance_is_told(self, text: str, zone: ZoneInfo, expected: timedelta | None) -> None:
        """It is time that passes, with what daylight saving makes of it."""
        assert cron.longest_distance(read(text), zone, datetime(2027, 6, 1, tzinfo=UTC)) == expected

    def test_it_changes_once_a_year_at_most(self) -> None:
        """An alert that compares with it stays where it is from pass to pass."""
        fifths = read("cron(0 5 ? * MON#5 *)")
        days = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(0, 365, 30)]

        assert len({cron.longest_distance(fifths, BERLIN, day) for day in days}) == 1
