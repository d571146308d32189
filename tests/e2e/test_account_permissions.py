"""What the role of an account may not do, with kubectl: told of its BackupAccount, and mended by what is printed.

A real API server, the rights of the chart, a simulated AWS.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kit import stage as scene
from tests.kit.chart_cluster import Cluster, lively, serving
from tests.kit.doctoring import paste
from tests.kit.stage import Json
from tests.kit.waiting import until
from tools.controlplane import ControlPlane

pytestmark = pytest.mark.kube


@pytest.fixture
def lacking(plane: ControlPlane) -> Iterator[Cluster]:
    """The destination's role may not have storage made for a vault, of which no read says anything."""
    world = lively()
    (document,) = scene.role(world, scene.BACKUP, "crossvault-destination")["policies"]
    for each in document["Statement"]:
        if each["Sid"] == "MountCapsule":
            each["Action"] = "backup-storage:Nothing"
    yield from serving(plane, world)


def rows(cluster: Cluster) -> dict[str, Json]:
    """Return what the status of the account has, by statement."""
    found = cluster.get("dr", "bacct").get("status", {}).get("permissions", [])
    return {each["name"]: each for each in found}


def test_what_a_role_lacks_is_told_before_it_is_needed_and_pasting_mends_it(lacking: Cluster, tmp_path: Path) -> None:
    """Condition, row, metric and one event that names no policy; no copy waits; pasted, the same operator sees it."""
    cluster = lacking
    operator = cluster.start()
    cluster.accounts()
    cluster.wait("True", "Verified", "dr", kind="bacct")
    assert "PermissionsGranted" not in json.dumps(cluster.get("dr", "bacct")["status"])
    beside = {"name": "orders-copies", "create": True, "encryptionKey": "alias/orders-copies"}
    cluster.apply(cluster.policy(destinations=[scene.destination(vault=beside)]))
    until(
        lambda: cluster.ready("dr", "bacct", "PermissionsGranted") == ("False", "PermissionMissing"),
        "the condition",
        told=cluster.log,
    )
    row = rows(cluster)["MountCapsule"]

    def missing() -> dict[str, float]:
        found = [each for each in operator.samples() if each.name == "crossvault_account_actions_missing"]
        return {each.labels["name"]: each.value for each in found}

    assert (row["status"], row["actions"]) == ("Unmet", ["backup-storage:MountCapsule"])
    assert row["wantedBy"] == [f"policy {cluster.namespace}/orders"]
    until(lambda: missing().get("dr") == 1, "the metric", told=cluster.log)
    told = json.loads(cluster.kubectl("get", "events.events.k8s.io", "-n", "default", "-o", "json"))["items"]
    notes = [
        each["note"] for each in told if (each["reason"], each["regarding"]["name"]) == ("PermissionMissing", "dr")
    ]
    assert len(notes) == 1
    assert cluster.namespace not in notes[0]

    paste(cluster.aws, tmp_path, row["fix"])
    until(
        lambda: cluster.ready("dr", "bacct", "PermissionsGranted") == ("True", "AllMet"),
        "all is granted",
        told=cluster.log,
    )
    cluster.wait_until_all_is_copied()
    assert rows(cluster) == {}
    assert operator.process.running


def test_the_regions_of_an_account_and_its_role_stand_in_its_status(cluster: Cluster) -> None:
    """A Region to opt into that the account has not enabled, noticed once it has."""
    world = lively()
    role = scene.role(world, scene.BACKUP, "crossvault-destination")
    role["policies"] = ["full"]
    scene.account(world, scene.BACKUP)["disabled_regions"] = ["eu-south-1"]
    cluster.control.load(world)
    operator = cluster.start()
    cluster.accounts("production")
    cluster.accounts("dr", regions=[scene.AWAY, "eu-south-1"])
    cluster.apply(cluster.policy())
    cluster.wait_until_all_is_copied()
    until(
        lambda: cluster.ready("dr", "bacct", "RegionsEnabled") == ("False", "RegionDisabled"),
        "the Region is told",
        told=cluster.log,
    )
    status = cluster.get("dr", "bacct")["status"]
    assert status["regions"] == [{"name": "eu-south-1", "status": "Disabled"}]
    assert status["serviceLinkedRole"] == "Present"

    with cluster.aws.simulator.lock:
        cluster.aws.state.accounts[scene.BACKUP].disabled_regions = frozenset()
    until(
        lambda: cluster.ready("dr", "bacct", "RegionsEnabled") == ("True", "AllMet"),
        "the Region is enabled",
        told=cluster.log,
    )
    assert operator.process.running
