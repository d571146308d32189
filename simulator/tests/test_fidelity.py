"""The table of behaviours: its tests exist, its sources are named, the page is what follows from it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from backup_simulator import fidelity

HERE = Path(__file__).parent
PAGE = HERE.parent / "FIDELITY.md"
ROWS = list(fidelity.rows())


def functions_of(file: str) -> set[str]:
    """The names of the test functions of a file beside this one."""
    path = HERE / file
    if not path.is_file():
        return set()
    return {node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}


def test_every_test_that_a_row_names_exists() -> None:
    """`file.py::test`, in this folder."""
    known: dict[str, set[str]] = {}
    missing = []
    for module, row in ROWS:
        file, _, name = row.test.partition("::")
        if row.test and name not in known.setdefault(file, functions_of(file)):
            missing.append(f"{module}: {row.test}")

    assert missing == []


@pytest.mark.parametrize(("module", "row"), ROWS, ids=[f"{module}-{index}" for index, (module, _) in enumerate(ROWS)])
def test_every_row_says_what_it_rests_upon(module: str, row: fidelity.Behaviour) -> None:
    """One of the known words; AWS's behaviour without a source is called assumed."""
    assert module
    assert row.what.strip()
    assert any(word in row.source for word in fidelity.SOURCES)


def test_no_row_stands_twice() -> None:
    """One behaviour, one row."""
    texts = [row.what for _, row in ROWS]

    assert sorted(texts) == sorted(set(texts))


def test_the_page_is_what_follows_from_the_rows() -> None:
    """`make generate` writes it."""
    assert PAGE.read_text("utf-8") == fidelity.page()


def test_every_section_names_modules_that_have_rows() -> None:
    """A module that was renamed would fall into the last section unseen."""
    modules = {module for module, _ in ROWS}
    idle = [
        prefix
        for _, prefixes in fidelity.SECTIONS
        for prefix in prefixes
        if not any(module.startswith(prefix) for module in modules)
    ]

    assert idle == []


def test_a_row_without_a_test_says_so() -> None:
    """As does one that is assumed."""
    page = fidelity.page()

    assert "| **none** |" in page
    assert "**assumed**" in page
