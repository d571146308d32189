"""The words of AWS in tests are those that were read somewhere, and the simulator's are among them where it says so."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.kit import recorded

from backup_simulator.services.backup.copies import texts
from backup_simulator.services.backup.copies.texts import Documented

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("claimed", [pytest.param(each, id=each.name) for each in texts.DOCUMENTED])
def test_what_the_simulator_calls_documented_was_read_in_a_source(claimed: Documented) -> None:
    """To the letter, but for the case of what AWS matches in any; with the category and the end that the source tells.

    Of a category without a documented text, the words are the simulator's own.
    """
    matches = [
        said
        for said in recorded.copy_failures().values()
        if (said.text == claimed.text if said.form == "whole" else said.text.lower() in claimed.text.lower())
        and said.category in {"", claimed.category}
    ]

    assert {said.ending for said in matches} == {claimed.ending}
    assert claimed.fragment or "whole" in {said.form for said in matches}


def test_product_tests_take_no_words_from_the_simulator() -> None:
    """What it says about itself would prove itself: its services are imported here and nowhere else."""
    modules = [path for path in TESTS.rglob("*.py") if path != Path(__file__)]
    importing = [
        path.relative_to(TESTS)
        for path in modules
        for each in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(each, ast.ImportFrom) and (each.module or "").startswith("backup_simulator.services"))
        or (isinstance(each, ast.Import) and any(name.name.startswith("backup_simulator.s") for name in each.names))
    ]

    assert len(modules) > 100
    assert importing == []


def test_every_text_has_its_source() -> None:
    """And a name of its own; ``whole`` and ``part`` are all the forms there are."""
    said = recorded.copy_failures().values()

    assert all(each.source for each in said)
    assert {each.form for each in said} == {"whole", "part"}
    assert len({(each.text, each.form) for each in said}) == len(said)
