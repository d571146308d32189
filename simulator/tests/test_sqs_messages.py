"""SQS: what becomes of messages, up to the dead-letter queue."""

from __future__ import annotations

import json
import time

from backup_simulator.services.sqs import sending as sqs_sending
from simulator_kit import scenes
from simulator_kit.posting import Post


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


def test_a_queue_may_be_its_own_dead_letter_queue() -> None:
    """What was received too often starts anew in it, behind all others, with its age."""
    post = Post(MessageRetentionPeriod="60")
    arn = post.sqs.get_queue_attributes(QueueUrl=post.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes={"RedrivePolicy": redrive})
    post.send("bad")
    for _ in range(2):
        post.receive(VisibilityTimeout=0)
    post.send("good")
    first, again = (post.receive(MessageSystemAttributeNames=["All"])[0] for _ in range(2))
    post.opened.control.advance("1m")

    assert [first["Body"], again["Body"]] == ["good", "bad"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "1"
    assert again["Attributes"]["DeadLetterQueueSourceArn"] == arn
    assert post.sqs.list_dead_letter_source_queues(QueueUrl=post.url)["queueUrls"] == [post.url]
    assert post.receive() == []


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
