"""EventBridge: what targets get of an event, and where it goes when they cannot get it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator_kit import listening, scenes
from simulator_kit.listening import Listener


def shop(**target: Any) -> Listener:
    """A listener to a shop with a dead-letter queue `dead`, whose queue has these further settings as a target."""
    listener = Listener(pattern={"source": ["shop"]})
    policy = {"Policy": listening.let_events_in()}
    listener.sqs.create_queue(QueueName="dead", Attributes=policy)
    listener.events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": listener.queue_arn} | target])
    return listener


def test_a_target_reads_back() -> None:
    """As it was put."""
    dead = f"arn:aws:sqs:{scenes.HOME}:{scenes.SOURCE}:dead"
    settings: scenes.Json = {
        "Input": '"x"',
        "DeadLetterConfig": {"Arn": dead},
        "RetryPolicy": {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 600},
    }
    listener = shop(**settings)
    (shown,) = listener.events.list_targets_by_rule(Rule="all")["Targets"]

    assert shown == {"Id": "queue", "Arn": listener.queue_arn} | settings


def failing(listener: Listener, *, told: str = "", **target: Any) -> scenes.Json:
    """Let a target fail, and read what its dead-letter queue was told; `told` is the ARN where it is another one."""
    dead = f"arn:aws:sqs:{scenes.HOME}:{scenes.SOURCE}:dead"
    target = {"Id": "queue", "Arn": listener.queue_arn, "DeadLetterConfig": {"Arn": dead}} | target
    listener.events.put_targets(Rule="all", Targets=[target])
    event_id = listener.put(Detail='{"id": "\\""}')["Entries"][0]["EventId"]
    url = listener.sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    (message,) = listener.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    named = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}

    assert json.loads(message["Body"])["id"] == event_id
    assert named["RULE_ARN"] == listener.rule_arn
    assert named["TARGET_ARN"] == (told or target["Arn"])
    assert named["ERROR_MESSAGE"]
    return named


def test_what_cannot_be_sent_lies_in_the_dead_letter_queue() -> None:
    """As it was, with the cause."""
    listener = shop()
    central = f"arn:aws:events:{scenes.HOME}:{scenes.TOOLS}:event-bus/central"
    gone = failing(listener, Arn=f"{listener.queue_arn}-gone")
    half = failing(listener, Arn=f"{listener.queue_arn}-\ud83d", told=f"{listener.queue_arn}-?")
    bus = failing(listener, Arn=central)
    listener.sqs.set_queue_attributes(QueueUrl=listener.url, Attributes={"Policy": ""})
    closed = failing(listener)
    log = listener.opened.control.events.log()[-1].outcome

    assert [found["ERROR_CODE"] for found in (gone, half, bus, closed)] == [
        "NO_RESOURCE",
        "NO_RESOURCE",
        "NO_RESOURCE",
        "NO_PERMISSIONS",
    ]
    assert log.endswith("; it is in the dead-letter queue")


def test_a_dead_letter_queue_that_takes_nothing() -> None:
    """Loses it, and the log says so."""
    listener = shop()
    url = listener.sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    listener.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    dead = f"arn:aws:sqs:{scenes.HOME}:{scenes.SOURCE}:dead"
    listener.events.put_targets(
        Rule="all",
        Targets=[{"Id": "queue", "Arn": f"{listener.queue_arn}-gone", "DeadLetterConfig": {"Arn": dead}}],
    )
    listener.put()

    assert "nor did the dead-letter queue take it" in listener.opened.control.events.log()[-1].outcome


def test_a_fifo_queue_as_target() -> None:
    """In the group that the target names; nothing twice within five minutes."""
    listener = shop()
    policy = listening.let_events_in()
    made: scenes.Json = {"FifoQueue": "true", "Policy": policy}
    url = listener.sqs.create_queue(QueueName="x.fifo", Attributes=made)["QueueUrl"]
    target: Any = {
        "Arn": f"{listener.queue_arn[:-4]}x.fifo",
        "SqsParameters": {"MessageGroupId": "shop"},
        "Input": '"x"',
    }
    refused = failing(listener, **target)
    listener.sqs.set_queue_attributes(QueueUrl=url, Attributes={"ContentBasedDeduplication": "true"})
    listener.put()
    listener.put()
    found = listener.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["MessageGroupId"])

    assert refused["ERROR_CODE"] == "INVALID_PARAMETER"
    assert [(one["Body"], one["Attributes"]["MessageGroupId"]) for one in found["Messages"]] == [('"x"', "shop")]


BUS = f"arn:aws:events:{scenes.HOME}:{scenes.TOOLS}:event-bus/central"
FIFO = f"arn:aws:sqs:{scenes.HOME}:{scenes.SOURCE}:x.fifo"
REFUSED: list[Any] = [
    pytest.param({"Arn": BUS, "Input": "1"}, "not available", id="an input for a bus"),
    pytest.param({"Arn": FIFO}, "SqsParameters must be specified", id="a FIFO queue without a group"),
    pytest.param({"DeadLetterConfig": {"Arn": FIFO}}, "standard queue", id="a FIFO queue for dead letters"),
    pytest.param(
        {"DeadLetterConfig": {"Arn": f"arn:aws:sqs:{scenes.AWAY}:{scenes.SOURCE}:dead"}}, "of the Region", id="far away"
    ),
    pytest.param({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "less than or equal to 185", id="too many attempts"),
]


@pytest.mark.parametrize(("target", "words"), REFUSED)
def test_targets_that_cannot_be_are_refused(target: scenes.Json, words: str) -> None:
    """The old target stays."""
    listener = shop()
    with scenes.refused() as refusal:
        listener.events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": listener.queue_arn} | target])

    assert refusal.code == "ValidationException"
    assert words in refusal.message
    assert listener.events.list_targets_by_rule(Rule="all")["Targets"] == [{"Id": "queue", "Arn": listener.queue_arn}]
