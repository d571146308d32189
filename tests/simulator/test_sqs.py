"""SQS: queues, messages, policies, the way boto3 users see them."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.simulator import scenes

from backup_simulator.services.sqs import sending as sqs_sending
from backup_simulator.transport import InProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from backup_simulator.server import SimulatorServer


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


def test_a_message_is_sent_received_and_deleted() -> None:
    """With the digest that botocore compares, and the attributes that were asked for."""
    post = Post()
    sent = post.send("hëllo")
    (message,) = post.receive(AttributeNames=["SentTimestamp", "ApproximateReceiveCount"])
    post.sqs.delete_message(QueueUrl=post.url, ReceiptHandle=message["ReceiptHandle"])
    post.opened.control.advance("1h")

    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "hëllo")
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert message["Attributes"] == {"SentTimestamp": "1772323200000", "ApproximateReceiveCount": "1"}
    assert post.receive() == []
    assert post.numbers() == (0, 0, 0)


def test_a_received_message_is_hidden_for_a_while() -> None:
    """Virtual time; then it comes again, with another handle."""
    post = Post()
    post.send()
    (first,) = post.receive()
    hidden = post.receive()
    post.opened.control.advance(30)
    (second,) = post.receive(MessageSystemAttributeNames=["All"])

    assert hidden == []
    assert second["MessageId"] == first["MessageId"]
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"


def test_only_the_newest_handle_deletes() -> None:
    """An older one is no error and has no effect."""
    post = Post()
    post.send()
    (first,) = post.receive(VisibilityTimeout=0)
    (second,) = post.receive(VisibilityTimeout=0)
    post.sqs.delete_message(QueueUrl=post.url, ReceiptHandle=first["ReceiptHandle"])
    still = post.numbers()[0]
    for _ in range(2):  # the second time it is gone, which is no error either
        post.sqs.delete_message(QueueUrl=post.url, ReceiptHandle=second["ReceiptHandle"])
    with scenes.refused() as refusal:
        post.sqs.delete_message(QueueUrl=post.url, ReceiptHandle="made up")

    assert still == 1
    assert post.numbers() == (0, 0, 0)
    assert refusal.code == "ReceiptHandleIsInvalid"


def test_visibility_is_changed() -> None:
    """Zero brings the message back, more keeps it away; only in flight, and for twelve hours in all."""
    post = Post()
    post.send()
    (message,) = post.receive()
    handle = {"QueueUrl": post.url, "ReceiptHandle": message["ReceiptHandle"]}
    post.sqs.change_message_visibility(**handle, VisibilityTimeout=600)
    post.opened.control.advance(599)
    hidden = post.receive()
    with scenes.refused() as too_long:
        post.sqs.change_message_visibility(**handle, VisibilityTimeout=43_200)
    post.sqs.change_message_visibility(**handle, VisibilityTimeout=0)
    with scenes.refused() as visible:
        post.sqs.change_message_visibility(**handle, VisibilityTimeout=5)
    (again,) = post.receive()
    post.sqs.delete_message(QueueUrl=post.url, ReceiptHandle=again["ReceiptHandle"])
    with scenes.refused() as gone:
        post.sqs.change_message_visibility(**handle, VisibilityTimeout=5)

    assert hidden == []
    assert (too_long.code, visible.code) == ("InvalidParameterValue", "AWS.SimpleQueueService.MessageNotInflight")
    assert "beyond the limit [43200 seconds]" in too_long.message
    assert gone.message.endswith("Message does not exist or is not available for visibility timeout change.")


def test_delays_hold_messages_back() -> None:
    """The message's own before the queue's."""
    post = Post(DelaySeconds="60", VisibilityTimeout="600")
    post.send("late")
    post.send("soon", DelaySeconds=5)
    post.send("now", DelaySeconds=0)
    numbers = post.numbers()
    found = [post.bodies()]
    for seconds in (4, 1, 54, 1):
        post.opened.control.advance(seconds)
        found.append(post.bodies())

    assert numbers == (1, 0, 2)
    assert found == [["now"], [], ["soon"], [], ["late"]]


def test_messages_expire() -> None:
    """After the retention period, in flight or not."""
    post = Post(MessageRetentionPeriod="60")
    post.send("one")
    post.opened.control.advance(40)
    post.send("two")
    post.receive()
    post.opened.control.advance(30)

    assert post.bodies() == ["two"]
    assert post.numbers() == (0, 1, 0)


def test_what_is_received_too_often_moves_away() -> None:
    """To the dead-letter queue, with its id."""
    post = Post()
    dead = post.sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = post.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes={"RedrivePolicy": redrive})
    sent = post.send()["MessageId"]
    for _ in range(2):
        post.receive(VisibilityTimeout=0)

    assert post.receive() == []
    assert post.sqs.receive_message(QueueUrl=dead)["Messages"][0]["MessageId"] == sent
    assert post.numbers() == (0, 0, 0)


def test_what_moved_away_expires_by_its_own_age() -> None:
    """Not with those that came to the dead-letter queue before it."""
    post = Post()
    dead = post.sqs.create_queue(QueueName="dead", Attributes={"MessageRetentionPeriod": "60"})["QueueUrl"]
    arn = post.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes={"RedrivePolicy": redrive})
    post.send("old")
    post.opened.control.advance("50s")
    post.sqs.send_message(QueueUrl=dead, MessageBody="young")
    post.receive(VisibilityTimeout=0)
    post.receive()
    post.opened.control.advance("11s")
    left = post.sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10)["Messages"]

    assert [message["Body"] for message in left] == ["young"]


def test_batches_do_each_entry_by_itself() -> None:
    """What one refuses does not touch the others."""
    post = Post(MaximumMessageSize="1024")
    entries = [{"Id": "good", "MessageBody": "a"}, {"Id": "long", "MessageBody": "b" * 1025}]
    sent = post.sqs.send_message_batch(QueueUrl=post.url, Entries=entries)
    (message,) = post.receive()
    handles = [{"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "b", "ReceiptHandle": "made up"}]
    shown = post.sqs.change_message_visibility_batch(
        QueueUrl=post.url, Entries=[{**handle, "VisibilityTimeout": 0} for handle in handles]
    )
    deleted = post.sqs.delete_message_batch(QueueUrl=post.url, Entries=handles)

    assert [entry["Id"] for entry in sent["Successful"]] == ["good"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in sent["Failed"]] == [
        ("long", "InvalidParameterValue", True)
    ]
    for answer in (shown, deleted):
        assert [entry["Id"] for entry in answer["Successful"]] == ["a"]
        assert [entry["Code"] for entry in answer["Failed"]] == ["ReceiptHandleIsInvalid"]
    assert post.numbers() == (0, 0, 0)


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


def queue_policy(principal: Any, action: str = "sqs:SendMessage") -> str:
    """A queue policy of one statement."""
    return scenes.text(scenes.policy({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}))


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
    sqs = scenes.client(server, "sqs", scenes.TOOLS)
    url = sqs.create_queue(QueueName="news")["QueueUrl"]
    found: list[Any] = []
    poller = threading.Thread(
        target=lambda: found.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=4).get("Messages"))
    )
    started = time.monotonic()
    poller.start()
    other = scenes.client(server, "sqs", scenes.TOOLS)
    while server.simulator.pollers == 0:
        assert poller.is_alive()
    other.send_message(QueueUrl=url, MessageBody="hello")
    poller.join(timeout=5)

    assert found[0][0]["Body"] == "hello"
    assert time.monotonic() - started < 3


def test_a_long_poll_ends_in_virtual_time(server: SimulatorServer) -> None:
    """Twenty virtual seconds at rate 100, by the queue's own attribute."""
    server.control.rate(100)
    server.control.freeze(False)
    sqs = scenes.client(server, "sqs", scenes.TOOLS)
    url = sqs.create_queue(QueueName="slow", Attributes={"ReceiveMessageWaitTimeSeconds": "20"})["QueueUrl"]
    started = time.monotonic()
    answer = sqs.receive_message(QueueUrl=url)

    assert "Messages" not in answer
    assert 0.15 < time.monotonic() - started < 3


