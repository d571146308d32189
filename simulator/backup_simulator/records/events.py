"""Event buses, their rules and targets, and events of AWS services on their way to them; plain data."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..ids import Ids

if TYPE_CHECKING:
    from ..identity.policy import Policy

Event = dict[str, Any]
LOG = 5000


@dataclass(frozen=True, slots=True)
class Target:
    """Where a rule sends what it means; `constant` replaces the event, `path` picks a part of it."""

    target_id: str
    arn: str
    role_arn: str | None = None
    constant: str | None = None
    path: str | None = None


@dataclass(slots=True)
class Rule:
    """A rule of a bus."""

    name: str
    arn: str
    text: str
    pattern: dict[str, Any]
    enabled: bool
    created_by: str
    description: str | None = None
    role_arn: str | None = None
    targets: dict[str, Target] = field(default_factory=dict)


@dataclass(slots=True)
class Bus:
    """An event bus; every account has one called `default` in every Region."""

    name: str
    account: str
    region: str
    created: float
    policy: Policy | None = None
    description: str | None = None
    rules: dict[str, Rule] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The bus's ARN."""
        return f"arn:aws:events:{self.region}:{self.account}:event-bus/{self.name}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of an event at one target, or that it was lost before; `outcome` is `OK` or the reason."""

    time: float
    event: str
    detail_type: str
    account: str
    rule: str
    target: str
    outcome: str


@dataclass(slots=True)
class Feed:
    """Events of AWS services on their way: they leave in batches, and a few get lost, doubled or out of order.

    `batch` and `delay` are virtual seconds, the others probabilities per event. It opens when the world is built:
    what the world file puts there is nothing new.
    """

    batch: float = 300.0
    delay: float = 0.0
    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    ids: Ids = field(default_factory=lambda: Ids(3))
    dice: random.Random = field(default_factory=lambda: random.Random(3))  # noqa: S311 - reproducible worlds
    opened: bool = False
    pending: list[Event] = field(default_factory=list)
    log: deque[Delivery] = field(default_factory=lambda: deque(maxlen=LOG))
