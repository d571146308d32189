"""Durations and times, as people write them in manifests."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossvault.manifest import fields


class TestValues:
    """Durations and times."""

    @pytest.mark.parametrize(
        ("text", "length"),
        [
            pytest.param("24h", timedelta(days=1), id="hours"),
            pytest.param("90m", timedelta(minutes=90), id="minutes"),
            pytest.param("1d12h", timedelta(hours=36), id="a sum"),
            pytest.param("45s", timedelta(seconds=45), id="seconds"),
            pytest.param("0h1m", timedelta(minutes=1), id="a zero beside something"),
            pytest.param("0h", None, id="zero"),
            pytest.param("24", None, id="no unit"),
            pytest.param("1w", None, id="no such unit"),
            pytest.param("1.5h", None, id="no fractions"),
            pytest.param("-1h", None, id="no negatives"),
            pytest.param("24h\n", None, id="nothing behind it"),
            pytest.param("\u0662h", None, id="ASCII digits only"),
            pytest.param("999999999d", None, id="longer than people live"),
            pytest.param("", None, id="nothing"),
        ],
    )
    def test_duration_is_parsed(self, text: str, length: timedelta | None) -> None:
        """A duration is a sum of whole numbers with units, longer than zero."""
        assert fields.parse_duration(text) == length

    @given(st.integers(min_value=1, max_value=99_999 * 86400))
    def test_duration_survives_writing_and_reading(self, seconds: int) -> None:
        """What is written is what is read."""
        length = timedelta(seconds=seconds)

        assert fields.parse_duration(fields.format_duration(length)) == length

    @pytest.mark.parametrize(("hours", "text"), [(24, "24h"), (36, "36h"), (48, "48h"), (72, "3d"), (73, "3d1h")])
    def test_duration_is_written_as_people_write_it(self, hours: int, text: str) -> None:
        """Hours up to two days, days from then on."""
        assert fields.format_duration(timedelta(hours=hours)) == text

    @given(st.datetimes(timezones=st.timezones().map(lambda _: UTC)))
    def test_time_survives_writing_and_reading(self, time: datetime) -> None:
        """RFC 3339 with and without fractions."""
        assert fields.parse_time(time.isoformat()) == time

    @pytest.mark.parametrize("text", ["", "now", "2026-11-01", "2026-11-01T00:00:00", "2026-13-01T00:00:00Z"])
    def test_other_texts_are_no_times(self, text: str) -> None:
        """A time names day, second and zone."""
        assert fields.parse_time(text) is None
