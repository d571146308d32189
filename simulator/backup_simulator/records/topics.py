"""Topics, their subscriptions, messages, and what became of these; plain data.

Topics live in moto, which answers all calls about them: here is what has to be known of them while nobody calls.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..ids import Ids

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..identity.policy import Policy

LOG = 5000


@dataclass(slots=True)
class Topic:
    """A topic; `document` is its access policy as moto keeps it, `policy` what it means."""

    arn: str
    account: str
    region: str
    document: str
    key: str | None = None
    fifo: bool = False
    content_based: bool = False
    signature_version: str = "1"
    policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who hears of a topic; `wanted` is a filter policy about the attributes of messages, or about their body."""

    arn: str
    topic_arn: str
    account: str
    protocol: str
    endpoint: str
    raw: bool = False
    wanted: Mapping[str, Any] | None = None
    of_body: bool = False
    dead_letters: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What is published; an attribute has `Type` and `Value`, a structured text is JSON with a text per protocol."""

    message_id: str
    text: str
    subject: str | None = None
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    group: str | None = None
    deduplication: str | None = None
    structured: bool = False


@dataclass(frozen=True, slots=True)
class Posting:
    """What became of a message at one subscription, or that its topic did not take it.

    `outcome` is `OK`, `KEPT` where nothing but this tells of it, or the reason why it did not arrive.
    """

    time: float
    topic: str
    message_id: str
    subject: str | None
    message: str
    attributes: Mapping[str, str]
    protocol: str
    endpoint: str
    outcome: str


@dataclass(slots=True)
class Post:
    """Ids of messages that AWS services publish, and the log of deliveries."""

    ids: Ids = field(default_factory=lambda: Ids(5))
    log: deque[Posting] = field(default_factory=lambda: deque(maxlen=LOG))
