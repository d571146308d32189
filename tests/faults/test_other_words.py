"""Somebody writes the plan in other words that mean the same, again and again: the operator leaves it as it is."""

from __future__ import annotations

import copy
import random

from tests.kit import other_words, scheduling
from tests.kit import stage as scene
from tests.kit.scheduling import SCHEDULE, calls, plans
from tests.kit.stage import Stage

TIMES = 40


def test_a_plan_in_other_words_is_left_as_it_is(stage: Stage) -> None:
    """As AWS gives it back after each, by a process that has just begun, too."""
    stage.begin(scheduling.allowed(scene.world()))
    stage.body["metadata"]["uid"] = "uid-orders"
    stage.declare(schedule=copy.deepcopy(SCHEDULE))
    stage.go_on()
    backup, chance = stage.admin(scene.PRODUCTION, scene.HOME), random.Random(14)  # noqa: S311 - the same each time
    (plan,) = plans(stage)
    sent = {
        "BackupPlanName": plan["BackupPlanName"],
        "Rules": [
            {name: value for name, value in each.items() if name not in {"RuleId", "IndexActions", "ScanActions"}}
            for each in plan["Rules"]
        ],
    }
    before = calls(stage)
    for number in range(TIMES):
        said = other_words.plan(sent, chance, writable=True)
        backup.update_backup_plan(BackupPlanId=plan["id"], BackupPlan=said)
        stage.later("1h") if number % 4 == 0 else stage.control.advance("5m")
        stage.look()

    assert scene.row(stage.body, "BackupPlan", "") == ("Met", "AllMet")
    assert calls(stage) == before
    versions = backup.list_backup_plan_versions(BackupPlanId=plan["id"])["BackupPlanVersionsList"]
    assert len(versions) == TIMES + 1
