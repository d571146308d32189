"""EventBridge: rules, targets, buses, and permissions across accounts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import listening, scenes
from simulator_kit.listening import Listener

if TYPE_CHECKING:
    from collections.abc import Callable


FORWARDER = f"arn:aws:iam::{scenes.SOURCE}:role/forwarder"
CENTRAL = f"arn:aws:events:{scenes.HOME}:{scenes.TOOLS}:event-bus/central"


def test_rules_see_what_their_patterns_mean() -> None:
    """And only while they are enabled."""
    listener = Listener(pattern={"source": ["shop"], "detail": {"size": [{"numeric": [">", 10]}]}})
    listener.put(Detail='{"size": 11}')
    listener.put(Detail='{"size": 9}')
    listener.events.disable_rule(Name="all")
    listener.put(Detail='{"size": 12}')
    listener.events.enable_rule(Name="all")
    listener.put(Detail='{"size": 13}')

    assert [event["detail"]["size"] for event in listener.heard()] == [11, 13]


def test_a_target_gets_the_event_or_a_constant() -> None:
    """Each target its own."""
    listener = Listener(pattern={"source": ["shop"]})
    target = {"Arn": listener.queue_arn}
    listener.events.put_targets(Rule="all", Targets=[{"Id": "constant", "Input": '{"a": 1}', **target}])
    listener.put(Detail='{"b": {"c": 2}}', Resources=["x"])
    whole, constant = listener.bodies()

    assert json.loads(whole)["detail"] == {"b": {"c": 2}}
    assert set(json.loads(whole)) == {
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")
    }
    assert constant == '{"a": 1}'


def test_rules_come_and_go() -> None:
    """Replacing keeps the targets; deletion needs them gone."""
    listener = Listener()
    events = listener.events
    events.put_rule(Name="all", EventPattern='{"source": ["other"]}', State="DISABLED", Description="d")
    described = events.describe_rule(Name="all")
    kept = events.list_targets_by_rule(Rule="all")["Targets"]
    with scenes.refused() as held:
        events.delete_rule(Name="all")
    removed = events.remove_targets(Rule="all", Ids=["queue", "nothing"])
    events.delete_rule(Name="all")
    events.delete_rule(Name="all")
    with scenes.refused() as gone:
        events.describe_rule(Name="all")

    assert (described["State"], described["Description"], described["CreatedBy"]) == ("DISABLED", "d", scenes.SOURCE)
    assert kept == [{"Id": "queue", "Arn": listener.queue_arn}]
    assert (held.code, held.message) == ("ValidationException", "Rule can't be deleted since it has targets.")
    assert [entry["TargetId"] for entry in removed["FailedEntries"]] == ["nothing"]
    assert (gone.code, gone.message) == ("ResourceNotFoundException", "Rule all does not exist on EventBus default.")


def test_rules_are_listed_in_pages() -> None:
    """By name, with a prefix."""
    listener = Listener()
    for number in range(3):
        listener.events.put_rule(Name=f"rule-{number}", EventPattern='{"source": ["x"]}')
    first = listener.events.list_rules(NamePrefix="rule", Limit=2)
    second = listener.events.list_rules(NamePrefix="rule", Limit=2, NextToken=first["NextToken"])

    assert [rule["Name"] for rule in first["Rules"]] == ["rule-0", "rule-1"]
    assert [rule["Name"] for rule in second["Rules"]] == ["rule-2"]
    assert "NextToken" not in second


QUEUES: list[Any] = [
    pytest.param({}, True, id="the service without a condition"),
    pytest.param({"ArnEquals": {"aws:SourceArn": "RULE"}}, True, id="this rule"),
    pytest.param({"ArnEquals": {"aws:SourceArn": "RULE-other"}}, False, id="another rule"),
    pytest.param({"StringEquals": {"aws:SourceAccount": scenes.SOURCE}}, True, id="this account"),
    pytest.param({"StringEquals": {"aws:SourceAccount": scenes.TARGET}}, False, id="another account"),
]


@pytest.mark.parametrize(("condition", "arrives"), QUEUES)
def test_a_queue_takes_events_by_its_policy(condition: scenes.Json, arrives: bool) -> None:
    """What it does not take is lost without a word, and the log tells why."""
    listener = Listener(pattern={"source": ["shop"]})
    text = listening.let_events_in(**condition).replace("RULE", listener.rule_arn)
    listener.sqs.set_queue_attributes(QueueUrl=listener.url, Attributes={"Policy": text})
    listener.put()
    outcome = listener.opened.control.events.log()[-1].outcome

    assert len(listener.bodies()) == int(arrives)
    assert outcome == "OK" if arrives else "policy" in outcome


def test_a_queue_without_a_policy_or_none_at_all_gets_nothing() -> None:
    """PutTargets does not look."""
    listener = Listener(pattern={"source": ["shop"]})
    listener.sqs.set_queue_attributes(QueueUrl=listener.url, Attributes={"Policy": ""})
    answer = listener.events.put_targets(Rule="all", Targets=[{"Id": "lost", "Arn": listener.queue_arn + "-lost"}])
    listener.put()

    assert answer["FailedEntryCount"] == 0
    assert listener.bodies() == []
    assert "does not exist" in listener.opened.control.events.log()[-1].outcome


def with_forwarder(**changes: Any) -> Callable[[scenes.Json], None]:
    """A world in which EventBridge may act as a role of the source account."""

    def change(scene: scenes.Json) -> None:
        forwarder = scenes.role(
            "forwarder",
            trust={"services": ["events.amazonaws.com"]},
            policies=[scenes.allow("events:PutEvents", resource=CENTRAL)],
        )
        scenes.account(scene, scenes.SOURCE)["roles"].append(forwarder | changes)

    return change


def across(
    change: Callable[[scenes.Json], None] | None = None, *, role: bool = False, **permission: Any
) -> tuple[Listener, Listener]:
    """A source account that forwards to the central bus of the tools account, which listens there."""
    source = Listener(pattern={"source": ["shop"]}, change=change or with_forwarder())
    tools = Listener(scenes.TOOLS, opened=source.opened)
    tools.events.create_event_bus(Name="central")
    tools.events.put_rule(Name="in", EventBusName="central", EventPattern='{"source": ["shop"]}')
    tools.events.put_targets(Rule="in", EventBusName="central", Targets=[{"Id": "q", "Arn": tools.queue_arn}])
    if permission:
        tools.events.put_permission(EventBusName="central", **permission)
    target = {"Id": "bus", "Arn": CENTRAL} | ({"RoleArn": FORWARDER} if role else {})
    source.events.put_targets(Rule="all", Targets=[target])
    source.put()
    return source, tools


ACCOUNT: scenes.Json = {"Action": "events:PutEvents", "Principal": scenes.SOURCE, "StatementId": "source"}
ORGANIZATION: scenes.Json = {
    "Action": "events:PutEvents",
    "Principal": "*",
    "StatementId": "all",
    "Condition": {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-simulator01"},
}
NOBODY = with_forwarder(trust={"services": ["backup.amazonaws.com"]})
POWERLESS = with_forwarder(policies=[scenes.allow("events:PutRule")])

ACROSS: list[Any] = [
    pytest.param(None, False, {}, 0, id="a bus without a policy"),
    pytest.param(None, False, ACCOUNT, 1, id="a bus for the account"),
    pytest.param(None, False, ACCOUNT | {"Principal": scenes.TARGET}, 0, id="a bus for another account"),
    pytest.param(None, True, ACCOUNT, 1, id="the account, with a role"),
    pytest.param(None, True, ORGANIZATION, 1, id="the organization, with a role"),
    pytest.param(POWERLESS, True, ORGANIZATION, 0, id="a role without the right"),
    pytest.param(NOBODY, True, ORGANIZATION, 0, id="a role that EventBridge may not assume"),
]


@pytest.mark.parametrize(("change", "role", "permission", "count"), ACROSS)
def test_events_cross_accounts_by_permission(
    change: Callable[[scenes.Json], None] | None, role: bool, permission: scenes.Json, count: int
) -> None:
    """They keep the account they come from."""
    source, tools = across(change, role=role, **permission)
    heard = tools.heard()

    assert [event["account"] for event in heard] == [scenes.SOURCE] * count
    assert len(source.heard()) == 1


def test_no_event_travels_twice() -> None:
    """What came from another bus goes to no third one."""
    source, tools = across(**ACCOUNT)
    third = f"arn:aws:events:{scenes.HOME}:{scenes.TARGET}:event-bus/default"
    tools.events.put_targets(Rule="in", EventBusName="central", Targets=[{"Id": "third", "Arn": third}])
    target = Listener(scenes.TARGET, opened=source.opened, pattern={"source": ["shop"]})
    target.events.put_permission(EventBusName="default", **ACCOUNT | {"Principal": scenes.TOOLS})
    source.put()

    assert len(tools.heard()) == 2
    assert target.heard() == []
    assert "third bus" in "".join(delivery.outcome for delivery in source.opened.control.events.log())


def test_a_permission_is_a_statement_of_the_policy() -> None:
    """By id; the last one gone, the policy is gone."""
    listener = Listener()
    events = listener.events
    events.put_permission(**ACCOUNT | {"Principal": scenes.TARGET})
    events.put_permission(**ORGANIZATION)
    shown = json.loads(events.describe_event_bus()["Policy"])
    for name in ("source", "all"):
        events.remove_permission(StatementId=name)
    with scenes.refused() as refusal:
        events.remove_permission(StatementId="all")
    events.put_permission(Policy=json.dumps(shown))
    events.remove_permission(RemoveAllPermissions=True)

    assert [statement["Sid"] for statement in shown["Statement"]] == ["source", "all"]
    assert shown["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{scenes.TARGET}:root"}
    assert refusal.code == "ResourceNotFoundException"
    assert "Policy" not in events.describe_event_bus()


def test_buses_come_and_go() -> None:
    """The default one stays; one with rules too."""
    events = Listener().events
    arn = events.create_event_bus(Name="mine")["EventBusArn"]
    rule = events.put_rule(Name="r", EventBusName=arn, EventPattern='{"source": ["x"]}')["RuleArn"]
    names = [bus["Name"] for bus in events.list_event_buses()["EventBuses"]]
    refusals = []
    for call, asked in (
        (events.create_event_bus, {"Name": "mine"}),
        (events.delete_event_bus, {"Name": "mine"}),
        (events.delete_event_bus, {"Name": "default"}),
        (events.list_rules, {"EventBusName": "nowhere"}),
    ):
        with scenes.refused() as refusal:
            call(**asked)
        refusals.append(refusal.code)
    events.delete_rule(Name="r", EventBusName="mine")
    events.delete_event_bus(Name="mine")

    assert rule.endswith(":rule/mine/r")
    assert names == ["default", "mine"]
    assert refusals == [
        "ResourceAlreadyExistsException",
        "ValidationException",
        "ValidationException",
        "ResourceNotFoundException",
    ]


def test_custom_events_are_put_entry_by_entry() -> None:
    """What one lacks does not touch the others; nobody speaks for AWS."""
    listener = Listener(pattern={"source": [{"prefix": ""}]})
    good = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
    answer = listener.events.put_events(
        Entries=[good, good | {"Source": "aws.backup"}, good | {"Detail": "[]"}, {"Source": "shop", "Detail": "{}"}]
    )

    assert answer["FailedEntryCount"] == 3
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        None,
        "NotAuthorizedForSourceException",
        "MalformedDetail",
        "InvalidArgument",
    ]
    assert [event["id"] for event in listener.heard()] == [answer["Entries"][0]["EventId"]]


def test_putting_on_anothers_bus_needs_its_policy() -> None:
    """And the caller's own right."""
    source, tools = across(**ACCOUNT)
    source.put(EventBusName=CENTRAL)
    tools.events.remove_permission(EventBusName="central", StatementId="source")
    with scenes.refused() as refusal:
        source.put(EventBusName=CENTRAL)

    assert len(tools.heard()) == 2
    assert refusal.code == "AccessDeniedException"


