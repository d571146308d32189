"""SQS: AddPermission and RemovePermission, which write single statements of a queue's policy."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...identity import anchors
from ...policies import policy
from ...wire import AwsError, Params
from ..operation import Operation, Scope
from . import queues

if TYPE_CHECKING:
    from ...records.queue import Queue

LABEL = re.compile(r"[A-Za-z0-9_-]{1,80}")
ACTIONS = frozenset(
    {
        "*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl",
        "ListDeadLetterSourceQueues", "PurgeQueue", "ReceiveMessage", "SendMessage",
    }
)  # fmt: skip
MOST_ACTIONS = 7


def add(scope: Scope, params: Params) -> Params:
    """Let other accounts do something with a queue, under a label."""
    queue = queues.judged(scope, params, "AddPermission")
    label, accounts, actions = params["Label"], params["AWSAccountIds"], params["Actions"]
    before = _statements(scope, queue)
    if not LABEL.fullmatch(label):
        raise _invalid("Label", label, "It can have up to 80 letters, digits, hyphens and underscores.")
    if any(one.get("Sid") == label for one in before):
        raise _invalid("Label", label, "Already exists.")
    if strange := [name for name in actions if name not in ACTIONS]:
        raise _invalid("ActionName", strange[0], "Only the queue owner is allowed to invoke this action.")
    if not accounts or not actions:
        raise AwsError("MissingParameter", "The request must contain the parameter Actions.")
    if len(actions) > MOST_ACTIONS:
        raise AwsError("OverLimit", f"{len(actions)} Actions were found, maximum allowed is {MOST_ACTIONS}.")
    if unknown := [account for account in accounts if account not in scope.state.accounts]:
        raise _invalid("PrincipalId", unknown[0], "Unable to verify.")
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]},
        "Action": [f"SQS:{name}" for name in actions],
        "Resource": queue.arn,
    }
    _write(scope, queue, [*before, statement])
    return {}


def remove(scope: Scope, params: Params) -> Params:
    """Take a statement away by its label."""
    queue = queues.judged(scope, params, "RemovePermission")
    before = _statements(scope, queue)
    left = [one for one in before if one.get("Sid") != params["Label"]]
    if len(left) == len(before):
        raise _invalid("Label", params["Label"], "can't find label.")
    _write(scope, queue, left)
    return {}


def _statements(scope: Scope, queue: Queue) -> list[Params]:
    if queue.policy is None:
        return []
    return [dict(one) for one in policy.items(anchors.rendered(scope.state, queue.policy)["Statement"])]


def _write(scope: Scope, queue: Queue, statements: list[Params]) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    queue.policy = anchors.anchored(scope.state, policy.parse(text)) if statements else None
    queue.modified = scope.now


def _invalid(name: str, value: str, reason: str) -> AwsError:
    return AwsError("InvalidParameterValue", f"Value {value} for parameter {name} is invalid. Reason: {reason}")


OPERATIONS = {
    "AddPermission": Operation(add, target=None),
    "RemovePermission": Operation(remove, target=None),
}

FIDELITY = (
    Behaviour(
        "AddPermission and RemovePermission write statements of the queue's policy, by label",
        "DG; texts: issue, partly assumed",
        "test_sqs_attributes.py::test_a_permission_is_a_statement_of_the_policy",
    ),
)
