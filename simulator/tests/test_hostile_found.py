"""Input that once broke the simulator, found by properties and by people: each is answered as AWS would."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backup_simulator.simulator import Simulator
from backup_simulator.world import files
from simulator_kit import requests, scenes
from simulator_kit.requests import SERVICES, answered

SHARED = Simulator(files.from_object(scenes.world()))

FOUND = [
    pytest.param("sts", "AssumeRole&RoleArn=%1F", 400, id="a character that XML cannot hold"),
    pytest.param(
        "iam",
        f"SimulatePrincipalPolicy&PolicySourceArn={scenes.COPIER}&ActionNames.member.1=s3:Get"
        "&ContextEntries.member.1.ContextKeyType=string",
        400,
        id="a context entry without its key",
    ),
    pytest.param("iam", "CreateServiceLinkedRole&AWSServiceName=0", 501, id="a service without a service-linked role"),
]


@pytest.mark.parametrize(("service", "form", "status"), FOUND)
def test_what_was_found_once_stays_mended(service: str, form: str, status: int) -> None:
    """By the properties above, with more examples than a test run has time for."""
    assert answered(SHARED, requests.signed(service, "POST", "/", f"Action={form}".encode())).status == status


QUEUE = {"QueueUrl": f"/{scenes.SOURCE}/news"}
EVENT = {"Source": "shop", "DetailType": "order"}
DEEP = "[" * 3000
PATTERN, INNER = '{"a":' * 400 + "[1]" + "}" * 400, '{"a":' * 400 + "1" + "}" * 400
JSON_FOUND: list[Any] = [
    pytest.param("tagging.GetResources", {"TagFilters": [{"Values": ["x"]}]}, "InvalidParameter"),
    pytest.param("sqs.DeleteMessage", QUEUE | {"ReceiptHandle": "é"}, "ReceiptHandleIsInvalid"),
    pytest.param(
        "sqs.ChangeMessageVisibility", QUEUE | {"ReceiptHandle": "é", "VisibilityTimeout": 1}, "ReceiptHandleIsInvalid"
    ),
    pytest.param(
        "sqs.DeleteMessageBatch", QUEUE | {"Entries": [{"Id": "a", "ReceiptHandle": "é"}]}, "ReceiptHandleIsInvalid"
    ),
    pytest.param(
        "sqs.SendMessageBatch", QUEUE | {"Entries": [{"Id": "a", "MessageBody": "\ud83d"}]}, "InvalidMessageContents"
    ),
    pytest.param("sqs.SetQueueAttributes", QUEUE | {"Attributes": {"RedrivePolicy": DEEP}}, "InvalidAttributeValue"),
    pytest.param("sqs.SetQueueAttributes", QUEUE | {"Attributes": {"Policy": DEEP}}, "InvalidAttributeValue"),
    pytest.param("sqs.SetQueueAttributes", QUEUE | {"Attributes": {"DelaySeconds": "²"}}, "InvalidAttributeValue"),
    pytest.param("events.PutEvents", {"Entries": [EVENT | {"Detail": DEEP}]}, "MalformedDetail"),
    pytest.param("events.TestEventPattern", {"EventPattern": DEEP, "Event": "{}"}, "InvalidEventPattern"),
    pytest.param("events.TestEventPattern", {"EventPattern": '{"a": [1]}', "Event": DEEP}, "ValidationException"),
    pytest.param("events.TestEventPattern", {"EventPattern": PATTERN, "Event": INNER}, "InvalidEventPattern"),
]


@pytest.mark.parametrize(("call", "params", "words"), JSON_FOUND)
def test_what_was_found_once_in_json_stays_mended(call: str, params: scenes.Json, words: str) -> None:
    """Members missing, texts beyond ASCII, JSON in texts nested without end."""
    name, _, operation = call.partition(".")
    for each, asked in (("sqs.CreateQueue", {"QueueName": "news"}), (f"{name}.{operation}", params)):
        service, _, called = each.partition(".")
        headers = {"X-Amz-Target": f"{SERVICES[service].target_prefix}.{called}"}
        answer = answered(SHARED, requests.signed(service, "POST", "/", json.dumps(asked).encode(), headers))

    assert words in answer.body.decode()
