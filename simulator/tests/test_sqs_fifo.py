"""SQS: FIFO queues: order within groups, nothing twice, one receive of a group at a time."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

from backup_simulator.records.queue import Message
from backup_simulator.services.sqs import sending
from simulator_kit import scenes
from simulator_kit.posting import Post


class Fifo(Post):
    """A post whose queue is FIFO and looks at the content of messages."""

    def __init__(self, **attributes: str) -> None:
        super().__init__()
        wanted = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} | attributes
        self.url = str(self.sqs.create_queue(QueueName="news.fifo", Attributes=wanted)["QueueUrl"])

    def put(self, *bodies: str, group: str = "a", **options: Any) -> list[Any]:
        """Send messages of a group."""
        return [self.send(body, MessageGroupId=group, **options) for body in bodies]

    def drop(self, message: Any) -> None:
        """Delete a message."""
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])


def test_a_group_comes_in_order_and_one_receive_at_a_time() -> None:
    """What is in flight holds back the rest of its group, and comes first when it comes again."""
    post = Fifo()
    post.put("a1", "a2", "a3")
    post.put("b1", group="b")
    first = post.receive(2)
    second = post.bodies()
    third = post.bodies()
    post.drop(first[0])
    held = post.bodies()
    post.opened.control.advance(30)
    again = post.receive(10)
    for message in again:
        post.drop(message)

    assert [message["Body"] for message in first] == ["a1", "a2"]
    assert (second, third, held) == (["b1"], [], [])
    assert [message["Body"] for message in again] == ["a2", "a3", "b1"]
    assert post.numbers() == (0, 0, 0)


def test_a_handle_expires_with_its_timeout() -> None:
    """Unlike that of a standard queue."""
    post = Fifo()
    post.put("a1")
    (message,) = post.receive()
    post.opened.control.advance(30)
    with scenes.refused() as refusal:
        post.drop(message)

    assert refusal.message.endswith("The receipt handle has expired.")
    assert post.numbers() == (1, 0, 0)


def test_nothing_is_taken_twice_within_five_minutes() -> None:
    """By content or by id, for the queue or for each group; the answer is that of the first one."""
    post = Fifo()
    one, same = post.put("x", "x")
    (other,) = post.put("x", MessageDeduplicationId="mine")
    for message in post.receive(10):
        post.drop(message)
    post.opened.control.advance(299)
    (still,) = post.put("x")
    post.opened.control.advance(1)
    (later,) = post.put("x")
    scope = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes=scope)
    per_group = [post.put("y", group=group)[0]["MessageId"] for group in "aba"]

    assert one["MessageId"] == same["MessageId"] == still["MessageId"]
    assert one["SequenceNumber"] == same["SequenceNumber"] < other["SequenceNumber"] < later["SequenceNumber"]
    assert len({one["MessageId"], other["MessageId"], later["MessageId"]}) == 3
    assert len(one["SequenceNumber"]) == 20
    assert per_group[0] == per_group[2] != per_group[1]
    assert post.numbers() == (3, 0, 0)


def test_a_message_shows_its_group_and_number() -> None:
    """To who asks."""
    post = Fifo()
    (sent,) = post.put("x", MessageDeduplicationId="mine")
    (shown,) = post.receive(AttributeNames=["All"])

    assert shown["Attributes"]["MessageGroupId"] == "a"
    assert shown["Attributes"]["MessageDeduplicationId"] == "mine"
    assert shown["Attributes"]["SequenceNumber"] == sent["SequenceNumber"]


def test_a_standard_queue_keeps_the_group() -> None:
    """Which groups there orders nothing."""
    post = Post()
    post.send("x", MessageGroupId="a")
    post.send("y", MessageGroupId="a")
    (first,) = post.receive(AttributeNames=["MessageGroupId"])

    assert first["Attributes"] == {"MessageGroupId": "a"}
    assert post.bodies() == ["y"]


def test_an_attempt_is_repeated() -> None:
    """As if the first answer had been lost: the same messages and handles, hidden anew."""
    post = Fifo()
    post.put("a1", "a2")
    attempt = {"ReceiveRequestAttemptId": "one"}
    first = post.receive(2, **attempt)
    post.opened.control.advance(20)
    second = post.receive(2, **attempt)
    post.opened.control.advance(20)
    hidden = post.bodies()
    post.drop(second[0])
    third = post.receive(2, **attempt)

    assert [message["ReceiptHandle"] for message in first] == [message["ReceiptHandle"] for message in second]
    assert hidden == []
    assert third == []


def test_a_fifo_queue_has_a_fifo_dead_letter_queue() -> None:
    """What moves away keeps its group, and lets the next one come."""
    post = Fifo()
    dead = post.sqs.create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = f"arn:aws:sqs:{scenes.HOME}:{scenes.TOOLS}:"

    def redrive(name: str) -> None:
        policy = json.dumps({"deadLetterTargetArn": arn + name, "maxReceiveCount": 1})
        post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes={"RedrivePolicy": policy})

    with scenes.refused() as refusal:
        redrive("news")
    redrive("dead.fifo")
    post.put("a1", "a2")
    post.receive(VisibilityTimeout=0)
    following = post.bodies(1)
    (moved,) = post.sqs.receive_message(QueueUrl=dead, AttributeNames=["All"])["Messages"]

    assert refusal.message.endswith("Dead-letter queue must be same type of queue as the source..")
    assert following == ["a2"]
    assert (moved["Body"], moved["Attributes"]["MessageGroupId"]) == ("a1", "a")


def test_a_delay_of_the_queue_holds_in_order() -> None:
    """All of its messages."""
    post = Fifo(DelaySeconds="60")
    post.put("a1")
    post.opened.control.advance(30)
    post.put("a2")
    post.opened.control.advance(30)
    found = post.receive(10)
    for message in found:
        post.drop(message)
    early = post.bodies()
    post.opened.control.advance(30)

    assert [message["Body"] for message in found] == ["a1"]
    assert early == []
    assert post.bodies() == ["a2"]


def test_what_a_queue_of_one_kind_does_not_take() -> None:
    """Each kind has parameters of its own."""
    post = Fifo(ContentBasedDeduplication="false")
    standard = post.sqs.get_queue_url(QueueName="news")["QueueUrl"]
    here: scenes.Json = {"QueueUrl": post.url, "MessageBody": "x", "MessageGroupId": "a", "MessageDeduplicationId": "b"}
    for given, code, words in (
        (here | {"DelaySeconds": 5}, "InvalidParameterValue", "not valid for this queue type"),
        ({"QueueUrl": post.url, "MessageBody": "x"}, "MissingParameter", "MessageGroupId"),
        ({"QueueUrl": post.url, "MessageBody": "x", "MessageGroupId": "a"}, "InvalidParameterValue", "ContentBased"),
        (here | {"MessageGroupId": "a b"}, "InvalidParameterValue", "1 to 128 in length"),
        (here | {"QueueUrl": standard}, "InvalidParameterValue", "not valid for this queue type"),
    ):
        with scenes.refused() as refusal:
            post.sqs.send_message(**given)
        assert (refusal.code, words in refusal.message) == (code, True), refusal.message
    with scenes.refused() as attempt:
        post.sqs.receive_message(QueueUrl=standard, ReceiveRequestAttemptId="x")

    assert "not valid for this queue type" in attempt.message


CREATED: list[Any] = [
    pytest.param("x", {"FifoQueue": "true"}, "InvalidParameterValue", "must end with .fifo", id="no suffix"),
    pytest.param("x.fifo", {}, "InvalidParameterValue", "alphanumeric", id="the suffix alone"),
    pytest.param("x", {"FifoQueue": "false"}, "InvalidAttributeName", "FifoQueue", id="not FIFO"),
    pytest.param("x", {"ContentBasedDeduplication": "true"}, "InvalidAttributeName", "Content", id="of FIFO only"),
    pytest.param(
        "x.fifo", {"FifoQueue": "true", "DeduplicationScope": "all"}, "InvalidAttributeValue", "Scope", id="scope"
    ),
    pytest.param(
        "x.fifo",
        {"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"},
        "InvalidAttributeValue",
        "messageGroup",
        id="high throughput for one scope",
    ),
]


@pytest.mark.parametrize(("name", "given", "code", "words"), CREATED)
def test_attributes_of_fifo_queues(name: str, given: dict[str, str], code: str, words: str) -> None:
    """Kind and name fit each other."""
    post = Post()
    with scenes.refused() as refusal:
        post.sqs.create_queue(QueueName=name, Attributes=given)

    assert refusal.code == code
    assert words in refusal.message


def test_attributes_of_a_fifo_queue_read_back() -> None:
    """With the defaults; the kind stays."""
    post = Fifo()
    shown = post.sqs.get_queue_attributes(QueueUrl=post.url, AttributeNames=["All"])["Attributes"]
    with scenes.refused() as refusal:
        post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes={"FifoQueue": "false"})

    assert (shown["FifoQueue"], shown["ContentBasedDeduplication"]) == ("true", "true")
    assert (shown["DeduplicationScope"], shown["FifoThroughputLimit"]) == ("queue", "perQueue")
    assert refusal.code == "InvalidAttributeValue"


@pytest.mark.parametrize("groups", [1, 1000])
def test_thousands_of_messages_wait_in_groups_without_slowing_anybody(groups: int) -> None:
    """In one group or in many."""
    post = Fifo(VisibilityTimeout="43200")
    queue = post.opened.state.accounts[scenes.TOOLS].region(scenes.HOME).queues["news.fifo"]
    for number in range(20_000):
        content = Message("", str(number), "test", post.opened.control.now(), group=str(number % groups))
        sending.deliver(post.opened.state, queue, "", sender="test", now=content.sent, content=content)
    started = time.process_time()
    found: list[int] = []
    for _ in range(50):
        for message in post.receive(10):
            found.append(int(message["Body"]))
            post.drop(message)
    spent = time.process_time() - started

    assert len(found) == 500
    for group in range(groups):
        mine = [number for number in found if number % groups == group]
        assert mine == sorted(mine)
    assert spent < 4


def test_order_holds_whatever_readers_do() -> None:
    """A thousand random steps: within a group, what is deleted is deleted in the order in which it was sent."""
    dice = random.Random(7)  # noqa: S311 - the same steps every time
    post = Fifo(VisibilityTimeout="5", ContentBasedDeduplication="false")
    held: list[Any] = []
    sent = 0
    done: dict[str, list[int]] = {}
    for _ in range(1000):
        match dice.randrange(5):
            case 0 | 1:
                post.send(str(sent), MessageGroupId=dice.choice("abc"), MessageDeduplicationId=str(sent))
                sent += 1
            case 2:
                held = post.receive(dice.randint(1, 4), AttributeNames=["MessageGroupId"])
            case 3:
                post.opened.control.advance(dice.choice([0.5, 6]))
            case _:
                for message in held:
                    try:
                        post.drop(message)
                    except post.sqs.exceptions.ClientError:
                        break  # expired: what comes after it may not overtake it
                    done.setdefault(message["Attributes"]["MessageGroupId"], []).append(int(message["Body"]))
                held = []

    assert sum(map(len, done.values())) > 100
    assert all(numbers == sorted(set(numbers)) for numbers in done.values())
    assert sum(post.numbers()) == sent - sum(map(len, done.values()))
