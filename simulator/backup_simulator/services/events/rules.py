"""EventBridge: rules and their targets. Buses and custom events are in `buses`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records.events import Bus, Rule, Target
from ...wire import AwsError, CommonError, Params
from ..operation import Operation, Scope
from . import delivery, pattern

if TYPE_CHECKING:
    from ...identity.policy import Policy

MAX_TARGETS = 5
ENABLED, DISABLED = "ENABLED", "DISABLED"
KNOWN_OF_TARGETS = frozenset({"Id", "Arn", "RoleArn", "Input", "InputPath"})


def bus_of(scope: Scope, name: str) -> Bus:
    """A bus of the caller by name or ARN."""
    if name.startswith("arn:"):
        found = delivery.by_arn(scope.state, name)
        if found and (found.account, found.region) != (scope.account.account_id, scope.region_name):
            found = None
    else:
        found = delivery.bus(scope.state, scope.account.account_id, scope.region_name, name)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Event bus {name.rpartition('/')[2]} does not exist.")
    return found


def rule_arn(scope: Scope, name: str, bus: str) -> str:
    """The ARN of a rule; that of the default bus is not named in it."""
    place = "" if bus.rpartition("/")[2] == "default" else f"{bus.rpartition('/')[2]}/"
    return f"arn:aws:events:{scope.region_name}:{scope.account.account_id}:rule/{place}{name}"


def on_rule(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    """Judge the caller on the rule of a request."""
    name: str = params.get("Name") or params.get("Rule") or params.get("NamePrefix") or "*"
    return rule_arn(scope, name, params.get("EventBusName", "default")), None


def _rule(scope: Scope, params: Params) -> Rule:
    bus = bus_of(scope, params.get("EventBusName", "default"))
    name = params.get("Name", params.get("Rule", ""))
    if name not in bus.rules:
        raise AwsError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus.name}.")
    return bus.rules[name]


def put_rule(scope: Scope, params: Params) -> Params:
    """Create a rule or replace it, its targets excepted."""
    for name in ("ScheduleExpression", "Tags"):
        if params.get(name):
            raise CommonError("NotImplemented", f"The simulator does not implement events:PutRule with {name}")
    bus, text = bus_of(scope, params.get("EventBusName", "default")), params.get("EventPattern")
    if not text:
        raise AwsError("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
    known = bus.rules.get(params["Name"])
    bus.rules[params["Name"]] = rule = Rule(
        params["Name"],
        rule_arn(scope, params["Name"], bus.name),
        text,
        _pattern(text),
        params.get("State", ENABLED) != DISABLED,
        scope.account.account_id,
        params.get("Description"),
        params.get("RoleArn"),
        known.targets if known else {},
    )
    return {"RuleArn": rule.arn}


def _pattern(text: str) -> pattern.Pattern:
    try:
        return pattern.parse(text)
    except pattern.BadPatternError as error:
        message = f"Event pattern is not valid. Reason: {error}"
        raise AwsError("InvalidEventPatternException", message) from None


def describe_rule(scope: Scope, params: Params) -> Params:
    """Describe a rule."""
    rule = _rule(scope, params)
    return _shown(rule, bus_of(scope, params.get("EventBusName", "default"))) | {"CreatedBy": rule.created_by}


def list_rules(scope: Scope, params: Params) -> Params:
    """List the rules of a bus by name."""
    bus, prefix = bus_of(scope, params.get("EventBusName", "default")), params.get("NamePrefix", "")
    names = [name for name in sorted(bus.rules) if name.startswith(prefix)]
    page, token = page_of(names, params)
    return {"Rules": [_shown(bus.rules[name], bus) for name in page], "NextToken": token}


def _shown(rule: Rule, bus: Bus) -> Params:
    return {
        "Name": rule.name,
        "Arn": rule.arn,
        "EventPattern": rule.text,
        "State": ENABLED if rule.enabled else DISABLED,
        "Description": rule.description,
        "RoleArn": rule.role_arn,
        "EventBusName": bus.name,
    }


def page_of(names: list[str], params: Params) -> tuple[list[str], str | None]:
    """One page of sorted names; the token is the last name of the page before."""
    size = params.get("Limit", 100)
    left = [name for name in names if name > params.get("NextToken", "")]
    return left[:size], left[size - 1] if len(left) > size else None


def delete_rule(scope: Scope, params: Params) -> Params:
    """Delete a rule without targets; one that is not there is no error."""
    bus = bus_of(scope, params.get("EventBusName", "default"))
    rule = bus.rules.get(params["Name"])
    if rule and rule.targets:
        raise AwsError("ValidationException", "Rule can't be deleted since it has targets.")
    bus.rules.pop(params["Name"], None)
    return {}


def enable_rule(scope: Scope, params: Params) -> Params:
    """Let a rule see events again."""
    _rule(scope, params).enabled = True
    return {}


def disable_rule(scope: Scope, params: Params) -> Params:
    """Let a rule see no events."""
    _rule(scope, params).enabled = False
    return {}


def put_targets(scope: Scope, params: Params) -> Params:
    """Add targets or replace those with the same id; whether they exist is seen when events come."""
    rule = _rule(scope, params)
    asked = [_target(scope, part) for part in params["Targets"]]
    if len(asked) > 10:
        raise AwsError("ValidationException", "The maximum number of entries per request is 10.")
    after = rule.targets | {target.target_id: target for target in asked}
    if len(after) > MAX_TARGETS:
        raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    rule.targets = after
    return {"FailedEntryCount": 0, "FailedEntries": []}


def _target(scope: Scope, part: Params) -> Target:
    if strange := sorted(set(part) - KNOWN_OF_TARGETS):
        raise CommonError("NotImplemented", f"The simulator does not implement events:PutTargets with {strange[0]}")
    arn, role = part["Arn"], part.get("RoleArn")
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        message = f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
        raise AwsError("ValidationException", message)
    to_bus = parts[2] == "events" and parts[5].startswith("event-bus/")
    if parts[2] != "sqs" and not to_bus:
        raise CommonError("NotImplemented", f"The simulator does not implement events:PutTargets for {parts[2]}")
    if "Input" in part and "InputPath" in part:
        message = "Only one of Input, InputPath, or InputTransformer must be provided for target"
        raise AwsError("ValidationException", f"{message} {part['Id']}.")
    if to_bus and parts[4] == scope.account.account_id and role is None:
        raise AwsError("ValidationException", f"RoleArn is required for target {arn}.")
    if role:
        scope.authorise("iam:PassRole", role, keys={"iam:passedtoservice": (delivery.SERVICE,)})
    return Target(part["Id"], arn, role, part.get("Input"), part.get("InputPath"))


def remove_targets(scope: Scope, params: Params) -> Params:
    """Remove targets by id; those that are not there are told."""
    rule = _rule(scope, params)
    missing = [name for name in params["Ids"] if rule.targets.pop(name, None) is None]
    failed = [
        {"TargetId": name, "ErrorCode": "ResourceNotFoundException", "ErrorMessage": f"Target {name} does not exist."}
        for name in missing
    ]
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}


def list_targets(scope: Scope, params: Params) -> Params:
    """List the targets of a rule by id."""
    rule = _rule(scope, params)
    page, token = page_of(sorted(rule.targets), params)
    found = [
        {"Id": name, "Arn": one.arn, "RoleArn": one.role_arn, "Input": one.constant, "InputPath": one.path}
        for name in page
        for one in (rule.targets[name],)
    ]
    return {"Targets": found, "NextToken": token}


OPERATIONS = {
    "PutRule": Operation(put_rule, on_rule),
    "DescribeRule": Operation(describe_rule, on_rule),
    "ListRules": Operation(list_rules, on_rule),
    "DeleteRule": Operation(delete_rule, on_rule),
    "EnableRule": Operation(enable_rule, on_rule),
    "DisableRule": Operation(disable_rule, on_rule),
    "PutTargets": Operation(put_targets, on_rule),
    "RemoveTargets": Operation(remove_targets, on_rule),
    "ListTargetsByRule": Operation(list_targets, on_rule),
}

FIDELITY = (
    Behaviour(
        "Rules: put replaces all but the targets, five targets at most, deletion only without targets; at once",
        "botocore; texts: issue, assumed",
        "test_events.py::test_rules_come_and_go",
    ),
)
