"""A seed is all there is to know: the same steps, byte for byte, in this process or in another one."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.kit.simulation.__main__ import main
from tests.kit.simulation.broken import BROKEN
from tests.kit.simulation.making import of
from tests.kit.simulation.run import run
from tests.kit.simulation.troubles import Troubles
from tests.kit.simulation.world import SHARED

ROOT = Path(__file__).parents[2]
DELETES = BROKEN[0]
SOME = range(18, 24)


def test_a_seed_replays_exactly() -> None:
    """Also after others, which have lent the same clients."""
    first = [run(seed).trace for seed in SOME]
    again = [run(seed).trace for seed in reversed(SOME)][::-1]

    assert first == again
    assert len({tuple(each) for each in first}) == len(SOME)


def test_a_seed_replays_in_another_process() -> None:
    """However that one orders its sets."""
    command = [sys.executable, "-m", "tests.kit.simulation", "--seed", "22", "--seeds", "2", "--steps"]
    told = [
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout.decode()
        for seed in ("1", "2")
    ]

    assert told[0] == told[1]
    assert "2 seeds" in told[0]


def test_a_failing_seed_tells_how_to_replay_it() -> None:
    """The command that it prints runs through the same steps to the same violations."""
    assert not run(21).told, "how its world ends is found with a whole engine"
    with pytest.MonkeyPatch.context() as patch:
        DELETES.patch(patch)
        failed = run(21)
        command = shlex.split(failed.told[-1].partition("replay it with: ")[2])
        replayed = CliRunner().invoke(main, command[3:])

    assert command[:3] == ["python", "-m", "tests.kit.simulation"]
    assert failed.broken == DELETES.breaks
    assert replayed.exit_code == 2
    assert [line for line in replayed.output.splitlines() if line in failed.trace] == failed.trace


def test_seeds_in_a_row_share_a_world_and_nothing_else() -> None:
    """Worlds differ, and so do the troubles in one."""
    worlds = [of(number * SHARED) for number in range(20)]
    same = [of(seed) for seed in range(SHARED)]
    troubles = {Troubles.of(seed, same[0]).described() for seed in range(SHARED)}

    assert len({str(each) for each in worlds}) == 20
    assert len({str(each) for each in same}) == 1
    assert len(troubles) == SHARED
