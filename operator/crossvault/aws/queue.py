"""An SQS queue of events, read with the operator's own credentials: received by long polls, deleted after use.

Whatever happens here delays hints and nothing else, so it all ends in waiting and trying again.
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from ..engine.declared import Account, is_region
from ..engine.hints import Fate, Notice
from ..manifest.fields import show
from ..words.problems import CrossvaultError, Problem
from ..words.reasons import Reason
from . import bodies, causes, endpoints, errors, events
from .calls import CallHooks, CallRecorder
from .own import NOBODY, AwsSettings, OwnIdentity, client_config

_logger = logging.getLogger(__name__)

WAIT_SECONDS = 20
"""The longest poll that SQS has."""
AT_ONCE = 10
FIRST, LONGEST = 1.0, 60.0
"""Seconds before the first try after a failure, and at most."""
USELESS = 0.2
"""Seconds after a poll that brought nothing to look for: whoever fills the queue with rubbish keeps no core busy."""

_PATH = re.compile(r"/([0-9]{12})/([A-Za-z0-9_-]{1,80}(?:\.fifo)?)/?", re.ASCII)
_DEAD = frozenset({Reason.CREDENTIALS_EXPIRED, Reason.CREDENTIALS_REFUSED, Reason.NO_CREDENTIALS})


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """A queue, as its URL names it; ``region`` is None where the host says none."""

    url: str
    account_id: str
    name: str
    region: str | None


def place_of(url: str) -> QueuePlace | None:
    """Return what a queue's URL says; None for a text that is not the URL of a queue."""
    if not endpoints.is_safe(url):
        return None
    parts = urlsplit(url)
    found = _PATH.fullmatch(parts.path)
    if found is None or parts.query or parts.fragment:
        return None
    return QueuePlace(url, found[1], found[2], _region_of((parts.hostname or "").split(".")))


def _region_of(labels: Sequence[str]) -> str | None:
    """Return the Region in a host, as in sqs.eu-west-1.amazonaws.com and vpce-1.sqs.eu-west-1.vpce.amazonaws.com."""
    return next((each for each in labels if is_region(each)), None)


def fault(url: str, region: str | None) -> str:
    """Say what is wrong with a queue's URL, where ``region`` is the operator's own; empty where nothing is."""
    place = place_of(url)
    if place is None:
        return (
            f"it is {show(url)}: it must be the URL of an SQS queue, such as "
            "https://sqs.eu-west-1.amazonaws.com/111111111111/crossvault-events."
        )
    if place.region is None and region is None:
        return "its host names no Region, and the operator has none of its own: set AWS_REGION (aws.region)."
    return ""


@dataclass(frozen=True, slots=True)
class Received:
    """One message; both may be missing."""

    body: str | None
    receipt: str | None


