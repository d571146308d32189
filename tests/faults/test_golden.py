"""From manifests to the exact requests: every example is lived to its end, and each write is the one on record.

``python -m tests.kit.golden`` writes the record anew, to be read before it is committed.
"""

from __future__ import annotations

import pytest
from tests.kit import golden

from backup_simulator.transport import InProcess


@pytest.mark.usefixtures("operator_key")
@pytest.mark.parametrize("name", golden.names())
def test_every_write_of_an_example_is_the_one_on_record(in_process: InProcess, name: str) -> None:
    """In the order in which AWS was asked, with every member."""
    assert golden.text(golden.requests_of(name, in_process)) == (golden.GOLDEN / f"{name}.json").read_text("utf-8")


def test_the_record_is_of_the_examples_and_of_nothing_else() -> None:
    """One that is gone leaves nothing behind."""
    assert sorted(path.stem for path in golden.GOLDEN.iterdir()) == golden.names()
