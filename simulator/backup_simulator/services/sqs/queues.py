"""SQS: standard queues, their attributes and policies. Messages are in `messages`.

Texts are those of the public reports of the query protocol; the current protocol carries the same codes.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...identity import anchors, gate, policy
from ...wire import AwsError, CommonError, Params, SimulatorError
from ..operation import Operation, Scope
from .queue import TWELVE_HOURS, Queue, Redrive

if TYPE_CHECKING:
    from ...records.state import State

NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
URL = re.compile(r"(?:https?://[^/]+)?/(\d{12})/([A-Za-z0-9_.-]{1,80})/?")
BOUNDS = {
    "VisibilityTimeout": (0, TWELVE_HOURS),
    "DelaySeconds": (0, 900),
    "MessageRetentionPeriod": (60, 1_209_600),
    "MaximumMessageSize": (1024, 1_048_576),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
}
MANAGED = "SqsManagedSseEnabled"
MISSING = "The specified queue does not exist."


def by_arn(state: State, arn: str) -> Queue | None:
    """A queue of any account by its ARN."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "sqs" or parts[4] not in state.accounts:
        return None
    return state.accounts[parts[4]].region(parts[3]).queues.get(parts[5])


def judged(scope: Scope, params: Params, action: str) -> Queue:
    """The queue of a request, if the caller may; the queue's policy may let other accounts in."""
    found = URL.fullmatch(params["QueueUrl"])
    if not found:
        raise AwsError("InvalidAddress", f"The address {params['QueueUrl']} is not valid for this endpoint.")
    owner = scope.state.accounts.get(found[1])
    queue = owner.region(scope.region_name).queues.get(found[2]) if owner else None
    arn = f"arn:aws:sqs:{scope.region_name}:{found[1]}:{found[2]}"
    authorise(scope, action, arn, queue)
    if queue is None:
        raise AwsError("QueueDoesNotExist", MISSING)
    return queue


def authorise(scope: Scope, action: str, arn: str, queue: Queue | None) -> None:
    """Raise AccessDenied unless the caller may; SQS writes its actions in small letters there."""
    asked = gate.question(scope.state, scope.principal, f"sqs:{action}", arn, scope.known)
    reason = gate.refusal(scope.state, asked, queue.policy if queue else None, owner=arn.split(":")[4])
    if reason:
        small = asked.action.lower()
        raise gate.denied(replace(asked, action=small), reason.replace(asked.action, small))


def create_queue(scope: Scope, params: Params) -> Params:
    """Create a standard queue; the same name with the same attributes gives the queue there is."""
    name, attributes = params["QueueName"], params.get("Attributes", {})
    arn = f"arn:aws:sqs:{scope.region_name}:{scope.account.account_id}:{name}"
    authorise(scope, "CreateQueue", arn, None)
    if "FifoQueue" in attributes or name.endswith(".fifo"):
        raise CommonError("NotImplemented", "The simulator does not implement sqs:CreateQueue with FifoQueue")
    if not NAME.fullmatch(name):
        message = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        raise AwsError("InvalidParameterValue", message)
    if params.get("tags"):
        raise CommonError("NotImplemented", "The simulator does not implement sqs:CreateQueue with tags")
    fresh = Queue(name, scope.account.account_id, scope.region_name, scope.now, scope.now)
    _set(scope, fresh, attributes)
    known = scope.region.queues.get(name)
    if known is None:
        scope.region.queues[name] = known = fresh
    elif differing := [field for field in attributes if _shown(scope, known)[field] != _shown(scope, fresh)[field]]:
        message = f"A queue already exists with the same name and a different value for attribute {differing[0]}"
        raise AwsError("QueueNameExists", message)
    return {"QueueUrl": _url(scope, known)}


def delete_queue(scope: Scope, params: Params) -> Params:
    """Delete a queue and all that is in it, at once."""
    queue = judged(scope, params, "DeleteQueue")
    del scope.state.accounts[queue.account].region(queue.region).queues[queue.name]
    return {}


def get_queue_url(scope: Scope, params: Params) -> Params:
    """Give the address of a queue by name, also of another account's that lets the caller."""
    owner = params.get("QueueOwnerAWSAccountId", scope.account.account_id)
    account = scope.state.accounts.get(owner)
    queue = account.region(scope.region_name).queues.get(params["QueueName"]) if account else None
    authorise(scope, "GetQueueUrl", f"arn:aws:sqs:{scope.region_name}:{owner}:{params['QueueName']}", queue)
    if queue is None:
        raise AwsError("QueueDoesNotExist", MISSING)
    return {"QueueUrl": _url(scope, queue)}


def list_queues(scope: Scope, params: Params) -> Params:
    """List the queues of the Region by name; without MaxResults all of up to 1,000 at once."""
    authorise(scope, "ListQueues", f"arn:aws:sqs:{scope.region_name}:{scope.account.account_id}:*", None)
    after = params.get("NextToken", "")
    prefix = params.get("QueueNamePrefix", "")
    names = sorted(name for name in scope.region.queues if name.startswith(prefix) and name > after)
    size = params.get("MaxResults", 1000)
    if not 1 <= size <= 1000:
        raise AwsError("InvalidParameterValue", "MaxResults must be an integer between 1 and 1000.")
    urls = [_url(scope, scope.region.queues[name]) for name in names[:size]]
    more = "MaxResults" in params and len(names) > size
    return {"QueueUrls": urls or None, "NextToken": names[size - 1] if more else None}


