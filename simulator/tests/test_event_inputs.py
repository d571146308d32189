"""EventBridge: what targets get of an event, and where it goes when they cannot get it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backup_simulator.services.events import inputs
from simulator_kit import listening, scenes
from simulator_kit.listening import Listener

EVENT: scenes.Json = {
    "detail-type": "order",
    "source": "shop",
    "resources": ["arn:a", "arn:b"],
    "detail": {
        "id": "i-1",
        "size": 3,
        "on": True,
        "say": 'a "word"',
        "deep": {"a-b": [{"n": 1}, {"n": 2}, {"m": 3}]},
        "umlaut": "ä",
        "none": None,
    },
}
PATHS = {
    "id": "$.detail.id", "size": "$.detail.size", "on": "$.detail.on", "say": "$.detail.say", "deep": "$.detail.deep",
    "lost": "$.detail.lost", "umlaut": "$.detail.umlaut", "all": "$.resources", "none": "$.detail.none",
}  # fmt: skip
TEMPLATES: list[Any] = [
    pytest.param('"<id> has <size>"', '"i-1 has 3"', id="a text"),
    pytest.param('"say \\"<id>\\""', '"say \\"i-1\\""', id="a text with quotes of its own"),
    pytest.param('{"a" : <id>,\n "b": <size>}', '{"a":"i-1","b":3}', id="JSON, minified"),
    pytest.param('{"a": "<id>", "b": "is <on>"}', '{"a":"i-1","b":"is true"}', id="values within quotes"),
    pytest.param('{"a": [9, <id>, true]}', '{"a":[9,"i-1",true]}', id="in a list"),
    pytest.param('{"a": <deep>}', '{"a":{"a-b":[{"n":1},{"n":2},{"m":3}]}}', id="an object"),
    pytest.param('{"a": "<deep>"}', '{"a":"{a-b:[{n:1},{n:2},{m:3}]}"}', id="an object within quotes"),
    pytest.param('"got <lost>!"', '"got !"', id="a text without what is not there"),
    pytest.param('{"a": <lost>}', '{"a":""}', id="JSON without what is not there"),
    pytest.param('{"a": <none>}', '{"a":null}', id="a null that is there"),
    pytest.param('{"a": <say>}', '{"a":"a \\"word\\""}', id="quotes of a value outside of quotes"),
    pytest.param('"<id>\\n<size>"', '"i-1\\n3"', id="a line feed in a text"),
    pytest.param('"<id>"\n"<size>"\n', '"i-1"\n"3"', id="two lines of texts"),
    pytest.param('{"a": <umlaut>, "b": "<umlaut>"}', '{"a":"ä","b":"ä"}', id="letters beyond ASCII"),
    pytest.param('{"r": <aws.events.rule-name>}', '{"r":"all"}', id="the rule's name"),
    pytest.param('"<aws.events.rule-arn>"', '"arn:rule"', id="the rule's ARN"),
    pytest.param('"<aws.events.event.ingestion-time>"', '"2026"', id="the moment"),
    pytest.param('{"a": "x < y", "b": <size>}', '{"a":"x < y","b":3}', id="a sign that begins no variable"),
    pytest.param('{"a": <all>}', '{"a":["arn:a","arn:b"]}', id="a list"),
]


def filled(template: str, event: scenes.Json = EVENT) -> str:
    """A template filled from an event."""
    paths = {name: inputs.parse_path(path) for name, path in PATHS.items()}
    known = inputs.values(paths, event, rule_arn="arn:rule", rule_name="all", moment="2026")
    return inputs.filled(template, known)


@pytest.mark.parametrize(("template", "wanted"), TEMPLATES)
def test_a_template_is_filled_as_documented(template: str, wanted: str) -> None:
    """Texts in quotes, JSON without."""
    assert filled(template) == wanted


def test_the_event_itself_is_a_variable() -> None:
    """With its detail and without."""
    found = json.loads(filled('{"whole": <aws.events.event.json>, "rest": <aws.events.event>}'))

    assert found["whole"] == EVENT
    assert found["rest"] == {name: value for name, value in EVENT.items() if name != "detail"}


@pytest.mark.parametrize("template", ['"<say>"', "<id> is", "{<id>: 1", '{"a": 1} x'])
def test_what_is_no_json_when_filled_fails(template: str) -> None:
    """A text needs quotes, and values within quotes are not escaped."""
    with pytest.raises(inputs.BadInputError):
        filled(template)


PARTS: list[Any] = [
    pytest.param("$", EVENT, id="the whole"),
    pytest.param("$.detail.deep.a-b[1].n", 2, id="names and an index"),
    pytest.param("$.detail.deep.a-b[*].n", [1, 2], id="all elements that have it"),
    pytest.param("$.detail.deep.*", [[{"n": 1}, {"n": 2}, {"m": 3}]], id="all members"),
    pytest.param("$['detail']['size']", 3, id="names in brackets"),
    pytest.param("$.resources[2]", inputs.ABSENT, id="an index too high"),
    pytest.param("$.detail.id.x", inputs.ABSENT, id="below a text"),
    pytest.param("$.resources.x", inputs.ABSENT, id="a name of a list"),
]


@pytest.mark.parametrize(("path", "wanted"), PARTS)
def test_a_path_leads_to_a_part(path: str, wanted: Any) -> None:
    """Or to nothing."""
    assert inputs.part(inputs.parse_path(path), EVENT) == wanted


def shop(**target: Any) -> Listener:
    """A listener to a shop with a dead-letter queue `dead`, whose queue has these further settings as a target."""
    listener = Listener(pattern={"source": ["shop"]})
    policy = {"Policy": listening.let_events_in()}
    listener.sqs.create_queue(QueueName="dead", Attributes=policy)
    listener.events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": listener.queue_arn} | target])
    return listener


TRANSFORMER = {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": '{"order": <id>, "by": <aws.events.rule-name>}'}


def test_a_target_gets_what_its_transformer_makes() -> None:
    """With the rule and the virtual moment at hand."""
    listener = shop(InputTransformer=TRANSFORMER)
    listener.put(Detail='{"id": "7"}')
    listener.events.put_targets(
        Rule="all",
        Targets=[
            {
                "Id": "queue",
                "Arn": listener.queue_arn,
                "InputTransformer": {"InputTemplate": '"<aws.events.event.ingestion-time> <aws.events.rule-arn>"'},
            }
        ],
    )
    listener.put()

    assert listener.bodies() == ['{"order":"7","by":"all"}', f'"2026-03-01T00:00:00Z {listener.rule_arn}"']


def test_a_target_reads_back() -> None:
    """As it was put."""
    dead = f"arn:aws:sqs:{scenes.HOME}:{scenes.SOURCE}:dead"
    settings: scenes.Json = {
        "InputTransformer": TRANSFORMER,
        "DeadLetterConfig": {"Arn": dead},
        "RetryPolicy": {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 600},
    }
    listener = shop(**settings)
    (shown,) = listener.events.list_targets_by_rule(Rule="all")["Targets"]

    assert shown == {"Id": "queue", "Arn": listener.queue_arn} | settings


def failing(listener: Listener, *, told: str = "", **target: Any) -> scenes.Json:
    """Let a target fail, and read what its dead-letter queue was told; `told` is the ARN where it is another one."""
    dead = f"arn:aws:sqs:{scenes.HOME}:{scenes.SOURCE}:dead"
    target = {"Id": "queue", "Arn": listener.queue_arn, "DeadLetterConfig": {"Arn": dead}} | target
    listener.events.put_targets(Rule="all", Targets=[target])
    event_id = listener.put(Detail='{"id": "\\""}')["Entries"][0]["EventId"]
    url = listener.sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    (message,) = listener.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    named = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}

    assert json.loads(message["Body"])["id"] == event_id
    assert named["RULE_ARN"] == listener.rule_arn
    assert named["TARGET_ARN"] == (told or target["Arn"])
    assert named["ERROR_MESSAGE"]
    return named


def test_what_cannot_be_sent_lies_in_the_dead_letter_queue() -> None:
    """Untransformed, with the cause."""
    listener = shop()
    central = f"arn:aws:events:{scenes.HOME}:{scenes.TOOLS}:event-bus/central"
    gone = failing(listener, Arn=f"{listener.queue_arn}-gone")
    half = failing(listener, Arn=f"{listener.queue_arn}-\ud83d", told=f"{listener.queue_arn}-?")
    text = failing(listener, InputTransformer=TRANSFORMER | {"InputTemplate": '"<id>"'})
    bus = failing(listener, Arn=central)
    listener.sqs.set_queue_attributes(QueueUrl=listener.url, Attributes={"Policy": ""})
    closed = failing(listener)
    log = listener.opened.control.events.log()[-1].outcome

    assert [found["ERROR_CODE"] for found in (gone, half, text, bus, closed)] == [
        "NO_RESOURCE",
        "NO_RESOURCE",
        "INVALID_JSON",
        "NO_RESOURCE",
        "NO_PERMISSIONS",
    ]
    assert log.endswith("; it is in the dead-letter queue")


def test_a_dead_letter_queue_that_takes_nothing() -> None:
    """Loses it, and the log says so."""
    listener = shop()
    url = listener.sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    listener.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    dead = f"arn:aws:sqs:{scenes.HOME}:{scenes.SOURCE}:dead"
    listener.events.put_targets(
        Rule="all",
        Targets=[{"Id": "queue", "Arn": f"{listener.queue_arn}-gone", "DeadLetterConfig": {"Arn": dead}}],
    )
    listener.put()

    assert "nor did the dead-letter queue take it" in listener.opened.control.events.log()[-1].outcome


def test_a_fifo_queue_as_target() -> None:
    """In the group that the target names; nothing twice within five minutes."""
    listener = shop()
    policy = listening.let_events_in()
    made: scenes.Json = {"FifoQueue": "true", "Policy": policy}
    url = listener.sqs.create_queue(QueueName="x.fifo", Attributes=made)["QueueUrl"]
    target: Any = {
        "Arn": f"{listener.queue_arn[:-4]}x.fifo",
        "SqsParameters": {"MessageGroupId": "shop"},
        "Input": '"x"',
    }
    refused = failing(listener, **target)
    listener.sqs.set_queue_attributes(QueueUrl=url, Attributes={"ContentBasedDeduplication": "true"})
    listener.put()
    listener.put()
    found = listener.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["MessageGroupId"])

    assert refused["ERROR_CODE"] == "INVALID_PARAMETER"
    assert [(one["Body"], one["Attributes"]["MessageGroupId"]) for one in found["Messages"]] == [('"x"', "shop")]


BUS = f"arn:aws:events:{scenes.HOME}:{scenes.TOOLS}:event-bus/central"
FIFO = f"arn:aws:sqs:{scenes.HOME}:{scenes.SOURCE}:x.fifo"
REFUSED: list[Any] = [
    pytest.param({"Input": "1", "InputPath": "$"}, "Only one of", id="two inputs"),
    pytest.param({"Arn": BUS, "Input": "1"}, "not available", id="an input for a bus"),
    pytest.param({"Arn": FIFO}, "SqsParameters must be specified", id="a FIFO queue without a group"),
    pytest.param({"InputPath": "detail"}, "begin with $", id="a path without its root"),
    pytest.param({"InputTransformer": {"InputTemplate": '"<x>"'}}, "invalid placeholder x", id="a variable of nothing"),
    pytest.param(
        {"InputTransformer": {"InputPathsMap": {"AWSa": "$.a"}, "InputTemplate": '"x"'}}, "reserved", id="a name of AWS"
    ),
    pytest.param({"DeadLetterConfig": {"Arn": FIFO}}, "standard queue", id="a FIFO queue for dead letters"),
    pytest.param(
        {"DeadLetterConfig": {"Arn": f"arn:aws:sqs:{scenes.AWAY}:{scenes.SOURCE}:dead"}}, "of the Region", id="far away"
    ),
    pytest.param({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "less than or equal to 185", id="too many attempts"),
]


@pytest.mark.parametrize(("target", "words"), REFUSED)
def test_targets_that_cannot_be_are_refused(target: scenes.Json, words: str) -> None:
    """The old target stays."""
    listener = shop()
    with scenes.refused() as refusal:
        listener.events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": listener.queue_arn} | target])

    assert refusal.code == "ValidationException"
    assert words in refusal.message
    assert listener.events.list_targets_by_rule(Rule="all")["Targets"] == [{"Id": "queue", "Arn": listener.queue_arn}]
