"""SNS: what becomes of messages to topics, whose topics moto keeps and whose queues are the simulator's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.records.topics import Message, Subscription
from backup_simulator.services.sns import messages
from simulator_kit import scenes
from simulator_kit.notifying import QUEUE, TOPIC, Notified, may_send

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

TEXT = {"kind": {"DataType": "String", "StringValue": "order"}, "size": {"DataType": "Number", "StringValue": "3"}}
MALFORMED = '{"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps", "Principal": "*", "Action": "sns:Publish"}]}'
NOBODY = f"arn:aws:iam::{scenes.SOURCE}:role/nobody"


def publish(notified: Notified, text: str = "hello", **options: Any) -> str:
    """Publish to the topic; returns the message's id."""
    return str(notified.sns.publish(TopicArn=TOPIC, Message=text, **options)["MessageId"])


def test_what_a_user_publishes_arrives() -> None:
    """Alone or in a batch."""
    notified = Notified()
    publish(notified, "one")
    entries = [{"Id": name, "Message": name} for name in ("two", "three")]
    notified.sns.publish_batch(TopicArn=TOPIC, PublishBatchRequestEntries=entries)

    assert [each["Message"] for each in notified.heard()] == ["one", "two", "three"]
    assert notified.outcomes(protocol="sqs") == ["OK"] * 3


def test_what_a_queue_gets() -> None:
    """An envelope with the members of SNS, in its order, spaced as it does."""
    notified = Notified()
    name = publish(notified, 'a "text"', Subject="News", MessageAttributes=TEXT)
    (received,) = notified.received()
    body = received["Body"]
    envelope = json.loads(body)

    assert list(envelope) == [
        *("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature"),
        *("SigningCertURL", "UnsubscribeURL", "MessageAttributes"),
    ]
    assert (envelope["MessageId"], envelope["Message"], envelope["Subject"]) == (name, 'a "text"', "News")
    assert body.startswith('{\n  "Type" : "Notification",\n  "MessageId" : "')
    assert body.endswith(
        '"MessageAttributes" : {\n    "kind" : {"Type":"String","Value":"order"},\n'
        '    "size" : {"Type":"Number","Value":"3"}\n  }\n}'
    )
    assert envelope["UnsubscribeURL"].endswith(f"SubscriptionArn={notified.subscription}")
    assert "MessageAttributes" not in received


def test_a_raw_delivery() -> None:
    """The text as it is, the attributes as those of the queue's message."""
    notified = Notified(subscribed={"RawMessageDelivery": "true"})
    publish(notified, MessageAttributes=TEXT | {"seal": {"DataType": "Binary", "BinaryValue": b"\x00wax"}})
    (received,) = notified.received()

    assert received["Body"] == "hello"
    assert received["MessageAttributes"] == TEXT | {"seal": {"DataType": "Binary", "BinaryValue": b"\x00wax"}}


def test_a_text_for_each_protocol() -> None:
    """A structured message; protocols without a text of their own get the default."""
    notified = Notified()
    notified.sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="ops@example.com")
    publish(notified, json.dumps({"default": "short", "sqs": "long"}), MessageStructure="json")

    assert [(one.protocol, one.message) for one in notified.control.notifications()] == [
        ("sqs", "long"),
        ("email", "short"),
    ]


ATTRIBUTES = {
    "State": {"Type": "String", "Value": "FAILED"},
    "price": {"Type": "Number", "Value": "12.5"},
    "tags": {"Type": "String.Array", "Value": '["red", 3, null]'},
    "seal": {"Type": "Binary", "Value": "AA=="},
}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param({}, True, id="everything"),
        pytest.param({"State": ["FAILED", "EXPIRED"]}, True, id="one of the values"),
        pytest.param({"State": [{"anything-but": "COMPLETED"}]}, True, id="all but one"),
        pytest.param({"State": [{"anything-but": ["FAILED"]}]}, False, id="all but this one"),
        pytest.param({"Missing": [{"anything-but": "COMPLETED"}]}, False, id="all but one needs the attribute"),
        pytest.param({"Missing": [{"exists": False}]}, True, id="absent"),
        pytest.param({"State": [{"prefix": "FAIL"}], "price": [{"numeric": [">", 10, "<=", 12.5]}]}, True, id="both"),
        pytest.param({"State": [{"prefix": "FAIL"}], "price": [{"numeric": ["<", 10]}]}, False, id="not both"),
        pytest.param({"price": ["12.5"]}, False, id="a number is no text"),
        pytest.param({"tags": ["red"]}, True, id="an element"),
        pytest.param({"tags": [3]}, True, id="a number among the elements"),
        pytest.param({"seal": ["AA=="]}, False, id="bytes compare with nothing"),
    ],
)
def test_filter_policies(wanted: scenes.Json, expected: bool) -> None:
    """On attributes: all names have to agree, one value of each."""
    subscription = Subscription("s", TOPIC, scenes.SOURCE, "sqs", QUEUE, wanted=wanted)

    assert messages.wanted(subscription, Message("m", "text", attributes=ATTRIBUTES)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('{"detail": {"state": "FAILED"}}', True, id="as wanted"),
        pytest.param('{"detail": {"state": "COMPLETED"}}', False, id="something else"),
        pytest.param("FAILED", False, id="no JSON"),
        pytest.param("[1]", False, id="no object"),
    ],
)
def test_filter_policies_on_the_body(text: str, expected: bool) -> None:
    """The body is JSON, however deep."""
    wanted = {"detail": {"state": ["FAILED"]}}
    subscription = Subscription("s", TOPIC, scenes.SOURCE, "sqs", QUEUE, wanted=wanted, of_body=True)

    assert messages.wanted(subscription, Message("m", text)) is expected


