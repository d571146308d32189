"""A doctor in a cluster: reads what the operator wrote, with a user's kubeconfig and no AWS; what it prints heals.

A real API server, the rights of the chart, a simulated AWS.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.chart_cluster import Cluster, lively, serving
from tests.kit.doctoring import fixes, paste, unmet
from tests.kit.waiting import until
from tools.controlplane import ControlPlane

pytestmark = pytest.mark.kube


@pytest.fixture
def ill(plane: ControlPlane) -> Iterator[Cluster]:
    """The switch is off, and the copy role may not be passed."""
    world = lively()
    world["organization"]["cross_account_backup"] = False
    (document,) = scene.role(world, scene.PRODUCTION, "crossvault-source")["policies"]
    document["Statement"] = [each for each in document["Statement"] if each["Sid"] != "PassCopyRole"]
    yield from serving(plane, world)


def doctor(cluster: Cluster, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a doctor as somebody who has no AWS: an administrator, or who may list the policies of a namespace."""
    kubeconfig = cluster.plane.kubeconfig_admin()
    if "-A" not in words:
        name = f"viewer-{cluster.namespace}"
        kubeconfig = cluster.plane.kubeconfig_for_user(name)
        listing = ("--verb=list", "--resource=crossaccountbackuppolicies.crossvault.io")
        for words_of in (("role", "reader", *listing), ("rolebinding", "reader", "--role=reader", f"--user={name}")):
            cluster.kubectl("create", *words_of, "-n", cluster.namespace, check=False)
    environment = {name: each for name, each in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "crossvault", "doctor", *words],
        env={**environment, "KUBECONFIG": str(kubeconfig), "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def answer(cluster: Cluster, *words: str) -> dict[str, Any]:
    """Return what it tells a machine."""
    found: dict[str, Any] = json.loads(doctor(cluster, *words, "-o", "json").stdout)
    return found


def test_what_is_printed_in_a_cluster_heals_every_policy(ill: Cluster, tmp_path: Path) -> None:
    """Two policies, two troubles: told once each, pasted, and the same operator goes on to the end."""
    cluster = ill
    operator = cluster.start()
    cluster.accounts()
    before = doctor(cluster, "-n", cluster.namespace)
    assert before.returncode == 1
    assert f"There is no CrossAccountBackupPolicy in namespace {cluster.namespace}." in before.stderr
    assert answer(cluster, "-n", cluster.namespace)["faults"][0]["message"] in before.stderr
    second = scene.destination(vault={"name": "more", "create": True, "encryptionKey": "alias/orders-copies"})
    cluster.apply(cluster.policy(), cluster.policy("more", destinations=[second]))
    for name in ("orders", "more"):
        cluster.wait("False", "PrerequisiteUnmet", name)

    one = answer(cluster, "-n", cluster.namespace, "orders")
    assert [each["name"] for each in unmet(one)] == ["OrganizationToggle", "PassRole"]
    assert {each["policy"] for each in one["rows"]} == {f"{cluster.namespace}/orders"}
    assert one["summary"]["recoveryPoints"] == len(scene.POINTS)
    assert one["policies"][0]["lastChanged"] == cluster.get()["status"]["lastChanged"]
    everywhere = answer(cluster, "-A")
    assert everywhere["summary"]["policies"] == 2
    assert everywhere["summary"]["toMend"] == 3
    assert [each["where"] for each in unmet(everywhere) if each["name"] == "Permissions"] == ["account production"]
    assert everywhere["summary"]["recoveryPoints"] == 2 * len(scene.POINTS)
    told = doctor(cluster, "-A")
    assert told.returncode == 2
    assert told.stdout.count("aws iam put-role-policy") == 2
    assert "\x1b" not in told.stdout

    paste(cluster.aws, tmp_path, fixes(everywhere))
    for name in ("orders", "more"):
        cluster.wait_until_all_is_copied(name)
    assert operator.process.running
    until(lambda: doctor(cluster, "-A").returncode == 0, "nothing is left to do", told=cluster.log)
    assert "met. Nothing to do." in doctor(cluster, "-n", cluster.namespace, "orders").stdout


def test_a_change_that_nobody_looked_at_is_told(ill: Cluster) -> None:
    """The operator is gone: what it wrote is shown, with why it may not be so any more."""
    cluster = ill
    operator = cluster.start()
    cluster.accounts()
    cluster.apply(cluster.policy())
    cluster.wait("False", "PrerequisiteUnmet")
    operator.process.stop(10)
    cluster.apply(cluster.policy(backfill={"mode": "None"}), cluster.policy("late"))

    known = doctor(cluster, "-n", cluster.namespace, "orders")
    assert known.returncode == 2
    assert "it was changed, and the operator has not looked at it since" in known.stdout
    unknown = doctor(cluster, "-n", cluster.namespace, "late")
    assert unknown.returncode == 1
    assert "The operator has not looked at it yet" in unknown.stdout


def test_organizations_are_told_for_the_whole_cluster(ill: Cluster) -> None:
    """One that names a member is somebody's to mend; who may list policies only is told of those."""
    cluster = ill
    cluster.start()
    cluster.accounts()
    cluster.apply(cluster.policy())
    body = scene.organization(account="production")
    del body["status"]
    cluster.apply({**body, "metadata": {"name": "main"}})
    cluster.wait("False", "NotManagementAccount", name="main", kind="borg")

    row, *others = [each for each in answer(cluster, "-A")["rows"] if each["policy"] == "organization main"]
    assert (row["name"], row["status"], row["reason"]) == ("ManagementAccount", "Unmet", "NotManagementAccount")
    assert {(each["name"], each["status"]) for each in others} <= {("MembersOnly", "Unknown")}
    assert scene.PAYER in row["message"]
    assert row["remedy"]
    cluster.wait("False", "PrerequisiteUnmet")
    assert "organization main" not in doctor(cluster, "-n", cluster.namespace).stdout