def test_patterns_can_be_tried() -> None:
    """And what is none is refused in AWS's words, also by PutRule."""
    events = Listener().events
    event = '{"id": "1", "source": "x"}'
    found = events.test_event_pattern(EventPattern='{"source": ["x"]}', Event=event)["Result"]
    with scenes.refused() as refusal:
        events.put_rule(Name="bad", EventPattern='{"source": "x"}')
    with scenes.refused() as nothing:
        events.put_rule(Name="bad")

    assert found is True
    assert refusal.code == "InvalidEventPatternException"
    assert refusal.message == 'Event pattern is not valid. Reason: "source" must be an object or an array'
    assert nothing.message == "Parameter(s) EventPattern or ScheduleExpression must be specified."


MISSING: list[Any] = [
    pytest.param(
        "put_rule",
        {"Name": "clock", "ScheduleExpression": "rate(1 day)"},
        "events:PutRule with ScheduleExpression",
        id="a rule by schedule",
    ),
    pytest.param(
        "put_targets",
        {"Targets": [{"Id": "q", "Arn": "arn:aws:sqs:r:1:q", "InputTransformer": {"InputTemplate": '"x"'}}]},
        "events:PutTargets with InputTransformer",
        id="a transformer",
    ),
    pytest.param("update_event_bus", {"KmsKeyIdentifier": "k"}, "KmsKeyIdentifier", id="a bus with a key"),
    pytest.param(
        "put_targets", {"Targets": [{"Id": "l", "Arn": "arn:aws:lambda:r:1:function:f"}]}, "lambda", id="a function"
    ),
    pytest.param(
        "put_targets",
        {"Targets": [{"Id": "l", "Arn": "arn:aws:sqs:r:1:q", "InputPath": "$.a"}]},
        "events:PutTargets with InputPath",
        id="a part of an event",
    ),
    pytest.param(
        "put_targets",
        {"Targets": [{"Id": "l", "Arn": "arn:aws:sqs:r:1:q", "HttpParameters": {"PathParameterValues": ["x"]}}]},
        "HttpParameters",
        id="parameters of another kind of target",
    ),
    pytest.param("create_archive", {"ArchiveName": "a", "EventSourceArn": "arn"}, "CreateArchive", id="an archive"),
]


