"""A queue of the tools account, and what tests do with it."""

from __future__ import annotations

from typing import Any

from backup_simulator.transport import InProcess

from . import scenes


class Post:
    """A queue of the tools account, and the clients that use it."""

    def __init__(self, **attributes: str) -> None:
        self.opened = InProcess(scenes.world())
        self.sqs = self.client(scenes.TOOLS)
        self.url = str(self.sqs.create_queue(QueueName="news", Attributes=attributes)["QueueUrl"])

    def client(self, account: str, user: str = "admin") -> Any:
        """A client of another account."""
        return self.opened.client("sqs", account, user, region=scenes.HOME, config=scenes.fast())

    def send(self, body: str = "hello", **options: Any) -> Any:
        """Send one message."""
        return self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **options)

    def receive(self, count: int = 1, **options: Any) -> list[Any]:
        """Receive messages."""
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=count, **options)
        return list(answer.get("Messages", []))

    def bodies(self, count: int = 10) -> list[str]:
        """Receive messages and give their bodies."""
        return [message["Body"] for message in self.receive(count)]

    def numbers(self) -> tuple[int, int, int]:
        """How many messages are visible, in flight and delayed."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        name = "ApproximateNumberOfMessages"
        return int(found[name]), int(found[f"{name}NotVisible"]), int(found[f"{name}Delayed"])


def queue_policy(principal: Any, action: str = "sqs:SendMessage") -> str:
    """A queue policy of one statement."""
    return scenes.text(scenes.policy({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}))
