"""Two clusters with one manifest: both adopt a plan, neither knows of the other, and nothing is written in turns."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pytest
from tests.kit import scheduling
from tests.kit import stage as scene
from tests.kit.scheduling import calls, made_by_hand, plans
from tests.kit.stage import Json, Stage

from crossvault.aspects.schedule import TagPlan
from crossvault.kinds.policy.reconcile import PolicyRequest
from crossvault.status.outcome import Outcome


@dataclass
class Cluster:
    """One of the operators over the stage's world, with its own object of the policy."""

    stage: Stage
    body: Json
    name: str = ""

    def request(self) -> PolicyRequest:
        """Return what a pass begins with."""
        return self.stage.request(body=self.body, cluster=self.name)

    def look(self, *, times: int = 1) -> Outcome:
        """Do passes an hour apart, as a process that has just begun, and write their status."""
        for _ in range(times):
            self.stage.later("1h")
            outcome = self.request().reconcile(self.stage.aws, clock=self.stage.clock, cadence=scene.CADENCE)
            self.body["status"] = outcome.status
        return outcome

    def row(self) -> Json:
        """Return what the status says of the plan."""
        return next(each for each in self.body["status"]["prerequisites"] if each["name"] == "BackupPlan")

    def keep(self, days: int) -> None:
        """Declare another retention."""
        self.body["spec"]["schedule"]["rules"][0]["lifecycle"]["deleteAfterDays"] = days
        self.body["metadata"]["generation"] += 1


@pytest.fixture
def clusters(stage: Stage) -> tuple[Cluster, Cluster]:
    """Two clusters whose policies differ in their UIDs alone, and adopt a plan that is as they declare."""
    stage.begin(scheduling.with_resources(scheduling.allowed(scene.world())))
    plan_id = made_by_hand(stage)
    backup = stage.admin(scene.PRODUCTION, scene.HOME)
    copied = {"DestinationBackupVaultArn": f"arn:aws:backup:{scene.AWAY}:{scene.BACKUP}:backup-vault:orders-copies"}
    days = {"Lifecycle": {"DeleteAfterDays": 7}}
    rule = {"RuleName": "old", "TargetBackupVaultName": "orders", "CopyActions": [copied | days]} | days
    backup.update_backup_plan(BackupPlanId=plan_id, BackupPlan={"BackupPlanName": "by-hand", "Rules": [rule]})
    chosen = {"SelectionName": "all", "IamRoleArn": scene.COPY_ROLE, "Resources": ["*"]}
    backup.create_backup_selection(BackupPlanId=plan_id, BackupSelection=chosen)
    stage.declare(
        schedule={
            "adopt": plan_id,
            "rules": [{"name": "old", "lifecycle": {"deleteAfterDays": 7}}],
            "selections": [{"name": "all", "resources": ["*"]}],
        }
    )
    first, second = (Cluster(stage, copy.deepcopy(stage.body)) for _ in range(2))
    first.body["metadata"]["uid"], second.body["metadata"]["uid"] = "uid-first", "uid-second"
    first.name, second.name = "cluster-one", "cluster-two"
    for each in (first, second, first, second):
        each.look()
    return first, second


def said(outcome: Outcome) -> str:
    """Return what the events of a pass say."""
    return " ".join(f"{each.reason} {each.message}" for each in outcome.events)


FIRST = "policy orders/orders, owner uid-first in cluster cluster-one"
SECOND = "policy orders/orders, owner uid-second in cluster cluster-two"
PLAN_WRITES = {"UpdateBackupPlan", "TagResource", "CreateBackupSelection", "DeleteBackupSelection", "CreateBackupPlan"}


def writes(stage: Stage) -> dict[str, int]:
    """Count what the operators wrote of plans since the calls were cleared."""
    return {name: count for name, count in calls(stage).items() if name in PLAN_WRITES}


def owner(stage: Stage) -> Any:
    """Return whose the plan says to be."""
    return plans(stage)[0]["tags"].get("crossvault.io/owner")


def test_while_both_declare_what_is_there_nobody_writes(stage: Stage, clusters: tuple[Cluster, Cluster]) -> None:
    """There is nothing to fight for, and no tag by which one could know of the other."""
    assert [each.row()["status"] for each in clusters] == ["Met", "Met"]
    assert writes(stage) == {}
    assert owner(stage) is None