def test_the_address_of_a_queue_is_on_the_host_that_was_asked(server: SimulatorServer) -> None:
    """Some clients send to it, and nothing shall leave the machine."""
    url = scenes.client(server, "sqs", scenes.TOOLS).create_queue(QueueName="news")["QueueUrl"]

    assert url == f"{server.url}/{scenes.TOOLS}/news"


def test_thousands_of_messages_wait_without_slowing_anybody() -> None:
    """Receiving and counting does not look at all of them."""
    post = Post()
    queue = post.opened.state.accounts[scenes.TOOLS].region(scenes.HOME).queues["news"]
    for number in range(20_000):
        sqs_sending.deliver(post.opened.state, queue, str(number), sender="test", now=post.opened.control.now())
    started = time.process_time()
    bodies = [body for _ in range(50) for body in post.bodies()]
    numbers = post.numbers()
    spent = time.process_time() - started

    assert bodies == [str(number) for number in range(500)]
    assert numbers == (19_500, 500, 0)
    assert spent < 2


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


def test_without_its_dead_letter_queue_a_queue_keeps_its_messages() -> None:
    """What was received too often stays when the queue that it would move to is gone."""
    post = Post()
    dead = post.sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = post.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes={"RedrivePolicy": redrive})
    post.send("hello")
    post.receive(VisibilityTimeout=0)
    post.sqs.delete_queue(QueueUrl=dead)

    assert [message["Body"] for message in post.receive()] == ["hello"]
    assert post.numbers() == (0, 1, 0)
