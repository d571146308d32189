"""EventBridge: rules. Their targets are in `targets`, buses and custom events in `buses`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records.events import Bus, Rule
from ...wire import AwsError, Params, unimplemented
from .. import pages, tag_forms, tag_rules
from ..operation import Operation, Scope, request_tags
from . import delivery, pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...policies.policy import Policy

ENABLED, DISABLED = "ENABLED", "DISABLED"


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
    return scope.arn("events", f"rule/{place}{name}")


def on_rule(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    """Judge the caller on the rule of a request."""
    name: str = params.get("Name") or params.get("Rule") or params.get("NamePrefix") or "*"
    return rule_arn(scope, name, params.get("EventBusName", "default")), None


def rule_of(scope: Scope, params: Params) -> Rule:
    """The rule of a request."""
    bus = bus_of(scope, params.get("EventBusName", "default"))
    name = params.get("Name", params.get("Rule", ""))
    if name not in bus.rules:
        raise AwsError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus.name}.")
    return bus.rules[name]


def put_rule(scope: Scope, params: Params) -> Params:
    """Create a rule or replace it, its targets and tags excepted."""
    bus, text = bus_of(scope, params.get("EventBusName", "default")), params.get("EventPattern")
    if params.get("ScheduleExpression"):
        raise unimplemented("events:PutRule with ScheduleExpression")
    if not text:
        raise AwsError("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
    found = _pattern(text)
    known = bus.rules.get(params["Name"])
    arn = rule_arn(scope, params["Name"], bus.name)
    bus.rules[params["Name"]] = rule = Rule(
        params["Name"],
        arn,
        text,
        found,
        params.get("State", ENABLED),
        scope.account.account_id,
        params.get("Description"),
        params.get("RoleArn"),
        known.targets if known else {},
        known.tags if known else _first_tags(scope, params, arn),
    )
    return {"RuleArn": rule.arn}


def _first_tags(scope: Scope, params: Params, arn: str) -> dict[str, str]:
    """The tags of a new rule, which the caller may give; those of a rule there is stay as they are."""
    added = tag_forms.as_map(params.get("Tags", []))
    if added:
        scope.authorise("events:TagResource", arn, keys=request_tags(added))
        tag_rules.require("events", {}, added)
    return added


def _pattern(text: str) -> pattern.Pattern:
    try:
        return pattern.parse(text)
    except pattern.BadPatternError as error:
        message = f"Event pattern is not valid. Reason: {error}"
        raise AwsError("InvalidEventPatternException", message) from None


def describe_rule(scope: Scope, params: Params) -> Params:
    """Describe a rule."""
    rule = rule_of(scope, params)
    return _shown(rule, bus_of(scope, params.get("EventBusName", "default"))) | {"CreatedBy": rule.created_by}


def list_rules(scope: Scope, params: Params) -> Params:
    """List the rules of a bus by name."""
    bus, prefix = bus_of(scope, params.get("EventBusName", "default")), params.get("NamePrefix", "")
    names = [name for name in bus.rules if name.startswith(prefix)]
    page, token = page_of(names, params)
    return {"Rules": [_shown(bus.rules[name], bus) for name in page], "NextToken": token}


def _shown(rule: Rule, bus: Bus) -> Params:
    return {
        "Name": rule.name,
        "Arn": rule.arn,
        "EventPattern": rule.text,
        "State": rule.state,
        "Description": rule.description,
        "RoleArn": rule.role_arn,
        "EventBusName": bus.name,
    }


def page_of(names: Iterable[str], params: Params) -> tuple[list[str], str | None]:
    """One page of names."""
    return pages.by_name(names, params.get("NextToken"), params.get("Limit", 100))


def delete_rule(scope: Scope, params: Params) -> Params:
    """Delete a rule without targets; one that is not there is no error."""
    bus = bus_of(scope, params.get("EventBusName", "default"))
    rule = bus.rules.get(params["Name"])
    if rule and rule.targets:
        raise AwsError("ValidationException", "Rule can't be deleted since it has targets.")
    if rule:
        del bus.rules[rule.name]
    return {}


def enable_rule(scope: Scope, params: Params) -> Params:
    """Let a rule see events again."""
    return _switched(scope, params, ENABLED)


def disable_rule(scope: Scope, params: Params) -> Params:
    """Let a rule see no events."""
    return _switched(scope, params, DISABLED)


def _switched(scope: Scope, params: Params, state: str) -> Params:
    rule = rule_of(scope, params)
    rule.state = state
    return {}


def names_by_target(scope: Scope, params: Params) -> Params:
    """List the names of the rules of a bus that have something as their target."""
    bus = bus_of(scope, params.get("EventBusName", "default"))
    wanted = params["TargetArn"]
    names = [name for name, rule in bus.rules.items() if any(one.arn == wanted for one in rule.targets.values())]
    page, token = page_of(names, params)
    return {"RuleNames": page, "NextToken": token}


OPERATIONS = {
    "PutRule": Operation(put_rule, on_rule),
    "DescribeRule": Operation(describe_rule, on_rule),
    "ListRules": Operation(list_rules, on_rule),
    "DeleteRule": Operation(delete_rule, on_rule),
    "EnableRule": Operation(enable_rule, on_rule),
    "DisableRule": Operation(disable_rule, on_rule),
    "ListRuleNamesByTarget": Operation(names_by_target, on_rule),
}

FIDELITY = (
    Behaviour(
        "Rules: put replaces all but targets and tags, five targets at most, deletion only without targets; at once",
        "botocore; texts: issue, of the bound and of an absent bus: assumed",
        "test_events.py::test_rules_come_and_go",
    ),
    Behaviour(
        "Rules by schedule: 501",
        "missing",
        "test_events.py::test_what_is_not_simulated_says_so",
    ),
    Behaviour(
        "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS is kept and shown; there is no CloudTrail, and no managed rule",
        "missing",
    ),
)
