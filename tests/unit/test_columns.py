"""Rows kept by column: they come out as they went in, and take less where they have much in common."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crossvault.aspects.copies import columns

WIDTHS = st.integers(1, 80)


@st.composite
def rows(draw: st.DrawFn) -> tuple[int, list[bytes]]:
    """Rows of one width that differ in some columns, in all or in none."""
    width = draw(WIDTHS)
    common = draw(st.binary(min_size=width, max_size=width))
    differ = sorted(draw(st.sets(st.integers(0, width - 1))))
    ends = st.binary(min_size=len(differ), max_size=len(differ))
    made = []
    for end in draw(st.lists(ends, max_size=12)):
        row = bytearray(common)
        for place, byte in zip(differ, end, strict=True):
            row[place] = byte
        made.append(bytes(row))
    return width, made


@given(rows())
def test_rows_come_out_as_they_went_in(drawn: tuple[int, list[bytes]]) -> None:
    """Whatever they have in common; and they never take more."""
    width, made = drawn
    kept = columns.closed(b"".join(made), width)
    assert columns.opened(kept, width, len(made)) == b"".join(made)
    assert [columns.row(kept, width, len(made), place) for place in range(len(made))] == made
    assert len(kept) <= width * len(made)


def test_what_all_have_in_common_is_kept_once() -> None:
    """Beside a bit for each column."""
    made = [bytes(40) + bytes([number]) * 8 for number in range(30)]
    assert len(columns.closed(b"".join(made), 48)) == 6 + 40 + 8 * 30
