"""Rows that are known by what AWS sent of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crossvault.aspects.copies.marks import UNMARKED, WIDTH, Marks, each, mark_of, written

numbers = st.integers(1, (1 << 8 * WIDTH) - 1)
groups = st.lists(st.lists(st.integers(0, 30) | numbers, min_size=1, max_size=6), max_size=6)


@given(groups, st.lists(st.integers(1, 30) | numbers, max_size=12))
def test_a_row_is_known_by_a_mark_that_only_it_has(known: list[list[int]], came: list[int]) -> None:
    """One without a mark, or with that of another one, is read; and only what came is ticked."""
    rows = [b"".join(map(written, group)) for group in known]
    all_known = [mark for group in known for mark in group]
    marks = Marks(rows)
    for mark in came:
        assert marks.tick(mark) is (all_known.count(mark) == 1)
    for group, wrote in zip(known, rows, strict=True):
        assert marks.came(wrote) == [mark in came and all_known.count(mark) == 1 for mark in group]
    assert marks.all_came is all(mark in came and all_known.count(mark) == 1 for mark in all_known)


@given(st.binary() | st.text() | st.integers())
def test_a_mark_tells_the_same_of_the_same(row: object) -> None:
    """It fits, and is never the one of rows of which it is not known."""
    assert mark_of(row) == mark_of(row)
    assert written(mark_of(row)) != UNMARKED


@given(st.lists(numbers, max_size=9))
def test_marks_are_read_as_they_were_written(marks: list[int]) -> None:
    """One by one."""
    assert list(each(b"".join(map(written, marks)))) == [written(mark) for mark in marks]
