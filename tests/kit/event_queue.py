"""The example of docs/how-to/events.md in the simulated AWS: rules of accounts, the bus they send to, and the queue.

Its templates are read and carried out as CloudFormation does it, as far as they go.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml
from tests.kit.stage import AWAY, BACKUP, HOME, PRODUCTION, TOOLS, Json, account

from backup_simulator.server import SimulatorServer
from backup_simulator.transport import InProcess
from crossvault.kinds.entries import Operator, document, own_statements

FOLDER = Path(__file__).parents[2] / "deploy" / "aws" / "events"
ORGANIZATION = "OrganizationId"
ROLE = "crossvault-events"
BUS_ARN = f"arn:aws:events:{HOME}:{TOOLS}:event-bus/crossvault"
QUEUE_ARN = f"arn:aws:sqs:{HOME}:{TOOLS}:crossvault-events"
RULE_ARN = f"arn:aws:events:{HOME}:{TOOLS}:rule/crossvault/crossvault-events"
PERMISSIONS: Json = document(own_statements((), Operator("", queue_arn=QUEUE_ARN)))
"""What the operator's own identity needs besides."""
PLACES = ((PRODUCTION, HOME), (BACKUP, AWAY))


def template(name: str) -> Json:
    """Return a template of the example."""
    return cast("Json", yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8")))


def resolved(part: Any, known: Mapping[str, str]) -> Any:
    """Return a part of a template with its references replaced: ``Name`` for Ref, ``Name.Arn`` for GetAtt."""
    match part:
        case {"Ref": str(name)}:
            return known[name]
        case {"Fn::GetAtt": [str(name), str(member)]}:
            return known[f"{name}.{member}"]
        case dict():
            return {key: resolved(value, known) for key, value in part.items()}
        case list():
            return [resolved(each, known) for each in part]
        case _:
            return part


def permitted(made: Json) -> Json:
    """Return a world in which the accounts' role of the example is there, and the operator may read the queue."""
    wanted = template("account")["Resources"]["Role"]["Properties"]
    documents = [resolved(each["PolicyDocument"], {"BusArn": BUS_ARN}) for each in wanted["Policies"]]
    for account_id, _ in PLACES:
        role = {"name": ROLE, "trust": {"services": ["events.amazonaws.com"]}, "policies": documents}
        account(made, account_id)["roles"].append(role)
    user = next(each for each in account(made, TOOLS)["users"] if each["name"] == "crossvault-operator")
    user["policies"] = [*user.get("policies", []), PERMISSIONS]
    return made


def installed(cloud: InProcess | SimulatorServer) -> str:
    """Carry out the templates in a world that is :func:`permitted`; return the URL of the queue."""
    hub, organization = template("hub")["Resources"], cloud.state.organization_of(PRODUCTION)
    assert organization is not None
    known = {
        "Bus": "crossvault",
        "Bus.Arn": BUS_ARN,
        "Queue.Arn": QUEUE_ARN,
        "Rule.Arn": RULE_ARN,
        ORGANIZATION: organization.organization_id,
    }
    events, sqs = (cloud.client(name, TOOLS, "admin", region=HOME) for name in ("events", "sqs"))
    events.create_event_bus(Name=hub["Bus"]["Properties"]["Name"])
    statement = resolved(hub["BusPolicy"]["Properties"]["Statement"], known)
    document = {"Version": "2012-10-17", "Statement": [{"Sid": "Organization", **statement}]}
    events.put_permission(EventBusName="crossvault", Policy=json.dumps(document))
    queue = hub["Queue"]["Properties"]
    attributes = {name: str(value).lower() for name, value in queue.items() if name != "QueueName"}
    policy = resolved(hub["QueuePolicy"]["Properties"]["PolicyDocument"], known)
    made = sqs.create_queue(QueueName=queue["QueueName"], Attributes={**attributes, "Policy": json.dumps(policy)})
    _put_rule(events, resolved(hub["Rule"]["Properties"], known))
    for account_id, region in PLACES:
        _listen(cloud, account_id, region)
    return str(made["QueueUrl"])


def _listen(cloud: InProcess | SimulatorServer, account_id: str, region: str) -> None:
    known = {"BusArn": BUS_ARN, "Role.Arn": f"arn:aws:iam::{account_id}:role/{ROLE}"}
    events = cloud.client("events", account_id, "admin", region=region)
    for each in template("account")["Resources"].values():
        if each["Type"] == "AWS::Events::Rule":
            _put_rule(events, resolved(each["Properties"], known))


def _put_rule(events: Any, rule: Json) -> None:
    bus = {"EventBusName": rule["EventBusName"]} if "EventBusName" in rule else {}
    events.put_rule(Name=rule["Name"], EventPattern=json.dumps(rule["EventPattern"]), **bus)
    events.put_targets(Rule=rule["Name"], Targets=rule["Targets"], **bus)


# --- Events as AWS documents them ----------------------------------------------------------------------------------


def event(detail_type: str, detail: Json, *, account_id: str = PRODUCTION, region: str = HOME, **changes: Any) -> Json:
    """Return an event as EventBridge sends it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.backup",
        "account": account_id,
        "time": "2026-11-29T08:00:00Z",
        "region": region,
        "resources": [],
        "detail": detail,
    } | changes


def call(name: str, parameters: Json, service: str = "backup", account_id: str = BACKUP, region: str = AWAY) -> Json:
    """Return the detail of an event that CloudTrail makes of a call."""
    return {
        "eventVersion": "1.08",
        "userIdentity": {"type": "AssumedRole", "accountId": account_id},
        "eventTime": "2026-11-29T08:00:00Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "192.0.2.1",
        "requestParameters": parameters,
        "responseElements": None,
        "recipientAccountId": account_id,
        "eventType": "AwsApiCall",
        "managementEvent": True,
    }