def test_a_filter_policy_tells_failures_apart() -> None:
    """As AWS advises for BACKUP_JOB_COMPLETED; it may be set and changed later."""
    notified = Notified("COPY_JOB_FAILED", "COPY_JOB_SUCCESSFUL", subscribed={"FilterPolicy": '{"State": ["FAILED"]}'})
    notified.copy()
    filtered = notified.states()
    notified.sns.set_subscription_attributes(
        SubscriptionArn=notified.subscription, AttributeName="FilterPolicy", AttributeValue="{}"
    )
    notified.copy()

    assert (filtered, notified.states()) == ([], ["COMPLETED"])
    assert notified.outcomes() == ["the filter policy does not let it through", "OK"]


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        pytest.param(may_send(), "OK", id="SNS"),
        pytest.param(may_send(ArnEquals={"aws:SourceArn": TOPIC}), "OK", id="for the topic"),
        pytest.param(
            may_send(ArnEquals={"aws:SourceArn": f"{TOPIC}-2"}),
            "the queue's policy does not let sns.amazonaws.com send for this topic",
            id="for another topic",
        ),
        pytest.param("", "the queue's policy does not let sns.amazonaws.com send for this topic", id="nobody"),
    ],
)
def test_a_queue_takes_messages_by_its_policy(policy: str, outcome: str) -> None:
    """Nobody hears of what it does not take, but for the log."""
    notified = Notified()
    notified.sqs.set_queue_attributes(QueueUrl=notified.url, Attributes={"Policy": policy})
    publish(notified)

    assert notified.outcomes() == [outcome]
    assert len(notified.received()) == int(outcome == "OK")


