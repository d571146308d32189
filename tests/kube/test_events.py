"""Events of AWS make the operator look sooner, and nothing depends on them: the real API server, an hour's interval.

Everything on the way is that of the example: the rules of the accounts, the bus, the queue, the permissions.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.kit import event_queue
from tests.kit import stage as scene
from tests.kit.kube_operator import wait_until
from tests.kit.tenants import Town, logging_into, world
from tools.controlplane import ControlPlane

from backup_simulator.server import SimulatorServer
from crossvault.status.outcome import Cadence

pytestmark = pytest.mark.kube

HOUR = Cadence(timedelta(hours=1), timedelta(hours=1))
VAULTS = {"orders": 1, "bills": 1, "payroll": 1}
VOLUME = {"resource_type": "EBS", "resource": "vol-new", "key": "alias/orders-storage", "age": "0s"}


@pytest.fixture(scope="module")
def town(control_plane: ControlPlane) -> Iterator[Town]:
    """A cluster with an operator that looks once an hour, or when it hears something."""
    with pytest.MonkeyPatch.context() as patch, SimulatorServer(event_queue.permitted(world(VAULTS))) as aws:
        for name, value in scene.OPERATOR_KEY.items():
            patch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        made = Town(control_plane, aws)
        made.queue_url = event_queue.installed(aws)
        made.control.events.set(batch=0)
        made.cluster.clear()
        with logging_into(made.log):
            made.start(cadence=HOUR)
            try:
                yield made
            finally:
                made.stop()
                made.cluster.clear()
        assert made.writes() <= scene.PERMITTED


@pytest.fixture
def tenant(town: Town) -> Iterator[str]:
    """A namespace."""
    yield from town.tenant()


def settled(town: Town, tenant: str, label: str) -> None:
    """Declare a policy whose vaults are the label's, and wait until nothing goes on any more."""
    town.shared(label, tenant)
    town.declare(tenant, label, label)
    town.copied(tenant, label)


def test_what_happens_in_aws_is_seen_when_it_is_told(town: Town, tenant: str) -> None:
    """A new backup is copied, and its copy seen, by their events alone; statement taken away comes back by its call."""
    settled(town, tenant, "orders")
    made = town.control.seed(scene.PRODUCTION, scene.HOME, "orders", [VOLUME])
    told = {"backupVaultName": "orders", "status": "COMPLETED", "resourceType": "EBS"}
    arns = [each.arn for each in made]
    town.control.events.publish(
        "Recovery Point State Change", told, account=scene.PRODUCTION, region=scene.HOME, resources=arns
    )

    wait_until(lambda: town.jobs("orders")["orders-copies"] == 2, "the new point is copied")
    wait_until(lambda: town.status(tenant, "orders")["destinations"][0]["copied"] == 2, "the copy is seen")

    town.admin().delete_backup_vault_access_policy(BackupVaultName="orders-copies")
    told = event_queue.call("DeleteBackupVaultAccessPolicy", {"backupVaultName": "orders-copies"})
    town.control.events.publish("AWS API Call via CloudTrail", told, account=scene.BACKUP, region=scene.AWAY)

    wait_until(lambda: town.statements("orders-copies"), "the statement is back")
    assert town.hints()["used"] >= 2