def get_queue_attributes(scope: Scope, params: Params) -> Params:
    """Show what was asked for; `All` for everything."""
    queue = judged(scope, params, "GetQueueAttributes")
    queue.settle(scope.now)
    shown = _shown(scope, queue)
    asked = params.get("AttributeNames", [])
    if strange := [name for name in asked if name.startswith(("Sen", "ApproximateReceive", "ApproximateFirst"))]:
        raise AwsError("InvalidAttributeName", f"Unknown Attribute {strange[0]}.")
    return {"Attributes": {name: value for name, value in shown.items() if "All" in asked or name in asked} or None}


def set_queue_attributes(scope: Scope, params: Params) -> Params:
    """Change attributes; an empty policy removes it."""
    queue = judged(scope, params, "SetQueueAttributes")
    _set(scope, queue, params["Attributes"])
    queue.modified = scope.now
    return {}


def _set(scope: Scope, queue: Queue, attributes: dict[str, str]) -> None:
    settings = replace(queue.settings)
    for name, value in attributes.items():
        if name in BOUNDS:
            setattr(settings, name, _number(name, value))
        elif name == "Policy":
            queue.policy = _policy(scope, value) if value else None
        elif name == "RedrivePolicy":
            queue.redrive = _redrive(scope, value) if value else None
        elif name == MANAGED and value == "true":
            continue  # what every queue is
        elif name == MANAGED or name.startswith(("Kms", "Redrive", "Fifo", "Content", "Dedup")):
            raise CommonError("NotImplemented", f"The simulator does not implement sqs attribute {name} {value}")
        else:
            raise AwsError("InvalidAttributeName", f"Unknown Attribute {name}.")
    queue.settings = settings


def _number(name: str, value: str) -> int:
    low, high = BOUNDS[name]
    if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
        raise AwsError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
    return int(value)


def _policy(scope: Scope, text: str) -> policy.Policy:
    try:
        return anchors.anchored(scope.state, policy.parse(text))
    except SimulatorError:
        raise
    except ValueError:
        raise AwsError("InvalidAttributeValue", "Invalid value for the parameter Policy.") from None


def _redrive(scope: Scope, text: str) -> Redrive:
    try:
        asked = json.loads(text)
        found = Redrive(str(asked["deadLetterTargetArn"]), int(asked["maxReceiveCount"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise AwsError("InvalidAttributeValue", "Invalid value for the parameter RedrivePolicy.") from None
    if by_arn(scope.state, found.queue_arn) is None or not 1 <= found.max_receives <= 1000:
        message = f"Value {text} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."
        raise AwsError("InvalidParameterValue", message)
    return found


def _shown(scope: Scope, queue: Queue) -> dict[str, str]:
    found: dict[str, str] = {
        "QueueArn": queue.arn,
        "ApproximateNumberOfMessages": str(queue.visible()),
        "ApproximateNumberOfMessagesNotVisible": str(queue.in_flight),
        "ApproximateNumberOfMessagesDelayed": str(queue.delayed),
        "CreatedTimestamp": str(int(queue.created)),
        "LastModifiedTimestamp": str(int(queue.modified)),
        MANAGED: "true",
    }
    found |= {name: str(getattr(queue.settings, name)) for name in BOUNDS}
    if queue.policy:
        found["Policy"] = json.dumps(anchors.rendered(scope.state, queue.policy), separators=(",", ":"))
    if queue.redrive:
        redrive = {"deadLetterTargetArn": queue.redrive.queue_arn, "maxReceiveCount": queue.redrive.max_receives}
        found["RedrivePolicy"] = json.dumps(redrive, separators=(",", ":"))
    return found


def _url(scope: Scope, queue: Queue) -> str:
    """On the host that was asked, because some clients send their calls to the queue's address."""
    host = scope.host or f"sqs.{queue.region}.amazonaws.com"
    scheme = "https" if host.endswith(".amazonaws.com") else "http"
    return f"{scheme}://{host}/{queue.account}/{queue.name}"


OPERATIONS = {
    "CreateQueue": Operation(create_queue, target=None),
    "DeleteQueue": Operation(delete_queue, target=None),
    "GetQueueUrl": Operation(get_queue_url, target=None),
    "ListQueues": Operation(list_queues, target=None),
    "GetQueueAttributes": Operation(get_queue_attributes, target=None),
    "SetQueueAttributes": Operation(set_queue_attributes, target=None),
}

FIDELITY = (
    Behaviour(
        "Queue policies let other accounts and services in; a refusal names the action in small letters",
        "DG; issue",
        "test_sqs.py::test_another_account_needs_the_queues_policy",
    ),
    Behaviour(
        "A queue that is not there: `AWS.SimpleQueueService.NonExistentQueue`, `QueueDoesNotExist` in the model",
        "botocore; text: issue",
        "test_sqs.py::test_a_missing_queue_is_told_by_its_old_code",
    ),
    Behaviour(
        "CreateQueue with equal attributes gives the queue there is, with others `QueueAlreadyExists`",
        "DG; text: issue",
        "test_sqs.py::test_a_name_is_taken_once",
    ),
    Behaviour(
        "Attributes have the bounds and defaults of the documentation; changes hold at once (AWS takes up to a minute)",
        "DG",
        "test_sqs.py::test_attributes_have_bounds",
    ),
    Behaviour(
        "FIFO queues, KMS keys, message attributes, tags, message moves: 501",
        "missing",
        "test_sqs.py::test_what_is_not_simulated_says_so",
    ),
    Behaviour(
        "A deleted name can be taken again at once (AWS: after a minute)",
        "missing",
    ),
)
