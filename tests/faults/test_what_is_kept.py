"""What is left in memory once a pass is over: what lies in the vaults, once, and no more."""

from __future__ import annotations

import gc
from collections import Counter

from tests.kit import stage as scene
from tests.kit.stage import HOME, PRODUCTION, Json, Stage

from crossvault.aspects.copies.inventory import Inventory
from crossvault.aspects.copies.jobs import JobBook
from crossvault.aspects.copies.pairing import Pair
from crossvault.aspects.copies.planned import Standing
from crossvault.aspects.copies.seen import RecoveryPoint
from crossvault.engine.observed import Observed
from crossvault.engine.plan import Plan

KINDS = (Inventory, JobBook, Observed, Pair, Plan, RecoveryPoint, Standing)
UNSETTLED = ("inProgress", "waiting", "missing", "failed")
MADE: tuple[Json, ...] = tuple(
    {"resource_type": "S3", "resource": f"orders-{number}", "age": f"{age}d"}
    for number in range(4)
    for age in (1, 2, 3)
)


def alive(known: set[int]) -> Counter[str]:
    """Count what is alive that was not known, by kind; an inventory of nothing is no listing."""
    gc.collect()
    found = [each for each in gc.get_objects() if isinstance(each, KINDS) and id(each) not in known]
    return Counter(type(each).__name__ for each in found if not isinstance(each, Inventory) or len(each))


def test_nothing_of_a_pass_outlives_it_but_what_lies_in_the_vaults(stage: Stage) -> None:
    """While copies are made, once all is settled, and after new backups: no plan, no standing, no second listing."""
    known = {id(each) for each in gc.get_objects() if isinstance(each, KINDS)}
    stage.begin(scene.world(*MADE))
    for look in range(12):
        if look > 6:
            part: Json = {"resource_type": "S3", "resource": f"orders-{look % 4}", "age": "0s"}
            stage.control.seed(PRODUCTION, HOME, "orders", [part])
        stage.look()
        left = alive(known)

        assert left.keys() <= {"Inventory", "JobBook", "RecoveryPoint"}
        assert left["Inventory"] <= 2, "the source, and the destination"
        assert left["JobBook"] <= 1
        assert left["RecoveryPoint"] <= sum(scene.numbers(stage.body)[each] for each in UNSETTLED)
        stage.control.advance(70)
    assert scene.numbers(stage.body)["copied"] > len(MADE)