@pytest.mark.parametrize(("call", "asked", "words"), MISSING)
def test_what_is_not_simulated_says_so(call: str, asked: scenes.Json, words: str) -> None:
    """501 by name."""
    listener = Listener()
    rule = {"Rule": "all"} if call == "put_targets" else {}
    with scenes.refused() as refusal:
        getattr(listener.events, call)(**rule, **asked)

    assert refusal.status == 501
    assert words in refusal.message


def test_a_rule_has_five_targets_at_most() -> None:
    """Of all that were put."""
    listener = Listener()
    targets = [{"Id": str(number), "Arn": listener.queue_arn} for number in range(5)]
    with scenes.refused() as refusal:
        listener.events.put_targets(Rule="all", Targets=targets)

    assert refusal.code == "LimitExceededException"


def test_a_target_with_a_role_needs_the_right_to_pass_it() -> None:
    """iam:PassRole on the role."""

    def change(scene: scenes.Json) -> None:
        with_forwarder()(scene)
        user = scenes.admin(scenes.SOURCE) | {
            "name": "ruler",
            "access_key": {"id": "AKIARULER0000000000", "secret": "ruler-secret"},
            "policies": [scenes.allow("events:*")],
        }
        scenes.account(scene, scenes.SOURCE)["users"].append(user)

    listener = Listener(change=change)
    ruler = listener.opened.client("events", scenes.SOURCE, "ruler", region=scenes.HOME, config=scenes.fast())
    with scenes.refused() as refusal:
        ruler.put_targets(Rule="all", Targets=[{"Id": "bus", "Arn": CENTRAL, "RoleArn": FORWARDER}])

    assert f"iam:PassRole on resource: {FORWARDER}" in refusal.message
