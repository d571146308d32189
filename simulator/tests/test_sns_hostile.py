"""SNS: batches that are none, operators that moto does not know, parameters that are given twice."""

from __future__ import annotations

import pytest

from simulator_kit import requests, scenes
from simulator_kit.notifying import TOPIC, Notified


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        pytest.param([], "EmptyBatchRequest", id="nothing"),
        pytest.param([{"Id": "a b", "Message": "x"}], "InvalidBatchEntryId", id="an id with a space"),
        pytest.param(
            [{"Id": name, "Message": "é" * 70_000} for name in "ab"], "BatchRequestTooLong", id="too much together"
        ),
    ],
)
def test_a_batch_that_is_none_is_refused(entries: list[scenes.Json], code: str) -> None:
    """As a whole, and nothing arrives."""
    notified = Notified()
    with scenes.refused() as refusal:
        notified.sns.publish_batch(TopicArn=TOPIC, PublishBatchRequestEntries=entries)

    assert (refusal.code, refusal.status) == (code, 400)
    assert not notified.received()


def test_a_filter_knows_networks() -> None:
    """An operator of SNS that moto refuses."""
    notified = Notified(subscribed={"FilterPolicy": '{"from": [{"cidr": "10.0.0.0/24"}]}'})
    for address in ("10.0.0.5", "10.0.1.5"):
        notified.sns.publish(
            TopicArn=TOPIC, Message=address, MessageAttributes={"from": {"DataType": "String", "StringValue": address}}
        )

    assert [each["Message"] for each in notified.heard()] == ["10.0.0.5"]


def test_a_topic_named_twice_is_judged_as_it_is_used() -> None:
    """The first one is where moto publishes."""
    notified = Notified()
    other = notified.client("sns", scenes.TARGET).create_topic(Name="own")["TopicArn"]
    form = f"Action=Publish&Message=x&TopicArn={other}&TopicArn={TOPIC}".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = notified.opened.simulator.handle(requests.signed("sns", "POST", "/", form, headers))

    assert answer.status == 403
    assert not notified.outcomes()
