"""SQS: the attributes of a queue: what they may be, how they are set and shown."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ... import arns
from ...engine import validation
from ...fidelity import Behaviour
from ...identity import anchors
from ...policies import policy
from ...records.queue import TWELVE_HOURS, Fifo, Queue, Redrive, RedriveAllow
from ...wire import AwsError, SimulatorError

if TYPE_CHECKING:
    from ...records.state import State
    from ..operation import Scope

BOUNDS = {
    "VisibilityTimeout": (0, TWELVE_HOURS),
    "DelaySeconds": (0, 900),
    "MessageRetentionPeriod": (60, 1_209_600),
    "MaximumMessageSize": (1024, 1_048_576),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
}
REUSE_BOUNDS = (60, 86_400)
MANAGED, KEY, REUSE = "SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"
OF_FIFO = ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
SCOPES, LIMITS = ("queue", "messageGroup"), ("perQueue", "perMessageGroupId")
MOST_SOURCES = 10
BY_GROUP = "To set FifoThroughputLimit to perMessageGroupId, the DeduplicationScope must be messageGroup."
NO_ALLOWANCE = "Amazon SQS can't create the redrive allow policy"
NO_SOURCES = "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values."
STRAY_SOURCES = "To specify one or more source queue ARNs, you must set redrivePermission to byQueue."
OF_MESSAGES = validation.DOCUMENTED["QueueAttributeName"]
"""Attributes that messages have and queues do not."""


def by_arn(state: State, arn: str) -> Queue | None:
    """A queue of any account by its ARN."""
    service, region, account, name = arns.of(arn)
    if service != "sqs" or account not in state.accounts:
        return None
    return state.accounts[account].region(region).queues.get(name)


def put(scope: Scope, queue: Queue, attributes: dict[str, str]) -> None:
    """Set attributes; an empty policy removes it. What is refused changes nothing."""
    trial = replace(queue, settings=replace(queue.settings), fifo=replace(queue.fifo) if queue.fifo else None)
    for name, value in attributes.items():
        _put(scope, trial, name, value)
    if trial.fifo and trial.fifo.limit == "perMessageGroupId" and trial.fifo.scope != "messageGroup":
        raise _invalid("FifoThroughputLimit", BY_GROUP)
    if trial.key and attributes.get(KEY) and attributes.get(MANAGED) == "true":
        text = "You can use one type of server-side encryption (SSE) at one time. "
        raise AwsError("InvalidAttributeValue", f"{text}You can either enable KMS SSE or SQS SSE.")
    queue.settings, queue.fifo, queue.policy = trial.settings, trial.fifo, trial.policy
    queue.redrive, queue.redrive_allow = trial.redrive, trial.redrive_allow
    queue.managed_encryption = trial.managed_encryption and not attributes.get(KEY)
    queue.key, queue.key_reuse = (None if attributes.get(MANAGED) == "true" else trial.key), trial.key_reuse


def _put(scope: Scope, queue: Queue, name: str, value: str) -> None:
    match name:
        case _ if name in BOUNDS:
            setattr(queue.settings, name, _number(name, value, BOUNDS[name]))
        case "Policy":
            queue.policy = _policy(scope, value) if value else None
        case "RedrivePolicy":
            queue.redrive = _redrive(scope, queue, value) if value else None
        case "RedriveAllowPolicy":
            queue.redrive_allow = _redrive_allow(value) if value else None
        case _ if name == MANAGED:
            queue.managed_encryption = _truth(name, value)
        case _ if name == KEY:
            queue.key = value or None
        case _ if name == REUSE:
            queue.key_reuse = _number(name, value, REUSE_BOUNDS)
        case _ if name in OF_FIFO and queue.fifo:
            _put_fifo(queue.fifo, name, value)
        case _:
            raise AwsError("InvalidAttributeName", f"Unknown Attribute {name}.")


def _put_fifo(fifo: Fifo, name: str, value: str) -> None:
    match name:
        case "FifoQueue":
            if not _truth(name, value):
                raise _invalid(name, "Modifying queue type is not supported.")
        case "ContentBasedDeduplication":
            fifo.content_based = _truth(name, value)
        case "DeduplicationScope":
            fifo.scope = _one_of(name, value, SCOPES)
        case _:
            fifo.limit = _one_of(name, value, LIMITS)


def _number(name: str, value: str, bounds: tuple[int, int]) -> int:
    low, high = bounds
    if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
        raise _invalid(name)
    return int(value)


def _truth(name: str, value: str) -> bool:
    return _one_of(name, value.lower(), ("true", "false")) == "true"


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise _invalid(name)
    return value


def _invalid(name: str, reason: str = "") -> AwsError:
    text = f"Invalid value for the parameter {name}."
    return AwsError("InvalidAttributeValue", f"{text} Reason: {reason}" if reason else text)


def _policy(scope: Scope, text: str) -> policy.Policy:
    try:
        return anchors.anchored(scope.state, policy.parse(text))
    except SimulatorError:
        raise
    except ValueError:
        raise _invalid("Policy") from None


def _redrive(scope: Scope, queue: Queue, text: str) -> Redrive:
    try:
        asked = json.loads(text)
        found = Redrive(str(asked["deadLetterTargetArn"]), int(asked["maxReceiveCount"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise _invalid("RedrivePolicy") from None
    target = by_arn(scope.state, found.queue_arn)
    reason = ""
    if target is None or (target.region, target.account) != (queue.region, queue.account):
        reason = "Dead letter target does not exist."
    elif not 1 <= found.max_receives <= 1000:
        reason = "Invalid value for maxReceiveCount: must be between 1 and 1000 both inclusive."
    elif (target.fifo is None) != (queue.fifo is None):
        reason = "Dead-letter queue must be same type of queue as the source.."  # two stops, as AWS has it
    elif not _admits(target, queue):
        reason = "Dead letter target does not allow this queue by its RedriveAllowPolicy."
    if reason:
        message = f"Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}"
        raise AwsError("InvalidParameterValue", message)
    return found


def _admits(target: Queue, source: Queue) -> bool:
    allowed = target.redrive_allow
    if allowed is None or allowed.permission == "allowAll":
        return True
    return allowed.permission == "byQueue" and source.arn in allowed.sources


def _redrive_allow(text: str) -> RedriveAllow:
    try:
        asked: Any = json.loads(text)
        found = RedriveAllow(str(asked["redrivePermission"]), tuple(map(str, asked.get("sourceQueueArns", ()))))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _unreadable() from None
    if found.permission not in {"allowAll", "denyAll", "byQueue"} or len(found.sources) > MOST_SOURCES:
        raise _unreadable()
    if (found.permission == "byQueue") != bool(found.sources):
        reason = f"{NO_ALLOWANCE}. {STRAY_SOURCES if found.sources else NO_SOURCES}"
        message = f"Value {text} for parameter RedriveAllowPolicy is invalid. Reason: {reason}"
        raise AwsError("InvalidParameterValue", message)
    return found


def _unreadable() -> AwsError:
    return _invalid(
        "RedriveAllowPolicy", f"{NO_ALLOWANCE}, as it\N{RIGHT SINGLE QUOTATION MARK}s in an unsupported format."
    )


def shown(state: State, queue: Queue) -> dict[str, str]:
    """All attributes of a queue, as texts."""
    found: dict[str, str] = {
        "QueueArn": queue.arn,
        "ApproximateNumberOfMessages": str(queue.visible()),
        "ApproximateNumberOfMessagesNotVisible": str(queue.in_flight),
        "ApproximateNumberOfMessagesDelayed": str(queue.delayed),
        "CreatedTimestamp": str(int(queue.created)),
        "LastModifiedTimestamp": str(int(queue.modified)),
        MANAGED: _word(queue.managed_encryption),
    }
    found |= {name: str(getattr(queue.settings, name)) for name in BOUNDS}
    if queue.key:
        found |= {KEY: queue.key, REUSE: str(queue.key_reuse)}
    if queue.policy:
        found["Policy"] = _json(anchors.rendered(state, queue.policy))
    if queue.redrive:
        redrive = {"deadLetterTargetArn": queue.redrive.queue_arn, "maxReceiveCount": queue.redrive.max_receives}
        found["RedrivePolicy"] = _json(redrive)
    if queue.redrive_allow:
        allow: dict[str, Any] = {"redrivePermission": queue.redrive_allow.permission}
        if queue.redrive_allow.sources:
            allow["sourceQueueArns"] = list(queue.redrive_allow.sources)
        found["RedriveAllowPolicy"] = _json(allow)
    if queue.fifo:
        found |= {
            "FifoQueue": "true",
            "ContentBasedDeduplication": _word(queue.fifo.content_based),
            "DeduplicationScope": queue.fifo.scope,
            "FifoThroughputLimit": queue.fifo.limit,
        }
    return found


def _word(truth: bool) -> str:
    return "true" if truth else "false"


def _json(value: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(value, separators=(",", ":"))


FIDELITY = (
    Behaviour(
        "KmsMasterKeyId and SqsManagedSseEnabled exclude each other; the one that is set switches the other off",
        "DG; text: issue",
        "test_sqs_encryption.py::test_a_queue_is_encrypted_in_one_way",
    ),
    Behaviour(
        "Attributes have the bounds and defaults of the documentation; changes hold at once (AWS takes up to a minute)",
        "DG",
        "test_sqs.py::test_attributes_have_bounds",
    ),
    Behaviour(
        "RedrivePolicy: a queue of the same kind, account and Region that lets the source by its RedriveAllowPolicy",
        "DG; texts: issue, of a source that is not let, of places elsewhere, and the code of a bad RedriveAllowPolicy: "
        "assumed",
        "test_sqs_attributes.py::test_a_dead_letter_queue_may_choose_its_sources",
    ),
    Behaviour(
        "FIFO attributes: of FIFO queues only; high throughput needs the scope messageGroup",
        "DG; texts: issue",
        "test_sqs_fifo.py::test_attributes_of_fifo_queues",
    ),
    Behaviour(
        "The throughput that FifoThroughputLimit speaks of; in-flight and size limits are kept",
        "missing",
    ),
)
