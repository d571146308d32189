"""SQS: queues, their bounds and policies, and waiting for messages, the way boto3 users see them."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config

from simulator_kit import scenes
from simulator_kit.posting import Post, queue_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from backup_simulator.server import SimulatorServer


def refusals() -> list[Any]:
    """Calls that are refused, with code and words."""

    def case(call: str, options: dict[str, Any], code: str, words: str, *, name: str) -> Any:
        return pytest.param(call, options, code, words, id=name)

    old = "AWS.SimpleQueueService."
    twice = [{"Id": "a", "MessageBody": "x"}, {"Id": "a", "MessageBody": "y"}]
    many = [{"Id": str(number), "MessageBody": "x"} for number in range(11)]
    return [
        case(
            "receive_message", {"MaxNumberOfMessages": 11}, "InvalidParameterValue", "between 1 and 10", name="eleven"
        ),
        case("receive_message", {"MaxNumberOfMessages": 0}, "InvalidParameterValue", "between 1 and 10", name="none"),
        case("receive_message", {"WaitTimeSeconds": 21}, "InvalidParameterValue", ">= 0 and <= 20", name="a long wait"),
        case(
            "receive_message", {"VisibilityTimeout": 43_201}, "InvalidParameterValue", "43200", name="hidden too long"
        ),
        case("send_message", {"MessageBody": ""}, "MissingParameter", "MessageBody", name="an empty message"),
        case(
            "send_message", {"MessageBody": "\x00"}, "InvalidMessageContents", "characters", name="a control character"
        ),
        case(
            "send_message",
            {"MessageBody": "x", "DelaySeconds": 901},
            "InvalidParameterValue",
            "900",
            name="a long delay",
        ),
        case("send_message_batch", {"Entries": []}, old + "EmptyBatchRequest", "at least one", name="an empty batch"),
        case("send_message_batch", {"Entries": many}, old + "TooManyEntriesInBatchRequest", "11", name="a large batch"),
        case(
            "send_message_batch", {"Entries": twice}, old + "BatchEntryIdsNotDistinct", "a repeated", name="an id twice"
        ),
        case(
            "send_message_batch",
            {"Entries": [{"Id": "a b", "MessageBody": "x"}]},
            old + "InvalidBatchEntryId",
            "alphanumeric",
            name="an id with a blank",
        ),
        case(
            "set_queue_attributes",
            {"Attributes": {"DelaySeconds": "901"}},
            "InvalidAttributeValue",
            "Delay",
            name="bounds",
        ),
        case(
            "set_queue_attributes", {"Attributes": {"Policy": "{"}}, "InvalidAttributeValue", "Policy", name="no policy"
        ),
        case(
            "set_queue_attributes",
            {"Attributes": {"RedrivePolicy": "{}"}},
            "InvalidAttributeValue",
            "Redrive",
            name="no redrive",
        ),
        case(
            "set_queue_attributes",
            {"Attributes": {"QueueArn": "x"}},
            "InvalidAttributeName",
            "QueueArn",
            name="what cannot be set",
        ),
    ]


@pytest.mark.parametrize(("call", "options", "code", "words"), refusals())
def test_parameters_have_bounds(call: str, options: dict[str, Any], code: str, words: str) -> None:
    """Codes as boto3 shows them: those of the query protocol."""
    post = Post()
    with scenes.refused() as refusal:
        getattr(post.sqs, call)(QueueUrl=post.url, **options)

    assert refusal.code == code
    assert words in refusal.message


def test_attributes_have_bounds() -> None:
    """Defaults are the documented ones; what is set reads back."""
    post = Post(VisibilityTimeout="43200", ReceiveMessageWaitTimeSeconds="20")
    found = post.sqs.get_queue_attributes(QueueUrl=post.url, AttributeNames=["All"])["Attributes"]
    one = post.sqs.get_queue_attributes(QueueUrl=post.url, AttributeNames=["DelaySeconds"])["Attributes"]

    assert found["QueueArn"] == f"arn:aws:sqs:{scenes.HOME}:{scenes.TOOLS}:news"
    assert (found["VisibilityTimeout"], found["ReceiveMessageWaitTimeSeconds"]) == ("43200", "20")
    assert (found["MessageRetentionPeriod"], found["MaximumMessageSize"]) == ("345600", "1048576")
    assert one == {"DelaySeconds": "0"}
    assert "Attributes" not in post.sqs.get_queue_attributes(QueueUrl=post.url)
    with scenes.refused() as refusal:
        post.sqs.get_queue_attributes(QueueUrl=post.url, AttributeNames=["SentTimestamp"])
    assert refusal.code == "InvalidAttributeName"


def test_a_name_is_taken_once() -> None:
    """Equal attributes give the same queue; other Regions and accounts have names of their own."""
    post = Post(DelaySeconds="5")
    same = post.sqs.create_queue(QueueName="news", Attributes={"DelaySeconds": "5"})["QueueUrl"]
    with scenes.refused() as refusal:
        post.sqs.create_queue(QueueName="news", Attributes={"DelaySeconds": "6"})
    other = post.client(scenes.SOURCE).create_queue(QueueName="news")["QueueUrl"]
    with scenes.refused() as bad:
        post.sqs.create_queue(QueueName="good news")

    assert same == post.url != other
    assert refusal.code == "QueueAlreadyExists"
    assert refusal.message.endswith("a different value for attribute DelaySeconds")
    assert bad.code == "InvalidParameterValue"


def test_a_missing_queue_is_told_by_its_old_code() -> None:
    """And by the model's exception."""
    post = Post()
    post.sqs.delete_queue(QueueUrl=post.url)
    for call in (lambda: post.sqs.get_queue_url(QueueName="news"), post.receive, post.numbers):
        with pytest.raises(post.sqs.exceptions.QueueDoesNotExist) as raised:
            call()
        assert raised.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    with scenes.refused() as refusal:
        post.sqs.receive_message(QueueUrl="https://example.org/queue")

    assert refusal.code == "InvalidAddress"


