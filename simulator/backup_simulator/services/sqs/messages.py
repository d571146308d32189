"""SQS: receiving, hiding and deleting messages. Sending is in `sending`.

Receipt handles change with every receive; an older one deletes nothing, without an error in a standard queue.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records.queue import MAX_IN_FLIGHT, TWELVE_HOURS, Message
from ...wire import AwsError, Params
from ..operation import Operation, Scope
from . import attributes, encryption, queues, sending, settings
from .sending import bounded

if TYPE_CHECKING:
    from ...records.queue import Fifo, Queue


def receive(scope: Scope, params: Params) -> Params:
    """Receive up to ten messages, which are hidden from others for a while."""
    queue = queues.judged(scope, params, "ReceiveMessage")
    encryption.require_use(scope, queue, encryption.RECEIVING)
    count = params.get("MaxNumberOfMessages", 1)
    bounded("MaxNumberOfMessages", count, 1, 10, "between 1 and 10")
    if "WaitTimeSeconds" in params:
        bounded("WaitTimeSeconds", params["WaitTimeSeconds"], 0, 20, ">= 0 and <= 20")
    visibility = params.get("VisibilityTimeout", queue.settings.VisibilityTimeout)
    bounded("VisibilityTimeout", visibility, 0, TWELVE_HOURS, "between 0 and 43200")
    if "ReceiveRequestAttemptId" in params and queue.fifo is None:
        text = "Reason: The request include parameter that is not valid for this queue type."
        raise AwsError("InvalidParameterValue", f"Value of parameter ReceiveRequestAttemptId is invalid. {text}")
    if queue.in_flight >= MAX_IN_FLIGHT and queue.fifo is None:
        raise AwsError("OverLimit", "Too many messages in flight.")
    taken = _again(queue, params, scope.now, visibility)
    if taken is None:
        room = MAX_IN_FLIGHT - queue.in_flight  # a FIFO queue gives nothing beyond it, without an error
        target = settings.by_arn(scope.state, queue.redrive.queue_arn) if queue.redrive else None
        taken, leaving = queue.take(min(count, room), scope.now, visibility, burying=target is not None)
        if target is not None:
            _bury(queue, leaving, target, scope.now)
        _remember(queue, params, scope.now, taken)
    asked = {*params.get("AttributeNames", []), *params.get("MessageSystemAttributeNames", [])}
    names = params.get("MessageAttributeNames", [])
    return {"Messages": [_shown(queue, message, asked, names) for message in taken]} if taken else {}


def _again(queue: Queue, params: Params, now: float, visibility: float) -> list[Message] | None:
    """What the same attempt received within five minutes, hidden anew, if all of it is still in flight."""
    if queue.fifo is None or "ReceiveRequestAttemptId" not in params:
        return None
    _forget(queue.fifo, now)
    queue.settle(now)
    _, taken = queue.fifo.attempts.get(params["ReceiveRequestAttemptId"], (0.0, []))
    if not taken or any(_is_stale(message, receipt) for message, receipt in taken):
        return None
    for message, _ in taken:
        queue.show(message, now, visibility)
    return [message for message, _ in taken]


def _is_stale(message: Message, receipt: str) -> bool:
    return message.gone or message.hidden_until is None or message.receipt != receipt


def _remember(queue: Queue, params: Params, now: float, taken: list[Message]) -> None:
    if queue.fifo and taken and "ReceiveRequestAttemptId" in params:
        queue.fifo.attempts[params["ReceiveRequestAttemptId"]] = (
            now,
            [(message, message.receipt) for message in taken],
        )


def _forget(fifo: Fifo, now: float) -> None:
    for name in [name for name, (since, _) in fifo.attempts.items() if since <= now - sending.INTERVAL]:
        del fifo.attempts[name]


def patience(scope: Scope, params: Params) -> float:
    """How many seconds a receive waits for a message: what was asked, or the queue's own long poll."""
    if "WaitTimeSeconds" in params:
        return float(params["WaitTimeSeconds"])
    return float(queues.judged(scope, params, "ReceiveMessage").settings.ReceiveMessageWaitTimeSeconds)


