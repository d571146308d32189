"""What tests share lies in one place, so that a test module can be read, moved and removed by itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
MODULES = sorted(path for path in TESTS.rglob("*.py") if TESTS / "kit" not in path.parents)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(TESTS)))
def test_a_module_holds_tests_and_is_imported_by_nobody(path: Path) -> None:
    """Outside ``tests/kit`` there are tests and their fixtures, and they import nothing of each other."""
    assert path.name.startswith("test_") or path.name == "conftest.py"
    for each in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(each, ast.ImportFrom):
            module = each.module or ""
            of_tests = each.level or module.split(".")[0] == "tests"
            assert not of_tests or module == "tests.kit" or module.startswith("tests.kit."), module


def test_the_root_of_tests_has_no_fixtures() -> None:
    """The simulator's tests share the name of the folder: what serves both lies in the conftest.py of the root."""
    assert len(MODULES) > 100
    assert not (TESTS / "conftest.py").exists()
