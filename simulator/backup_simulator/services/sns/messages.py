"""SNS: what a subscriber gets of a message, and whether a filter policy wants it. Pure.

Source: SNS Developer Guide, message formats and subscription filter policies.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from ...fidelity import Behaviour
from ..events import feed, pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...records.topics import Message, Subscription, Topic

SIGNING = "SimpleNotificationService-0000000000000000000000000000000000000000.pem"


def text_for(message: Message, protocol: str) -> str:
    """The text for subscribers of a protocol: a structured message may have one of its own for each."""
    if not message.structured:
        return message.text
    texts: dict[str, str] = json.loads(message.text)
    return texts.get(protocol, texts["default"])


def wanted(subscription: Subscription, message: Message) -> bool:
    """Whether a subscription's filter policy lets a message through; the grammar is that of event patterns."""
    if not subscription.wanted:
        return True
    if not subscription.of_body:
        found = {name: _value(each["Type"], each["Value"]) for name, each in message.attributes.items()}
        return pattern.matches(dict(subscription.wanted), found)
    try:
        body = json.loads(text_for(message, subscription.protocol))
    except (ValueError, RecursionError):
        return False
    return pattern.matches(dict(subscription.wanted), body)


def _value(kind: str, text: str) -> Any:  # noqa: ANN401 - JSON
    """What a filter policy compares: an array is any of its elements, what is neither text nor number nothing."""
    try:
        match kind:
            case "String":
                return text
            case "Number":
                return float(text)
            case "String.Array":
                return json.loads(text)
    except (ValueError, RecursionError):
        pass
    return None


def envelope(message: Message, topic: Topic, subscription: Subscription, now: float) -> str:
    """The JSON in which a message comes unless its delivery is raw, spaced as SNS writes it.

    Its signature has the form of one, and nobody can verify it.
    """
    host = f"https://sns.{topic.region}.amazonaws.com"
    signature = hashlib.sha512(f"{message.message_id} {topic.arn}".encode()).digest() * 4
    members: dict[str, str | None] = {
        "Type": "Notification",
        "MessageId": message.message_id,
        "TopicArn": topic.arn,
        "Subject": message.subject,
        "Message": text_for(message, subscription.protocol),
        "Timestamp": feed.stamp(now, millis=True),
        "SignatureVersion": topic.signature_version,
        "Signature": base64.b64encode(signature).decode(),
        "SigningCertURL": f"{host}/{SIGNING}",
        "UnsubscribeURL": f"{host}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
    }
    lines = [f'  "{name}" : {_json(value)}' for name, value in members.items() if value is not None]
    if message.attributes:
        rows = [f"    {_json(name)} : {_json(dict(value))}" for name, value in message.attributes.items()]
        lines.append('  "MessageAttributes" : {\n' + ",\n".join(rows) + "\n  }")
    return "{\n" + ",\n".join(lines) + "\n}"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def raw_attributes(message: Message) -> Mapping[str, Mapping[str, Any]]:
    """The attributes that a message of a queue has after a raw delivery."""
    return {name: _raw(each["Type"], each["Value"]) for name, each in message.attributes.items()}


def _raw(kind: str, text: str) -> dict[str, Any]:
    if kind.startswith("Binary"):
        return {"DataType": kind, "BinaryValue": base64.b64decode(text)}
    return {"DataType": kind, "StringValue": text}


FIDELITY = (
    Behaviour(
        "A queue gets the JSON envelope of SNS, or with RawMessageDelivery the text and the attributes themselves",
        "DG",
        "test_sns.py::test_what_a_queue_gets",
    ),
    Behaviour(
        "The signature of a message has the form of one; it cannot be verified, its certificate is nowhere",
        "missing",
        "test_sns.py::test_what_a_queue_gets",
    ),
    Behaviour(
        "Filter policies on attributes and on the body, with the operators of event patterns",
        "DG",
        "test_sns.py::test_filter_policies",
    ),
)
