"""SQS: attributes of messages, tags of queues, dead-letter queues and who may use them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.services.sqs import attributes
from simulator_kit import scenes
from simulator_kit.posting import Post, queue_policy

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = {"DataType": "String", "StringValue": "daily"}
NUMBER = {"DataType": "Number.int", "StringValue": "-1.5e3"}
BYTES = {"DataType": "Binary", "BinaryValue": b"\x00\xff"}
TRACE = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}


def test_attributes_travel_with_a_message() -> None:
    """Receivers get those they ask for, and a digest of these."""
    post = Post(VisibilityTimeout="0")
    sent = post.send(MessageAttributes={"plan.kind": TEXT, "plan.age": NUMBER, "raw": BYTES})
    (nothing,) = post.receive()
    found = {
        asked: post.receive(MessageAttributeNames=[asked])[0].get("MessageAttributes", {})
        for asked in ("All", ".*", "plan.*", "raw", "plan", "other")
    }
    (whole,) = post.receive(MessageAttributeNames=["All"])

    assert "MessageAttributes" not in nothing
    assert whole["MessageAttributes"] == {"plan.kind": TEXT, "plan.age": NUMBER, "raw": BYTES}
    assert whole["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert {asked: sorted(names) for asked, names in found.items()} == {
        "All": ["plan.age", "plan.kind", "raw"],
        ".*": ["plan.age", "plan.kind", "raw"],
        "plan.*": ["plan.age", "plan.kind"],
        "raw": ["raw"],
        "plan": [],
        "other": [],
    }


def test_the_digest_is_the_documented_one() -> None:
    """MD5 over length and bytes of name, type and value, in order of names; a digest that AWS once gave."""
    attribute = {"timestamp": {"DataType": "Number", "StringValue": "1493147359900"}}

    assert attributes.digest(attribute) == "235c5c510d26fb653d073faed50ae77c"
    assert attributes.digest({}) is None


def test_a_trace_header_is_a_system_attribute() -> None:
    """Sent, and shown to who asks for it."""
    post = Post(VisibilityTimeout="0")
    sent = post.send(MessageSystemAttributes=TRACE)
    (shown,) = post.receive(MessageSystemAttributeNames=["AWSTraceHeader"])

    assert shown["Attributes"] == {"AWSTraceHeader": TRACE["AWSTraceHeader"]["StringValue"]}
    assert sent["MD5OfMessageSystemAttributes"] == attributes.digest(TRACE)
    assert "MD5OfMessageAttributes" not in sent


BAD: list[Any] = [
    pytest.param({f"a{n}": TEXT for n in range(11)}, "InvalidParameterValue", "[11]", id="eleven"),
    pytest.param({"a..b": TEXT}, "InvalidParameterValue", "'a..b'", id="two dots"),
    pytest.param({"AWS.a": TEXT}, "InvalidParameterValue", "'AWS.a'", id="a name of AWS"),
    pytest.param({"a": {"DataType": "Text", "StringValue": "x"}}, "InvalidParameterValue", "type 'Text'", id="a type"),
    pytest.param({"a": {"DataType": "String", "StringValue": ""}}, "InvalidParameterValue", "non-empty", id="empty"),
    pytest.param({"a": {"DataType": "Binary", "StringValue": "x"}}, "InvalidParameterValue", "'Binary'", id="mixed"),
    pytest.param({"a": {"DataType": "Number", "StringValue": "x"}}, "InvalidParameterValue", "number", id="no number"),
    pytest.param({"a": {"DataType": "String", "StringValue": "\x01"}}, "InvalidMessageContents", "set", id="control"),
    pytest.param(
        {"a": {"DataType": "String", "StringListValues": ["x"]}},
        "AWS.SimpleQueueService.UnsupportedOperation",
        "not supported",
        id="a list",
    ),
    pytest.param(
        {"a": {"DataType": "String", "StringValue": "x" * 1_048_576}}, "InvalidParameterValue", "shorter", id="too long"
    ),
]


@pytest.mark.parametrize(("given", "code", "words"), BAD)
def test_attributes_that_are_none_are_refused(given: scenes.Json, code: str, words: str) -> None:
    """And the message with them."""
    post = Post()
    with scenes.refused() as refusal:
        post.send(MessageAttributes=given)

    assert refusal.code == code
    assert words in refusal.message
    assert post.numbers() == (0, 0, 0)


def test_a_sender_sets_no_other_system_attribute() -> None:
    """Nor the header in another type."""
    post = Post()
    for given in ({"SenderId": TEXT}, {"AWSTraceHeader": BYTES}):
        with scenes.refused() as refusal:
            post.send(MessageSystemAttributes=given)
        assert refusal.code == "InvalidParameterValue"


def test_tags_of_queues_are_judged() -> None:
    """Given at creation and later; conditions see what is asked for and what the queue has."""
    post = Post()
    url = post.sqs.create_queue(QueueName="tagged", tags={"team": "backup"})["QueueUrl"]
    post.sqs.tag_queue(QueueUrl=url, Tags={"cost": "1", "team": "storage"})
    post.sqs.untag_queue(QueueUrl=url, TagKeys=["cost", "none"])
    only = {
        "Effect": "Deny",
        "Action": "sqs:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/team": "storage"}},
    }
    no_tag = {
        "Effect": "Deny",
        "Action": "sqs:TagQueue",
        "Resource": "*",
        "Condition": {"Null": {"aws:RequestTag/team": "true"}},
    }
    iam = post.opened.client("iam", scenes.TOOLS, "admin", region=scenes.HOME, config=scenes.fast())
    tags = post.sqs.list_queue_tags(QueueUrl=url)["Tags"]
    iam.put_user_policy(UserName="admin", PolicyName="no", PolicyDocument=scenes.text(scenes.policy(only, no_tag)))
    with scenes.refused() as held:
        post.sqs.list_queue_tags(QueueUrl=url)
    with scenes.refused() as tagless:
        post.sqs.tag_queue(QueueUrl=post.url, Tags={"a": "b"})
    with scenes.refused() as at_creation:
        post.sqs.create_queue(QueueName="x", tags={"a": "b"})
    post.sqs.tag_queue(QueueUrl=post.url, Tags={"team": "b"})

    assert tags == {"team": "storage"}
    assert "sqs:listqueuetags" in held.message
    assert "sqs:tagqueue" in tagless.message
    assert "sqs:tagqueue" in at_creation.message
    assert post.sqs.list_queue_tags(QueueUrl=post.url)["Tags"] == {"team": "b"}


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param({"aws:a": "b"}, id="a name of AWS"),
        pytest.param({"": "b"}, id="no name"),
        pytest.param({"a": "b" * 257}, id="a long value"),
        pytest.param({str(number): "b" for number in range(51)}, id="too many"),
    ],
)
def test_tags_have_bounds(tags: dict[str, str]) -> None:
    """None of them is set."""
    post = Post()
    with scenes.refused() as refusal:
        post.sqs.tag_queue(QueueUrl=post.url, Tags=tags)

    assert refusal.code == "InvalidParameterValue"
    assert "Tags" not in post.sqs.list_queue_tags(QueueUrl=post.url)


def test_a_queue_policy_does_not_open_everything() -> None:
    """Another account may send and read, but neither tag nor delete nor change the queue."""
    post = Post(Policy=queue_policy({"AWS": scenes.SOURCE}, "sqs:*"))
    stranger = post.client(scenes.SOURCE)
    stranger.send_message(QueueUrl=post.url, MessageBody="x")
    calls: list[Callable[[], object]] = [
        lambda: stranger.list_queue_tags(QueueUrl=post.url),
        lambda: stranger.tag_queue(QueueUrl=post.url, Tags={"a": "b"}),
        lambda: stranger.set_queue_attributes(QueueUrl=post.url, Attributes={"DelaySeconds": "1"}),
        lambda: stranger.delete_queue(QueueUrl=post.url),
    ]
    for call in calls:
        with scenes.refused() as refusal:
            call()
        assert refusal.code == "AccessDenied"


def test_a_dead_letter_queue_may_choose_its_sources() -> None:
    """By RedriveAllowPolicy; those it has are listed."""
    post = Post()
    dead = post.sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = f"arn:aws:sqs:{scenes.HOME}:{scenes.TOOLS}:"

    def allow(permission: str, *names: str) -> None:
        policy: scenes.Json = {"redrivePermission": permission}
        if names:
            policy["sourceQueueArns"] = [arn + name for name in names]
        post.sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": json.dumps(policy)})

    def redrive(target: str = arn + "dead") -> None:
        policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 3})
        post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes={"RedrivePolicy": policy})

    for permission, names in (("denyAll", ()), ("byQueue", ("other",))):
        allow(permission, *names)
        with scenes.refused() as refusal:
            redrive()
        assert "RedriveAllowPolicy" in refusal.message
    allow("byQueue", "news")
    redrive()
    with scenes.refused() as elsewhere:
        redrive(f"arn:aws:sqs:{scenes.AWAY}:{scenes.TOOLS}:dead")
    with scenes.refused() as nonsense:
        allow("byQueue")
    shown = post.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["RedriveAllowPolicy"])["Attributes"]

    assert post.sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [post.url]
    assert post.sqs.list_dead_letter_source_queues(QueueUrl=post.url)["queueUrls"] == []
    assert json.loads(shown["RedriveAllowPolicy"])["sourceQueueArns"] == [arn + "news"]
    assert elsewhere.message.endswith("Dead letter target does not exist.")
    assert nonsense.code == "InvalidParameterValue"
    assert nonsense.message.endswith("you must also specify one or more sourceQueueArns values.")


def test_what_moved_away_tells_where_it_was() -> None:
    """With its attributes."""
    post = Post()
    dead = post.sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = f"arn:aws:sqs:{scenes.HOME}:{scenes.TOOLS}:"
    redrive = json.dumps({"deadLetterTargetArn": f"{arn}dead", "maxReceiveCount": 1})
    post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes={"RedrivePolicy": redrive})
    post.send(MessageAttributes={"a": TEXT})
    post.receive(VisibilityTimeout=0)
    post.receive()
    (found,) = post.sqs.receive_message(
        QueueUrl=dead, MessageAttributeNames=["All"], MessageSystemAttributeNames=["DeadLetterQueueSourceArn"]
    )["Messages"]

    assert found["MessageAttributes"] == {"a": TEXT}
    assert found["Attributes"] == {"DeadLetterQueueSourceArn": f"{arn}news"}


def test_encryption_by_sqs_is_switched() -> None:
    """It is on unless switched off."""
    post = Post()

    def shown() -> str:
        asked = post.sqs.get_queue_attributes(QueueUrl=post.url, AttributeNames=["SqsManagedSseEnabled"])
        return str(asked["Attributes"]["SqsManagedSseEnabled"])

    before = shown()
    post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes={"SqsManagedSseEnabled": "false"})

    assert (before, shown()) == ("true", "false")


def test_a_permission_is_a_statement_of_the_policy() -> None:
    """By its label; the last one gone, the policy is gone."""
    post = Post()
    stranger = post.client(scenes.SOURCE)
    asked: scenes.Json = {"QueueUrl": post.url, "Label": "a", "AWSAccountIds": [scenes.SOURCE]}
    post.sqs.add_permission(**asked, Actions=["SendMessage", "ReceiveMessage"])
    stranger.send_message(QueueUrl=post.url, MessageBody="x")
    refusals = []
    for call, changes in (
        ("add_permission", {"Actions": ["SendMessage"]}),
        ("add_permission", {"Label": "a b", "Actions": ["SendMessage"]}),
        ("add_permission", {"Label": "b", "Actions": ["DeleteQueue"]}),
        ("add_permission", {"Label": "b", "Actions": ["SendMessage"], "AWSAccountIds": ["000000000001"]}),
        ("add_permission", {"Label": "b", "Actions": ["SendMessage"] * 8}),
    ):
        with scenes.refused() as refusal:
            getattr(post.sqs, call)(**asked | changes)
        refusals.append(refusal.message.partition("Reason: ")[2] or refusal.code)
    post.sqs.remove_permission(QueueUrl=post.url, Label="a")
    with scenes.refused():
        stranger.send_message(QueueUrl=post.url, MessageBody="x")
    with scenes.refused() as gone:
        post.sqs.remove_permission(QueueUrl=post.url, Label="a")

    assert refusals == [
        "Already exists.",
        "It can have up to 80 letters, digits, hyphens and underscores.",
        "Only the queue owner is allowed to invoke this action.",
        "Unable to verify.",
        "OverLimit",
    ]
    assert gone.message.endswith("can't find label.")
    assert "Policy" not in post.sqs.get_queue_attributes(QueueUrl=post.url, AttributeNames=["All"])["Attributes"]