def _bury(queue: Queue, leaving: list[Message], target: Queue, now: float) -> None:
    """Move messages that were received too often; they keep id, age and content."""
    for message in leaving:
        moved = Message(
            message.message_id,
            message.body,
            message.sender,
            message.sent,
            attributes=message.attributes,
            trace=message.trace,
            group=message.group,
            deduplication=message.deduplication,
            number=message.number,
            source=queue.arn,
        )
        target.put(moved, now, 0)


def _shown(queue: Queue, message: Message, asked: set[str], names: list[str]) -> Params:
    known = {
        "SenderId": message.sender,
        "SentTimestamp": str(round(message.sent * 1000)),
        "ApproximateReceiveCount": str(message.received),
        "ApproximateFirstReceiveTimestamp": str(round((message.first_received or 0.0) * 1000)),
        "AWSTraceHeader": message.trace,
        "MessageGroupId": message.group,
        "MessageDeduplicationId": message.deduplication,
        "SequenceNumber": message.number,
        "DeadLetterQueueSourceArn": message.source,
    }
    handle = base64.b64encode(f"{queue.arn} {message.receipt}".encode()).decode()
    system = {name: value for name, value in known.items() if value is not None and ("All" in asked or name in asked)}
    shown: Params = {
        "MessageId": message.message_id,
        "ReceiptHandle": handle,
        "MD5OfBody": sending.md5(message.body),
        "Body": message.body,
        "Attributes": system or None,
    }
    if message.attributes and names:
        chosen = attributes.chosen(message.attributes, names)
        shown |= {"MD5OfMessageAttributes": attributes.digest(chosen), "MessageAttributes": chosen or None}
    return shown


def delete(scope: Scope, params: Params) -> Params:
    """Delete a message by its newest receipt handle; one that is gone is no error."""
    queue = queues.judged(scope, params, "DeleteMessage")
    queue.settle(scope.now)
    return _delete(queue, params)


def delete_batch(scope: Scope, params: Params) -> Params:
    """Delete up to ten messages."""
    queue = queues.judged(scope, params, "DeleteMessage")
    queue.settle(scope.now)
    return sending.batch(sending.entries_of(params), lambda entry: _delete(queue, entry))


def _delete(queue: Queue, params: Params) -> Params:
    message, newest = _held(queue, params["ReceiptHandle"])
    if message and queue.fifo and (not newest or message.hidden_until is None):
        text = f"Value {params['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: "
        raise AwsError("InvalidParameterValue", f"{text}The receipt handle has expired.")
    if message and newest:
        queue.drop(message)
    return {}


def change_visibility(scope: Scope, params: Params) -> Params:
    """Hide a message in flight for longer or shorter, counted from now."""
    _change(scope, queues.judged(scope, params, "ChangeMessageVisibility"), params)
    return {}


def change_visibility_batch(scope: Scope, params: Params) -> Params:
    """Change up to ten messages."""
    queue = queues.judged(scope, params, "ChangeMessageVisibility")
    return sending.batch(sending.entries_of(params), lambda entry: _change(scope, queue, entry))


def _change(scope: Scope, queue: Queue, params: Params) -> Params:
    seconds = params.get("VisibilityTimeout", 0)
    bounded("VisibilityTimeout", seconds, 0, TWELVE_HOURS, "between 0 and 43200")
    queue.settle(scope.now)
    message, _ = _held(queue, params["ReceiptHandle"])
    if message is None:
        text = (
            f"Value {params['ReceiptHandle']} for parameter ReceiptHandle is invalid. "
            "Reason: Message does not exist or is not available for visibility timeout change."
        )
        raise AwsError("InvalidParameterValue", text)
    if message.hidden_until is None:
        raise AwsError("MessageNotInflight", "The specified message isn't in flight.")
    if scope.now + seconds - message.last_received > TWELVE_HOURS:
        text = (
            f"Value {seconds} for parameter VisibilityTimeout is invalid. "
            f"Reason: Total VisibilityTimeout for the message is beyond the limit [{TWELVE_HOURS} seconds]."
        )
        raise AwsError("InvalidParameterValue", text)
    queue.show(message, scope.now, seconds)
    return {}


