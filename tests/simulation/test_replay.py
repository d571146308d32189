"""A seed is all there is to know: the same steps, byte for byte, in this process or in another one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.kit.simulation.run import run
from tests.kit.simulation.troubles import Troubles
from tests.kit.simulation.world import SHARED, of

ROOT = Path(__file__).parents[2]


def test_a_seed_replays_exactly() -> None:
    """Also after others, which have lent the same clients."""
    first = [run(seed).trace for seed in range(8)]
    again = [run(seed).trace for seed in reversed(range(8))][::-1]

    assert first == again
    assert len({tuple(each) for each in first}) == 8


def test_a_seed_replays_in_another_process() -> None:
    """However that one orders its sets."""
    command = [sys.executable, "-m", "tests.kit.simulation", "--seed", "14", "--seeds", "2", "--steps"]
    told = [
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout.decode()
        for seed in ("1", "2")
    ]

    assert told[0] == told[1]
    assert "2 seeds" in told[0]


def test_seeds_in_a_row_share_a_world_and_nothing_else() -> None:
    """Worlds differ, and so do the troubles in one."""
    worlds = [of(number * SHARED) for number in range(20)]
    same = [of(seed) for seed in range(SHARED)]
    troubles = {Troubles.of(seed, same[0]).described() for seed in range(SHARED)}

    assert len({str(each) for each in worlds}) == 20
    assert len({str(each) for each in same}) == 1
    assert len(troubles) == SHARED
