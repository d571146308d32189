"""The simulation is worth its time: engines that are broken on purpose are found out within a hundred seeds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.kit.simulation import making
from tests.kit.simulation.broken import BROKEN, Broken
from tests.kit.simulation.invariants import INVARIANTS
from tests.kit.simulation.run import Verdict, run, undisturbed
from tests.kit.simulation.world import SHARED

SEEDS = 100


def seeds(broken: Broken) -> Iterator[int]:
    """Yield seeds, one in each small world in which the engine may go wrong."""
    worlds = ((number, making.of(number * SHARED)) for number in range(SEEDS * SHARED))
    found = (number for number, world in worlds if len(world.policies) < 4 and broken.fits(world))
    for count, number in zip(range(SEEDS), found, strict=False):
        yield number * SHARED + count % SHARED


def caught(broken: Broken) -> Verdict | None:
    """Return the first run in which what is broken shows; one that is not broken has lived in each world before."""
    for seed in seeds(broken):
        undisturbed(seed // SHARED)
        with pytest.MonkeyPatch.context() as patch:
            broken.patch(patch)
            found = run(seed)
        if found.broken if broken.breaks else found.violations:
            return found
    return None


@pytest.mark.parametrize("broken", BROKEN, ids=lambda each: str(each.what))
def test_a_broken_engine_is_caught_within_a_hundred_seeds(broken: Broken) -> None:
    """It breaks the invariant that is about it, and no other one; an engine that breaks none ends otherwise."""
    found = caught(broken)

    assert found is not None
    assert found.broken == broken.breaks or not broken.breaks


def test_every_invariant_is_watched_and_broken_by_an_engine() -> None:
    """They are those of the design, from 1 to 14, each once."""
    assert [each.number for each in INVARIANTS] == list(range(1, 15))
    assert set().union(*(each.breaks for each in BROKEN)) == set(range(1, 15))
    assert len({each.holds for each in INVARIANTS}) == len(INVARIANTS)
