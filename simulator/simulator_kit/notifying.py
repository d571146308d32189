"""A vault that notifies: a topic that AWS Backup may publish to, and a queue that hears of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from backup_simulator.transport import InProcess

from . import scenes

if TYPE_CHECKING:
    from collections.abc import Callable

TOPIC = f"arn:aws:sns:{scenes.HOME}:{scenes.SOURCE}:alerts"
QUEUE = f"arn:aws:sqs:{scenes.HOME}:{scenes.SOURCE}:alerts"


def may_publish(service: str = "backup.amazonaws.com", **condition: Any) -> str:
    """The access policy of a topic that lets a service in."""
    return _for_service(service, "SNS:Publish", condition)


def may_send(**condition: Any) -> str:
    """The policy of a queue that lets topics in."""
    return _for_service("sns.amazonaws.com", "sqs:SendMessage", condition)


def _for_service(service: str, action: str, condition: scenes.Json) -> str:
    who = {"Sid": "service", "Effect": "Allow", "Principal": {"Service": service}}
    statement = who | {"Action": action, "Resource": "*"}
    return scenes.text(scenes.policy(statement | ({"Condition": condition} if condition else {})))


class Notified:
    """The source account with a topic `alerts`, a queue `alerts` subscribed to it, and a vault that notifies."""

    def __init__(
        self,
        *events: str,
        policy: str | None = None,
        subscribed: scenes.Json | None = None,
        change: Callable[[scenes.Json], None] | None = None,
    ) -> None:
        scene = scenes.world()
        if change:
            change(scene)
        self.opened = InProcess(scene)
        self.control = self.opened.control
        self.sns, self.sqs, self.backup = (self.client(name) for name in ("sns", "sqs", "backup"))
        access = may_publish() if policy is None else policy
        self.sns.create_topic(Name="alerts", Attributes={"Policy": access} if access else {})
        self.url = str(self.sqs.create_queue(QueueName="alerts", Attributes={"Policy": may_send()})["QueueUrl"])
        asked = {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE, "ReturnSubscriptionArn": True}
        self.subscription = str(self.sns.subscribe(**asked, Attributes=subscribed or {})["SubscriptionArn"])
        if events:
            self.notify(*events)

    def client(self, service: str, account: str = scenes.SOURCE) -> Any:
        """An admin's client."""
        return self.opened.client(service, account, "admin", region=scenes.HOME, config=scenes.fast())

    def notify(self, *events: str, vault: str = "backups") -> None:
        """Let a vault notify."""
        self.backup.put_backup_vault_notifications(
            BackupVaultName=vault, SNSTopicArn=TOPIC, BackupVaultEvents=list(events)
        )

    def copy(self) -> str:
        """Start a copy of the source's recovery point and let it end; returns the job's id."""
        (point,) = self.backup.list_recovery_points_by_backup_vault(BackupVaultName="backups")["RecoveryPoints"]
        job = self.backup.start_copy_job(
            RecoveryPointArn=point["RecoveryPointArn"],
            SourceBackupVaultName="backups",
            DestinationBackupVaultArn=scenes.vault_arn(),
            IamRoleArn=scenes.COPIER,
        )
        self.control.advance("10m")
        return str(job["CopyJobId"])

    def received(self) -> list[scenes.Json]:
        """The messages that lie in the queue, taken out of it."""
        found: list[scenes.Json] = []
        while messages := self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                found.append(message)
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def heard(self) -> list[scenes.Json]:
        """The envelopes of SNS that lie in the queue."""
        return [json.loads(message["Body"]) for message in self.received()]

    def states(self) -> list[str]:
        """The State of each notification that lies in the queue."""
        return [each["MessageAttributes"]["State"]["Value"] for each in self.heard()]

    def outcomes(self, **wanted: str) -> list[str]:
        """What became of the messages so far."""
        return [one.outcome for one in self.control.notifications(**wanted)]
