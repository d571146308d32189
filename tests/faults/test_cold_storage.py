"""Cold storage of copies, against a simulated AWS: what moves, what AWS ignores, and what is told of it before."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kit import scheduling
from tests.kit import stage as scene
from tests.kit.stage import Stage

ONE = ({"resource_type": "EBS", "resource": "vol-0a", "key": "alias/orders-storage", "age": "1d"},)
EFS = ({"resource_type": "EFS", "resource": "fs-1", "age": "1d"},)


def declare(stage: Stage, kind: str, **lifecycle: Any) -> None:
    """Declare a lifecycle for copies of one type."""
    days = {"moveToColdStorageAfterDays": 30, "deleteAfterDays": 365}
    stage.declare(
        destinations=[scene.destination(lifecycle=days | lifecycle)], recoveryPoints={"resourceTypes": [kind]}
    )


def copy(stage: Stage) -> Any:
    """Describe the one copy."""
    (arn,) = (each.arn for each in stage.vault().points.values())
    return stage.admin().describe_recovery_point(BackupVaultName="orders-copies", RecoveryPointArn=arn)


@pytest.mark.parametrize(
    ("points", "kind", "lifecycle", "row", "storage"),
    [
        pytest.param(ONE, "EBS", {"optInToArchive": True}, ("Met", "AllMet"), "COLD", id="a snapshot, opted in"),
        pytest.param(ONE, "EBS", {}, ("Unmet", "ColdStorageIgnored"), "WARM", id="a snapshot, not opted in"),
        pytest.param(EFS, "EFS", {}, ("Met", "AllMet"), "COLD", id="a file system"),
    ],
)
def test_copies_move_to_cold_storage_as_is_told(
    stage: Stage, points: Any, kind: str, lifecycle: Any, row: tuple[str, str], storage: str
) -> None:
    """The row says it before the first job; a month later it is so. No copy is held because of it."""
    stage.begin(scene.world(*points))
    declare(stage, kind, **lifecycle)
    stage.look()
    told = scene.row(stage.body, "ColdStorage")
    stage.go_on(lambda: scene.numbers(stage.body).get("copied") == 1)
    made = copy(stage)["Lifecycle"]
    stage.later("31d")
    stage.look()

    assert told == row
    assert bool(made.get("OptInToArchiveForSupportedResources")) is bool(lifecycle)
    assert copy(stage)["StorageClass"] == storage


def test_the_copy_actions_of_a_plan_opt_in_too(stage: Stage) -> None:
    """What a plan copies lives as what is started by itself; once it is so, the plan is not written again."""
    stage.begin(scheduling.allowed(scene.world(*ONE)))
    stage.body["metadata"]["uid"] = "uid-orders"
    rule = {"name": "daily", "cron": "cron(0 5 ? * * *)", "lifecycle": {"deleteAfterDays": 35}}
    selection = {"name": "tagged", "tags": {"backup": "true"}}
    stage.declare(schedule={"rules": [rule], "selections": [selection]})
    declare(stage, "EBS", optInToArchive=True)
    stage.go_on(lambda: scene.numbers(stage.body).get("copied") == 1)
    for _ in range(2):
        stage.later("6h")
        stage.look()
    (plan,) = scheduling.plans(stage)

    assert plan["Rules"][0]["CopyActions"][0]["Lifecycle"] == {
        "MoveToColdStorageAfterDays": 30,
        "DeleteAfterDays": 365,
        "OptInToArchiveForSupportedResources": True,
    }
    assert not stage.writes("UpdateBackupPlan")
