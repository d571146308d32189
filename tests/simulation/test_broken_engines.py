"""The simulation is worth its time: engines that are broken on purpose are found out within a hundred seeds."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.kit.simulation.run import run, undisturbed
from tests.kit.simulation.world import SHARED

from crossvault.aspects.copies.aws.kept import KeptListings
from crossvault.aspects.copies.aws.ledger import StartedCopies
from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.effects import AwsAccounts

Break = Callable[[pytest.MonkeyPatch], None]


def forgets_tokens(patch: pytest.MonkeyPatch) -> None:
    """Every request has a token of its own, and nobody remembers which copies run."""
    apply, dice = AwsAccounts.apply, random.Random(1)  # noqa: S311 - the same each time

    def forgetful(self: AwsAccounts, action: Any, **options: Any) -> Any:
        anew = replace(action, token=f"{dice.random()}") if isinstance(action, StartCopy) else action
        return apply(self, anew, **options)

    patch.setattr(AwsAccounts, "apply", forgetful)
    patch.setattr(StartedCopies, "_in_progress", lambda _self, _entry, _now: {})


def trusts_a_stale_window(patch: pytest.MonkeyPatch) -> None:
    """A destination is listed once, and never again."""
    look = KeptListings.destination

    def trusting(self: Any, key: Any, *seen: Any) -> Any:
        return kept.setdefault((id(self), key), look(self, key, *seen))

    kept: dict[Any, Any] = {}
    patch.setattr(KeptListings, "destination", trusting)


@pytest.mark.parametrize("broken", [forgets_tokens, trusts_a_stale_window])
def test_a_broken_engine_is_caught_within_a_hundred_seeds(broken: Break) -> None:
    """What one that is not broken makes of the same world is known before."""
    caught = None
    for seed in range(100):
        undisturbed(seed // SHARED)
        with pytest.MonkeyPatch.context() as patch:
            broken(patch)
            found = run(seed).violations
        if found:
            caught = seed, found
            break

    assert caught is not None
