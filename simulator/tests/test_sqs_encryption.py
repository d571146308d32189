"""SQS: queues with a KMS key, and what their users need."""

from __future__ import annotations

from typing import Any

import pytest

from simulator_kit import scenes
from simulator_kit.listening import Listener
from simulator_kit.posting import Post, queue_policy

ROOT = {"Effect": "Allow", "Principal": {"AWS": scenes.TOOLS}, "Action": "kms:*", "Resource": "*"}


class Locked(Post):
    """A post whose queue is encrypted with a key of its account."""

    def __init__(self, *statements: scenes.Json) -> None:
        super().__init__()
        self.kms = self.opened.client("kms", scenes.TOOLS, "admin", region=scenes.HOME, config=scenes.fast())
        policy = scenes.text(scenes.policy(ROOT, *statements))
        self.key = str(self.kms.create_key(Policy=policy)["KeyMetadata"]["Arn"])
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"KmsMasterKeyId": self.key})


def deny(action: str, **condition: Any) -> scenes.Json:
    """A statement of a key policy against the account."""
    return ROOT | {"Effect": "Deny", "Action": action} | ({"Condition": condition} if condition else {})


QUEUE_ARN = f"arn:aws:sqs:{scenes.HOME}:{scenes.TOOLS}:news"
SAYS: list[Any] = [
    pytest.param(None, True, True, id="nothing against it"),
    pytest.param(deny("kms:GenerateDataKey"), False, True, id="no data keys"),
    pytest.param(deny("kms:Decrypt"), False, False, id="no decryption"),
    pytest.param(
        deny("kms:*", StringNotEquals={"kms:ViaService": f"sqs.{scenes.HOME}.amazonaws.com"}), True, True, id="via SQS"
    ),
    pytest.param(
        deny("kms:Decrypt", StringEquals={"kms:EncryptionContext:aws:sqs:arn": QUEUE_ARN}),
        False,
        False,
        id="this queue",
    ),
]


@pytest.mark.parametrize(("statement", "sends", "receives"), SAYS)
def test_a_key_has_a_say(statement: scenes.Json | None, sends: bool, receives: bool) -> None:
    """Senders need data keys and decryption, receivers decryption."""
    post = Locked()
    post.send("before")
    policy = scenes.policy(ROOT, *([statement] if statement else []))
    post.kms.put_key_policy(KeyId=post.key, Policy=scenes.text(policy), BypassPolicyLockoutSafetyCheck=True)
    found = []
    for call in (post.send, post.receive):
        try:
            call()
            found.append("")
        except post.sqs.exceptions.KmsAccessDenied as error:
            found.append(error.response["Error"]["Code"])

    assert found == ["" if allowed else "KMS.AccessDeniedException" for allowed in (sends, receives)]


def test_a_key_that_cannot_be_used_stops_the_queue() -> None:
    """Disabled, awaiting deletion, gone."""
    post = Locked()
    codes = []

    def tried() -> None:
        with scenes.refused() as refusal:
            post.send()
        codes.append(refusal.code)

    post.kms.disable_key(KeyId=post.key)
    tried()
    post.kms.schedule_key_deletion(KeyId=post.key, PendingWindowInDays=7)
    tried()
    post.opened.control.advance("7d")
    tried()

    assert codes == ["KMS.DisabledException", "KMS.InvalidStateException", "KMS.NotFoundException"]


def test_a_queue_is_encrypted_in_one_way() -> None:
    """By SQS at first; by a key, which may be named by its alias; or not at all."""
    post = Post()
    post.opened.client("kms", scenes.TOOLS, "admin", region=scenes.HOME, config=scenes.fast())

    def changed(**attributes: str) -> tuple[str, str | None]:
        post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes=attributes)
        shown = post.sqs.get_queue_attributes(QueueUrl=post.url, AttributeNames=["All"])["Attributes"]
        return shown["SqsManagedSseEnabled"], shown.get("KmsMasterKeyId")

    found = [
        changed(KmsMasterKeyId="alias/aws/sqs", KmsDataKeyReusePeriodSeconds="600"),
        changed(KmsMasterKeyId=""),
        changed(KmsMasterKeyId="alias/mine"),
        changed(SqsManagedSseEnabled="true"),
        changed(SqsManagedSseEnabled="false"),
    ]
    with scenes.refused() as both:
        changed(KmsMasterKeyId="alias/mine", SqsManagedSseEnabled="true", VisibilityTimeout="7")
    kept = post.sqs.get_queue_attributes(QueueUrl=post.url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    with scenes.refused() as bounds:
        changed(KmsDataKeyReusePeriodSeconds="59")

    assert found == [
        ("false", "alias/aws/sqs"),
        ("false", None),
        ("false", "alias/mine"),
        ("true", None),
        ("false", None),
    ]
    assert "one type of server-side encryption" in both.message
    assert kept == {"VisibilityTimeout": "30"}  # what is refused changes nothing
    assert bounds.code == "InvalidAttributeValue"


def test_the_key_of_sqs_itself_serves_its_own_account_only() -> None:
    """Another account may send by the queue's policy, and fails at the key."""
    post = Post(Policy=queue_policy({"AWS": scenes.SOURCE}), KmsMasterKeyId="alias/aws/sqs")
    post.send("mine")
    with scenes.refused() as refusal:
        post.client(scenes.SOURCE).send_message(QueueUrl=post.url, MessageBody="x")

    assert post.bodies() == ["mine"]
    assert refusal.code == "KMS.AccessDeniedException"


@pytest.mark.parametrize("admitted", [True, False])
def test_eventbridge_needs_the_key_too(admitted: bool) -> None:
    """As its policy says for the service; else the event is lost, and the log tells why."""
    listener = Listener(pattern={"source": ["shop"]})
    root = ROOT | {"Principal": {"AWS": scenes.SOURCE}}
    service = root | {
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Condition": {"ArnEquals": {"aws:SourceArn": listener.rule_arn}},
    }
    policy = scenes.policy(root, *([service] if admitted else []))
    key = listener.client("kms").create_key(Policy=scenes.text(policy))["KeyMetadata"]["KeyId"]
    listener.sqs.set_queue_attributes(QueueUrl=listener.url, Attributes={"KmsMasterKeyId": key})
    listener.put()
    outcome = listener.opened.control.events.log()[-1].outcome

    assert len(listener.bodies()) == int(admitted)
    assert outcome == "OK" if admitted else "the queue's key does not let events.amazonaws.com" in outcome
