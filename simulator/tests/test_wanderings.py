"""Every operation, with arguments that the world has: each succeeds somewhere on the way, and nothing breaks."""

from __future__ import annotations

import json

import pytest

from simulator_kit import wanderer
from simulator_kit.sums import flaws, flaws_of_points

MOST_STEPS = 20_000
"""Usually a fifth of them is enough; who needs so many has lost its way to some operation."""
OURS = frozenset({"InternalFailure", "InternalFailureException"})


@pytest.mark.parametrize("seed", range(2))
def test_every_operation_succeeds_on_the_way(seed: int) -> None:
    """AssumeRole, web identities and policy versions among them; no answer is a 500."""
    wandering = wanderer.Wanderer(seed)
    missing = set(wanderer.EVERY)
    while missing and wandering.steps < MOST_STEPS:
        wandering.step()
        missing = {each for each in missing if not wandering.succeeded[each]}
        if wandering.steps % 20 == 0:
            assert [*flaws(wandering.state), *flaws_of_points(wandering.state)] == []

    told = {" ".join(key): count for key, count in sorted(wandering.refused.items()) if key[:2] in missing}
    assert missing == set(), json.dumps(told, indent=1)
    assert [key for key in wandering.refused if key[2] in OURS] == []