class EventQueue:
    """One queue. Belongs to one thread."""

    def __init__(self, place: QueuePlace, own: OwnIdentity, settings: AwsSettings, recorder: CallRecorder) -> None:
        self._place, self._own = place, own
        self._settings = replace(settings, attempts=1, read_timeout=settings.read_timeout + WAIT_SECONDS)
        self._hooks = CallHooks(NOBODY, recorder, lambda _kind: None)
        self._region = place.region or own.region or ""
        self._account = Account("of the event queue", place.account_id)
        self._client: Any = None
        self._at_once = AT_ONCE

    def receive(self) -> tuple[Received, ...]:
        """Wait for messages; raises CrossvaultError. An answer too large is asked for message by message."""
        try:
            with self._asking("receive messages", "sqs:ReceiveMessage"):
                answer = self._sqs().receive_message(
                    QueueUrl=self._place.url, MaxNumberOfMessages=self._at_once, WaitTimeSeconds=WAIT_SECONDS
                )
        except CrossvaultError as error:
            if error.problem.reason is Reason.UNEXPECTED_ANSWER:
                self._at_once = 1
            raise
        self._at_once = AT_ONCE
        found = answer.get("Messages") or ()
        return tuple(Received(each.get("Body"), each.get("ReceiptHandle")) for each in found)

    def delete(self, messages: Iterable[Received]) -> None:
        """Delete messages; raises CrossvaultError. What could not be deleted comes again."""
        receipts = dict.fromkeys(each.receipt for each in messages if each.receipt)
        entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(receipts)]
        if entries:
            with self._asking("delete messages", "sqs:DeleteMessage"):
                self._sqs().delete_message_batch(QueueUrl=self._place.url, Entries=entries)

    def _sqs(self) -> Any:  # noqa: ANN401 - two calls are not worth another dependency for their types
        if self._client is None:
            session = self._own.session()
            self._hooks.attach(session)
            client = session.create_client(
                "sqs",
                region_name=self._region,
                endpoint_url=self._settings.endpoint_url,
                config=client_config(self._settings),
            )
            bodies.bound(client)
            self._client = client
        return self._client

    @contextmanager
    def _asking(self, what: str, action: str) -> Iterator[None]:
        """Put what fails inside into words; credentials that are no good any more are looked for anew."""
        try:
            with errors.asking(causes.Ask(f"{what} of queue {self._place.name}", self._account, action, self._region)):
                yield
        except CrossvaultError as error:
            if error.problem.reason in _DEAD:
                self._own.forget()
                self._client = None
            raise


# --- Listening -----------------------------------------------------------------------------------------------------

Answers: TypeAlias = Sequence[Notice | Fate]


class Listener:
    """Polls a queue for ever, one poll after the other.

    Args:
        queue: Is polled.
        sleep: Waits for so many seconds, after a failure.
        uniform: Spreads the tries of many operators.
    """

    def __init__(
        self,
        queue: EventQueue,
        *,
        sleep: Callable[[float], object] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._queue, self._sleep, self._uniform = queue, sleep, uniform
        self._failures = 0
        self._told: Problem | None = None

    def start(self, take: Callable[[Answers], bool], stopping: Callable[[], bool]) -> None:
        """Listen in a thread of its own, which the end of the process does not wait for."""
        threading.Thread(target=self.run, args=(take, stopping), name="event-queue", daemon=True).start()

    def run(self, take: Callable[[Answers], bool], stopping: Callable[[], bool]) -> None:
        """Give what is heard to ``take`` until it is time to stop, or nobody takes it any more."""
        while not stopping():
            try:
                if not self._poll(take, stopping):
                    return
            except CrossvaultError as error:
                self._tell(error.problem)
            except Exception:  # the last resort: without hints everything goes on, only later
                _logger.exception("Failing because of a bug while listening to events; please report it")
            else:
                self._recovered()
                continue
            if not stopping():
                self._sleep(self._delay())

    def _poll(self, take: Callable[[Answers], bool], stopping: Callable[[], bool]) -> bool:
        """Poll once; what comes when nobody is there any more stays in the queue, for the next process."""
        messages = self._queue.receive()
        answers = [events.read(each.body) for each in messages]
        if stopping() or (messages and not take(answers)):
            return False
        self._queue.delete(messages)
        if messages and not any(isinstance(each, Notice) for each in answers):
            self._sleep(USELESS)
        return True

    def _delay(self) -> float:
        delay = min(FIRST * 2.0 ** min(self._failures, 30), LONGEST)
        self._failures += 1
        return delay * self._uniform(0.5, 1.0)

    def _tell(self, problem: Problem) -> None:
        """Say once what is wrong, as long as it is the same."""
        if self._told is None or self._told.reason is not problem.reason:
            words = "Hearing no events, so changes in AWS are seen at the next interval: %s"
            _logger.warning(words, problem.message, extra={"reason": problem.reason.value})
        self._told = problem

    def _recovered(self) -> None:
        self._failures = 0
        if self._told is not None:
            _logger.info("Hearing events again")
        self._told = None
