"""EventBridge: tags of rules and buses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import arns
from ...fidelity import Behaviour
from ...records.events import place_of_rule
from ...wire import AwsError, Params
from .. import tag_forms, tag_rules
from ..operation import Operation, Scope
from . import delivery

if TYPE_CHECKING:
    from ...policies.policy import Policy
    from ...records.state import State


def on_resource(_scope: Scope, params: Params) -> tuple[str, Policy | None]:
    """Judge the caller on the rule or bus of a request."""
    return params["ResourceARN"], None


def tag(scope: Scope, params: Params) -> Params:
    """Add or replace tags."""
    held, added = _held(scope, params), tag_forms.as_map(params["Tags"])
    tag_rules.put("events", held, added)
    return {}


def untag(scope: Scope, params: Params) -> Params:
    """Remove tags; absent ones do not matter."""
    tag_rules.take(_held(scope, params), params["TagKeys"])
    return {}


def list_tags(scope: Scope, params: Params) -> Params:
    """List the tags of a rule or bus."""
    return {"Tags": tag_forms.as_pairs(_held(scope, params))}


def _held(scope: Scope, params: Params) -> dict[str, str]:
    arn = params["ResourceARN"]
    here = arns.of(arn)[:3] == ("events", scope.region_name, scope.account.account_id)
    found = of_arn(scope.state, arn) if here else None
    if found is None:
        raise AwsError("ResourceNotFoundException", _missing(arn))
    return found


def of_arn(state: State, arn: str) -> dict[str, str] | None:
    """The tags of a rule or bus by its ARN, to be changed; None where there is none."""
    service, region, account, resource = arns.of(arn)
    if service != "events":
        return None
    if not resource.startswith("rule/"):
        bus = delivery.by_arn(state, arn)
        return bus.tags if bus else None
    place, name = place_of_rule(resource)
    bus = delivery.bus(state, account, region, place)
    rule = bus.rules.get(name) if bus else None
    return rule.tags if rule else None


def _missing(arn: str) -> str:
    if ":rule/" not in arn:
        return f"Event bus {arn.rpartition('/')[2]} does not exist."
    bus, name = place_of_rule(arns.of(arn).resource)
    return f"Rule {name} does not exist on EventBus {bus}."


OPERATIONS = {
    "TagResource": Operation(tag, on_resource),
    "UntagResource": Operation(untag, on_resource),
    "ListTagsForResource": Operation(list_tags, on_resource),
}

FIDELITY = (
    Behaviour(
        "Tags of rules and buses, also at creation (which needs events:TagResource too); conditions see them",
        "DG; texts partly assumed",
        "test_event_rules.py::test_tags_of_rules_and_buses_are_judged",
    ),
)
