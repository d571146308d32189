"""The lock of a destination vault, with kubectl: granted, kept, and shown where it is one for ever.

A real API server, the rights of the chart, a simulated AWS.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.kit import stage as scene
from tests.kit.chart_cluster import Cluster, serving
from tests.kit.waiting import until
from tools.controlplane import ControlPlane

pytestmark = pytest.mark.kube

LOCK = {"minRetentionDays": 7, "maxRetentionDays": 365}
MADE = {"name": "orders-copies", "create": True, "encryptionKey": "alias/orders-copies", "lock": LOCK}
PUT = "PutBackupVaultLockConfiguration"


@pytest.fixture
def lockable(plane: ControlPlane) -> Iterator[Cluster]:
    """The destination's role may lock vaults; copies take a second."""
    world = scene.world()
    world["clock"] = {"start": "now", "rate": 1}
    world["durations"] = {"created": 0.3, "running": 0.7}
    statements = scene.role(world, scene.BACKUP, "crossvault-destination")["policies"][0]["Statement"]
    statements.append({"Sid": "Lock", "Effect": "Allow", "Action": f"backup:{PUT}", "Resource": "*"})
    yield from serving(plane, world)


def locked(cluster: Cluster) -> tuple[bool, int | None, int | None]:
    """Return whether the vault is locked, and its bounds."""
    found = cluster.admin().describe_backup_vault(BackupVaultName="orders-copies")
    return found["Locked"], found.get("MinRetentionDays"), found.get("MaxRetentionDays")


def test_the_lock_of_a_vault_is_granted_kept_and_left_alone_once_it_is_for_ever(lockable: Cluster) -> None:
    """What would refuse itself is refused; without a grant nothing is there; a lock for ever is only shown."""
    cluster = lockable
    cluster.start()
    grant = {
        "namespaces": {"names": [cluster.namespace]},
        "as": ["Destination"],
        "vaults": ["orders-*"],
        "keys": ["alias/orders-*"],
    }
    cluster.accounts("production")
    cluster.accounts("dr", allowedNamespaces={}, grants=[grant])
    short = cluster.policy(destinations=[scene.destination(vault=MADE, lifecycle={"deleteAfterDays": 6})])
    assert "must be within the lock declared for the vault" in cluster.refuse(short)
    wanted = cluster.policy(destinations=[scene.destination(vault=MADE, lifecycle={"deleteAfterDays": 35})])
    cluster.apply(wanted)
    cluster.wait("False", "AccountNotFound")
    assert cluster.writes() == []

    cluster.accounts("dr", allowedNamespaces={}, grants=[{**grant, "vaultLocks": True}])
    cluster.wait_until_all_is_copied()
    assert locked(cluster) == (True, 7, 365)
    assert cluster.writes().count(PUT) == 1
    assert cluster.writes().index(PUT) < cluster.writes().index("StartCopyJob")
    assert any(reason == "VaultLocked" for _, reason, _ in cluster.events())

    cluster.admin().put_backup_vault_lock_configuration(
        BackupVaultName="orders-copies", MinRetentionDays=14, ChangeableForDays=3
    )
    wanted["spec"]["objectives"] = {"maxCopyLag": "48h"}  # an edit has everything looked at anew
    cluster.apply(wanted)

    def shown() -> scene.Json | None:
        rows = cluster.get()["status"]["prerequisites"]
        return next((each for each in rows if each["reason"] == "VaultLockFixed"), None)

    row = until(shown, "the lock in compliance mode", told=cluster.log)
    assert "it may still be changed" in row["message"]
    assert locked(cluster) == (True, 14, None)
    assert cluster.writes().count(PUT) == 1