def purge(scope: Scope, params: Params) -> Params:
    """Delete all messages; not twice within a minute."""
    queue = queues.judged(scope, params, "PurgeQueue")
    if queue.purged is not None and scope.now - queue.purged < 60:
        message = f"Only one PurgeQueue operation on {queue.name} is allowed every 60 seconds."
        raise AwsError("PurgeQueueInProgress", message)
    queue.purge(scope.now)
    return {}


def _held(queue: Queue, handle: str) -> tuple[Message | None, bool]:
    """The message of a receipt handle, if it is still there, and whether the handle is its newest."""
    try:
        arn, _, receipt = base64.b64decode(handle, validate=True).decode().partition(" ")
    except ValueError:  # no base64, no ASCII, no UTF-8
        arn, receipt = "", ""
    if arn != queue.arn or "#" not in receipt:
        raise AwsError("ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is not a valid receipt handle.')
    message = queue.messages.get(receipt.partition("#")[0])
    return message, message is not None and message.receipt == receipt


OPERATIONS = {
    "ReceiveMessage": Operation(receive, target=None, patience=patience),
    "DeleteMessage": Operation(delete, target=None),
    "DeleteMessageBatch": Operation(delete_batch, target=None),
    "ChangeMessageVisibility": Operation(change_visibility, target=None),
    "ChangeMessageVisibilityBatch": Operation(change_visibility_batch, target=None),
    "PurgeQueue": Operation(purge, target=None),
}

FIDELITY = (
    Behaviour(
        "A received message is hidden until its timeout, in virtual time, and then comes again, its count higher",
        "DG",
        "test_sqs_messages.py::test_a_received_message_is_hidden_for_a_while",
    ),
    Behaviour(
        "An older receipt handle deletes nothing, without an error; one that is no handle is `ReceiptHandleIsInvalid`",
        "DG; that it never deletes: assumed",
        "test_sqs_messages.py::test_only_the_newest_handle_deletes",
    ),
    Behaviour(
        "A long poll waits in virtual time (in real time while the clock is frozen; in process not at all)",
        "DG; clock: ours",
        "test_sqs.py::test_a_long_poll_ends_when_a_message_comes",
    ),
    Behaviour(
        "Messages come in order, each once per visibility timeout; a standard queue of AWS promises neither",
        "DG; ours (simplified)",
        "test_sqs_messages.py::test_thousands_of_messages_wait_without_slowing_anybody",
    ),
    Behaviour(
        "A message received more than maxReceiveCount times moves to the dead-letter queue with its age",
        "DG",
        "test_sqs_messages.py::test_what_is_received_too_often_moves_away",
    ),
    Behaviour(
        "A queue may be its own dead-letter queue: what was received too often starts anew there, behind all others",
        "assumed (DG forbids only another kind, account and Region)",
        "test_sqs_messages.py::test_a_queue_may_be_its_own_dead_letter_queue",
    ),
    Behaviour(
        "What moved to a dead-letter queue expires there by its own age, counted from when it was first sent",
        "DG (standard queues); FIFO: assumed",
        "test_sqs_messages.py::test_what_moved_away_expires_by_its_own_age",
    ),
    Behaviour(
        "Where the dead-letter queue was deleted, messages stay and come again",
        "assumed",
        "test_sqs_messages.py::test_without_its_dead_letter_queue_a_queue_keeps_its_messages",
    ),
    Behaviour(
        "FIFO: messages of a group come in order, none while another of the group is in flight; a handle expires",
        "DG; text: issue",
        "test_sqs_fifo.py::test_a_group_comes_in_order_and_one_receive_at_a_time",
    ),
    Behaviour(
        "ReceiveRequestAttemptId: within five minutes the same messages again, as long as all are in flight",
        "DG; what happens else: assumed",
        "test_sqs_fifo.py::test_an_attempt_is_repeated",
    ),
    Behaviour(
        "A message in a FIFO dead-letter queue keeps group, deduplication id and number, and is always taken there",
        "assumed",
        "test_sqs_fifo.py::test_a_fifo_queue_has_a_fifo_dead_letter_queue",
    ),
)
