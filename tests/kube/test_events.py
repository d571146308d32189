"""Events of AWS make the operator look sooner, and nothing depends on them: the real API server, an hour's interval.

Everything on the way is that of the example: the rules of the accounts, the bus, the queue, the permissions.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.kit import event_queue
from tests.kit import stage as scene
from tests.kit.tenants import Town, logging_into, world
from tests.kit.waiting import until
from tools.controlplane import ControlPlane

from backup_simulator.server import SimulatorServer
from crossvault.status.outcome import Cadence

pytestmark = pytest.mark.kube

HOUR = Cadence(timedelta(hours=1), timedelta(hours=1))
VAULTS = {"orders": 1, "bills": 1, "payroll": 1}
OPERATOR = f"arn:aws:iam::{scene.TOOLS}:user/crossvault-operator"
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

    until(lambda: town.jobs("orders")["orders-copies"] == 2, "the new point is copied")
    until(lambda: town.status(tenant, "orders")["destinations"][0]["copied"] == 2, "the copy is seen")

    town.admin().delete_backup_vault_access_policy(BackupVaultName="orders-copies")
    told = event_queue.call("DeleteBackupVaultAccessPolicy", {"backupVaultName": "orders-copies"})
    town.control.events.publish("AWS API Call via CloudTrail", told, account=scene.BACKUP, region=scene.AWAY)

    until(lambda: town.statements("orders-copies"), "the statement is back")
    assert town.hints()["used"] >= 2


def test_rubbish_and_forgeries_do_no_harm(town: Town, tenant: str) -> None:
    """They are counted and thrown away; no copy is made twice, and what is true is heard beside them."""
    settled(town, tenant, "bills")
    sqs = town.aws.client("sqs", scene.TOOLS, "admin", region=scene.HOME)
    passes = town.core.ended[tenant]
    told = event_queue.event("Recovery Point State Change", {"backupVaultName": "bills", "status": "COMPLETED"})
    forged = [json.dumps({**told, "id": f"forged {number}"}) for number in range(50)]
    for body in ["hello", "[]", json.dumps({**told, "account": "0" * 12}), json.dumps(told), *forged]:
        sqs.send_message(QueueUrl=town.queue_url, MessageBody=body)
        sqs.send_message(QueueUrl=town.queue_url, MessageBody=body)

    until(lambda: town.hints().get("duplicate", 0) >= 51, "all are heard")
    assert town.hints()["malformed"] >= 4
    assert town.hints()["unknown"] >= 2
    assert town.core.ended[tenant] - passes <= 12
    assert town.jobs("bills") == {"bills-copies": 1}

    town.control.seed(scene.PRODUCTION, scene.HOME, "bills", [VOLUME])
    sqs.send_message(QueueUrl=town.queue_url, MessageBody=json.dumps({**told, "id": "true"}))
    until(lambda: town.jobs("bills")["bills-copies"] == 2, "the new point is copied")


def test_without_its_queue_the_operator_goes_on(town: Town, tenant: str) -> None:
    """What people declare is done as ever; that nothing is heard is said once, and nothing waits for it."""
    sqs = town.aws.client("sqs", scene.TOOLS, "admin", region=scene.HOME)
    sqs.delete_queue(QueueUrl=town.queue_url)
    until(lambda: any("Hearing no events" in line for line in town.lines()), "it is said")
    town.shared("payroll", tenant)
    town.declare(tenant, "payroll", "payroll")
    until(lambda: town.jobs("payroll")["payroll-copies"] == 1, "the copy is started")
    copies = town.control.vault(scene.BACKUP, scene.AWAY, "payroll-copies")
    until(lambda: copies.points, "the copy is there")
    town.declare(tenant, "payroll", "payroll", objectives={"maxCopyLag": "48h"})  # nobody tells that it has ended
    town.copied(tenant, "payroll")

    assert town.jobs("payroll") == {"payroll-copies": 1}
    assert len([line for line in town.lines() if "Hearing no events" in line]) == 1


def test_an_open_poll_does_not_hold_up_the_end(town: Town, tmp_path: Path) -> None:
    """The process ends with 0 on SIGTERM while SQS has not answered yet; the option is that of the chart."""
    sqs = town.aws.client("sqs", scene.TOOLS, "admin", region=scene.HOME)
    url = str(sqs.create_queue(QueueName="crossvault-others")["QueueUrl"])
    arn = event_queue.QUEUE_ARN.replace("-events", "-others")
    allowed = {"Effect": "Allow", "Principal": {"AWS": OPERATOR}, "Action": "sqs:*", "Resource": arn}
    grant = {"Version": "2012-10-17", "Statement": [allowed]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(grant)})
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    words = [sys.executable, "-m", "crossvault", "operator", "--kubeconfig", str(town.cluster.install())]
    words += ["--metrics-port", "0", "--probe-port", "0", "--host", "127.0.0.1", "--event-queue-url", url]
    words += ["--log-level", "debug"]
    environment = {**os.environ, "AWS_ENDPOINT_URL": town.aws.url, "AWS_REGION": scene.HOME}
    log = tmp_path / "log"
    with log.open("wb") as stderr, subprocess.Popen(words, stderr=stderr, env=environment) as running:
        try:
            until(lambda: "sqs:DeleteMessageBatch" in log.read_text(), "the first message is heard and deleted")
            running.send_signal(signal.SIGTERM)
            code = running.wait(10)  # the poll that is open would take twice as long
        finally:
            running.kill()

    assert code == 0, log.read_text()
