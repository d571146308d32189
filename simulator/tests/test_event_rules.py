"""EventBridge: tags, and what else clients ask of rules and buses."""

from __future__ import annotations

from simulator_kit import scenes
from simulator_kit.listening import Listener


def test_rules_are_found_by_their_target() -> None:
    """In pages."""
    listener = Listener()
    listener.events.put_rule(Name="clock", EventPattern='{"source": ["x"]}')
    listener.events.put_targets(Rule="clock", Targets=[{"Id": "queue", "Arn": listener.queue_arn}])
    first = listener.events.list_rule_names_by_target(TargetArn=listener.queue_arn, Limit=1)
    second = listener.events.list_rule_names_by_target(
        TargetArn=listener.queue_arn, Limit=1, NextToken=first["NextToken"]
    )
    none = listener.events.list_rule_names_by_target(TargetArn="arn:aws:sqs:x")

    assert (first["RuleNames"], second["RuleNames"], none["RuleNames"]) == (["all"], ["clock"], [])
    assert "NextToken" not in second


def test_a_bus_is_described_anew() -> None:
    """The default one too."""
    listener = Listener()
    events = listener.events
    events.create_event_bus(Name="mine", Description="old")
    listener.opened.control.advance("1h")
    events.update_event_bus(Name="mine", Description="new")
    events.update_event_bus(Description="main")
    mine = events.describe_event_bus(Name="mine")

    assert mine["Description"] == "new"
    assert (mine["LastModifiedTime"] - mine["CreationTime"]).total_seconds() == 3600
    assert events.describe_event_bus()["Description"] == "main"


def test_tags_of_rules_and_buses_are_judged() -> None:
    """Given at creation and later; a rule that is put again keeps its own."""
    listener = Listener()
    events = listener.events
    tags = [{"Key": "team", "Value": "backup"}]
    bus = events.create_event_bus(Name="mine", Tags=tags)["EventBusArn"]
    rule = events.put_rule(Name="r", EventBusName="mine", EventPattern='{"source": ["x"]}', Tags=tags)["RuleArn"]
    events.put_rule(Name="r", EventBusName="mine", EventPattern='{"source": ["x"]}', Tags=[{"Key": "b", "Value": "c"}])
    events.tag_resource(ResourceARN=bus, Tags=[{"Key": "cost", "Value": "1"}])
    events.untag_resource(ResourceARN=bus, TagKeys=["team", "none"])
    shown = [events.list_tags_for_resource(ResourceARN=arn)["Tags"] for arn in (bus, rule)]
    deny = {
        "Effect": "Deny",
        "Action": "events:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/team": "backup"}},
    }
    unasked = {
        "Effect": "Deny",
        "Action": "events:TagResource",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestTag/secret": "yes"}},
    }
    listener.client("iam").put_user_policy(
        UserName="admin", PolicyName="no", PolicyDocument=scenes.text(scenes.policy(deny, unasked))
    )
    with scenes.refused() as by_tag:
        events.disable_rule(Name="r", EventBusName="mine")
    secret = [{"Key": "secret", "Value": "yes"}]
    with scenes.refused() as by_request:
        events.tag_resource(ResourceARN=bus, Tags=secret)
    with scenes.refused() as at_creation:
        events.put_rule(Name="new", EventPattern='{"source": ["x"]}', Tags=secret)
    with scenes.refused() as missing:
        events.list_tags_for_resource(ResourceARN=f"{rule}-gone")

    assert shown == [[{"Key": "cost", "Value": "1"}], tags]
    assert f"events:DisableRule on resource: {rule}" in by_tag.message
    assert "events:TagResource" in by_request.message
    assert "events:TagResource" in at_creation.message
    assert (missing.code, missing.message) == (
        "ResourceNotFoundException",
        "Rule r-gone does not exist on EventBus mine.",
    )
