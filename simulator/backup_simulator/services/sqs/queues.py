"""SQS: queues and who may do what with them. Their attributes are in `settings`, messages in `messages`.

Texts are those of the public reports of the query protocol; the current protocol carries the same codes.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ... import arns
from ...fidelity import Behaviour
from ...identity import gate
from ...records.queue import Fifo, Queue
from ...records.queue_order import Groups
from ...wire import AwsError, Params
from .. import pages, tag_rules
from ..operation import Operation, Scope, request_tags
from . import settings

if TYPE_CHECKING:
    from ...policies.condition_keys import ConditionKeys
    from ..operation import Scope

NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
FIFO_NAME = re.compile(r"(?=.{6,80}$)[A-Za-z0-9_-]+\.fifo")
URL = re.compile(r"(?:https?://[^/]+)?/(\d{12})/([A-Za-z0-9_.-]{1,80})/?")
MISSING = "The specified queue does not exist."
OWN_ONLY = frozenset(
    {
        "AddPermission", "CreateQueue", "DeleteQueue", "ListQueues", "ListQueueTags", "RemovePermission",
        "SetQueueAttributes", "TagQueue", "UntagQueue",
    }
)  # fmt: skip
"""Actions that no queue policy opens to another account."""


def judged(scope: Scope, params: Params, action: str, keys: ConditionKeys | None = None) -> Queue:
    """The queue of a request, if the caller may; the queue's policy may let other accounts in."""
    found = URL.fullmatch(params["QueueUrl"])
    if not found:
        raise AwsError("InvalidAddress", f"The address {params['QueueUrl']} is not valid for this endpoint.")
    owner = scope.state.accounts.get(found[1])
    queue = owner.region(scope.region_name).queues.get(found[2]) if owner else None
    arn = f"arn:aws:sqs:{scope.region_name}:{found[1]}:{found[2]}"
    authorise(scope, action, arn, queue, keys)
    if queue is None:
        raise AwsError("QueueDoesNotExist", MISSING)
    return queue


def authorise(scope: Scope, action: str, arn: str, queue: Queue | None, keys: ConditionKeys | None = None) -> None:
    """Raise AccessDenied unless the caller may; SQS writes its actions in small letters there."""
    known = scope.known | dict(keys or {})
    asked = gate.question(scope.state, scope.principal, f"sqs:{action}", arn, known)
    owner = arns.of(arn).account
    opened = queue is not None and (owner == scope.account.account_id or action not in OWN_ONLY)
    reason = gate.refusal(scope.state, asked, queue.policy if queue and opened else None, owner=owner)
    if reason:
        small = asked.action.lower()
        raise gate.denied(replace(asked, action=small), reason.replace(asked.action, small))


def create_queue(scope: Scope, params: Params) -> Params:
    """Create a queue; the same name with the same attributes gives the queue there is."""
    name, attributes, added = params["QueueName"], params.get("Attributes", {}), params.get("tags", {})
    arn = scope.arn("sqs", name)
    authorise(scope, "CreateQueue", arn, None, request_tags(added))
    if added:
        authorise(scope, "TagQueue", arn, None, request_tags(added))
    fresh = _fresh(scope, name, attributes)
    settings.put(scope, fresh, attributes)
    tag_rules.put("sqs", fresh.tags, added, of=name)
    known = scope.region.queues.get(name)
    if known is None:
        scope.region.queues[name] = known = fresh
    elif differing := _differing(scope, known, fresh, attributes):
        message = f"A queue already exists with the same name and a different value for attribute {differing}"
        raise AwsError("QueueNameExists", message)
    return {"QueueUrl": _url(scope, known)}


def _fresh(scope: Scope, name: str, attributes: dict[str, str]) -> Queue:
    fresh = Queue(name, scope.account.account_id, scope.region_name, scope.now, scope.now)
    if attributes.get("FifoQueue", "").lower() == "true":
        if not FIFO_NAME.fullmatch(name):
            text = "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must "
            raise AwsError("InvalidParameterValue", f"{text}end with .fifo suffix and be 1 to 80 in length.")
        fresh.fifo, fresh.order = Fifo(), Groups()
    elif not NAME.fullmatch(name):
        message = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        raise AwsError("InvalidParameterValue", message)
    return fresh


