"""What a test may do to events: make their way worse, inject some, and see what became of them."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pydantic

from .services.events import feed as events_feed
from .world import wording
from .world.fault_parts import EventsPart

if TYPE_CHECKING:
    from .records.events import Delivery, Event
    from .simulator import Simulator

KNOBS = tuple(EventsPart.model_fields)


DEEPEST = 100
"""How deep the detail of an event may be nested: snapshots have to keep it while it waits."""
_REGION = re.compile(r"[a-z0-9-]{1,32}")


def _require_event(detail: object, resources: object, *texts: object) -> None:
    """Raise ValueError for parts that would break those who deliver them."""
    if not isinstance(detail, dict) or _is_deeper(detail, DEEPEST):
        raise ValueError(f"detail is an object, nested {DEEPEST} levels deep at most")
    if not isinstance(resources, list) or not all(isinstance(one, str) for one in (*resources, *texts)):
        raise ValueError("detail_type, account, region and source are texts, resources a list of texts")
    if not _REGION.fullmatch(str(texts[2])):
        raise ValueError(f"{texts[2]!r} is no Region")


def _is_deeper(value: object, levels: int) -> bool:
    """Whether JSON is nested deeper than so many levels."""
    ahead: list[object] = [value]
    for _ in range(levels):
        inner = [list(one.values()) if isinstance(one, dict) else one for one in ahead if isinstance(one, dict | list)]
        ahead = [each for one in inner for each in one]
    return any(isinstance(one, dict | list) for one in ahead)


class EventControl:
    """Events of the living world."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def set(self, **knobs: Any) -> dict[str, float]:  # noqa: ANN401 - checked against EventsPart
        """Change how events travel: `set(batch="1m", loss=0.1)`; what is not given stays. Returns all knobs."""
        with self._simulator.lock:
            feed = self._simulator.state.feed
            try:
                part = EventsPart(**({name: getattr(feed, name) for name in KNOBS} | knobs))
            except pydantic.ValidationError as error:
                flaws = [text for _, text in wording.told(error, knobs)]
                raise ValueError(f"no knob of events: {'; '.join(flaws)}") from None
            for name in KNOBS:
                setattr(feed, name, getattr(part, name))
            return part.model_dump()

    def publish(
        self,
        detail_type: str,
        detail: Event,
        *,
        account: str,
        region: str,
        resources: list[str] | None = None,
        source: str = "aws.backup",
    ) -> None:
        """Let an AWS service tell something: it leaves with the next batch, like all others.

        Raises ValueError for what is no event, and LookupError for an account that is not there.
        """
        _require_event(detail, resources or [], detail_type, account, region, source)
        with self._simulator.lock:
            state = self._simulator.state
            if account not in state.accounts:
                raise LookupError(f"there is no account {account}")
            origin = events_feed.Origin(account, region, resources or [], source)
            events_feed.tell(state, origin, detail_type, detail, state.now())
            self._simulator.changed.notify_all()

    def flush(self) -> None:
        """Let the batch go at once."""
        with self._simulator.lock:
            events_feed.leave(self._simulator.state, self._simulator.state.now())
            self._simulator.run_due()
            self._simulator.changed.notify_all()
        self._simulator.tell()

    def log(self, *, account: str | None = None, outcome: str | None = None) -> list[Delivery]:
        """What became of the last events, at each target that a rule gave them to, oldest first."""
        with self._simulator.lock:
            found = tuple(self._simulator.state.feed.log)
        return [one for one in found if account in {None, one.account} and outcome in {None, one.outcome}]

    def shown(self) -> dict[str, Any]:
        """Knobs, how many events wait, and the log, as JSON."""
        with self._simulator.lock:
            feed = self._simulator.state.feed
            knobs = {name: getattr(feed, name) for name in KNOBS}
            return {**knobs, "waiting": len(feed.pending), "log": [asdict(one) for one in feed.log]}
