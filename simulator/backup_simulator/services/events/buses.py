"""EventBridge: buses, who may put events on them, and custom events."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ... import arns
from ...fidelity import Behaviour
from ...identity import anchors, gate
from ...policies import policy
from ...records.events import Bus
from ...wire import AwsError, Params, SimulatorError, unimplemented
from .. import tag_forms, tag_rules
from ..operation import Operation, Scope, request_tags
from . import delivery, feed, rules
from . import pattern as events_pattern

if TYPE_CHECKING:
    from ...policies.policy import Policy

NAME = re.compile(r"[.\-_A-Za-z0-9]{1,256}")
ACCOUNT = re.compile(r"\d{12}")


def _arn(scope: Scope, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return scope.arn("events", f"event-bus/{name}")


def on_bus(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    """Judge the caller on the bus of a request."""
    name: str = params.get("EventBusName") or params.get("Name") or "default"
    return _arn(scope, name), None


def create(scope: Scope, params: Params) -> Params:
    """Create a bus."""
    _require_plain("CreateEventBus", params)
    name, added = params["Name"], tag_forms.as_map(params.get("Tags", []))
    if not NAME.fullmatch(name):
        raise AwsError("ValidationException", f"Event bus name {name} is not valid.")
    if name == "default" or name in scope.region.buses:
        raise AwsError("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
    if added:
        scope.authorise("events:TagResource", _arn(scope, name), keys=request_tags(added))
        tag_rules.require("events", {}, added)
    bus = Bus(
        name,
        scope.account.account_id,
        scope.region_name,
        scope.now,
        description=params.get("Description"),
        modified=scope.now,
        tags=added,
    )
    scope.region.buses[name] = bus
    return {"EventBusArn": bus.arn, "Description": bus.description}


def _require_plain(operation: str, params: Params) -> None:
    for name in ("EventSourceName", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig"):
        if params.get(name):
            raise unimplemented(f"events:{operation} with {name}")


def update(scope: Scope, params: Params) -> Params:
    """Describe a bus in other words, the default one without a name."""
    _require_plain("UpdateEventBus", params)
    bus = rules.bus_of(scope, params.get("Name", "default"))
    if "Description" in params:
        bus.description = params["Description"] or None
    bus.modified = scope.now
    return {"Arn": bus.arn, "Name": bus.name, "Description": bus.description}


def describe(scope: Scope, params: Params) -> Params:
    """Describe a bus, the default one without a name."""
    return _shown(scope, rules.bus_of(scope, params.get("Name", "default")))


def list_buses(scope: Scope, params: Params) -> Params:
    """List the buses of the Region by name."""
    rules.bus_of(scope, "default")
    names = [name for name in scope.region.buses if name.startswith(params.get("NamePrefix", ""))]
    page, token = rules.page_of(names, params)
    return {"EventBuses": [_shown(scope, scope.region.buses[name]) for name in page], "NextToken": token}


def _shown(scope: Scope, bus: Bus) -> Params:
    return {
        "Name": bus.name,
        "Arn": bus.arn,
        "Description": bus.description,
        "Policy": json.dumps(anchors.rendered(scope.state, bus.policy), separators=(",", ":")) if bus.policy else None,
        "CreationTime": bus.created,
        "LastModifiedTime": bus.created if bus.modified is None else bus.modified,
    }


def delete(scope: Scope, params: Params) -> Params:
    """Delete a bus without rules; the default one stays, one that is not there is no error."""
    if params["Name"] == "default":
        raise AwsError("ValidationException", "Cannot delete event bus default.")
    bus = scope.region.buses.get(params["Name"])
    if bus and bus.rules:
        raise AwsError("ValidationException", "Event bus can't be deleted since it has rules.")
    scope.region.buses.pop(params["Name"], None)
    return {}


def put_permission(scope: Scope, params: Params) -> Params:
    """Let accounts put events on a bus: by one statement, or by a whole policy."""
    bus = rules.bus_of(scope, params.get("EventBusName", "default"))
    if "Policy" in params:
        bus.policy = _policy(scope, params["Policy"])
        return {}
    for name in ("Action", "Principal", "StatementId"):
        if name not in params:
            raise AwsError("ValidationException", f"Parameter {name} must be specified.")
    who = params["Principal"]
    if who != "*" and not ACCOUNT.fullmatch(who):
        raise AwsError("ValidationException", f"Provided value in parameter 'principal' is not valid: {who}")
    statement: Params = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": "*" if who == "*" else {"AWS": f"arn:aws:iam::{who}:root"},
        "Action": params["Action"],
        "Resource": bus.arn,
    }
    if condition := params.get("Condition"):
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    others = [one for one in _statements(scope, bus) if one.get("Sid") != params["StatementId"]]
    bus.policy = _policy(scope, json.dumps({"Version": "2012-10-17", "Statement": [*others, statement]}))
    return {}


def remove_permission(scope: Scope, params: Params) -> Params:
    """Take a statement away, or all."""
    bus = rules.bus_of(scope, params.get("EventBusName", "default"))
    if params.get("RemoveAllPermissions"):
        bus.policy = None
        return {}
    statements = _statements(scope, bus)
    left = [one for one in statements if one.get("Sid") != params.get("StatementId")]
    if len(left) == len(statements):
        flaw = "Statement with the provided id does not exist." if statements else "EventBus does not have a policy."
        raise AwsError("ResourceNotFoundException", flaw)
    bus.policy = _policy(scope, json.dumps({"Version": "2012-10-17", "Statement": left})) if left else None
    return {}


def _statements(scope: Scope, bus: Bus) -> list[Params]:
    if bus.policy is None:
        return []
    return [dict(one) for one in policy.items(anchors.rendered(scope.state, bus.policy)["Statement"])]


def _policy(scope: Scope, text: str) -> Policy:
    if len(text) > 10_240:
        raise AwsError("PolicyLengthExceededException", "The policy cannot exceed 10 KB in size.")
    try:
        return anchors.anchored(scope.state, policy.parse(text))
    except SimulatorError:
        raise
    except ValueError as error:
        raise AwsError("ValidationException", f"Policy is not valid: {error}") from None


def put_events(scope: Scope, params: Params) -> Params:
    """Put custom events on buses, at once; each entry by itself, but a refused bus refuses the call."""
    places = [_allowed(scope, entry) for entry in params["Entries"]]
    if params.get("EndpointId"):
        raise unimplemented("events:PutEvents with EndpointId")
    found = [_put(scope, bus, entry) for bus, entry in zip(places, params["Entries"], strict=True)]
    return {"FailedEntryCount": sum("ErrorCode" in one for one in found), "Entries": found}


def _allowed(scope: Scope, entry: Params) -> Bus | None:
    arn = _arn(scope, entry.get("EventBusName", "default"))
    bus = delivery.by_arn(scope.state, arn)
    keys = scope.known
    for member, key in (("Source", "events:source"), ("DetailType", "events:detail-type")):
        if member in entry:
            keys[key] = (entry[member],)
    asked = gate.question(scope.state, scope.principal, "events:PutEvents", arn, keys)
    reason = gate.refusal(scope.state, asked, bus.policy if bus else None, owner=arns.of(arn).account)
    if reason:
        raise gate.denied(asked, reason)
    return bus


def _put(scope: Scope, bus: Bus | None, entry: Params) -> Params:
    flaw = _flaw(entry)
    if flaw:
        return {"ErrorCode": flaw[0], "ErrorMessage": flaw[1]}
    if bus is None:  # AWS takes the event and loses it
        return {"EventId": scope.state.feed.ids.uuid()}
    origin = feed.Origin(scope.account.account_id, bus.region, entry.get("Resources", []), entry["Source"])
    moment, detail = entry.get("Time", scope.now), json.loads(entry["Detail"])
    event = feed.event(scope.state, origin, entry["DetailType"], detail, moment)
    delivery.publish(scope.state, bus, event, scope.now, forwarded=bus.account != origin.account)
    return {"EventId": event["id"]}


def _flaw(entry: Params) -> tuple[str, str] | None:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
    if entry["Source"].startswith("aws."):
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    try:
        detail = json.loads(entry["Detail"])
    except (ValueError, RecursionError):
        detail = None
    return None if isinstance(detail, dict) else ("MalformedDetail", "Detail is malformed.")


def try_pattern(_scope: Scope, params: Params) -> Params:
    """Say whether an event is meant by a pattern."""
    try:
        pattern, event = events_pattern.parse(params["EventPattern"]), json.loads(params["Event"])
    except events_pattern.BadPatternError as error:
        message = f"Event pattern is not valid. Reason: {error}"
        raise AwsError("InvalidEventPatternException", message) from None
    except (ValueError, RecursionError):
        raise AwsError("ValidationException", "Parameter Event is not valid.") from None
    return {"Result": events_pattern.matches(pattern, event)}


OPERATIONS = {
    "CreateEventBus": Operation(create, on_bus),
    "UpdateEventBus": Operation(update, on_bus),
    "DescribeEventBus": Operation(describe, on_bus),
    "ListEventBuses": Operation(list_buses),
    "DeleteEventBus": Operation(delete, on_bus),
    "PutPermission": Operation(put_permission, on_bus),
    "RemovePermission": Operation(remove_permission, on_bus),
    "PutEvents": Operation(put_events, target=None),
    "TestEventPattern": Operation(try_pattern),
}

FIDELITY = (
    Behaviour(
        "A bus can be described anew; its key, logs and dead-letter queue are 501",
        "botocore; missing",
        "test_event_rules.py::test_a_bus_is_described_anew",
    ),
    Behaviour(
        "PutEvents: entries fail by themselves; `aws.` as source is NotAuthorizedForSourceException; at once",
        "issue; that delivery is at once: ours",
        "test_events.py::test_custom_events_are_put_entry_by_entry",
    ),
    Behaviour(
        "PutPermission: a statement for an account, or for everybody under a condition, or a whole policy",
        "botocore",
        "test_events.py::test_a_permission_is_a_statement_of_the_policy",
    ),
    Behaviour(
        "Events that are put straight on another account's bus go to no third bus either",
        "assumed",
    ),
)
