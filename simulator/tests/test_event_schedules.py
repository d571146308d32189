"""EventBridge: rules by schedule, tags, and what else clients ask of rules and buses."""

from __future__ import annotations

import pytest

from simulator_kit import scenes
from simulator_kit.listening import Listener


def scheduled(expression: str, **rule: str) -> Listener:
    """A listener with a rule `clock` that goes by a schedule."""
    listener = Listener()
    listener.events.put_rule(Name="clock", ScheduleExpression=expression, **rule)
    listener.events.put_targets(Rule="clock", Targets=[{"Id": "queue", "Arn": listener.queue_arn}])
    return listener


def test_a_rate_comes_again_and_again() -> None:
    """Every so many virtual minutes, from the making of the rule on."""
    listener = scheduled("rate(5 minutes)")
    listener.opened.control.advance(299)
    early = listener.heard()
    listener.opened.control.advance("15m")
    heard = listener.heard()

    assert early == []
    assert [event["time"] for event in heard] == [f"2026-03-01T00:{minute:02}:00Z" for minute in (5, 10, 15)]
    assert heard[0] | {"id": ""} == {
        "version": "0",
        "id": "",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": scenes.SOURCE,
        "time": "2026-03-01T00:05:00Z",
        "region": scenes.HOME,
        "resources": [f"arn:aws:events:{scenes.HOME}:{scenes.SOURCE}:rule/clock"],
        "detail": {},
    }
    assert len({event["id"] for event in heard}) == 3


def test_a_cron_expression_comes_when_it_says() -> None:
    """In UTC."""
    listener = scheduled("cron(30 4 ? * MON *)")
    found = []
    for _ in range(14):  # what nobody fetches is gone after four days
        listener.opened.control.advance("1d")
        found += [event["time"] for event in listener.heard()]

    assert found == ["2026-03-02T04:30:00Z", "2026-03-09T04:30:00Z"]


def test_a_schedule_ends_with_its_rule() -> None:
    """Disabled, changed, deleted; enabled it begins anew."""
    listener = scheduled("rate(1 hour)", State="DISABLED")
    control, events = listener.opened.control, listener.events
    control.advance("90m")
    disabled = listener.heard()
    events.enable_rule(Name="clock")
    control.advance("90m")
    enabled = listener.heard()
    events.put_rule(Name="clock", ScheduleExpression="rate(1 day)", EventPattern='{"source": ["shop"]}')
    control.advance("2h")
    listener.put()
    by_pattern = listener.heard()
    events.disable_rule(Name="clock")
    control.advance("2d")
    events.enable_rule(Name="clock")
    events.remove_targets(Rule="clock", Ids=["queue"])
    events.delete_rule(Name="clock")
    events.put_rule(Name="clock", EventPattern='{"source": ["other"]}')
    events.put_targets(Rule="clock", Targets=[{"Id": "queue", "Arn": listener.queue_arn}])
    control.advance("2d")

    assert disabled == []
    assert [event["time"] for event in enabled] == ["2026-03-01T02:30:00Z"]
    assert [event["source"] for event in by_pattern] == ["shop"]
    assert listener.heard() == []


def test_a_schedule_outlives_a_snapshot() -> None:
    """And goes on from the moment it was taken."""
    listener = scheduled("rate(1 hour)")
    listener.opened.control.advance("30m")
    kept = listener.opened.control.snapshot("half")
    listener.opened.control.advance("2h")
    before = len(listener.heard())
    listener.opened.control.restore("half")
    listener.opened.control.advance("30m")

    assert kept.taken > 0
    assert before == 2
    assert [event["time"] for event in listener.heard()] == ["2026-03-01T01:00:00Z"]


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(0 minutes)",
        "rate(5 seconds)",
        "rate(5)",
        "cron(0 4 * * * *)",
        "cron(0 4 * * ?)",
        "at(2026-03-01T00:00:00)",
        "hourly",
    ],
)
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    """And any on another bus."""
    events = Listener().events
    with scenes.refused() as refusal:
        events.put_rule(Name="clock", ScheduleExpression=expression)
    events.create_event_bus(Name="mine")
    with scenes.refused() as elsewhere:
        events.put_rule(Name="clock", EventBusName="mine", ScheduleExpression="rate(1 hour)")

    assert (refusal.code, refusal.message) == ("ValidationException", "Parameter ScheduleExpression is not valid.")
    assert elsewhere.message == "ScheduleExpression is supported only on the default event bus."


def test_a_schedule_reads_back() -> None:
    """Described and listed, without a pattern."""
    events = scheduled("rate(1 day)").events
    (listed,) = events.list_rules(NamePrefix="clock")["Rules"]
    described = events.describe_rule(Name="clock")

    assert described["ScheduleExpression"] == listed["ScheduleExpression"] == "rate(1 day)"
    assert "EventPattern" not in described


def test_rules_are_found_by_their_target() -> None:
    """In pages."""
    listener = scheduled("rate(1 day)")
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
