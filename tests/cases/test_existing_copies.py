"""Copies that are there get the lifecycle that is declared: where that is declared, and never less than they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.kit.cases import BUNKER, CLINIC, Case, Json, account_in, points_of, world_of

from backup_simulator.clock import DAY
from backup_simulator.records.state import Lifecycle, RecoveryPoint
from crossvault.engine.declared import PolicyKey

Begin = Callable[..., Case]
WORLD = "01-both-directions"
UPDATE, LOOK = "UpdateRecoveryPointLifecycle", "DescribeRecoveryPoint"


def declare(case: Case, days: int, *, name: str = "records", cold: int | None = None, **members: Any) -> None:
    """Declare how long the copies of a policy live, and what that means for those that are there."""
    body = next(body for key, body in case.bodies.items() if key.name == name)
    lifecycle = {"deleteAfterDays": days, **({"moveToColdStorageAfterDays": cold} if cold else {})}
    kept = {key: value for key, value in body["spec"]["destinations"][0].items() if key in PLACE}
    body["spec"]["destinations"][0] = {**kept, "lifecycle": lifecycle, **members}
    body["metadata"]["generation"] += 1


PLACE = {"name", "accountRef", "region", "vault", "vaultPolicy"}


def copied(begin: Begin, days: int, *, world: Json | None = None, cold: int | None = None) -> Case:
    """Return a case in which one policy has copied its one recovery point for so many days."""
    case = begin(WORLD, world=world)
    del case.bodies[next(key for key in case.bodies if key.name == "way-back")]
    declare(case, days, cold=cold)
    case.passes(5)
    assert case.numbers()["copied"] == 1
    return case


def the_copy(case: Case) -> RecoveryPoint:
    """Return the copy."""
    (copy,) = case.control.vault(BUNKER, "eu-west-1", "records-copies").points.values()
    return copy


def end_of(case: Case) -> int | None:
    """Return after how many days the copy is deleted."""
    return the_copy(case).lifecycle.delete_after_days


def calls(case: Case, operation: str) -> int:
    """Count the requests of one operation so far."""
    return sum(each.operation == operation for each in case.control.calls())


def whole_listings(case: Case) -> int:
    """Count the pages of the destination vault so far."""
    found = case.control.calls(service="backup")
    return sum((each.operation, each.account) == ("ListRecoveryPointsByBackupVault", BUNKER) for each in found)


def row(case: Case) -> Json:
    """Return the only entry of what the status tells of existing copies."""
    (entry,) = case.numbers()["existingCopies"]
    return dict(entry)


def test_a_copy_that_expires_early_is_prolonged_once_and_then_there_is_silence(case: Begin) -> None:
    """The plan says so, one pass does it, the next look sees it, and nothing is written or asked of it again."""
    found = copied(case, 30)
    declare(found, 365, existingCopies="UpdateLifecycle")
    plan = found.plan()
    text = found.plan_text()
    outcome = found.once()["records"]
    told = [(each.reason, each.message) for each in outcome.events]
    asked, listed = (calls(found, LOOK), calls(found, UPDATE)), whole_listings(found)
    found.passes(5)

    assert listed == whole_listings(found) > 0, "the vault is not listed to learn what became of one copy"
    assert plan["summary"]["lifecycles"] == 1
    assert "1 copy expires earlier than declared and gets a retention of 365 days." in text
    assert end_of(found) == 365
    assert ("LifecyclesUpdated", "Changed the lifecycle of 1 copy at bunker.") in told
    assert asked == (2, 1) == (calls(found, LOOK), calls(found, UPDATE))
    assert "existingCopies" not in found.numbers()
    assert found.condition()[:2] == ("True", "Protected")
    assert found.plan()["summary"]["lifecycles"] == 0


def test_keep_is_the_default_and_touches_nothing(case: Begin) -> None:
    """What expires early is told, as ever, and how it could be mended."""
    found = copied(case, 30)
    declare(found, 365)
    found.passes(3)

    assert (calls(found, LOOK), calls(found, UPDATE), end_of(found)) == (0, 0, 30)
    assert found.condition("CopiesHealthy")[:2] == ("False", "CopyExpiresEarly")
    assert "existingCopies: UpdateLifecycle" in found.status()["failures"][0]["remedy"]


@pytest.mark.parametrize("held", [{"mode": "Observe"}, {"suspend": True}])
def test_who_does_not_act_asks_and_changes_nothing(case: Begin, held: Json) -> None:
    """Plan and status say what would be done; no call is made for it."""
    found = copied(case, 30)
    declare(found, 365, existingCopies="UpdateLifecycle")
    next(iter(found.bodies.values()))["spec"].update(held)
    found.passes(3)

    assert (calls(found, LOOK), calls(found, UPDATE), end_of(found)) == (0, 0, 30)
    assert row(found)["message"] == "1 copy expires earlier than declared and would get a retention of 365 days."
    assert "would get a retention of 365 days" in found.plan_text()


def test_a_copy_that_lives_longer_is_shown_and_not_shortened(case: Begin) -> None:
    """Count, example and the way to accept it stand in status and plan before anything is done, and nothing is."""
    found = copied(case, 365)
    declare(found, 60, existingCopies="UpdateLifecycle")
    found.passes(3)
    text = found.plan_text()

    assert (calls(found, LOOK), calls(found, UPDATE), end_of(found)) == (0, 0, 365)
    told = row(found)
    assert (told["change"], told["reason"], told["count"]) == ("Nothing", "CopyLivesLonger", 1)
    assert told["example"] == the_copy(found).arn
    assert "set shortenExistingToDays: 60" in told["remedy"]
    assert the_copy(found).arn in text
    assert "set shortenExistingToDays: 60" in text
    assert found.condition()[:2] == ("True", "Protected")


def test_what_is_accepted_for_one_retention_is_done_for_that_one(case: Begin) -> None:
    """The copy gets the shorter end; the next change of the retention is another one, and not accepted with it."""
    found = copied(case, 365)
    declare(found, 60, existingCopies="UpdateLifecycle", shortenExistingToDays=60)
    planned = found.plan_text()
    found.passes(3)

    assert "1 copy lives longer than declared and gets a retention of 60 days." in planned
    assert (end_of(found), calls(found, UPDATE)) == (60, 1)
    declare(found, 40, existingCopies="UpdateLifecycle", shortenExistingToDays=60)
    found.passes(2)
    assert end_of(found) == 60
    assert found.condition("Stalled")[:2] == ("True", "InvalidSpec")


def test_an_end_that_has_passed_is_never_set(case: Begin) -> None:
    """It would delete the copy within hours: accepted or not, it keeps what it has."""
    world = world_of(WORLD)
    points_of(world)[0].update(age="40d", lifecycle={"delete_after_days": 400})
    found = copied(case, 365, world=world)
    declare(found, 30, existingCopies="UpdateLifecycle", shortenExistingToDays=30)
    found.passes(3)

    assert (end_of(found), calls(found, UPDATE)) == (365, 0)
    assert (row(found)["change"], row(found)["reason"]) == ("Nothing", "LifecycleKept")
    assert "would delete it at once" in row(found)["message"]


def test_a_locked_vault_is_not_asked(case: Begin) -> None:
    """AWS changes no lifecycle in it; the row says so, and the copy stays."""
    found = copied(case, 30)
    found.cloud.client("backup", BUNKER, "admin", region="eu-west-1").put_backup_vault_lock_configuration(
        BackupVaultName="records-copies", MinRetentionDays=7, MaxRetentionDays=400
    )
    declare(found, 365, existingCopies="UpdateLifecycle")
    found.passes(3)

    assert (end_of(found), calls(found, LOOK), calls(found, UPDATE)) == (30, 0, 0)
    assert row(found)["reason"] == "LifecycleLocked"
    assert "Vault records-copies is locked" in row(found)["message"]
    assert found.status()["failures"][0]["needsAction"]


def test_of_two_policies_the_longer_one_wins_and_both_are_silent(case: Begin) -> None:
    """One has accepted to shorten; it yields to the other, and nobody changes the copy to and fro."""
    found = copied(case, 30)
    (key, body), *_ = found.bodies.items()
    long = PolicyKey(key.namespace, "z-archive")
    found.bodies[long] = {**body, "metadata": {**body["metadata"], "name": long.name}, "status": {}}
    found.bodies[long]["spec"] = {**body["spec"], "destinations": [dict(body["spec"]["destinations"][0])]}
    declare(found, 365, name=long.name, existingCopies="UpdateLifecycle")
    declare(found, 30, existingCopies="UpdateLifecycle", shortenExistingToDays=30)
    found.passes(8)

    assert (end_of(found), calls(found, UPDATE)) == (365, 1)
    assert row(found)["reason"] == "LifecycleConflict"
    assert found.condition(name=long.name)[:2] == ("True", "Protected")


def test_what_somebody_prolonged_meanwhile_is_not_shortened_by_an_old_listing(case: Begin) -> None:
    """The listing of the destination is kept for hours; the copy is looked at before it is changed."""
    found = copied(case, 30)
    the_copy(found).lifecycle = Lifecycle(None, 3650)
    declare(found, 365, existingCopies="UpdateLifecycle")
    found.passes(3)

    assert (end_of(found), calls(found, LOOK), calls(found, UPDATE)) == (3650, 1, 0)
    assert row(found)["reason"] == "CopyLivesLonger"


def test_everything_that_aws_shows_of_a_lifecycle_is_sent_again(case: Begin) -> None:
    """Somebody's opt-in and date for cold storage are still there when the copy has its new end."""
    found = copied(case, 200)
    the_copy(found).lifecycle = Lifecycle(100, 200, archive_opt_in=True)
    found.advance(1)
    declare(found, 365, cold=50, existingCopies="UpdateLifecycle")
    found.passes(3)

    assert the_copy(found).lifecycle == Lifecycle(100, 365, archive_opt_in=True)


