"""In sync is silent, and who may only look does only look (invariants 8 and 9)."""

from __future__ import annotations

import copy

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Stage

from crossvault.kinds.policy.reconcile import plan_policy
from crossvault.kinds.rejected import Rejected


def test_protects_the_world_and_then_falls_silent(stage: Stage) -> None:
    """After the last copy, further passes write nothing to AWS, nothing to the status, and tell nobody anything."""
    stage.go_on()
    assert len(stage.vault().points) == len(scene.POINTS)
    before, status = len(stage.writes()), copy.deepcopy(stage.body["status"])

    for wait in ("30s", "5m", "6h"):
        stage.later(wait)
        outcome = stage.look()
        assert outcome.status == status
        assert outcome.events == ()
        assert outcome.summary == ""
        assert not outcome.failed

    assert len(stage.writes()) == before


def test_an_account_in_sync_is_silent(stage: Stage) -> None:
    """A second look at an account changes nothing."""
    stage.look_at_account("production")
    first = copy.deepcopy(stage.declared["production"]["status"])
    again = stage.look_at_account("production")
    assert again.status == first
    assert again.events == ()
    assert scene.condition(stage.declared["production"]) == ("True", "Verified")
    assert not stage.writes()


def test_the_whole_chain_happens_in_one_pass(stage: Stage) -> None:
    """Vault, statement and copies need one pass: each round sees what the one before did."""
    outcome = stage.look()
    operations = [each.operation for each in stage.writes()]
    assert operations[:2] == ["CreateBackupVault", "PutBackupVaultAccessPolicy"]
    assert len(scene.started(outcome)) == 3, "one recovery point of each resource"
    assert scene.condition(stage.body) == ("True", "CatchingUp")


@pytest.mark.parametrize("spec", [{"mode": "Observe"}, {"suspend": True}, {"mode": "Observe", "suspend": True}])
def test_a_policy_that_may_not_act_only_reports(stage: Stage, spec: dict[str, object]) -> None:
    """Observe and suspend make no mutating call, and the status still says what is missing."""
    stage.declare(**spec)
    for _ in range(3):
        stage.look()
        stage.later("1h")
    assert not stage.writes()
    assert scene.condition(stage.body, "Synced") == ("False", "Drifted")
    assert stage.body["status"]["summary"]["drifted"] == 1


def test_a_policy_that_only_observes_sees_damage_to_what_was_protected(stage: Stage) -> None:
    """Observe after Enforce: a lost statement is told and not mended; Enforce again mends it."""
    stage.go_on()
    stage.declare(mode="Observe")
    stage.admin().delete_backup_vault_access_policy(BackupVaultName="orders-copies")
    stage.control.clear_calls()
    stage.look()
    assert scene.condition(stage.body, "Synced") == ("False", "Drifted")
    assert not stage.writes()
    stage.declare(mode="Enforce")
    stage.look()
    assert [each.operation for each in stage.writes()] == ["PutBackupVaultAccessPolicy"]
    assert scene.condition(stage.body, "Synced") == ("True", "InSync")


def test_a_suspended_policy_lets_running_copies_end_and_starts_no_more(stage: Stage) -> None:
    """Suspension in the middle of the backfill: what runs is followed to its end, the rest waits for its end."""
    stage.look()
    stage.declare(suspend=True)
    before = len(stage.writes())
    stage.control.advance("1m")
    stage.look()
    assert scene.numbers(stage.body)["copied"] == 3
    assert scene.numbers(stage.body)["missing"] == 1
    assert len(stage.writes()) == before
    stage.declare(suspend=False)
    stage.go_on()


def test_a_plan_is_made_without_a_mutating_call(stage: Stage) -> None:
    """The plan names what the next pass does, and making it changes nothing."""
    stage.control.advance(1)
    planned = plan_policy(stage.request(), stage.aws)
    assert not isinstance(planned, Rejected)
    assert [type(each).__name__ for each in planned[2].actions] == ["CreateVault", "PutVaultPolicy", *["StartCopy"] * 3]
    assert not stage.writes()


def test_a_copy_that_somebody_made_by_hand_counts(stage: Stage) -> None:
    """Copies that are there before the policy are paired, not made again."""
    stage.go_on()
    jobs = stage.jobs()
    stage.body["status"] = {}
    stage.later("31d")  # AWS has forgotten the jobs
    stage.look()
    assert scene.numbers(stage.body)["copied"] == len(scene.POINTS)
    assert not stage.jobs() - jobs


def test_equal_worlds_give_equal_plans(stage: Stage) -> None:
    """The plan is a function of what is seen: two operators ask for the same copies with the same tokens."""
    stage.look()
    stage.control.advance("1m")
    first, second = (plan_policy(stage.request(), stage.aws) for _ in range(2))
    stage.restart()
    third = plan_policy(stage.request(), stage.aws)
    assert not any(isinstance(each, Rejected) for each in (first, second, third))
    plans = [each[2].actions for each in (first, second, third) if not isinstance(each, Rejected)]
    assert plans[0]
    assert plans[0] == plans[1] == plans[2]
