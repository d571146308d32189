"""The page of prerequisites: every row that is judged stands there, in the order in which a person mends them."""

from __future__ import annotations

import re
from pathlib import Path

from crossvault.aspects import ROOMS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "prerequisites.md"
_ROW = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


def test_every_row_stands_on_the_page_in_its_order() -> None:
    """Whether copies end well is no prerequisite of them."""
    judged = [name for room in ROOMS if room.name != "copies" for name in room.rows]

    assert _ROW.findall(PAGE.read_text("utf-8")) == judged
