"""Green means protected: what failed, what is never copied, and what is late, as people met it (05, 07, 13, 14, 22)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import pytest
from tests.kit.cases import BUNKER, CLINIC, HOME, Case, Json, points_of, world_of

from crossvault.cli import statuses
from crossvault.engine.declared import PolicyKey

Begin = Callable[..., Case]


def settled(case: Case, *, passes: int = 2) -> Case:
    """Do passes, each after the jobs of the one before have ended."""
    for _ in range(passes):
        case.once()
        case.advance("20s")
    case.once()
    return case


def failure(told: Json, reason: str) -> Json:
    """Return the entry of a reason in a status, or in a destination of a plan."""
    return next(each for each in told["failures"] if each["reason"] == reason)


def printed(case: Case) -> str:
    """Return what ``crossvault run --once`` prints."""
    looked = dict.fromkeys(case.bodies, True)
    return click.unstyle(statuses.text(statuses.document(case.bodies, looked, case.clock())))


def destination_of(document: Json) -> Json:
    """Return the first destination of a plan."""
    found: Json = document["policies"][0]["destinations"][0]
    return found


def test_case_05_what_a_tag_policy_refuses_is_failing_at_once(case: Begin) -> None:
    """The other point is copied; this one is told in condition, failures, column, plan and run, and not hammered."""
    world = settled(case("05-tag-policy"))

    assert world.numbers()["copied"] == 1
    assert world.numbers()["failed"] == 1
    assert world.condition("CopiesHealthy")[0] == "False"
    assert world.condition()[:2] == ("False", "CopiesFailing")
    told = world.status()["failures"][0]
    assert (told["count"], "tag policy does not allow" in told["message"]) == (1, True)
    assert told["retryAt"] > world.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert destination_of(world.plan())["copies"]["count"] == 0
    assert "tag policy does not allow" in click.unstyle(world.plan_text())
    assert "tag policy does not allow" in printed(world)
    assert sorted(world.jobs().values()) == [1, 1]


def test_case_07_expired_points_are_counted_with_their_reason_and_never_tried(case: Begin) -> None:
    """No gap, no job, and no mystery: expired, in use, costing money."""
    world = settled(case("07-expired-points"))

    assert world.condition()[:2] == ("True", "Protected")
    assert "Expired 1" in world.condition()[2]
    assert (world.numbers()["ineligible"], "oldestGap" in world.numbers()) == (1, False)
    assert {"state": "ineligible", "reason": "Expired", "count": 1} in world.numbers()["reasons"]
    for text in (click.unstyle(world.plan_text()), printed(world)):
        line = next(each for each in text.splitlines() if "ineligible" in each and "Expired" in each)
        assert "past its retention" in line
        assert "uses it" in line
        assert "money" in line
    told = {"state": "ineligible", "reason": "Expired", "count": 1, "types": {"EBS": 1}}
    assert told in destination_of(world.plan())["reasons"]
    assert len(world.jobs()) == 1


def test_case_13_a_quota_is_failing_in_the_next_status_and_ends_by_itself(case: Begin) -> None:
    """Count, AWS's text and the next attempt; the plan promises nothing before that, and the run retries by itself."""
    world = settled(case("13-snapshot-quota"), passes=1)

    told = failure(world.status(), "QuotaExceeded")
    assert (told["count"], told["needsAction"], told["class"]) == (1, False, "retry")
    assert told["message"] == "Cannot create more than 100 manual snapshots"
    assert world.condition("CopiesHealthy")[:2] == ("False", "QuotaExceeded")
    assert f"Tried again at {told['retryAt']}." in world.condition("CopiesHealthy")[2]
    assert world.status()["summary"]["failed"] == 1
    assert "time ends it" in printed(world)
    copies = destination_of(world.plan())["copies"]
    assert (copies["count"], copies["wait"], copies["nextAttempt"]) == (0, 1, told["retryAt"])
    assert f"1 wait until {told['retryAt']}" in click.unstyle(world.plan_text())
    assert sum(world.jobs().values()) == 1
    world.control.clear_outcomes()
    world.advance("16m")
    assert destination_of(world.plan())["copies"]["count"] == 1
    settled(world, passes=1)
    assert world.condition()[:2] == ("True", "Protected")
    assert world.status()["failures"] == []


def test_case_13_what_is_promised_is_what_the_run_starts(case: Begin) -> None:
    """At every moment of the back-off, plan and run say the same."""
    world = settled(case("13-snapshot-quota"), passes=1)
    for _ in range(6):
        world.advance("9m")
        promised, before = destination_of(world.plan())["copies"]["count"], sum(world.jobs().values())
        world.once()
        assert sum(world.jobs().values()) - before == promised


