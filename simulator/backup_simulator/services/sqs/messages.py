"""SQS: sending, receiving, hiding and deleting messages of standard queues.

Receipt handles change with every receive; an older one deletes nothing, without an error.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any

from ...fidelity import Behaviour
from ...wire import AwsError, CommonError, Params
from ..operation import Operation, Scope
from . import queues
from .queue import MAX_IN_FLIGHT, TWELVE_HOURS, Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...records.state import State
    from .queue import Queue

ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
FORBIDDEN = re.compile(r"[^\u0009\u000A\u000D\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
UNKNOWN = ("MessageAttributes", "MessageSystemAttributes", "MessageDeduplicationId", "MessageGroupId")


def deliver(state: State, queue: Queue, body: str, *, sender: str, now: float, delay: float | None = None) -> Message:
    """Put a message into a queue, for callers and for services that deliver by themselves."""
    message = Message(state.queue_ids.uuid(), body, sender, now)
    queue.put(message, now, delay)
    return message


def send(scope: Scope, params: Params) -> Params:
    """Send one message."""
    queue = queues.judged(scope, params, "SendMessage")
    sent = _sent(scope, queue, params)
    return {"MessageId": sent.message_id, "MD5OfMessageBody": _md5(sent.body)}


def send_batch(scope: Scope, params: Params) -> Params:
    """Send up to ten messages of together one mebibyte."""
    queue = queues.judged(scope, params, "SendMessage")
    entries = _entries(params)
    if sum(len(entry["MessageBody"].encode("utf-8", "surrogatepass")) for entry in entries) > 1_048_576:
        raise AwsError("BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes.")

    def one(entry: Params) -> Params:
        sent = _sent(scope, queue, entry)
        return {"MessageId": sent.message_id, "MD5OfMessageBody": _md5(sent.body)}

    return _batch(entries, one)


def _sent(scope: Scope, queue: Queue, params: Params) -> Message:
    for name in UNKNOWN:
        if params.get(name):
            raise CommonError("NotImplemented", f"The simulator does not implement sqs:SendMessage with {name}")
    body, delay = params["MessageBody"], params.get("DelaySeconds")
    if not body:
        raise AwsError("MissingParameter", "The request must contain the parameter MessageBody.")
    if FORBIDDEN.search(body):
        raise AwsError("InvalidMessageContents", "The message contains characters outside the allowed set.")
    if len(body.encode()) > queue.settings.MaximumMessageSize:
        limit = queue.settings.MaximumMessageSize
        message = f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        raise AwsError("InvalidParameterValue", message)
    if delay is not None:
        _bounded("DelaySeconds", delay, 0, 900, ">= 0 and <= 900")
    return deliver(scope.state, queue, body, sender=scope.principal.user_id, now=scope.now, delay=delay)


def receive(scope: Scope, params: Params) -> Params:
    """Receive up to ten messages, which are hidden from others for a while."""
    queue = queues.judged(scope, params, "ReceiveMessage")
    count = params.get("MaxNumberOfMessages", 1)
    _bounded("MaxNumberOfMessages", count, 1, 10, "between 1 and 10")
    if "WaitTimeSeconds" in params:
        _bounded("WaitTimeSeconds", params["WaitTimeSeconds"], 0, 20, ">= 0 and <= 20")
    visibility = params.get("VisibilityTimeout", queue.settings.VisibilityTimeout)
    _bounded("VisibilityTimeout", visibility, 0, TWELVE_HOURS, "between 0 and 43200")
    if params.get("ReceiveRequestAttemptId"):
        raise CommonError("NotImplemented", "The simulator does not implement sqs:ReceiveMessage of FIFO queues")
    if queue.in_flight >= MAX_IN_FLIGHT:
        raise AwsError("OverLimit", "Too many messages in flight.")
    taken, leaving = queue.take(count, scope.now, visibility)
    _bury(scope, queue, leaving)
    asked = {*params.get("AttributeNames", []), *params.get("MessageSystemAttributeNames", [])}
    return {"Messages": [_shown(queue, message, asked) for message in taken]} if taken else {}


def patience(scope: Scope, params: Params) -> float:
    """How many seconds a receive waits for a message: what was asked, or the queue's own long poll."""
    if "WaitTimeSeconds" in params:
        return float(params["WaitTimeSeconds"])
    return float(queues.judged(scope, params, "ReceiveMessage").settings.ReceiveMessageWaitTimeSeconds)


def _bury(scope: Scope, queue: Queue, leaving: list[Message]) -> None:
    """Move messages that were received too often; they keep id and age."""
    target = queues.by_arn(scope.state, queue.redrive.queue_arn) if queue.redrive else None
    for message in leaving if target else ():
        target.put(Message(message.message_id, message.body, message.sender, message.sent), scope.now, 0)  # type: ignore[union-attr] # only then


