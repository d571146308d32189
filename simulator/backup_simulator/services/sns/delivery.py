"""SNS: how a message gets from a topic to its subscriptions. Nothing leaves the simulator.

Queues are the simulator's own. What would go to a mailbox, a telephone, a function or an address on the web is kept in
the log at `/_sim/notifications`, as is what did not arrive and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import arns
from ...fidelity import Behaviour
from ...identity import gate
from ...records import keys, principals
from ...records.topics import Posting
from ..sqs import attributes as sqs_attributes
from ..sqs import encryption
from ..sqs import sending as sqs_sending
from ..sqs import settings as sqs
from ..sqs.queue import Message as Queued
from . import messages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...records.state import Key, State
    from ...records.topics import Message, Subscription, Topic
    from ..sqs.queue import Queue

SERVICE = "sns.amazonaws.com"
MANAGED_ALIAS = "alias/aws/sns"
KEPT, BURIED = "KEPT", "it is in the dead-letter queue"
Keys = dict[str, tuple[str, ...]]


def topic(state: State, arn: str) -> Topic | None:
    """A topic of any account by its ARN."""
    service, region, account, _ = arns.of(arn)
    if service != "sns" or account not in state.accounts:
        return None
    return state.accounts[account].region(region).topics.get(arn)


def publish_for(state: State, service: str, topic_arn: str, message: Message, *, known: Keys, now: float) -> None:
    """Let a service of AWS publish, if the topic's policy and key let it; nobody but the log hears of a refusal.

    `known` are the condition keys that say on whose behalf.
    """
    found = topic(state, topic_arn)
    reason = "the topic does not exist" if found is None else _refusal(state, service, found, known)
    if found is None or reason:
        _log(state, topic_arn, message, None, now, reason)
    else:
        publish(state, found, message, now)


def _refusal(state: State, service: str, found: Topic, known: Keys) -> str:
    caller = principals.of_service(service)
    asked = gate.question(state, caller, "sns:Publish", found.arn, known)
    if gate.refusal(state, asked, found.policy, owner=found.account):
        return f"the topic's policy does not let {service} publish"
    if found.key is None:
        return ""
    reason = keys.closed_to(state, key_of(state, found), caller, encryption.SENDING, known | key_context(found))
    return reason and f"the topic's key {reason}"


def key_of(state: State, found: Topic) -> Key | None:
    """The key of an encrypted topic, named by id, ARN, alias or alias ARN."""
    return keys.of_setting(state, (found.account, found.region), found.key or "", MANAGED_ALIAS, state.now())


def key_context(found: Topic) -> Keys:
    """The condition keys of SNS's calls to KMS for somebody."""
    return {
        "kms:viaservice": (f"sns.{found.region}.amazonaws.com",),
        "kms:encryptioncontext:aws:sns:topicarn": (found.arn,),
        "kms:encryptioncontextkeys": ("aws:sns:topicArn",),
    }


def publish(state: State, found: Topic, message: Message, now: float) -> None:
    """Deliver a message that a topic took, and write down what became of it at each subscription."""
    for each in tuple(_subscriptions(state, found)):
        _log(state, found.arn, message, each, now, _deliver(state, found, each, message, now))


def _subscriptions(state: State, found: Topic) -> Iterator[Subscription]:
    """The subscriptions of a topic, those of other accounts included; all are in its Region."""
    for account in state.accounts.values():
        region = account.regions.get(found.region)
        for each in region.subscriptions.values() if region else ():
            if each.topic_arn == found.arn:
                yield each


def _log(
    state: State, topic_arn: str, message: Message, subscription: Subscription | None, now: float, outcome: str
) -> None:
    protocol, endpoint = (subscription.protocol, subscription.endpoint) if subscription else ("", "")
    text = messages.text_for(message, protocol)
    attributes = {name: each["Value"] for name, each in message.attributes.items()}
    state.post.log.append(
        Posting(now, topic_arn, message.message_id, message.subject, text, attributes, protocol, endpoint, outcome)
    )


def _deliver(state: State, found: Topic, subscription: Subscription, message: Message, now: float) -> str:
    """Deliver to one subscription; returns the outcome."""
    if not messages.wanted(subscription, message):
        return "the filter policy does not let it through"
    if subscription.protocol != "sqs":
        return KEPT
    content = _content(found, subscription, message, now)
    flaw = _enqueue(state, found, subscription.endpoint, content, now)
    if flaw and subscription.dead_letters:
        worse = _enqueue(state, found, subscription.dead_letters, content, now)
        return f"{flaw}; " + (f"nor did the dead-letter queue take it: {worse}" if worse else BURIED)
    return flaw or "OK"


def _content(found: Topic, subscription: Subscription, message: Message, now: float) -> Queued:
    body, attributes = messages.envelope(message, found, subscription, now), None
    if subscription.raw:
        body, attributes = messages.text_for(message, "sqs"), messages.raw_attributes(message) or None
    return Queued(
        "", body, SERVICE, now, attributes=attributes, group=message.group, deduplication=message.deduplication
    )


def _enqueue(state: State, found: Topic, queue_arn: str, content: Queued, now: float) -> str:
    """Put a message into a queue; returns why not, or nothing."""
    queue = sqs.by_arn(state, queue_arn)
    if queue is None:
        return "the queue does not exist"
    flaw = _closed(state, found, queue)
    if flaw:
        return flaw
    extra = content.attributes or {}
    if len(extra) > sqs_attributes.MAX_ATTRIBUTES:
        return "a raw message has more attributes than a queue takes"
    if len(content.body.encode()) + sqs_attributes.size(extra) > queue.settings.MaximumMessageSize:
        return "the message is larger than the queue takes"
    if sqs_attributes.FORBIDDEN.search(content.body):
        return "the message contains characters that a queue does not take"
    if queue.fifo and (content.group is None or not (queue.fifo.content_based or content.deduplication)):
        return "a FIFO queue needs a group and a deduplication id"
    sqs_sending.deliver(state, queue, content.body, sender=SERVICE, now=now, content=content)
    return ""


def _closed(state: State, found: Topic, queue: Queue) -> str:
    """Why a queue does not take what a topic sends; empty when it does."""
    caller = principals.of_service(SERVICE)
    known: Keys = {"aws:sourcearn": (found.arn,), "aws:sourceaccount": (found.account,)}
    asked = gate.question(state, caller, "sqs:SendMessage", queue.arn, known)
    if gate.refusal(state, asked, queue.policy, owner=queue.account):
        return f"the queue's policy does not let {SERVICE} send for this topic"
    return encryption.closed_to(state, queue, caller, known, state.now())


FIDELITY = (
    Behaviour(
        "A queue takes what a topic sends if its policy lets sns.amazonaws.com in, `aws:SourceArn` being the topic, "
        "and its key too; else the message goes to the subscription's dead-letter queue or is lost",
        "DG",
        "test_sns.py::test_a_queue_takes_messages_by_its_policy",
    ),
    Behaviour(
        "Subscriptions by e-mail, telephone, HTTP and Lambda are never called: what they would get is in the log of "
        "`/_sim/notifications`, outcome KEPT",
        "ours",
        "test_sns.py::test_nothing_leaves_the_simulator",
    ),
    Behaviour(
        "Messages arrive at once, in order and once; SNS promises none of it of standard topics",
        "DG; ours (simplified)",
        "test_notices.py::test_a_failed_copy_arrives_in_a_queue",
    ),
)