def test_queues_are_listed_by_prefix_and_in_pages() -> None:
    """In order of their names."""
    post = Post()
    for name in ("new-a", "new-b", "old"):
        post.sqs.create_queue(QueueName=name)
    names = [url.rpartition("/")[2] for url in post.sqs.list_queues(QueueNamePrefix="new")["QueueUrls"]]
    pages = post.sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 3})
    sizes = [len(page["QueueUrls"]) for page in pages]

    assert names == ["new-a", "new-b", "news"]
    assert sizes == [3, 1]
    assert "QueueUrls" not in post.client(scenes.SOURCE).list_queues()


def test_purging_leaves_nothing_and_is_not_done_twice() -> None:
    """Within a minute."""
    post = Post()
    post.send()
    post.send(DelaySeconds=5)
    post.receive()
    post.sqs.purge_queue(QueueUrl=post.url)
    with scenes.refused() as refusal:
        post.sqs.purge_queue(QueueUrl=post.url)
    post.opened.control.advance(60)
    post.sqs.purge_queue(QueueUrl=post.url)

    assert refusal.code == "AWS.SimpleQueueService.PurgeQueueInProgress"
    assert post.numbers() == (0, 0, 0)


def test_another_account_needs_the_queues_policy() -> None:
    """For the very action; the text is SQS's, with the action in small letters."""
    post = Post()
    stranger = post.client(scenes.SOURCE)
    with scenes.refused() as refusal:
        stranger.send_message(QueueUrl=post.url, MessageBody="x")
    allowed = queue_policy({"AWS": scenes.SOURCE})
    post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes={"Policy": allowed})
    stranger.send_message(QueueUrl=post.url, MessageBody="x")
    with scenes.refused():
        stranger.receive_message(QueueUrl=post.url)
    read = post.sqs.get_queue_attributes(QueueUrl=post.url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes={"Policy": ""})
    with scenes.refused():
        stranger.send_message(QueueUrl=post.url, MessageBody="x")

    assert refusal.code == "AccessDenied"
    assert "is not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:" in refusal.message
    assert json.loads(read)["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{scenes.SOURCE}:root"}
    assert post.bodies() == ["x"]


def test_the_owners_users_need_rights_of_their_own() -> None:
    """The operator of the tools account may assume roles and nothing else."""
    post = Post()
    with scenes.refused() as refusal:
        post.client(scenes.TOOLS, "operator").receive_message(QueueUrl=post.url)

    assert refusal.code == "AccessDenied"
    assert "because no identity-based policy allows the sqs:receivemessage action" in refusal.message


MISSING: list[Any] = [
    pytest.param(
        lambda sqs, _url: sqs.start_message_move_task(SourceArn="arn:aws:sqs:eu-west-1:1:dead"),
        "StartMessageMoveTask",
        id="a message move",
    ),
    pytest.param(
        lambda sqs, _url: sqs.list_message_move_tasks(SourceArn="arn:aws:sqs:eu-west-1:1:dead"),
        "ListMessageMoveTasks",
        id="the list of message moves",
    ),
]


