"""A queue and its messages: what is visible, what is in flight, what comes back when. Pure, on times it is given.

All operations take time independent of how many messages wait (apart from a logarithm for those in flight).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .queue_order import Groups, Line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..policies.policy import Policy

MAX_IN_FLIGHT = 120_000
TWELVE_HOURS = 43_200


@dataclass(slots=True)
class Message:
    """A message; `hidden_until` is None while it is visible, `gone` when it is deleted, purged or expired."""

    message_id: str
    body: str
    sender: str
    sent: float
    received: int = 0
    first_received: float | None = None
    last_received: float = 0.0
    receipt: str = ""
    hidden_until: float | None = None
    gone: bool = False
    attributes: Mapping[str, Mapping[str, Any]] | None = None
    trace: str | None = None
    group: str | None = None
    deduplication: str | None = None
    number: str | None = None
    source: str | None = None
    """The queue from which it moved to this one, its dead-letter queue."""


@dataclass(frozen=True, slots=True)
class Redrive:
    """Where a message goes that was received too often."""

    queue_arn: str
    max_receives: int


@dataclass(frozen=True, slots=True)
class RedriveAllow:
    """Which queues may have this one as their dead-letter queue: `allowAll`, `denyAll`, or `byQueue` those named."""

    permission: str
    sources: tuple[str, ...] = ()


@dataclass(slots=True)
class Fifo:
    """What only a FIFO queue has; `accepted` and `attempts` hold what happened within the last five minutes."""

    content_based: bool = False
    scope: str = "queue"
    limit: str = "perQueue"
    numbers: int = 0
    accepted: dict[str, tuple[float, Message]] = field(default_factory=dict)
    attempts: dict[str, tuple[float, list[tuple[Message, str]]]] = field(default_factory=dict)


@dataclass(slots=True)
class Settings:
    """The attributes of a queue that can be set, in seconds and bytes."""

    VisibilityTimeout: int = 30
    DelaySeconds: int = 0
    MessageRetentionPeriod: int = 345_600
    MaximumMessageSize: int = 1_048_576
    ReceiveMessageWaitTimeSeconds: int = 0


@dataclass(slots=True)
class Queue:
    """A queue, standard or FIFO."""

    name: str
    account: str
    region: str
    created: float
    modified: float
    settings: Settings = field(default_factory=Settings)
    policy: Policy | None = None
    redrive: Redrive | None = None
    redrive_allow: RedriveAllow | None = None
    managed_encryption: bool = True
    key: str | None = None
    key_reuse: int = 300
    tags: dict[str, str] = field(default_factory=dict)
    purged: float | None = None
    fifo: Fifo | None = None
    messages: dict[str, Message] = field(default_factory=dict)
    in_flight: int = 0
    delayed: int = 0
    order: Line | Groups = field(default_factory=Line)
    _hidden: list[tuple[float, int, Message]] = field(default_factory=list)
    _numbers: int = 0
    _latest: float = 0.0
    _moved: list[tuple[float, int, Message]] = field(default_factory=list)
    """Messages that came from another queue, older than others before them."""

    @property
    def arn(self) -> str:
        """The queue's ARN."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.name}"

    def put(self, message: Message, now: float, delay: float | None = None) -> None:
        """Take a message in, visible after a delay (default: the queue's)."""
        seconds = self.settings.DelaySeconds if delay is None else delay
        self.messages[message.message_id] = message
        self._latest = max(self._latest, message.sent)
        if message.sent < self._latest:
            self._numbers += 1
            heapq.heappush(self._moved, (message.sent, self._numbers, message))
        self.order.add(message)
        if seconds > 0:
            self.delayed += 1
            self._hide(message, now + seconds)
        else:
            self.order.back(message)

    def take(
        self, count: int, now: float, visibility: float, *, burying: bool = True
    ) -> tuple[list[Message], list[Message]]:
        """Up to so many visible messages, now in flight, and those that were received too often and leave the queue.

        None leaves without `burying`, when there is no queue to go to.
        """
        self.settle(now)
        taken: list[Message] = []
        leaving: list[Message] = []
        while len(taken) < count and (message := self.order.following()) is not None:
            if burying and self.redrive and message.received >= self.redrive.max_receives:
                self.drop(message)
                leaving.append(message)
                continue
            message.received += 1
            message.first_received = now if message.first_received is None else message.first_received
            message.last_received = now
            message.receipt = f"{message.message_id}#{message.received}"
            taken.append(message)
            if visibility > 0:
                self.in_flight += 1
                self.order.held(message)
                self._hide(message, now + visibility)
        self.order.received(taken)
        return taken, leaving

    def show(self, message: Message, now: float, seconds: float) -> None:
        """Let a message in flight be visible after so many seconds from now."""
        if seconds > 0:
            self._hide(message, now + seconds)
            return
        self._uncount(message)
        message.hidden_until = None
        self.order.back(message)

    def drop(self, message: Message) -> None:
        """Remove a message for good."""
        if message.gone:
            return
        message.gone = True
        self._uncount(message)
        self.order.gone(message)
        self.messages.pop(message.message_id, None)

    def purge(self, now: float) -> None:
        """Remove everything."""
        for message in tuple(self.messages.values()):
            self.drop(message)
        self.order.clear()
        self._hidden.clear()
        self._moved.clear()
        self.purged = now

    def settle(self, now: float) -> None:
        """Let come back what is due, and expire what is too old."""
        while self._hidden and self._hidden[0][0] <= now:
            until, _, message = heapq.heappop(self._hidden)
            if not message.gone and message.hidden_until == until:
                self._uncount(message)
                message.hidden_until = None
                self.order.back(message)
        oldest = now - self.settings.MessageRetentionPeriod
        while self._moved and (self._moved[0][2].gone or self._moved[0][0] <= oldest):
            self.drop(heapq.heappop(self._moved)[2])
        while self.messages:
            first = next(iter(self.messages.values()))
            if first.sent > oldest:
                break
            self.drop(first)

    def visible(self) -> int:
        """How many messages wait to be received."""
        return len(self.messages) - self.in_flight - self.delayed

    def _hide(self, message: Message, until: float) -> None:
        self._numbers += 1
        message.hidden_until = until
        heapq.heappush(self._hidden, (until, self._numbers, message))

    def _uncount(self, message: Message) -> None:
        if message.hidden_until is None:
            return
        if message.received:
            self.in_flight -= 1
            self.order.freed(message)
        else:
            self.delayed -= 1
