"""An account that listens to events: a queue, a rule, and what arrived."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from backup_simulator.transport import InProcess

from . import scenes

if TYPE_CHECKING:
    from collections.abc import Callable

BACKUP: scenes.Json = {"source": ["aws.backup"]}


def let_events_in(**condition: Any) -> str:
    """A queue policy for EventBridge."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    return scenes.text(scenes.policy(statement | ({"Condition": condition} if condition else {})))


class Listener:
    """A queue `news` and a rule `all` on the default bus of an account."""

    def __init__(
        self,
        account: str = scenes.SOURCE,
        region: str = scenes.HOME,
        *,
        opened: InProcess | None = None,
        pattern: scenes.Json | None = None,
        change: Callable[[scenes.Json], None] | None = None,
    ) -> None:
        scene = scenes.world()
        if change:
            change(scene)
        self.opened = opened or InProcess(scene)
        self.account, self.region = account, region
        self.sqs, self.events, self.backup = (self.client(name) for name in ("sqs", "events", "backup"))
        policy = {"Policy": let_events_in()}
        self.url = str(self.sqs.create_queue(QueueName="news", Attributes=policy)["QueueUrl"])
        self.queue_arn = f"arn:aws:sqs:{region}:{account}:news"
        self.rule_arn = str(self.events.put_rule(Name="all", EventPattern=scenes.text(pattern or BACKUP))["RuleArn"])
        self.events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": self.queue_arn}])

    def client(self, service: str) -> Any:
        """The admin's client."""
        return self.opened.client(service, self.account, "admin", region=self.region, config=scenes.fast())

    def bodies(self) -> list[str]:
        """Everything that arrived, taken out of the queue."""
        found: list[str] = []
        while messages := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(message["Body"])
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def heard(self) -> list[scenes.Json]:
        """The events that arrived."""
        return [json.loads(body) for body in self.bodies()]

    def details(self, kind: str) -> list[scenes.Json]:
        """The details of the events of a type that arrived."""
        return [event["detail"] for event in self.heard() if event["detail-type"] == kind]

    def put(self, **entry: Any) -> Any:
        """Put a custom event."""
        asked = {"Source": "shop", "DetailType": "order", "Detail": "{}"} | entry
        return self.events.put_events(Entries=[asked])
