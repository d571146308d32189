"""SQS: tags of queues, and the conditions on them."""

from __future__ import annotations

from ...fidelity import Behaviour
from ...wire import Params
from .. import tag_rules
from ..operation import Operation, Scope, request_tags
from . import queues


def tag(scope: Scope, params: Params) -> Params:
    """Add or replace tags."""
    added = params["Tags"]
    queue = queues.judged(scope, params, "TagQueue", request_tags(added))
    tag_rules.put("sqs", queue.tags, added, of=queue.name)
    return {}


def untag(scope: Scope, params: Params) -> Params:
    """Remove tags; absent ones do not matter."""
    names = params["TagKeys"]
    queue = queues.judged(scope, params, "UntagQueue", {"aws:tagkeys": tuple(names)})
    tag_rules.take(queue.tags, names)
    return {}


def list_tags(scope: Scope, params: Params) -> Params:
    """List the tags of a queue."""
    return {"Tags": dict(queues.judged(scope, params, "ListQueueTags").tags) or None}


OPERATIONS = {
    "TagQueue": Operation(tag, target=None),
    "UntagQueue": Operation(untag, target=None),
    "ListQueueTags": Operation(list_tags, target=None),
}

FIDELITY = (
    Behaviour(
        "Tags of queues, also at creation (which needs sqs:TagQueue too); `aws:RequestTag`, `aws:ResourceTag`, "
        "`aws:TagKeys` are judged",
        "DG; texts assumed",
        "test_sqs_attributes.py::test_tags_of_queues_are_judged",
    ),
)
