"""The queue of events, with everything that SQS may answer and everything that anybody may put into it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from tests.kit import event_queue, sessions, stage
from tests.kit.event_queue import event
from tests.kit.scripted_aws import Answer, accounts, error_json, scripted

from backup_simulator.faults import Kind
from backup_simulator.transport import InProcess
from crossvault.aspects.effects import AwsAccounts
from crossvault.aws import AwsSettings, CallCounts, events, queue
from crossvault.aws.queue import EventQueue, Listener, QueuePlace
from crossvault.engine.hints import Fate, Notice
from crossvault.words.problems import CrossvaultError
from crossvault.words.reasons import Reason

NEW_POINT = json.dumps(event("Recovery Point State Change", {"backupVaultName": "orders", "status": "COMPLETED"}))
POISON = (
    "hello",
    "[]",
    "null",
    json.dumps({"detail": None, "detail-type": None, "id": None}),
    json.dumps({"detail": {"n": 10**4000}, "detail-type": "Copy Job State Change", "id": "1"}),
    '{"detail": ' + "[" * 60_000,
    "x" * (events.LARGEST + 1),
    '"' * 200_000,
    json.dumps(event("Order placed", {"state": "COMPLETED"}, source="shop")),
    json.dumps(event("Recovery Point State Change", {"backupVaultName": 7}, account_id="0")),
)


class Cloud:
    """A simulated AWS with the queue of the example, and the operator's listener."""

    def __init__(self) -> None:
        self.aws = InProcess(event_queue.permitted(stage.world()))
        self.url = event_queue.installed(self.aws)
        self.sqs = self.aws.client("sqs", stage.TOOLS, "admin", region=stage.HOME)
        self.counts = CallCounts()
        self.accounts = AwsAccounts(
            AwsSettings(region=stage.HOME, attempts=1, read_timeout=0.5),
            recorder=self.counts,
            new_session=sessions.reaching(self.aws)[0],
        )
        place = queue.place_of(self.url)
        assert place is not None
        self.slept: list[float] = []
        self.heard: list[Notice | Fate] = []
        self.listener = Listener(self.accounts.queue(place), sleep=self.slept.append, uniform=lambda _low, high: high)

    def send(self, *bodies: str) -> None:
        """Let somebody send messages."""
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def listen(self, polls: int = 1) -> None:
        """Let the listener poll so many times."""
        left = iter(range(2 * polls))  # it asks before and after each one
        self.listener.run(self._take, lambda: next(left, None) is None)

    def _take(self, answers: Sequence[Notice | Fate]) -> bool:
        self.heard += answers
        return True

    def fates(self) -> list[str]:
        """Return what messages were read as."""
        return [each.value if isinstance(each, Fate) else "notice" for each in self.heard]

    def left(self) -> int:
        """Return how many messages are in the queue, in flight or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    def polls(self) -> dict[str, int]:
        """Return how the polls ended, as metrics count them."""
        found = self.counts.requests().items()
        return {key[3]: count for key, count in found if key[:3] == ("", "sqs", "ReceiveMessage")}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """The queue of the example."""
    made = Cloud()
    yield made
    made.accounts.close()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged."""
    caplog.set_level(logging.INFO, "crossvault.aws.queue")
    return caplog


def test_messages_are_read_once_and_deleted(cloud: Cloud) -> None:
    """Ten at a time, with the two permissions of the documentation."""
    cloud.send(*[NEW_POINT] * 12)
    cloud.listen(2)

    assert cloud.fates() == ["notice"] * 12
    assert cloud.left() == 0
    assert cloud.slept == []


def test_poison_is_counted_and_deleted(cloud: Cloud) -> None:
    """Whatever somebody sends, what is beside it is heard, and nothing comes again."""
    for each in POISON:
        cloud.send(each, NEW_POINT)
    cloud.listen(6)

    assert cloud.fates().count("notice") == len(POISON)
    assert cloud.fates().count("malformed") == len(POISON) - 3
    assert cloud.fates().count("irrelevant") == 3
    assert cloud.left() == 0


def test_rubbish_alone_is_read_slowly(cloud: Cloud) -> None:
    """A queue full of it takes no more than a fraction of the process; what it stands before comes later."""
    cloud.send(*["hello"] * 30, NEW_POINT)
    cloud.listen(5)

    assert cloud.slept == [queue.USELESS] * 3
    assert cloud.fates()[-1] == "notice"
    assert cloud.left() == 0


