"""Two vaults open in both directions: a backup is copied once each way at most, and then there is silence."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
from tests.kit.cases import BUNKER, CLINIC, Case, world_of

from backup_simulator.records.state import RecoveryPoint
from crossvault.engine.declared import PolicyKey

BOTH = "01-both-directions"


def test_both_directions_make_one_copy_and_fall_silent(case: Callable[..., Case]) -> None:
    """However many passes: one copy in the bunker, nothing sent back, and both policies say that all is there."""
    both = case(BOTH)
    both.passes(12)

    assert sum(both.jobs(CLINIC).values()) == 1
    assert sum(both.jobs(BUNKER).values()) == 0
    assert set(both.copies("records-copies").values()) == {1}
    assert set(both.copies("records", CLINIC).values()) == {1}
    for policy in ("records", "way-back"):
        assert both.condition(name=policy)[:2] == ("True", "Protected")
        assert both.numbers(policy)["copied"] == both.numbers(policy)["inScope"] == 1


@pytest.mark.parametrize("origin", ["immediate", "first"])
def test_a_restore_drill_is_not_sent_again(case: Callable[..., Case], origin: str) -> None:
    """Somebody copies the backup home: it lies there twice, is one backup, and nothing follows from it."""
    world = world_of(BOTH) | {"copies": {"origin": origin}}
    for account in world["accounts"]:
        for vault in account.get("vaults", ()):
            for point in vault.get("recovery_points", ()):
                del point["lifecycle"]
    both = case(BOTH, world=world)
    both.passes(6)
    (arn,) = both.control.vault(BUNKER, "eu-west-1", "records-copies").points
    both.cloud.client("backup", BUNKER, "admin", region="eu-west-1").start_copy_job(
        RecoveryPointArn=arn,
        SourceBackupVaultName="records-copies",
        DestinationBackupVaultArn=f"arn:aws:backup:eu-west-1:{CLINIC}:backup-vault:records",
        IamRoleArn=f"arn:aws:iam::{BUNKER}:role/service-role/AWSBackupDefaultServiceRole",
    )
    for wait in ("20s", "3h", "40d"):
        both.advance(wait)
        both.passes(4)

    assert set(both.copies("records", CLINIC).values()) == {2}
    assert set(both.copies("records-copies").values()) == {1}
    assert both.condition()[:2] == ("True", "Protected")


def test_two_policies_with_different_lifecycles_make_one_copy(case: Callable[..., Case]) -> None:
    """The one that keeps it longer makes it; the other is satisfied by it, and names the conflict until it is there."""
    pair = case(BOTH)
    bodies = {key.name: (key, body) for key, body in pair.bodies.items()}
    (short, body), (way_back, _) = bodies["records"], bodies["way-back"]
    long = PolicyKey(short.namespace, "z-archive")
    pair.bodies[long] = copy.deepcopy(body) | {"metadata": body["metadata"] | {"name": long.name}}
    del pair.bodies[way_back]
    for key, days in ((short, 30), (long, 365)):
        pair.bodies[key]["spec"]["destinations"][0]["lifecycle"] = {"deleteAfterDays": days}
    planned = {each["policy"]: each["destinations"][0] for each in pair.plan()["policies"]}
    pair.once()

    assert [planned[str(key)]["copies"]["count"] for key in (short, long)] == [0, 1]
    assert pair.numbers("records")["reasons"][0]["reason"] in {"LifecycleConflict", "Held"}
    pair.passes(6)
    assert set(pair.copies("records-copies").values()) == {1}
    assert {point.lifecycle.delete_after_days for point in points_of(pair)} == {365}
    for key in (short, long):
        assert pair.condition(name=key.name)[:2] == ("True", "Protected")


def test_a_copy_that_lives_too_short_satisfies_only_who_declares_it(case: Callable[..., Case]) -> None:
    """Made before the longer policy was there: that one is not protected, says why, and no second copy is made."""
    pair = case(BOTH)
    bodies = {key.name: (key, body) for key, body in pair.bodies.items()}
    (short, body), (way_back, _) = bodies["records"], bodies["way-back"]
    del pair.bodies[way_back]
    body["spec"]["destinations"][0]["lifecycle"] = {"deleteAfterDays": 30}
    pair.passes(5)
    long = PolicyKey(short.namespace, "z-archive")
    pair.bodies[long] = copy.deepcopy(body) | {"metadata": body["metadata"] | {"name": long.name}, "status": {}}
    pair.bodies[long]["spec"]["destinations"][0]["lifecycle"] = {"deleteAfterDays": 365}
    pair.passes(5)
    status, reason, message = pair.condition("CopiesHealthy", long.name)

    assert (status, reason) == ("False", "CopyExpiresEarly")
    assert "clinic/records" in message
    assert pair.condition(name=short.name)[:2] == ("True", "Protected")
    assert pair.condition(name=long.name)[0] == "False"
    assert set(pair.copies("records-copies").values()) == {1}


def points_of(pair: Case) -> list[RecoveryPoint]:
    """Return what lies in the destination."""
    return list(pair.control.vault(BUNKER, "eu-west-1", "records-copies").points.values())