def test_the_first_change_tells_both_and_is_not_taken_back(stage: Stage, clusters: tuple[Cluster, Cluster]) -> None:
    """Who changes it owns it; the other one says who that is, and writes nothing in any pass after."""
    first, second = clusters
    first.keep(9)
    first.look()
    stage.control.clear_calls()
    for _ in range(5):
        second.look()
        first.look()

    assert (owner(stage), writes(stage)) == ("uid-first", {})
    assert first.row()["status"] == "Met"
    assert (second.row()["status"], second.row()["reason"]) == ("Unmet", "BackupPlanOfOthers")
    assert f"{SECOND}, adopts, was taken over by {FIRST}." in second.row()["message"]


def test_who_adopts_it_anew_takes_it_once_and_names_both(stage: Stage, clusters: tuple[Cluster, Cluster]) -> None:
    """A person declares that; the one that had it does not take it back, whatever else is declared there."""
    first, second = clusters
    first.keep(9)
    first.look()
    second.body["status"] = {}
    second.keep(11)
    stage.later("1h")
    _, _, planned = scene.planned(second.request(), stage.aws)
    told = said(second.look())
    stage.control.clear_calls()
    first.keep(13)
    for _ in range(5):
        first.look()
        second.look()

    (taking,) = (each.told() for each in planned.actions if isinstance(each, TagPlan))
    assert f"taken over from {FIRST}" in str(taking)
    assert "BackupPlanAdopted" in told
    assert f"from {FIRST}" in told
    assert (owner(stage), writes(stage)) == ("uid-second", {})
    assert plans(stage)[0]["Rules"][0]["Lifecycle"]["DeleteAfterDays"] == 11
    assert first.row()["reason"] == "BackupPlanOfOthers"
    assert f"{FIRST}, adopts, was taken over by {SECOND}." in first.row()["message"]
    assert second.row()["status"] == "Met"


def test_the_remedy_gives_it_back(stage: Stage, clusters: tuple[Cluster, Cluster]) -> None:
    """Once the other one has no schedule any more, and its tag is taken off."""
    first, second = clusters
    first.keep(9)
    first.look()
    second.keep(11)
    second.look()
    assert "tag crossvault.io/owner off" in second.row()["remedy"]
    del first.body["spec"]["schedule"]
    first.body["metadata"]["generation"] += 1
    first.look(times=2)
    arn = f"arn:aws:backup:{scene.HOME}:{scene.PRODUCTION}:backup-plan:{plans(stage)[0]['id']}"
    stage.admin(scene.PRODUCTION, scene.HOME).untag_resource(ResourceArn=arn, TagKeyList=["crossvault.io/owner"])
    second.look(times=2)

    assert owner(stage) == "uid-second"
    assert second.row()["status"] == "Met"
    assert plans(stage)[0]["Rules"][0]["Lifecycle"]["DeleteAfterDays"] == 11


def test_a_policy_that_goes_takes_nothing_of_the_others(stage: Stage, clusters: tuple[Cluster, Cluster]) -> None:
    """RemoveOwned is about what is owned, whatever a status remembers."""
    first, second = clusters
    first.keep(9)
    first.look()
    second.look()
    second.body["spec"]["deletionPolicy"] = "RemoveOwned"
    del second.body["spec"]["schedule"]
    second.body["metadata"]["generation"] += 1
    stage.control.clear_calls()
    second.look(times=3)

    assert len(plans(stage)) == 1
    assert plans(stage)[0]["selections"]
    assert writes(stage) == {}


def test_a_file_that_takes_the_plan_over_leaves_no_clusters_name_on_it(
    stage: Stage, clusters: tuple[Cluster, Cluster]
) -> None:
    """It has no cluster, and that of the one before would be told for its own."""
    first, second = clusters
    first.keep(9)
    first.look()
    assert plans(stage)[0]["tags"]["crossvault.io/cluster"] == "cluster-one"
    second.name, second.body["status"] = "", {}
    second.keep(11)
    second.look()
    first.look()

    assert plans(stage)[0]["tags"]["crossvault.io/cluster"] == ""
    assert "was taken over by policy orders/orders, owner uid-second." in first.row()["message"]


def test_the_cluster_of_the_own_plan_is_written_beside_its_owner(
    stage: Stage, clusters: tuple[Cluster, Cluster]
) -> None:
    """Also where a plan is from before the cluster was known; once."""
    first, _ = clusters
    first.name = ""
    first.keep(9)
    first.look()
    assert "crossvault.io/cluster" not in plans(stage)[0]["tags"]
    first.name = "cluster-one"
    stage.control.clear_calls()
    first.look(times=3)

    assert plans(stage)[0]["tags"]["crossvault.io/cluster"] == "cluster-one"
    assert writes(stage) == {"TagResource": 1}
    assert first.row()["status"] == "Met"
