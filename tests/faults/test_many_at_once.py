"""Many policies at one vault in one process, and a vault that AWS refuses for good: few calls, each event told once."""

from __future__ import annotations

import copy
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.kit import stage as scene
from tests.kit.stage import CADENCE, Json, Stage

from backup_simulator.faults import Kind
from crossvault.aspects.copies.planned import StartCopy
from crossvault.status.outcome import Outcome

MANY = 6
QUOTA = {"code": "LimitExceededException", "status": 400, "message": "Vault quota reached."}


def look_all(stage: Stage, bodies: list[Json]) -> list[Outcome]:
    """Let every policy do a pass, all at once, over the same process's eyes and hands."""
    stage.control.advance(1)
    gate = threading.Barrier(len(bodies))

    def look(body: Json) -> Outcome:
        request = stage.request(body=body)
        gate.wait(30)
        return request.reconcile(stage.aws, clock=stage.clock, cadence=CADENCE)

    with ThreadPoolExecutor(len(bodies)) as pool:
        outcomes = list(pool.map(look, bodies))
    for body, outcome in zip(bodies, outcomes, strict=True):
        body["status"] = outcome.status
    return outcomes


def named(stage: Stage, number: int) -> Json:
    """Return one of many policies that want the same."""
    body = copy.deepcopy(stage.body)
    body["metadata"]["name"] = f"orders-{number}"
    return body


def test_many_policies_of_one_process_do_everything_once_and_tell_it_once(stage: Stage) -> None:
    """Six policies want the same vault, statement and copies: one request for each, and one event."""
    bodies = [named(stage, number) for number in range(MANY)]
    told: Counter[str] = Counter()
    started = 0
    for _ in range(6):
        outcomes = look_all(stage, bodies)
        started += sum(
            isinstance(result.action, StartCopy) and not result.found for each in outcomes for result in each.results
        )
        told.update(event.reason for each in outcomes for event in each.events if event.reason in DONE)
        assert not [problem for each in outcomes for problem in problems(each)]
        stage.control.advance(12)
    assert Counter(each.operation for each in stage.writes())["CreateBackupVault"] == 1
    assert Counter(each.operation for each in stage.writes())["PutBackupVaultAccessPolicy"] == 1
    assert set(stage.jobs().values()) == {1}
    assert len(stage.jobs()) == started == len(scene.POINTS)
    assert told["VaultCreated"] == told["VaultPolicyUpdated"] == 1
    assert told["DriftCorrected"] == 0


DONE = frozenset({"VaultCreated", "VaultPolicyUpdated", "DriftCorrected"})


def problems(outcome: Outcome) -> list[str]:
    """Return what AWS refused in a pass."""
    return [each.problem.message for each in outcome.results if each.problem is not None]


@pytest.mark.parametrize(
    ("operation", "vault"), [("CreateBackupVault", "DestinationVault"), ("PutBackupVaultAccessPolicy", "VaultPolicy")]
)
def test_what_aws_refuses_for_good_is_asked_ever_more_seldom(stage: Stage, operation: str, vault: str) -> None:
    """Looks every ten seconds for twenty minutes: five requests; status says all the time what was said, and when."""
    stage.control.faults.add(Kind.ERROR, operation=operation, **QUOTA)
    messages = set()
    for _ in range(120):
        outcome = stage.look()
        assert outcome.requeue is not None
        assert outcome.requeue <= CADENCE.follow
        assert not outcome.failed
        (remedy,) = (each["remedy"] for each in stage.body["status"]["prerequisites"] if each["name"] == vault)
        assert "Vault quota reached" in remedy
        assert "It is tried again at 20" in remedy
        messages.add(condition_message(stage, "Synced"))
        stage.control.advance(9)
    assert len(stage.writes(operation)) == 5
    assert len(messages) == 1
    assert scene.condition(stage.body, "Synced") == ("False", "Drifted")


def condition_message(stage: Stage, kind: str) -> str:
    """Return the message of a condition."""
    return next(str(each["message"]) for each in stage.body["status"]["conditions"] if each["type"] == kind)


def test_a_refusal_is_one_event_and_no_flood(stage: Stage) -> None:
    """The event stands when it begins; further refusals of the same are the condition's."""
    stage.control.faults.add(Kind.ERROR, operation="CreateBackupVault", **QUOTA)
    events: Counter[str] = Counter()
    for _ in range(60):
        events.update(each.reason for each in stage.look().events)
        stage.control.advance(30)
    assert events["QuotaExceeded"] == 1


def test_a_refusal_ends_by_itself_once_aws_agrees(stage: Stage) -> None:
    """The quota is raised while we wait: the next try comes in its time, and everything goes on."""
    stage.control.faults.add(Kind.ERROR, operation="CreateBackupVault", **QUOTA)
    for _ in range(30):
        stage.look()
        stage.control.advance(30)
    stage.control.faults.clear()
    stage.go_on(passes=60, seconds=60)
    assert len(stage.copies()) == len(scene.POINTS)


def test_an_edit_is_tried_at_once(stage: Stage) -> None:
    """Somebody raises the quota and edits the policy: nobody waits for the back-off."""
    stage.control.faults.add(Kind.ERROR, operation="CreateBackupVault", **QUOTA)
    for _ in range(30):
        stage.look()
        stage.control.advance(30)
    stage.control.faults.clear()
    stage.declare(copying={"maxConcurrent": 10})
    stage.look()
    assert len(stage.vault().points) == 0
    stage.go_on()


def test_a_refused_removal_keeps_the_policy_until_it_is_done(stage: Stage) -> None:
    """RemoveOwned is refused for good: the object stays, says why, and the removal is tried ever more seldom."""
    stage.go_on()
    stage.declare(deletionPolicy="RemoveOwned")
    stage.look()
    stage.body["metadata"]["deletionTimestamp"] = stage.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    denied = {"code": "AccessDeniedException", "status": 403}
    stage.control.faults.add(Kind.ERROR, operation="DeleteBackupVaultAccessPolicy", **denied)
    for _ in range(60):
        outcome = stage.look()
        assert not outcome.done
        assert outcome.problem is not None
        assert outcome.problem.reason == "AccessDenied"
        stage.control.advance(9)
    assert len(stage.writes("DeleteBackupVaultAccessPolicy")) == 4
    stage.control.faults.clear()
    stage.control.advance("10m")
    outcome = stage.look()
    assert outcome.done
    assert not stage.statements()