def test_messages_too_large_together_are_read_one_by_one(cloud: Cloud) -> None:
    """Ten messages of a megabyte that doubles on the wire are more than any answer may have."""
    cloud.sqs.set_queue_attributes(QueueUrl=cloud.url, Attributes={"MaximumMessageSize": "1048576"})
    cloud.send(*['"' * 1_000_000] * 10, NEW_POINT)
    cloud.sqs.set_queue_attributes(QueueUrl=cloud.url, Attributes={"VisibilityTimeout": "0"})
    cloud.listen(20)

    assert cloud.fates().count("malformed") >= 1
    assert "notice" in cloud.fates()
    assert cloud.left() == 0


FAULTS = [
    pytest.param({"kind": Kind.THROTTLE}, Reason.THROTTLED, id="throttled"),
    pytest.param({"kind": Kind.ERROR}, Reason.SERVICE_UNAVAILABLE, id="failing"),
    pytest.param({"kind": Kind.ERROR, "code": "AccessDenied", "status": 403}, Reason.ACCESS_DENIED, id="denied"),
    pytest.param(
        {"kind": Kind.ERROR, "code": "KmsAccessDenied", "status": 400}, Reason.ACCESS_DENIED, id="the queue's key"
    ),
    pytest.param({"kind": Kind.ERROR, "code": "OverLimit", "status": 400}, Reason.THROTTLED, id="too many in flight"),
    pytest.param(
        {"kind": Kind.ERROR, "code": "ExpiredToken", "status": 403}, Reason.CREDENTIALS_EXPIRED, id="an expired token"
    ),
    pytest.param({"kind": Kind.TRUNCATE}, Reason.UNEXPECTED_ANSWER, id="half an answer"),
    pytest.param({"kind": Kind.RESET}, Reason.UNREACHABLE, id="a connection that breaks"),
]


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_a_fault_is_said_once_and_waited_for(
    cloud: Cloud, said: pytest.LogCaptureFixture, fault: dict[str, Any], reason: Reason
) -> None:
    """Ever longer; when it is over everything that was sent is heard."""
    cloud.aws.control.faults.add(service="sqs", operation="ReceiveMessage", times=4, **fault)
    cloud.send(NEW_POINT)
    cloud.listen(5)
    cloud.aws.control.advance("2m")  # what came with an answer that was lost is there again
    cloud.listen()

    warnings = [each for each in said.records if each.levelno == logging.WARNING]
    assert [each.__dict__["reason"] for each in warnings] == [reason.value]
    assert "Cannot receive messages of queue crossvault-events in account of the event queue" in warnings[0].message
    assert cloud.slept == [1.0, 2.0, 4.0, 8.0]
    assert [each.message for each in said.records][-1] == "Hearing events again"
    assert cloud.fates() == ["notice"]
    assert cloud.left() == 0


def test_trouble_that_lasts_is_waited_for_no_longer_than_a_minute(cloud: Cloud) -> None:
    """Nor asked about more than once a minute."""
    cloud.aws.control.faults.add(Kind.ERROR, service="sqs")
    cloud.listen(12)

    assert cloud.slept[-1] == queue.LONGEST
    assert cloud.polls() == {"error": 12}


def test_a_queue_that_is_gone_is_heard_when_it_is_back(cloud: Cloud, said: pytest.LogCaptureFixture) -> None:
    """Its URL stays the same."""
    cloud.sqs.delete_queue(QueueUrl=cloud.url)
    cloud.listen(2)
    assert [each.__dict__.get("reason") for each in said.records] == [Reason.NOT_FOUND.value]
    cloud.aws.control.advance("2m")
    assert cloud.sqs.create_queue(QueueName="crossvault-events")["QueueUrl"] == cloud.url
    cloud.send(NEW_POINT)
    cloud.listen()

    assert cloud.fates() == ["notice"]


@pytest.mark.parametrize("missing", ["sqs:ReceiveMessage", "sqs:DeleteMessage"])
def test_a_permission_that_is_missing_is_named(said: pytest.LogCaptureFixture, missing: str) -> None:
    """What cannot be deleted is heard again, and is known by its id then."""
    with pytest.MonkeyPatch.context() as patch:
        left = {"sqs:ReceiveMessage", "sqs:DeleteMessage"} - {missing}
        patch.setitem(event_queue.PERMISSIONS["Statement"][0], "Action", sorted(left))
        made = Cloud()
    made.send(NEW_POINT)
    made.listen(2)

    assert missing in said.records[0].message
    assert made.fates() == (["notice"] if missing == "sqs:DeleteMessage" else [])
    assert made.left() == 1


def test_what_could_not_be_deleted_comes_again(cloud: Cloud) -> None:
    """As SQS has it; it is the same event then."""
    cloud.aws.control.faults.add(Kind.ERROR, service="sqs", operation="DeleteMessageBatch", times=1)
    cloud.send(NEW_POINT)
    cloud.listen()
    cloud.aws.control.advance("2m")
    cloud.listen()

    assert cloud.heard == [cloud.heard[0]] * 2
    assert cloud.left() == 0


