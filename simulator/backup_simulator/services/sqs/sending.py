"""SQS: sending messages, alone and in batches; what a FIFO queue takes only once."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records.queue import Message
from ...wire import AwsError, CommonError, Params
from ..operation import Operation, Scope
from . import attributes, encryption, queues

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...records.queue import Fifo, Queue
    from ...records.state import State

ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
LABEL = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,./:;<=>?@\[\\\]^_`{|}~-]{1,128}")
LARGEST_BATCH = 1_048_576
INTERVAL = 300.0
"""Virtual seconds within which a FIFO queue takes nothing twice."""
FIRST_NUMBER, NUMBER_STEP = 18_849_496_460_467_696_128, 256


def deliver(
    state: State,
    queue: Queue,
    body: str,
    *,
    sender: str,
    now: float,
    delay: float | None = None,
    group: str | None = None,
    content: Message | None = None,
) -> Message:
    """Put a message into a queue, for callers and for services that deliver by themselves.

    `content` is a message made before, with attributes and the like. A FIFO queue gives back the message that it took
    within the last five minutes under the same deduplication id, instead of taking another one.
    """
    message = content or Message("", body, sender, now, group=group)
    if queue.fifo:
        known = _known(queue.fifo, message, now)
        if known:
            return known
        queue.fifo.numbers += 1
        message.number = str(FIRST_NUMBER + queue.fifo.numbers * NUMBER_STEP)
    message.message_id = state.queue_ids.uuid()
    queue.put(message, now, delay)
    return message


def _known(fifo: Fifo, message: Message, now: float) -> Message | None:
    """The message that was taken under this deduplication id; else this one is from now on."""
    while fifo.accepted and next(iter(fifo.accepted.values()))[0] <= now - INTERVAL:
        del fifo.accepted[next(iter(fifo.accepted))]
    if message.deduplication is None:
        message.deduplication = hashlib.sha256(message.body.encode()).hexdigest()
    place = f"{message.group} {message.deduplication}" if fifo.scope == "messageGroup" else message.deduplication
    found = fifo.accepted.get(place)
    if found:
        return found[1]
    fifo.accepted[place] = (now, message)
    return None


def send(scope: Scope, params: Params) -> Params:
    """Send one message."""
    queue = queues.judged(scope, params, "SendMessage")
    encryption.require_use(scope, queue, encryption.SENDING)
    return _sent(scope, queue, params)


def send_batch(scope: Scope, params: Params) -> Params:
    """Send up to ten messages of together one mebibyte."""
    queue = queues.judged(scope, params, "SendMessage")
    encryption.require_use(scope, queue, encryption.SENDING)
    entries = entries_of(params)
    if sum(len(entry["MessageBody"].encode("utf-8", "surrogatepass")) for entry in entries) > LARGEST_BATCH:
        raise AwsError("BatchRequestTooLong", f"Batch requests cannot be longer than {LARGEST_BATCH} bytes.")
    return batch(entries, lambda entry: _sent(scope, queue, entry))


def _sent(scope: Scope, queue: Queue, params: Params) -> Params:
    body, delay = params["MessageBody"], params.get("DelaySeconds")
    given = attributes.checked(params.get("MessageAttributes", {}))
    system = params.get("MessageSystemAttributes", {})
    trace = attributes.trace(system)
    _require_body(queue, body, attributes.size(given))
    if delay is not None:
        bounded("DelaySeconds", delay, 0, 900, ">= 0 and <= 900")
    (_require_fifo if queue.fifo else _require_standard)(queue, params)
    content = Message(
        "",
        body,
        scope.principal.user_id,
        scope.now,
        attributes=given or None,
        trace=trace,
        group=params.get("MessageGroupId"),
        deduplication=params.get("MessageDeduplicationId"),
    )
    sent = deliver(scope.state, queue, body, sender=content.sender, now=scope.now, delay=delay, content=content)
    return {
        "MessageId": sent.message_id,
        "MD5OfMessageBody": md5(body),
        "MD5OfMessageAttributes": attributes.digest(given),
        "MD5OfMessageSystemAttributes": attributes.digest(system),
        "SequenceNumber": sent.number,
    }


def _require_body(queue: Queue, body: str, extra: int) -> None:
    if not body:
        raise AwsError("MissingParameter", "The request must contain the parameter MessageBody.")
    if attributes.FORBIDDEN.search(body):
        raise AwsError("InvalidMessageContents", "The message contains characters outside the allowed set.")
    limit = queue.settings.MaximumMessageSize
    if len(body.encode()) + extra > limit:
        message = f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        raise AwsError("InvalidParameterValue", message)


def _require_standard(_queue: Queue, params: Params) -> None:
    if "MessageDeduplicationId" in params:
        raise _not_of_this_type("MessageDeduplicationId", params["MessageDeduplicationId"])
    _require_label("MessageGroupId", params)


def _require_fifo(queue: Queue, params: Params) -> None:
    if "MessageGroupId" not in params:
        raise AwsError("MissingParameter", "The request must contain the parameter MessageGroupId.")
    if params.get("DelaySeconds"):
        raise _not_of_this_type("DelaySeconds", params["DelaySeconds"])
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        _require_label(name, params)
    if queue.fifo and not queue.fifo.content_based and "MessageDeduplicationId" not in params:
        text = (
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )
        raise AwsError("InvalidParameterValue", text)


def _require_label(name: str, params: Params) -> None:
    if name in params and not LABEL.fullmatch(params[name]):
        text = (
            f"Value {params[name]} for parameter {name} is invalid. Reason: {name} can only include alphanumeric and "
            "punctuation characters. 1 to 128 in length."
        )
        raise AwsError("InvalidParameterValue", text)


def _not_of_this_type(name: str, value: object) -> AwsError:
    text = (
        f"Value {value} for parameter {name} is invalid. Reason: The request include parameter that is not valid for "
        "this queue type."
    )
    return AwsError("InvalidParameterValue", text)


def entries_of(params: Params) -> list[Params]:
    """The entries of a batch: one to ten, each with an id of its own."""
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


def batch(entries: list[Params], one: Callable[[Params], Params]) -> Params:
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


def bounded(name: str, value: int, low: int, high: int, words: str) -> None:
    """Raise what SQS answers for a number out of its bounds."""
    if not low <= value <= high:
        text = f"Value {value} for parameter {name} is invalid. Reason: Must be {words}, if provided."
        raise AwsError("InvalidParameterValue", text)


def md5(body: str) -> str:
    """The digest of a body."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


OPERATIONS = {
    "SendMessage": Operation(send, target=None),
    "SendMessageBatch": Operation(send_batch, target=None),
}

FIDELITY = (
    Behaviour(
        "Texts about parameters out of bounds; batches of 1 to 10 distinct entries, each done by itself",
        "DG, issue",
        "test_sqs.py::test_parameters_have_bounds",
    ),
    Behaviour(
        "FIFO: what is sent twice within five virtual minutes is taken once, by id or by content, per queue or group",
        "DG",
        "test_sqs_fifo.py::test_nothing_is_taken_twice_within_five_minutes",
    ),
    Behaviour(
        "FIFO: group and deduplication id as documented; sequence numbers of 20 digits that rise",
        "DG; texts: issue",
        "test_sqs_fifo.py::test_what_a_queue_of_one_kind_does_not_take",
    ),
    Behaviour(
        "A MessageGroupId on a standard queue is kept and shown; that AWS is fair to groups there",
        "DG; the fairness: missing",
        "test_sqs_fifo.py::test_a_standard_queue_keeps_the_group",
    ),
)
