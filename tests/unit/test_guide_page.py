"""The page that follows AWS's guide names tests that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "aws-guide.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text().splitlines()
    if re.match(r"\| \d+ \|", line)
]


def test_the_page_has_all_points_in_order() -> None:
    """Twenty, each once."""
    assert [int(row[0]) for row in ROWS] == list(range(1, 21))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_point_is_shown_by_a_test(row: list[str]) -> None:
    """End to end, under the name that the page gives."""
    named = re.findall(r"`(test_\w+)::(test_\w+)`", row[3])
    assert named
    for module, name in named:
        tree = ast.parse((ROOT / "tests" / "e2e" / f"{module}.py").read_text())
        assert name in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_row_of_status_that_is_named_is_documented(row: list[str]) -> None:
    """Under the names of the page on prerequisites."""
    documented = set(
        re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/reference/prerequisites.md").read_text(), re.MULTILINE)
    )
    named = set(re.findall(r"`([A-Z][A-Za-z]+)`", row[2]))
    assert named - documented <= {"BackupOrganization"}
