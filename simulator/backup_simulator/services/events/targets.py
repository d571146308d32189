"""EventBridge: the targets of rules, and what each of them gets."""

from __future__ import annotations

import re

from ... import arns
from ...fidelity import Behaviour
from ...records.events import Target
from ...wire import AwsError, Params, unimplemented
from ..operation import Operation, Scope
from . import delivery, rules

MAX_TARGETS = 5
KNOWN = frozenset(
    {
        "Id", "Arn", "RoleArn", "Input", "DeadLetterConfig", "RetryPolicy", "SqsParameters",
    }
)  # fmt: skip
_QUEUE = re.compile(r"arn:aws:sqs:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,80}(\.fifo)?")


def put_targets(scope: Scope, params: Params) -> Params:
    """Add targets or replace those with the same id; whether they exist is seen when events come."""
    rule = rules.rule_of(scope, params)
    asked = [_target(scope, part) for part in params["Targets"]]
    if len(asked) > 10:
        raise AwsError("ValidationException", "The maximum number of entries per request is 10.")
    after = rule.targets | {target.target_id: target for target in asked}
    if len(after) > MAX_TARGETS:
        raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    rule.targets = after
    return {"FailedEntryCount": 0, "FailedEntries": []}


def _target(scope: Scope, part: Params) -> Target:
    if strange := sorted(set(part) - KNOWN):
        raise unimplemented(f"events:PutTargets with {strange[0]}")
    arn, role, name = part["Arn"], part.get("RoleArn"), part["Id"]
    parts = arns.of(arn)
    if parts is arns.NONE:
        raise _invalid(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
    to_bus = parts.service == "events" and parts.resource.startswith("event-bus/")
    if parts.service != "sqs" and not to_bus:
        raise unimplemented(f"events:PutTargets for {parts.service}")
    if to_bus and (given := [one for one in ("Input", "SqsParameters") if part.get(one) is not None]):
        raise _invalid(f"{given[0]} is not available for an event bus as target: {name}.")
    if to_bus and parts.account == scope.account.account_id and role is None:
        raise _invalid(f"RoleArn is required for target {arn}.")
    if arn.endswith(".fifo") and not part.get("SqsParameters", {}).get("MessageGroupId"):
        raise _invalid(f"Parameter(s) SqsParameters must be specified for target: {name}.")
    if role:
        scope.authorise("iam:PassRole", role, keys={"iam:passedtoservice": (delivery.SERVICE,)})
    return Target(
        name,
        arn,
        role,
        part.get("Input"),
        _dead_letters(scope, part.get("DeadLetterConfig", {})),
        part.get("RetryPolicy"),
        part.get("SqsParameters", {}).get("MessageGroupId"),
    )


def _dead_letters(scope: Scope, part: Params) -> str | None:
    """The ARN of a standard queue of the Region; whether it exists is seen when it is needed."""
    arn = part.get("Arn")
    if arn is None:
        return None
    found = _QUEUE.fullmatch(arn)
    if not found or found[2] or found[1] != scope.region_name:
        raise _invalid(f"Parameter {arn} is not valid. Reason: A dead-letter queue is a standard queue of the Region.")
    return str(arn)


def _invalid(text: str) -> AwsError:
    return AwsError("ValidationException", text)


def remove_targets(scope: Scope, params: Params) -> Params:
    """Remove targets by id; those that are not there are told."""
    rule = rules.rule_of(scope, params)
    missing = [name for name in params["Ids"] if rule.targets.pop(name, None) is None]
    failed = [
        {"TargetId": name, "ErrorCode": "ResourceNotFoundException", "ErrorMessage": f"Target {name} does not exist."}
        for name in missing
    ]
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}


def list_targets(scope: Scope, params: Params) -> Params:
    """List the targets of a rule by id."""
    rule = rules.rule_of(scope, params)
    page, token = rules.page_of(rule.targets, params)
    return {"Targets": [_shown(rule.targets[name]) for name in page], "NextToken": token}


def _shown(target: Target) -> Params:
    return {
        "Id": target.target_id,
        "Arn": target.arn,
        "RoleArn": target.role_arn,
        "Input": target.constant,
        "DeadLetterConfig": {"Arn": target.dead_letters} if target.dead_letters else None,
        "RetryPolicy": target.retry,
        "SqsParameters": {"MessageGroupId": target.group} if target.group else None,
    }


OPERATIONS = {
    "PutTargets": Operation(put_targets, rules.on_rule),
    "RemoveTargets": Operation(remove_targets, rules.on_rule),
    "ListTargetsByRule": Operation(list_targets, rules.on_rule),
}

FIDELITY = (
    Behaviour(
        "A FIFO queue as target needs a MessageGroupId and content-based deduplication",
        "DG, issue",
        "test_event_targets.py::test_a_fifo_queue_as_target",
    ),
    Behaviour(
        "Input is not available for buses",
        "DG (for buses of other accounts); for those of the own: assumed",
        "test_event_targets.py::test_targets_that_cannot_be_are_refused",
    ),
    Behaviour(
        "InputPath and InputTransformer: 501",
        "missing",
        "test_events.py::test_what_is_not_simulated_says_so",
    ),
)
