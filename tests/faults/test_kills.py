"""Killed at any moment and started again: nothing is copied twice (invariant 6), and the end is the same.

A killed process is one whose calls reach AWS no more from one call on, and whose memory is gone. Whether the last
call had its effect is the other half of the truth: AWS may have acted, and nobody was there to hear the answer.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Stage

from backup_simulator.faults import Kind

POINTS: tuple[dict[str, Any], ...] = (
    {"resource_type": "EBS", "resource": "vol-0a", "key": "alias/orders-storage", "age": "1d"},
    {"resource_type": "EBS", "resource": "vol-0a", "key": "alias/orders-storage", "age": "2d"},
    {"resource_type": "S3", "resource": "orders-invoices", "age": "1d"},
)
PARTS = 4
MUTATING = ("CreateBackupVault", "PutBackupVaultAccessPolicy", "StartCopyJob")


def die(stage: Stage, calls: int, *, after_effect: bool) -> None:
    """Let so many calls through, lose the next one before or after its effect, and all that follow."""
    if after_effect:
        stage.control.faults.add(Kind.RESET, skip=calls, times=1, after_effect=True)
    stage.control.faults.add(Kind.RESET, skip=calls)
    stage.look()
    stage.control.faults.clear()
    stage.restart()


def assert_everything_is_there_once(stage: Stage, count: int = len(POINTS)) -> None:
    """Every recovery point has one job and one copy, and the vault has our statement and nothing else."""
    jobs, copies = stage.jobs(), stage.copies()
    assert set(jobs.values()) == {1}, jobs
    assert set(copies.values()) == {1}, copies
    assert len(jobs) == len(copies) == count
    assert len(stage.statements()) == 1


def calls_of_a_whole_life(stage: Stage) -> list[str]:
    """Return the operations of the first pass."""
    stage.begin(scene.world(*POINTS))
    stage.look()
    return [each.operation for each in stage.control.calls()]


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_before_each_call_of_the_first_pass(stage: Stage, part: int) -> None:
    """The n-th call and all after it never reach AWS, for every n: the next process ends where the first would have."""
    calls = calls_of_a_whole_life(stage)
    assert Counter(calls)["StartCopyJob"] == 2
    for number in range(part, len(calls), PARTS):
        stage.begin(scene.world(*POINTS))
        die(stage, number, after_effect=False)
        stage.go_on(seconds=12)
        assert_everything_is_there_once(stage)


@pytest.mark.parametrize("pause", [1, 20], ids=["while copies run", "after they ended"])
def test_killed_after_the_effect_of_each_write_of_the_first_pass(stage: Stage, pause: float) -> None:
    """AWS acted and the process died before it heard: the next one sees what was done and does not do it again."""
    calls = calls_of_a_whole_life(stage)
    writes = [number for number, operation in enumerate(calls) if operation in MUTATING]
    assert len(writes) == 4
    for number in writes:
        stage.begin(scene.world(*POINTS))
        die(stage, number, after_effect=True)
        stage.control.advance(pause)
        stage.go_on(seconds=12)
        assert_everything_is_there_once(stage)


@pytest.mark.parametrize("seed", range(4))
def test_killed_again_and_again(stage: Stage, seed: int) -> None:
    """Many short lives, each killed at a random call, with random pauses: the same end as one long life."""
    chance = random.Random(seed)  # noqa: S311 - the same lives every time
    stage.begin(scene.world(*POINTS))
    for _ in range(4):
        die(stage, chance.randrange(5, 60), after_effect=chance.random() < 0.5)
        stage.control.advance(chance.choice((0.5, 3, 15)))
    stage.go_on(seconds=5)
    assert_everything_is_there_once(stage)


@pytest.mark.parametrize("operation", MUTATING)
def test_a_lost_reply_is_not_a_second_write(stage: Stage, operation: str) -> None:
    """The answer to a write is lost while the process lives on: botocore's retry and the next pass do no harm."""
    stage.settings = scene.patient(stage)
    stage.begin(scene.world(*POINTS))
    stage.control.faults.add(Kind.RESET, operation=operation, times=1, after_effect=True)
    stage.go_on()
    assert_everything_is_there_once(stage)
    assert sum(each.hits for each in _faults(stage)) == 1


def _faults(stage: Stage) -> list[Any]:
    return list(stage.control.faults.list())


@pytest.mark.parametrize("operation", MUTATING)
def test_a_write_whose_answer_never_comes_is_looked_at_again(stage: Stage, operation: str) -> None:
    """AWS acts and hangs: the pass says TimedOut, and the next look sees the effect instead of repeating it."""
    stage.begin(scene.world(*POINTS))
    stage.control.faults.add(Kind.HANG, operation=operation, times=1, after_effect=True, seconds=30)
    outcome = stage.look()
    assert [each.hits for each in _faults(stage)] == [1]
    assert [each.problem.reason for each in outcome.results if each.problem] == ["TimedOut"]
    stage.go_on()
    assert_everything_is_there_once(stage)


def test_two_operators_at_once_copy_once(stage: Stage) -> None:
    """A failover that overlaps: two processes that saw the same ask with the same tokens, and AWS makes one job."""
    stage.look()
    stage.control.advance(30)
    stage.look()
    first, second = stage.aws, stage._new()
    stage.control.seed(
        scene.PRODUCTION, scene.HOME, "orders", [{"resource_type": "S3", "resource": "one-more", "age": "1h"}]
    )
    stage.control.advance(1)
    request = stage.request()
    seen = [(aws, scene.planned(request, aws)[2].actions) for aws in (first, second)]
    for aws, actions in seen:
        for action in actions:
            aws.apply(action)
    assert len(seen[0][1]) == 1
    second.close()
    stage.go_on()
    assert set(stage.jobs().values()) == {1}
    assert set(stage.copies().values()) == {1}