@pytest.mark.parametrize(("call", "words"), MISSING)
def test_what_is_not_simulated_says_so(call: Callable[[Any, str], Any], words: str) -> None:
    """501 by name, nothing ignored."""
    post = Post()
    with scenes.refused() as refusal:
        call(post.sqs, post.url)

    assert refusal.status == 501
    assert words in refusal.message


def test_a_long_poll_ends_when_a_message_comes(server: SimulatorServer) -> None:
    """Over HTTP, with others at work meanwhile."""
    sqs = server.client("sqs", scenes.TOOLS, "admin", region=scenes.HOME)
    url = sqs.create_queue(QueueName="news")["QueueUrl"]
    found: list[Any] = []
    poller = threading.Thread(
        target=lambda: found.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages"))
    )
    started = time.monotonic()
    poller.start()
    other = scenes.client(server, "sqs", scenes.TOOLS)
    while server.simulator.pollers == 0:
        assert poller.is_alive()
    other.send_message(QueueUrl=url, MessageBody="hello")
    poller.join()

    assert found[0][0]["Body"] == "hello"
    assert time.monotonic() - started < 20


def test_many_long_polls_hold_up_nobody(server: SimulatorServer) -> None:
    """Others are answered, and so is the hand from outside, while a hundred wait."""
    config = Config(max_pool_connections=100)
    sqs = server.client("sqs", scenes.TOOLS, "admin", region=scenes.HOME, config=config)
    url = sqs.create_queue(QueueName="news")["QueueUrl"]
    with ThreadPoolExecutor(100) as pool:
        polls = [pool.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20) for _ in range(100)]
        while server.simulator.pollers < 100:
            assert not any(poll.done() for poll in polls)
        assert scenes.control(server, "GET", "clock").status == 200
        other = scenes.client(server, "sqs", scenes.TOOLS)
        for number in range(100):
            other.send_message(QueueUrl=url, MessageBody=str(number))

        bodies = [message["Body"] for poll in polls for message in poll.result().get("Messages", [])]
    assert sorted(bodies, key=int) == [str(number) for number in range(100)]


def test_a_long_poll_ends_in_virtual_time(server: SimulatorServer) -> None:
    """Twenty virtual seconds at rate 100, by the queue's own attribute."""
    server.control.rate(100)
    server.control.freeze(False)
    sqs = server.client("sqs", scenes.TOOLS, "admin", region=scenes.HOME)
    url = sqs.create_queue(QueueName="slow", Attributes={"ReceiveMessageWaitTimeSeconds": "20"})["QueueUrl"]
    started = time.monotonic()
    answer = sqs.receive_message(QueueUrl=url)

    assert "Messages" not in answer
    assert 0.15 < time.monotonic() - started < 20


def test_the_address_of_a_queue_is_on_the_host_that_was_asked(server: SimulatorServer) -> None:
    """Some clients send to it, and nothing shall leave the machine."""
    url = scenes.client(server, "sqs", scenes.TOOLS).create_queue(QueueName="news")["QueueUrl"]

    assert url == f"{server.url}/{scenes.TOOLS}/news"


def test_thirty_two_readers_share_a_queue_and_nobody_gets_anothers_message(server: SimulatorServer) -> None:
    """Each message goes to one reader, while the world is kept and faults come and go."""
    sqs = scenes.client(server, "sqs", scenes.TOOLS)
    url = sqs.create_queue(QueueName="shared")["QueueUrl"]
    for number in range(0, 320, 10):
        entries = [{"Id": str(one), "MessageBody": str(one)} for one in range(number, number + 10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    found: list[str] = []

    def read() -> None:
        reader = scenes.client(server, "sqs", scenes.TOOLS)
        while messages := reader.receive_message(QueueUrl=url, MaxNumberOfMessages=3).get("Messages"):
            for message in messages:
                found.append(message["Body"])
                reader.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    readers = [threading.Thread(target=read) for _ in range(32)]
    for reader in readers:
        reader.start()
    while any(reader.is_alive() for reader in readers):
        server.control.snapshot("under load")
        server.control.faults.add("latency", operation="CreateKey")
        server.control.faults.clear()
    for reader in readers:
        reader.join()

    assert sorted(map(int, found)) == list(range(320))