def test_nothing_is_deleted_that_nobody_takes(cloud: Cloud) -> None:
    """A process that ends leaves its messages to the next one."""
    cloud.send(NEW_POINT)
    cloud.listener.run(lambda _answers: False, lambda: False)
    assert cloud.left() == 1
    ending = iter((False, True))
    cloud.aws.control.advance("2m")
    cloud.listener.run(cloud._take, lambda: next(ending))

    assert (cloud.left(), cloud.heard) == (1, [])


def test_a_bug_in_whoever_takes_is_no_end(cloud: Cloud, said: pytest.LogCaptureFixture) -> None:
    """It is logged as one, and the queue is polled on."""
    cloud.send(NEW_POINT)
    left = iter((False, False, False, True))

    def take(_answers: Sequence[Notice | Fate]) -> bool:
        raise RuntimeError("a bug of ours")

    cloud.listener.run(take, lambda: next(left))

    assert "Failing because of a bug" in said.records[0].message
    assert cloud.slept == [1.0]


def test_without_credentials_it_is_said_and_tried_again(
    cloud: Cloud, said: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are there later are found."""
    cloud.send(NEW_POINT)
    with monkeypatch.context() as patch:
        for name in stage.OPERATOR_KEY:
            patch.delenv(name)
        cloud.listen(2)
    cloud.listen()

    assert said.records[0].__dict__["reason"] == Reason.NO_CREDENTIALS.value
    assert cloud.fates() == ["notice"]


def test_an_answer_that_does_not_come_is_given_up() -> None:
    """A poll waits for twenty seconds, and not for ever."""
    with scripted() as script:
        script.on("ReceiveMessage", error_json("RequestTimeout", status=408))
        aws = accounts(script.url, read_timeout=1.0)
        place = QueuePlace("https://sqs.eu-west-1.amazonaws.com/555555555555/events", "5" * 12, "events", None)
        made = aws.queue(place)
        with pytest.raises(CrossvaultError) as caught:
            made.receive()
        script.on("ReceiveMessage", Answer("{}"))
        assert made.receive() == ()
        aws.close()

    assert caught.value.problem.reason is Reason.TIMED_OUT
    assert made._settings.read_timeout == queue.WAIT_SECONDS + 1.0
    assert json.loads(script.bodies[0])["WaitTimeSeconds"] == queue.WAIT_SECONDS


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/111111111111/events", "eu-west-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/111111111111/events", "cn-north-1"),
        ("https://sqs-fips.us-gov-west-1.amazonaws.com/111111111111/events", "us-gov-west-1"),
        ("https://eu-west-1.queue.amazonaws.com/111111111111/events", "eu-west-1"),
        ("https://vpce-0ab1-c2.sqs.eu-central-1.vpce.amazonaws.com/111111111111/events.fifo", "eu-central-1"),
        ("https://sqs.eu-west-1.api.aws/111111111111/events", "eu-west-1"),
        ("http://127.0.0.1:4566/111111111111/events", None),
        ("https://queue.example/111111111111/events", None),
    ],
)
def test_the_region_is_read_in_the_url(url: str, region: str | None) -> None:
    """Where the host names none, the operator's own is taken, and without one nothing is guessed."""
    found = queue.place_of(url)
    assert found is not None
    assert (found.region, found.account_id) == (region, "111111111111")
    assert bool(queue.fault(url, None)) == (region is None)
    assert queue.fault(url, "eu-west-1") == ""


@pytest.mark.parametrize(
    "url",
    [
        "",
        "events",
        "arn:aws:sqs:eu-west-1:111111111111:events",
        "http://sqs.eu-west-1.amazonaws.com/111111111111/events",
        "https://sqs.eu-west-1.amazonaws.com/events",
        "https://sqs.eu-west-1.amazonaws.com/111111111111/events?a=b",
        "https://sqs.eu-west-1.amazonaws.com/111111111111/ev ents",
        "https://user@sqs.eu-west-1.amazonaws.com/111111111111/events",
        "https://sqs.eu-west-1.amazonaws.com/11111111111/events",
    ],
)
def test_what_is_no_url_of_a_queue_is_refused_with_an_example(url: str) -> None:
    """At the start, before anything is asked."""
    assert "https://sqs.eu-west-1.amazonaws.com/111111111111/crossvault-events" in queue.fault(url, "eu-west-1")


def test_a_queue_without_a_region_is_asked_in_the_operators_own() -> None:
    """As for an endpoint on this machine."""
    with scripted() as script:
        aws = accounts(script.url)
        made = aws.queue(QueuePlace("http://127.0.0.1/555555555555/events", "5" * 12, "events", None))
        aws.close()

    assert isinstance(made, EventQueue)
    assert made._region == "eu-west-1"