def test_a_copy_that_would_go_cold_early_stays_warm_for_longer(case: Begin) -> None:
    """The later date is set, and where none is declared the copy never goes cold."""
    found = copied(case, 200)
    the_copy(found).lifecycle = Lifecycle(10, 200)
    found.advance(1)
    declare(found, 200, cold=50, existingCopies="UpdateLifecycle")
    found.passes(3)
    assert the_copy(found).lifecycle == Lifecycle(50, 200)

    declare(found, 200, existingCopies="UpdateLifecycle")
    found.passes(3)
    assert the_copy(found).lifecycle == Lifecycle(None, 200)


def test_a_copy_in_cold_storage_keeps_its_date_and_gets_its_end(case: Begin) -> None:
    """AWS takes a lifecycle of a cold copy only with the date of its move."""
    world = world_of(WORLD)
    points_of(world)[0].update(age="20d", lifecycle={"delete_after_days": 400})
    found = copied(case, 200, world=world)
    found.cloud.client("backup", BUNKER, "admin", region="eu-west-1").update_recovery_point_lifecycle(
        BackupVaultName="records-copies",
        RecoveryPointArn=the_copy(found).arn,
        Lifecycle={"MoveToColdStorageAfterDays": 22, "DeleteAfterDays": 200},
    )
    found.advance(4 * DAY)
    assert the_copy(found).storage_class == "COLD"
    found.control.clear_calls()
    declare(found, 365, existingCopies="UpdateLifecycle")
    found.passes(3)
    assert the_copy(found).lifecycle == Lifecycle(22, 365)

    declare(found, 60, existingCopies="UpdateLifecycle", shortenExistingToDays=60)
    found.passes(2)
    assert (the_copy(found).lifecycle, calls(found, UPDATE)) == (Lifecycle(22, 365), 1)
    assert "in cold storage" in row(found)["message"]