def test_case_14_both_causes_are_told_with_who_acts_and_what_is_missing(case: Begin) -> None:
    """A role that lacks rights is not told as a key that is not shared; what it lacks for RDS is known before a job."""
    world = settled(case("14-own-copy-role"))
    for told in (world.status(), destination_of(world.plan())):
        share, key = failure(told, "CopyRoleLacksPermission"), failure(told, "KeyAccessDenied")
        assert {share["whoActs"], key["whoActs"]} == {"AWS administrator"}
        assert "The copy role may not do rds:ModifyDBClusterSnapshotAttribute on" in share["message"]
        assert key["remedy"].startswith("Key arn:aws:kms:eu-west-1:111111111111:key/")
        assert key["remedy"].index("the copy role is allowed kms:DescribeKey, kms:CreateGrant") < key["remedy"].index(
            "its policy"
        )
        assert "KeyNotShared" not in str(told)
    for text in (click.unstyle(world.plan_text()), printed(world)):
        assert "rds:ModifyDBClusterSnapshotAttribute" in text
        assert "kms:CreateGrant" in text
        assert text.count("AWS administrator acts") == 1
        assert "CopyRoleLacksPermission: see CopyRolePermissions" in text
    document = statuses.document(world.bodies, dict.fromkeys(world.bodies, True), world.clock())
    assert document["summary"]["failed"] == 1
    assert [each["reason"] for each in document["policies"][0]["status"]["failures"]] == [
        "CopyRoleLacksPermission",
        "KeyAccessDenied",
    ]


def by_cron(world: Case, *, hours: int = 1) -> tuple[str, str, str]:
    """Run once as cron does: hours later, a process that remembers nothing, a policy that has no status."""
    world.advance(f"{hours}h")
    created = world.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    for body in world.bodies.values():
        body["status"] = {}
        body["metadata"]["creationTimestamp"] = created
    world.once()
    return world.condition()


def stuck_from_the_first(world: Json) -> Json:
    """Return the world with the first copy hanging, too."""
    return {**world, "outcomes": [{"state": "STUCK_RUNNING", "resource": "fs-ledger"}]}


def test_case_22_a_run_by_cron_knows_a_missed_objective(case: Begin) -> None:
    """The first copy was made; a later backup hangs, and a day later that is no first backfill any more."""
    world = case("22-once-by-cron")
    assert by_cron(world)[:2] == ("True", "CatchingUp")
    assert by_cron(world)[:2] == ("True", "Protected")
    world.control.seed(CLINIC, HOME, "records", [{"resource_type": "EFS", "resource": "fs-ledger", "age": "1s"}])

    assert [by_cron(world, hours=hours)[:2] for hours in (1, 11, 11)] == [("True", "CopiesPending")] * 3
    assert [by_cron(world, hours=hours)[:2] for hours in (2, 24)] == [("False", "ObjectiveMissed")] * 2


def test_case_22_a_first_copy_that_hangs_is_no_backfill_for_ever(case: Begin) -> None:
    """What does not move for a day is late, whoever remembers."""
    world = case("22-once-by-cron", world=stuck_from_the_first(world_of("22-once-by-cron")))

    assert [by_cron(world, hours=hours)[:2] for hours in (1, 12, 11)] == [("True", "CatchingUp")] * 3
    assert [by_cron(world, hours=hours)[:2] for hours in (2, 24)] == [("False", "ObjectiveMissed")] * 2


def test_case_22_without_an_objective_nothing_is_catching_up_for_ever(case: Begin) -> None:
    """The gap goes on being told."""
    world = case("22-once-by-cron", world=stuck_from_the_first(world_of("22-once-by-cron")))
    for body in world.bodies.values():
        body["spec"] = {key: value for key, value in body["spec"].items() if key != "objectives"}
    assert by_cron(world)[:2] == ("True", "CatchingUp")
    told = by_cron(world, hours=25)

    assert told[:2] == ("True", "CopiesPending")
    assert "1 of 1 recovery point has no copy" in told[2]


# --- Losses --------------------------------------------------------------------------------------------------------


def empty(world: Case) -> dict[str, Any]:
    """Have somebody delete every copy, and return them."""
    points: Any = world.control.vault(BUNKER, HOME, "records-copies").points
    gone = dict(points)
    points.clear()
    return gone


@pytest.mark.parametrize("objective", [True, False])
def test_copies_that_somebody_deletes_are_a_loss_that_is_told(case: Begin, *, objective: bool) -> None:
    """With or without an objective: a reason, a warning, and no word of "Protected" until they are back."""
    world = case("07-expired-points")
    for body in world.bodies.values() if not objective else ():
        body["spec"] = {key: value for key, value in body["spec"].items() if key != "objectives"}
    settled(world, passes=1)
    assert world.condition()[:2] == ("True", "Protected")
    world.advance("3h")
    gone = empty(world)
    outcome = world.once()["records"]

    assert world.condition()[:2] == ("False", "CopiesFailing")
    assert world.condition("CopiesHealthy")[:2] == ("False", "CopyVanished")
    assert [(each.type, each.reason) for each in outcome.events if each.reason == "CopyVanished"] == [
        ("Warning", "CopyVanished")
    ]
    assert any("CopyVanished" in line for line in outcome.warnings)
    assert failure(world.status(), "CopyVanished")["count"] == 1
    world.control.vault(BUNKER, HOME, "records-copies").points.update(gone)
    world.once()
    assert world.condition()[:2] == ("True", "Protected")
    assert world.status()["failures"] == []