def _shown(queue: Queue, message: Message, asked: set[str]) -> Params:
    attributes = {
        "SenderId": message.sender,
        "SentTimestamp": str(round(message.sent * 1000)),
        "ApproximateReceiveCount": str(message.received),
        "ApproximateFirstReceiveTimestamp": str(round((message.first_received or 0.0) * 1000)),
    }
    handle = base64.b64encode(f"{queue.arn} {message.receipt}".encode()).decode()
    chosen = {name: value for name, value in attributes.items() if "All" in asked or name in asked}
    return {
        "MessageId": message.message_id,
        "ReceiptHandle": handle,
        "MD5OfBody": _md5(message.body),
        "Body": message.body,
        "Attributes": chosen or None,
    }


def delete(scope: Scope, params: Params) -> Params:
    """Delete a message by its newest receipt handle; one that is gone is no error."""
    _delete(queues.judged(scope, params, "DeleteMessage"), params)
    return {}


def delete_batch(scope: Scope, params: Params) -> Params:
    """Delete up to ten messages."""
    queue = queues.judged(scope, params, "DeleteMessage")
    return _batch(_entries(params), lambda entry: _delete(queue, entry))


def _delete(queue: Queue, params: Params) -> Params:
    message, newest = _held(queue, params["ReceiptHandle"])
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
    return _batch(_entries(params), lambda entry: _change(scope, queue, entry))


def _change(scope: Scope, queue: Queue, params: Params) -> Params:
    seconds = params.get("VisibilityTimeout", 0)
    _bounded("VisibilityTimeout", seconds, 0, TWELVE_HOURS, "between 0 and 43200")
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


def _entries(params: Params) -> list[Params]:
    entries: list[Params] = params["Entries"]
    ids = [entry["Id"] for entry in entries]
    if not entries:
        raise AwsError("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > 10:
        text = f"Maximum number of entries per request are 10. You have sent {len(entries)}."
        raise AwsError("TooManyEntriesInBatchRequest", text)
    if not all(ENTRY_ID.fullmatch(found) for found in ids):
        text = "A batch entry id can only contain alphanumeric characters, hyphens and underscores."
        raise AwsError("InvalidBatchEntryId", f"{text} It can be at most 80 letters long.")
    if twice := next((found for found in ids if ids.count(found) > 1), None):
        raise AwsError("BatchEntryIdsNotDistinct", f"Id {twice} repeated.")
    return entries


def _batch(entries: list[Params], one: Callable[[Params], Params]) -> Params:
    """Do each entry by itself; what one refuses does not touch the others."""
    done: list[Params] = []
    failed: list[Params] = []
    for entry in entries:
        try:
            done.append({"Id": entry["Id"]} | one(entry))
        except CommonError:
            raise
        except AwsError as error:
            failed.append({"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message})
    return {"Successful": done, "Failed": failed}


def _bounded(name: str, value: Any, low: int, high: int, words: str) -> None:  # noqa: ANN401 - from the wire
    if not low <= value <= high:
        text = f"Value {value} for parameter {name} is invalid. Reason: Must be {words}, if provided."
        raise AwsError("InvalidParameterValue", text)


def _md5(body: str) -> str:
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


OPERATIONS = {
    "SendMessage": Operation(send, target=None),
    "SendMessageBatch": Operation(send_batch, target=None),
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
        "test_sqs.py::test_a_received_message_is_hidden_for_a_while",
    ),
    Behaviour(
        "An older receipt handle deletes nothing, without an error; one that is no handle is `ReceiptHandleIsInvalid`",
        "DG; that it never deletes: assumed",
        "test_sqs.py::test_only_the_newest_handle_deletes",
    ),
    Behaviour(
        "A long poll waits in virtual time (in real time while the clock is frozen; in process not at all)",
        "DG; clock: ours",
        "test_sqs.py::test_a_long_poll_ends_when_a_message_comes",
    ),
    Behaviour(
        "Messages come in order, each once per visibility timeout; a standard queue of AWS promises neither",
        "DG; ours (simplified)",
        "test_sqs.py::test_thousands_of_messages_wait_without_slowing_anybody",
    ),
    Behaviour(
        "A message received more than maxReceiveCount times moves to the dead-letter queue with its age",
        "DG",
        "test_sqs.py::test_what_is_received_too_often_moves_away",
    ),
    Behaviour(
        "Texts about parameters out of bounds; batches of 1 to 10 distinct entries, each done by itself",
        "DG, issue",
        "test_sqs.py::test_parameters_have_bounds",
    ),
)
