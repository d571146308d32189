"""SQS in the query protocol: forms in, XML out, the codes that old clients know."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from backup_simulator.engine import catalogue, query_names
from backup_simulator.simulator import Simulator
from backup_simulator.world import files
from simulator_kit import requests, scenes

if TYPE_CHECKING:
    from backup_simulator.wire import Response

SPACE = f"{{{query_names.NAMESPACE}}}"
QUEUE = f"/{scenes.SOURCE}/news"


class Old:
    """A client that knows nothing but forms, and a queue called `news`."""

    def __init__(self) -> None:
        self.simulator = Simulator(files.from_object(scenes.world()))
        self.ask("CreateQueue", QueueName="news")

    def sent(self, action: str, *, path: str = "/", place: str = "body", **fields: str) -> Response:
        """Send a form, in the body or behind the path; `__` stands for a dot in the names of fields."""
        form = {"Action": action, "Version": "2012-11-05"}
        form |= {name.replace("__", "."): value for name, value in fields.items()}
        if place == "query":
            return self.simulator.handle(requests.signed("sqs", "GET", f"{path}?{urlencode(form)}"))
        return self.simulator.handle(requests.signed("sqs", "POST", path, urlencode(form).encode()))

    def ask(self, action: str, **fields: str) -> ET.Element:
        """Send a form and read the answer."""
        answer = self.sent(action, **fields)
        assert answer.status == 200, answer.body
        assert dict(answer.headers)["Content-Type"] == "text/xml"
        return ET.fromstring(answer.body)  # noqa: S314 - our own


def texts(found: ET.Element, name: str) -> list[str]:
    """The texts of all elements of a name."""
    return [element.text or "" for element in found.iter(f"{SPACE}{name}")]


def test_an_old_client_does_with_a_queue_what_a_new_one_does() -> None:
    """Attributes, batches, receiving, deleting; numbered lists in, repeated elements out."""
    old = Old()
    at = {"path": QUEUE}
    old.ask("SetQueueAttributes", **at, Attribute__1__Name="DelaySeconds", Attribute__1__Value="0",
            Attribute__2__Name="VisibilityTimeout", Attribute__2__Value="60")  # fmt: skip
    shown = old.ask("GetQueueAttributes", **at, AttributeName__1="VisibilityTimeout", AttributeName__2="DelaySeconds")
    batch = {"Id": "a", "MessageBody": "one <&>"}, {"Id": "b", "MessageBody": "x" * 2_000_000}
    fields = {
        f"SendMessageBatchRequestEntry__{number}__{name}": value
        for number, entry in enumerate(batch, 1)
        for name, value in entry.items()
    }
    refused = old.sent("SendMessageBatch", **at, **fields)
    fields["SendMessageBatchRequestEntry__2__MessageBody"] = "\u0000"
    sent = old.ask("SendMessageBatch", **at, **fields)
    received = old.ask("ReceiveMessage", **at, AttributeName__1="All", MessageSystemAttributeName__1="SenderId")
    (handle,) = texts(received, "ReceiptHandle")
    deleted = old.ask("DeleteMessageBatch", **at, DeleteMessageBatchRequestEntry__1__Id="z",
                      DeleteMessageBatchRequestEntry__1__ReceiptHandle=handle)  # fmt: skip
    empty = old.ask("ReceiveMessage", **at)

    assert sorted(zip(texts(shown, "Name"), texts(shown, "Value"), strict=True)) == [
        ("DelaySeconds", "0"),
        ("VisibilityTimeout", "60"),
    ]
    assert b"<Code>AWS.SimpleQueueService.BatchRequestTooLong</Code>" in refused.body
    assert len(texts(sent, "SendMessageBatchResultEntry")) == 1
    assert texts(sent, "Code") == ["InvalidMessageContents"]
    assert texts(received, "Body") == ["one <&>"]
    assert "ApproximateReceiveCount" in texts(received, "Name")
    assert texts(deleted, "Id") == ["z"]
    assert empty.find(f"{SPACE}ReceiveMessageResult") is not None
    assert texts(empty, "Message") == []


PLACES = [
    pytest.param("/", "body", True, id="a form in the body"),
    pytest.param("/", "query", True, id="a query string"),
    pytest.param(QUEUE, "body", False, id="the queue's own path"),
    pytest.param(QUEUE, "query", False, id="the queue's own path and a query string"),
    pytest.param("/somewhere/else", "body", True, id="the parameter counts more than the path"),
]


@pytest.mark.parametrize(("path", "place", "named"), PLACES)
def test_a_queue_is_named_by_parameter_or_by_path(path: str, place: str, named: bool) -> None:
    """In body or query string."""
    old = Old()
    fields = {"QueueUrl": f"http://aws{QUEUE}"} if named else {}
    sent = old.ask("SendMessage", path=path, place=place, MessageBody="hello", **fields)

    assert texts(sent, "MD5OfMessageBody") == ["5d41402abc4b2a76b9719d911017c592"]
    assert texts(old.ask("ListQueues"), "QueueUrl") == [f"http://aws{QUEUE}"]


def test_a_list_of_one_needs_no_number() -> None:
    """As the oldest clients write it."""
    old = Old()
    old.ask("SetQueueAttributes", path=QUEUE, Attribute__Name="DelaySeconds", Attribute__Value="7")

    assert texts(old.ask("GetQueueAttributes", path=QUEUE, AttributeName="DelaySeconds"), "Value") == ["7"]


REFUSED: list[Any] = [
    pytest.param("ReceiveMessage", {"path": f"/{scenes.SOURCE}/old"}, 400, "AWS.SimpleQueueService.NonExistentQueue",
                 id="a queue that is not there"),
    pytest.param("GetQueueUrl", {"QueueName": "old"}, 400, "AWS.SimpleQueueService.NonExistentQueue",
                 id="a name that is not there"),
    pytest.param("PurgeQueue", {"path": QUEUE}, 403, "AWS.SimpleQueueService.PurgeQueueInProgress",
                 id="purging twice in a minute"),
    pytest.param("CreateQueue", {"QueueName": "news", "Attribute__1__Name": "DelaySeconds", "Attribute__1__Value": "1"},
                 400, "QueueAlreadyExists", id="a name that is taken"),
    pytest.param("SendMessageBatch", {"path": QUEUE}, 400, "AWS.SimpleQueueService.EmptyBatchRequest",
                 id="a batch without entries"),
    pytest.param("SendMessage", {"path": QUEUE}, 400, "MissingParameter", id="a parameter that is missing"),
    pytest.param("SendMessage", {"path": f"/{scenes.TARGET}/news", "MessageBody": "x"}, 403, "AccessDenied",
                 id="another account's queue"),
    pytest.param("Nonsense", {}, 400, "InvalidAction", id="no action of SQS"),
    pytest.param("StartMessageMoveTask", {"SourceArn": "x"}, 501, "NotImplemented", id="what is not simulated"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "fields", "status", "code"), REFUSED)
def test_errors_have_their_old_codes_and_statuses(action: str, fields: dict[str, str], status: int, code: str) -> None:
    """In XML; the call log counts them by the same names."""
    old = Old()
    if action == "PurgeQueue":
        old.ask("PurgeQueue", path=QUEUE)
    answer = old.sent(action, **fields)
    error = ET.fromstring(answer.body)  # noqa: S314 - our own

    assert (answer.status, texts(error, "Code")) == (status, [code])
    assert texts(error, "Type") == ["Sender" if status < 500 else "Receiver"]
    assert [*old.simulator.calls][-1].outcome == code


def test_every_list_and_map_of_the_model_has_its_old_name() -> None:
    """A newer model with a shape that the table does not know is noticed here."""
    shapes = catalogue.load()["sqs"].model
    found = {name: shapes.shape_for(name).type_name for name in shapes.shape_names}

    assert set(query_names.ITEMS) == {name for name, kind in found.items() if kind == "list"}
    assert set(query_names.ENTRIES) == {name for name, kind in found.items() if kind == "map"}