def test_an_encrypted_queue_needs_its_key() -> None:
    """That of SQS lets no service in."""
    notified = Notified()
    notified.sqs.set_queue_attributes(QueueUrl=notified.url, Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    publish(notified)

    assert notified.outcomes() == ["the queue's key does not let sns.amazonaws.com use kms:GenerateDataKey"]


def test_what_does_not_arrive_goes_to_the_dead_letter_queue() -> None:
    """If the subscription has one that takes it."""
    notified = Notified(subscribed={"RedrivePolicy": scenes.text({"deadLetterTargetArn": f"{QUEUE}-dead"})})
    for attributes in ({}, {"Policy": may_send()}):
        dead = notified.sqs.create_queue(QueueName="alerts-dead")["QueueUrl"]
        notified.sqs.set_queue_attributes(QueueUrl=dead, Attributes=attributes)
        notified.sqs.set_queue_attributes(QueueUrl=notified.url, Attributes={"Policy": ""})
        publish(notified)
    closed = "the queue's policy does not let sns.amazonaws.com send for this topic"

    assert notified.outcomes() == [
        f"{closed}; nor did the dead-letter queue take it: {closed}",
        f"{closed}; it is in the dead-letter queue",
    ]
    (message,) = notified.sqs.receive_message(QueueUrl=dead)["Messages"]
    assert json.loads(message["Body"])["Message"] == "hello"


def test_nothing_leaves_the_simulator() -> None:
    """Mailboxes, functions and addresses on the web are told of in the log, and nowhere else."""
    notified = Notified()
    for protocol, endpoint in (
        ("email", "ops@example.com"),
        ("https", "https://hooks.example.com/alerts"),
        ("lambda", f"arn:aws:lambda:{scenes.HOME}:{scenes.SOURCE}:function:pager"),
    ):
        notified.sns.subscribe(TopicArn=TOPIC, Protocol=protocol, Endpoint=endpoint)
    publish(notified, Subject="News")
    kept = notified.control.notifications(outcome="KEPT")

    assert [one.protocol for one in kept] == ["email", "https", "lambda"]
    assert [(one.subject, one.message) for one in notified.control.notifications(protocol="email")] == [
        ("News", "hello")
    ]


def test_what_a_bucket_would_tell_a_topic_goes_nowhere() -> None:
    """Not to the web in particular, where moto would send it."""
    notified = Notified()
    notified.sns.subscribe(TopicArn=TOPIC, Protocol="https", Endpoint="https://hooks.example.com/alerts")
    s3 = notified.client("s3")
    s3.create_bucket(Bucket="orders", CreateBucketConfiguration={"LocationConstraint": scenes.HOME})
    told = [{"TopicArn": TOPIC, "Events": ["s3:ObjectCreated:*"]}]
    s3.put_bucket_notification_configuration(Bucket="orders", NotificationConfiguration={"TopicConfigurations": told})
    s3.put_object(Bucket="orders", Key="a", Body=b"x")
    publish(notified, "only this")

    assert {one.message for one in notified.control.notifications()} == {"only this"}


def test_a_topic_has_a_policy() -> None:
    """Others may publish and subscribe once it lets them; the owner goes by its own rights on the topic alone."""
    notified = Notified()
    strange = notified.client("sns", scenes.TARGET)
    with scenes.refused() as refusal:
        strange.publish(TopicArn=TOPIC, Message="from outside")
    notified.sns.add_permission(
        TopicArn=TOPIC, Label="target", AWSAccountId=[scenes.TARGET], ActionName=["Publish", "Subscribe"]
    )
    strange.publish(TopicArn=TOPIC, Message="let in")
    strange.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="target@example.com")
    publish(notified, "for both")

    assert (refusal.code, refusal.status) == ("AuthorizationError", 403)
    assert [each["Message"] for each in notified.heard()] == ["let in", "for both"]
    assert [one.message for one in notified.control.notifications(protocol="email")] == ["for both"]


def test_rights_are_on_topics() -> None:
    """An identity policy may name a topic, and is for this one then."""

    def change(scene: scenes.Json) -> None:
        key = {"id": "AKIAPUBLISHER2222222", "secret": "publisher-secret"}
        policies = [scenes.allow("sns:Publish", resource=TOPIC)]
        user = {"name": "publisher", "access_key": key, "policies": policies}
        scenes.account(scene, scenes.SOURCE)["users"].append(user)

    notified = Notified(change=change)
    other = notified.sns.create_topic(Name="others")["TopicArn"]
    publisher = notified.opened.client("sns", scenes.SOURCE, "publisher", region=scenes.HOME, config=scenes.fast())
    publisher.publish(TopicArn=TOPIC, Message="x")
    with scenes.refused() as refusal:
        publisher.publish(TopicArn=other, Message="x")

    assert notified.outcomes() == ["OK"]
    assert refusal.code == "AuthorizationError"


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        pytest.param("create_topic", {"Name": "new", "Attributes": {"Policy": MALFORMED}}, id="a policy that is none"),
        pytest.param(
            "set_topic_attributes",
            {
                "TopicArn": TOPIC,
                "AttributeName": "Policy",
                "AttributeValue": scenes.text(
                    scenes.policy(
                        {"Effect": "Allow", "Principal": {"AWS": NOBODY}, "Action": "sns:Publish", "Resource": "*"}
                    )
                ),
            },
            id="a policy for nobody",
        ),
        pytest.param(
            "subscribe",
            {
                "TopicArn": TOPIC,
                "Protocol": "sqs",
                "Endpoint": QUEUE,
                "Attributes": {"FilterPolicy": '{"a": [{"like": "b"}]}'},
            },
            id="an operator that is none",
        ),
        pytest.param(
            "subscribe",
            {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": f"{QUEUE}.fifo"},
            id="a FIFO queue for a standard topic",
        ),
        pytest.param(
            "set_subscription_attributes",
            {"SubscriptionArn": f"{TOPIC}:1", "AttributeName": "RedrivePolicy", "AttributeValue": "{"},
            id="a dead-letter queue that is none",
        ),
        pytest.param(
            "set_topic_attributes",
            {"TopicArn": TOPIC, "AttributeName": "policy", "AttributeValue": "{}"},
            id="an attribute that no topic has",
        ),
        pytest.param("subscribe", {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": TOPIC}, id="no queue"),
        pytest.param("delete_topic", {"TopicArn": "alerts"}, id="a topic without an ARN"),
        *(
            pytest.param("publish", {"TopicArn": TOPIC, "Message": text, "MessageStructure": "json"}, id=why)
            for text, why in (("{", "no JSON"), ('{"sqs": "x"}', "no default"), ('{"default": 1}', "no text"))
        ),
        *(
            pytest.param("publish", {"TopicArn": TOPIC, "Message": "x"} | asked, id=why)
            for asked, why in (
                ({"Message": ""}, "no message"),
                ({"Subject": "a\nb"}, "two lines"),
                ({"Subject": ""}, "none"),
            )
        ),
        pytest.param("publish", {"Message": "x"}, id="to nobody"),
        *(
            pytest.param("subscribe", {"TopicArn": TOPIC, "Protocol": protocol, "Endpoint": "https://x"}, id=protocol)
            for protocol in ("pigeon", "http")
        ),
        *(
            pytest.param(
                "subscribe",
                {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE, "Attributes": {name: "Perhaps"}},
                id=f"a strange {name}",
            )
            for name in ("RawMessageDelivery", "FilterPolicyScope")
        ),
    ],
)
def test_what_cannot_be_is_refused(operation: str, asked: scenes.Json) -> None:
    """Before moto sees it."""
    notified = Notified()
    with scenes.refused() as refusal:
        getattr(notified.sns, operation)(**asked)

    assert (refusal.code, refusal.status) == ("InvalidParameter", 400)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        pytest.param(scenes.allow("sns:*", "kms:GenerateDataKey", "kms:Decrypt"), "", id="both rights"),
        pytest.param(scenes.allow("sns:*", "kms:GenerateDataKey"), "KMSAccessDenied", id="one of them"),
    ],
)
def test_an_encrypted_topic_needs_the_callers_right(statement: scenes.Json, code: str) -> None:
    """On the key of the topic, as at a queue."""

    def change(scene: scenes.Json) -> None:
        key = {"id": "AKIAPUBLISHER2222222", "secret": "publisher-secret"}
        user = {"name": "publisher", "access_key": key, "policies": [statement]}
        scenes.account(scene, scenes.SOURCE)["users"].append(user)

    notified = Notified(change=change)
    notified.sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="KmsMasterKeyId", AttributeValue="alias/data")
    publisher = notified.opened.client("sns", scenes.SOURCE, "publisher", region=scenes.HOME, config=scenes.fast())
    found = ""
    try:
        publisher.publish(TopicArn=TOPIC, Message="x")
    except publisher.exceptions.ClientError as error:
        found = error.response["Error"]["Code"]

    assert (found, len(notified.received())) == (code, int(not code))