def _differing(scope: Scope, known: Queue, fresh: Queue, attributes: dict[str, str]) -> str | None:
    """The first attribute that was asked for and is another one at the queue there is."""
    have, wanted = settings.shown(scope.state, known), settings.shown(scope.state, fresh)
    return next((name for name in attributes if have.get(name) != wanted.get(name)), None)


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
    arn = scope.arn("sqs", "*")
    authorise(scope, "ListQueues", arn, None)
    names = [name for name in scope.region.queues if name.startswith(params.get("QueueNamePrefix", ""))]
    urls, more = _page(scope, params, names, scope.account.account_id)
    return {"QueueUrls": urls or None, "NextToken": more}


def list_sources(scope: Scope, params: Params) -> Params:
    """List the queues of which this one is the dead-letter queue, by name."""
    dead = judged(scope, params, "ListDeadLetterSourceQueues")
    held = scope.state.accounts[dead.account].region(dead.region).queues
    names = [name for name, queue in held.items() if queue.redrive and queue.redrive.queue_arn == dead.arn]
    urls, more = _page(scope, params, names, dead.account)
    return {"queueUrls": urls, "NextToken": more}


def _page(scope: Scope, params: Params, names: list[str], account: str) -> tuple[list[str], str | None]:
    """A page of addresses of an account's queues; without MaxResults the first 1,000, and no token."""
    size = params.get("MaxResults", 1000)
    if not 1 <= size <= 1000:
        raise AwsError("InvalidParameterValue", "MaxResults must be an integer between 1 and 1000.")
    shown, more = pages.by_name(names, params.get("NextToken"), size)
    return [_address(scope, account, name) for name in shown], more if "MaxResults" in params else None


def get_queue_attributes(scope: Scope, params: Params) -> Params:
    """Show what was asked for; `All` for everything."""
    queue = judged(scope, params, "GetQueueAttributes")
    queue.settle(scope.now)
    shown = settings.shown(scope.state, queue)
    asked = params.get("AttributeNames", [])
    if strange := [name for name in asked if name in settings.OF_MESSAGES]:
        raise AwsError("InvalidAttributeName", f"Unknown Attribute {strange[0]}.")
    return {"Attributes": {name: value for name, value in shown.items() if "All" in asked or name in asked} or None}


def set_queue_attributes(scope: Scope, params: Params) -> Params:
    """Change attributes; an empty policy removes it."""
    queue = judged(scope, params, "SetQueueAttributes")
    settings.put(scope, queue, params["Attributes"])
    queue.modified = scope.now
    return {}


def _url(scope: Scope, queue: Queue) -> str:
    return _address(scope, queue.account, queue.name)


def _address(scope: Scope, account: str, name: str) -> str:
    """On the host that was asked, because some clients send their calls to the queue's address."""
    host = scope.host or f"sqs.{scope.region_name}.amazonaws.com"
    scheme = "https" if host.endswith(".amazonaws.com") else "http"
    return f"{scheme}://{host}/{account}/{name}"


OPERATIONS = {
    "CreateQueue": Operation(create_queue, target=None),
    "DeleteQueue": Operation(delete_queue, target=None),
    "GetQueueUrl": Operation(get_queue_url, target=None),
    "ListQueues": Operation(list_queues, target=None),
    "GetQueueAttributes": Operation(get_queue_attributes, target=None),
    "SetQueueAttributes": Operation(set_queue_attributes, target=None),
    "ListDeadLetterSourceQueues": Operation(list_sources, target=None),
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
        "Message moves: 501",
        "missing",
        "test_sqs.py::test_what_is_not_simulated_says_so",
    ),
    Behaviour(
        "What no queue policy opens to another account: attributes, tags, deleting, listing queues",
        "DG",
        "test_sqs_attributes.py::test_a_queue_policy_does_not_open_everything",
    ),
    Behaviour(
        "A deleted name can be taken again at once (AWS: after a minute)",
        "missing",
    ),
)
