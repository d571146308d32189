"""Five hundred seeds: whatever goes wrong on the way, the end is the same, and nothing that must hold is broken."""

from __future__ import annotations

import pytest
from tests.kit.simulation.run import run

SEEDS, CHUNKS = 500, 10
EACH = SEEDS // CHUNKS


@pytest.mark.parametrize("first", range(0, SEEDS, EACH))
def test_every_seed_ends_as_without_faults(first: int) -> None:
    """``python -m tests.kit.simulation --seed N --steps`` shows what led to it."""
    violated = {seed: found.violations for seed in range(first, first + EACH) if (found := run(seed)).violations}

    assert not violated
