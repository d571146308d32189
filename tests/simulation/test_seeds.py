"""Five hundred seeds: whatever goes wrong on the way, the end is the same, and nothing that must hold is broken."""

from __future__ import annotations

import pytest
from tests.kit.simulation.run import run

SEEDS, CHUNKS = 500, 10
EACH = SEEDS // CHUNKS


@pytest.mark.parametrize("first", range(0, SEEDS, EACH))
def test_every_seed_ends_as_without_faults(first: int) -> None:
    """What is violated is told with the command that shows what led to it."""
    told = [line for seed in range(first, first + EACH) for line in run(seed).told]

    assert not told, "\n".join(told)
