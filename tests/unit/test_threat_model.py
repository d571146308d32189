"""The threat model names the tests that show what it says: they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "explanation" / "threat-model.md").read_text("utf-8")
DEFINED = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"def (test_\w+)\(", path.read_text("utf-8"))
}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", TEXT))))
def test_every_test_that_is_named_exists(name: str) -> None:
    """A renamed test is renamed there, too."""
    assert name in DEFINED


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tests/[\w/.]+)`", TEXT))))
def test_every_file_of_tests_that_is_named_exists(path: str) -> None:
    """The same of files."""
    assert (ROOT / path).is_file()


def test_attacks_have_a_test_each() -> None:
    """Every row of an attack names one."""
    rows = [line for line in TEXT.split("## A tenant against another")[1].split("## ")[0].splitlines() if "|" in line]
    assert len(rows) > 10
    assert all("`test" in row for row in rows[2:])