def test_the_original_is_not_touched_by_who_copies_it_back(case: Begin) -> None:
    """Both directions: for the way back the backup in the clinic is there already, and is no copy of anybody's."""
    both = case(WORLD)
    both.passes(6)
    (original,) = both.control.vault(CLINIC, "eu-west-1", "records").points.values()
    declare(both, 20, name="way-back", existingCopies="UpdateLifecycle", shortenExistingToDays=20)
    both.passes(4)

    assert (original.lifecycle.delete_after_days, calls(both, UPDATE)) == (35, 0)
    (told,) = both.numbers("way-back")["existingCopies"]
    assert told["reason"] == "LifecycleKept"
    assert "AWS does not say that it came from the source vault" in told["message"]


def test_who_may_not_is_told_with_the_action_and_asked_seldom(case: Begin) -> None:
    """One refusal stands for all copies in the vault, and the failure names what the role lacks."""
    world = world_of(WORLD)
    role = account_in(world, BUNKER)["roles"][0]
    denied = {"Effect": "Deny", "Action": "backup:UpdateRecoveryPointLifecycle", "Resource": "*"}
    role["policies"] = ["full", {"Version": "2012-10-17", "Statement": [denied]}]
    points_of(world).extend({**points_of(world)[0], "resource": f"fs-{number}"} for number in range(4))
    found = case(WORLD, world=world)
    del found.bodies[next(key for key in found.bodies if key.name == "way-back")]
    declare(found, 30)
    found.passes(8)
    declare(found, 365, existingCopies="UpdateLifecycle")
    found.once()
    found.once()

    assert found.numbers()["failed"] == 5
    assert calls(found, UPDATE) == 1
    assert "backup:UpdateRecoveryPointLifecycle" in row(found)["message"]
    assert row(found)["count"] == 5
    found.passes(3, apart=120)
    assert calls(found, UPDATE) == 3


def test_a_lost_reply_is_looked_after(case: Begin) -> None:
    """AWS had taken the change, and nobody heard; the next pass finds it done and changes nothing."""
    found = copied(case, 30)
    declare(found, 365, existingCopies="UpdateLifecycle")
    found.control.faults.add("reset", operation=UPDATE, after_effect=True, times=1)
    found.passes(4)

    assert (end_of(found), calls(found, UPDATE)) == (365, 1)
    assert found.condition()[:2] == ("True", "Protected")