def remade(world: Case) -> None:
    """Have somebody delete the destination vault and make one of its name."""
    region: Any = world.cloud.state.accounts[BUNKER].regions[HOME]
    old = region.vaults.pop("records-copies")
    old.points.clear()
    old.created = world.control.now()
    region.vaults["records-copies"] = old


def test_a_destination_vault_that_is_made_anew_is_a_loss(case: Begin) -> None:
    """AWS says when the vault was created, and when copies into one of its name completed."""
    world = settled(case("07-expired-points"), passes=1)
    world.advance("3h")
    remade(world)
    outcome = world.once()["records"]

    assert world.condition("CopiesHealthy")[:2] == ("False", "DestinationVaultLost")
    assert world.condition()[:2] == ("False", "CopiesFailing")
    assert "DestinationVaultLost" in {each.reason for each in outcome.events}
    for body in world.bodies.values():
        body["status"] = {}
    world.once()
    assert world.condition("CopiesHealthy")[:2] == ("False", "DestinationVaultLost")
    assert PolicyKey("clinic", "records") in world.bodies
    assert sorted(world.jobs().values()) == [2]
    world.advance("20s")
    world.once()
    assert world.condition()[:2] == ("True", "Protected")


def test_a_destination_vault_that_is_gone_is_a_loss(case: Begin) -> None:
    """Beside the prerequisite that is unmet, the copies that went with it are told."""
    world = settled(case("07-expired-points"), passes=1)
    world.advance("3h")
    region: Any = world.cloud.state.accounts[BUNKER].regions[HOME]
    region.vaults.pop("records-copies")
    world.once()

    assert world.condition()[:2] == ("False", "PrerequisiteUnmet")
    assert world.condition("CopiesHealthy")[:2] == ("False", "DestinationVaultLost")


# --- Composite recovery points -------------------------------------------------------------------------------------

CLUSTER = f"arn:aws:backup:{HOME}:{CLINIC}:recovery-point:composite:eks/shop-20261101000000"


def with_composite(kind: str) -> Json:
    """Return a world whose vault holds a composite of a cluster's or stack's volume and bucket, and nothing else."""
    world = world_of("07-expired-points")
    parts: list[Json] = [
        {"resource_type": "EBS", "resource": "vol-a", "key": "alias/records", "member": "volume-1", "parent": CLUSTER},
        {"resource_type": "S3", "resource": "bucket", "member": "volume-2", "parent": CLUSTER},
    ]
    points_of(world)[:] = [
        {"resource_type": kind, "resource": "shop", "arn": CLUSTER, "is_parent": True, "age": "6h"},
        *({**each, "age": "6h"} for each in parts),
    ]
    return world


def test_a_part_of_a_composite_copy_that_somebody_deletes_is_told(case: Begin) -> None:
    """AWS goes on calling what is left COMPLETED; nothing is copied again for it."""
    world = settled(case("07-expired-points", world=with_composite("EKS")))
    assert world.numbers() | {"inScope": 1, "copied": 1, "failed": 0, "ineligible": 0} == world.numbers()
    assert world.condition()[:2] == ("True", "Protected")

    admin = world.cloud.client("backup", BUNKER, "admin", region=HOME)
    listed = admin.list_recovery_points_by_backup_vault(BackupVaultName="records-copies")["RecoveryPoints"]
    volume = next(each["RecoveryPointArn"] for each in listed if each["ResourceType"] == "EBS")
    admin.delete_recovery_point(BackupVaultName="records-copies", RecoveryPointArn=volume)
    world.advance("3h")
    world.passes(2)

    assert world.numbers() | {"copied": 0, "failed": 1} == world.numbers()
    assert world.condition()[:2] == ("False", "CopiesFailing")
    assert failure(world.status(), "CopyPartial")["message"].startswith("The copy lacks 1 of the nested")
    assert sum(world.jobs().values()) == 3


def test_the_parts_of_what_cannot_be_copied_are_counted(case: Begin) -> None:
    """A stack does not go to another account, and nobody is left to believe that its volumes do."""
    world = settled(case("07-expired-points", world=with_composite("CloudFormation")))

    assert world.numbers() | {"inScope": 3, "copied": 0, "ineligible": 3} == world.numbers()
    assert {(each["reason"], each["count"]) for each in world.numbers()["reasons"]} == {
        ("TypeNotSupported", 1),
        ("Nested", 2),
    }
    assert not world.jobs()
