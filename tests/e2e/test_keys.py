"""Keys that are not shared, on a real API server: what a user reads, does, and sees come right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.chart_cluster import Cluster, serving
from tests.kit.doctoring import shared_keys
from tests.kit.waiting import until
from tools.controlplane import ControlPlane

pytestmark = pytest.mark.kube

CLOSED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Account",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{scene.PRODUCTION}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}


@pytest.fixture
def unshared(plane: ControlPlane) -> Iterator[Cluster]:
    """The key behind the snapshots is its own account's only; that of the source vault is shared."""
    world = scene.world()
    world["clock"] = {"start": "now", "rate": 1}
    world["durations"] = {"created": 0.3, "running": 0.7}
    scene.account(world, scene.PRODUCTION)["keys"][1]["policy"] = CLOSED
    yield from serving(plane, world)


def test_a_key_that_is_not_shared_is_mended_by_the_printed_statements(unshared: Cluster) -> None:
    """Snapshots are held and the others copied; once pasted, all are copied by the same process."""
    cluster = unshared
    operator = cluster.start()
    cluster.accounts()
    cluster.apply(cluster.policy())
    row: dict[str, Any] = until(lambda: _unmet(cluster), "the row about the key", told=cluster.log)
    assert row["reason"] == "KeyNotShared"
    until(lambda: cluster.copies() or None, "what is on the other key is copied", told=cluster.log)
    assert {arn.split(":")[2] for arn, _ in cluster.jobs()} == {"backup"}

    kms = cluster.aws.client("kms", scene.PRODUCTION, "admin", region=scene.HOME)
    ((arn, printed),) = shared_keys(row["fix"])
    found = json.loads(kms.get_key_policy(KeyId=arn)["Policy"])
    found["Statement"] += printed
    kms.put_key_policy(KeyId=arn, Policy=json.dumps(found))

    body = cluster.wait_until_all_is_copied()
    assert operator.process.running
    assert {each["status"] for each in body["status"]["prerequisites"]} == {"Met"}
    assert len(cluster.copies()) == len(scene.POINTS)
    assert not [each for each in cluster.control.calls(operation="PutKeyPolicy") if "crossvault" in each.principal]


@pytest.fixture
def lent(plane: ControlPlane) -> Iterator[Cluster]:
    """The same, and the operator may write the policies of keys."""
    world = scene.world()
    world["clock"] = {"start": "now"}
    world["durations"] = {"created": 0.3, "running": 0.7}
    scene.account(world, scene.PRODUCTION)["keys"][1]["policy"] = CLOSED
    statements = scene.role(world, scene.PRODUCTION, "crossvault-source")["policies"][0]["Statement"]
    statements.append({"Sid": "ShareKeys", "Effect": "Allow", "Action": "kms:PutKeyPolicy", "Resource": "*"})
    yield from serving(plane, world)


def test_keys_of_the_source_are_kept_shared(lent: Cluster) -> None:
    """Where it is granted; what an administrator takes out of the key's policy comes back, and what they add stays."""
    cluster = lent
    cluster.start()
    cluster.accounts("production")
    cluster.accounts("dr", serviceLinkedRole="Manage")
    source = {"accountRef": {"name": "production"}, "region": scene.HOME, "vault": {"name": "orders"}}
    cluster.apply(cluster.policy(source={**source, "keyPolicy": "Manage"}))
    cluster.wait_until_all_is_copied()
    kms = cluster.aws.client("kms", scene.PRODUCTION, "admin", region=scene.HOME)
    arn = kms.describe_key(KeyId="alias/orders-storage")["KeyMetadata"]["Arn"]

    def sids() -> list[str]:
        return [each["Sid"][:16] for each in json.loads(kms.get_key_policy(KeyId=arn)["Policy"])["Statement"]]

    assert sids() == ["Account", "CrossvaultKeyUse", "CrossvaultKeyGra"]
    theirs = {"Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "kms:ScheduleKeyDeletion", "Resource": "*"}
    kms.put_key_policy(KeyId=arn, Policy=json.dumps({**CLOSED, "Statement": [*CLOSED["Statement"], theirs]}))
    until(
        lambda: sids() == ["Account", "Theirs", "CrossvaultKeyUse", "CrossvaultKeyGra"],
        "the statements are back",
        told=cluster.log,
    )
    assert len(cluster.control.calls(operation="CreateServiceLinkedRole")) == 1


def _unmet(cluster: Cluster) -> dict[str, Any] | None:
    rows = (cluster.get().get("status") or {}).get("prerequisites") or ()
    return next((each for each in rows if each["name"] == "SourceKeys" and each["status"] == "Unmet"), None)
