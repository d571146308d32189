"""Event buses, their rules and targets, and events of AWS services on their way to them; plain data."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..ids import Ids

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..policies.policy import Policy

Event = dict[str, Any]
LOG = 5000


@dataclass(frozen=True, slots=True)
class Target:
    """Where a rule sends what it means, or `constant` instead.

    `dead_letters` is the ARN of a queue for what could not be sent, `retry` the number and seconds that were asked for.
    """

    target_id: str
    arn: str
    role_arn: str | None = None
    constant: str | None = None
    dead_letters: str | None = None
    retry: Mapping[str, int] | None = None
    group: str | None = None


@dataclass(slots=True)
class Rule:
    """A rule of a bus; `text` is its pattern as it was put."""

    name: str
    arn: str
    text: str
    pattern: dict[str, Any]
    state: str
    created_by: str
    description: str | None = None
    role_arn: str | None = None
    targets: dict[str, Target] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def enabled(self) -> bool:
        """Whether it sees events."""
        return self.state != "DISABLED"


def place_of_rule(resource: str) -> tuple[str, str]:
    """Bus and name of a rule in the last part of its ARN, `rule/<bus>/<name>`; that of the default bus is not named."""
    bus, _, name = resource.removeprefix("rule/").rpartition("/")
    return bus or "default", name


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
    modified: float | None = None
    tags: dict[str, str] = field(default_factory=dict)

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