def test_the_log_is_shown_over_http(server: SimulatorServer) -> None:
    """All of it, or that of a topic, a protocol, an outcome."""
    sns = scenes.client(server, "sns", scenes.SOURCE)
    arn = sns.create_topic(Name="alerts")["TopicArn"]
    for protocol, endpoint in (("email", "ops@example.com"), ("sqs", QUEUE)):
        sns.subscribe(TopicArn=arn, Protocol=protocol, Endpoint=endpoint)
    name = sns.publish(TopicArn=arn, Message="hello", MessageAttributes=TEXT)["MessageId"]
    (kept,) = scenes.send(server, "GET", "/_sim/notifications?outcome=KEPT").json["notifications"]
    whole = scenes.send(server, "GET", "/_sim/notifications").json["notifications"]
    strange = scenes.send(server, "GET", "/_sim/notifications?color=red")

    assert kept == {
        "time": kept["time"],
        "topic": arn,
        "message_id": name,
        "subject": None,
        "message": "hello",
        "attributes": {"kind": "order", "size": "3"},
        "protocol": "email",
        "endpoint": "ops@example.com",
        "outcome": "KEPT",
    }
    assert [each["outcome"] for each in whole] == ["KEPT", "the queue does not exist"]
    assert strange.status == 400


def test_a_fifo_topic() -> None:
    """Its queue takes nothing twice."""
    notified = Notified()
    arn = notified.sns.create_topic(Name="orders.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    attributes = {"FifoQueue": "true", "Policy": may_send()}
    notified.url = notified.sqs.create_queue(QueueName="orders.fifo", Attributes=attributes)["QueueUrl"]
    notified.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=QUEUE.replace("alerts", "orders.fifo"))
    for text in ("one", "again"):
        notified.sns.publish(TopicArn=arn, Message=text, MessageGroupId="g", MessageDeduplicationId="d")

    assert [each["Message"] for each in notified.heard()] == ["one"]


def test_who_unsubscribed_hears_no_more() -> None:
    """From the next message on."""
    notified = Notified()
    notified.sns.unsubscribe(SubscriptionArn=notified.subscription)
    publish(notified)

    assert notified.control.notifications() == []
