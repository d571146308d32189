"""How events of AWS services reach the default bus of their account: in batches, best effort.

AWS Backup emits about every five minutes and promises nothing. The feed's knobs say how bad it gets.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records.events import Delivery, Event
from . import delivery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...records.state import State


@functools.lru_cache(maxsize=4096)  # the jobs of a plan share their moments
def stamp(seconds: float, *, millis: bool = False) -> str:
    """Write epoch seconds as events have them: `2020-07-15T22:08:04Z`, in details with milliseconds."""
    text = dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds" if millis else "seconds")
    return text.replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an event comes from, and the ARNs of what it is about."""

    account: str
    region: str
    resources: Sequence[str] = ()
    source: str = "aws.backup"


def event(state: State, origin: Origin, detail_type: str, detail: Event, moment: float) -> Event:
    """A new event, as rules and targets see it."""
    return {
        "version": "0",
        "id": state.feed.ids.uuid(),
        "detail-type": detail_type,
        "source": origin.source,
        "account": origin.account,
        "time": stamp(moment),
        "region": origin.region,
        "resources": list(origin.resources),
        "detail": detail,
    }


def tell(state: State, origin: Origin, detail_type: str, detail: Event, now: float) -> None:
    """Let an event of a service leave with the next batch."""
    feed = state.feed
    if not feed.opened:
        return
    feed.pending.append(event(state, origin, detail_type, detail, now))
    if len(feed.pending) == 1:
        due = math.floor(now / feed.batch + 1) * feed.batch if feed.batch else now
        state.scheduler.at(due, leave, state)


def leave(state: State, now: float) -> None:
    """Send a batch off: some events are lost, doubled, moved to another place."""
    feed = state.feed
    batch, feed.pending = feed.pending, []
    for event in tuple(batch):
        if feed.dice.random() < feed.reordering:
            batch.remove(event)
            batch.insert(int(feed.dice.random() * (len(batch) + 1)), event)
    for event in batch:
        if feed.dice.random() < feed.loss:
            kind = str(event["detail-type"])
            feed.log.append(Delivery(now, event["id"], kind, event["account"], "", "", "lost on order"))
            continue
        for _ in range(2 if feed.dice.random() < feed.duplication else 1):
            _arrive_later(state, event, now + feed.delay)


def _arrive_later(state: State, event: Event, moment: float) -> None:
    """Each by itself, also at once: one that fails keeps none of the others back."""
    state.scheduler.at(moment, arrive, state, event)


def arrive(state: State, event: Event, now: float) -> None:
    """Let an event be on the default bus of its account and Region."""
    place = delivery.bus(state, event["account"], event["region"])
    if place:
        delivery.publish(state, place, event, now)


FIDELITY = (
    Behaviour(
        "Events leave in batches, every five minutes of virtual time",
        "DG (about every five minutes, best effort); on the full five minutes: assumed",
        "test_event_feed.py::test_events_come_in_batches_of_five_minutes",
    ),
    Behaviour(
        "Delay, loss, duplication and reordering of events on order",
        "ours",
        "test_event_feed.py::test_the_feed_is_as_bad_as_ordered",
    ),
)
