"""The guide's warning about the copy role, with kubectl: deleted while copies run.

A real API server, the rights of the chart, a simulated AWS.
"""

from __future__ import annotations

import json

import pytest
from tests.kit import stage as scene
from tests.kit.chart_cluster import Cluster
from tests.kit.waiting import until

pytestmark = pytest.mark.kube

NAME = "AWSBackupDefaultServiceRole"


def delete_role(cluster: Cluster) -> None:
    """Delete the copy role as an administrator would."""
    iam = cluster.aws.client("iam", scene.PRODUCTION, "admin", region="us-east-1")
    for each in iam.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=NAME, PolicyArn=each["PolicyArn"])
    for name in iam.list_role_policies(RoleName=NAME)["PolicyNames"]:
        iam.delete_role_policy(RoleName=NAME, PolicyName=name)
    iam.delete_role(RoleName=NAME)


def running(cluster: Cluster) -> bool:
    """Tell whether snapshots are being copied."""
    with cluster.aws.simulator.lock:
        jobs = cluster.aws.state.accounts[scene.PRODUCTION].regions[scene.HOME].copy_jobs.values()
        return any(each.state == "RUNNING" and each.resource_type == "EBS" for each in jobs)


def test_the_role_is_deleted_while_copies_run(cluster: Cluster) -> None:
    """The copies are made; which snapshots stay shared, with whom, and how to end that, is told once and shown."""
    cluster.control.load({**scene.world(), "clock": {"start": "now"}, "durations": {"created": 0.2, "running": "6s"}})
    cluster.start()
    cluster.accounts()
    cluster.apply(cluster.policy())
    until(lambda: running(cluster), "a snapshot is being copied", told=cluster.log)
    delete_role(cluster)
    told = until(
        lambda: [each for each in cluster.events() if each[1] == "SnapshotsStayShared"],
        "the event",
        told=lambda: f"{json.dumps(cluster.get().get('status'), indent=1)}\n{cluster.log()}",
    )

    assert len(told) == 1
    kind, _, note = told[0]
    assert kind == "Warning"
    assert f"shared with account dr ({scene.BACKUP}): snap-" in note
    (hazard,) = [each for each in cluster.get()["status"]["drift"]["items"] if each["aspect"] == "copy_role"]
    assert f"--operation-type remove --user-ids {scene.BACKUP}" in hazard["remedy"]
    samples = [each for each in cluster.operator.samples() if each.name == "crossvault_drift"]
    assert [each.value for each in samples if each.labels["aspect"] == "copy_role"] == [1]
